/**
 * A result as a table for people: aligned columns on a terminal, of text that cannot drive the terminal.
 * Log content is hostile; only visible characters of it reach a terminal.
 */
/** Widest cell shown, in terminal columns; what is cut ends in an ellipsis and is counted. */
export const MAX_CELL_WIDTH = 80;

/** Controls, bidirectional overrides and other invisible characters, less the joiners of emoji. */
const INVISIBLE = /(?!\u200c|\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const WIDE =
  /^(?![\uff61-\uffdc])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f/u;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const DIM = ['\u001b[2m', '\u001b[22m'] as const;

/**
 * The text with every control or invisible character made visible: ESC as the symbol for escape
 * (U+241B), a line feed as U+240A, others as `<U+202E>`.
 */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

function isPrintableAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Columns that the text takes on a terminal; wide scripts and emoji take two. */
export function textWidth(text: string): number {
  if (isPrintableAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}

/** The start of the text that fits into the widest cell, and whether anything was cut. */
function cutToFit(text: string): { text: string; isCut: boolean } {
  // A grapheme may be several code units long, but no text this long can fit into a cell.
  const start = text.length > MAX_CELL_WIDTH * 16 ? text.slice(0, MAX_CELL_WIDTH * 16) : text;
  if (start.length === text.length && textWidth(text) <= MAX_CELL_WIDTH) {
    return { text, isCut: false };
  }
  let width = 0;
  let kept = '';
  for (const { segment } of graphemes.segment(start)) {
    width += graphemeWidth(segment);
    if (width > MAX_CELL_WIDTH - 1) break;
    kept += segment;
  }
  return { text: `${kept}…`, isCut: true };
}

export type TableColumn = { name: string; isNumber: boolean };

export type TableInput = {
  columns: readonly TableColumn[];
  /** Text of each cell; null where the value is null. */
  rows: readonly (readonly (string | null)[])[];
  /** Rows of the whole result, shown or not. */
  rowCount: number;
  milliseconds: number;
  /** True to dim nulls by an escape sequence; only for terminals. */
  isTerminal: boolean;
};

/**
 * Header, rule, rows and a last line `N rows in M ms`, which also says how many rows are not shown
 * and how many cells were cut.
 */
export function renderTable(input: TableInput): string {
  const { lines, cutCount } = tableLines(input);
  return `${[...lines, '', summary(input, cutCount)].join('\n')}\n`;
}

/** Header, rule and rows alone, and how many cells were cut to fit. */
export function tableLines(input: Pick<TableInput, 'columns' | 'rows' | 'isTerminal'>): {
  lines: string[];
  cutCount: number;
} {
  let cutCount = 0;
  const cells = input.rows.map((row) =>
    row.map((cell) => {
      if (cell === null) return { text: 'null', width: 4, isNull: true };
      // Cutting before replacing keeps the work small for cells of many kilobytes.
      const cut = cutToFit(visibleText(cell.slice(0, MAX_CELL_WIDTH * 16 + 1)));
      if (cut.isCut) cutCount += 1;
      return { text: cut.text, width: textWidth(cut.text), isNull: false };
    }),
  );
  const names = input.columns.map((column) => cutToFit(visibleText(column.name)).text);
  const widths = names.map((name, index) =>
    cells.reduce((widest, row) => Math.max(widest, row[index]?.width ?? 0), textWidth(name)),
  );
  const line = (texts: readonly string[], ofWidths: readonly number[]): string =>
    texts
      .map((text, index) => {
        const blanks = ' '.repeat(Math.max(0, (widths[index] ?? 0) - (ofWidths[index] ?? 0)));
        return input.columns[index]?.isNumber ? blanks + text : text + blanks;
      })
      .join('  ')
      .trimEnd();
  const lines = [
    line(names, names.map(textWidth)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...cells.map((row) =>
      line(
        row.map((cell) =>
          cell.isNull && input.isTerminal ? DIM[0] + cell.text + DIM[1] : cell.text,
        ),
        row.map((cell) => cell.width),
      ),
    ),
  ];
  return { lines, cutCount };
}

function summary(input: TableInput, cutCount: number): string {
  const { rowCount, rows } = input;
  const count = `${rowCount} ${rowCount === 1 ? 'row' : 'rows'} in ${Math.round(input.milliseconds)} ms`;
  const hidden = rowCount - rows.length;
  const notes = [
    ...(hidden > 0 ? [`${hidden} more not shown`] : []),
    ...(cutCount > 0 ? [`${cutCount} ${cutCount === 1 ? 'cell' : 'cells'} cut`] : []),
  ];
  if (notes.length === 0) return count;
  return `${count}; ${notes.join(', ')}: use the csv or json format to see all`;
}
