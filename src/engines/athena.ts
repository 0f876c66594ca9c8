/**
 * Amazon Athena (engine version 3, which is Trino's SQL): a statement is started, asked after until it has ended, and
 * its pages are fetched. What it scans is counted, and ended at a limit, as Athena is paid by what it scans.
 * source: Amazon Athena API Reference, "StartQueryExecution", "GetQueryExecution", "GetQueryResults"
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type AthenaClient,
  type ColumnInfo,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type QueryExecution,
  type Row,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { FlowproofError, messageOf } from '../errors.ts';
import { quoteName, quoteText } from '../tables.ts';
import { visibleText } from '../text-table.ts';
import {
  type Engine,
  type EngineResult,
  type EngineType,
  type EngineValue,
  type Scanned,
  STATEMENTS_AT_ONCE,
  type StoreOptions,
  wholeNumber,
} from './engine.ts';
import { literalTableView } from './engine-tables.ts';
import { asJson } from './select-list.ts';
import { splitStatement } from './sql-steps.ts';
import { trinoType } from './table-dialects.ts';
import { trinoSql } from './trino-sql.ts';

export type AthenaOptions = {
  client: Pick<AthenaClient, 'send'>;
  workgroup: string;
  catalog: string;
  database: string;
  /** Where Athena writes results, as `s3://bucket/prefix/`; what the workgroup says if absent. */
  output?: string | undefined;
  /** Results of the same statement that are not older are taken again, and cost nothing. */
  resultReuseMinutes?: number | undefined;
  scanned: Scanned;
  /** Bytes that all statements may scan together. */
  maxBytesScanned?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Waits between questions whether a statement has ended; for tests. */
  wait?: (milliseconds: number) => Promise<unknown>;
};

/** "Query string length", Service Quotas of Athena. */
const MAX_STATEMENT_BYTES = 262_144;
const FIRST_WAIT = 100;
const LONGEST_WAIT = 2000;

/** The engine behind a workgroup. Nothing is asked of it before the first statement. */
export function athenaEngine(options: AthenaOptions): Engine {
  const own = (statement: string): Promise<EngineResult> => runStatement(options, statement);
  const run = async (statement: string): Promise<EngineResult> => {
    const { columns, types } = await own(`select * from (${statement}) limit 0`);
    const places = types.flatMap((type, index) => (type === 'other' ? [index] : []));
    const json = places.length > 0 ? asJson(statement, columns, places) : undefined;
    const result = await own(json ?? statement);
    if (json === undefined) return { ...result, types };
    const rows = result.rows.map((row) =>
      row.map((value, index) => (places.includes(index) ? fromJson(value) : value)),
    );
    return { columns, types, rows };
  };
  return {
    name: 'athena',
    atOnce: STATEMENTS_AT_ONCE,
    version: async () => `Athena, workgroup ${options.workgroup}`,
    run: (statement, parameters = {}) => run(trinoSql(statement, parameters)),
    store: (table, statement, parameters = {}, storing = {}) =>
      storeRows(own, table, trinoSql(statement, parameters), storing),
    storeView: async (name, statement, parameters = {}) => {
      await own(`create or replace view ${quoteName(name)} as ${trinoSql(statement, parameters)}`);
    },
    give: async ({ name, columns, rows }) => {
      await own(literalTableView(name, columns, rows));
    },
    runOwn: own,
  };
}

/** Tables of Athena have times to the millisecond ("Data types in Amazon Athena"). */
const storedType = (type: string): string =>
  trinoType(type).replace('timestamp(6)', 'timestamp(3)');

async function storeRows(
  own: (statement: string) => Promise<EngineResult>,
  table: string,
  statement: string,
  { columns, location }: StoreOptions,
): Promise<void> {
  const { tables, last } = splitStatement(statement, (step) => `${table}_step_${step}`);
  const create = async (name: string, text: string, given = columns): Promise<void> => {
    await own(`drop table if exists ${name}`);
    const place = name === table ? location : location && `${location.slice(0, -1)}-${name}/`;
    const found = given ? undefined : await own(`select * from (${text}) limit 0`);
    const select = given
      ? given.map((column) => cast(column.name, storedType(column.type)))
      : found?.columns.map((column, index) =>
          found.types[index] === 'time' ? cast(column, 'timestamp(3)') : quoteName(column),
        );
    const properties = [
      `format = 'PARQUET'`,
      ...(place === undefined ? [] : [`external_location = ${quoteText(place)}`]),
    ];
    await own(
      `create table ${name} with (${properties.join(', ')}) as select ${select?.join(', ')} from (${text})`,
    );
  };
  try {
    for (const { name, text } of tables) await create(name, text, undefined);
    await create(table, last);
  } finally {
    for (const { name } of tables) await own(`drop table if exists ${name}`);
  }
}

const cast = (name: string, type: string): string =>
  `cast(${quoteName(name)} as ${type}) as ${quoteName(name)}`;

async function runStatement(options: AthenaOptions, statement: string): Promise<EngineResult> {
  const { workgroup, scanned, signal } = options;
  const size = Buffer.byteLength(statement);
  if (size > MAX_STATEMENT_BYTES) {
    throw failed(
      workgroup,
      `a statement of ${size} bytes is longer than the ${MAX_STATEMENT_BYTES} that Athena takes`,
      'Ask less at once: fewer parameters, fewer entries of allowed_services; or use engine: trino.',
    );
  }
  signal?.throwIfAborted();
  const id = await start(options, statement);
  const execution = await untilEnded(options, id);
  scanned.bytes += execution.Statistics?.DataScannedInBytes ?? 0;
  return readResult(options, id);
}

async function start(options: AthenaOptions, statement: string): Promise<string> {
  const { workgroup, catalog, database, output, resultReuseMinutes: minutes } = options;
  const { QueryExecutionId } = await call(options, 'StartQueryExecution', () =>
    options.client.send(
      new StartQueryExecutionCommand({
        QueryString: statement,
        ClientRequestToken: randomUUID(),
        WorkGroup: workgroup,
        QueryExecutionContext: { Catalog: catalog, Database: database },
        ...(output === undefined ? {} : { ResultConfiguration: { OutputLocation: output } }),
        ...(minutes === undefined
          ? {}
          : {
              ResultReuseConfiguration: {
                ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: minutes },
              },
            }),
      }),
    ),
  );
  if (QueryExecutionId === undefined) throw failed(workgroup, 'Athena gave no id for a statement');
  return QueryExecutionId;
}

async function untilEnded(options: AthenaOptions, id: string): Promise<QueryExecution> {
  const { workgroup, scanned, maxBytesScanned, signal, wait = pause } = options;
  let milliseconds = FIRST_WAIT;
  for (;;) {
    if (signal?.aborted) {
      await stop(options, id);
      signal.throwIfAborted();
    }
    const { QueryExecution: execution } = await call(options, 'GetQueryExecution', () =>
      options.client.send(new GetQueryExecutionCommand({ QueryExecutionId: id })),
    );
    const { State: state, StateChangeReason: reason, AthenaError: error } = execution?.Status ?? {};
    const bytes = scanned.bytes + (execution?.Statistics?.DataScannedInBytes ?? 0);
    if (maxBytesScanned !== undefined && bytes > maxBytesScanned) {
      if (state === 'QUEUED' || state === 'RUNNING') await stop(options, id);
      scanned.bytes = bytes;
      throw failed(
        workgroup,
        `the statements of this run have scanned ${bytes} bytes, and athena.max_gigabytes_scanned allows ${maxBytesScanned}`,
        'Ask of a shorter period, or raise athena.max_gigabytes_scanned.',
      );
    }
    if (state === 'SUCCEEDED' && execution) return execution;
    if (state === 'FAILED' || state === 'CANCELLED') {
      const said = error?.ErrorMessage ?? reason ?? 'without a reason';
      throw failed(
        workgroup,
        `Athena ended statement ${id} as ${state}: ${visibleText(said.slice(0, 1000))}`,
      );
    }
    await wait(milliseconds);
    milliseconds = Math.min(milliseconds * 1.5, LONGEST_WAIT);
  }
}

async function stop(options: AthenaOptions, id: string): Promise<void> {
  // It may have ended meanwhile; what is wrong otherwise is told by who stops it.
  await options.client
    .send(new StopQueryExecutionCommand({ QueryExecutionId: id }))
    .catch(() => undefined);
}

async function readResult(options: AthenaOptions, id: string): Promise<EngineResult> {
  let columns: readonly ColumnInfo[] = [];
  const rows: EngineValue[][] = [];
  let token: string | undefined;
  let isFirst = true;
  do {
    const page = await call(options, 'GetQueryResults', () =>
      options.client.send(
        new GetQueryResultsCommand({
          QueryExecutionId: id,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      ),
    );
    columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? columns;
    const found = page.ResultSet?.Rows ?? [];
    // The first row of a SELECT names the columns; DDL has no such row.
    const isHeader = isFirst && isNames(found[0], columns);
    for (const row of isHeader ? found.slice(1) : found) {
      rows.push(
        columns.map(({ Type }, index) => athenaValue(row.Data?.[index]?.VarCharValue, Type)),
      );
    }
    isFirst = false;
    token = page.NextToken;
  } while (token !== undefined);
  return {
    columns: columns.map(({ Name = '' }) => Name),
    types: columns.map(({ Type }) => engineType(Type)),
    rows,
  };
}

function isNames(row: Row | undefined, columns: readonly ColumnInfo[]): boolean {
  return (
    row !== undefined &&
    columns.length > 0 &&
    columns.every(({ Name }, index) => row.Data?.[index]?.VarCharValue === Name)
  );
}

async function call<Answer>(
  { workgroup }: AthenaOptions,
  action: string,
  send: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await send();
  } catch (thrown) {
    if (thrown instanceof FlowproofError) throw thrown;
    const name = thrown instanceof Error ? thrown.name : 'Error';
    throw failed(
      workgroup,
      `${action} failed with ${name} (${visibleText(messageOf(thrown).split('\n', 1)[0] ?? '')})`,
      `The identity that runs flowproof needs athena:${action} on the workgroup, and what the README lists under "Permissions"; ask again with: aws athena get-work-group --work-group ${workgroup}`,
      thrown,
    );
  }
}

function failed(
  workgroup: string,
  problem: string,
  remedy = 'See docs/engines.md for what runs on Athena; its console shows the statement in the history of the workgroup.',
  cause?: unknown,
): FlowproofError {
  return new FlowproofError('ENGINE_FAILED', {
    place: `Athena, workgroup ${workgroup}`,
    problem,
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

const NUMBERS = new Set(['double', 'real', 'float']);
const WHOLE_NUMBERS = new Set(['bigint', 'integer', 'int', 'smallint', 'tinyint']);

function engineType(type = ''): EngineType {
  if (type === 'boolean' || type === 'date') return type;
  if (type === 'timestamp') return 'time';
  if (['varchar', 'char', 'string'].includes(type)) return 'text';
  return type === 'decimal' || NUMBERS.has(type) || WHOLE_NUMBERS.has(type) ? 'number' : 'other';
}

function athenaValue(text: string | undefined, type = ''): EngineValue {
  if (text === undefined) return null;
  if (type === 'boolean') return text === 'true';
  if (WHOLE_NUMBERS.has(type)) return wholeNumber(text);
  if (NUMBERS.has(type)) return Number(text);
  if (type === 'varbinary') return text.replaceAll(' ', '').toLowerCase();
  if (type !== 'timestamp') return text;
  const [second = '', fraction = ''] = text.split('.');
  return `${second}.${fraction.padEnd(6, '0').slice(0, 6)}`;
}

/** A list, or a map as its keys and values in the order of the keys. */
function fromJson(value: EngineValue): EngineValue {
  return typeof value === 'string' ? told(JSON.parse(value)) : value;
}

function told(value: unknown): EngineValue {
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== 'object' || value === null) return value as EngineValue;
  return Object.entries(value)
    .map(([key, item]) => [key, told(item)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
