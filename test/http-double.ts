/**
 * The far end of the network for tests: a server on 127.0.0.1 that answers in the wire formats of S3
 * (REST, XML), CloudWatch Logs (JSON 1.1 with `x-amz-target`) and EC2 (form body, XML), keeps every
 * request, and can be told to fail in the ways that AWS does.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type DoubleRequest = {
  method: string;
  /** Decoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
};

export type DoubleAnswer = {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Bytes of the body after which the connection is broken off. */
  cutAfter?: number;
};

export type Answering = (request: DoubleRequest) => DoubleAnswer;

export type HttpDouble = {
  endpoint: string;
  requests: DoubleRequest[];
  close(): Promise<void>;
};

/** What clients need to talk to a double: nothing is checked, but the SDK signs every request. */
export const DOUBLE_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/** Starts a server. An error thrown by `answering` becomes a 501 answer with its message. */
export async function startHttpDouble(answering: Answering): Promise<HttpDouble> {
  const requests: DoubleRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const request = {
      method: incoming.method ?? '',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    requests.push(request);
    const { status, headers = {}, body = '', cutAfter } = tryAnswer(answering, request);
    const bytes = Buffer.from(body);
    outgoing.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
    if (cutAfter === undefined) outgoing.end(bytes);
    else outgoing.write(bytes.subarray(0, cutAfter), () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function tryAnswer(answering: Answering, request: DoubleRequest): DoubleAnswer {
  try {
    return answering(request);
  } catch (thrown) {
    return { status: 501, body: String(thrown) };
  }
}

/** Gives the faults in turn, one a request for which `applies` is true; then the real answers. */
export function failingFirst(
  faults: readonly DoubleAnswer[],
  answering: Answering,
  applies: (request: DoubleRequest) => boolean = () => true,
): Answering {
  const left = [...faults];
  return (request) => (applies(request) ? left.shift() : undefined) ?? answering(request);
}

export type S3DoubleObject = {
  body: Buffer;
  modifiedAt: Date;
  /** Further headers of GetObject and HeadObject; checksums are given only where they are asked for. */
  headers?: Record<string, string>;
};

const XML = { 'content-type': 'application/xml' };

export function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

export function s3Fault(status: number, code: string, message: string): DoubleAnswer {
  const body = `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return { status, headers: XML, body };
}

/**
 * A bucket, addressed by path: ListObjectsV2, and GetObject and HeadObject with If-Match and Range.
 * Objects may be changed.
 */
export function s3Bucket(
  bucket: string,
  objects: ReadonlyMap<string, S3DoubleObject>,
  pageSize = 1000,
): Answering {
  return ({ path, query, headers }) => {
    const [, name, ...rest] = path.split('/');
    if (name !== bucket) return s3Fault(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (query.get('list-type') === '2') return listObjects(bucket, objects, query, pageSize);
    const object = objects.get(rest.join('/'));
    if (!object) return s3Fault(404, 'NoSuchKey', 'The specified key does not exist.');
    const etag = etagOf(object.body);
    if (headers['if-match'] !== undefined && headers['if-match'] !== etag) {
      return s3Fault(412, 'PreconditionFailed', 'At least one of the pre-conditions did not hold');
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    const answerHeaders = {
      etag,
      'last-modified': object.modifiedAt.toUTCString(),
      ...checksummed(object.headers ?? {}, headers),
    };
    if (!range) return { status: 200, headers: answerHeaders, body: object.body };
    const [from = 0, to = 0] = range.slice(1).map(Number);
    const body = object.body.subarray(from, to + 1);
    const contentRange = `bytes ${from}-${from + body.length - 1}/${object.body.length}`;
    return { status: 206, headers: { ...answerHeaders, 'content-range': contentRange }, body };
  };
}

function checksummed(
  given: Record<string, string>,
  asked: IncomingHttpHeaders,
): Record<string, string> {
  const isAsked = asked['x-amz-checksum-mode'] === 'ENABLED' && asked.range === undefined;
  const entries = Object.entries(given);
  return Object.fromEntries(
    entries.filter(([name]) => isAsked || !name.startsWith('x-amz-checksum-')),
  );
}

function listObjects(
  bucket: string,
  objects: ReadonlyMap<string, S3DoubleObject>,
  query: URLSearchParams,
  pageSize: number,
): DoubleAnswer {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token');
  // A token holds the last entry given: a key, or a common prefix that is not to be given again.
  const last = token === null ? undefined : Buffer.from(token, 'base64').toString('utf8');
  const after = last ?? query.get('start-after') ?? '';
  const encode = query.get('encoding-type') === 'url' ? encodeKey : escapeXml;
  const entries: { name: string; object?: S3DoubleObject }[] = [];
  const keys = [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  let isTruncated = false;
  for (const key of keys) {
    if (!key.startsWith(prefix) || Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) {
      continue;
    }
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    if (cut >= 0 && (name === last || name === entries.at(-1)?.name)) continue;
    if (entries.length === pageSize) {
      isTruncated = true;
      break;
    }
    const object = cut < 0 ? objects.get(key) : undefined;
    entries.push(object ? { name, object } : { name });
  }
  const items = entries.map(({ name, object }) =>
    object
      ? `<Contents><Key>${encode(name)}</Key><LastModified>${object.modifiedAt.toISOString()}</LastModified><ETag>${escapeXml(etagOf(object.body))}</ETag><Size>${object.body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`
      : `<CommonPrefixes><Prefix>${encode(name)}</Prefix></CommonPrefixes>`,
  );
  const next = Buffer.from(entries.at(-1)?.name ?? '').toString('base64');
  const body = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    `<Name>${bucket}</Name><Prefix>${encode(prefix)}</Prefix><KeyCount>${entries.length}</KeyCount>`,
    `<MaxKeys>${pageSize}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>`,
    query.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : '',
    isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : '',
    ...items,
    '</ListBucketResult>',
  ].join('');
  return { status: 200, headers: XML, body };
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}

export type LogsDoubleEvent = {
  eventId: string;
  timestamp: number;
  ingestionTime: number;
  logStreamName: string;
  message: string;
};

const JSON_1_1 = { 'content-type': 'application/x-amz-json-1.1' };

export function logsFault(status: number, type: string, message: string): DoubleAnswer {
  return { status, headers: JSON_1_1, body: JSON.stringify({ __type: type, message }) };
}

/** A log group: FilterLogEvents by time (both ends inclusive), with empty pages before the events. */
export function logGroup(
  name: string,
  events: readonly LogsDoubleEvent[],
  { pageSize = 1000, emptyPages = 0 } = {},
): Answering {
  return ({ headers, body }) => {
    const target = headers['x-amz-target'];
    if (target !== 'Logs_20140328.FilterLogEvents') throw new Error(`no answer to ${target}`);
    const input = JSON.parse(body) as Record<string, string | number | undefined>;
    if (input.logGroupName !== name) {
      return logsFault(400, 'ResourceNotFoundException', 'The specified log group does not exist.');
    }
    const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER } = input;
    const wanted = events.filter((e) => e.timestamp >= +startTime && e.timestamp <= +endTime);
    const page = Number(input.nextToken ?? 0);
    const from = (page - emptyPages) * pageSize;
    const given = page < emptyPages ? [] : wanted.slice(from, from + pageSize);
    const hasMore = page < emptyPages || from + pageSize < wanted.length;
    const output = { events: given, ...(hasMore ? { nextToken: String(page + 1) } : {}) };
    return { status: 200, headers: JSON_1_1, body: JSON.stringify(output) };
  };
}

export type Ec2DoubleFlowLog = {
  flowLogId: string;
  logGroupName: string;
  logFormat: string;
  resourceId?: string;
  trafficType?: string;
  creationTime?: string;
};

/** DescribeFlowLogs with the filter `log-group-name`. */
export function ec2FlowLogs(flowLogs: readonly Ec2DoubleFlowLog[], pageSize = 1000): Answering {
  return ({ body }) => {
    const form = new URLSearchParams(body);
    if (form.get('Action') !== 'DescribeFlowLogs') throw new Error(`no answer to ${body}`);
    if (form.get('Filter.1.Name') !== 'log-group-name') throw new Error(`no such filter: ${body}`);
    const group = form.get('Filter.1.Value.1');
    const matching = flowLogs.filter((flowLog) => flowLog.logGroupName === group);
    const from = Number(form.get('NextToken') ?? 0);
    const items = matching
      .slice(from, from + pageSize)
      .map(
        (flowLog) =>
          `<item><flowLogId>${flowLog.flowLogId}</flowLogId><logGroupName>${escapeXml(flowLog.logGroupName)}</logGroupName><logFormat>${escapeXml(flowLog.logFormat)}</logFormat>${element('resourceId', flowLog.resourceId)}${element('trafficType', flowLog.trafficType)}${element('creationTime', flowLog.creationTime)}<logDestinationType>cloud-watch-logs</logDestinationType><flowLogStatus>ACTIVE</flowLogStatus></item>`,
      );
    const hasMore = from + pageSize < matching.length;
    const next = hasMore ? `<nextToken>${from + pageSize}</nextToken>` : '';
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<DescribeFlowLogsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>test</requestId><flowLogSet>${items.join('')}</flowLogSet>${next}</DescribeFlowLogsResponse>`,
    };
  };
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeXml(text)}</${name}>`;
}

/** AssumeRole, for the roles given and, where one is set, their external id. */
export function stsRoles(roles: Readonly<Record<string, string | undefined>>): Answering {
  return ({ body }) => {
    const form = new URLSearchParams(body);
    if (form.get('Action') !== 'AssumeRole') throw new Error(`no answer to ${body}`);
    const role = form.get('RoleArn') ?? '';
    if (!(role in roles) || (roles[role] ?? null) !== form.get('ExternalId')) {
      const error = `<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole on resource: ${escapeXml(role)}</Message></Error>`;
      return {
        status: 403,
        headers: { 'content-type': 'text/xml' },
        body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}<RequestId>test</RequestId></ErrorResponse>`,
      };
    }
    const credentials = `<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token of ${escapeXml(role)}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`;
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>${credentials}</AssumeRoleResult><ResponseMetadata><RequestId>test</RequestId></ResponseMetadata></AssumeRoleResponse>`,
    };
  };
}

export function ec2Fault(status: number, code: string, message: string): DoubleAnswer {
  const error = `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  const body = `<Response><Errors>${error}</Errors><RequestID>test</RequestID></Response>`;
  return { status, headers: { 'content-type': 'text/xml' }, body };
}
