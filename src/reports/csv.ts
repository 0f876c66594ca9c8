/**
 * Reports as CSV (RFC 4180): CRLF line ends, UTF-8 without a byte order mark, one header line.
 *
 * Auditors open these files in spreadsheets, and a cell that starts like a formula runs there. Such
 * cells are defused (`src/spreadsheet.ts`); `undefuse` gives the text back exactly.
 */
import { defuse } from '../spreadsheet.ts';
import type { ReportCell, ReportColumn, ReportResult } from './report.ts';

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** The report, or another table, as CSV: an empty cell is null, `""` is an empty text. */
export function csvText(report: Pick<ReportResult, 'columns' | 'rows'>): string {
  const lines = [report.columns.map((column) => quote(defuse(column.name))).join(',')];
  for (const row of report.rows) {
    const line = report.columns.map((column, index) => cellText(row[index] ?? null, column));
    // One empty cell alone would be a blank line, which readers of CSV skip.
    lines.push(line.length === 1 && line[0] === '' ? '""' : line.join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function cellText(cell: ReportCell, column: ReportColumn): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  // Integers beyond 2^53 arrive as text; "-5" in a column of numbers is a number, not a formula.
  if (column.type === 'number' && NUMBER.test(cell)) return cell;
  return quote(defuse(cell));
}

function quote(cell: string): string {
  if (cell === '') return '""';
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
