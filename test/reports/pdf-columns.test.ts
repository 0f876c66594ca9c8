import { expect, test } from 'vitest';
import { planColumns } from '../../src/reports/pdf-columns.ts';
import type { ReportCell } from '../../src/reports/report.ts';

const plan = (names: readonly string[], ...rows: ReportCell[][]) => {
  const made = planColumns({ columns: names.map((name) => ({ name, type: 'text' })), rows });
  return { ...made, table: made.table.map(({ column }) => column.name) };
};

test('sentences stand below their row, and a code behind its sentence', () => {
  expect(plan(['host', 'gap_code', 'why', 'remedy'], ['a', 'B', 'c', 'd']).table).toEqual(['host']);
  expect(plan(['host', 'gap_code'], ['a', 'B']).table).toEqual(['host', 'gap_code']);
});

test('a column without any value is named, and left out', () => {
  const made = plan(['host', 'peer_name', 'flow_count'], ['a', null, 0], ['b', '', 1]);
  expect(made.table).toEqual(['host', 'flow_count']);
  expect(made.emptyText).toBe('Without a value in any row: Peer name.');
  expect(plan(['host'], [null]).table).toEqual(['host']);
  expect(plan(['host']).table).toEqual(['host']);
});

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'status'];

test('of many columns, what is the same in every row is said once', () => {
  const row = (first: string, flag: boolean): ReportCell[] => [
    ...[first, flag, true, 'x\u202ey', 'v', 'v', 'v', 'v', 'v', 'partial'],
  ];
  const made = plan(NAMES, row('1', true), row('2', false));
  expect(made.table).toEqual(['a', 'b', 'status']);
  expect(made.sameText).toContain('In every row: C: yes; D: x[U+202E]y; E: v;');
  expect(plan(NAMES, row('1', true)).table).toEqual(NAMES);
  expect(plan(NAMES, row('1', true), row('1', true)).table).toEqual(['status']);
  const few = plan(NAMES.slice(0, 9), row('1', true).slice(0, 9), row('2', true).slice(0, 9));
  expect([few.table, few.sameText]).toEqual([NAMES.slice(0, 9), '']);
});
