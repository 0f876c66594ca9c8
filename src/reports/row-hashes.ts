/**
 * Short hashes of the rows and columns of a CSV, and of the lines of other texts. They only say where
 * a file differs; whether it does, its whole SHA-256 says. Eight digits are enough to find a place and
 * keep `rows.sha256` at nine bytes a row.
 */
import { createHash, hash } from 'node:crypto';

export type FileRows = {
  /** Each record with its line end, the header first; of other texts each line. */
  rows: readonly number[];
  /** Each column as a CSV of its own (cells as they stand, CRLF); none for other texts. */
  columns: readonly number[];
  /** Names of the columns as the header has them; not written down, nor compared. */
  names: readonly string[];
};

export type RowHasher = { push(part: Uint8Array): void; finish(): FileRows };

const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Cells beyond this column count as cells of the last: a damaged file may be all commas. */
const MAX_COLUMNS = 4096;

/** Text of a column that is kept before it is hashed. */
const FLUSH_LENGTH = 1 << 16;

const MAX_NAME_LENGTH = 100;

/** How a file is cut: CSV into records, other texts into lines, what is no text not at all. */
export function cutOf(name: string): 'records' | 'lines' | undefined {
  if (name.endsWith('.csv')) return 'records';
  return /\.(?:sql|json|html|md|txt|ya?ml)$/.test(name) ? 'lines' : undefined;
}

/** Hashes a file that comes part by part; a last record without a line end counts. */
export function createRowHasher(cut: 'records' | 'lines'): RowHasher {
  const rows: number[] = [];
  const columns = cut === 'records' ? createColumnHasher() : undefined;
  let isQuoted = false;
  /** The hash of a record that began in an earlier part. */
  let begun: ReturnType<typeof createHash> | undefined;
  return {
    push(part) {
      const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
      let rowStart = 0;
      let cellStart = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (byte === QUOTE && columns) isQuoted = !isQuoted;
        else if (isQuoted) continue;
        else if (byte === COMMA && columns) {
          columns.add(bytes.toString('latin1', cellStart, at));
          columns.endCell();
          cellStart = at + 1;
        } else if (byte === LF) {
          const row = bytes.subarray(rowStart, at + 1);
          rows.push(begun ? shortOf(begun.update(row).digest('hex')) : shortHash(row));
          begun = undefined;
          columns?.add(bytes.toString('latin1', cellStart, at));
          columns?.endRow();
          rowStart = at + 1;
          cellStart = at + 1;
        }
      }
      if (rowStart === bytes.length) return;
      begun ??= createHash('sha256');
      begun.update(bytes.subarray(rowStart));
      columns?.add(bytes.toString('latin1', cellStart));
    },
    finish() {
      if (begun) {
        rows.push(shortOf(begun.digest('hex')));
        columns?.endRow();
      }
      return { rows, ...(columns?.finish() ?? { columns: [], names: [] }) };
    },
  };
}

/** The same for bytes that are there whole. */
export function rowsOf(cut: 'records' | 'lines', bytes: Uint8Array): FileRows {
  const hasher = createRowHasher(cut);
  hasher.push(bytes);
  return hasher.finish();
}

function createColumnHasher() {
  const columns: { hash: ReturnType<typeof createHash>; text: string }[] = [];
  const names: string[] = [];
  let cell = '';
  let index = 0;
  let isHeader = true;
  const endCell = (text: string): void => {
    const place = Math.min(index, MAX_COLUMNS - 1);
    let column = columns[place];
    if (!column) {
      column = { hash: createHash('sha256'), text: '' };
      columns[place] = column;
    }
    column.text += `${text}\r\n`;
    if (column.text.length > FLUSH_LENGTH) {
      column.hash.update(column.text, 'latin1');
      column.text = '';
    }
    if (isHeader && names.length < MAX_COLUMNS) names.push(nameOf(text));
    cell = '';
    index += 1;
  };
  return {
    add(text: string) {
      cell += text;
    },
    endCell: () => endCell(cell),
    endRow() {
      endCell(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      index = 0;
      isHeader = false;
    },
    finish: () => ({
      columns: columns.map(({ hash: running, text }) =>
        shortOf(running.update(text, 'latin1').digest('hex')),
      ),
      names,
    }),
  };
}

/** The cell of a header without its quotes, as text. */
function nameOf(cell: string): string {
  const text = Buffer.from(cell, 'latin1').toString('utf8');
  const inner = /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
  return inner.slice(0, MAX_NAME_LENGTH);
}

function shortHash(bytes: Uint8Array): number {
  return shortOf(hash('sha256', bytes));
}

function shortOf(hex: string): number {
  return Number.parseInt(hex.slice(0, 8), 16);
}

const FIRST_LINE =
  '# Where a file differs: the first 8 digits of the SHA-256 of each CSV column, CSV row or line.';

/** The text of `rows.sha256` for files in order of their names; what is no text is left out. */
export function rowsText(files: ReadonlyMap<string, FileRows>): string {
  const lines = [FIRST_LINE];
  for (const name of [...files.keys()].sort()) {
    const { rows = [], columns = [] } = files.get(name) ?? {};
    lines.push(`file ${name}`);
    if (columns.length > 0) lines.push(`columns ${columns.map(hexOf).join(' ')}`);
    for (const row of rows) lines.push(hexOf(row));
  }
  return `${lines.join('\n')}\n`;
}

function hexOf(short: number): string {
  return short.toString(16).padStart(8, '0');
}

/** What `rows.sha256` says of each file; undefined if it is not as `rowsText` writes it. */
export function parseRows(text: string): Map<string, FileRows> | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.shift() !== FIRST_LINE) return undefined;
  const files = new Map<string, FileRows>();
  let rows: number[] | undefined;
  let name = '';
  for (const line of lines) {
    if (rows && /^[0-9a-f]{8}$/.test(line)) {
      rows.push(shortOf(line));
    } else if (rows?.length === 0 && /^columns(?: [0-9a-f]{8})+$/.test(line)) {
      const columns = line.split(' ').slice(1).map(shortOf);
      files.set(name, { rows, columns, names: [] });
    } else if (line.startsWith('file ') && !files.has(line.slice(5))) {
      rows = [];
      name = line.slice(5);
      files.set(name, { rows, columns: [], names: [] });
    } else return undefined;
  }
  return files;
}
