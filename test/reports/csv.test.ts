import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvText } from '../../src/reports/csv.ts';
import type { ReportCell, ReportColumn, ReportResult } from '../../src/reports/report.ts';
import { undefuse } from '../../src/spreadsheet.ts';
import { HOSTILE_TEXTS, packContent } from './pack-content.ts';
import { type CsvField, parseCsv } from './parse-csv.ts';

function reportOf(
  columns: readonly ReportColumn[],
  rows: readonly (readonly ReportCell[])[],
): ReportResult {
  const [model] = packContent().reports;
  if (!model) throw new Error('the fixture has no reports');
  return { ...model, columns, rows };
}

const TEXT = { name: 'value', type: 'text' } as const;
const NUMBER = { name: 'value', type: 'number' } as const;

/** The only cell of the only row, as it stands in the file. */
function cellOf(cell: ReportCell, column: ReportColumn = TEXT): string {
  const csv = csvText(reportOf([{ name: 'first', type: 'text' }, column], [['x', cell]]));
  return csv.slice('first,value\r\nx,'.length, -'\r\n'.length);
}

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^["',\r\n=+\-@\t \uff1d5a]{0,8}$/),
  fc.constantFrom(...HOSTILE_TEXTS),
);
const anyCell: fc.Arbitrary<ReportCell> = fc.oneof(
  anyText,
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
);
const anyTable = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.record({
    names: fc.array(anyText, { minLength: width, maxLength: width }),
    rows: fc.array(fc.array(anyCell, { minLength: width, maxLength: width }), { maxLength: 6 }),
  }),
);

/** What the field was made from, as far as text without types can say it. */
function read(field: CsvField): string | null {
  return field.text === '' && !field.isQuoted ? null : undefuse(field.text);
}

describe('csvText', () => {
  test('a parser of RFC 4180 gives every cell back, and null apart from empty text', () => {
    fc.assert(
      fc.property(anyTable, ({ names, rows }) => {
        const columns = names.map((name): ReportColumn => ({ name, type: 'text' }));
        const records = parseCsv(csvText(reportOf(columns, rows)));
        const [header, ...body] = records.map((record) => record.map(read));
        expect(header).toEqual(names);
        const isLoneNull = (row: readonly ReportCell[]) => row.length === 1 && row[0] === null;
        expect(body).toEqual(
          rows.map((row) =>
            // A blank line would be no record at all, so this one null is written as empty text.
            isLoneNull(row) ? [''] : row.map((cell) => (cell === null ? null : String(cell))),
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('no text cell opens like a formula, except plain numbers and the dash', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const field = parseCsv(`${cellOf(text)}\r\n`)[0]?.[0]?.text ?? '';
        const isHarmless = /^(?:-|[+-]?\d+(?:\.\d+)?)$/.test(field);
        expect(isHarmless || !/^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(field)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('the name of a column is defused too', () => {
    const csv = csvText(reportOf([{ name: '=1+1', type: 'text' }], []));
    expect(csv).toBe("'=1+1\r\n");
  });

  test('records end with CRLF, and there is no byte order mark', () => {
    const csv = csvText(reportOf([TEXT, NUMBER], [['a', 1] as const, ['b', 2] as const]));
    expect(csv).toBe('value,value\r\na,1\r\nb,2\r\n');
  });

  test.each<[ReportCell, string]>([
    [null, ''],
    ['', '""'],
    ['-', '-'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-5, '-5'],
    [1.5, '1.5'],
    ['2026-01-31T23:58:12Z', '2026-01-31T23:58:12Z'],
    ['a "b"', '"a ""b"""'],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
    ['a\rb', '"a\rb"'],
    ['=1,2', '"\'=1,2"'],
  ])('%j is written as %j', (cell, expected) => {
    expect(cellOf(cell)).toBe(expected);
  });

  test.each([
    ['-9007199254740993', '-9007199254740993'],
    ['170141183460469231731687303715884105727', '170141183460469231731687303715884105727'],
    ['-1.5e-7', '-1.5e-7'],
    ['-1+cmd', "'-1+cmd"],
    ['=1', "'=1"],
  ])('in a column of numbers, the text %j is written as %j', (cell, expected) => {
    expect(cellOf(cell, NUMBER)).toBe(expected);
  });

  test('one null alone is no blank line, which readers would skip', () => {
    expect(csvText(reportOf([TEXT], [[null], ['x']]))).toBe('value\r\n""\r\nx\r\n');
  });

  test('a row shorter than the columns ends in nulls', () => {
    expect(csvText(reportOf([TEXT, NUMBER], [['x']]))).toBe('value,value\r\nx,\r\n');
  });
});
