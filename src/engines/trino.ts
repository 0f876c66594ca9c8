/**
 * Trino over its HTTP protocol: a statement is sent, then its pages are fetched until there is no next.
 * source: Trino documentation, "Trino client REST API"
 */
import { FlowproofError, messageOf } from '../errors.ts';
import { quoteName, quoteText } from '../tables.ts';
import {
  type Engine,
  type EngineParameters,
  type EngineResult,
  type EngineType,
  type EngineValue,
  type Scanned,
  STATEMENTS_AT_ONCE,
  type StoreOptions,
  wholeNumber,
} from './engine.ts';
import { literalTableView } from './engine-tables.ts';
import { splitStatement } from './sql-steps.ts';
import { trinoType } from './table-dialects.ts';
import { trinoSql } from './trino-sql.ts';

export type TrinoOptions = {
  /** As `https://trino.example.com:8443`. */
  url: string;
  catalog: string;
  schema: string;
  user: string;
  /** Of the user; sent with every request to `url`, and to no other server. */
  password?: string;
  /** A JSON Web Token, in the place of a password. */
  token?: string;
  /** Told what each statement read, if given. */
  scanned?: Scanned | undefined;
  /** Once aborted, the statement that runs is ended. */
  signal?: AbortSignal | undefined;
  fetch?: typeof fetch;
};

type TypeSignature = {
  rawType: string;
  arguments?: readonly { kind: string; value: unknown }[];
};

type TrinoColumn = { name: string; typeSignature: TypeSignature };

type Page = {
  nextUri?: string;
  columns?: readonly TrinoColumn[];
  data?: readonly (readonly unknown[])[];
  error?: { message: string; errorName: string };
  stats?: { physicalInputBytes?: number };
};

/** The engine behind a coordinator. Nothing is asked of it before the first statement. */
export function trinoEngine(options: TrinoOptions): Engine {
  return {
    name: 'trino',
    atOnce: STATEMENTS_AT_ONCE,
    version: () => readVersion(options),
    run: (statement: string, parameters: EngineParameters = {}) =>
      runStatement(options, trinoSql(statement, parameters)),
    store: (table, statement, parameters = {}, storing = {}) =>
      storeRows(options, table, trinoSql(statement, parameters), storing),
    storeView: async (name, statement, parameters = {}) => {
      const text = trinoSql(statement, parameters);
      await runStatement(options, `create or replace view ${quoteName(name)} as ${text}`);
    },
    give: async ({ name, columns, rows }) => {
      await runStatement(options, literalTableView(name, columns, rows));
    },
    runOwn: (statement: string) => runStatement(options, statement),
  };
}

async function readVersion(options: TrinoOptions): Promise<string> {
  const { rows } = await runStatement(
    options,
    'select node_version from system.runtime.nodes where coordinator',
  );
  return `Trino ${String(rows[0]?.[0] ?? 'of an unknown version')}`;
}

async function storeRows(
  options: TrinoOptions,
  table: string,
  statement: string,
  { columns = [], location }: StoreOptions,
): Promise<void> {
  const drop = (name: string) => runStatement(options, `drop table if exists ${quoteName(name)}`);
  const create = (name: string, text: string) => {
    const place = name === table ? location : location && `${location.slice(0, -1)}-${name}/`;
    const properties =
      place === undefined
        ? ''
        : ` with (external_location = ${quoteText(place)}, format = 'PARQUET')`;
    return runStatement(options, `create table ${quoteName(name)}${properties} as ${text}`);
  };
  const select = columns.map(
    ({ name, type }) => `cast(${quoteName(name)} as ${trinoType(type)}) as ${quoteName(name)}`,
  );
  const { tables, last } = splitStatement(statement, (step) => `${table}_step_${step}`);
  try {
    for (const { name, text } of tables) {
      await drop(name);
      await create(name, text);
    }
    await drop(table);
    await create(table, columns.length > 0 ? `select ${select.join(', ')} from (${last})` : last);
  } finally {
    for (const { name } of tables) await drop(name);
  }
}

async function runStatement(options: TrinoOptions, statement: string): Promise<EngineResult> {
  let columns: readonly TrinoColumn[] = [];
  const rows: EngineValue[][] = [];
  let page = await requestPage(options, `${options.url}/v1/statement`, {
    method: 'POST',
    body: statement,
    headers: {
      ...authorization(options),
      'X-Trino-User': options.user,
      'X-Trino-Source': 'flowproof',
      'X-Trino-Catalog': options.catalog,
      'X-Trino-Schema': options.schema,
      'X-Trino-Time-Zone': 'UTC',
      // Without it times lose what is below a millisecond.
      'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME',
      // A `with` that is read n times is planned n times; the limit of 150 stages is for ad-hoc queries.
      'X-Trino-Session': 'query_max_stage_count=1000',
    },
  });
  for (;;) {
    if (page.error) {
      throw failed(options.url, `${page.error.errorName}: ${page.error.message}`);
    }
    columns = page.columns ?? columns;
    const types = columns.map(({ typeSignature }) => typeSignature);
    for (const row of page.data ?? []) {
      rows.push(row.map((value, index) => trinoValue(value, types[index])));
    }
    if (page.nextUri === undefined) {
      if (options.scanned) options.scanned.bytes += page.stats?.physicalInputBytes ?? 0;
      return { columns: columns.map(({ name }) => name), types: types.map(engineType), rows };
    }
    if (options.signal?.aborted) {
      await endStatement(options, sameOrigin(options.url, page.nextUri));
      options.signal.throwIfAborted();
    }
    page = await requestPage(options, sameOrigin(options.url, page.nextUri), {
      headers: authorization(options),
    });
  }
}

/** The server would else go on with a statement that nobody waits for. */
async function endStatement(options: TrinoOptions, url: string): Promise<void> {
  const request = { method: 'DELETE', headers: authorization(options) };
  await (options.fetch ?? fetch)(url, request).catch(() => undefined);
}

function authorization({ user, password, token }: TrinoOptions): Record<string, string> {
  if (token !== undefined) return { Authorization: `Bearer ${token}` };
  if (password === undefined) return {};
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** The next page is asked of no other server than the first. Throws ENGINE_FAILED. */
function sameOrigin(url: string, next: string): string {
  if (new URL(next).origin === new URL(url).origin) return next;
  throw failed(url, `its answer goes on at another server (${new URL(next).origin})`);
}

async function requestPage(
  options: TrinoOptions,
  url: string,
  request: RequestInit,
  attempt = 1,
): Promise<Page> {
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(url, request);
  } catch (thrown) {
    throw failed(options.url, messageOf(thrown), thrown);
  }
  if ([429, 502, 503, 504].includes(response.status) && attempt < 10) {
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    return requestPage(options, url, request, attempt + 1);
  }
  const text = await response.text();
  if (!response.ok) throw failed(options.url, `HTTP ${response.status}: ${text.slice(0, 300)}`);
  try {
    return JSON.parse(text) as Page;
  } catch (thrown) {
    throw failed(options.url, `no answer of Trino: ${text.slice(0, 300)}`, thrown);
  }
}

function failed(place: string, problem: string, cause?: unknown): FlowproofError {
  return new FlowproofError('ENGINE_FAILED', {
    place,
    problem,
    remedy: 'See docs/engines.md for what runs on Trino; the server log says more.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function engineType({ rawType }: TypeSignature): EngineType {
  if (rawType === 'boolean' || rawType === 'date') return rawType;
  if (rawType === 'timestamp') return 'time';
  if (rawType === 'varchar' || rawType === 'char') return 'text';
  return NUMBERS.has(rawType) ? 'number' : 'other';
}

const NUMBERS = new Set(['bigint', 'integer', 'smallint', 'tinyint', 'double', 'real', 'decimal']);

/** A value of Trino's JSON as every engine tells it. */
function trinoValue(value: unknown, type: TypeSignature | undefined): EngineValue {
  if (value === null || value === undefined || type === undefined) return null;
  switch (type.rawType) {
    case 'boolean':
      return Boolean(value);
    case 'bigint':
    case 'integer':
    case 'smallint':
    case 'tinyint':
      return wholeNumber(String(value));
    case 'double':
    case 'real':
      return Number(value);
    case 'timestamp': {
      const [second = '', fraction = ''] = String(value).split('.');
      return `${second}.${fraction.padEnd(6, '0').slice(0, 6)}`;
    }
    case 'varbinary':
      return Buffer.from(String(value), 'base64').toString('hex');
    case 'array':
      return (value as unknown[]).map((item) => trinoValue(item, itemType(type, 0)));
    case 'row':
      return (value as unknown[]).map((item, index) => trinoValue(item, memberType(type, index)));
    case 'map':
      return Object.entries(value as Record<string, unknown>)
        .map(([key, item]) => [key, trinoValue(item, itemType(type, 1))] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1));
    default:
      return String(value);
  }
}

function memberType(type: TypeSignature, index: number): TypeSignature | undefined {
  const member = type.arguments?.[index]?.value as { typeSignature?: TypeSignature } | undefined;
  return member?.typeSignature;
}

function itemType(type: TypeSignature, index: number): TypeSignature | undefined {
  return type.arguments?.[index]?.value as TypeSignature | undefined;
}
