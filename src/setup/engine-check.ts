/** What the doctor says of an engine other than DuckDB: whether it answers, as whom flowproof is configured. */
import {
  connectEngine,
  type EngineConfig,
  engineSchema,
  isEmbedded,
} from '../engines/open-engine.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import type { Check } from './check.ts';

/** Nothing where DuckDB does everything. Asks what version it is, and for nothing else. */
export async function checkEngine(config: EngineConfig): Promise<Check[]> {
  if (isEmbedded(config)) return [];
  const { trino, athena } = config;
  const about = {
    check: 'engine',
    subject: trino ? `${trino.url} ${trino.catalog}` : `workgroup ${athena?.workgroup}`,
  };
  try {
    const schema = engineSchema(config);
    const engine = await connectEngine(config, schema, { scanned: { bytes: 0 } });
    const { rows } = await engine.runOwn('select 1 as one');
    if (rows[0]?.[0] !== 1) throw new Error('it does not answer "select 1" with 1');
    const found = `${await engine.version()} answers; tables go to ${schema}, and to ${schema}_work while a run enriches`;
    return [{ ...about, verdict: 'ok', found }];
  } catch (thrown) {
    const [found, fix] =
      thrown instanceof FlowproofError
        ? [`${thrown.place}: ${thrown.problem}`, thrown.remedy]
        : [messageOf(thrown), 'Check url and catalog of the engine in the configuration.'];
    return [{ ...about, verdict: 'problem', found, fix }];
  }
}
