/**
 * The rows of a report as a table of the HTML. The status stands first; long texts (why, remedy, the
 * format of a log) stand below their row, over its whole width, as in the PDF.
 *
 * Each row is a `tbody` of its own, so that sorting and filtering keep it and its texts together.
 */
import { rowAnchor } from './html-anchors.ts';
import { breakable, cut, html, type Markup, visible } from './html-markup.ts';
import { statusBadge } from './html-status.ts';
import type { ReportCell, ReportColumn, ReportResult } from './report.ts';
import { columnTitle } from './report-words.ts';

/** Rows of a report in the HTML; the CSV has all. */
export const MAX_HTML_ROWS = 500;
/** Characters of a cell, and of a text below a row, in the HTML; the CSV has the whole text. */
const MAX_CELL_CHARACTERS = 1000;
const MAX_NOTE_CHARACTERS = 4000;
/** A column of texts in which one is longer than this stands below the rows. */
const LONG_TEXT = 160;
const FEW_COLUMNS = 4;
/** A column of texts without blanks that are all this short stays on one line, as ids should. */
const SHORT_TEXT = 24;

const NOTE_TITLES: ReadonlyMap<string, string> = new Map([['log_format', 'Format']]);
const NOTE_COLUMNS: ReadonlySet<string> = new Set(['log_format', 'why', 'remedy']);

/** What stands in a cell that has no value; `page/script.js` sorts it last. */
const NOTHING = html`<td class="none">–</td>`;

type Column = ReportColumn & {
  index: number;
  kind: 'status' | ReportColumn['type'];
  isNote: boolean;
  isShort: boolean;
  isRoomy: boolean;
};

/** More columns than this turn the page when it is printed. */
const MAX_PORTRAIT_COLUMNS = 6;
/** More columns than this break their ids to fit on it. */
const MAX_WIDE_COLUMNS = 12;

/** Classes of a report's section by the columns of its table, for how it is printed. */
export function widthClasses(report: ReportResult): string {
  const { length } = columnsOf(report).filter((column) => !column.isNote);
  if (length <= MAX_PORTRAIT_COLUMNS) return '';
  return length > MAX_WIDE_COLUMNS ? ' wide crowded' : ' wide';
}

/** The table of a report's first rows. `anchor` is the report's place. */
export function rowsTable(report: ReportResult, anchor: string): Markup {
  const columns = columnsOf(report);
  const cells = columns.filter((column) => !column.isNote);
  const notes = columns.filter((column) => column.isNote);
  const rows = report.rows
    .slice(0, MAX_HTML_ROWS)
    .map((row, index) => rowMarkup(row, { cells, notes, anchor, number: index + 1 }));
  return html`<div class="table-scroll" role="group" aria-labelledby="${anchor}-title" tabindex="0">
<table class="rows" data-filter>
<caption class="unseen">Rows of the report “${report.title}”</caption>
<thead><tr><th scope="col" data-type="number">No.</th>${cells.map(
    (column) =>
      html`<th scope="col" data-type="${column.kind}"${headerClass(column)}>${columnTitle(column.name)}</th>`,
  )}</tr></thead>
${rows}</table>
</div>
`;
}

function headerClass(column: Column): Markup | null {
  if (column.kind === 'number') return html` class="number"`;
  return column.isRoomy ? html` class="roomy"` : null;
}

function columnsOf(report: ReportResult): Column[] {
  const shown = report.rows.slice(0, MAX_HTML_ROWS);
  // Of few columns, none may leave the rows: what would be left of them?
  const hasRoom = report.columns.length > FEW_COLUMNS;
  const columns = report.columns.map((column, index): Column => {
    const kind = column.name === 'status' && column.type === 'text' ? 'status' : column.type;
    const texts = shown.map((row) => String(row[index] ?? ''));
    return {
      ...column,
      index,
      kind,
      isNote:
        kind === 'text' &&
        (NOTE_COLUMNS.has(column.name) ||
          (hasRoom && texts.some((text) => text.length > LONG_TEXT))),
      isShort: texts.every((text) => text.length <= SHORT_TEXT && !text.includes(' ')),
      isRoomy: kind === 'text' && texts.some((text) => text.length > SHORT_TEXT),
    };
  });
  const first = columns.filter((column) => column.kind === 'status');
  return [...first, ...columns.filter((column) => column.kind !== 'status')];
}

type RowPlace = {
  cells: readonly Column[];
  notes: readonly Column[];
  anchor: string;
  number: number;
};

function rowMarkup(row: readonly ReportCell[], place: RowPlace): Markup {
  const { cells, anchor, number } = place;
  const status = row[cells.find((column) => column.kind === 'status')?.index ?? -1];
  const notes = place.notes.flatMap((column) => {
    const text = row[column.index] ?? null;
    if (text === null || text === '') return [];
    const label = NOTE_TITLES.get(column.name) ?? columnTitle(column.name);
    return [html`<p><b>${label}</b> ${breakable(cut(String(text), MAX_NOTE_CHARACTERS))}</p>`];
  });
  const hasNotes = notes.length > 0;
  return html`<tbody id="${rowAnchor(anchor, number)}"${typeof status === 'string' ? html` data-status="${status}"` : null}><tr><th scope="${hasNotes ? 'rowgroup' : 'row'}"${hasNotes ? html` rowspan="2"` : null}>${number}</th>${cells.map((column) => cellMarkup(row[column.index] ?? null, column))}</tr>${
    hasNotes
      ? html`<tr class="notes"><td colspan="${cells.length}"><div class="row-notes">${notes}</div></td></tr>`
      : null
  }</tbody>
`;
}

function cellMarkup(cell: ReportCell, column: Column): Markup {
  if (cell === null || cell === '') return NOTHING;
  if (typeof cell === 'boolean') return html`<td>${cell ? 'yes' : 'no'}</td>`;
  if (column.kind === 'number') return html`<td class="number">${visible(String(cell))}</td>`;
  if (column.kind === 'status') return html`<td>${statusBadge(String(cell))}</td>`;
  if (column.kind === 'time' && typeof cell === 'string' && cell.length <= 32)
    return timeMarkup(cell);
  const text = breakable(cut(String(cell), MAX_CELL_CHARACTERS));
  return column.isShort ? html`<td class="one-line">${text}</td>` : html`<td>${text}</td>`;
}

/** On paper a time may end a line behind its date. */
function timeMarkup(time: string): Markup {
  const [date = '', ...rest] = time.split('T');
  const clock = rest.length === 0 ? null : html`T<wbr>${rest.join('T')}`;
  return html`<td class="one-line">${date}${clock}</td>`;
}
