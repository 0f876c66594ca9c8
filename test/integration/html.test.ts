/**
 * `report.html` in a real Chromium: what it loads, what its policy refuses, and that its tables, links,
 * themes and keys work for those who see, hear or print it.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeHtml } from '../../src/reports/html.ts';
import type { PackContent } from '../../src/reports/report.ts';
import { packContent } from '../reports/pack-content.ts';
import type { Program } from './debian-program.ts';

/** A report for sorting: numbers beyond 2^53, no value, and a status that this version does not know. */
const SORTED: PackContent['reports'][number] = {
  name: 'sorted_values',
  title: 'Values to sort',
  question: 'In which order do they come?',
  requirements: ['1.2.5'],
  rowKind: 'evidence',
  grain: 'one row a value',
  limits: 'None.',
  querySha256: '0'.repeat(64),
  parameters: {},
  columns: [
    { name: 'name', type: 'text' },
    { name: 'value', type: 'number' },
    { name: 'seen_at', type: 'time' },
    { name: 'status', type: 'text' },
    { name: 'why', type: 'text' },
  ],
  rows: [
    ['host-10', 9, '2026-01-10T00:00:00Z', 'supports', 'ninth'],
    ['host-9', 10, '2026-01-09T00:00:00Z', 'accepted', 'tenth'],
    ['host-1', null, null, 'contradicts', null],
    ['host-2', '9007199254740993', '2025-12-31T23:59:59Z', 'partial', 'beyond'],
    ['host-3', '9007199254740992', '2026-01-01T00:00:00Z', 'contradicts', 'at the edge'],
    ['host-4', -5, '2026-01-02T00:00:00Z', 'supports', 'below zero'],
  ],
  hadData: true,
  statusCounts: { supports: 2, contradicts: 2, partial: 1 },
};

/** What an intruder would try, and which part of the policy stood against it. */
const attempts = (place: string): string => `(async () => {
  const refused = [];
  addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
  const attempts = [
    () => {
      const script = document.createElement('script');
      script.append('globalThis.injected = true');
      document.body.append(script);
    },
    () => document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="injected = true">'),
    () => {
      const image = document.createElement('img');
      image.setAttribute('src', '${place}');
      document.body.append(image);
    },
    () => document.body.setAttribute('style', 'color: red'),
    // Not eval: the DevTools protocol lets it pass within what it evaluates.
    () => setTimeout('globalThis.injected = true', 0),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch {
      refused.push('thrown');
    }
  }
  const fetched = await fetch('${place}').catch(() => 'refused');
  await new Promise((resolve) => setTimeout(resolve, 200));
  return { injected: globalThis.injected ?? null, fetched, refused };
})()`;

const TABLE = '#report-sorted_values';

let browser: Browser;
let folder: string;
let address: string;

let page: Page;
let requests: string[];
let complaints: string[];

beforeAll(async () => {
  const chromium = JSON.parse(process.env.FLOWPROOF_TEST_CHROMIUM ?? '') as Program;
  browser = await puppeteer.launch({
    executablePath: chromium.path,
    // The sandbox needs rights that containers lack; what is opened here is our own file.
    args: ['--no-sandbox'],
    env: { ...process.env, ...chromium.environment },
  });
  folder = mkdtempSync(join(tmpdir(), 'flowproof-html-'));
  const content = packContent();
  const path = join(folder, 'report.html');
  const requirements = content.requirements.map((one) =>
    one.id === '1.2.5' ? { ...one, reports: [...one.reports, SORTED.name] } : one,
  );
  writeFileSync(
    path,
    writeHtml({ ...content, requirements, reports: [...content.reports, SORTED] }),
  );
  address = pathToFileURL(path).href;
});

afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  page = await browser.newPage();
  requests = [];
  complaints = [];
  page.on('request', (request) => void requests.push(request.url()));
  page.on('console', (message) => void complaints.push(message.text()));
  page.on('pageerror', (error) => void complaints.push(String(error)));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(address);
});

afterEach(async () => {
  await page.close();
});

/** Texts of the shown rows' cells in one column, counted from 0. */
async function column(index: number): Promise<(string | null)[]> {
  return page.$$eval(
    `${TABLE} tbody`,
    (bodies, at) =>
      bodies
        .filter((body) => (body as unknown as { offsetHeight: number }).offsetHeight > 0)
        .map((body) => body.querySelectorAll('tr:first-child > *')[at]?.textContent ?? null),
    index,
  );
}

async function sortBy(index: number): Promise<void> {
  await page.click(`${TABLE} th:nth-child(${index + 1}) button`);
}

async function textOf(selector: string): Promise<string> {
  return page.$eval(selector, (found) => found.textContent ?? '');
}

async function styleOf(selector: string, property: string): Promise<string> {
  return page.evaluate(
    `getComputedStyle(document.querySelector('${selector}')).${property}`,
  ) as Promise<string>;
}

describe('the policy', () => {
  test('nothing but the file itself is loaded, and the browser has nothing to complain of', async () => {
    await page.setViewport({ width: 400, height: 900 });
    await page.click('#theme-dark');
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
  });

  test('no other script, handler, style or load is let in', async () => {
    const calls: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      calls.push(request.url);
      response.setHeader('access-control-allow-origin', '*').end('reached');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const outcome = (await page.evaluate(attempts(`http://127.0.0.1:${port}/`))) as {
      injected: unknown;
      fetched: string;
      refused: string[];
    };
    expect(outcome.injected).toBeNull();
    expect(outcome.fetched).toBe('refused');
    expect(outcome.refused).toEqual(
      expect.arrayContaining(['img-src', 'style-src-attr', 'connect-src', 'thrown']),
    );
    expect(calls).toEqual([]);
    // It would have answered: the file's own policy is what stood between.
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('reached');
    server.close();
  });
});

describe('tables', () => {
  test('text filters rows by all of its words, also those below a row', async () => {
    await page.type(`${TABLE} input[type=search]`, 'HOST below');
    expect(await column(2)).toEqual(['host-4']);
    expect(await textOf(`${TABLE} [role=status]`)).toBe('1 of 6 rows');
    await page.type(`${TABLE} input[type=search]`, ' nowhere');
    expect(await column(2)).toEqual([]);
    expect(await styleOf(`${TABLE} .empty`, 'display')).toBe('block');
    await page.click(`${TABLE} .controls button`);
    expect(await column(2)).toHaveLength(6);
    expect(await textOf(`${TABLE} [role=status]`)).toBe('6 of 6 rows');
  });

  test('a status filters rows, also one that is none of the known', async () => {
    const options = await page.$$eval(`${TABLE} option`, (all) =>
      all.map((one) => one.textContent),
    );
    expect(options).toEqual([
      'Every status',
      'Contradicts (2)',
      'Partial (1)',
      'Supports (2)',
      'Accepted (1)',
    ]);
    await page.select(`${TABLE} select`, 'accepted');
    expect(await column(2)).toEqual(['host-9']);
    await page.select(`${TABLE} select`, 'contradicts');
    expect(await column(2)).toEqual(['host-1', 'host-3']);
    await page.type(`${TABLE} input[type=search]`, 'edge');
    expect(await column(2)).toEqual(['host-3']);
  });

  test('numbers, times, names and statuses sort as such, both ways, and what has no value last', async () => {
    await sortBy(3);
    const ascending = ['-5', '9', '10', '9007199254740992', '9007199254740993', '–'];
    expect(await column(3)).toEqual(ascending);
    await sortBy(3);
    expect(await column(3)).toEqual([...ascending.slice(0, 5).reverse(), '–']);
    await sortBy(4);
    expect(await column(2)).toEqual(['host-2', 'host-3', 'host-4', 'host-9', 'host-10', 'host-1']);
    await sortBy(2);
    expect(await column(2)).toEqual(['host-1', 'host-2', 'host-3', 'host-4', 'host-9', 'host-10']);
    await sortBy(1);
    expect(await column(1)).toEqual([
      'Contradicts',
      'Contradicts',
      'Partial',
      'Supports',
      'Supports',
      'Accepted',
    ]);
    await sortBy(0);
    expect(await column(0)).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  test('the sorted column, and no other, says so', async () => {
    await sortBy(3);
    await sortBy(4);
    await sortBy(4);
    const sorted = await page.$$eval(`${TABLE} th[aria-sort]`, (all) =>
      all.map((one) => [one.textContent, one.getAttribute('aria-sort')]),
    );
    expect(sorted).toEqual([['Seen at', 'descending']]);
    expect(await textOf(`${TABLE} [role=status]`)).toBe(
      '6 of 6 rows, sorted by Seen at, descending',
    );
  });

  test('a row keeps the texts below it when it moves', async () => {
    await sortBy(3);
    const texts = await page.$$eval(`${TABLE} tbody`, (all) => all.map((one) => one.textContent));
    expect(texts[0]).toContain('host-4');
    expect(texts[0]).toContain('below zero');
  });
});

describe('links', () => {
  test('a count leads from a requirement to those rows, the report back to the requirement', async () => {
    await page.click('#requirement-1\\.2\\.5 a[data-show-status=contradicts]');
    expect(page.url()).toBe(`${address}${TABLE}`);
    expect(await column(2)).toEqual(['host-1', 'host-3']);
    const place = `document.querySelector('${TABLE}').getBoundingClientRect().top`;
    expect(await page.evaluate(place)).toBeLessThan(100);
    await page.click(`${TABLE} .back a`);
    expect(page.url()).toBe(`${address}#requirement-1.2.5`);
    await page.click(`#requirement-1\\.2\\.5 a[href="${TABLE}"]`);
    expect(await column(2)).toHaveLength(6);
  });

  test('a link to a row that a filter hides shows it', async () => {
    await page.select(`${TABLE} select`, 'accepted');
    await page.evaluate("location.hash = '#row-4-report-sorted_values'");
    await page.waitForFunction("!document.getElementById('row-4-report-sorted_values').hidden");
    expect(await column(2)).toHaveLength(6);
  });
});

describe('themes', () => {
  const LIGHT = 'rgb(244, 246, 248)';
  const DARK = 'rgb(14, 20, 26)';

  test('follow the system until the reader chooses, and keep nothing', async () => {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    expect(await styleOf('body', 'backgroundColor')).toBe(LIGHT);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    expect(await styleOf('body', 'backgroundColor')).toBe(DARK);
    await page.click('#theme-light');
    expect(await styleOf('body', 'backgroundColor')).toBe(LIGHT);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await page.click('#theme-dark');
    expect(await styleOf('body', 'backgroundColor')).toBe(DARK);
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
  });

  test('paper is light, without controls, with heads that repeat and nothing cut off', async () => {
    await page.click('#theme-dark');
    await page.emulateMediaType('print');
    expect(await styleOf('.report h3', 'color')).toBe('rgb(23, 71, 107)');
    for (const selector of ['.theme', 'nav', '.controls input', '.controls select', '.skip']) {
      expect(await styleOf(selector, 'display')).toBe('none');
    }
    expect(await styleOf('thead', 'display')).toBe('table-header-group');
    // A button would be drawn in the first head only.
    expect(await styleOf('.sort', 'display')).toBe('contents');
    expect(await styleOf('.table-scroll', 'overflow')).toBe('visible');
    expect((await page.pdf({ preferCSSPageSize: true })).length).toBeGreaterThan(10_000);
  });

  test('narrow windows need no sideways scrolling of the page', async () => {
    await page.setViewport({ width: 320, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });
});

describe('keyboard and screen reader', () => {
  const focused = (): Promise<string> =>
    page.evaluate(
      "document.activeElement.className + '|' + document.activeElement.id + '|' + document.activeElement.textContent.slice(0, 20)",
    ) as Promise<string>;

  test('the first stop skips to the content', async () => {
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('skip||Skip to the content');
    expect(await styleOf('.skip', 'top')).toBe('0px');
    await page.keyboard.press('Enter');
    expect(await focused()).toContain('|main|');
  });

  test('themes change by arrow keys, columns sort by Enter, and the focus is seen', async () => {
    await page.focus('#theme-system');
    await page.keyboard.press('ArrowRight');
    expect(await page.$eval('#theme-light', (one) => one.matches(':checked'))).toBe(true);
    await page.focus(`${TABLE} th:nth-child(4) button`);
    await page.keyboard.press('Enter');
    expect((await column(3))[0]).toBe('-5');
    expect(await styleOf(`${TABLE} th:nth-child(4) button`, 'outlineStyle')).toBe('solid');
    await page.keyboard.press('Space');
    expect((await column(3))[0]).toBe('9007199254740993');
  });

  test.each(['light', 'dark'])('axe finds no fault in the %s theme', async (theme) => {
    await page.click(`#theme-${theme}`);
    await page.evaluate(
      readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
    );
    const faults = (await page.evaluate(`axe
      .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) =>
        violations.map((one) => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200)].join(' ')))`)) as string[];
    expect(faults).toEqual([]);
  });
});

test('without script everything is there to read, and nothing that does not work', async () => {
  await page.setJavaScriptEnabled(false);
  await page.reload();
  const text = (await page.evaluate('document.body.innerText')) as string;
  for (const expected of ['Values to sort', 'host-10', 'below zero', 'How to check this pack']) {
    expect(text).toContain(expected);
  }
  expect(await page.$$('button, select, input[type=search]')).toEqual([]);
  await page.click('#theme-dark');
  expect(await styleOf('body', 'backgroundColor')).toBe('rgb(14, 20, 26)');
});
