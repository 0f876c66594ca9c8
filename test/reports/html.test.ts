import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { csvText } from '../../src/reports/csv.ts';
import { writeHtml } from '../../src/reports/html.ts';
import { visible } from '../../src/reports/html-markup.ts';
import { themeColours } from '../../src/reports/html-palette.ts';
import { MAX_HTML_ROWS } from '../../src/reports/html-rows.ts';
import {
  type PackContent,
  type ReportResult,
  ROW_STATUSES,
  STATUS_WORDS,
} from '../../src/reports/report.ts';
import { packContent, smallPackContent } from './pack-content.ts';
import { type HtmlElement, readHtml } from './read-html.ts';

function elementsOf(content: PackContent): HtmlElement[] {
  return readHtml(writeHtml(content).toString('utf8'));
}

function attributesOf(elements: readonly HtmlElement[], name: string): string[] {
  return elements.flatMap((one) => one.attributes.get(name) ?? []);
}

function byId(elements: readonly HtmlElement[], id: string): HtmlElement {
  const found = elements.find((one) => one.attributes.get('id') === id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** The content with one report, whose own parts are replaced. */
function withReport(own: Partial<ReportResult>): PackContent {
  const content = smallPackContent();
  return {
    ...content,
    reports: content.reports.map((one, index) => (index === 0 ? { ...one, ...own } : one)),
  };
}

const HOSTILE =
  `</td></script><script>alert(1)</script><img src=x onerror="alert(1)">'"&lt; javascript:alert(1) ` +
  '\u0000\u001b\u202e\u2066\u2028\u2029\u200b\ufeff\u00a0\u3164\ud800 ]]>--><!--';
const READABLE =
  `</td></script><script>alert(1)</script><img src=x onerror="alert(1)">'"&lt; javascript:alert(1) ` +
  '[U+0000][U+001B][U+202E][U+2066][U+2028][U+2029][U+200B][U+FEFF][U+00A0][U+3164][U+D800] ]]>--><!--';

/** Texts that flowproof itself chooses from a list; all others may come from a log or a file. */
const OWN_WORDS = ['rowKind', 'type', 'start', 'end', 'dataThrough', 'querySha256'];

/** Every text of the content followed by the hostile one, but the words of flowproof's own lists. */
function poison(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    const isStatus = key === 'status' && ROW_STATUSES.some((status) => status === value);
    return OWN_WORDS.includes(key) || isStatus ? value : `${value} ${HOSTILE}`;
  }
  if (Array.isArray(value)) return value.map((one) => poison(one, key));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poison(one, name)]));
}

describe('the file', () => {
  test('has the same bytes for the same content', () => {
    expect(writeHtml(packContent()).equals(writeHtml(packContent()))).toBe(true);
  });

  test('names its style and its script, and lets nothing else in', () => {
    const elements = elementsOf(packContent());
    const hashOf = (name: string): string => {
      const [one, ...others] = elements.filter((element) => element.name === name);
      expect(others).toEqual([]);
      return `'sha256-${createHash('sha256')
        .update(one?.text ?? '')
        .digest('base64')}'`;
    };
    const [policy] = attributesOf(
      elements.filter((one) => one.attributes.get('http-equiv') === 'Content-Security-Policy'),
      'content',
    );
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hashOf('script')}`,
      `style-src ${hashOf('style')}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    // The policy holds from where it stands on.
    expect(elements.findIndex((one) => one.attributes.has('http-equiv'))).toBeLessThan(
      elements.findIndex((one) => one.name === 'style'),
    );
  });

  test('refers to nothing outside, and holds no handler and no style of one element', () => {
    const elements = elementsOf(packContent());
    const names = new Set(elements.flatMap((one) => [...one.attributes.keys()]));
    expect(
      [...names].filter((name) => name === 'src' || name === 'style' || /^on/.test(name)),
    ).toEqual([]);
    expect(attributesOf(elements, 'href').filter((link) => !link.startsWith('#'))).toEqual([]);
    const style = elements.find((one) => one.name === 'style')?.text ?? '';
    expect(style).not.toMatch(/url\(|@import|@font-face/);
  });

  test('has no id twice, and every link and label leads to one', () => {
    const elements = elementsOf(packContent());
    const ids = attributesOf(elements, 'id');
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [
      ...attributesOf(elements, 'href').map((link) => link.slice(1)),
      ...attributesOf(elements, 'aria-labelledby'),
    ];
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
  });

  test('names of reports that make the same place are told apart', () => {
    const content = smallPackContent();
    const [first] = content.reports;
    if (!first) throw new Error('no report');
    const names = ['a/b', 'a b', 'a-b', '"><script>'];
    const elements = elementsOf({
      ...content,
      reports: names.map((name) => ({ ...first, name })),
    });
    const ids = attributesOf(elements, 'id').filter((id) => /^report-[^"]*$/.test(id));
    expect(ids.filter((id) => !id.endsWith('-title'))).toEqual([
      'report-a-b',
      'report-a-b.2',
      'report-a-b.3',
      'report----script-',
    ]);
  });

  test('hostile text everywhere is read as text, and changes no element', () => {
    const clean = packContent();
    const hostile = poison(clean) as PackContent;
    const outline = (elements: readonly HtmlElement[]): string[] =>
      elements.filter((one) => one.name !== 'wbr').map((one) => one.name);
    const poisoned = elementsOf(hostile);
    const texts = poisoned.filter(
      (one) => one.name === 'h1' || one.name === 'h3' || one.name === 'dd',
    );
    expect(texts.filter((one) => one.text.includes(READABLE)).length).toBeGreaterThan(30);
    expect(poisoned.filter((one) => one.name === 'script')).toHaveLength(1);
    expect(poisoned.some((one) => one.name === 'img')).toBe(false);
    expect(attributesOf(poisoned, 'href').filter((link) => !/^#[\w.-]+$/.test(link))).toEqual([]);
    expect(new Set(outline(poisoned))).toEqual(new Set(outline(elementsOf(clean))));
    const lines = writeHtml(hostile).toString('utf8').split('\n');
    expect(lines.filter((line) => line !== visible(line))).toEqual([]);
  });
});

describe('what it says', () => {
  test('one first heading, then sections, requirements and reports by their order', () => {
    const headings = elementsOf(packContent()).filter((one) => /^h\d$/.test(one.name));
    expect(headings.map((one) => `${one.name} ${one.text}`)).toEqual([
      'h1 Network evidence for PCI DSS',
      'h2 At a glance',
      'h3 What was read',
      'h3 Details of 10.2.2 in the flows in scope',
      'h3 Days on which the interfaces in scope have flow records',
      'h3 Flows between each scope and the other side',
      'h2 Summary',
      'h2 Scope and basis',
      'h3 What this pack is',
      'h3 What it is not',
      'h3 How to read the reports',
      'h2 Requirements',
      'h3 1.2.5 Services, protocols and ports in use',
      'h3 1.3.1 Inbound traffic to the cardholder data environment',
      'h3 1.4.4 Stored card data not reachable from untrusted networks',
      'h3 10.2.2 Details of each audit log event',
      'h3 10.4.1 Daily review of audit logs',
      'h3 11.5.1 Intrusion detection or prevention',
      'h2 Reports',
      'h3 Details of requirement 10.2.2, by resource',
      'h3 Accepted flows and the rules that permit them',
      'h3 Intervals in which records were lost',
      'h3 Intrusion attempts that were seen and let through',
      'h3 Signature names as the agents logged them',
      'h2 Sources',
      'h2 How to check this pack',
    ]);
  });

  test('the cover names organization, period, newest record and tool', () => {
    const cover = elementsOf(packContent()).find((one) => one.name === 'header')?.text ?? '';
    for (const text of [
      'Evidence pack for PCI DSS v4.0.1',
      'Example Payments Ltd',
      '2026-01-01 to 2026-01-31 (UTC, both days included)',
      '2026-01-31T23:58:12Z',
      'flowproof 0.1.0, engine DuckDB 1.5.6',
    ]) {
      expect(cover).toContain(text);
    }
    const empty = elementsOf({ ...packContent(), organization: null, dataThrough: null });
    const text = empty.find((one) => one.name === 'header')?.text;
    expect(text).toContain('Organization not stated in the configuration');
    expect(text).toContain('No records in the period');
  });

  test('a requirement with all that is said of it', () => {
    const article = byId(elementsOf(packContent()), 'requirement-10.2.2');
    expect(article.text.replaceAll(/\s+/g, ' ').trim()).toBe(
      '10.2.2 Details of each audit log event ' +
        'Out of reach User identification is missing in all 1 204 331 flow records. ' +
        'What it asksEach event holds user, type, date and time, outcome, origin and the resource affected. ' +
        'What these logs cannot showNo flow record, in any version, names a user or says what the traffic did. ' +
        'What only people can supplyThe approved list of services, protocols and ports, from the owner of the network standard.' +
        'An interview with the staff who review the rules. ' +
        'Reports and their rowsDetails of requirement 10.2.2, by resource 14 rows ' +
        'Not evidenced: 3Partial: 4Out of reach: 3Supports: 4 ' +
        'Intervals in which records were lost 0 rows, nothing to list',
    );
  });

  test('rows of one requirement in a report about several are linked one by one', () => {
    const content = withReport({
      columns: [
        { name: 'requirement_id', type: 'text' },
        { name: 'status', type: 'text' },
      ],
      rows: [
        ['10.4.1', 'partial'],
        ['10.2.2', 'out_of_reach'],
      ],
    });
    const elements = elementsOf(content);
    expect(byId(elements, 'requirement-10.2.2').text).toContain('Of this requirement: row 2');
    expect(attributesOf(elements, 'href')).toContain('#row-2-report-flow_detail_by_resource');
    expect(byId(elements, 'row-2-report-flow_detail_by_resource').text).toContain('10.2.2');
  });

  test('a row: status first, values as they are, long texts below it', () => {
    const html = writeHtml(
      withReport({
        name: 'made',
        columns: [
          { name: 'network_interface_id', type: 'text' },
          { name: 'flow_count', type: 'number' },
          { name: 'is_public', type: 'boolean' },
          { name: 'first_at', type: 'time' },
          { name: 'status', type: 'text' },
          { name: 'gap_code', type: 'text' },
          { name: 'why', type: 'text' },
          { name: 'remedy', type: 'text' },
        ],
        rows: [
          ['eni-1', 12345, true, '2026-01-02T03:04:05Z', 'partial', null, 'A <b>reason</b>.', ''],
          ['eni-2', '9007199254740993', false, null, 'accepted', 'CODE', null, null],
          ['eni-3', 1, false, null, 'of_a_later_version', null, null, null],
        ],
      }),
    ).toString('utf8');
    expect(html).toContain(
      '<tbody id="row-1-report-made" data-status="partial"><tr><th scope="rowgroup" rowspan="2">1</th>' +
        '<td><span class="status is-partial"><svg class="symbol" aria-hidden="true" focusable="false"><use href="#symbol-partial"/></svg>Partial</span></td>' +
        '<td class="one-line">eni-1</td><td class="number">12345</td><td>yes</td>' +
        '<td class="one-line">2026-01-02T<wbr>03:04:05Z</td><td class="none">–</td></tr>' +
        '<tr class="notes"><td colspan="6"><div class="row-notes"><p><b>Why</b> A &lt;b&gt;reason&lt;/b&gt;.</p></div></td></tr></tbody>\n',
    );
    expect(html).toContain(
      '<tbody id="row-2-report-made" data-status="accepted"><tr><th scope="row">2</th>' +
        '<td><span class="status is-accepted"><svg class="symbol" aria-hidden="true" focusable="false"><use href="#symbol-accepted"/></svg>Accepted</span></td>' +
        '<td class="one-line">eni-2</td><td class="number">9007199254740993</td><td>no</td>' +
        '<td class="none">–</td><td class="one-line">CODE</td></tr></tbody>\n',
    );
    expect(html).toContain(
      '<span class="status is-other"><svg class="symbol" aria-hidden="true" focusable="false"><use href="#symbol-other"/></svg>Of a later version</span>',
    );
  });

  test('pictures say in words what they draw', () => {
    const content = packContent();
    const html = writeHtml(content).toString('utf8');
    expect(html).toContain('100 % met</span>');
    expect(html).toContain('67 % met, 33 % partial</span>');
    expect(html).toContain('<title>2026-01-12: 0 of 160 interfaces</title>');
    expect(html).toContain(
      '<td class="cell-both"><span class="flows"><b>801 k</b> accepted</span><span class="flows"><b>51,202</b> rejected</span></td>',
    );
    const empty = { ...content, overview: { ...content.overview, details: [], segments: [] } };
    expect(
      writeHtml(empty)
        .toString('utf8')
        .match(/There are no flows in scope/g),
    ).toHaveLength(2);
  });

  test('exceptions with all that is said of them, and their rows', () => {
    const content = packContent();
    expect(writeHtml(content).toString('utf8')).not.toContain('id="exceptions"');
    const use = {
      ...{ id: 'EX-1', report: content.reports[0]?.name ?? '', what: 'SSH', why: '<b>old</b>' },
      ...{ compensating_control: 'keys', owner: 'network', approved_by: 'security' },
      ...{ expires: '2026-12-31', state: 'expired' as const, rowCount: 2 },
    };
    const html = writeHtml({ ...content, exceptions: { sha256: 'ab'.repeat(32), uses: [use] } });
    const text = html.toString('utf8');
    expect(text).toContain('<dd>expired: its rows count, last day 2026-12-31</dd>');
    expect(text).toContain('<dd>&lt;b&gt;old&lt;/b&gt;</dd>');
    expect(text).toContain(`<dd>2 in <a href="#report-${use.report}">${use.report}</a></dd>`);
    expect(text).toContain('<dd class="hash">abab');
  });

  test('no more than the stated number of rows, and where the others are', () => {
    const rows = Array.from({ length: MAX_HTML_ROWS + 1 }, (_, index) => [`host-${index}`]);
    const content = withReport({ columns: [{ name: 'host', type: 'text' }], rows });
    const elements = elementsOf(content);
    const bodies = attributesOf(elements, 'id').filter((id) =>
      id.endsWith('-report-flow_detail_by_resource'),
    );
    expect(bodies).toHaveLength(MAX_HTML_ROWS);
    const section = byId(elements, 'report-flow_detail_by_resource');
    expect(section.text).toContain(
      'The first 500 of 501 rows; all rows are in flow_detail_by_resource.csv.',
    );
    expect(section.text).toContain('host-499');
    expect(section.text).not.toContain('host-500');
  });

  test('a long cell is cut and says so; the report names the hashes of its query and CSV file', () => {
    const content = withReport({
      columns: [{ name: 'host', type: 'text' }],
      rows: [['x'.repeat(5000)], ['\u202e'.repeat(5000)]],
    });
    const elements = elementsOf(content);
    const cut = byId(elements, 'row-1-report-flow_detail_by_resource').text;
    expect(cut).toBe(`1${'x'.repeat(1000)} … (cut; the CSV has all of it)`);
    expect(byId(elements, 'row-2-report-flow_detail_by_resource').text).toBe(
      `2${'[U+202E]'.repeat(125)} … (cut; the CSV has all of it)`,
    );
    const [report] = content.reports;
    if (!report) throw new Error('no report');
    const { text } = byId(elements, 'report-flow_detail_by_resource');
    expect(text).toContain(report.querySha256);
    expect(text).toContain(createHash('sha256').update(csvText(report)).digest('hex'));
  });

  test('a report without rows says whether there was data to look at', () => {
    const elements = elementsOf(packContent());
    expect(byId(elements, 'report-loss_interval').text).toContain(
      'there was data to look at, and this report found nothing in it to list.',
    );
    expect(byId(elements, 'report-ips_detection_let_through').text).toContain(
      'there was no data that this report could have looked at.',
    );
  });

  test('every status is told by a word, and every table has a caption and heads with a scope', () => {
    const elements = elementsOf(packContent());
    const statuses = elements.filter((one) => /^status /.test(one.attributes.get('class') ?? ''));
    const words = ROW_STATUSES.map((status) => STATUS_WORDS[status].label);
    for (const one of statuses) expect(words).toContain(one.text.replace(/: \d+$/, ''));
    const count = (name: string): number => elements.filter((one) => one.name === name).length;
    expect(count('caption')).toBe(count('table'));
    expect(elements.filter((one) => one.name === 'th' && !one.attributes.has('scope'))).toEqual([]);
  });

  test('it never says that a requirement is met', () => {
    expect(writeHtml(packContent()).toString('utf8')).not.toMatch(/\bcompliant\b/i);
  });
});

/** Contrast of two colours such as `#17476b` (WCAG 2.2, "contrast ratio"). */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

describe.each(['light', 'dark'] as const)('the %s theme', (theme) => {
  const colours = themeColours(theme);
  const colour = (name: string): string => {
    const found = colours.get(name);
    if (found === undefined) throw new Error(`no colour ${name}`);
    return found;
  };
  const backgrounds = ['page', 'surface', 'sunken'];
  const inks = [
    'ink',
    'quiet',
    'accent',
    ...ROW_STATUSES.map((status) => `${status}-ink`),
    'other-ink',
  ];
  const pairs = [
    ...inks.flatMap((ink) => backgrounds.map((paper) => [ink, paper])),
    ...[...ROW_STATUSES, 'other'].map((status) => [`${status}-ink`, `${status}-paper`]),
    ...['cover', 'cover-deep'].flatMap((paper) => [
      ['cover-ink', paper],
      ['cover-quiet', paper],
    ]),
    ...['ink', 'quiet', 'accent'].map((ink) => [ink, 'target']),
  ];

  test.each(pairs)('%s is readable on %s', (ink = '', paper = '') => {
    expect(contrast(colour(ink), colour(paper))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(backgrounds)('edges of fields are seen on %s', (paper) => {
    expect(contrast(colour('control'), colour(paper))).toBeGreaterThanOrEqual(3);
  });
});
