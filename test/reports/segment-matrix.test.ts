import { expect, test } from 'vitest';
import { briefCount, segmentMatrix } from '../../src/reports/segment-matrix.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [99_999, '99,999'],
  [100_000, '100 k'],
  [999_499, '999 k'],
  [999_500, '1.00 M'],
  [1_234_567, '1.23 M'],
  [99_960_000, '100 M'],
  [12_345_678_901, '12.3 G'],
])('%i is %s', (count, text) => {
  expect(briefCount(count)).toBe(text);
});

test('scopes by name, the busiest other side first, and a cell for each pair', () => {
  const matrix = segmentMatrix([
    { scope: 'shop', peer: 'internet', acceptedCount: 1, rejectedCount: 5000 },
    { scope: 'cde', peer: 'scope shop', acceptedCount: 10, rejectedCount: 0 },
    { scope: 'cde', peer: 'internet', acceptedCount: 0, rejectedCount: 3 },
  ]);
  expect(matrix.peers).toEqual(['internet', 'scope shop']);
  expect(
    matrix.rows.map(({ scope, cells }) => [scope, ...cells.map(({ state }) => state)]),
  ).toEqual([
    ['cde', 'rejected', 'accepted'],
    ['shop', 'both', 'none'],
  ]);
  expect(matrix.rows[1]?.cells[0]).toEqual({ state: 'both', accepted: '1', rejected: '5,000' });
  expect(matrix.restText).toBe('');
});

test('inside a scope no control is asked for', () => {
  const pair = { scope: 'cde', peer: 'scope cde', acceptedCount: 2, rejectedCount: 0 };
  expect(segmentMatrix([pair]).rows[0]?.cells).toEqual([
    { state: 'inside', accepted: '2', rejected: '' },
  ]);
});

test('what has no room is counted', () => {
  const matrix = segmentMatrix(
    Array.from({ length: 9 }, (_, index) => ({
      ...{ scope: `s${index}`, peer: `p${index}` },
      ...{ acceptedCount: 100 - index, rejectedCount: 0 },
    })),
  );
  expect(matrix.rows.map(({ scope }) => scope)).not.toContain('s8');
  expect(matrix.peers).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
  expect(matrix.restText).toBe('Not drawn: 1 more scope and 2 more other sides.');
});
