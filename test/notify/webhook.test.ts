import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Message } from '../../src/notify/message.ts';
import { postToWebhook } from '../../src/notify/webhook.ts';
import { type Answering, type HttpDouble, startHttpDouble } from '../http-double.ts';

const MESSAGE: Message = {
  id: '0123456789abcdef0123456789abcdef',
  kind: 'lost_data',
  at: '2026-11-20T10:00:00.000Z',
  subject: 'flowproof: data was lost',
  text: 'flowproof: data was lost\n\n<b>not markup</b> é\n',
};
const SECRET = 'a-secret-of-the-tests';
const NOW = new Date('2026-11-20T10:00:05Z');

let doubles: HttpDouble[] = [];

afterEach(async () => {
  await Promise.all(doubles.map((double) => double.close()));
  doubles = [];
});

async function start(answering: Answering): Promise<HttpDouble> {
  const double = await startHttpDouble(answering);
  doubles.push(double);
  return double;
}

/** Posts, and gives the waits between attempts and what was rejected with. */
async function post(
  url: string,
  timeoutMilliseconds = 5000,
): Promise<{ waits: number[]; failure: string | undefined }> {
  const waits: number[] = [];
  const failure = await postToWebhook(MESSAGE, {
    url,
    secret: SECRET,
    now: () => NOW,
    timeoutMilliseconds,
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
    },
  }).then(
    () => undefined,
    (thrown: Error) => thrown.message,
  );
  return { waits, failure };
}

describe('a webhook', () => {
  test('is posted JSON that its receiver can check with the secret', async () => {
    const double = await start(() => ({ status: 204 }));
    expect(await post(`${double.endpoint}/hook?key=1`)).toEqual({ waits: [], failure: undefined });
    const [request] = double.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/hook' });
    const { headers, body = '' } = request ?? {};
    expect(JSON.parse(body)).toEqual({
      format_version: 1,
      id: MESSAGE.id,
      event: 'lost_data',
      at: MESSAGE.at,
      subject: MESSAGE.subject,
      text: MESSAGE.text,
    });
    const timestamp = headers?.['x-flowproof-timestamp'];
    expect(timestamp).toBe('1795168805');
    const expected = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-flowproof-event': 'lost_data',
      'x-flowproof-delivery': MESSAGE.id,
      'x-flowproof-signature': `v1=${expected}`,
    });
    expect(JSON.stringify(request)).not.toContain(SECRET);
  });

  test.each([429, 500, 503])('that answers %i is tried again, waiting longer', async (status) => {
    let count = 0;
    const double = await start(() => {
      count += 1;
      return { status: count < 3 ? status : 200 };
    });
    expect(await post(double.endpoint)).toEqual({ waits: [1000, 2000], failure: undefined });
    const ids = double.requests.map(({ headers }) => headers['x-flowproof-delivery']);
    expect(ids).toEqual([MESSAGE.id, MESSAGE.id, MESSAGE.id]);
  });

  test('that stays broken is given up after four tries', async () => {
    const double = await start(() => ({ status: 500 }));
    expect(await post(double.endpoint)).toEqual({
      waits: [1000, 2000, 4000],
      failure: 'HTTP 500',
    });
    expect(double.requests).toHaveLength(4);
  });

  test.each([
    ['seconds', '7', 7000],
    ['a date', 'Fri, 20 Nov 2026 10:00:15 GMT', 10_000],
    ['too long', '86400', 30_000],
  ])('says when to come back: %s', async (_, after, wait) => {
    let count = 0;
    const double = await start(() => {
      count += 1;
      return count === 1 ? { status: 429, headers: { 'retry-after': after } } : { status: 200 };
    });
    expect((await post(double.endpoint)).waits).toEqual([wait]);
  });

  test.each([301, 302, 303, 400, 401, 403, 404, 410])(
    'that answers %i is not tried again',
    async (status) => {
      const double = await start(() => ({ status, headers: { location: '/other' } }));
      expect(await post(double.endpoint)).toEqual({ waits: [], failure: `HTTP ${status}` });
      expect(double.requests).toHaveLength(1);
    },
  );

  test('is followed to another path of its host, and nowhere else', async () => {
    const foreign = await start(() => ({ status: 200 }));
    const double = await start(({ path }) =>
      path === '/new'
        ? { status: 200 }
        : { status: 308, headers: { location: path === '/a' ? '/new' : `${foreign.endpoint}/` } },
    );
    expect((await post(`${double.endpoint}/a`)).failure).toBeUndefined();
    expect(double.requests.map(({ method, path }) => [method, path])).toEqual([
      ['POST', '/a'],
      ['POST', '/new'],
    ]);
    const { failure, waits } = await post(`${double.endpoint}/b`);
    expect(failure).toBe('HTTP 308 leads to another place, and is not followed');
    expect(waits).toEqual([]);
    expect(foreign.requests).toEqual([]);
  });

  test('that leads in a circle is left', async () => {
    const double = await start(() => ({ status: 307, headers: { location: '/' } }));
    expect((await post(double.endpoint)).failure).toBe('it leads on and on');
    expect(double.requests).toHaveLength(4);
  });

  test('that takes too long is given up, without its address in the words', async () => {
    const { createServer } = await import('node:http');
    const silent = createServer(() => {});
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { failure } = await post(`http://127.0.0.1:${port}/token`, 100);
    expect(failure).toBe('no answer in time');
    silent.closeAllConnections();
    await new Promise((done) => silent.close(done));
    expect((await post(`http://127.0.0.1:${port}/token`, 1000)).failure).toBe('ECONNREFUSED');
  });

  test.each(['http://hooks.example.com/', 'https://user:word@hooks.example.com/', 'ftp://x', ''])(
    'is not posted to %s',
    async (url) => {
      const { failure } = await post(url);
      expect(failure).toMatch(/^the URL of the webhook is not https/);
    },
  );
});
