/**
 * Statements that try to get out, as a user gives them: through the command's own child process. None may
 * show the canary, change a file, or call anyone.
 */
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openQuerySession, type QuerySession } from '../../src/query/query-session.ts';
import { ask, CANARY, hashesOf, LIMITS, makeSmallLake } from './small-lake.ts';

let root: string;
let lake: string;
let session: QuerySession;
let server: Server;
let callCount = 0;
let hashes: Record<string, string>;

beforeAll(async () => {
  ({ root, lake } = await makeSmallLake());
  hashes = await hashesOf(root);
  server = createServer((_, response) => {
    callCount += 1;
    response.end('a\n1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  session = openQuerySession({ lake, limits: LIMITS, command: 'query' });
});

afterAll(async () => {
  await session.close();
  server.close();
  await rm(root, { recursive: true, force: true });
});

/** `{root}`, `{lake}` and `{url}` stand for the places of this run. */
function placed(sql: string): string {
  const { port } = server.address() as AddressInfo;
  return sql
    .replaceAll('{root}', root)
    .replaceAll('{lake}', lake)
    .replaceAll('{url}', `http://127.0.0.1:${port}`);
}

const WRITES = [
  "copy flow to '{root}/x.csv'",
  "copy (select 1) to '{lake}/x.parquet'",
  "copy (select 1) to '{lake}/flow/x.parquet' (format parquet)",
  "copy flow from '{root}/outside.csv'",
  "copy flow to '{url}/x.csv'",
  "export database '{root}/e'",
  "import database '{root}/e'",
  "attach '{root}/new.duckdb'",
  "attach '{root}/outside.duckdb' as o",
  "attach '{root}/outside.duckdb' as o (read_only)",
  "attach ':memory:' as m",
  "attach '{url}/x.duckdb'",
  'detach memory',
  'create table t as select 1',
  'create temp table t as select 1',
  'create or replace view flow as select 1',
  'create macro m() as table select 1',
  'create or replace macro sum(x) as 1',
  'create function f(a) as a',
  "create secret s (type s3, key_id 'k', secret 's')",
  'create schema s',
  'create sequence s',
  'create type t as enum (1)',
  'insert into flow values (1)',
  'update flow set bytes = 1',
  'delete from flow',
  'truncate flow',
  'drop view flow',
  'alter table flow rename to g',
  "comment on view flow is 'x'",
  'select 1 into t',
  'with w as (delete from flow returning *) from w',
  'with w as (insert into flow values (1) returning *) from w',
  'checkpoint',
  'force checkpoint',
  'vacuum',
  'analyze',
  'merge into flow using flow as f on true when matched then delete',
];

const SETTINGS = [
  'pragma enable_profiling',
  "pragma enable_profiling = 'json'",
  "pragma profiling_output = '{root}/p.json'",
  "set profiling_output = '{root}/p.json'",
  "set log_query_path = '{root}/log.sql'",
  "set temp_directory = '{root}'",
  "set home_directory = '{root}'",
  "set file_search_path = '{root}'",
  "set secret_directory = '{root}'",
  "set allowed_directories = ['/']",
  "set allowed_paths = ['{root}/outside.csv']",
  'set enable_external_access = true',
  'set lock_configuration = false',
  'set allow_unsigned_extensions = true',
  "set memory_limit = '90GB'",
  'set threads = 100',
  "set variable x = '1'",
  'set session threads = 4',
  "set global http_proxy = '{url}'",
  "set custom_extension_repository = '{url}'",
  'reset memory_limit',
  'reset lock_configuration',
  'pragma disable_optimizer',
  "pragma add_parquet_key('k', '0123456789112345')",
  'pragma enable_verification',
  "pragma import_database('{root}')",
  "pragma json_execute_serialized_sql('{}')",
  'use memory',
  "call enable_logging(storage = 'file')",
  'call disable_logging()',
  'call checkpoint()',
  "call query('select 1')",
  'from enable_logging()',
  'from enable_profiling()',
  'from enable_peg_parser()',
  'from checkpoint()',
  'from truncate_duckdb_logs()',
  "select write_log('x')",
];

const EXTENSIONS = [
  'install httpfs',
  'force install httpfs',
  "install httpfs from '{url}'",
  "install '{root}/x.duckdb_extension'",
  'load httpfs',
  "load '{root}/x.duckdb_extension'",
  'update extensions',
  "from read_csv('{url}/a.csv')",
  "from '{url}/a.csv'",
  "from 's3://example/a.parquet'",
  "from read_parquet('s3://example/a.parquet')",
  "from postgres_scan('host=127.0.0.1', 'a', 'b')",
  "from sqlite_scan('{root}/x.db', 't')",
  "from delta_scan('{root}')",
  "from iceberg_scan('{root}')",
  "from st_read('{root}/outside.csv')",
  "from read_xlsx('{root}/x.xlsx')",
  "select * from http_get('{url}')",
];

const READS = [
  "from '{root}/outside.csv'",
  'from "{root}/outside.csv"',
  'from $${root}/outside.csv$$',
  "from e'{root}/outside\\x2ecsv'",
  "from 'outside.csv'",
  "from '../outside.csv'",
  "from '/etc/passwd'",
  "from 'file:{root}/outside.csv'",
  "from 'file://{root}/outside.csv'",
  "from '/proc/self/environ'",
  "from '/dev/stdin'",
  "from read_csv('{root}/outside.csv')",
  "from read_csv_auto('{root}/outside.csv')",
  "from READ_CSV('{root}/outside.csv')",
  "from Read_Text('{root}/outside.txt')",
  "from main.read_csv('{root}/outside.csv')",
  "from system.main.read_text('{root}/outside.txt')",
  'from "read_text"(\'{root}/outside.txt\')',
  "from read_text('{lake}/.flowproof/lock')",
  "from read_text('{lake}/.flowproof/*')",
  "from read_csv('{lake}/.flowproof/outbox/message.csv')",
  "from '{lake}/.flowproof/outbox/message.csv'",
  "from read_parquet('{lake}/flow/flow_date=2026-11-02/unknown-0.parquet')",
  "from '{lake}/flow/flow_date=2026-11-02/unknown-0.parquet'",
  "from '{lake}/flow/flow_date=2026-11-02/b1-1.parquet'",
  "from '{lake}/flow/flow_date=2026-11-03/outside.csv'",
  "from histogram('{lake}/flow/flow_date=2026-11-02/unknown-0.parquet', object_id)",
  "from histogram_values('{lake}/flow/flow_date=2026-11-02/unknown-0.parquet', object_id)",
  "from pragma_table_info('{root}/outside.csv')",
  "from glob('{root}/*')",
  "from glob('{lake}/**')",
  "from read_blob('{root}/outside.txt')",
  "from read_json('{root}/outside.json')",
  "from read_duckdb('{root}/outside.duckdb', table_name = 't')",
  "from sniff_csv('{root}/outside.csv')",
  "from parquet_metadata('{root}/outside.parquet')",
  "from parquet_kv_metadata('{root}/outside.parquet')",
  "from parquet_bloom_probe('{root}/outside.parquet', 'a', 'x')",
  "from query('from ''{root}/outside.csv''')",
  "from query_table('{root}/outside.csv')",
  "from query_table(['{root}/outside.csv'])",
  "from json_execute_serialized_sql(json_serialize_sql('from ''{root}/outside.csv'''))",
  "select json_serialize_plan('from ''{root}/outside.csv''')",
  "describe '{root}/outside.csv'",
  "describe from '{root}/outside.csv'",
  "summarize '{root}/outside.csv'",
  "summarize from read_csv('{root}/outside.csv')",
  "show tables from '{root}/outside.duckdb'",
  "from (describe '{root}/outside.csv')",
  "from (summarize '{root}/outside.csv')",
  "pivot '{root}/outside.csv' on a",
  "from (pivot '{root}/outside.csv' on a in ('x') using count(*))",
  "from (unpivot '{root}/outside.csv' on a, b)",
  "with w as (from '{root}/outside.csv') from w",
  "with w as materialized (from read_csv('{root}/outside.csv')) from w",
  "with recursive w as (select 1 as i union all select 2 from read_csv('{root}/outside.csv')) from w",
  "select (from read_text('{root}/outside.txt'))",
  "select exists (from read_text('{root}/outside.txt'))",
  "from flow where srcaddr in (select content from read_text('{root}/outside.txt'))",
  "from flow join read_csv('{root}/outside.csv') on true",
  "from flow, lateral (from read_text('{root}/outside.txt'))",
  "from flow order by (select content from read_text('{root}/outside.txt'))",
  "select sum(bytes) filter (exists (from read_text('{root}/outside.txt'))) from flow",
  "select count(*) over (order by (select content from read_text('{root}/outside.txt'))) from flow",
  "from flow limit (select length(content) from read_text('{root}/outside.txt'))",
  "from flow qualify (select true from read_text('{root}/outside.txt'))",
  "from range((select length(content) from read_text('{root}/outside.txt')))",
  "select list_transform([1], lambda x: (select content from read_text('{root}/outside.txt')))",
  "values ((select content from read_text('{root}/outside.txt')))",
  "select 1 union all (from read_text('{root}/outside.txt'))",
  "from flow positional join read_text('{root}/outside.txt')",
  "from flow asof join read_csv('{root}/outside.csv') as c on flow.bytes >= c.b",
  "from flow tablesample (1 rows) union by name from '{root}/outside.csv'",
  "from read_text('{root}/outside.txt') with ordinality",
  "explain from '{root}/outside.csv'",
  "explain analyze copy flow to '{root}/x.csv'",
  'from duckdb_secrets()',
  "from which_secret('s3://example', 's3')",
  'from duckdb_settings()',
  'from duckdb_logs()',
  'from duckdb_logs_parsed(1)',
  'from duckdb_logs',
  'from system.main.duckdb_logs',
  'from duckdb_extensions()',
  'from duckdb_databases()',
  'from duckdb_temporary_files()',
  'from duckdb_external_file_cache()',
  'from duckdb_prepared_statements()',
  'from pg_settings',
  'from PG_CATALOG.PG_SETTINGS',
  'from pragma_database_list',
  "select getenv('HOME')",
  "select GetEnv('AWS_SECRET_ACCESS_KEY')",
  "select 'HOME'.getenv()",
  "select list_transform(['HOME'], lambda x: getenv(x))",
  "select current_setting('secret_directory')",
  "select getvariable('x')",
  'from arrow_scan(1, 2, 3)',
  'from arrow_scan_dumb(1, 2, 3)',
  "from seq_scan('flow')",
  "from sql_auto_complete('from ')",
];

const SEVERAL = [
  "select 1; copy flow to '{root}/x.csv'",
  "select 1;;; attach '{root}/outside.duckdb'",
  'select 1 --\n; load httpfs',
  'select 1 /* ; */; select 2',
  "/* select 1 */ copy flow to '{root}/x.csv'",
  "select ';'; from '{root}/outside.csv'",
  "select $$ ; $$; from '{root}/outside.csv'",
  "select 1 \0; from '{root}/outside.csv'",
  "\ufeffcopy flow to '{root}/x.csv'",
  "copy\u00a0flow to '{root}/x.csv'",
  "ｃｏｐｙ flow to '{root}/x.csv'",
  "from '\u202e{root}/outside.csv'",
  "prepare p as from '{root}/outside.csv'",
  'execute p',
  'deallocate p',
  'begin',
  'begin; drop view flow; commit',
  'commit',
  '',
  ';',
  '-- nothing',
];

const STATEMENTS = [...WRITES, ...SETTINGS, ...EXTENSIONS, ...READS, ...SEVERAL];

describe('refuses', () => {
  test.each(STATEMENTS)('%j', async (sql) => {
    const { text, error } = await ask(session, placed(sql));
    expect(error?.code).toMatch(/^QUERY_(REFUSED|FAILED)$/);
    expect(error?.remedy).not.toBe('');
    expect(text).toBe('');
  });

  test('the same as a plan, which would read a file to make it', async () => {
    for (const explain of ['plan', 'analyze'] as const) {
      for (const sql of STATEMENTS) {
        const { error } = await ask(session, placed(sql), { explain, format: 'table' });
        expect(`${sql}: ${error?.code}`).toMatch(/: QUERY_(REFUSED|FAILED)$/);
      }
    }
  });

  test('the same as a Parquet result, which a statement stands in parentheses for', async () => {
    for (const sql of [
      ...STATEMENTS,
      "select 1) to '{root}/x.csv' --",
      'select 1) as t; load httpfs --',
    ]) {
      const { error } = await ask(session, placed(sql), { format: 'parquet' });
      expect(`${sql}: ${error?.code}`).toMatch(/: QUERY_(REFUSED|FAILED)$/);
    }
  });
});

describe('answers, and shows nothing from outside', () => {
  test.each([
    'show tables',
    'show all tables',
    'show databases',
    'describe flow',
    'summarize flow',
    'select object_id, line_number, srcaddr from flow',
    'from duckdb_tables()',
    'from duckdb_views()',
    'from duckdb_functions()',
    'from information_schema.tables',
    'from sqlite_master',
    "select '{root}/outside.csv' as name",
    'with read_text as (select 1 as one) from read_text',
    "select 'read_csv(''{root}/outside.csv'')' as text -- read_csv('{root}/outside.csv')",
    'from (pivot flow on dstport in (22) using count(*))',
  ])('%j', async (sql) => {
    const { text, error } = await ask(session, placed(sql));
    expect(error).toBeUndefined();
    expect(text.length).toBeGreaterThan(0);
    expect(text).not.toContain(CANARY);
  });

  test('flows are those of the ledger alone: no file unknown to it, no link', async () => {
    expect((await ask(session, 'select count(*) as n from flow')).text).toBe('n\r\n3\r\n');
  });
});

test('no file was made, changed or deleted, and nobody was called', async () => {
  expect(await hashesOf(root)).toEqual(hashes);
  expect(callCount).toBe(0);
  // The record knows what was tried.
  const { text } = await ask(
    session,
    'select outcome, count(*) as n from query_access where ended_at is not null group by all order by all',
  );
  const counts = new Map(
    text
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',') as [string, string]),
  );
  expect(Number(counts.get('refused'))).toBeGreaterThan(STATEMENTS.length);
  expect(Number(counts.get('answered'))).toBe(16);
});
