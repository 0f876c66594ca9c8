/** Which of the two ways the configuration asks for. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import {
  connectEngine,
  declareLake,
  type EngineUse,
  engineSchema,
  isEmbedded,
} from '../engines/open-engine.ts';
import type { EngineFiles } from '../remote-lake/engine-files.ts';
import type { DayTables } from './day-tables.ts';
import { engineDays } from './engine-days.ts';
import { localDays } from './local-days.ts';

type Options = {
  config: Config;
  /** DuckDB's, with the views of the lake. */
  connection: DuckDBConnection;
  engineFiles: EngineFiles | undefined;
  use: EngineUse;
};

/** Opens them. Throws CONFIG_INVALID if the password of an engine is not there. */
export async function openDays(options: Options): Promise<DayTables> {
  const { config, connection, engineFiles: files, use } = options;
  const { lake } = config;
  if (isEmbedded(config)) return localDays({ connection, lake });
  if (!files) throw new Error(`the lake in ${lake} stands in no bucket`);
  const schema = engineSchema(config);
  const workSchema = `${schema}_work`;
  const main = await connectEngine(config, schema, use);
  const work = await connectEngine(config, workSchema, use);
  const declare = (tables?: readonly string[]) => declareLake(main, config, tables);
  return engineDays({ connection, lake, config, files, main, schema, declare, work, workSchema });
}
