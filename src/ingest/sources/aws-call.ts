/**
 * What every call to AWS shares: settings of clients, retries, and errors that name the permission.
 */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { FlowproofError, messageOf } from '../../errors.ts';

export type Sleep = (milliseconds: number) => Promise<void>;

/**
 * Settings of every AWS client here. The SDK's own retries are off, as withRetries would multiply
 * them; a silent connection ends after a minute, so that a run cannot hang.
 */
export function awsClientDefaults(region: string): {
  region: string;
  maxAttempts: number;
  requestHandler: NonNullable<S3ClientConfig['requestHandler']>;
} {
  const requestHandler = { connectionTimeout: 10_000, socketTimeout: 60_000 };
  return { region, maxAttempts: 1, requestHandler };
}

/** A file name that no other object or version has, made of nothing that a key may contain. */
export function fileNameOf(uri: string, version: string): string {
  return createHash('sha256').update(`${uri}\n${version}`).digest('hex').slice(0, 32);
}

const MAX_ATTEMPTS = 5;
const FIRST_DELAY = 400;

const TRANSIENT = new Set([
  // Ours, then S3's, CloudWatch Logs' and EC2's names, then Node's codes.
  ...['BodyCut', 'TimeoutError', 'RequestTimeout', 'RequestTimeTooSkewed'],
  ...['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded'],
  ...['TooManyRequestsException', 'ServiceUnavailable', 'InternalError'],
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'],
]);

/** The parts of an SDK error that decide; everything may be absent. */
type AwsError = {
  name?: unknown;
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
};

export const pause: Sleep = async (milliseconds) => {
  await wait(milliseconds);
};

/**
 * Runs a call up to five times while it fails of throttling, a 5xx answer, a broken connection or a
 * cut body. Waits 0.2 to 0.4 s, then twice as long each time: random, so that many do not retry at once.
 */
export async function withRetries<T>(call: () => Promise<T>, sleep: Sleep): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (thrown) {
      if (attempt === MAX_ATTEMPTS || !isTransient(thrown)) throw thrown;
      await sleep(FIRST_DELAY * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }
}

function isTransient(thrown: unknown): boolean {
  const { name, code, $metadata } = (thrown ?? {}) as AwsError;
  const status = $metadata?.httpStatusCode ?? 0;
  return status >= 500 || status === 429 || [name, code].some((word) => TRANSIENT.has(`${word}`));
}

const REMEDIES: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'Give AWS credentials, such as AWS_PROFILE=audit.',
  ExpiredToken: 'Sign in to AWS again: the session has ended.',
  ExpiredTokenException: 'Sign in to AWS again: the session has ended.',
  NoSuchBucket: 'Correct the name of the bucket.',
  NoSuchKey: 'It was deleted after it was listed; run again.',
  PreconditionFailed: 'It was replaced after it was listed; run again.',
  ChecksumMismatch: 'Run again; if it stays so, the object is damaged where it is stored.',
  InvalidObjectState: 'It is archived; restore it in S3, then run again.',
  PermanentRedirect: "Set `region` to the bucket's own region.",
  AuthorizationHeaderMalformed: "Set `region` to the bucket's own region.",
  ResourceNotFoundException: 'Correct the name of the log group, or `region`.',
};

/** Throws SOURCE_UNREACHABLE for a failed call, with AWS's name of the error and the permission. */
export function failCall(
  thrown: unknown,
  call: { place: string; operation: string; needs: string },
): never {
  // The role could not be assumed: that says what is wrong, and the call was never made.
  if (thrown instanceof FlowproofError) throw thrown;
  const error = (thrown ?? {}) as AwsError;
  const known = thrown instanceof Error && thrown.name !== 'Error' ? thrown.name : undefined;
  const name = known ?? (typeof error.code === 'string' ? error.code : 'Error');
  const status = error.$metadata?.httpStatusCode;
  const specific =
    (Object.hasOwn(REMEDIES, name) ? REMEDIES[name] : undefined) ??
    (isTransient(thrown) ? `It failed ${MAX_ATTEMPTS} times; run again later.` : undefined);
  throw new FlowproofError('SOURCE_UNREACHABLE', {
    place: call.place,
    problem: `${call.operation} failed with ${name}${status === undefined ? '' : ` (HTTP ${status})`}: ${messageOf(thrown)}`,
    remedy: [specific, `The identity that runs flowproof needs ${call.needs}.`]
      .filter((sentence) => sentence !== undefined)
      .join(' '),
    cause: thrown,
  });
}
