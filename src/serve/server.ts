/**
 * `flowproof serve`: the packs and the lake in a browser of this machine. It listens on loopback only, and
 * answers only whoever has the token of its address (`guard.ts`).
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../config.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { PACKAGE_ROOT } from '../query-file.ts';
import { themeRules } from '../reports/html-palette.ts';
import { admit, FILE_POLICY, GUARD_HEADERS, PAGE_POLICY } from './guard.ts';
import { findPackFile, listPacks, typeOf } from './packs.ts';
import { SHOWN_ROWS, servePage } from './page.ts';

/** Style and script stand beside this source, also when the compiled package runs from `dist/`. */
const PAGE_ROOT = join(PACKAGE_ROOT, 'src', 'serve', 'page');

/** Bytes of a question. */
const MAX_QUESTION_BYTES = 100_000;
/** Bytes of a result on the page. */
const MAX_SHOWN_BYTES = 8_000_000;
/** Questions that run at once; a further one is asked to wait. */
const MAX_RUNNING = 2;

/** Asks the lake: rows as JSON lines or CSV go to the stream. Rejects with what is wrong. */
export type Ask = (question: {
  sql: string;
  format: 'jsonl' | 'csv';
  output: NodeJS.WritableStream;
  signal: AbortSignal;
}) => Promise<{ rowCount: number }>;

export type ServeOptions = {
  config: Pick<Config, 'lake' | 'output' | 'organization'>;
  /** 0 for any free one. */
  port: number;
  ask: Ask;
};

export type Serving = {
  /** Where the page is, token included. */
  url: string;
  close(): Promise<void>;
};

/** Starts the server. Throws USAGE if the port is taken or may not be listened on. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const token = randomBytes(32).toString('base64url');
  let running = 0;
  let port = options.port;
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(GUARD_HEADERS)) response.setHeader(name, value);
    answer(request, response).catch((thrown: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, messageOf(thrown));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const admission = admit(request, { token, port });
    if ('refusal' in admission) return refuse(response, admission.refusal);
    const { path } = admission;
    if (request.method === 'POST') {
      if (path !== '/query') return refuse(response, 404);
      if (running >= MAX_RUNNING) {
        return refuse(response, 429, 'Two questions are running: wait, or stop one.');
      }
      running += 1;
      try {
        return await answerQuestion(request, response, options.ask);
      } finally {
        running -= 1;
      }
    }
    if (path === '') return redirect(response, `/${token}/`);
    if (path.startsWith('/packs/')) return sendPackFile(response, path, options.config.output);
    sendPage(response, path, options.config);
  }

  await listen(server, port);
  port = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${port}/${token}/`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ host: '127.0.0.1', port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (thrown) {
    throw new FlowproofError('USAGE', {
      place: `--port ${port}`,
      problem: `it cannot be listened on (${messageOf(thrown)})`,
      remedy: 'Name another port, or leave it out for any that is free.',
      cause: thrown,
    });
  }
}

function refuse(response: ServerResponse, status: number, problem = ''): void {
  send(response, status, 'application/json', JSON.stringify({ problem }));
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-security-policy': PAGE_POLICY });
  response.end(body);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(308, { location });
  response.end();
}

function sendPage(response: ServerResponse, path: string, config: ServeOptions['config']): void {
  const made = pageFile(path, config);
  if (made) send(response, 200, made.type, made.text);
  else refuse(response, 404);
}

/** The page, its style and its script. */
function pageFile(
  path: string,
  config: ServeOptions['config'],
): { type: string; text: string } | undefined {
  const read = (name: string): string => readFileSync(join(PAGE_ROOT, name), 'utf8');
  switch (path) {
    case '/':
      return {
        type: 'text/html; charset=utf-8',
        text: servePage(config, listPacks(config.output)),
      };
    case '/page.css':
      return { type: 'text/css; charset=utf-8', text: themeRules() + read('page.css') };
    case '/page.js':
      return { type: 'text/javascript; charset=utf-8', text: read('page.js') };
    default:
      return undefined;
  }
}

async function sendPackFile(response: ServerResponse, path: string, output: string): Promise<void> {
  const name = decoded(path.slice('/packs/'.length));
  const file = name === undefined ? undefined : await findPackFile(output, name);
  if (file === undefined) return refuse(response, 404);
  const type = typeOf(file);
  const isShown = /^(?:text\/(?:html|plain)|application\/(?:pdf|json))/.test(type);
  response.writeHead(200, {
    'content-type': type,
    // A browser's own viewer of PDF files does not work in a sandbox, and runs nothing of this origin.
    ...(type === 'application/pdf' ? {} : { 'content-security-policy': FILE_POLICY }),
    ...(isShown ? {} : { 'content-disposition': 'attachment' }),
  });
  await pipeline(createReadStream(file), response);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

async function answerQuestion(
  request: IncomingMessage,
  response: ServerResponse,
  ask: Ask,
): Promise<void> {
  const question = await readQuestion(request);
  if (question === undefined) {
    return refuse(response, 400, 'A question is {"sql": "select ...", "format": "json" or "csv"}.');
  }
  const stop = new AbortController();
  response.on('close', () => stop.abort());
  const { sql, format } = question;
  try {
    if (format === 'csv') {
      const output = new PassThrough();
      const asked = ask({ sql, format: 'csv', output, signal: stop.signal });
      asked.then(
        () => output.end(),
        () => output.destroy(),
      );
      // What is wrong with a statement shows before its first bytes; later only a broken answer tells.
      await Promise.race([once(output, 'readable'), asked]);
      response.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' });
      await Promise.all([pipeline(output, response), asked]);
      return;
    }
    const { lines, isCut } = await shownLines(ask, sql, stop);
    send(
      response,
      200,
      'application/x-ndjson',
      `${JSON.stringify({ isCut })}\n${lines.join('\n')}`,
    );
  } catch (thrown) {
    if (!(thrown instanceof FlowproofError) || response.headersSent) throw thrown;
    const { code, problem, remedy } = thrown;
    send(response, 400, 'application/json', JSON.stringify({ code, problem, remedy }));
  }
}

/** The first rows as JSON lines; the question is stopped when there are enough. */
async function shownLines(
  ask: Ask,
  sql: string,
  stop: AbortController,
): Promise<{ lines: string[]; isCut: boolean }> {
  const output = new PassThrough();
  const parts: Buffer[] = [];
  let bytes = 0;
  let rows = 0;
  let isCut = false;
  output.on('data', (data: Buffer) => {
    if (isCut) return;
    parts.push(data);
    bytes += data.length;
    for (const byte of data) if (byte === 10) rows += 1;
    if (rows <= SHOWN_ROWS && bytes <= MAX_SHOWN_BYTES) return;
    isCut = true;
    stop.abort();
    output.destroy();
  });
  await ask({ sql, format: 'jsonl', output, signal: stop.signal }).catch((thrown: unknown) => {
    // That it was stopped is no failure if there are rows enough.
    if (!isCut) throw thrown;
  });
  const lines = Buffer.concat(parts).toString('utf8').split('\n');
  lines.pop();
  return { lines: lines.slice(0, SHOWN_ROWS), isCut };
}

type Question = { sql: string; format: 'json' | 'csv' };

async function readQuestion(request: IncomingMessage): Promise<Question | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > MAX_QUESTION_BYTES) return undefined;
    parts.push(part as Buffer);
  }
  try {
    const { sql, format } = JSON.parse(Buffer.concat(parts).toString('utf8')) as Partial<Question>;
    if (typeof sql !== 'string' || (format !== 'json' && format !== 'csv')) return undefined;
    return { sql, format };
  } catch {
    return undefined;
  }
}
