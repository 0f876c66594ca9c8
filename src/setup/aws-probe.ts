/**
 * One call to AWS, tried, and what came of it in one word. Throttled calls are made again twice;
 * nothing else is: the doctor says how things are, and a run tries harder.
 */
import { messageOf } from '../errors.ts';

export type Sleep = (milliseconds: number) => Promise<void>;

export type FailureKind =
  /** AWS knows who asks, and refuses. */
  | 'denied'
  | 'throttled'
  /** No answer: no network, no such host, silence. */
  | 'unreachable'
  /** AWS does not accept the credentials or the time that the request was signed at. */
  | 'not_authenticated'
  | 'wrong_region'
  /** No such bucket, log group or key. */
  | 'missing'
  | 'failed';

export type Failure = {
  kind: FailureKind;
  /** AWS's name of the error, or that of the system. */
  name: string;
  message: string;
  /** The Region that a bucket is in, where S3 says it. */
  region?: string;
  /** The action that AWS names as denied, where it is another one than was tried. */
  deniedAction?: string;
  /** The key that it was denied on. */
  keyArn?: string;
};

export type Outcome<Value> = { value: Value } | { failure: Failure };

const ATTEMPTS = 3;
const FIRST_DELAY = 500;

/** Makes the call, up to three times while AWS says that there are too many. Never throws. */
export async function probe<Value>(
  call: () => Promise<Value>,
  sleep: Sleep,
): Promise<Outcome<Value>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { value: await call() };
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.kind !== 'throttled' || attempt === ATTEMPTS) return { failure };
      await sleep(FIRST_DELAY * 2 ** (attempt - 1));
    }
  }
}

/** Names of errors by what they mean: of S3, EC2, CloudWatch Logs, KMS, STS, then of Node. */
const KINDS: Readonly<Record<FailureKind, readonly string[]>> = {
  denied: [
    ...['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'Forbidden', '403'],
    ...['AllAccessDisabled', 'KMS.AccessDeniedException'],
  ],
  throttled: [
    ...['SlowDown', 'Throttling', 'ThrottlingException', 'ThrottledException'],
    ...['RequestLimitExceeded', 'TooManyRequestsException'],
  ],
  unreachable: [
    ...['TimeoutError', 'AbortError', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET'],
    ...['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EPIPE', 'CERT_HAS_EXPIRED'],
    ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN'],
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  not_authenticated: [
    ...['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture', 'SignatureDoesNotMatch'],
    ...['InvalidSignatureException', 'IncompleteSignature', 'AuthFailure', 'InvalidClientTokenId'],
    ...['UnrecognizedClientException', 'InvalidAccessKeyId', 'ExpiredToken'],
    ...['ExpiredTokenException', 'InvalidToken', 'CredentialsProviderError'],
  ],
  wrong_region: [
    ...['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed'],
    ...['IllegalLocationConstraintException', '301'],
  ],
  missing: [
    ...['NoSuchBucket', 'NoSuchKey', 'NotFound', 'ResourceNotFoundException', 'NotFoundException'],
    'InvalidPrefixListID.NotFound',
  ],
  // An archived object: 403, and no permission would help.
  failed: ['InvalidObjectState'],
};

const kindOf = new Map(
  Object.entries(KINDS).flatMap(([kind, names]) =>
    names.map((name) => [name, kind as FailureKind] as const),
  ),
);

type AwsError = {
  name?: unknown;
  code?: unknown;
  Region?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
  cause?: unknown;
};

function failureOf(thrown: unknown): Failure {
  const error = (thrown ?? {}) as AwsError;
  const names = [error.name, error.code].filter(
    (one) => typeof one === 'string' && one !== 'Error',
  );
  const name = String(names.find((one) => kindOf.has(String(one))) ?? names[0] ?? 'Error');
  const message = messageOf(thrown).split('\n', 1)[0] ?? '';
  const status = error.$metadata?.httpStatusCode ?? 0;
  const region = error.$response?.headers?.['x-amz-bucket-region'] ?? error.Region;
  const [, action, resource] =
    /not authorized to perform: ([a-z0-9]{1,20}:[A-Za-z]{1,60}) on (?:the )?resource: (\S{1,300})/.exec(
      message,
    ) ?? [];
  const keyArn = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+/.exec(resource ?? '')?.[0];
  return {
    kind: kindOf.get(name) ?? (status === 403 ? 'denied' : status === 429 ? 'throttled' : 'failed'),
    name,
    message,
    ...(typeof region === 'string' && /^[a-z0-9-]{1,30}$/.test(region) ? { region } : {}),
    ...(action === undefined ? {} : { deniedAction: action }),
    ...(keyArn === undefined ? {} : { keyArn }),
  };
}

/** What happened, for people: AWS's own name and words. */
export function failureText(operation: string, { name, message }: Failure): string {
  return `${operation} failed with ${name}: ${message}`;
}
