/**
 * Where a file differs from what it was, in the words of whoever has it open: rows of a CSV counted
 * as a spreadsheet counts them too, columns by name, lines of other texts.
 */
import type { FileRows } from './row-hashes.ts';

/** Places that are named; the others are counted. */
const MAX_PLACES = 8;

/** From and to, both counted from 0 and inclusive. */
type Range = readonly [number, number];

export function sameRows(one: FileRows, other: FileRows): boolean {
  return sameNumbers(one.rows, other.rows) && sameNumbers(one.columns, other.columns);
}

function sameNumbers(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** Says where; undefined if every row is as it was: then what differs is not in a row. */
export function differingPlaces(
  cut: 'records' | 'lines',
  expected: FileRows,
  found: FileRows,
): string | undefined {
  const { rows } = expected;
  const wordsOf = cut === 'records' ? csvRows : lineNumbers;
  if (rows.length === found.rows.length) {
    const changed = rangesWhere(rows.length, (index) => rows[index] !== found.rows[index]);
    if (changed.length === 0) return undefined;
    return `${wordsOf(changed)}${columnsText(expected, found)}`;
  }
  const shorter = Math.min(rows.length, found.rows.length);
  let head = 0;
  while (head < shorter && rows[head] === found.rows[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && rows.at(-1 - tail) === found.rows.at(-1 - tail)) tail += 1;
  const was = rows.length - head - tail;
  const is = found.rows.length - head - tail;
  const noun = cut === 'records' ? 'row' : 'line';
  if (was === 0) return `added: ${wordsOf([[head, head + is - 1]])}`;
  const old = wordsOf([[head, head + was - 1]]);
  if (is === 0) return `missing: ${old}`;
  return `${is} ${noun}${is === 1 ? '' : 's'} in the place of what was ${old}`;
}

/** Columns can be compared only where rows stand side by side. */
function columnsText(expected: FileRows, found: FileRows): string {
  if (expected.columns.length !== found.columns.length) {
    const [was, is] = [expected.columns.length, found.columns.length];
    return was === 0 && is === 0 ? '' : `; columns: ${is}, there were ${was}`;
  }
  const changed = found.columns.flatMap((hash, index) =>
    hash === expected.columns[index] ? [] : [index],
  );
  if (changed.length === 0) return '';
  const names = changed
    .slice(0, MAX_PLACES)
    .map((index) => `${index + 1} ${JSON.stringify(found.names[index] ?? '')}`);
  return `; column${names.length === 1 ? '' : 's'} ${names.join(', ')}${moreText(changed.length)}`;
}

function rangesWhere(count: number, differs: (index: number) => boolean): Range[] {
  const ranges: Range[] = [];
  for (let index = 0; index < count; index += 1) {
    if (!differs(index)) continue;
    const last = ranges.at(-1);
    if (last && last[1] === index - 1) ranges[ranges.length - 1] = [last[0], index];
    else ranges.push([index, index]);
  }
  return ranges;
}

/** Row 1 is the first below the header; a spreadsheet counts the header too. */
function csvRows(ranges: readonly Range[]): string {
  const places = ranges.slice(0, MAX_PLACES).map(([from, to]) => {
    if (from === 0) return to === 0 ? 'the header' : `the header to row ${to}`;
    if (from === to) return `row ${from} (${from + 1} in a spreadsheet)`;
    return `rows ${from} to ${to} (${from + 1} to ${to + 1} in a spreadsheet)`;
  });
  return `${places.join(', ')}${moreText(ranges.length)}`;
}

function lineNumbers(ranges: readonly Range[]): string {
  const places = ranges
    .slice(0, MAX_PLACES)
    .map(([from, to]) => (from === to ? `line ${from + 1}` : `lines ${from + 1} to ${to + 1}`));
  return `${places.join(', ')}${moreText(ranges.length)}`;
}

function moreText(count: number): string {
  return count > MAX_PLACES ? ` and ${count - MAX_PLACES} more` : '';
}
