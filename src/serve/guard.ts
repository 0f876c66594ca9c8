/**
 * Who is let in by the local page: whoever knows the address that `flowproof serve` printed, from this
 * machine, in a page of its own.
 *
 * The token stands in the path, not in a cookie: cookies of a host go to every port of it, whoever
 * listens there. Pages of other sites cannot send a question: their origin is another, and a name that
 * they let point here (DNS rebinding) is not ours.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a request may be answered with: the path behind the token, or a refusal. */
export type Admission = { path: string } | { refusal: number };

const NOT_FOUND = 404;
const FORBIDDEN = 403;
const NOT_ALLOWED = 405;

/** Compared in a time that says nothing of the token but its length. */
function isToken(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export function admit(request: IncomingMessage, own: { token: string; port: number }): Admission {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${own.port}`);
  const host = request.headers.host ?? '';
  if (!hosts.includes(host)) return { refusal: FORBIDDEN };
  const [, given = '', path = ''] = /^\/([^/?]*)(\/[^?]*)?/.exec(request.url ?? '') ?? [];
  if (!isToken(given, own.token)) return { refusal: NOT_FOUND };
  if (request.method === 'GET' || request.method === 'HEAD') return { path };
  if (request.method !== 'POST') return { refusal: NOT_ALLOWED };
  const isJson = request.headers['content-type'] === 'application/json';
  if (request.headers.origin !== `http://${host}` || !isJson) return { refusal: FORBIDDEN };
  return { path };
}

/** Headers of every answer: nothing is kept, guessed, framed or told to others. */
export const GUARD_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The page loads its own style and script, and asks its own server. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * For files of packs: they were made of logs. A sandbox has no origin, so that even a script in one could
 * not ask the server; `report.html` brings a policy of its own.
 */
export const FILE_POLICY = "sandbox allow-scripts allow-downloads; frame-ancestors 'none'";
