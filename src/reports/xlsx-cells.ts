/**
 * Cells of a workbook as SpreadsheetML (ECMA-376). A text is an inline string and never a formula;
 * numbers and times are numbers, as far as a spreadsheet can hold them exactly.
 */
import { defuse } from '../spreadsheet.ts';
import { type ReportCell, type ReportColumn, ROW_STATUSES, type RowStatus } from './report.ts';
import { visibleLines } from './visible-text.ts';

/** What a cell of a spreadsheet can hold (Microsoft, "Excel specifications and limits"). */
const MAX_CELL_CHARACTERS = 32_767;
const MAX_CELL_LINE_FEEDS = 253;
/** Digits that a spreadsheet keeps of a number. */
const MAX_DIGITS = 15;

/** Days from the spreadsheet's day 0 to 1970-01-01. */
const EPOCH_DAYS = 25_569;
/** Before 1900-03-01 spreadsheets disagree: one of them counts a 29 February of 1900. */
const FIRST_SERIAL = 61;
/** The first day after 9999-12-31. */
const END_SERIAL = 2_958_466;

/** Formats of cells, by their place in the `cellXfs` of `styles.xml`. */
export const STYLES = [
  'plain',
  'header',
  'text',
  'quoted',
  'integer',
  'decimal',
  'time',
  'boolean',
  'note',
  'link',
  ...ROW_STATUSES,
] as const;

export type Style = (typeof STYLES)[number];

const STYLE_NUMBERS: ReadonlyMap<string, number> = new Map(
  STYLES.map((style, index) => [style, index]),
);

/** A number as a spreadsheet reads it: `-5`, `0.25`, `1e21`. */
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** `A`, `Z`, `AA`, … for 0, 25, 26, … */
export function columnLetters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnLetters(Math.floor(index / 26) - 1) + letter;
}

/** Text as a cell shows it: hidden characters visible, and what is too long cut, which the end says. */
export function cellText(text: string, wholeIn?: string): string {
  const shown = withFewLines(visibleLines(text));
  if (shown.length <= MAX_CELL_CHARACTERS) return shown;
  const note = ` [cut: ${text.length} characters${wholeIn === undefined ? '' : `; all of them are in ${wholeIn}`}]`;
  let end = MAX_CELL_CHARACTERS - note.length;
  // The halves of a pair stay together.
  if (/[\ud800-\udbff]/.test(shown.charAt(end - 1))) end -= 1;
  return shown.slice(0, end) + note;
}

function withFewLines(text: string): string {
  const lines = text.split('\n');
  if (lines.length - 1 <= MAX_CELL_LINE_FEEDS) return text;
  const kept = lines.slice(0, MAX_CELL_LINE_FEEDS).join('\n');
  return `${kept}\n${lines.slice(MAX_CELL_LINE_FEEDS).join('[U+000A]')}`;
}

/** An inline string. `_x0041_` would be read as "A": its underscore is written so that it stays. */
export function textCell(place: string, style: Style, text: string): string {
  const kept = escapeXml(text).replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');
  return `<c r="${place}" s="${STYLE_NUMBERS.get(style)}" t="inlineStr"><is><t xml:space="preserve">${kept}</t></is></c>`;
}

function valueCell(place: string, style: Style, value: string, type = ''): string {
  return `<c r="${place}" s="${STYLE_NUMBERS.get(style)}"${type}><v>${value}</v></c>`;
}

/** A cell of a table; nothing for null. `wholeIn` names the file that has a text whole. */
export function tableCell(
  place: string,
  cell: ReportCell,
  column: ReportColumn,
  wholeIn?: string,
): string {
  if (cell === null) return '';
  if (typeof cell === 'boolean') return valueCell(place, 'boolean', cell ? '1' : '0', ' t="b"');
  if (typeof cell === 'number' || column.type === 'number') {
    const number = exactNumber(String(cell));
    if (number !== undefined) {
      return valueCell(place, /^-?\d+$/.test(number) ? 'integer' : 'decimal', number);
    }
  }
  const text = String(cell);
  if (column.type === 'time') {
    const serial = timeSerial(text);
    if (serial !== undefined) return valueCell(place, 'time', serial);
  }
  return textCell(place, textStyle(text, column), cellText(text, wholeIn));
}

function textStyle(text: string, column: ReportColumn): Style {
  const status = ROW_STATUSES.find((known): known is RowStatus => known === text);
  if (column.name === 'status' && status) return status;
  // Whoever edits such a cell must not make a formula of it.
  return defuse(text) === text ? 'text' : 'quoted';
}

/** The number if a spreadsheet keeps all of its digits. */
function exactNumber(text: string): string | undefined {
  if (!NUMBER.test(text) || !Number.isFinite(Number(text))) return undefined;
  const digits = (text.split(/e/i, 1)[0] ?? '').replaceAll(/[-.]/g, '').replace(/^0+/, '');
  return digits.length <= MAX_DIGITS ? text : undefined;
}

/** Days since the spreadsheet's day 0, of an ISO 8601 time in UTC. */
function timeSerial(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text)) return undefined;
  const serial = Date.parse(text) / 86_400_000 + EPOCH_DAYS;
  return serial >= FIRST_SERIAL && serial < END_SERIAL ? String(serial) : undefined;
}
