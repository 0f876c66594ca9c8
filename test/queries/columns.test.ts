import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { readLayer } from '../../src/query-file.ts';
import { loadColumnMeanings, meaningOf } from '../../src/reports/column-meanings.ts';
import { runReport } from '../../src/reports/run-report.ts';
import { openEmptyTables, PERIOD } from './fixture.ts';

const reports = readLayer('reports');
const known = loadColumnMeanings();

let database: Database;
/** Columns of each report, as the engine names them. */
const columns = new Map<string, readonly { name: string; meaning?: string }[]>();

beforeAll(async () => {
  database = await openEmptyTables();
  for (const file of reports) {
    const result = await runReport(database.connection, file, PERIOD, false);
    columns.set(file.name, result.columns);
  }
});

afterAll(() => {
  database.close();
});

describe('columns.yaml', () => {
  test.each(reports.map((file) => file.name))('describes every column of %s', (report) => {
    const own = columns.get(report) ?? [];
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((column) => !column.meaning).map((column) => column.name)).toEqual([]);
  });

  test('describes no column that no report has', () => {
    const used = new Set([...columns.values()].flatMap((own) => own.map((column) => column.name)));
    expect(Object.keys(known.columns).filter((name) => !used.has(name))).toEqual([]);
    for (const [report, own] of Object.entries(known.reports)) {
      const names = columns.get(report)?.map((column) => column.name) ?? [];
      expect(Object.keys(own).filter((name) => !names.includes(name))).toEqual([]);
    }
  });

  test('has its names in order, and sentences that end', () => {
    const lists = [known.columns, ...Object.values(known.reports)];
    for (const list of lists)
      expect(Object.values(list).filter((text) => !text.endsWith('.'))).toEqual([]);
    expect(Object.keys(known.columns)).toEqual(Object.keys(known.columns).sort());
  });
});

describe('meaningOf', () => {
  const meanings = {
    columns: { flow_count: 'Flows.' },
    reports: { some: { flow_count: 'Accepted flows.' } },
  };

  test.each([
    ['some', 'flow_count', 'Accepted flows.'],
    ['other', 'flow_count', 'Flows.'],
    ['some', 'unknown', undefined],
    ['constructor', 'toString', undefined],
  ])('of %s, %s is %j', (report, column, expected) => {
    expect(meaningOf(meanings, report, column)).toBe(expected);
  });
});

describe('loadColumnMeanings', () => {
  test.each([
    ['columns: [', /is no list of columns/],
    ['columns: {a: ""}\nreports: {}', /columns\.a/],
    ['columns: {}\nreports: {}\nmore: {}', /more/],
    ['columns: {}', /reports/],
  ])('%j is refused', (text, problem) => {
    const root = mkdtempSync(join(tmpdir(), 'flowproof-columns-'));
    try {
      mkdirSync(join(root, 'reports'));
      writeFileSync(join(root, 'reports', 'columns.yaml'), text);
      expect(() => loadColumnMeanings(root)).toThrow(
        expect.objectContaining({
          code: 'REPORT_INVALID',
          place: join(root, 'reports', 'columns.yaml'),
          problem: expect.stringMatching(problem),
        }),
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
