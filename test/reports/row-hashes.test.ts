import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createRowHasher,
  cutOf,
  type FileRows,
  parseRows,
  rowsOf,
  rowsText,
} from '../../src/reports/row-hashes.ts';
import { HOSTILE_TEXTS } from './pack-content.ts';
import { parseCsv } from './parse-csv.ts';

const anyCell = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^["',\r\n=\t 5a]{0,8}$/),
  fc.constantFrom(...HOSTILE_TEXTS),
);

const anyTable = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.array(fc.array(anyCell, { minLength: width, maxLength: width }), {
    minLength: 1,
    maxLength: 7,
  }),
);

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) || cell === '' ? `"${cell.replaceAll('"', '""')}"` : cell;
}

const csvOf = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(quote).join(',')}\r\n`).join('');

function short(text: string): number {
  return Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 8), 16);
}

function inParts(cut: 'records' | 'lines', bytes: Uint8Array, length: number): FileRows {
  const hasher = createRowHasher(cut);
  for (let at = 0; at < bytes.length; at += length) hasher.push(bytes.subarray(at, at + length));
  return hasher.finish();
}

describe('the short hashes of a CSV', () => {
  test('are those of each record, and of each column as a CSV of its own', () => {
    fc.assert(
      fc.property(anyTable, fc.integer({ min: 1, max: 9 }), (table, partLength) => {
        const text = csvOf(table);
        expect(parseCsv(text)).toHaveLength(table.length);
        const found = rowsOf('records', Buffer.from(text));
        expect(found.rows).toEqual(table.map((row) => short(csvOf([row]))));
        expect(found.columns).toEqual(
          (table[0] ?? []).map((_, index) =>
            short(table.map((row) => `${quote(row[index] ?? '')}\r\n`).join('')),
          ),
        );
        expect(found.names).toEqual((table[0] ?? []).map((name) => name.slice(0, 100)));
        expect(inParts('records', Buffer.from(text), partLength)).toEqual(found);
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, number]>([
    ['', 0],
    ['a', 1],
    ['a\r\n', 1],
    ['a\r\nb', 2],
    ['a\n"b\r\n\n""c"\r\n', 2],
    ['a\r\n""\r\n', 2],
    ['"never closed\r\na\r\nb', 1],
  ])('%j has %i', (text, count) => {
    expect(rowsOf('records', Buffer.from(text)).rows).toHaveLength(count);
  });

  test('a column of more text than is kept at once', () => {
    const cells = Array.from({ length: 30_000 }, (_, index) => `cell ${index}`);
    const text = cells.map((cell) => `${cell},x\r\n`).join('');
    expect(rowsOf('records', Buffer.from(text)).columns[0]).toBe(
      short(`${cells.join('\r\n')}\r\n`),
    );
  });

  test('a million commas are not a million columns', () => {
    expect(rowsOf('records', Buffer.alloc(1_000_000, ',')).columns).toHaveLength(4096);
  });
});

test('lines of other texts: quotes and commas mean nothing there', () => {
  const found = rowsOf('lines', Buffer.from('{"a":\n"b,c\n}'));
  expect(found).toEqual({ rows: ['{"a":\n', '"b,c\n', '}'].map(short), columns: [], names: [] });
});

test.each([
  ['a.csv', 'records'],
  ['queries/a.sql', 'lines'],
  ['report.html', 'lines'],
  ['ocsf.json', 'lines'],
  ['report.pdf', undefined],
  ['report.xlsx', undefined],
  ['rows.sha256', undefined],
  ['SHA256SUMS', undefined],
])('%s is cut into %s', (name, cut) => {
  expect(cutOf(name)).toBe(cut);
});

describe('rows.sha256', () => {
  test('is read back as it was written', () => {
    const anyShort = fc.nat(0xffff_ffff);
    const anyRows = fc.record({ rows: fc.array(anyShort), columns: fc.array(anyShort) });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z/. ]{1,9}$/), anyRows), (given) => {
        const files = new Map(
          Object.entries(given).map(([name, file]) => [name, { ...file, names: [] }]),
        );
        expect(parseRows(rowsText(files))).toEqual(files);
      }),
    );
  });

  test('can be made with standard tools', () => {
    const text = rowsText(new Map([['a.csv', rowsOf('records', Buffer.from('x,y\r\n1,2\r\n'))]]));
    // printf 'x\r\n1\r\n' | sha256sum; printf 'y\r\n2\r\n'; printf 'x,y\r\n'; printf '1,2\r\n'
    const digits = ['x\r\n1\r\n', 'y\r\n2\r\n', 'x,y\r\n', '1,2\r\n'].map((part) =>
      createHash('sha256').update(part).digest('hex').slice(0, 8),
    );
    expect(text.split('\n').slice(1)).toEqual([
      'file a.csv',
      `columns ${digits[0]} ${digits[1]}`,
      digits[2],
      digits[3],
      '',
    ]);
  });

  const sound = rowsText(new Map([['a.csv', rowsOf('records', Buffer.from('x\r\n'))]]));

  test.each([
    ['nothing', ''],
    ['no last line end', sound.slice(0, -1)],
    ['another first line', sound.replace('#', '!')],
    ['a hash too short', sound.replace(/[0-9a-f]\n$/, '\n')],
    ['a file twice', `${sound}file a.csv\n`],
    ['a hash before any file', sound.replace('file a.csv\n', '')],
    ['columns after rows', `${sound}columns 01234567\n`],
    ['capital digits', `${sound}ABCDEF01\n`],
  ])('with %s is not read', (_what, text) => {
    expect(parseRows(text)).toBeUndefined();
  });
});
