import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { duckdbEngine } from '../../src/engines/duckdb.ts';
import { readLayer } from '../../src/query-file.ts';
import {
  columnMeaning,
  REPORTS_FOLDER,
  readColumnMeanings,
} from '../../src/reports/column-meanings.ts';
import { createControlTables } from '../../src/reports/control-tables.ts';
import { runReport } from '../../src/reports/run-report.ts';
import { openEmptyTables, PERIOD } from './fixture.ts';

const reports = readLayer('reports');
const known = readColumnMeanings(REPORTS_FOLDER);
const folders: string[] = [];

function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowproof-columns-'));
  folders.push(folder);
  writeFileSync(join(folder, 'columns.yaml'), text);
  return folder;
}

let database: Database;
/** Columns of each report, as the engine names them. */
const columns = new Map<string, readonly { name: string; meaning?: string }[]>();

beforeAll(async () => {
  database = await openEmptyTables();
  await createControlTables(duckdbEngine(database.connection), {
    allowed_services: [],
    card_data_stores: { owner_kinds: [] },
  });
  for (const file of reports) {
    const result = await runReport(duckdbEngine(database.connection), file, PERIOD, false);
    columns.set(file.name, result.columns);
  }
});

afterAll(() => {
  database.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
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

describe('columnMeaning', () => {
  test.each([
    ['some', 'flow_count', 'Accepted flows.'],
    ['other', 'flow_count', 'Flows of mine.'],
    ['other', 'own', 'Mine.'],
    ['other', 'network_interface_id', known.columns.network_interface_id],
    ['some', 'unknown', undefined],
    ['constructor', 'toString', undefined],
  ])('of the report %s in a folder of the user, %s is %j', (name, column, expected) => {
    const folder = folderWith(
      'columns: {flow_count: Flows of mine., own: Mine.}\nreports: {some: {flow_count: Accepted flows.}}',
    );
    expect(columnMeaning({ name, path: join(folder, `${name}.sql`) }, column)).toBe(expected);
  });

  test('without a file of its own a folder has what flowproof says', () => {
    const path = join(tmpdir(), 'flowproof-no-such-folder', 'some.sql');
    expect(columnMeaning({ name: 'some', path }, 'why')).toBe(known.columns.why);
    expect(columnMeaning({ name: 'some', path }, 'mine')).toBeUndefined();
  });
});

describe('readColumnMeanings', () => {
  test.each([
    ['columns: [', /is no list of columns/],
    ['columns: {a: ""}', /columns\.a/],
    ['more: {}', /more/],
    ['', /is no list of columns/],
  ])('%j is refused', (text, problem) => {
    const folder = folderWith(text);
    expect(() => readColumnMeanings(folder)).toThrow(
      expect.objectContaining({
        code: 'REPORT_INVALID',
        place: join(folder, 'columns.yaml'),
        problem: expect.stringMatching(problem),
      }),
    );
  });
});
