/**
 * Ad-hoc SQL over the lake's views: runs what passes the gates (`gate.ts`) and writes its result within
 * the limits of rows, bytes, memory and temporary disk. DuckDB says that it is no sandbox: statements of
 * users come here in a process that does nothing else (`query-process.ts`), which sets the limit of time.
 */
import {
  type DuckDBConnection,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Parameters } from '../database.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { readingError } from '../remote-lake/unchanged.ts';
import { visibleText } from '../text-table.ts';
import { writePlan } from './explain-plan.ts';
import { assertLocked, assertReadOnly, failed, parseStatement, refuse } from './gate.ts';
import { limitError, type QueryLimits, resultBytes } from './limits.ts';
import {
  ResultTooLong,
  writeCsv,
  writeJson,
  writeJsonLines,
  writeParquet,
  writeTable,
} from './output.ts';
import { checkNames, typeParameters } from './parameters.ts';
import type { ExplainKind, QueryFormat } from './query-format.ts';
import type { Sink } from './sink.ts';

const DEFAULT_TABLE_ROWS = 200;

/** How DuckDB's messages start; the driver has no error class of its own. */
const DUCKDB_ERROR = /^[A-Za-z][A-Za-z ]{1,40} Error: /;

/** What DuckDB threw, as an error that says what to do; anything else as it is. */
async function explain(request: QueryRequest, thrown: unknown): Promise<unknown> {
  const { connection, limits } = request;
  const message = messageOf(thrown);
  if (thrown instanceof ResultTooLong && limits) return limitError('bytes', limits);
  if (message.startsWith('INTERRUPT Error')) return interrupted();
  if (limits && message.startsWith('Out of Memory Error')) {
    return limitError(message.includes('max_temp_directory_size') ? 'temp_disk' : 'memory', limits);
  }
  if (thrown instanceof FlowproofError || !DUCKDB_ERROR.test(message)) return thrown;
  const ofS3 = request.lakeUri && readingError(message, request.lakeUri);
  if (ofS3) return ofS3;
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

function interrupted(): FlowproofError {
  return new FlowproofError('QUERY_INTERRUPTED', {
    place: 'query',
    problem: 'it was interrupted',
    remedy: 'Run it again when its result is wanted.',
  });
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
  /** The same as text, typed by the statement; in place of `parameters`. */
  parameterTexts?: Readonly<Record<string, string>> | undefined;
  format: QueryFormat;
  /** Shows how it is run, in place of the result. */
  explain?: ExplainKind | undefined;
  /** Where the result goes; its user finishes or abandons it. */
  sink: Sink;
  /** Rows that the table format shows; the rest is counted. */
  maxTableRows?: number | undefined;
  /** Folder among those of `lockDown` for Parquet files on their way; needed for that format. */
  tempFolder?: string | undefined;
  /** Of rows and bytes, and for messages; none if absent. */
  limits?: QueryLimits | undefined;
  /** Of a lake in S3, for messages. */
  lakeUri?: string | undefined;
  /** True once the statement is to end with an error. */
  isStopped?: (() => boolean) | undefined;
  /** Milliseconds, for the last line of a table. */
  now?: (() => number) | undefined;
};

/**
 * Runs one SELECT and writes its result: rows as they come, memory bounded by a few chunks; only the
 * table format holds the rows that it shows. A reader that goes away ends it quietly. Returns the
 * number of rows produced; of a plan, none.
 *
 * Throws QUERY_REFUSED (not a SELECT, out of bounds, binary to a terminal), QUERY_FAILED (DuckDB's
 * message), QUERY_LIMIT, QUERY_INTERRUPTED, or what the sink throws.
 */
export async function runQuery(request: QueryRequest): Promise<{ rowCount: number }> {
  const { connection, format, sink } = request;
  await assertLocked(connection);
  await assertReadOnly(connection, request.sql);
  if ((format === 'arrow' || format === 'parquet') && sink.isTerminal && !request.explain) {
    refuse(
      `${format} is binary, and standard output is a terminal`,
      `Write it to a file, such as --output result.${format}, or pipe it to a program.`,
    );
  }
  try {
    const limited = request.limits ? limitedSink(sink, request.limits) : sink;
    return { rowCount: await write(request, limited) };
  } catch (thrown) {
    throw await explain(request, thrown);
  }
}

async function write(request: QueryRequest, sink: Sink): Promise<number> {
  const { connection, sql, limits } = request;
  const parameters = await bindings(request);
  if (request.explain) {
    const { explain: kind, format } = request;
    await writePlan(connection, { sql, parameters, explain: kind, format }, sink);
    return 0;
  }
  if (request.format === 'parquet') {
    if (request.tempFolder === undefined) throw new Error('the parquet format needs tempFolder');
    const statement = await withoutEnd(connection, sql);
    const place = {
      tempFolder: request.tempFolder,
      maxBytes: limits ? resultBytes(limits) : undefined,
    };
    const rowCount = await writeParquet(connection, statement, parameters, place, sink);
    if (limits && rowCount > limits.rows) throw limitError('rows', limits);
    return rowCount;
  }
  const now = request.now ?? (() => performance.now());
  const startedAt = now();
  const result = watched(await connection.stream(sql, parameters), request);
  assertReadable(result.columnTypes());
  // Loading Arrow takes a tenth of a second, which every other command would wait for.
  const writeArrow: typeof writeJson = async (...args) =>
    (await import('./arrow.ts')).writeArrow(...args);
  const writers = {
    csv: writeCsv,
    json: writeJson,
    jsonl: writeJsonLines,
    arrow: writeArrow,
    table: writeTable,
  };
  const rowCount = await writers[request.format](result, sink, {
    maxRows: request.maxTableRows ?? DEFAULT_TABLE_ROWS,
    elapsed: () => now() - startedAt,
  });
  // What is still running has no reader any more.
  if (!sink.isOpen()) connection.interrupt();
  return rowCount;
}

/** The result, which throws once it has more rows than it may, or is to stop. */
function watched(result: DuckDBResult, request: QueryRequest): DuckDBResult {
  const { limits, isStopped } = request;
  const fetch = result.fetchChunk.bind(result);
  let rowCount = 0;
  result.fetchChunk = async () => {
    const chunk = await fetch();
    if (isStopped?.()) throw interrupted();
    rowCount += chunk?.rowCount ?? 0;
    if (limits && rowCount > limits.rows) throw limitError('rows', limits);
    return chunk;
  };
  return result;
}

/** The sink, which throws before it takes more bytes than it may. */
function limitedSink(sink: Sink, limits: QueryLimits): Sink {
  const maxBytes = resultBytes(limits);
  let byteCount = 0;
  return {
    ...sink,
    write: async (data) => {
      byteCount += Buffer.byteLength(data);
      if (byteCount > maxBytes) throw limitError('bytes', limits);
      return sink.write(data);
    },
  };
}

/** The values of the parameters, if they are those of the statement. */
async function bindings(request: QueryRequest): Promise<Record<string, DuckDBValue> | undefined> {
  const { connection, sql, parameterTexts } = request;
  const given = parameterTexts ?? request.parameters ?? {};
  await checkNames(connection, sql, Object.keys(given));
  if (Object.keys(given).length === 0) return undefined;
  return parameterTexts
    ? typeParameters(connection, sql, parameterTexts)
    : { ...request.parameters };
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
