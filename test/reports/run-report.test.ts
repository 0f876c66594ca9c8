import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import { duckdbEngine } from '../../src/engines/duckdb.ts';
import type { QueryFile } from '../../src/query-file.ts';
import type { ReportResult } from '../../src/reports/report.ts';
import { runReport } from '../../src/reports/run-report.ts';

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
});

afterAll(() => {
  database.close();
});

function queryOf(sql: string, header: Record<string, string> = {}): QueryFile {
  return {
    layer: 'reports',
    name: 'some_report',
    path: 'queries/reports/some_report.sql',
    header: {
      title: 'Title',
      question: 'Question?',
      requirements: '1.2.5, 10.2.2',
      parameters: 'none',
      rows: 'findings',
      grain: 'one row a thing',
      limits: 'Some.',
      ...header,
    },
    written: '',
    text: sql,
    sha256: 'ab'.repeat(32),
  };
}

function run(
  sql: string,
  header: Record<string, string> = {},
  hadData = true,
): Promise<ReportResult> {
  const parameters = { period_start: '2026-11-02T00:00:00Z', period_end: '2026-11-04T00:00:00Z' };
  return runReport(duckdbEngine(database.connection), queryOf(sql, header), parameters, hadData);
}

/** An expression, the type of its column, and its cell. */
const VALUES: [string, string, unknown][] = [
  ["'text'", 'text', 'text'],
  ["''", 'text', ''],
  ['null::varchar', 'text', null],
  ['null::bigint', 'number', null],
  ['null::timestamp', 'time', null],
  ['true', 'boolean', true],
  ['1::tinyint', 'number', 1],
  ['443::smallint', 'number', 443],
  ['443::integer', 'number', 443],
  ['5::bigint', 'number', 5],
  ['9007199254740991::bigint', 'number', 9007199254740991],
  ['9007199254740993::bigint', 'number', '9007199254740993'],
  ['sum(x) from (values (9007199254740993), (2)) t(x)', 'number', '9007199254740995'],
  ['0.5::double', 'number', 0.5],
  ['12.50::decimal(9, 2)', 'number', '12.50'],
  ["timestamp '2026-11-02 10:15:00'", 'time', '2026-11-02T10:15:00Z'],
  ["timestamp '2026-11-02 10:15:00.999'", 'time', '2026-11-02T10:15:00Z'],
  ["date '2026-11-02'", 'text', '2026-11-02'],
  ["['b', 'a']", 'text', 'b, a'],
  ['[443, 22]', 'text', '443, 22'],
  ['[]::varchar[]', 'text', ''],
];

describe('runReport', () => {
  test.each(VALUES)('%s is a column of type %s', async (sql, type, cell) => {
    const select = sql.includes(' from ')
      ? `select ${sql.replace(' from ', ' as v from ')}`
      : `select ${sql} as v`;
    const report = await run(select);
    expect(report.columns).toEqual([{ name: 'v', type }]);
    expect(report.rows).toEqual([[cell]]);
  });

  test('gives what the header says, and the hash of what ran', async () => {
    expect(await run('select 1 as n')).toMatchObject({
      name: 'some_report',
      title: 'Title',
      question: 'Question?',
      requirements: ['1.2.5', '10.2.2'],
      rowKind: 'findings',
      grain: 'one row a thing',
      limits: 'Some.',
      querySha256: 'ab'.repeat(32),
    });
  });

  test('passes the parameters that the header names, and records those alone', async () => {
    const report = await run('select $period_end::timestamp as ends_at', {
      parameters: 'period_end',
    });
    expect(report.parameters).toEqual({ period_end: '2026-11-04T00:00:00Z' });
    expect(report.rows).toEqual([['2026-11-04T00:00:00Z']]);
  });

  test('a value is never SQL', async () => {
    const text = "'; drop table x; --";
    const query = queryOf('select $period_start as v', { parameters: 'period_start' });
    const report = await runReport(
      duckdbEngine(database.connection),
      query,
      { period_start: text },
      true,
    );
    expect(report.rows).toEqual([[text]]);
  });

  test('keeps the order of the query', async () => {
    const report = await run('select i::integer as i from range(5000) r(i) order by i desc');
    expect(report.rows.map(([cell]) => cell)).toEqual(
      Array.from({ length: 5000 }, (_, index) => 4999 - index),
    );
  });

  test('counts rows by their status', async () => {
    const report = await run(
      `select * from (values (1, 'partial'), (2, 'partial'), (3, 'supports'), (4, null)) t(n, status)
         order by n`,
    );
    expect(report.statusCounts).toEqual({ partial: 2, supports: 1 });
  });

  test.each([
    ["select 'compliant' as status", {}, /some_report\.sql: a row has the status "compliant"/],
    ['select 1 as n from nowhere', {}, /nowhere/],
    ['select $first_day as day', { parameters: 'first_day' }, /names the parameter "first_day"/],
  ])('%s is refused with the place', async (sql, header, message) => {
    const failure = run(sql, header);
    await expect(failure).rejects.toMatchObject({ code: 'REPORT_INVALID' });
    await expect(failure).rejects.toThrow(message);
  });

  test('without a column of statuses there are none to count', async () => {
    const report = await run("select 'partial' as verdict");
    expect(report.statusCounts).toEqual({});
  });

  test.each([
    ['select 1 as n where false', true],
    ['select 1 as n where false', false],
    ['select 1 as n', true],
  ])('%s says whether there was data to look at as it was told: %s', async (sql, hadData) => {
    expect((await run(sql, {}, hadData)).hadData).toBe(hadData);
  });
});
