/** A question of the local page: a statement in a process of its own, with limits, and kept on record. */
import type { Config } from '../config.ts';
import { limitsOf } from '../query/limits.ts';
import { openQuerySession } from '../query/query-session.ts';
import { streamSink } from '../query/sink.ts';
import type { Ask } from './server.ts';

/** Asks the lake of a configuration. What it throws is what the session throws. */
export function askLake(config: Pick<Config, 'lake' | 'memory_limit' | 'query_limits'>): Ask {
  return async ({ sql, format, output, signal }) => {
    const session = openQuerySession({
      lake: config.lake,
      limits: limitsOf(config),
      command: 'serve',
    });
    const interrupt = (): void => session.interrupt();
    signal.addEventListener('abort', interrupt);
    const sink = streamSink(output);
    try {
      const { rowCount } = await session.run({ sql, format, sink });
      await sink.finish();
      return { rowCount };
    } catch (thrown) {
      await sink.abandon();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', interrupt);
      await session.close();
    }
  };
}
