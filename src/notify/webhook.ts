/**
 * Webhooks: a signed POST of JSON. The receiver computes HMAC-SHA256, with the secret that both know,
 * of the header `x-flowproof-timestamp`, a dot and the body, and compares it with what stands after
 * `v1=` in `x-flowproof-signature`; the timestamp lets it refuse what somebody sends once more.
 */
import { createHmac } from 'node:crypto';
import { isWebhookUrl } from '../notify-schema.ts';
import { TOOL_VERSION } from '../version.ts';
import type { Message } from './message.ts';

export type Sleep = (milliseconds: number) => Promise<void>;

export type WebhookOptions = {
  url: string;
  secret: string;
  now: () => Date;
  sleep: Sleep;
  /** How long the other side may take for one answer. */
  timeoutMilliseconds?: number;
};

const TIMEOUT_MILLISECONDS = 10_000;
const MAX_ATTEMPTS = 4;
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 30_000;
const MAX_REDIRECTS = 3;

/** What an attempt came to: `isFinal` if another would come to the same. */
class WebhookFailure extends Error {
  readonly isFinal: boolean;
  readonly waitMilliseconds: number | undefined;

  constructor(message: string, isFinal: boolean, waitMilliseconds?: number) {
    super(message);
    this.isFinal = isFinal;
    this.waitMilliseconds = waitMilliseconds;
  }
}

export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** The body that is posted: `text` and `subject` are plain text, never markup. */
export function webhookBody(message: Message): string {
  const { id, kind, at, subject, text } = message;
  return JSON.stringify({ format_version: 1, id, event: kind, at, subject, text });
}

/** Tries up to four times while the other side is silent, busy (429) or broken (5xx). */
export async function postToWebhook(message: Message, options: WebhookOptions): Promise<void> {
  if (!isWebhookUrl(options.url)) {
    throw new Error('the URL of the webhook is not https, or has a user, password or fragment');
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post(message, options);
    } catch (thrown) {
      const failure = thrown instanceof WebhookFailure ? thrown : undefined;
      if (failure?.isFinal || attempt === MAX_ATTEMPTS) throw thrown;
      const delay = FIRST_DELAY * 2 ** (attempt - 1);
      await options.sleep(Math.min(failure?.waitMilliseconds ?? delay, LONGEST_DELAY));
    }
  }
}

async function post(message: Message, options: WebhookOptions): Promise<void> {
  const { secret, now, timeoutMilliseconds = TIMEOUT_MILLISECONDS } = options;
  const body = webhookBody(message);
  const timestamp = String(Math.floor(now().getTime() / 1000));
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': `flowproof/${TOOL_VERSION}`,
    'x-flowproof-event': message.kind,
    // The same for each attempt: who has it knows the others for copies.
    'x-flowproof-delivery': message.id,
    'x-flowproof-timestamp': timestamp,
    'x-flowproof-signature': signatureOf(secret, timestamp, body),
  };
  let url = new URL(options.url);
  for (let redirects = 0; ; redirects += 1) {
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      // The reason alone: a URL may be a secret.
      .catch((thrown) => Promise.reject(new WebhookFailure(reasonOf(thrown), false)));
    // What it says is of no use, and may be without end.
    await answer.body?.cancel().catch(() => {});
    if (answer.ok) return;
    const { status } = answer;
    if (status !== 307 && status !== 308) throw failureOf(answer, now());
    const target = placeOf(answer.headers.get('location'), url);
    if (target?.origin !== url.origin) {
      throw new WebhookFailure(`HTTP ${status} leads to another place, and is not followed`, true);
    }
    if (redirects === MAX_REDIRECTS) throw new WebhookFailure('it leads on and on', true);
    url = target;
  }
}

function failureOf({ status, headers }: Response, now: Date): WebhookFailure {
  const isTransient = status === 429 || status >= 500;
  const after = headers.get('retry-after');
  const seconds = after === null ? Number.NaN : Number(after);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(after ?? '') - now.getTime();
  return new WebhookFailure(
    `HTTP ${status}`,
    !isTransient,
    Number.isFinite(wait) && wait >= 0 ? wait : undefined,
  );
}

function placeOf(location: string | null, base: URL): URL | undefined {
  return location !== null && URL.canParse(location, base.href)
    ? new URL(location, base)
    : undefined;
}

/** `fetch` says "fetch failed" and keeps what happened as its cause. */
function reasonOf(thrown: unknown): string {
  const { name, cause } = thrown as { name?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return 'no answer in time';
  return cause?.code ?? 'the connection failed';
}
