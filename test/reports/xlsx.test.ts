import fc from 'fast-check';
import { unzipSync } from 'fflate';
import readWorkbook from 'read-excel-file/node';
import { describe, expect, test } from 'vitest';
import { csvText } from '../../src/reports/csv.ts';
import type { PackContent, ReportCell, ReportColumn } from '../../src/reports/report.ts';
import { sheetsOf, writeWorkbook } from '../../src/reports/xlsx.ts';
import { SHEET_LIMITS, type Sheet, sheetParts } from '../../src/reports/xlsx-sheet.ts';
import { EXCEPTIONS } from './exception-uses.ts';
import { ALL_HOSTILE_TEXTS, HIDDEN, hostilePack } from './hostile-pack.ts';
import { packContent } from './pack-content.ts';
import { parseCsv } from './parse-csv.ts';
import { checkXml } from './xml-check.ts';

type Cell = string | number | boolean | Date | null;

/** The sheets by their name, as a reader that is not ours sees them. */
async function sheetsIn(workbook: Buffer): Promise<Map<string, Cell[][]>> {
  const sheets = await readWorkbook(workbook, { trim: false });
  return new Map(sheets.map(({ sheet, data }) => [sheet, data as Cell[][]]));
}

function partsOf(workbook: Buffer): Map<string, string> {
  return new Map(
    Object.entries(unzipSync(workbook)).map(([name, bytes]) => [
      name,
      Buffer.from(bytes).toString('utf8'),
    ]),
  );
}

function xmlOf(sheet: Partial<Sheet>, limits = SHEET_LIMITS): string {
  const columns: ReportColumn[] = [{ name: 'value', type: 'text' }];
  return [...sheetParts({ name: 'x', columns, rows: [], ...sheet }, limits)].join('');
}

/** A time as the CSV has it. A workbook holds fractions of days, and this reader drops what is left. */
function wholeSecond(time: Date): string {
  return new Date(Math.round(time.getTime() / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A pack with one report of one column. */
function oneColumn(rows: readonly ReportCell[], type: ReportColumn['type'] = 'text'): PackContent {
  const content = packContent();
  const [model] = content.reports;
  if (!model) throw new Error('the fixture has no reports');
  const report = { ...model, columns: [{ name: 'value', type }], rows: rows.map((cell) => [cell]) };
  return { ...content, reports: [report] };
}

async function readColumn(rows: readonly ReportCell[], type: ReportColumn['type'] = 'text') {
  const sheets = await sheetsIn(writeWorkbook(oneColumn(rows, type)));
  return sheets
    .get('flow_detail_by_resource')
    ?.slice(1)
    .map((row) => row[0]);
}

describe('writeWorkbook', () => {
  test('has a summary, what it is about, a list, a sheet a report and the dictionary', async () => {
    const content = packContent();
    content.exceptions = null;
    const sheets = await sheetsIn(writeWorkbook(content));
    expect([...sheets.keys()]).toEqual([
      'Summary',
      'About',
      'Reports',
      ...content.reports.map((one) => one.name),
      'Dictionary',
    ]);
    const summary = sheets.get('Summary') ?? [];
    expect(summary[0]?.slice(0, 4)).toEqual(['requirement', 'title', 'status', 'why']);
    expect(summary.slice(1).map((row) => [row[0], row[2]])).toEqual(
      content.requirements.map((one) => [one.id, one.status]),
    );
    const about = new Map(sheets.get('About')?.map((row) => [row[0], row[1]]));
    expect(about.get('Organization')).toBe('Example Payments Ltd');
    expect(about.get('Decision')).toBe('flowproof supplies evidence; the assessor decides.');
    expect(
      sheets
        .get('Reports')
        ?.slice(1, 3)
        .map((row) => row.slice(4, 6)),
    ).toEqual([
      [14, true],
      [260, true],
    ]);
  });

  test('a report’s sheet says what its CSV says, with numbers, times and truth as such', async () => {
    const content = packContent();
    const [report] = content.reports.filter((one) => one.name === 'accepted_flow_by_rule');
    if (!report) throw new Error('the fixture has no such report');
    const [header, ...rows] = (await sheetsIn(writeWorkbook(content))).get(report.name) ?? [];
    const [csvHeader, ...csvRows] = parseCsv(csvText(report)).map((row) =>
      row.map((field) => field.text),
    );
    expect(header).toEqual(csvHeader);
    expect(rows).toHaveLength(report.rows.length);
    for (const [number, row] of rows.entries()) {
      const texts = row.map((cell) => {
        if (cell instanceof Date) return wholeSecond(cell);
        return cell === null ? '' : String(cell);
      });
      expect(texts).toEqual(csvRows[number]);
      expect(row.map((cell) => (cell instanceof Date ? 'time' : typeof cell))).toEqual(
        report.columns.map(({ type }, index) =>
          row[index] === null ? 'object' : type === 'text' ? 'string' : type,
        ),
      );
    }
  });

  test.each<[ReportCell, ReportColumn['type'], Cell]>([
    ['9007199254740993', 'number', '9007199254740993'],
    ['123456789012345', 'number', 123456789012345],
    [1234567890123456, 'number', '1234567890123456'],
    [-0.25, 'number', -0.25],
    ['NaN', 'number', 'NaN'],
    ['00123', 'text', '00123'],
    ['=1+1', 'number', '=1+1'],
    ['2026-01-31T23:58:12Z', 'time', new Date('2026-01-31T23:58:12Z')],
    ['9999-12-31T23:59:59Z', 'time', new Date('9999-12-31T23:59:59Z')],
    ['1900-02-28T00:00:00Z', 'time', '1900-02-28T00:00:00Z'],
    ['not a time', 'time', 'not a time'],
    [false, 'boolean', false],
    [null, 'text', undefined as unknown as null],
    ['supports', 'text', 'supports'],
  ])('%j in a column of type %s is read as %j', async (cell, type, expected) => {
    expect((await readColumn([cell, 'x'], type))?.[0] ?? undefined).toEqual(expected);
  });

  test('exceptions have a sheet, and accepted rows a look of their own', async () => {
    const workbook = writeWorkbook({ ...packContent(), exceptions: EXCEPTIONS });
    const sheets = await sheetsIn(workbook);
    expect([...sheets.keys()].indexOf('Exceptions')).toBe(3);
    expect(sheets.get('Exceptions')?.[1]).toEqual([
      'EX-7',
      'loss_interval',
      'What.',
      'Why.',
      'Control.',
      'network team',
      'head of security',
      '2026-12-31',
      'in_force',
      3,
    ]);
    const cells = xmlOf({
      columns: [{ name: 'status', type: 'text' }],
      rows: [['accepted'], ['partial'], ['other']],
    }).match(/s="\d+"/g);
    expect(new Set(cells).size).toBe(4);
    const none = { ...EXCEPTIONS, uses: [] };
    const empty = await sheetsIn(writeWorkbook({ ...packContent(), exceptions: none }));
    expect(empty.get('Exceptions')?.[1]?.[0]).toMatch(/^No rows: the file of exceptions has none/);
  });

  test('a report without rows says whether there was data', async () => {
    const sheets = await sheetsIn(writeWorkbook(packContent()));
    expect(sheets.get('loss_interval')?.[1]?.[0]).toMatch(/^No rows: the data was looked at/);
    expect(sheets.get('ips_detection_let_through')?.[1]?.[0]).toMatch(
      /^No rows: there was no data/,
    );
  });

  test('headers stay in sight, filter, and are printed on every page', () => {
    const parts = partsOf(writeWorkbook(packContent()));
    const names = [...parts.keys()].filter((name) => name.startsWith('xl/worksheets/'));
    expect(names).toHaveLength(sheetsOf(packContent()).length);
    for (const name of names) {
      expect(parts.get(name)).toMatch(/<pane ySplit="1" topLeftCell="A2" [^>]*state="frozen"\/>/);
      expect(parts.get(name)).toMatch(/<autoFilter ref="A1:[A-Z]+\d+"\/>/);
      expect(parts.get(name)).toMatch(/<col min="1" max="1" width="\d+" customWidth="1"\/>/);
    }
    const widest = sheetsOf(packContent()).findIndex((one) => one.name === 'accepted_flow_by_rule');
    expect(parts.get(`xl/worksheets/sheet${widest + 1}.xml`)).toContain(
      '<autoFilter ref="A1:L261"/>',
    );
    const workbook = parts.get('xl/workbook.xml') ?? '';
    expect(workbook).toContain("'accepted_flow_by_rule'!$A$1:$L$261");
    expect(workbook.match(/_xlnm\.Print_Titles/g)).toHaveLength(names.length);
  });

  test('the same content gives the same bytes, whatever the time zone', () => {
    const zone = process.env.TZ;
    try {
      const [first, ...others] = ['UTC', 'America/St_Johns', 'Pacific/Kiritimati'].map((name) => {
        process.env.TZ = name;
        return writeWorkbook(packContent());
      });
      expect(others.map((other) => other.equals(first ?? Buffer.alloc(0)))).toEqual([true, true]);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  test('the archive holds nothing but the parts that its types name', () => {
    const parts = partsOf(writeWorkbook(packContent()));
    const typed = [...(parts.get('[Content_Types].xml') ?? '').matchAll(/PartName="\/([^"]+)"/g)];
    expect(typed.map((match) => match[1]).sort()).toEqual(
      [...parts.keys()].filter((name) => !/^\[|\.rels$/.test(name)).sort(),
    );
    for (const xml of parts.values()) expect(() => checkXml(xml)).not.toThrow();
  });
});

describe('hostile text', () => {
  test('is well-formed, visible, a text and never a formula or an outside link', () => {
    const parts = partsOf(writeWorkbook(hostilePack().content));
    for (const [name, xml] of parts) {
      expect(() => checkXml(xml), name).not.toThrow();
      expect(HIDDEN.exec(xml)?.[0], name).toBeUndefined();
    }
    const elements = [...parts.values()].flatMap(checkXml);
    for (const name of ['f', 'oleLink', 'ddeLink', 'externalLink', 'externalReference', 'script']) {
      expect(elements).not.toContain(name);
    }
    expect([...parts.keys()].filter((name) => /externalLink|vba|drawing/i.test(name))).toEqual([]);
    for (const xml of parts.values()) expect(xml).not.toContain('TargetMode="External"');
  });

  test('is read back as it was, with what cannot be seen shown', async () => {
    const wanted = ALL_HOSTILE_TEXTS.map((text) =>
      text.replace(
        new RegExp(HIDDEN.source, 'gu'),
        (one) => `[U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
      ),
    );
    const read = await readColumn([...ALL_HOSTILE_TEXTS, 'end']);
    for (const [index, text] of wanted.entries()) {
      // This reader leaves the escaped underscore of ECMA-376 (ST_Xstring) as it is written.
      const seen = String(read?.[index] ?? '').replaceAll('_x005F_', '_');
      expect(seen.trim()).toBe(text.trim());
    }
  });

  test('of any kind leaves a sheet well-formed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ALL_HOSTILE_TEXTS))),
        fc.constantFrom<ReportColumn['type']>('text', 'number', 'boolean', 'time'),
        (texts, type) => {
          const xml = xmlOf({
            columns: [{ name: texts.join(''), type }],
            rows: texts.map((text) => [text]),
            wholeIn: 'value.csv',
          });
          expect(() => checkXml(xml)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });

  test('that a spreadsheet would run stays text also when somebody edits it', () => {
    const xml = xmlOf({ rows: [['=1+1'], ['plain']] });
    const styles = partsOf(writeWorkbook(packContent())).get('xl/styles.xml') ?? '';
    const formats = styles.slice(styles.indexOf('<cellXfs')).match(/<xf [^>]*>/g) ?? [];
    const [quoted, plain] = [...xml.matchAll(/<c r="A[23]" s="(\d+)" t="inlineStr">/g)].map(
      (match) => formats[Number(match[1])],
    );
    expect(quoted).toContain('quotePrefix="1"');
    expect(plain).not.toContain('quotePrefix');
  });

  test('what reads like an escaped character is escaped itself', () => {
    expect(xmlOf({ rows: [['_x0041__x000D_']] })).toContain('>_x005F_x0041__x005F_x000D_<');
  });

  test('longer than a cell takes is cut, and the cell says so', async () => {
    const long = '😀'.repeat(20_000);
    const [cell, fits] = (await readColumn([long, 'x'.repeat(32_767)])) ?? [];
    expect(String(cell).length).toBeLessThanOrEqual(32_767);
    expect(String(cell)).toMatch(
      /^(?:😀)+ \[cut: 40000 characters; all of them are in flow_detail_by_resource\.csv\]$/u,
    );
    expect(fits).toBe('x'.repeat(32_767));
  });

  test('more lines than a cell takes go on without new lines', async () => {
    const [cell] = (await readColumn(['a\n'.repeat(300)])) ?? [];
    expect(String(cell).split('\n')).toHaveLength(254);
    expect(String(cell).match(/\[U\+000A\]/g)).toHaveLength(47);
  });
});

describe('names of sheets', () => {
  test.each([
    [
      ['summary', 'Summary', 'history'],
      ['summary~2', 'Summary~3', 'history~2'],
    ],
    [
      ['a'.repeat(40), `${'a'.repeat(40)}b`],
      ['a'.repeat(31), `${'a'.repeat(29)}~2`],
    ],
    [
      ["'a'", '[b]:*?/\\', ''],
      ['_a_', '_b______', '~2'],
    ],
    [
      [`${'x'.repeat(30)}😀`, '\u202e'],
      ['x'.repeat(30), '_U+202E_'],
    ],
  ])('of reports %j are %j', (names, expected) => {
    const content = packContent();
    const [model] = content.reports;
    if (!model) throw new Error('the fixture has no reports');
    const reports = names.map((name) => ({ ...model, name }));
    const found = sheetsOf({ ...content, reports, exceptions: null }).map((sheet) => sheet.name);
    expect(found.slice(3, -1)).toEqual(expected);
  });

  test('lead from the list of reports to their sheets', () => {
    const content = { ...packContent() };
    const [model] = content.reports;
    if (!model) throw new Error('the fixture has no reports');
    const parts = partsOf(writeWorkbook({ ...content, reports: [{ ...model, name: "it's" }] }));
    expect(parts.get('xl/worksheets/sheet3.xml')).toContain(
      `<hyperlink ref="A2" location="'it''s'!A1"/>`,
    );
  });
});

describe('more rows than a sheet holds', () => {
  test('are cut at the last row, which says so and names the CSV', () => {
    const row: readonly ReportCell[] = [true];
    const fits = Array.from({ length: 1_048_575 }, () => row);
    const sheet = { columns: [{ name: 'v', type: 'boolean' as const }], wholeIn: 'v.csv' };
    let last = '';
    let rows = 0;
    const read = (more: Partial<Sheet>): void => {
      rows = 0;
      for (const part of sheetParts({ name: 'x', rows: fits, ...sheet, ...more })) {
        rows += part.match(/<row /g)?.length ?? 0;
        if (part.includes('<row ')) last = part.slice(part.lastIndexOf('<row '));
      }
    };
    read({});
    expect(rows).toBe(1_048_576);
    expect(last).toContain('<row r="1048576"');
    expect(last).not.toContain('Cut here');
    read({ rows: [...fits, row] });
    expect(rows).toBe(1_048_576);
    expect(last).toContain('<row r="1048576"');
    expect(last).toContain(
      'Cut here: the first 1048574 of 1048576 rows; a sheet cannot hold more. All rows are in v.csv.',
    );
  });

  test('or more text than an archive holds are cut in the same way', () => {
    const rows = Array.from({ length: 2000 }, () => ['x'.repeat(100)]);
    const xml = xmlOf({ rows }, { rows: 1_048_576, characters: 150_000 });
    expect(xml.match(/<row /g)).toHaveLength(1002);
    expect(xml).toContain('<row r="1002"');
    expect(xml).toContain('Cut here: the first 1000 of 2000 rows');
    expect(() => checkXml(xml)).not.toThrow();
  });
});
