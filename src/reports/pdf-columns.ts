/**
 * Which columns of a report stand in the PDF's table, and what is said of the others: paper is narrow,
 * and a table of twenty columns breaks its words. The CSV file has all of them.
 */
import { breakable, printable, printableProse } from './printable.ts';
import type { ReportCell, ReportColumn, ReportResult } from './report.ts';
import { columnTitle } from './report-words.ts';

/** Columns of long texts: printed below their row, over its whole width. */
export const NOTE_COLUMNS: ReadonlyMap<string, string> = new Map([
  ['log_format', 'Format'],
  ['why', 'Why'],
  ['remedy', 'Remedy'],
  ['exception', 'Exception'],
]);

/** More columns than this, and what is the same in every row is said once, above the table. */
const MAX_COLUMNS = 9;
/** Characters of a value that is said once. */
const MAX_SAID_CHARACTERS = 120;

export type PlacedColumn = { column: ReportColumn; index: number };

export type ColumnPlan = {
  table: readonly PlacedColumn[];
  /** What is the same in every row; empty if nothing is. */
  sameText: string;
  /** Columns without a value; empty if there are none. */
  emptyText: string;
};

/** The table's columns in their order, with their places in a row. */
export function planColumns(report: Pick<ReportResult, 'columns' | 'rows'>): ColumnPlan {
  const { rows } = report;
  const hasWhy = report.columns.some(({ name }) => name === 'why');
  const placed = report.columns
    .map((column, index) => ({ column, index }))
    // A code stands behind its sentence.
    .filter(({ column: { name } }) => !NOTE_COLUMNS.has(name) && !(hasWhy && name === 'gap_code'));
  const isEmpty = ({ index }: PlacedColumn): boolean =>
    rows.length > 0 && rows.every((row) => isNothing(row[index]));
  const isBare = placed.every(isEmpty);
  const empty = isBare ? [] : placed.filter(isEmpty);
  const filled = placed.filter((one) => !empty.includes(one));
  const isSame = ({ column, index }: PlacedColumn): boolean =>
    rows.length > 1 &&
    column.name !== 'status' &&
    rows.every((row) => row[index] === rows[0]?.[index]);
  const isUniform = filled.every(isSame);
  const same = filled.length > MAX_COLUMNS && !isUniform ? filled.filter(isSame) : [];
  const values = same.map(
    ({ column, index }) => `${titleOf(column)}: ${valueText(rows[0]?.[index] ?? null)}`,
  );
  return {
    table: filled.filter((one) => !same.includes(one)),
    sameText: values.length === 0 ? '' : `In every row: ${values.join('; ')}.`,
    emptyText:
      empty.length === 0
        ? ''
        : `Without a value in any row: ${empty.map(({ column }) => titleOf(column)).join(', ')}.`,
  };
}

function isNothing(cell: ReportCell | undefined): boolean {
  return cell === null || cell === undefined || cell === '';
}

function titleOf(column: ReportColumn): string {
  return printableProse(columnTitle(column.name));
}

function valueText(cell: ReportCell): string {
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  const shown = printable(String(cell));
  return breakable(
    shown.length <= MAX_SAID_CHARACTERS ? shown : `${shown.slice(0, MAX_SAID_CHARACTERS - 2)} …`,
    24,
  );
}
