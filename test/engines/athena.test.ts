import { AthenaClient } from '@aws-sdk/client-athena';
import { afterEach, describe, expect, test } from 'vitest';
import { type AthenaOptions, athenaEngine } from '../../src/engines/athena.ts';
import { asJson } from '../../src/engines/select-list.ts';
import { type AthenaAnswer, athenaAccount, athenaFault } from '../athena-double.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  failingFirst,
  type HttpDouble,
  startHttpDouble,
} from '../http-double.ts';

let double: HttpDouble | undefined;
afterEach(async () => {
  await double?.close();
  double = undefined;
});

async function open(
  answerTo: (statement: string) => AthenaAnswer,
  options: Partial<AthenaOptions> = {},
  around: (answering: Answering) => Answering = (answering) => answering,
) {
  const account = athenaAccount(answerTo);
  double = await startHttpDouble(around(account.answering));
  const waits: number[] = [];
  const scanned = { bytes: 0 };
  const engine = athenaEngine({
    client: new AthenaClient({
      endpoint: double.endpoint,
      region: 'us-east-1',
      credentials: DOUBLE_CREDENTIALS,
      maxAttempts: 3,
    }),
    workgroup: 'evidence',
    catalog: 'AwsDataCatalog',
    database: 'flowproof',
    scanned,
    wait: async (milliseconds) => void waits.push(milliseconds),
    ...options,
  });
  return { ...account, engine, waits, scanned };
}

const ONE: AthenaAnswer = { columns: [['a', 'integer']], rows: [['1']] };

describe('a statement on Athena', () => {
  test('is sent to its workgroup and database, and its pages are one result', async () => {
    const columns = [
      ['a', 'bigint'],
      ['b', 'timestamp'],
      ['c', 'varchar'],
      ['d', 'double'],
      ['e', 'boolean'],
      ['f', 'date'],
      ['g', 'decimal'],
    ] as const;
    const row = ['7', '2026-11-02 06:00:00.500', "it's", '0.25', 'true', '2026-11-02', '1.50'];
    const { engine, started } = await open(
      () => ({ columns, rows: [row, row, row, row.map(() => null)] }),
      { output: 's3://results-example/', resultReuseMinutes: 60 },
    );
    const result = await engine.run('select $a', { a: "it's" });
    const told = [7, '2026-11-02 06:00:00.500000', "it's", 0.25, true, '2026-11-02', '1.50'];
    expect(result).toEqual({
      columns: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      types: ['number', 'time', 'text', 'number', 'boolean', 'date', 'number'],
      rows: [told, told, told, told.map(() => null)],
    });
    expect(started.map(({ QueryString }) => QueryString)).toEqual([
      "select * from (select 'it''s') limit 0",
      "select 'it''s'",
    ]);
    expect(started[1]).toMatchObject({
      WorkGroup: 'evidence',
      QueryExecutionContext: { Catalog: 'AwsDataCatalog', Database: 'flowproof' },
      ResultConfiguration: { OutputLocation: 's3://results-example/' },
      ResultReuseConfiguration: {
        ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: 60 },
      },
    });
    expect(new Set(started.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(2);
  });

  test('is asked after with growing waits, until it has ended', async () => {
    const states = [
      { state: 'QUEUED' },
      ...Array.from({ length: 9 }, () => ({ state: 'RUNNING', bytes: 10 })),
      { state: 'SUCCEEDED', bytes: 20 },
    ];
    const { engine, waits, scanned } = await open(() => ({ ...ONE, states }));
    expect((await engine.runOwn('select 1 as a')).rows).toEqual([[1]]);
    expect(waits.slice(0, 3)).toEqual([100, 150, 225]);
    expect(waits.at(-1)).toBe(2000);
    expect(scanned.bytes).toBe(20);
  });

  test('gives lists and maps as they are, by JSON', async () => {
    const { engine, started } = await open((statement) => {
      const isTypes = statement.endsWith('limit 0');
      const rows = [['x', '["a, b","c"]', '{"q":"2","p":"1"}']];
      return {
        columns: [
          ['id', 'varchar'],
          ['list', isTypes ? 'array' : 'varchar'],
          ['tags', isTypes ? 'map' : 'varchar'],
        ],
        rows: isTypes ? [] : rows,
      };
    });
    const sql = 'with t as (select 1) select id, list, t.tags from t order by id';
    expect(await engine.run(sql)).toEqual({
      columns: ['id', 'list', 'tags'],
      types: ['text', 'other', 'other'],
      rows: [
        [
          'x',
          ['a, b', 'c'],
          [
            ['p', '1'],
            ['q', '2'],
          ],
        ],
      ],
    });
    expect(started[1]?.QueryString).toBe(
      'with t as (select 1) select id, json_format(cast(list as json)) as "list", json_format(cast(t.tags as json)) as "tags" from t order by id',
    );
  });

  test('of DDL has no row of names', async () => {
    const { engine } = await open(() => ({
      columns: [['result', 'string']],
      rows: [['result of a table']],
      isDdl: true,
    }));
    expect((await engine.runOwn('show tables')).rows).toEqual([['result of a table']]);
  });

  test('is ended where it scans more than the run may', async () => {
    const states = [
      { state: 'RUNNING', bytes: 400 },
      { state: 'RUNNING', bytes: 1200 },
    ];
    const { engine, stopped, scanned } = await open(() => ({ ...ONE, states }), {
      maxBytesScanned: 1000,
    });
    await expect(engine.runOwn('select 1')).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      problem: expect.stringContaining('scanned 1200 bytes, and athena.max_gigabytes_scanned'),
    });
    expect(stopped).toEqual(['q-0']);
    expect(scanned.bytes).toBe(1200);
  });

  test('says why it failed, whatever stands in the reason', async () => {
    const states = [{ state: 'FAILED', reason: 'TABLE_NOT_FOUND: \u001b[31mline 1' }];
    const { engine } = await open(() => ({ ...ONE, states }));
    const failure = engine.runOwn('select 1');
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    await expect(failure).rejects.toThrow(/q-0 as FAILED: TABLE_NOT_FOUND/);
    await expect(failure).rejects.not.toThrow('\u001b');
  });

  test('is sent again where Athena has too many', async () => {
    const { engine, started } = await open(
      () => ONE,
      {},
      (answering) =>
        failingFirst([athenaFault('TooManyRequestsException', 'Rate exceeded')], answering),
    );
    expect((await engine.runOwn('select 1')).rows).toEqual([[1]]);
    expect(started).toHaveLength(1);
  });

  test('names the permission where Athena refuses', async () => {
    const { engine } = await open(
      () => ONE,
      {},
      () => () => athenaFault('AccessDeniedException', 'not authorized'),
    );
    await expect(engine.runOwn('select 1')).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      place: 'Athena, workgroup evidence',
      remedy: expect.stringContaining('athena:StartQueryExecution'),
    });
  });

  test('is stopped at Athena when the run is', async () => {
    const controller = new AbortController();
    const { engine, stopped } = await open(() => ({ ...ONE, states: [{ state: 'RUNNING' }] }), {
      signal: controller.signal,
      wait: async () => controller.abort(new Error('SIGTERM')),
    });
    await expect(engine.runOwn('select 1')).rejects.toThrow('SIGTERM');
    expect(stopped).toEqual(['q-0']);
  });

  test('that is too long is not sent', async () => {
    const { engine, started } = await open(() => ONE);
    await expect(engine.runOwn(`select '${'x'.repeat(262_144)}'`)).rejects.toMatchObject({
      problem: expect.stringContaining('longer than the 262144'),
    });
    expect(started).toEqual([]);
  });
});

test('tables have times to the millisecond, and stand where they are told to', async () => {
  const { engine, started } = await open((statement) => ({
    columns: statement.endsWith('limit 0')
      ? [
          ['id', 'varchar'],
          ['at', 'timestamp'],
        ]
      : [],
  }));
  await engine.store('t', 'select id, at from u', {}, { location: 's3://bucket/t/' });
  const columns = [{ name: 'at', type: 'TIMESTAMP' }];
  await engine.store('v', 'select at from u', {}, { columns, location: 's3://bucket/v/' });
  expect(started.map(({ QueryString }) => QueryString)).toEqual([
    'drop table if exists t',
    'select * from (select id, at from u) limit 0',
    `create table t with (format = 'PARQUET', external_location = 's3://bucket/t/') as select "id", cast("at" as timestamp(3)) as "at" from (select id, at from u)`,
    'drop table if exists v',
    `create table v with (format = 'PARQUET', external_location = 's3://bucket/v/') as select cast("at" as timestamp(3)) as "at" from (select at from u)`,
  ]);
});

describe('a list of columns as JSON', () => {
  test.each([
    ['select a, b as c from t', 'select a, json_format(cast(b as json)) as "c" from t'],
    [
      'select * from t order by 1',
      'select "a", json_format(cast("c" as json)) as "c" from t order by 1',
    ],
    [
      'select distinct a is distinct from b as a, [x, y] as c from t',
      'select distinct a is distinct from b as a, json_format(cast([x, y] as json)) as "c" from t',
    ],
    [
      'with t as (select 1, 2) select f(a, b) as a, cast(b as array(x)) as c where d',
      'with t as (select 1, 2) select f(a, b) as a, json_format(cast(cast(b as array(x)) as json)) as "c" where d',
    ],
  ])('%s', (sql, expected) => {
    expect(asJson(sql, ['a', 'c'], [1])).toBe(expected);
  });

  test.each(['select a, b from t union all select a, b from u', 'select t.*, u.* from t, u'])(
    'is left as it is: %s',
    (sql) => {
      expect(asJson(sql, ['a', 'b', 'c'], [1])).toBeUndefined();
    },
  );
});
