/**
 * Ad-hoc SQL over the lake's views: runs what passes the gates (`gate.ts`) and writes its
 * result. DuckDB says that it is no sandbox: `flowproof query` runs one statement in a process that
 * does nothing else. It sets no time limit.
 */
import {
  type DuckDBConnection,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Parameters } from '../database.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { visibleText } from '../text-table.ts';
import { assertLocked, assertReadOnly, failed, parseStatement, refuse } from './gate.ts';
import {
  fileSink,
  isTerminal,
  type Sink,
  streamSink,
  writeCsv,
  writeJson,
  writeParquet,
  writeTable,
} from './output.ts';

export const QUERY_FORMATS = ['table', 'csv', 'json', 'arrow', 'parquet'] as const;

export type QueryFormat = (typeof QUERY_FORMATS)[number];

const DEFAULT_TABLE_ROWS = 200;

/** How DuckDB's messages start; the driver has no error class of its own. */
const DUCKDB_ERROR = /^[A-Za-z][A-Za-z ]{1,40} Error: /;

/** What DuckDB threw, as an error that says what to do; anything else as it is. */
async function explain(connection: DuckDBConnection, thrown: unknown): Promise<unknown> {
  const message = messageOf(thrown);
  if (thrown instanceof FlowproofError || !DUCKDB_ERROR.test(message)) return thrown;
  if (message.startsWith('Permission Error')) {
    return new FlowproofError('QUERY_REFUSED', {
      place: 'query',
      problem: visibleText(message.split('\n')[0] ?? ''),
      remedy: 'Query the lake\'s tables; "show tables" lists them.',
      cause: thrown,
    });
  }
  const unknownTable = /^Catalog Error: Table with name (.{1,200}?) does not exist/.exec(
    message,
  )?.[1];
  if (unknownTable === undefined) return failed(message);
  const names = await closeTables(connection, unknownTable);
  const hint = names.length > 0 ? `Did you mean ${names.join(' or ')}? ` : '';
  // DuckDB's own suggestion may be a table of its catalog, which is no help.
  const problem = message
    .split('\n')
    .filter((line) => !line.startsWith('Did you mean'))
    .join('\n');
  return failed(problem, `${hint}"show tables" lists all.`);
}

async function closeTables(connection: DuckDBConnection, name: string): Promise<string[]> {
  const reader = await connection.runAndReadAll(
    `select table_name
     from information_schema.tables
     where damerau_levenshtein(lower(table_name), lower($name)) <= greatest(2, length($name) // 3)
     order by damerau_levenshtein(lower(table_name), lower($name)), table_name
     limit 3`,
    { name },
  );
  return reader.getRows().map((row) => visibleText(String(row[0])));
}

export type QueryRequest = {
  /** Locked down by `lockDown`. */
  connection: DuckDBConnection;
  sql: string;
  /** Values of `$name` in the statement. */
  parameters?: Parameters | undefined;
  format: QueryFormat;
  /** File to write, replaced if it exists; standard output if absent. */
  output?: string | undefined;
  stdout: NodeJS.WritableStream;
  /** Rows that the table format shows; the rest is counted. */
  maxTableRows?: number | undefined;
  /** The lake, in which no output may be written. */
  lakeFolder?: string | undefined;
  /** Folder among those of `lockDown` for Parquet files on their way; needed for that format. */
  tempFolder?: string | undefined;
  /** Milliseconds, for the last line of a table. */
  now?: (() => number) | undefined;
};

/**
 * Runs one SELECT and writes its result: rows as they come, memory bounded by a few chunks; only the
 * table format holds the rows that it shows. A reader that goes away ends it quietly. Returns the
 * number of rows produced.
 *
 * Throws QUERY_REFUSED (not a SELECT, out of bounds, binary to a terminal), QUERY_FAILED (DuckDB's
 * message) or USAGE (the output cannot be written).
 */
export async function runQuery(request: QueryRequest): Promise<{ rowCount: number }> {
  const { connection, format, output, stdout } = request;
  await assertLocked(connection);
  await assertReadOnly(connection, request.sql);
  if ((format === 'arrow' || format === 'parquet') && !output && isTerminal(stdout)) {
    refuse(
      `${format} is binary, and standard output is a terminal`,
      `Write it to a file, such as --output result.${format}, or pipe it to a program.`,
    );
  }
  const sink = output ? await fileSink(output, request.lakeFolder) : streamSink(stdout);
  try {
    const rowCount = await write(request, sink);
    await sink.finish();
    return { rowCount };
  } catch (thrown) {
    await sink.abandon();
    throw await explain(connection, thrown);
  }
}

async function write(request: QueryRequest, sink: Sink): Promise<number> {
  const { connection, sql } = request;
  const parameters = await bindings(request);
  if (request.format === 'parquet') {
    if (request.tempFolder === undefined) throw new Error('the parquet format needs tempFolder');
    const statement = await withoutEnd(connection, sql);
    return writeParquet(connection, statement, parameters, request.tempFolder, sink);
  }
  const now = request.now ?? (() => performance.now());
  const startedAt = now();
  const result = await connection.stream(sql, parameters);
  assertReadable(result.columnTypes());
  // Loading Arrow takes a tenth of a second, which every other command would wait for.
  const writeArrow: typeof writeJson = async (...args) =>
    (await import('./arrow.ts')).writeArrow(...args);
  const writers = { csv: writeCsv, json: writeJson, arrow: writeArrow, table: writeTable };
  const rowCount = await writers[request.format](result, sink, {
    maxRows: request.maxTableRows ?? DEFAULT_TABLE_ROWS,
    elapsed: () => now() - startedAt,
  });
  // What is still running has no reader any more.
  if (!sink.isOpen()) connection.interrupt();
  return rowCount;
}

/** The parameters, if they are those of the statement. */
async function bindings(request: QueryRequest): Promise<Record<string, DuckDBValue> | undefined> {
  const parsed = await parseStatement(request.connection, request.sql);
  const [statement] = (parsed.statements ?? []) as { named_param_map: { key: string }[] }[];
  const wanted = (statement?.named_param_map ?? []).map(({ key }) => key);
  const given = request.parameters ?? {};
  const missing = wanted.filter((name) => !Object.hasOwn(given, name));
  const unknown = Object.keys(given).filter((name) => !wanted.includes(name));
  if (missing.length > 0) {
    throw failed(
      `no value for the parameter ${missing.map((name) => `$${name}`).join(', ')}`,
      'Give a value for each.',
    );
  }
  if (unknown.length > 0) {
    throw failed(
      `the statement has no parameter ${unknown.map((name) => `$${name}`).join(', ')}`,
      'Leave the value out, or use it in the statement.',
    );
  }
  return wanted.length > 0 ? { ...given } : undefined;
}

/** The driver reads a struct by its names, so fields without a name of their own would be lost. */
function assertReadable(types: readonly DuckDBType[]): void {
  for (const type of types) {
    if (type.typeId === DuckDBTypeId.STRUCT && 'entryNames' in type) {
      const names = type.entryNames;
      if (new Set(names).size !== names.length || names.includes('__proto__')) {
        throw failed(
          `the fields of ${type.toString()} have no names of their own`,
          "Name them: {'a': 1, 'b': 2}.",
        );
      }
      assertReadable(type.entryTypes);
    } else if ('valueType' in type) {
      assertReadable('keyType' in type ? [type.keyType, type.valueType] : [type.valueType]);
    }
  }
}

/**
 * The statement up to its closing semicolon, to stand in parentheses. A semicolon closes it if what
 * stands before parses to the same tree; those in texts and comments do not.
 */
async function withoutEnd(connection: DuckDBConnection, sql: string): Promise<string> {
  const whole = JSON.stringify(await parseStatement(connection, sql));
  for (let at = sql.indexOf(';'); at >= 0; at = sql.indexOf(';', at + 1)) {
    const start = sql.slice(0, at);
    if (JSON.stringify(await parseStatement(connection, start)) === whole) return start;
  }
  return sql;
}
