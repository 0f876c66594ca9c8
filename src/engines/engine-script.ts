/** The DDL of a lake for an engine, as a script that `flowproof connect --engine` prints. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlowproofError } from '../errors.ts';
import { readFolders } from '../lake-files.ts';
import { remoteOf } from '../remote-lake/place.ts';
import { tableStatements } from './engine-tables.ts';
import { TABLE_ENGINES, type TableEngine } from './table-dialects.ts';

export type EngineScriptOptions = {
  /** Folder of the lake: it says which tables have files. */
  lake: string;
  engine: string;
  /** Where the engine finds the same files; the folder, or the bucket, itself if absent. */
  location?: string | undefined;
  schema: string;
};

const NAME: Record<TableEngine, string> = {
  trino: 'Trino, with the Hive connector (hive.timestamp-precision=MICROSECONDS)',
  athena: 'Athena (engine version 3), one statement a query',
  spark: 'Spark 3.4 or newer; the views that are made by queries of Trino are left out',
};

const LOCATION = /^[a-z][a-z0-9+.-]*:\/\/[^\s'"\\`]+$/i;

/** The script, in the order in which its statements must run. Throws USAGE for options that are none. */
export async function engineScript(options: EngineScriptOptions): Promise<string> {
  const { lake, schema } = options;
  const engine = TABLE_ENGINES.find((name) => name === options.engine);
  if (!engine) {
    throw usage(
      '--engine',
      `"${options.engine}" is none`,
      `Use one of: ${TABLE_ENGINES.join(', ')}.`,
    );
  }
  if (!/^[a-z_][a-z0-9_]*$/.test(schema)) {
    throw usage('--schema', `"${schema}" is no name`, 'Use small letters, digits and _: flowproof');
  }
  const location = withoutSlash(
    options.location ?? remoteOf(lake)?.uri ?? pathToFileURL(resolve(lake)).href,
  );
  if (!LOCATION.test(location)) {
    throw usage('--location', `"${location}" is no URI`, 'Give one such as s3://bucket/lake.');
  }
  const statements = tableStatements(engine, {
    location,
    folders: await readFolders(lake),
    schema,
  });
  return [
    `-- The tables of a lake of flowproof at ${location}, for ${NAME[engine]}.`,
    `-- Run it in an empty schema ${schema}; make the schema anew when a run has written to tables that had no files, and after flowproof compact.`,
    '-- What is asked here is not kept in the record of access.',
    ...statements.map((statement) => `${statement};`),
    '',
  ].join('\n\n');
}

function withoutSlash(uri: string): string {
  return uri.endsWith('/') ? withoutSlash(uri.slice(0, -1)) : uri;
}

function usage(place: string, problem: string, remedy: string): FlowproofError {
  return new FlowproofError('USAGE', { place, problem, remedy });
}
