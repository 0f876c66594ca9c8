/**
 * The data dictionary of a pack: one row a report and column, with its type and what it means. It is a
 * table as a report is one, so that CSV and workbook show it by the same rules.
 */
import type { PackContent, ReportCell, ReportColumn } from './report.ts';

export const DICTIONARY_NAME = 'dictionary';

/** Types, with how the CSV files write them. */
const TYPE_WORDS: Readonly<Record<ReportColumn['type'], string>> = {
  text: 'text',
  number: 'number',
  boolean: 'boolean (true or false)',
  time: 'time (ISO 8601, UTC)',
};

const COLUMNS: readonly ReportColumn[] = ['report', 'column', 'type', 'meaning'].map((name) => ({
  name,
  type: 'text',
}));

/** What stands for a meaning that nobody wrote down, as in a report of the user's own. */
const NO_MEANING = 'Not described by the author of the report.';

/** The dictionary as columns and rows, in the order of the pack's reports and their columns. */
export function dictionaryTable(content: Pick<PackContent, 'reports'>): {
  columns: readonly ReportColumn[];
  rows: readonly (readonly ReportCell[])[];
} {
  const rows = content.reports.flatMap((report) =>
    report.columns.map((column) => [
      report.name,
      column.name,
      TYPE_WORDS[column.type],
      column.meaning ?? NO_MEANING,
    ]),
  );
  return { columns: COLUMNS, rows };
}
