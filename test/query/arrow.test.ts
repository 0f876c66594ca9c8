import { PassThrough } from 'node:stream';
import { type Decimal, type Table, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import { itemsOf, textsOf } from '../../src/query/arrow-vectors.ts';
import { lockDown } from '../../src/query/gate.ts';
import { runQuery } from '../../src/query/query.ts';
import { streamSink } from '../../src/query/sink.ts';

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
  await lockDown(database.connection, { folders: [] });
});

afterAll(() => database.close());

async function arrowOf(sql: string): Promise<Table> {
  const stdout = new PassThrough();
  const parts: Buffer[] = [];
  stdout.on('data', (part: Buffer) => parts.push(part));
  await runQuery({
    connection: database.connection,
    sql,
    format: 'arrow',
    sink: streamSink(stdout),
  });
  return tableFromIPC(Buffer.concat(parts));
}

/** Cells of a column with lists, structs and maps as plain JavaScript values. */
function cellsOf(table: Table, name: string): unknown[] {
  const column = table.getChild(name);
  return Array.from({ length: table.numRows }, (_, row) => {
    const value: unknown = column?.get(row);
    return value !== null && typeof value === 'object' && 'toJSON' in value
      ? (value as { toJSON(): unknown }).toJSON()
      : value;
  });
}

/** The type, the rows with a null between them, and what is read back. */
test.each([
  ['boolean', ['true', 'false'], 'Bool', [true, false]],
  ['tinyint', ['-128', '127'], 'Int8', [-128, 127]],
  ['smallint', ['-32768', '32767'], 'Int16', [-32768, 32767]],
  ['integer', ['-2147483648', '2147483647'], 'Int32', [-2147483648, 2147483647]],
  ['utinyint', ['0', '255'], 'Uint8', [0, 255]],
  ['usmallint', ['0', '65535'], 'Uint16', [0, 65535]],
  ['uinteger', ['0', '4294967295'], 'Uint32', [0, 4294967295]],
  ['bigint', ['9007199254740993', '-1'], 'Int64', [9007199254740993n, -1n]],
  ['ubigint', ['0', '18446744073709551615'], 'Uint64', [0n, 18446744073709551615n]],
  ['float', ['1.5', '-0.25'], 'Float32', [1.5, -0.25]],
  ['double', ['0.1', "'nan'"], 'Float64', [0.1, Number.NaN]],
  ['date', ["'2026-02-28'", "'1969-12-31'"], 'Date32<DAY>', [1772236800000, -86400000]],
  [
    'timestamp',
    ["'2026-01-01 00:00:00.5'", "'1969-12-31 23:59:59'"],
    'Timestamp<MICROSECOND>',
    [1767225600500, -1000],
  ],
  ['timestamp_s', ["'2026-01-01'", "'1970-01-01'"], 'Timestamp<SECOND>', [1767225600000, 0]],
  ['timestamp_ms', ["'2026-01-01'", "'1970-01-01'"], 'Timestamp<MILLISECOND>', [1767225600000, 0]],
  ['timestamp_ns', ["'2026-01-01'", "'1970-01-01'"], 'Timestamp<NANOSECOND>', [1767225600000, 0]],
  [
    'timestamptz',
    ["'2026-01-01 02:00:00+02'", "'1970-01-01 00:00:00Z'"],
    'Timestamp<MICROSECOND, UTC>',
    [1767225600000, 0],
  ],
  ['varchar', ["'a''\"\n😀'", "''"], 'Utf8', ['a\'"\n😀', '']],
  ['blob', ["'\\x00\\xFF'", "''"], 'Binary', [new Uint8Array([0, 255]), new Uint8Array(0)]],
  ['varchar[]', ["['a', null, 'é']", '[]'], 'List<Utf8>', [['a', null, 'é'], []]],
  [
    'integer[][]',
    ['[[1], null, []]', '[[2, 3]]'],
    'List<List<Int32>>',
    [[[1], null, []], [[2, 3]]],
  ],
  [
    'integer[2]',
    ['[1, 2]', '[3, null]'],
    'List<Int32>',
    [
      [1, 2],
      [3, null],
    ],
  ],
  [
    'map(varchar, varchar)',
    ["map {'Name': 'web', 'Env': null}", 'map {}'],
    'Map<{key:Utf8, value:Utf8}>',
    [{ Name: 'web', Env: null }, {}],
  ],
  [
    'struct(a integer, b varchar[])',
    ["{'a': 1, 'b': ['x']}", "{'a': null, 'b': null}"],
    'Struct<{a:Int32, b:List<Utf8>}>',
    [
      { a: 1, b: ['x'] },
      { a: null, b: null },
    ],
  ],
  ['time', ["'12:30:00'", "'00:00:00'"], 'Utf8', ['12:30:00', '00:00:00']],
  ['interval', ["'1 day'", "'2 hours'"], 'Utf8', ['1 day', '02:00:00']],
  [
    'uuid',
    ["'00000000-0000-0000-0000-000000000001'", "'ffffffff-0000-0000-0000-000000000001'"],
    'Utf8',
    ['00000000-0000-0000-0000-000000000001', 'ffffffff-0000-0000-0000-000000000001'],
  ],
  ["enum('on', 'off')", ["'off'", "'on'"], 'Utf8', ['off', 'on']],
  [
    'union(n integer, t varchar)',
    ['union_value(n := 1)', "union_value(t := 'x')"],
    'Utf8',
    ['1', 'x'],
  ],
])('%s reads back as it was', async (type, [first, second], arrowType, [one, two]) => {
  const table = await arrowOf(
    `select v from (values (1, cast(${first} as ${type})), (2, null), (3, cast(${second} as ${type}))) t(i, v) order by i`,
  );
  expect(table.schema.fields.map((field) => [field.name, String(field.type)])).toEqual([
    ['v', arrowType],
  ]);
  const [a, gap, b] = cellsOf(table, 'v');
  expect(gap).toBeNull();
  expect(JSON.parse(JSON.stringify([a, b], plain))).toEqual(
    JSON.parse(JSON.stringify([one, two], plain)),
  );
});

/** JSON of what JSON has no form for, so that deep values compare. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && Number.isNaN(value)) return 'NaN';
  if (value instanceof Uint8Array) return [...value];
  return value;
}

function words(value: unknown): bigint {
  const [a = 0, b = 0, c = 0, d = 0] = value as Uint32Array;
  const unsigned = BigInt(a) | (BigInt(b) << 32n) | (BigInt(c) << 64n) | (BigInt(d) << 96n);
  return BigInt.asIntN(128, unsigned);
}

test('decimals and sums keep every digit', async () => {
  const table = await arrowOf(
    `select 12.50::decimal(9, 2) as d, -99999999999999999999999999999999999.5::decimal(36, 1) as w,
     sum(v) as h from (values (9223372036854775807), (9223372036854775807)) t(v)`,
  );
  const types = table.schema.fields.map(({ type }) => type as Decimal);
  expect(types.map(({ precision, scale, bitWidth }) => [precision, scale, bitWidth])).toEqual([
    [9, 2, 128],
    [36, 1, 128],
    [38, 0, 128],
  ]);
  expect(words(table.getChild('d')?.get(0))).toBe(1250n);
  expect(words(table.getChild('w')?.get(0))).toBe(-999999999999999999999999999999999995n);
  expect(words(table.getChild('h')?.get(0))).toBe(18446744073709551614n);
});

test('a sum beyond 38 digits is refused, not bent', async () => {
  const run = arrowOf('select 170141183460469231731687303715884105727::hugeint as h');
  await expect(run).rejects.toThrow('cast(... as varchar)');
});

test('no rows are a schema without batches', async () => {
  const table = await arrowOf("select 1 as a, 'x' as b where false");
  expect(table.numRows).toBe(0);
  expect(table.schema.names).toEqual(['a', 'b']);
});

test('columns of one name get names of their own', async () => {
  expect((await arrowOf('select 1 as a, 2 as a')).schema.names).toEqual(['a', 'a:1']);
});

test('a column of nulls only', async () => {
  const table = await arrowOf('select null as n, null::varchar[] as l, null::boolean as b');
  expect(table.toArray().map((row) => row?.toJSON())).toEqual([{ n: null, l: null, b: null }]);
});

test('many rows across chunks and batches keep their order and their nulls', async () => {
  const table = await arrowOf(
    `select i, case when i % 3 = 0 then null else 'v' || i end as t,
       case when i % 5 = 0 then null else [i, i + 1] end as l, i % 2 = 0 as b
     from range(150000) r(i) order by i`,
  );
  expect(table.numRows).toBe(150_000);
  expect(table.batches.length).toBeGreaterThan(1);
  const [ids, texts, lists, flags] = ['i', 't', 'l', 'b'].map((name) => table.getChild(name));
  for (let row = 0; row < table.numRows; row += 1) {
    const list = lists?.get(row) as Iterable<bigint> | null | undefined;
    const actual = [ids?.get(row), texts?.get(row), list && [...list].join(), flags?.get(row)];
    const wanted = [
      BigInt(row),
      row % 3 === 0 ? null : `v${row}`,
      row % 5 === 0 ? null : `${row},${row + 1}`,
      row % 2 === 0,
    ];
    if (actual.some((value, index) => value !== wanted[index])) expect(actual).toEqual(wanted);
  }
});

test.each([
  ['bigint', 'i::bigint', (i: number) => BigInt(i)],
  ['timestamp', "timestamp '2026-01-01' + to_seconds(i)", (i: number) => 1767225600000 + i * 1000],
  ['short text', "'t' || i", (i: number) => `t${i}`],
  ['text of both kinds', "repeat('é', i % 20)", (i: number) => 'é'.repeat(i % 20)],
])('nulls of %s keep their places over many vectors', async (_, expression, value) => {
  // A filter leaves vectors of odd lengths, so that the bits of one do not begin at a byte.
  const table = await arrowOf(
    `select i, case when i % 3 = 0 then null else ${expression} end as v
     from range(20000) r(i) where i % 7 <> 0 order by i`,
  );
  const wanted = Array.from({ length: 20_000 }, (__, i) => i)
    .filter((i) => i % 7 !== 0)
    .map((i) => (i % 3 === 0 ? null : value(i)));
  expect(cellsOf(table, 'v')).toEqual(wanted);
});

test('what lies in the place of a null is always the same', async () => {
  const table = await arrowOf(
    'select case when i % 2 = 0 then hash(i) end as v from range(5000) r(i) order by i',
  );
  const values = table.getChild('v')?.data.flatMap((data) => [...data.values]) ?? [];
  expect(values.filter((__, i) => i % 2 === 1).every((value) => value === 0n)).toBe(true);
});

test('the driver keeps items where the fast way looks for them', async () => {
  const reader = await database.connection.run("select 1::bigint as a, 'text' as b");
  const chunk = await reader.fetchChunk();
  if (!chunk) throw new Error('no chunk');
  expect(itemsOf(chunk.getColumnVector(0), BigInt64Array)?.items).toEqual(BigInt64Array.of(1n));
  const bytes = new Uint8Array(12);
  expect(textsOf(chunk.getColumnVector(1))?.copy(0, bytes, 0)).toBe(4);
  expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe('text');
});
