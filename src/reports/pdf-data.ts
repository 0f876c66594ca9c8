/**
 * What `report.typ` shows, in words and in its order: every text printable, cells cut to a size that a
 * page can hold, columns with widths by what they hold.
 */
import { layoutColumns, type MeasuredCell } from './column-widths.ts';
import {
  COVERAGE_WORDS,
  DETAIL_STATE_WORDS,
  DETAIL_STATES,
  exceptionState,
  overviewData,
} from './overview-data.ts';
import { NOTE_COLUMNS, planColumns } from './pdf-columns.ts';
import { BREAK, breakable, printable, printableProse } from './printable.ts';
import {
  type PackContent,
  type PackSource,
  type ReportCell,
  type ReportColumn,
  type ReportResult,
  ROW_STATUSES,
  type RowStatus,
  STATUS_WORDS,
} from './report.ts';
import { columnTitle, emptyText, grainText, ROW_KINDS } from './report-words.ts';
import { CELL_STATES, CELL_WORDS } from './segment-matrix.ts';

/** Rows of a report in the PDF; the CSV has all. */
const MAX_ROWS = 200;
const MAX_SOURCES = 100;
/** Characters of a cell in the PDF; the CSV has the whole text. */
const MAX_CELL_CHARACTERS = 400;
/** Characters of a note below a row: room for a whole command. */
const MAX_NOTE_CHARACTERS = 1500;
/** More columns than this turn the page. */
const MAX_PORTRAIT_COLUMNS = 6;

/** Width between the margins of `report.typ` without the column of row numbers, in points. */
const PORTRAIT_POINTS = 476;
const LANDSCAPE_POINTS = 740;

/** A status's symbol and the blank behind it, in points. */
const SYMBOL_POINTS = 12;

/** Rows with more lines than this, about half of a page in landscape, are not kept on one page. */
const MAX_KEPT_LINES = 20;
/** Characters of a note that surely fit on one line. */
const PORTRAIT_NOTE_CHARACTERS = 90;
const LANDSCAPE_NOTE_CHARACTERS = 150;

export const ACCENT = '#17476b';

/** Ink and paper of each status: a contrast of 4.5 or more on its paper and on white (WCAG 2.2 AA). */
export const STATUS_COLOURS: Readonly<Record<RowStatus, { ink: string; paper: string }>> = {
  supports: { ink: '#1b5e3a', paper: '#e4f2e9' },
  partial: { ink: '#7a4f00', paper: '#fbf1dc' },
  contradicts: { ink: '#9b1c1c', paper: '#fbe9e9' },
  not_evidenced: { ink: '#454c54', paper: '#eceff2' },
  out_of_reach: { ink: '#4b3a78', paper: '#eeeaf7' },
  manual_evidence_required: { ink: '#17476b', paper: '#e3edf5' },
  accepted: { ink: '#0b5c66', paper: '#def1f2' },
};

type Cell = string | { status: RowStatus };

const prose = (text: string): string => breakable(printableProse(text), 24);

/** The data of the template, ready for JSON. `attached` names the CSV files in the PDF. */
export function documentData(content: PackContent, attached: readonly string[]) {
  const requirementIds = new Set(content.requirements.map((one) => one.id));
  const reports = new Map(content.reports.map((one) => [one.name, one]));
  const organization = printableProse(content.organization ?? '');
  const packTitle = printableProse(content.pack.title);
  const period = periodText(content.period);
  return {
    accent: ACCENT,
    title: packTitle,
    packTitle,
    organization,
    description: `Evidence for ${printableProse(content.pack.standard)}, ${period}`,
    running: organization === '' ? 'Organization not stated in the configuration' : organization,
    standard: printableProse(content.pack.standard),
    packName: printableProse(content.pack.name),
    period,
    dataThrough: content.dataThrough ? printable(content.dataThrough) : 'No records in the period',
    tool: printableProse(
      `${content.tool.name} ${content.tool.version}, engine ${content.tool.engine}`,
    ),
    configSha256: breakable(printable(content.configSha256), 32),
    scope: content.scope.map((one) => ({
      name: prose(one.name),
      match: prose(one.match),
      interfaces: String(one.interfaceCount),
      instances: String(one.instanceCount),
    })),
    figures: content.figures.map((one) => ({ label: prose(one.label), value: prose(one.value) })),
    statuses: ROW_STATUSES.map((key) => ({ key, ...STATUS_WORDS[key], ...STATUS_COLOURS[key] })),
    requirements: content.requirements.map((one) => ({
      id: printable(one.id),
      title: printableProse(one.title),
      status: one.status,
      asks: prose(one.asks),
      why: prose(one.why),
      limits: prose(one.limits),
      manual: one.manual.map(prose),
      reports: one.reports.map((name) => evidenceData(name, reports.get(name))),
    })),
    reports: content.reports.map((one) => reportData(one, requirementIds)),
    overview: pictureData(content),
    exceptions: exceptionsData(content),
    ...sourcesData(content.sources),
    attachments: attached,
    attachedText: attachedText(content.reports.length, attached.length),
  };
}

/** The pictures, and the words under them. */
function pictureData(content: PackContent) {
  const { segments, details, ...rest } = overviewData(content);
  return {
    ...rest,
    details: details.map((one) => ({ ...one, label: prose(one.label) })),
    detailWords: DETAIL_STATES.map((state) => [state, DETAIL_STATE_WORDS[state]]),
    coverageWords: COVERAGE_WORDS,
    segments: {
      ...segments,
      peers: segments.peers.map(prose),
      rows: segments.rows.map((row) => ({ ...row, scope: prose(row.scope) })),
      words: CELL_STATES.map((state) => [state, CELL_WORDS[state]]),
    },
  };
}

/** The exceptions of the pack; null if the configuration names none. */
function exceptionsData(content: PackContent) {
  if (content.exceptions === null) return null;
  return {
    sha256: breakable(printable(content.exceptions.sha256), 16),
    uses: content.exceptions.uses.map((one) => ({
      id: prose(one.id),
      report: one.report,
      what: prose(one.what),
      why: prose(one.why),
      control: prose(one.compensating_control),
      owner: prose(one.owner),
      approvedBy: prose(one.approved_by),
      expires: one.expires,
      state: exceptionState(one),
      rows: String(one.rowCount),
    })),
  };
}

/** What a report shows of a requirement: how many rows, and the gravest of them. */
function evidenceData(name: string, report: ReportResult | undefined) {
  if (report === undefined) {
    return { name, title: prose(`${name} (not part of this pack)`), known: false, top: [] };
  }
  const count = report.rows.length;
  return {
    name,
    title: prose(report.title),
    known: true,
    countText:
      count === 0
        ? report.hadData
          ? 'no rows, though there was data to look at'
          : 'no rows, as there was no data to look at'
        : `${count} ${count === 1 ? 'row' : 'rows'}; ${count === 1 ? 'it is' : 'all are'} in ${report.name}.csv`,
    statusCounts: countsOf(report),
    top: gravestRows(report),
  };
}

/** Rows of a report that a requirement shows, and cells of such a row. */
const MAX_TOP_ROWS = 3;
const MAX_TOP_CELLS = 6;
/** Characters of a cell of such a row. */
const MAX_TOP_CHARACTERS = 80;

/** The first rows of the gravest status, on a line each: the cells that say something, by their columns. */
function gravestRows(report: ReportResult): { status: RowStatus | null; text: string }[] {
  const statusIndex = report.columns.findIndex((column) => column.name === 'status');
  const rank = (row: readonly ReportCell[]): number => {
    const index = ROW_STATUSES.indexOf(row[statusIndex] as RowStatus);
    return index < 0 ? ROW_STATUSES.length : index;
  };
  return report.rows
    .map((row, number) => ({ row, number }))
    .sort((one, other) => rank(one.row) - rank(other.row) || one.number - other.number)
    .slice(0, MAX_TOP_ROWS)
    .map(({ row }) => {
      const status = ROW_STATUSES.find((one) => one === row[statusIndex]) ?? null;
      const cells = report.columns.flatMap((column, index) => {
        const cell = row[index] ?? null;
        const isNote = NOTE_COLUMNS.has(column.name) || column.name === 'status';
        if (isNote || cell === null || cell === '') return [];
        const value = typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : String(cell);
        return [`${printableProse(columnTitle(column.name))}: ${briefText(value)}`];
      });
      return { status, text: breakable(cells.slice(0, MAX_TOP_CELLS).join(' · '), 24) };
    });
}

function briefText(text: string): string {
  const shown = printable(text);
  return shown.length <= MAX_TOP_CHARACTERS ? shown : `${shown.slice(0, MAX_TOP_CHARACTERS - 2)} …`;
}

function countsOf(report: ReportResult): { key: RowStatus; rows: string }[] {
  return ROW_STATUSES.flatMap((key) => {
    const rowCount = report.statusCounts[key] ?? 0;
    return rowCount > 0 ? [{ key, rows: String(rowCount) }] : [];
  });
}

function reportData(report: ReportResult, requirementIds: ReadonlySet<string>) {
  const shown = report.rows.slice(0, MAX_ROWS);
  const { table: cells, sameText, emptyText: withoutText } = planColumns(report);
  const isWide = cells.length > MAX_PORTRAIT_COLUMNS;
  const isCrowded = cells.length > 12;
  const fontSize = isCrowded ? 7 : isWide ? 7.5 : 8;
  const run = isCrowded ? 8 : 12;
  const titles = cells.map(({ column }) =>
    breakable(printableProse(columnTitle(column.name)), run),
  );
  const rows = shown.map((row) =>
    cells.map(({ column, index }) => cellOf(row[index] ?? null, column, run)),
  );
  const { widths, rowLines } = layoutColumns(
    [titles.map((text) => ({ text, isBold: true })), ...rows.map((row) => row.map(measured))],
    isWide ? LANDSCAPE_POINTS : PORTRAIT_POINTS,
    fontSize,
  );
  const csvFile = `${report.name}.csv`;
  return {
    name: report.name,
    title: printableProse(report.title),
    question: prose(report.question),
    kind: ROW_KINDS[report.rowKind],
    grain: prose(grainText(report.grain)),
    limits: prose(report.limits),
    requirements: report.requirements.map((id) => ({
      id: printable(id),
      known: requirementIds.has(id),
    })),
    parameters: Object.entries(report.parameters).map(([name, value]) =>
      breakable(printable(`${name} = ${value}`), 24),
    ),
    querySha256: breakable(printable(report.querySha256), 16),
    csvFile: breakable(csvFile, 20),
    rowCount: String(report.rows.length),
    rowsText:
      report.rows.length > MAX_ROWS
        ? `The first ${MAX_ROWS} of ${report.rows.length} rows; all rows are in ${csvFile}.`
        : `${report.rows.length}, also in ${csvFile}.`,
    emptyText: emptyText(report),
    sameText,
    withoutText,
    statusCounts: countsOf(report),
    isWide,
    fontSize,
    columns: cells.map(({ column }, index) => ({
      title: titles[index] ?? '',
      right: column.type === 'number',
      width: widths[index] ?? 1,
    })),
    rows: rows.map((row, number) => {
      const notes = notesOf(report, number);
      // The header's lines come first.
      return { cells: row, notes, isTall: isTall(rowLines[number + 1] ?? 1, notes, isWide) };
    }),
  };
}

/** True if a row must be free to run over the end of a page: kept together, it could leave the page. */
function isTall(cellLines: number, notes: readonly { text: string }[], isWide: boolean): boolean {
  const perLine = isWide ? LANDSCAPE_NOTE_CHARACTERS : PORTRAIT_NOTE_CHARACTERS;
  const noteLines = notes.map((note) => Math.ceil(note.text.length / perLine));
  return noteLines.reduce((sum, lines) => sum + lines, cellLines) > MAX_KEPT_LINES;
}

/** A status stands behind a symbol, and on one line if it is short. */
function measured(cell: Cell): MeasuredCell {
  if (typeof cell === 'string') return { text: cell };
  const { label } = STATUS_WORDS[cell.status];
  const text = label.length <= 16 ? label.replace(' ', '_') : label;
  return { text, isBold: true, before: SYMBOL_POINTS };
}

/** The sentences of a row; one that the row above has too is not printed again. */
function notesOf(report: ReportResult, number: number): { label: string; text: string }[] {
  return report.columns.flatMap((column) => {
    const label = NOTE_COLUMNS.get(column.name);
    const text = label === undefined ? null : noteText(report, column.name, number);
    if (label === undefined || text === null) return [];
    if (number > 0 && noteText(report, column.name, number - 1) === text) {
      // A format is plain from the row above; a missing remedy would look forgotten.
      return column.name === 'log_format' ? [] : [{ label, text: 'as in the row above.' }];
    }
    return [{ label, text: breakable(cutText(text, MAX_NOTE_CHARACTERS), 24) }];
  });
}

/** A sentence of a row, with its code if it gives a reason; null if there is none. */
function noteText(report: ReportResult, name: string, number: number): string | null {
  const cell = (column: string): string => {
    const index = report.columns.findIndex((one) => one.name === column);
    return String(report.rows[number]?.[index] ?? '');
  };
  const text = cell(name);
  const code = name === 'why' ? cell('gap_code') : '';
  if (text === '' && code === '') return null;
  return [text, ...(code === '' ? [] : [`[${code}]`])].join(' ').trim();
}

/** The printable text, cut after so many printed characters: one replaced character prints as many. */
function cutText(text: string, limit: number): string {
  const shown = printable(text);
  if (shown.length <= limit) return shown;
  let kept = '';
  for (const letter of text) {
    const next = printable(letter);
    if (kept.length + next.length > limit) break;
    kept += next;
  }
  return `${kept} … (cut; the CSV has all of it)`;
}

function cellOf(cell: ReportCell, column: ReportColumn, run: number): Cell {
  if (cell === null || cell === '') return '–';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  if (typeof cell === 'number') return String(cell);
  const status = ROW_STATUSES.find((one) => one === cell);
  if (column.name === 'status' && status) return { status };
  if (column.type === 'number') return breakable(printable(cell), 24);
  if (column.type === 'time' && cell.length <= 32) {
    return printable(cell).replace('T', `T${BREAK}`);
  }
  return breakable(cutText(cell, MAX_CELL_CHARACTERS), run);
}

function sourcesData(sources: readonly PackSource[]) {
  const shown = sources.slice(0, MAX_SOURCES);
  return {
    sourcesText:
      sources.length > MAX_SOURCES
        ? `The first ${MAX_SOURCES} of ${sources.length} objects; all are in manifest.json.`
        : `${sources.length} objects, also in manifest.json.`,
    sources: shown.map((one) => ({
      uri: breakable(printable(one.uri), 24),
      sha256: breakable(printable(one.sha256), 16),
      status: prose(one.reason === null ? one.status : `${one.status}: ${one.reason}`),
      lines: String(one.lineCount),
      rejected: String(one.rejectedCount),
    })),
  };
}

function attachedText(reportCount: number, attachedCount: number): string {
  if (attachedCount === reportCount) return 'The CSV files are also attached to this PDF.';
  return `${attachedCount} of ${reportCount} CSV files are also attached to this PDF; larger ones are only in the folder.`;
}

/** The period in words. Whole days are named by their first and last day. */
export function periodText(period: { start: string; end: string }): string {
  const midnight = /^(\d{4}-\d\d-\d\d)(?:T00:00(?::00(?:\.0+)?)?Z?)?$/;
  const first = midnight.exec(period.start)?.[1];
  const after = midnight.exec(period.end)?.[1];
  if (first && after) {
    const last = new Date(Date.parse(`${after}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
    return first === last ? `${first} (UTC)` : `${first} to ${last} (UTC, both days included)`;
  }
  return `${printable(period.start)} until before ${printable(period.end)} (UTC)`;
}
