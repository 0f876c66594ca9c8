import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { lockDown } from '../../src/query/gate.ts';
import { csvCell } from '../../src/query/output.ts';
import { runQuery } from '../../src/query/query.ts';
import type { QueryFormat } from '../../src/query/query-format.ts';
import { fileSink, streamSink } from '../../src/query/sink.ts';

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-output-'));
  database = await openDatabase();
  await lockDown(database.connection, { folders: [folder] });
});

afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function outputOf(sql: string, format: QueryFormat, isTTY = false): Promise<Buffer> {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const parts: Buffer[] = [];
  stdout.on('data', (part: Buffer) => parts.push(part));
  await runQuery({
    connection: database.connection,
    sql,
    format,
    sink: streamSink(stdout),
    tempFolder: folder,
  });
  return Buffer.concat(parts);
}

/** An expression, its JSON, and its CSV cell. */
const VALUES: [string, string, string][] = [
  ['true', 'true', 'true'],
  ['null', 'null', '""'],
  ['42', '42', '42'],
  ['9007199254740991', '9007199254740991', '9007199254740991'],
  ['9007199254740993', '"9007199254740993"', '9007199254740993'],
  ['-9007199254740993', '"-9007199254740993"', '-9007199254740993'],
  [
    '170141183460469231731687303715884105727::hugeint',
    '"170141183460469231731687303715884105727"',
    '170141183460469231731687303715884105727',
  ],
  ['12.50::decimal(9, 2)', '12.50', '12.50'],
  ['1234567890123456.78::decimal(18, 2)', '"1234567890123456.78"', '1234567890123456.78'],
  ['0.1::double', '0.1', '0.1'],
  ["'nan'::double", '"NaN"', 'NaN'],
  ["'-infinity'::double", '"-Infinity"', '-Infinity'],
  ["'text'", '"text"', 'text'],
  ["''", '""', '""'],
  ["'a\"b, c'", '"a\\"b, c"', '"a""b, c"'],
  ["'line' || chr(10) || 'end'", '"line\\nend"', '"line\nend"'],
  ["'😀 é'", '"😀 é"', '😀 é'],
  ["chr(27) || '[31m'", '"\\u001b[31m"', '\u001b[31m'],
  ['chr(155) || chr(8238)', '"\\u009b\\u202e"', '\u009b\u202e'],
  ["date '2026-02-28'", '"2026-02-28"', '2026-02-28'],
  ["timestamp '2026-01-01 10:00:00'", '"2026-01-01T10:00:00Z"', '2026-01-01T10:00:00Z'],
  ["timestamp '2026-01-01 10:00:00.12'", '"2026-01-01T10:00:00.120Z"', '2026-01-01T10:00:00.120Z'],
  [
    "timestamp '1969-12-31 23:59:59.999999'",
    '"1969-12-31T23:59:59.999999Z"',
    '1969-12-31T23:59:59.999999Z',
  ],
  ["timestamptz '2026-01-01 10:00:00+02'", '"2026-01-01T08:00:00Z"', '2026-01-01T08:00:00Z'],
  [
    "'2026-01-01 10:00:00.000000001'::timestamp_ns",
    '"2026-01-01T10:00:00.000000001Z"',
    '2026-01-01T10:00:00.000000001Z',
  ],
  [
    "'2026-01-01 10:00:00.5'::timestamp_ms",
    '"2026-01-01T10:00:00.500Z"',
    '2026-01-01T10:00:00.500Z',
  ],
  ["'2026-01-01 10:00:00'::timestamp_s", '"2026-01-01T10:00:00Z"', '2026-01-01T10:00:00Z'],
  ["'infinity'::timestamp", '"infinity"', 'infinity'],
  ["['a', null, '=b']", '["a",null,"=b"]', '"[""a"",null,""=b""]"'],
  ['[1, 2]::integer[2]', '[1,2]', '"[1,2]"'],
  [
    "map {'Name': 'web', '__proto__': 'x', '2': null}",
    '{"Name":"web","__proto__":"x","2":null}',
    '"{""Name"":""web"",""__proto__"":""x"",""2"":null}"',
  ],
  [
    "{'a': 1, 'b': [date '2026-01-01']}",
    '{"a":1,"b":["2026-01-01"]}',
    '"{""a"":1,""b"":[""2026-01-01""]}"',
  ],
  ["'\\x00A\\xFF'::blob", '"\\\\x00A\\\\xFF"', '\\x00A\\xFF'],
  [
    "'00000000-0000-0000-0000-000000000001'::uuid",
    '"00000000-0000-0000-0000-000000000001"',
    '00000000-0000-0000-0000-000000000001',
  ],
  ['union_value(n := 5)', '5', '5'],
  ['5::variant', '5', '5'],
  ["'=1+1'", '"=1+1"', "'=1+1"],
];

describe('jsonl', () => {
  test.each(VALUES)('%s is %s', async (sql, json) => {
    const text = (await outputOf(`select ${sql} as v`, 'jsonl')).toString('utf8');
    expect(text).toBe(`{"v":${json}}\n`);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  test('one object a line, in order, across chunks', async () => {
    const text = (
      await outputOf('select i, i as i from range(10000) r(i) order by 1', 'jsonl')
    ).toString();
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBe(10_000);
    expect(lines.every((line, index) => line === `{"i":${index},"i:1":${index}}`)).toBe(true);
  });

  test('no rows are no lines', async () => {
    expect((await outputOf('select 1 where false', 'jsonl')).length).toBe(0);
  });
});

describe('json', () => {
  test.each([0, 1, 10_000])('of %d rows is one array', async (count) => {
    const text = (
      await outputOf(`select i, 'a' as t from range(${count}) r(i) order by 1`, 'json')
    ).toString();
    expect(JSON.parse(text)).toEqual(Array.from({ length: count }, (_, i) => ({ i, t: 'a' })));
    expect(text.endsWith(']\n')).toBe(true);
  });
});

describe('csv', () => {
  test.each(VALUES)('%s', async (sql, _json, csv) => {
    expect((await outputOf(`select ${sql} as v`, 'csv')).toString('utf8')).toBe(`v\r\n${csv}\r\n`);
  });

  test.each([
    ['=cmd()', "'=cmd()"],
    ['+1+1', "'+1+1"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', '"\'\t=1"'],
    ['\r=1', '"\'\r=1"'],
    ['\n=1', '"\'\n=1"'],
    ['＝1', "'＝1"],
    ['=a,"b"', '"\'=a,""b"""'],
    ['  =1', "'  =1"],
    ["'=1", "''=1"],
    ['-', '-'],
    ['-5', '-5'],
    ['+49.5', '+49.5'],
    ['a=b', 'a=b'],
    ['a;=b', '"a;=b"'],
    [' a', '" a"'],
  ])('text %j becomes %j', (text, cell) => {
    expect(csvCell(text, false)).toBe(cell);
  });

  test('names of columns are defused too, and numbers are left alone', async () => {
    const text = (await outputOf('select -1 as "=a", 2 as "b,c"', 'csv')).toString('utf8');
    expect(text).toBe('\'=a,"b,c"\r\n-1,2\r\n');
  });

  test('a null is empty, and empty text is not', async () => {
    const text = (await outputOf("select null as a, '' as b", 'csv')).toString('utf8');
    expect(text).toBe('a,b\r\n,""\r\n');
  });

  test('no rows are a header', async () => {
    expect((await outputOf('select 1 as a where false', 'csv')).toString()).toBe('a\r\n');
  });

  test('control characters are shown, not sent, on a terminal only', async () => {
    const sql = "select chr(27) || '[2J' as v";
    expect((await outputOf(sql, 'csv', true)).toString()).toBe('v\r\n␛[2J\r\n');
    expect((await outputOf(sql, 'csv')).toString()).toBe('v\r\n\u001b[2J\r\n');
  });
});

describe('parquet', () => {
  /** The bytes as a file in the allowed folder, read back by DuckDB. */
  async function readBack(
    sql: string,
    select = '*',
  ): Promise<{ rows: Record<string, unknown>[]; types: string }> {
    const path = join(folder, 'back.parquet');
    await writeFile(path, await outputOf(sql, 'parquet'));
    const rows = await readRows(
      database.connection,
      `select ${select} from read_parquet('${path}')`,
    );
    const described = await readRows<{ column_type: string }>(
      database.connection,
      `select column_type from (describe from read_parquet('${path}'))`,
    );
    expect(await readdir(folder)).toEqual(['back.parquet']);
    await rm(path);
    return { rows, types: described.map((row) => row.column_type).join(', ') };
  }

  test('keeps types, and the digits of sums', async () => {
    const { rows, types } = await readBack(
      `select sum(v) as total, ['a'] as list, map {'k': 'v'} as tags, timestamp '2026-01-01' as start_at
       from (values (9223372036854775807), (9223372036854775807)) t(v)`,
      'total::varchar as total',
    );
    expect(types).toBe('DECIMAL(38,0), VARCHAR[], MAP(VARCHAR, VARCHAR), TIMESTAMP');
    expect(rows.map((row) => row.total)).toEqual(['18446744073709551614']);
  });

  test.each([
    'select 1 as a;',
    'select 1 as a ; -- it; is; done',
    "select 1 as a /* ; */ where ';' <> 'x' ; /* a ; b */ ;",
    'select 1 as a -- no end; at all',
    'describe select 1 as a',
    'with w as (values (1)) from w',
  ])('takes %j', async (sql) => {
    expect((await readBack(sql)).rows.length).toBe(1);
  });

  test('keeps the order and names columns of one name apart', async () => {
    const { rows } = await readBack(
      'select i as v, -i as v from range(10000) r(i) order by i desc',
    );
    expect(rows[0]).toEqual({ v: 9999n, v_1: -9999n });
    expect(rows.map((row) => Number(row.v))).toEqual(
      Array.from({ length: 10_000 }, (_, i) => 9999 - i),
    );
  });

  test('goes to standard output and leaves nothing behind', async () => {
    const bytes = await outputOf('select 1 as a', 'parquet');
    expect(bytes.subarray(0, 4).toString()).toBe('PAR1');
    expect(bytes.subarray(-4).toString()).toBe('PAR1');
    expect(await readdir(folder)).toEqual([]);
  });

  test('leaves nothing behind when it fails', async () => {
    await expect(outputOf("select error('no') as a", 'parquet')).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  test('binds parameters', async () => {
    const path = join(folder, 'bound.parquet');
    const sink = await fileSink(path);
    const { rowCount } = await runQuery({
      connection: database.connection,
      sql: 'select i from range(5) r(i) where i < $limit',
      parameters: { limit: 3 },
      format: 'parquet',
      sink,
      tempFolder: folder,
    });
    await sink.finish();
    expect(rowCount).toBe(3);
    expect((await readFile(path)).length).toBeGreaterThan(0);
    await rm(path);
  });
});
