import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FlowproofError } from '../../src/errors.ts';
import { manifestJson } from '../../src/reports/manifest.ts';
import { type Ask, type Serving, serve } from '../../src/serve/server.ts';
import { packContent } from '../reports/pack-content.ts';

const root = mkdtempSync(join(tmpdir(), 'flowproof-serve-'));
const output = join(root, 'evidence');
const FOLDER = 'pci-dss-4.0.1_2026-01-01_2026-02-01';

let serving: Serving;
let ask: Ask = async () => ({ rowCount: 0 });

beforeAll(async () => {
  mkdirSync(join(output, FOLDER, 'queries'), { recursive: true });
  const files = new Map([
    ['report.html', Buffer.from('<p>report</p>')],
    ['report.pdf', Buffer.from('%PDF')],
    ['ports.csv', Buffer.from('a,b\r\n')],
    ['queries/ports.sql', Buffer.from('select 1')],
  ]);
  for (const [name, bytes] of files) writeFileSync(join(output, FOLDER, name), bytes);
  const content = { ...packContent(), organization: '<i>Example</i>', reports: [] };
  writeFileSync(join(output, FOLDER, 'manifest.json'), manifestJson(content, files));
  mkdirSync(join(output, 'no-pack'));
  writeFileSync(join(root, 'secret.txt'), 'secret');
  symlinkSync(join(root, 'secret.txt'), join(output, FOLDER, 'link.txt'));
  serving = await serve({
    config: { lake: '/lake', output, organization: '<i>Example</i>' },
    port: 0,
    ask: (question) => ask(question),
  });
});

afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true });
});

type Answer = { status: number; headers: Record<string, unknown>; body: string };

/** A request with headers that `fetch` would not send. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const url = new URL(serving.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port: url.port, path, method: options.method ?? 'GET' },
        headers: { host: url.host, ...options.headers },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const base = (): string => new URL(serving.url).pathname;

function post(question: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return send(`${base()}query`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin: new URL(serving.url).origin,
      ...headers,
    },
    body: typeof question === 'string' ? question : JSON.stringify(question),
  });
}

test('it listens on loopback, with a token of 256 bits in its address', () => {
  expect(serving.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/$/);
});

test('the page has packs and tables, text as text, and a policy', async () => {
  const { status, headers, body } = await send(base());
  expect(status).toBe(200);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['cache-control']).toBe('no-store');
  expect(body).toContain('&lt;i&gt;Example&lt;/i&gt;');
  expect(body).toContain(`href="packs/${FOLDER}/report.html"`);
  expect(body).toContain(`href="packs/${FOLDER}/queries/ports.sql"`);
  expect(body).toContain('<code>flow_enriched</code>');
  expect(body).not.toContain('no-pack');
});

test.each([
  ['another token', () => `/${'x'.repeat(43)}/`, {}, 404],
  ['no token', () => '/', {}, 404],
  ['a name that others let point here', base, { host: 'example.com' }, 403],
  ['another port in the name', base, { host: '127.0.0.1:1' }, 403],
])('with %s nothing is told', async (_, path, headers, status) => {
  const answer = await send(path(), { headers });
  expect([answer.status, answer.body]).toEqual([status, '{"problem":""}']);
});

test.each([
  ['another origin', { origin: 'https://example.com' }],
  ['no origin that can be told', { origin: 'null' }],
  ['a form', { 'content-type': 'text/plain' }],
])('a question of %s is refused', async (_, headers) => {
  let isAsked = false;
  ask = async () => {
    isAsked = true;
    return { rowCount: 0 };
  };
  expect(await post({ sql: 'select 1', format: 'json' }, headers)).toMatchObject({ status: 403 });
  expect((await send(base(), { method: 'PUT' })).status).toBe(405);
  expect(isAsked).toBe(false);
});

test('files of packs come without an origin, and nothing from elsewhere', async () => {
  const html = await send(`${base()}packs/${FOLDER}/report.html`);
  expect([html.status, html.body]).toEqual([200, '<p>report</p>']);
  expect(html.headers['content-security-policy']).toMatch(/^sandbox /);
  expect(String(html.headers['content-security-policy'])).not.toContain('allow-same-origin');
  const csv = await send(`${base()}packs/${FOLDER}/ports.csv`);
  expect(csv.headers).toMatchObject({
    'content-disposition': 'attachment',
    'x-content-type-options': 'nosniff',
  });
  for (const path of [
    'packs/../../secret.txt',
    'packs/%2e%2e/%2e%2e/secret.txt',
    `packs/${FOLDER}/..%2f..%2f..%2fsecret.txt`,
    `packs/${FOLDER}/link.txt`,
    `packs/${FOLDER}/none.txt`,
    'packs/%00',
    'packs/%',
    'page.ts',
  ]) {
    expect([path, (await send(base() + path)).status]).toEqual([path, 404]);
  }
});

test('rows come as they were written, and no more than the page shows', async () => {
  ask = async ({ output: rows, sql }) => {
    for (let row = 0; row < Number(sql); row += 1) rows.write(`{"a":${row}}\n`);
    return { rowCount: Number(sql) };
  };
  const few = await post({ sql: '2', format: 'json' });
  expect([few.status, few.body]).toEqual([200, '{"isCut":false}\n{"a":0}\n{"a":1}']);
  const many = (await post({ sql: '5000', format: 'json' })).body.split('\n');
  expect([many.length, many[0], many.at(-1)]).toEqual([1001, '{"isCut":true}', '{"a":999}']);
  ask = async ({ output: rows }) => {
    rows.write('a\r\n1\r\n');
    return { rowCount: 1 };
  };
  const csv = await post({ sql: 'select 1', format: 'csv' });
  expect([csv.status, csv.body]).toEqual([200, 'a\r\n1\r\n']);
});

test('a statement that fails says why, in both formats', async () => {
  ask = async () => {
    throw new FlowproofError('QUERY_FAILED', { place: 'query', problem: 'no', remedy: 'Try.' });
  };
  for (const format of ['json', 'csv']) {
    const answer = await post({ sql: 'select', format });
    expect([format, answer.status]).toEqual([format, 400]);
    expect(JSON.parse(answer.body)).toEqual({
      code: 'QUERY_FAILED',
      problem: 'no',
      remedy: 'Try.',
    });
  }
  ask = async () => {
    throw new Error('a mistake');
  };
  expect((await post({ sql: 'select', format: 'json' })).status).toBe(500);
});

test.each(['', 'null', '{', '{"sql":1,"format":"json"}', '{"sql":"s","format":"xml"}'])(
  'the question %j is refused',
  async (question) => {
    expect((await post(question)).status).toBe(400);
  },
);

test('two questions at once, and one that is given up is stopped', async () => {
  const signals: AbortSignal[] = [];
  ask = ({ signal }) => {
    signals.push(signal);
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
  };
  const url = new URL(serving.url);
  const open = [1, 2].map(() => {
    const sent = request({
      ...{ host: '127.0.0.1', port: url.port, path: `${base()}query`, method: 'POST' },
      headers: { host: url.host, origin: url.origin, 'content-type': 'application/json' },
    });
    sent.on('error', () => {});
    sent.end('{"sql":"select 1","format":"json"}');
    return sent;
  });
  await expect.poll(() => signals.length).toBe(2);
  expect((await post({ sql: 'select 1', format: 'json' })).status).toBe(429);
  for (const sent of open) sent.destroy();
  await expect.poll(() => signals.every(({ aborted }) => aborted)).toBe(true);
  ask = async () => ({ rowCount: 0 });
  await expect.poll(async () => (await post({ sql: 'select 1', format: 'json' })).status).toBe(200);
});

test('a port that is taken is a mistake of usage', async () => {
  const { port } = new URL(serving.url);
  await expect(
    serve({ config: { lake: '/lake', output }, port: Number(port), ask: (one) => ask(one) }),
  ).rejects.toMatchObject({ code: 'USAGE' });
});
