/**
 * How wide the columns of a table in the PDF are, and how tall its rows become. Text is measured, not
 * counted: ids stand on one line where the page has room for them, and long sentences get what is left.
 */
import { BREAK } from './printable.ts';

/** A cell as the table sets it: its text, the size of its letters, and what stands before it. */
export type MeasuredCell = { text: string; isBold?: boolean; before?: number };

/** Blank space at the left and right of a cell together, in points, and one more for rounding. */
const PADDING = 9;

/** Width of one step in the search for the best widths, in points. */
const STEP = 6;

/** Advance widths of Noto Sans Regular by kinds of letters, in units of the font size, rounded up. */
const LETTER_WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;'|!]/, 0.28],
  [/[ftr()[\]\-/ ]/, 0.4],
  [/[a-z0-9_*"?–]/, 0.58],
  [/[A-LN-PR-VX-Z<>=+#$&]/, 0.66],
];
const WIDEST = 0.94;
/** Letters in bold type are wider by this factor. */
const BOLD = 1.07;

const letterWidths = new Map<string, number>();

function letterWidth(letter: string): number {
  const known = letterWidths.get(letter);
  if (known !== undefined) return known;
  const width = LETTER_WIDTHS.find(([kind]) => kind.test(letter))?.[1] ?? WIDEST;
  letterWidths.set(letter, width);
  return width;
}

/** Widths in points of the parts between which a line may end; a blank belongs to the part before. */
function partsOf(cell: MeasuredCell, fontSize: number): number[] {
  const size = fontSize * (cell.isBold ? BOLD : 1);
  const parts = [cell.before ?? 0];
  let isOpen = true;
  for (const letter of cell.text) {
    if (!isOpen) parts.push(0);
    if (letter !== BREAK)
      parts[parts.length - 1] = (parts.at(-1) ?? 0) + letterWidth(letter) * size;
    isOpen = letter !== BREAK && letter !== ' ';
  }
  return parts;
}

function lineCount(parts: readonly number[], width: number): number {
  let lines = 1;
  let used = 0;
  for (const part of parts) {
    if (used > 0 && used + part > width) {
      lines += 1;
      used = 0;
    }
    used += part;
    // A part that is wider than the column is broken anywhere by the typesetter.
    if (used > width && width > 0) {
      lines += Math.ceil(used / width) - 1;
      used %= width;
    }
  }
  return lines;
}

/**
 * Widths of the columns, in points, that fill the page, and the lines that each row then takes.
 * `rows` holds the header's cells first. Widths never depend on the order of rows.
 */
export function layoutColumns(
  rows: readonly (readonly MeasuredCell[])[],
  pagePoints: number,
  fontSize: number,
): { widths: number[]; rowLines: number[] } {
  const columns = (rows[0] ?? []).map((_title, index) =>
    rows.map((row) => partsOf(row[index] ?? { text: '' }, fontSize)),
  );
  const least = columns.map((cells) => Math.max(0, ...cells.flat()) + PADDING);
  const spare = pagePoints - least.reduce((sum, width) => sum + width, 0);
  const given = giveSteps(columns, least, Math.floor(spare / STEP));
  const wanted = least.map((width, index) => width + (given[index] ?? 0) * STEP);
  const scale = pagePoints / wanted.reduce((sum, width) => sum + width, 0);
  const widths = wanted.map((width) => Math.round(width * scale * 10) / 10);
  const rowLines = rows.map((_row, number) =>
    Math.max(
      1,
      ...columns.map((cells, index) =>
        lineCount(cells[number] ?? [], (widths[index] ?? 0) - PADDING),
      ),
    ),
  );
  return { widths, rowLines };
}

/**
 * Steps for each column: again and again to the one where they save most lines. A line of a tall cell
 * counts for more than one of a low cell, because the tallest cell of a row makes its height.
 */
function giveSteps(
  columns: readonly (readonly (readonly number[])[])[],
  least: readonly number[],
  steps: number,
): number[] {
  const costs = columns.map(() => new Map<number, number>());
  const costOf = (column: number, count: number): number => {
    const known = costs[column]?.get(count);
    if (known !== undefined) return known;
    const width = (least[column] ?? 0) + count * STEP - PADDING;
    let cost = 0;
    for (const cell of columns[column] ?? []) cost += lineCount(cell, width) ** 3;
    costs[column]?.set(count, cost);
    return cost;
  };
  const given = columns.map(() => 0);
  for (let left = steps; left > 0; ) {
    let best = { column: -1, count: 0, gain: 0 };
    for (const column of columns.keys()) {
      const now = given[column] ?? 0;
      for (let count = 1; count <= left; count += 1) {
        const gain = (costOf(column, now) - costOf(column, now + count)) / count;
        if (gain > best.gain) best = { column, count, gain };
      }
    }
    if (best.column < 0) break;
    given[best.column] = (given[best.column] ?? 0) + best.count;
    left -= best.count;
  }
  return given;
}
