/** Loaded before a program: on its end the peak of its resident memory, in KiB, goes to file descriptor 3. */
import { writeSync } from 'node:fs';

process.on('exit', () => writeSync(3, `${process.resourceUsage().maxRSS}\n`));
