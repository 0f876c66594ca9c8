import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { typeParameters } from '../../src/query/parameters.ts';
import { runQuery } from '../../src/query/query.ts';
import { errorOf, openLockedLake } from './locked-lake.ts';
import { memorySink } from './small-lake.ts';

let root: string;
let database: Database;

beforeAll(async () => {
  ({ root, database } = await openLockedLake());
});

afterAll(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

async function textOf(sql: string, parameterTexts: Record<string, string>): Promise<string> {
  const sink = memorySink();
  const { connection } = database;
  await runQuery({ connection, sql, parameterTexts, format: 'jsonl', sink });
  return sink.bytes().toString('utf8');
}

test.each([
  ['select count(*) as n from flow where bytes > $x', '1', '{"n":1}\n'],
  ['select count(*) as n from flow where bytes in ($x, 2)', '0', '{"n":2}\n'],
  ['select count(*) as n from flow where source_address = $x', '192.0.2.1', '{"n":1}\n'],
  // An account id is text to a column of text, whatever it looks like.
  ["select '00123' = $x as v", '00123', '{"v":true}\n'],
  ["select '123' = $x as v", '123', '{"v":true}\n'],
  ["select timestamp '2026-11-02 10:00' > $x as v", '2026-11-02', '{"v":true}\n'],
  ['select bytes from flow order by all limit $x', '1', '{"bytes":0}\n'],
  ['select $x::bigint + 1 as v', '41', '{"v":42}\n'],
  ['select 1 + $x as v', '41', '{"v":42}\n'],
  ['select not $x as v', 'true', '{"v":false}\n'],
  ['select 2 * $x as v', '1.5', '{"v":3}\n'],
  ['select $x as v', 'true', '{"v":true}\n'],
  ['select $x as v', '123', '{"v":123}\n'],
  ['select $x as v', '00123', '{"v":"00123"}\n'],
  ['select $x as v', '123456789012345678901234567890', '{"v":"123456789012345678901234567890"}\n'],
  ['select $x as v', '', '{"v":""}\n'],
  ['select $x as v', "'; drop view flow; --", '{"v":"\'; drop view flow; --"}\n'],
  ['select $x || 1 as v', 'é=😀', '{"v":"é=😀1"}\n'],
])('%s with %j', async (sql, text, wanted) => {
  expect(await textOf(sql, { x: text })).toBe(wanted);
});

test('a value that its type does not take is named, with the type', async () => {
  const error = await errorOf(textOf('from flow where bytes = $x', { x: 'many\u001b' }));
  expect(error.code).toBe('QUERY_FAILED');
  expect(error.problem).toContain('the parameter $x is of type BIGINT');
  expect(error.problem).not.toContain('\u001b');
  expect(error.remedy).toContain('$x::varchar');
});

test('what is missing is named, and how to give it', async () => {
  const error = await errorOf(textOf('select $a, $b', { b: '1' }));
  expect(error.problem).toBe('no value for the parameter $a');
  expect(error.remedy).toContain('--param a=value');
  expect((await errorOf(textOf('select 1', { c: '1' }))).problem).toContain('no parameter $c');
});

test('a number in one place makes no number of an account id in another', async () => {
  const sql =
    "select 1 + $a > 0 and '0123' = $b and $c + 1 > 0 and bytes < $d as v from flow limit 1";
  const texts = { a: '5', b: '123', c: '1.5', d: '99' };
  expect(await textOf(sql, texts)).toBe('{"v":false}\n');
  const values = await typeParameters(database.connection, sql, texts);
  expect(values).toEqual({ a: 5n, b: '123', c: 1.5, d: 99n });
});

test('numbers beyond JavaScript keep their digits', async () => {
  const sql = 'select 1 + $x, $y::bigint';
  const values = { x: '900719925474099312', y: '9223372036854775807' };
  expect(await textOf(sql, values)).toContain('"900719925474099313"');
  expect(await textOf(sql, values)).toContain('"9223372036854775807"');
});
