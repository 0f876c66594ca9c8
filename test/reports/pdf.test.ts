import { beforeAll, describe, expect, test } from 'vitest';
import { csvText } from '../../src/reports/csv.ts';
import { compile, writePdf } from '../../src/reports/pdf.ts';
import { BREAK, printable } from '../../src/reports/printable.ts';
import {
  type PackContent,
  type ReportCell,
  type ReportResult,
  STATUS_WORDS,
} from '../../src/reports/report.ts';
import { HOSTILE_TEXTS, packContent, smallPackContent } from './pack-content.ts';
import { type PdfFile, readPdf } from './pdf-text.ts';

let bytes: Buffer;
let pdf: PdfFile;

beforeAll(async () => {
  bytes = await writePdf(packContent());
  pdf = readPdf(bytes);
});

/** Text without blanks: lines end, and runs of glyphs part, where the typesetter likes. */
function bare(text: string): string {
  return text.replaceAll(/\s/g, '').replaceAll(BREAK, '');
}

function textOf(file: PdfFile): string {
  return bare(file.pages.join(' '));
}

/** A small pack whose only report has these rows. */
function withRows(names: readonly string[], rows: readonly (readonly ReportCell[])[]): PackContent {
  const content = smallPackContent();
  const [model] = content.reports;
  if (!model) throw new Error('the fixture has no report');
  const columns = names.map((name) => ({ name, type: 'text' as const }));
  const report: ReportResult = { ...model, columns, rows, statusCounts: {} };
  return { ...content, reports: [report] };
}

/** Pages between the list of reports and the appendix: those of the only report. */
function reportPages(file: PdfFile, title: string): string[] {
  const pages = file.pages.map(bare);
  const first = pages.findLastIndex((page) => page.includes(bare(`${title}For each resource`)));
  return pages.slice(
    first,
    pages.findLastIndex((page) => page.includes('Howtocheckthispack')),
  );
}

describe('the file', () => {
  test('says that it is a tagged PDF/A-3a in English, with an outline', () => {
    expect(bytes.toString('latin1', 0, 8)).toBe('%PDF-1.7');
    expect(pdf.metadata).toContain('<pdfaid:part>3</pdfaid:part>');
    expect(pdf.metadata).toContain('<pdfaid:conformance>A</pdfaid:conformance>');
    expect(pdf.catalog).toMatch(/\/StructTreeRoot \d+ 0 R/);
    expect(pdf.catalog).toMatch(/\/MarkInfo <<\s*\/Marked true/);
    expect(pdf.catalog).toMatch(/\/Outlines \d+ 0 R/);
    expect(pdf.catalog).toContain('/Lang (en)');
  });

  test('has a title, and no time but that of the data', () => {
    expect(pdf.metadata).toContain('Network evidence for PCI DSS');
    const dates = [...pdf.metadata.matchAll(/\d{4}-\d\d-\d\dT[\d:+]+/g)].map(([date]) => date);
    expect(new Set(dates)).toEqual(new Set(['2026-01-31T23:58:12+00:00']));
  });

  test('holds the CSV files, byte for byte', () => {
    const { reports } = packContent();
    expect([...pdf.embedded.keys()].sort()).toEqual(reports.map((one) => `${one.name}.csv`).sort());
    for (const one of reports) {
      expect(pdf.embedded.get(`${one.name}.csv`)?.toString('utf8')).toBe(csvText(one));
    }
    expect(textOf(pdf)).toContain(bare('The CSV files are also attached to this PDF.'));
  });

  test('has the same bytes each time it is made', async () => {
    expect((await writePdf(packContent())).equals(bytes)).toBe(true);
  });

  test('has other bytes for other content', async () => {
    const content = packContent();
    content.dataThrough = '2026-01-31T23:58:13Z';
    expect((await writePdf(content)).equals(bytes)).toBe(false);
  });

  test('leaves out a CSV that is too large, and says so', async () => {
    const content = withRows(['text'], [['x'.repeat(1024 * 1024)]]);
    const made = readPdf(await writePdf(content));
    expect(made.embedded.size).toBe(0);
    expect(textOf(made)).toContain(bare('0 of 1 CSV files are also attached'));
  });
});

describe('what it says', () => {
  test('names the pack, period, scope, data and tool on its cover', () => {
    const cover = bare(pdf.pages[0] ?? '');
    for (const text of [
      'Example Payments Ltd',
      '2026-01-01 to 2026-01-31 (UTC, both days included)',
      '2026-01-31T23:58:12Z',
      'flowproof 0.1.0, engine DuckDB 1.5.6',
      'tag pci-scope = cde',
      packContent().configSha256,
    ]) {
      expect(cover).toContain(bare(text));
    }
  });

  test('shows every requirement with its status and why', () => {
    const text = textOf(pdf);
    for (const one of packContent().requirements) {
      expect(text).toContain(
        bare(`${one.id}${one.title}${STATUS_WORDS[one.status].label}${one.why}`),
      );
      expect(text).toContain(bare(one.limits));
    }
    expect(text.toLowerCase()).not.toContain('compliant');
  });

  test('a report without rows says whether there was data to look at', () => {
    const text = textOf(pdf);
    expect(text).toContain(
      bare('No rows: there was data to look at, and this report found nothing in it to list.'),
    );
    expect(text).toContain(
      bare('No rows, because there was no data that this report could have looked at.'),
    );
  });

  test('evidence without rows does not read like a search that found no fault', async () => {
    const content = withRows(['text'], []);
    content.reports = content.reports.map((one) => ({ ...one, rowKind: 'evidence' as const }));
    expect(textOf(readPdf(await writePdf(content)))).toContain(
      bare('No rows: there was data to look at, and none of it is what this report lists.'),
    );
  });

  test('more rows than are shown are counted, and the last shown is the 200th', () => {
    const text = textOf(pdf);
    const ids = packContent().reports[1]?.rows.map((row) => String(row[1])) ?? [];
    expect(text).toContain(
      bare('The first 200 of 260 rows; all rows are in accepted_flow_by_rule.csv.'),
    );
    expect(text).toContain(ids[199]);
    expect(text).not.toContain(ids[200]);
  });

  test('more sources than are shown are counted', () => {
    expect(textOf(pdf)).toContain(bare('The first 100 of 120 objects; all are in manifest.json.'));
    expect(textOf(pdf)).toContain(packContent().sources[99]?.sha256);
    expect(textOf(pdf)).not.toContain(packContent().sources[100]?.sha256);
  });

  test('a pack without anything says so too', async () => {
    const content: PackContent = {
      ...packContent(),
      organization: null,
      dataThrough: null,
      scope: [],
      figures: [],
      requirements: [],
      reports: [],
      sources: [],
    };
    const text = textOf(readPdf(await writePdf(content)));
    expect(text).toContain(bare('Organization not stated in the configuration'));
    expect(text).toContain(bare('No records in the period'));
    expect(text).toContain(bare('The configuration names no scope'));
    expect(text).toContain(bare('0 objects, also in manifest.json.'));
  });
});

describe('hostile text', () => {
  test('appears as text, with what cannot be seen made visible', () => {
    const text = textOf(pdf);
    for (const hostile of HOSTILE_TEXTS.filter((one) => one.length <= 400)) {
      expect(text).toContain(bare(printable(hostile)));
    }
  });

  test('is not run, wherever it stands', async () => {
    const markup =
      '#import "x.typ" #panic("y") $z$ `c` *b* _i_ <script>alert(1)</script> \\ @r // /*';
    const content = smallPackContent();
    content.organization = markup;
    content.pack = { name: markup, title: markup, standard: markup };
    content.tool = { ...content.tool, version: markup };
    content.scope = [{ name: markup, match: markup, interfaceCount: 1, instanceCount: 1 }];
    content.figures = [{ label: markup, value: markup }];
    content.requirements = content.requirements.map((one) => ({
      ...one,
      title: markup,
      asks: markup,
      why: markup,
      limits: markup,
      manual: [markup],
      reports: [...one.reports, markup],
    }));
    content.reports = content.reports.map((one) => ({
      ...one,
      title: markup,
      question: markup,
      grain: markup,
      limits: markup,
      parameters: { name: markup },
      columns: [
        { name: markup, type: 'text' },
        { name: 'why', type: 'text' },
        { name: 'remedy', type: 'text' },
        { name: 'log_format', type: 'text' },
      ],
      rows: [[markup, markup, markup, markup]],
    }));
    content.sources = content.sources.map((one) => ({ ...one, uri: markup, reason: markup }));
    const made = readPdf(await writePdf(content));
    // Underscores in the name of a column are shown as blanks.
    expect(textOf(made).split(bare(markup)).length).toBeGreaterThan(40);
    expect(made.metadata).toContain('&lt;script&gt;');
  });

  test('of long words and of replaced characters neither leaves the page nor hides what follows', async () => {
    const names = [...'abcdefghijklmnopqrst', 'why', 'remedy'];
    const rows = [1, 2, 3].map((row) =>
      names.map((name, index) => {
        if (name === 'remedy') return `Do this, ${row} times.`;
        return index % 2 === 0 ? 'W'.repeat(400) : '\u0007'.repeat(300);
      }),
    );
    const content = withRows(names, rows);
    const made = readPdf(await writePdf(content));
    const pages = reportPages(made, content.reports[0]?.title ?? '');
    for (const row of [1, 2, 3]) expect(pages.join('')).toContain(`Dothis,${row}times.`);
    // A row of 20 such columns is taller than a page.
    expect(pages.length).toBeGreaterThan(3);
    expect(made.lowestPoint).toBeGreaterThanOrEqual(20);
  });

  test('is cut by what is printed, and the cut is said', async () => {
    const text = textOf(readPdf(await writePdf(withRows(['text'], [['\u0007'.repeat(900)]]))));
    expect(text).toContain(bare(`${'[U+0007]'.repeat(50)} … (cut; the CSV has all of it)`));
    expect(text).not.toContain('[U+0007]'.repeat(51));
  });

  test('a row that is kept together stays with its sentences', async () => {
    const rows = Array.from({ length: 120 }, (_, row) => [
      `name ${row}.`,
      `${'Some words. '.repeat((row % 7) * 9)}Because of ${row}.`,
    ]);
    const content = withRows(['name', 'why'], rows);
    const pages = reportPages(readPdf(await writePdf(content)), content.reports[0]?.title ?? '');
    expect(pages.length).toBeGreaterThan(5);
    for (let row = 0; row < rows.length; row += 1) {
      const page = pages.find((one) => one.includes(`name${row}.`));
      expect(page).toContain(`Because of ${row}.`.replaceAll(' ', ''));
    }
  });

  test('words of 300 characters compile in every column', async () => {
    const names = ['status', 'name', 'why', 'remedy', 'log_format'];
    const content = withRows(names, [
      names.map((_name, index) => 'abcde'[index]?.repeat(300) ?? ''),
    ]);
    const text = textOf(readPdf(await writePdf(content)));
    for (const letter of 'abcde') expect(text).toContain(letter.repeat(300));
  });
});

test('200 rows of nine columns work', async () => {
  const names = [...'abcdefghi'];
  const rows = Array.from({ length: 200 }, (_, row) => names.map((name) => `${name}-${row}-value`));
  const text = textOf(readPdf(await writePdf(withRows(names, rows))));
  for (const name of names) expect(text).toContain(`${name}-199-value`);
});

describe('failures', () => {
  test.each([
    ['#panic("broken")', 'panicked with: "broken"'],
    ['#let x = ', 'expected expression'],
    ['#import "@preview/none:0.0.1": x', ''],
    ['#read("/etc/hostname")', ''],
    ['#read("../../../../etc/hostname")', ''],
  ])('the template %j is PDF_FAILED with what Typst says', async (template, problem) => {
    await expect(compile(Buffer.from(template), 0, [])).rejects.toMatchObject({
      code: 'PDF_FAILED',
      place: 'report.pdf',
      problem: expect.stringContaining(problem),
    });
  });

  test('a time of the data that is none is PDF_FAILED', async () => {
    const content = { ...smallPackContent(), dataThrough: 'yesterday' };
    await expect(writePdf(content)).rejects.toMatchObject({
      code: 'PDF_FAILED',
      problem: expect.stringContaining('"yesterday"'),
    });
  });
});
