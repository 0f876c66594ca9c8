import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differingPlaces } from '../../src/reports/locate.ts';
import { rowsOf } from '../../src/reports/row-hashes.ts';

const HEADER = ['id', 'name', 'status'];

function table(rowCount: number): string[][] {
  return [
    HEADER,
    ...Array.from({ length: rowCount }, (_, row) => HEADER.map((name) => `${name} ${row + 1}`)),
  ];
}

function hashesOf(rows: readonly (readonly string[])[]) {
  return rowsOf('records', Buffer.from(rows.map((row) => `${row.join(',')}\r\n`).join('')));
}

function places(from: readonly string[][], to: readonly string[][]): string | undefined {
  return differingPlaces('records', hashesOf(from), hashesOf(to));
}

describe('rows of a CSV', () => {
  test('the row and the column of one changed cell, wherever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(39), fc.nat(2), (count, at, column) => {
        const rows = table(count);
        const row = (at % count) + 1;
        const changed = structuredClone(rows);
        (changed[row] as string[])[column] = 'changed';
        expect(places(rows, changed)).toBe(
          `row ${row} (${row + 1} in a spreadsheet); column ${column + 1} "${HEADER[column]}"`,
        );
      }),
    );
  });

  test.each<[string, (rows: string[][]) => string[][], string]>([
    [
      'rows taken out',
      (rows) => rows.filter((_, index) => index !== 4 && index !== 5),
      'missing: rows 4 to 5 (5 to 6 in a spreadsheet)',
    ],
    ['the last row cut off', (rows) => rows.slice(0, -1), 'missing: row 9 (10 in a spreadsheet)'],
    [
      'a row put in',
      (rows) => rows.toSpliced(3, 0, ['x', 'y', 'z']),
      'added: row 3 (4 in a spreadsheet)',
    ],
    [
      'a row for three',
      (rows) => rows.toSpliced(2, 3, ['x', 'y', 'z']),
      '1 row in the place of what was rows 2 to 4 (3 to 5 in a spreadsheet)',
    ],
    [
      'two rows swapped',
      (rows) => rows.with(2, rows[7] ?? []).with(7, rows[2] ?? []),
      'row 2 (3 in a spreadsheet), row 7 (8 in a spreadsheet); columns 1 "id", 2 "name", 3 "status"',
    ],
    [
      'a column in every row',
      (rows) => rows.map((row) => row.with(2, 'partial')),
      'the header to row 9; column 3 "partial"',
    ],
    [
      'a column more',
      (rows) => rows.map((row) => [...row, 'x']),
      'the header to row 9; columns: 4, there were 3',
    ],
    ['nothing left', () => [], 'missing: the header to row 9'],
  ])('%s', (_what, change, expected) => {
    expect(places(table(9), change(table(9)))).toBe(expected);
  });

  test('many places are counted, not all named', () => {
    const changed = table(100).map((row, index) => (index % 2 === 0 ? row : row.with(1, 'x')));
    expect(places(table(100), changed)).toMatch(
      /^row 1 .*row 15 \(16 in a spreadsheet\) and 42 more; column 2 "name"$/,
    );
  });

  test('nothing that a row would show', () => {
    expect(places(table(3), table(3))).toBeUndefined();
  });
});

test('lines of other texts', () => {
  const lines = (text: string) => rowsOf('lines', Buffer.from(text));
  const sql = 'select\n  1\nfrom\n  a\n';
  const said = (text: string) => differingPlaces('lines', lines(sql), lines(text));
  expect(said('select\n  2\nfrom\n  a\n')).toBe('line 2');
  expect(said('select\n  2\nFROM\n  a\n')).toBe('lines 2 to 3');
  expect(said('select\n  1\nfrom\n  a')).toBe('line 4');
  expect(said('select\n  1\nfrom\n')).toBe('missing: line 4');
  expect(said(`${sql}order by\n  1\n`)).toBe('added: lines 5 to 6');
});
