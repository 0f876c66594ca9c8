/** `flowproof serve` in a real Chromium: asking, what goes wrong, stopping, and the files of a pack. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import type { Program } from './debian-program.ts';
import { createWorkspace, SAMPLES } from './flowproof.ts';

const require = createRequire(import.meta.url);

let browser: Browser;
let page: Page;
let url = '';
let server: ReturnType<typeof spawn>;
const problems: string[] = [];

beforeAll(async () => {
  const { lake, flowproof } = createWorkspace({
    flow_logs: [{ files: [join(SAMPLES, 'logs/**/*.log.gz')] }],
    inventory: [{ files: [join(SAMPLES, 'inventory/**/*.json')] }],
  });
  expect(await flowproof('run')).toMatchObject({ exitCode: 0 });
  const config = join(dirname(lake), 'flowproof.yaml');
  const cli = join(PACKAGE_ROOT, 'dist', 'cli.js');
  server = spawn(process.execPath, [cli, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = (await once(server.stdout ?? process.stdin, 'data')) as [Buffer];
  url = /http:\S+/.exec(printed.toString())?.[0] ?? '';
  const chromium: Program = JSON.parse(process.env.FLOWPROOF_TEST_CHROMIUM ?? '');
  browser = await puppeteer.launch({
    executablePath: chromium.path,
    env: { ...process.env, ...chromium.environment },
    args: ['--no-sandbox'],
  });
  page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(url);
});

afterAll(async () => {
  await browser?.close();
  server?.kill();
});

/** What an expression is in the page, whose types Node does not know. */
const inPage = async <T>(expression: string): Promise<T> => (await page.evaluate(expression)) as T;

const write = (sql: string): Promise<void> =>
  inPage(`void (document.querySelector('#statement').value = ${JSON.stringify(sql)})`);

const state = (): Promise<string> => inPage("document.querySelector('#state').textContent");

async function ask(sql: string): Promise<string> {
  await write(sql);
  await page.click('#run');
  await page.waitForFunction("!document.querySelector('#run').disabled");
  return state();
}

const cells = (): Promise<string[]> =>
  inPage("[...document.querySelectorAll('#result td')].map((cell) => cell.textContent)");

test('a question and its rows; text of the lake stays text, and numbers keep their digits', async () => {
  expect(
    await ask("select '<img src=x onerror=alert(1)>' as a, 9007199254740993 as b, null as c"),
  ).toMatch(/^1 row in /);
  expect(await cells()).toEqual(['<img src=x onerror=alert(1)>', '9007199254740993', 'null']);
  expect(await ask('select * from range(5000)')).toMatch(/^The first 1000 rows; there are more/);
  expect(await ask('select 1 as a where false')).toMatch(/^0 rows in /);
});

test('what is wrong with a question, and that nothing can be changed', async () => {
  expect(await ask('select * from flows')).toContain('Did you mean flow');
  expect(await ask('drop table flow')).toMatch(/SELECT/);
  expect(await inPage("document.querySelector('#state').className")).toBe('problem');
});

test('a long question can be stopped, and another asked', async () => {
  await write(
    'select count(*) from range(10000000) a, range(10000000) b where a.range * b.range % 7 = 3',
  );
  await page.click('#run');
  await page.waitForSelector('#stop:not([disabled])');
  await page.click('#stop');
  await page.waitForFunction("document.querySelector('#state').textContent === 'Stopped.'");
  expect(await ask('select 1 as a')).toMatch(/^1 row in /);
});

test('the keyboard asks, and a column of a table goes into the statement', async () => {
  await page.click('nav details summary');
  await write('');
  await page.click('nav dt button');
  const name = await inPage<string>("document.querySelector('nav dt button').textContent");
  expect(await inPage("document.querySelector('#statement').value")).toBe(name);
  await write(`select ${name} from flow limit 1`);
  await page.focus('#statement');
  await page.keyboard.down('Control');
  await page.keyboard.press('Enter');
  await page.keyboard.up('Control');
  await page.waitForFunction("document.querySelector('#state').textContent.startsWith('1 row')");
});

test('the report of a pack opens, works, and cannot ask the server', async () => {
  const link = await inPage<string>("document.querySelector('.links a').href");
  const report = await browser.newPage();
  report.on('pageerror', (error) => problems.push(String(error)));
  await report.goto(link);
  expect(await report.title()).toContain('Network log evidence');
  expect(
    await report.evaluate("document.querySelectorAll('.controls input').length"),
  ).toBeGreaterThan(3);
  expect(await report.evaluate('self.origin')).toBe('null');
  const asked = await report.evaluate(
    `fetch(${JSON.stringify(`${url}query`)}, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(() => 'asked', () => 'refused')`,
  );
  expect(asked).toBe('refused');
  await report.close();
});

test('it can be used by those who do not see it', async () => {
  await ask('select 1 as a');
  // As text of the page's own world its policy does not refuse it.
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await inPage<string[]>(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
  );
  expect(found).toEqual([]);
  expect(problems).toEqual([]);
});
