import { describe, expect, test } from 'vitest';
import { documentData, periodText, STATUS_COLOURS } from '../../src/reports/pdf-data.ts';
import { BREAK } from '../../src/reports/printable.ts';
import {
  type PackContent,
  type ReportCell,
  type ReportColumn,
  STATUSES,
} from '../../src/reports/report.ts';
import { packContent, smallPackContent } from './pack-content.ts';

function plain(text: unknown): unknown {
  return typeof text === 'string' ? text.replaceAll(BREAK, '') : text;
}

/** The only report of a pack, as the template gets it. */
function reportOf(columns: readonly ReportColumn[], rows: readonly (readonly ReportCell[])[]) {
  const content: PackContent = smallPackContent();
  const [model] = content.reports;
  if (!model) throw new Error('the fixture has no report');
  content.reports = [{ ...model, columns, rows }];
  const [made] = documentData(content, []).reports;
  if (!made) throw new Error('the report is gone');
  return made;
}

const text = (name: string): ReportColumn => ({ name, type: 'text' });

describe('cells', () => {
  test.each<[ReportCell, ReportColumn['type'], string]>([
    [null, 'text', '–'],
    ['', 'text', '–'],
    [true, 'boolean', 'yes'],
    [false, 'boolean', 'no'],
    [0, 'number', '0'],
    [-1.5, 'number', '-1.5'],
    ['9007199254740993', 'number', '9007199254740993'],
    ['2026-01-31T23:58:12Z', 'time', '2026-01-31T23:58:12Z'],
    ['a\u202eb', 'text', 'a[U+202E]b'],
    ['partial', 'text', 'partial'],
  ])('%j of type %s is %j', (cell, type, expected) => {
    const { rows } = reportOf([{ name: 'value', type }], [[cell]]);
    expect(rows[0]?.cells.map(plain)).toEqual([expected]);
  });

  test('a status has its symbol only in the column of statuses, and only if it is one', () => {
    const { rows } = reportOf([text('status')], [['partial'], ['compliant']]);
    expect(rows.map((row) => row.cells.map(plain))).toEqual([
      [{ status: 'partial' }],
      ['compliant'],
    ]);
  });

  test('numbers stand at the right', () => {
    const { columns } = reportOf([{ name: 'byte_count', type: 'number' }, text('name')], []);
    expect(columns.map((column) => [column.title, column.right])).toEqual([
      ['Byte count', true],
      ['Name', false],
    ]);
  });
});

describe('sentences below a row', () => {
  const columns = [text('name'), text('why'), text('remedy'), text('log_format')];

  test('are labelled, and no columns of the table', () => {
    const made = reportOf(columns, [['a', 'Because.', 'Do.', 'version status']]);
    expect(made.columns.map((column) => column.title)).toEqual(['Name']);
    expect(made.rows[0]?.notes).toEqual([
      { label: 'Why', text: 'Because.' },
      { label: 'Remedy', text: 'Do.' },
      { label: 'Format', text: 'version status' },
    ]);
  });

  test('are left out where there are none, and pointed to where the row above has the same', () => {
    const { rows } = reportOf(columns, [
      ['a', 'Because.', null, 'version'],
      ['b', 'Because.', '', 'version'],
      ['c', 'Else.', null, null],
    ]);
    expect(rows.map((row) => row.notes.map((note) => `${note.label}: ${note.text}`))).toEqual([
      ['Why: Because.', 'Format: version'],
      ['Why: as in the row above.'],
      ['Why: Else.'],
    ]);
  });

  test('a row is tall if its cells or its sentences are', () => {
    const { rows } = reportOf(columns, [
      ['a', 'Because.', null, null],
      ['a', 'word '.repeat(250), 'term '.repeat(250), null],
      ['word '.repeat(60), 'Because.', null, null],
    ]);
    expect(rows.map((row) => row.isTall)).toEqual([false, true, false]);
    const narrow = Array.from({ length: 20 }, (_, index) => text(`column_${index}`));
    const made = reportOf(narrow, [narrow.map(() => 'W'.repeat(400))]);
    expect(made.rows[0]?.isTall).toBe(true);
  });
});

describe('the page', () => {
  test.each([
    [6, false, 8],
    [7, true, 7.5],
    [13, true, 7],
  ])('with %i columns turned: %s, in letters of %f points', (count, isWide, fontSize) => {
    const columns = Array.from({ length: count }, (_, index) => text(`c${index}`));
    expect(reportOf([...columns, text('why')], [])).toMatchObject({ isWide, fontSize });
  });

  test('"A row is" reads on in the words of the grain', () => {
    const content = smallPackContent();
    content.reports = content.reports.map((one) => ({
      ...one,
      grain: 'one row an interface and hour; and one row a flow log',
    }));
    expect(documentData(content, []).reports[0]?.grain).toBe(
      'an interface and hour; and a flow log',
    );
  });

  test('a requirement points to reports of the pack only', () => {
    const content = packContent();
    content.reports = content.reports.filter((one) => one.name !== 'loss_interval');
    const found = documentData(content, []).requirements.find((one) => one.id === '10.2.2');
    expect(found?.reports.map(({ name, known }) => [name, known])).toEqual([
      ['flow_detail_by_resource', true],
      ['loss_interval', false],
    ]);
  });
});

describe('periodText', () => {
  test.each([
    [
      '2026-01-01T00:00:00Z',
      '2026-02-01T00:00:00Z',
      '2026-01-01 to 2026-01-31 (UTC, both days included)',
    ],
    ['2026-01-01', '2026-01-02', '2026-01-01 (UTC)'],
    [
      '2024-02-28T00:00:00Z',
      '2024-03-01T00:00:00Z',
      '2024-02-28 to 2024-02-29 (UTC, both days included)',
    ],
    [
      '2026-01-01T06:00:00Z',
      '2026-02-01T00:00:00Z',
      '2026-01-01T06:00:00Z until before 2026-02-01T00:00:00Z (UTC)',
    ],
  ])('%s until %s is %j', (start, end, expected) => {
    expect(periodText({ start, end })).toBe(expected);
  });
});

describe('colours of statuses', () => {
  function luminance(colour: string): number {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  test.each(STATUSES)('%s can be read on its paper and on white', (status) => {
    const { ink, paper } = STATUS_COLOURS[status];
    for (const ground of [paper, '#ffffff']) {
      const contrast = (luminance(ground) + 0.05) / (luminance(ink) + 0.05);
      expect(contrast).toBeGreaterThanOrEqual(4.5);
    }
  });
});
