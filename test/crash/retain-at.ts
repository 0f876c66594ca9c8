/** `flowproof retain` at a moment: `retain-at.ts <config> <time>`, in a process of its own that may be killed. */
import { retainAt } from '../retain/old-lake.ts';

const [, , config = '', time = ''] = process.argv;
await retainAt(config, new Date(time));
