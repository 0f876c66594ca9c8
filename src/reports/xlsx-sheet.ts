/**
 * One sheet of a workbook: a header that stays in sight and filters, and a table below it. The XML comes
 * in parts, because a large sheet as one text is more than a text may hold.
 */
import type { ReportCell, ReportColumn } from './report.ts';
import { cellText, columnLetters, escapeXml, tableCell, textCell } from './xlsx-cells.ts';

export type Sheet = {
  /** What stands on its tab; unique in the workbook. */
  name: string;
  columns: readonly ReportColumn[];
  rows: readonly (readonly ReportCell[])[];
  /** The file of the pack that has every row and every text whole. */
  wholeIn?: string;
  /** What stands below the header of a table without rows. */
  emptyNote?: string;
  /** Sheets that cells of the first column lead to, by row. */
  links?: readonly string[];
};

export type SheetLimits = {
  /** Rows of a sheet, header included. */
  rows: number;
  /** Characters of a sheet's XML, which must stay below 4 GiB in the archive. */
  characters: number;
};

/** 1,048,576 rows is what a spreadsheet can hold (Microsoft, "Excel specifications and limits"). */
export const SHEET_LIMITS: SheetLimits = { rows: 1_048_576, characters: 1_000_000_000 };

/** Rows written at once. */
const BATCH_ROWS = 500;
/** Rows whose texts decide how wide a column is. */
const MEASURED_ROWS = 500;
const MIN_WIDTH = 9;
const MAX_WIDTH = 50;
/** Room for the button of the filter, and a blank. */
const HEADER_ROOM = 4;
/** Height of a line, in points. Some spreadsheets show one line of a cell unless they are told more. */
const LINE_POINTS = 15;
/** Lines of a row at most: longer texts are in the cell, and shown by who opens it. */
const MAX_LINES = 12;

/** The range of a sheet's table, `$A$1:$F$12`: what its filter covers. */
export function tableRange(sheet: Sheet): string {
  const last = Math.min(sheet.rows.length + 1, SHEET_LIMITS.rows);
  return `$A$1:$${columnLetters(sheet.columns.length - 1)}$${last}`;
}

/** The XML of a sheet, in parts. */
export function* sheetParts(sheet: Sheet, limits = SHEET_LIMITS): Generator<string> {
  const widths = columnWidths(sheet);
  yield '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' +
    '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>' +
    '<sheetViews><sheetView workbookViewId="0">' +
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' +
    '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>' +
    `<cols>${widths.map(columnXml).join('')}</cols><sheetData>`;
  yield rowXml(
    1,
    1,
    sheet.columns.map((column, index) =>
      textCell(`${columnLetters(index)}1`, 'header', cellText(column.name)),
    ),
  );
  yield* bodyParts(sheet, widths, limits);
  yield '</sheetData>' +
    `<autoFilter ref="${tableRange(sheet).replaceAll('$', '')}"/>${linksXml(sheet)}` +
    '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>' +
    '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>' +
    '<headerFooter><oddFooter>&amp;L&amp;A&amp;RPage &amp;P of &amp;N</oddFooter></headerFooter>' +
    '</worksheet>';
}

function* bodyParts(
  sheet: Sheet,
  widths: readonly number[],
  limits: SheetLimits,
): Generator<string> {
  const { rows, emptyNote } = sheet;
  if (rows.length === 0 && emptyNote !== undefined) yield noteRow(2, emptyNote);
  // If not all rows fit, the last row that does says so.
  const count = rows.length <= limits.rows - 1 ? rows.length : limits.rows - 2;
  let written = 0;
  let characters = 0;
  while (written < count && characters < limits.characters) {
    const batch = rows.slice(written, Math.min(written + BATCH_ROWS, count));
    const xml = batch
      .map((row, index) => tableRow(sheet, widths, row, written + index + 2))
      .join('');
    written += batch.length;
    characters += xml.length;
    yield xml;
  }
  if (written < rows.length) {
    const place = sheet.wholeIn === undefined ? '' : ` All rows are in ${sheet.wholeIn}.`;
    yield noteRow(
      written + 2,
      `Cut here: the first ${written} of ${rows.length} rows; a sheet cannot hold more.${place}`,
    );
  }
}

function tableRow(
  sheet: Sheet,
  widths: readonly number[],
  row: readonly ReportCell[],
  number: number,
): string {
  const link = sheet.links?.[number - 2];
  return rowXml(
    number,
    Math.max(1, ...row.map((cell, index) => lineCount(cell, widths[index] ?? MIN_WIDTH))),
    sheet.columns.map((column, index) => {
      const cell = row[index] ?? null;
      const place = `${columnLetters(index)}${number}`;
      return index === 0 && link !== undefined
        ? textCell(place, 'link', cellText(String(cell)))
        : tableCell(place, cell, column, sheet.wholeIn);
    }),
  );
}

function noteRow(number: number, note: string): string {
  return rowXml(number, 1, [textCell(`A${number}`, 'note', cellText(note))]);
}

function rowXml(number: number, lines: number, cells: readonly string[]): string {
  const height = Math.min(lines, MAX_LINES) * LINE_POINTS;
  return `<row r="${number}" ht="${height}" customHeight="1">${cells.join('')}</row>`;
}

/** Lines that a text takes in a column; as many characters as the width says stand on one. */
function lineCount(cell: ReportCell, width: number): number {
  if (typeof cell !== 'string' || (cell.length < width && !cell.includes('\n'))) return 1;
  // Beyond the highest row it does not matter how long a text is.
  const lines = cell.slice(0, MAX_LINES * MAX_WIDTH).split('\n');
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / (width - 2))), 0);
}

function columnWidths(sheet: Sheet): number[] {
  return sheet.columns.map((column, index) => {
    let width = Math.max(MIN_WIDTH, column.name.length + HEADER_ROOM);
    for (const row of sheet.rows.slice(0, MEASURED_ROWS)) {
      const cell = row[index] ?? null;
      if (cell !== null) width = Math.max(width, longestLine(String(cell)) + 2);
    }
    return Math.min(width, MAX_WIDTH);
  });
}

function columnXml(width: number, index: number): string {
  return `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`;
}

function longestLine(text: string): number {
  // Beyond the widest column it does not matter how long a line is.
  const lines = text.slice(0, MAX_LINES * MAX_WIDTH).split('\n');
  return Math.max(...lines.map((line) => line.length));
}

/** Links within the workbook; never to a place that a log names. */
function linksXml(sheet: Sheet): string {
  if (!sheet.links || sheet.links.length === 0) return '';
  const links = sheet.links.map(
    (name, index) =>
      `<hyperlink ref="A${index + 2}" location="${escapeXml(`${quotedSheet(name)}!A1`)}"/>`,
  );
  return `<hyperlinks>${links.join('')}</hyperlinks>`;
}

/** The name of a sheet within a reference. */
export function quotedSheet(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}
