import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutColumns, type MeasuredCell } from '../../src/reports/column-widths.ts';
import { breakable } from '../../src/reports/printable.ts';

const PAGE = 740;
const SIZE = 7.5;

function cells(texts: readonly string[]): MeasuredCell[] {
  return texts.map((text) => ({ text: breakable(text) }));
}

const SENTENCE =
  'user 0, type 0, time 6822, outcome 0, origination 0, affected 6822 (by companion)';

describe('layoutColumns', () => {
  test('the widths fill the page, and every row has a line', () => {
    const anyCell = fc.stringMatching(/^[A-Za-z0-9 .:_-]{0,60}$/);
    const anyTable = fc.integer({ min: 1, max: 12 }).chain((width) =>
      fc.array(fc.array(anyCell, { minLength: width, maxLength: width }), {
        minLength: 1,
        maxLength: 6,
      }),
    );
    fc.assert(
      fc.property(anyTable, (table) => {
        const { widths, rowLines } = layoutColumns(table.map(cells), PAGE, SIZE);
        const sum = widths.reduce((total, width) => total + width, 0);
        expect(Math.abs(sum - PAGE)).toBeLessThan(widths.length);
        expect(widths.every((width) => width > 0)).toBe(true);
        expect(rowLines).toHaveLength(table.length);
        expect(rowLines.every((lines) => lines >= 1)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('ids stand on one line if the page has room for them', () => {
    const ids = ['123456789012', 'eni-0a1b2c3d4e5f60718', 'i-0a1b2c3d4e5f60718', '198.51.100.200'];
    const { rowLines } = layoutColumns(
      [cells(['Account', 'Interface', 'Instance', 'Address']), cells(ids)],
      PAGE,
      SIZE,
    );
    expect(rowLines).toEqual([1, 1]);
  });

  test('a long sentence gets more than the short cells beside it', () => {
    const row = ['6822', SENTENCE, 'user_identification', '10.0.1.10', 'eni-0a1b2c3d4e5f60718'];
    const { widths, rowLines } = layoutColumns(
      [cells(['Count', 'Detail', 'Element', 'Address', 'Interface']), cells(row)],
      400,
      SIZE,
    );
    expect(Math.max(...widths)).toBe(widths[1]);
    expect(rowLines[1]).toBeLessThanOrEqual(3);
  });

  test('more room never makes rows taller', () => {
    const table = [cells(['A', 'B', 'C']), cells([SENTENCE, SENTENCE.repeat(3), 'short'])];
    const heights = [200, 300, 400, 600, 900].map(
      (points) => layoutColumns(table, points, SIZE).rowLines[1] ?? 0,
    );
    expect(heights).toEqual(heights.toSorted((one, other) => other - one));
    expect(heights.at(-1)).toBeLessThan(heights[0] ?? 0);
  });

  test('does not depend on the order of rows', () => {
    const rows = Array.from({ length: 20 }, (_, index) =>
      cells([`i-${index}`.repeat(index), SENTENCE.slice(index), String(index)]),
    );
    const header = cells(['One', 'Two', 'Three']);
    expect(layoutColumns([header, ...rows], PAGE, SIZE).widths).toEqual(
      layoutColumns([header, ...rows.toReversed()], PAGE, SIZE).widths,
    );
  });

  test('words that no page could hold are counted with the lines that they break into', () => {
    const { rowLines } = layoutColumns([[{ text: 'x'.repeat(1000) }]], 100, SIZE);
    expect(rowLines[0]).toBeGreaterThan(40);
  });

  test('what stands before the text, and bold type, need room', () => {
    const plain = layoutColumns([[{ text: 'Partial' }, { text: 'Partial' }]], PAGE, SIZE).widths;
    expect(plain[0]).toBe(plain[1]);
    const wider = layoutColumns(
      [[{ text: 'Partial', isBold: true, before: 12 }, { text: 'Partial' }]],
      PAGE,
      SIZE,
    ).widths;
    expect(wider[0]).toBeGreaterThan(wider[1] ?? 0);
  });
});
