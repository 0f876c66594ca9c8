import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, readRows } from '../../src/database.ts';
import { assertReadOnly } from '../../src/query/gate.ts';
import { errorOf, openLockedLake } from './locked-lake.ts';

let root: string;
let database: Database;

beforeAll(async () => {
  ({ root, database } = await openLockedLake());
});

afterAll(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

describe('lockDown', () => {
  test.each([
    ['a file outside', () => `from read_csv('${join(root, 'outside.csv')}')`],
    ['a folder with a longer name', () => `from read_csv('${join(root, 'lake-2', 'near.csv')}')`],
    ['a way up', () => `from read_csv('${root}/lake/../outside.csv')`],
    ['a symbolic link', () => `from read_csv('${join(root, 'lake', 'link.csv')}')`],
    ['a URL', () => "from read_csv('https://example.com/a.csv')"],
    ['a listing', () => "from glob('/etc/*')"],
    ['a file by name alone', () => `from '${join(root, 'outside.csv')}'`],
    ['a copy to outside', () => `copy flow to '${join(root, 'out', 'x.csv')}'`],
    ['an attached file', () => `attach '${join(root, 'out', 'x.db')}'`],
    ['an extension', () => 'load httpfs'],
    ['a setting', () => "set memory_limit = '9GB'"],
    ['more folders', () => "set allowed_directories = ['/']"],
    ['the way back', () => 'set enable_external_access = true'],
    ['the lock', () => 'set lock_configuration = false'],
  ])('stops %s', async (_, sql) => {
    await expect(database.connection.run(sql())).rejects.toThrow(
      /disabled (?:by|through) configuration|has been locked|while database is running/,
    );
  });

  test('leaves the views of the lake and the memory limit', async () => {
    expect(await readRows(database.connection, 'from lake_part')).toEqual([{ one: 1 }]);
    const [row] = await readRows<{ memory: string }>(
      database.connection,
      "select current_setting('memory_limit') as memory",
    );
    expect(row?.memory).toBe('953.6 MiB');
  });
});

describe('assertReadOnly', () => {
  test.each([
    'select * from flow',
    'select * from flow;',
    '  select 1 -- done; really\n',
    '/* drop table flow; */ from flow',
    "select ';' as semicolon",
    'with f as (select * from flow) select * from f',
    'values (1), (2)',
    'from flow',
    'table flow',
    'show tables',
    'describe flow',
    'describe select 1',
    'summarize flow',
    'from (pivot flow on source_address in (1) using sum(bytes))',
    'select i from range(3) as r(i), unnest([1, 2])',
    "select * from json_each('{}')",
    'select column_name from duckdb_columns()',
  ])('accepts %s', async (sql) => {
    await assertReadOnly(database.connection, sql);
  });

  test.each([
    ["copy flow to 'x.csv'", 'is not a SELECT'],
    ["copy (select 1) to 'x.csv'", 'is not a SELECT'],
    ["attach 'x.db'", 'is not a SELECT'],
    ["export database 'x'", 'is not a SELECT'],
    ["import database 'x'", 'is not a SELECT'],
    ['pragma enable_profiling', 'is not a SELECT'],
    ["set memory_limit = '1GB'", 'is not a SELECT'],
    ['reset memory_limit', 'is not a SELECT'],
    ['install httpfs', 'is not a SELECT'],
    ['load httpfs', 'is not a SELECT'],
    ['create secret (type s3)', 'is not a SELECT'],
    ['drop secret flowproof_lake', 'is not a SELECT'],
    ["copy flow to 's3://example-lake/x.parquet'", 'is not a SELECT'],
    ['call enable_logging()', 'is not a SELECT'],
    ['create table x as select 1', 'is not a SELECT'],
    ['create or replace view flow as select 1', 'is not a SELECT'],
    ['insert into flow values (1, 2)', 'is not a SELECT'],
    ['delete from flow', 'is not a SELECT'],
    ['drop table flow', 'is not a SELECT'],
    ['explain analyze select 1', 'is not a SELECT'],
    ['prepare p as select 1', 'is not a SELECT'],
    ['begin', 'is not a SELECT'],
    ['pivot flow on source_address', 'is not a SELECT'],
    ["/* select 1 */ copy flow to 'x.csv'", 'is not a SELECT'],
    ["select 1; copy flow to 'x.csv'", 'SELECT'],
    ["select 1 --\n; attach 'x.db'", 'SELECT'],
    ['select 1; select 2', 'there are 2 statements'],
    ['', 'there is no statement'],
    [' ; -- nothing', 'there is no statement'],
    ['select 1 \0', 'NUL character'],
    ["select * from '/etc/passwd'", '"/etc/passwd" names a file'],
    ["select * from 'data.csv'", '"data.csv" names a file'],
    ["describe 'lake/part.parquet'", 'names a file'],
    ["select * from read_text('/etc/passwd')", 'read_text()'],
    ["select * from READ_TEXT('/etc/passwd')", 'read_text()'],
    ["select * from system.main.read_csv('/etc/passwd')", 'read_csv()'],
    ["select (select content from read_blob('/etc/passwd'))", 'read_blob()'],
    ["with a as (from glob('*')) from a", 'glob()'],
    ["select 1 union all select 2 from sniff_csv('x')", 'sniff_csv()'],
    ["from flow where exists (from read_json('x'))", 'read_json()'],
    ["from query('select 1')", 'query()'],
    ["from query_table('flow')", 'query_table()'],
    ["from json_execute_serialized_sql('{}')", 'json_execute_serialized_sql()'],
    ['from enable_logging()', 'enable_logging()'],
    ['from enable_peg_parser()', 'enable_peg_parser()'],
    ['from enable_profiling()', 'enable_profiling()'],
    ['from checkpoint()', 'checkpoint()'],
    ['from arrow_scan(1, 2, 3)', 'arrow_scan()'],
    ['from duckdb_secrets()', 'duckdb_secrets()'],
    ["from which_secret('s3://example-lake/x', 's3')", 'which_secret()'],
    ["from 's3://example-lake/flow/x.parquet'", 'names a file'],
    ["from read_parquet('s3://example-lake/flow/x.parquet')", 'read_parquet()'],
    ["select current_setting('s3_secret_access_key')", 'current_setting()'],
    ["select getenv('HOME')", 'getenv()'],
    ["select max(write_log('x')) over ()", 'write_log()'],
  ])('refuses %j', async (sql, problem) => {
    const error = await errorOf(assertReadOnly(database.connection, sql));
    expect(error.code).toBe('QUERY_REFUSED');
    expect(error.problem).toContain(problem);
    expect(error.remedy).not.toBe('');
  });

  test('shows the line of a syntax error with a mark under the place', async () => {
    const error = await errorOf(
      assertReadOnly(database.connection, "select 'é' as a,\n  bytes fro flow whre"),
    );
    expect(error.code).toBe('QUERY_FAILED');
    expect(error.problem).toContain('syntax error at or near "flow"');
    const [text, mark] = error.problem.split('\n').slice(-2);
    expect(text).toContain('LINE 2:');
    expect(text?.slice(mark?.indexOf('^'))).toMatch(/^flow/);
  });

  test('shows no line where DuckDB gives no place', async () => {
    const error = await errorOf(assertReadOnly(database.connection, 'select 1 into x'));
    expect(error.code).toBe('QUERY_FAILED');
    expect(error.problem).toBe('SELECT INTO not supported!');
  });

  test.each(["select 'open", 'select 1 /* open', 'select ('])('does not take %j', async (sql) => {
    expect((await errorOf(assertReadOnly(database.connection, sql))).code).toBe('QUERY_FAILED');
  });
});
