import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvCell } from '../src/query/output.ts';
import { csvText } from '../src/reports/csv.ts';
import type { ReportResult } from '../src/reports/report.ts';
import { defuse, undefuse } from '../src/spreadsheet.ts';

describe('defuse', () => {
  test.each([
    '=1+1',
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    '  =1',
    '\u00a0=1',
    '\t=1',
    '\r=1',
    '\n=1',
    '\tplain',
    '\uff1d1',
    '\uff0b1',
    '\uff0d1',
    '\uff201',
    "'=1",
    '--',
    '-5\n=1',
    '-1e5',
    '+1.',
    '- 5',
  ])('takes %j for a formula', (text) => {
    expect(defuse(text)).toBe(`'${text}`);
  });

  test.each(['', '-', '-5', '+49.5', '192.0.2.1', 'a=b', '1-2', 'x@example.com', '2001:db8::1'])(
    'leaves %j alone',
    (text) => {
      expect(defuse(text)).toBe(text);
    },
  );

  const hostile = fc.stringMatching(/^[ '=+\-@\t\r\n\uff1d5.a]{0,12}$/);

  test('undefuse gives every text back', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'grapheme' })), (text) => {
        expect(undefuse(defuse(text))).toBe(text);
      }),
    );
  });

  test('no cell opens with a sign of a formula, but for a plain number and the dash', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const cell = defuse(text);
        const isPlain = cell === '-' || !Number.isNaN(Number(cell || 'x'));
        expect(isPlain || !/^[=+\-@\t\r\n\uff1d]/.test(cell.trimStart())).toBe(true);
      }),
    );
  });

  test('is the rule of queries and of reports', () => {
    const report: ReportResult = {
      name: 'r',
      title: 'r',
      question: 'r',
      requirements: [],
      rowKind: 'summary',
      grain: 'r',
      limits: 'r',
      querySha256: '00',
      parameters: {},
      columns: [{ name: 'v', type: 'text' }],
      rows: [['=1+1'], ['-'], ['-5'], ["'x"], ['@a']],
      hadData: true,
      statusCounts: {},
    };
    const cells = report.rows.map(([cell]) => csvCell(String(cell), false));
    expect(csvText(report)).toBe(`${['v', ...cells].join('\r\n')}\r\n`);
    expect(cells).toEqual(["'=1+1", '-', '-5', "''x", "'@a"]);
  });
});
