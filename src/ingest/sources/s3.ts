/**
 * Objects of an S3 bucket. In trees of flow logs only the days of the period are listed.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { FlowproofError, messageOf } from '../../errors.ts';
import {
  hintsOfPath,
  isOtherService,
  isOutsidePeriod,
  isPastPeriod,
  readFlowLogPath,
  readFolderLevel,
} from '../flow-log-path.ts';
import type { ObjectHints } from '../format.ts';
import type { ListedObject, Period, Source } from '../source.ts';
import {
  awsClientDefaults,
  failCall,
  fileNameOf,
  pause,
  type Sleep,
  withRetries,
} from './aws-call.ts';

export type S3Options = {
  label: string;
  /** `s3://bucket/prefix`. The prefix is S3's: `logs` also matches `logs-old/`, `logs/` does not. */
  uri: string;
  region: string;
  /** What the configuration says of the objects; wins over what their keys say. */
  hints: ObjectHints;
  /** True for flow logs: folders of other AWS services below `AWSLogs/` are not entered. */
  isFlowLogs?: boolean;
  client?: S3Client;
  sleep?: Sleep;
};

type S3Object = { key: string; etag: string; size: number; modifiedAt: Date };
type S3Page = { objects: S3Object[]; folders: string[] };
type Bucket = { client: S3Client; name: string; sleep: Sleep };

/**
 * A source of S3 objects. URI `s3://bucket/key`; the version is the ETag, as listing gives no version
 * ids. Folder markers (keys that end with a slash) are left out.
 *
 * Throws FlowproofError CONFIG_INVALID for a URI that names no bucket; listing and fetching throw
 * SOURCE_UNREACHABLE, naming the permission needed: s3:ListBucket, s3:GetObject.
 */
export function s3Source(options: S3Options): Source {
  const { label, uri, region, hints, sleep = pause } = options;
  const { name, prefix } = parseUri(label, uri);
  const bucket = { client: options.client ?? createClient(region), name, sleep };
  return {
    label,
    place: uri,
    async *list(period) {
      const isSkipped = options.isFlowLogs ? isOtherService : () => false;
      for await (const object of listFolder(bucket, prefix, period, isSkipped)) {
        if (isSkipped(object.key)) continue;
        const said = readFlowLogPath(object.key);
        if (isOutsidePeriod(said, period)) continue;
        yield asListed(bucket, object, { ...hintsOfPath(said), ...hints });
      }
    },
  };
}

function parseUri(label: string, uri: string): { name: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(uri);
  if (match?.[1] === undefined) {
    throw new FlowproofError('CONFIG_INVALID', {
      place: label,
      problem: `"${uri}" is no S3 URI`,
      remedy: 'Write bucket and prefix as "s3://amzn-s3-demo-bucket/prefix/".',
    });
  }
  return { name: match[1], prefix: match[2] ?? '' };
}

function createClient(region: string): S3Client {
  const hasEndpoint = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL);
  // Stores that speak S3 under an endpoint of their own seldom have a host name for each bucket.
  return new S3Client({ ...awsClientDefaults(region), forcePathStyle: hasEndpoint });
}

/**
 * Lists below a prefix. Inside `AWSLogs/` accounts and regions are found folder by folder, and a
 * region is read from the first day needed to the last; what is no flow log tree is listed whole.
 */
async function* listFolder(
  bucket: Bucket,
  prefix: string,
  period: Period,
  isSkipped: (path: string) => boolean,
): AsyncGenerator<S3Object> {
  if (isSkipped(prefix)) return;
  const level = readFolderLevel(prefix, period);
  if (level.kind === 'other') {
    for await (const page of listPages(bucket, { Prefix: prefix })) yield* page.objects;
    return;
  }
  if (level.kind === 'dates') {
    if (level.isOutside) return;
    // S3 gives keys in order of their bytes, and so folders of dates in order of date.
    for await (const page of listPages(bucket, { Prefix: prefix, StartAfter: level.firstKey })) {
      for (const object of page.objects) {
        if (isPastPeriod(readFlowLogPath(object.key), period)) return;
        yield object;
      }
    }
    return;
  }
  let isFirst = level.kind === 'above';
  for await (const page of listPages(bucket, { Prefix: prefix, Delimiter: '/' })) {
    if (isFirst && !leadsToTree(page)) {
      for await (const whole of listPages(bucket, { Prefix: prefix })) yield* whole.objects;
      return;
    }
    isFirst = false;
    yield* page.objects;
    for (const folder of page.folders) {
      if (level.kind === 'tree' || page.folders.length === 1 || isTree(folder)) {
        yield* listFolder(bucket, folder, period, isSkipped);
      } else {
        for await (const whole of listPages(bucket, { Prefix: folder })) yield* whole.objects;
      }
    }
  }
}

/** A lone folder is entered to see what is below; among many it would cost a request for each. */
function leadsToTree(page: S3Page): boolean {
  return page.folders.some(isTree) || (page.folders.length === 1 && page.objects.length === 0);
}

function isTree(folder: string): boolean {
  return folder === 'AWSLogs/' || folder.endsWith('/AWSLogs/');
}

async function* listPages(
  bucket: Bucket,
  input: Omit<ListObjectsV2CommandInput, 'Bucket'>,
): AsyncGenerator<S3Page> {
  const { client, name, sleep } = bucket;
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: name,
      // Keys may hold characters that XML cannot.
      EncodingType: 'url',
      ...input,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page = await withRetries(() => client.send(command), sleep).catch((thrown) =>
      failCall(thrown, {
        place: `s3://${name}/${input.Prefix ?? ''}`,
        operation: 'ListObjectsV2',
        needs: `s3:ListBucket on the bucket ${name}`,
      }),
    );
    const decode = (text: string): string =>
      page.EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
    const objects = (page.Contents ?? []).map((object) => ({
      key: decode(object.Key ?? ''),
      etag: object.ETag ?? '',
      size: object.Size ?? 0,
      modifiedAt: object.LastModified ?? new Date(0),
    }));
    yield {
      // Consoles mark folders with empty objects whose key ends with a slash.
      objects: objects.filter((object) => !object.key.endsWith('/')),
      folders: (page.CommonPrefixes ?? []).map((folder) => decode(folder.Prefix ?? '')),
    };
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

function asListed(bucket: Bucket, object: S3Object, hints: ObjectHints): ListedObject {
  const uri = `s3://${bucket.name}/${object.key}`;
  return {
    uri,
    version: object.etag,
    sizeBytes: object.size,
    modifiedAt: object.modifiedAt,
    hints,
    async fetch(folder) {
      const path = join(folder, fileNameOf(uri, object.etag));
      const disk: DiskState = {};
      try {
        await withRetries(() => download(bucket, object, path, disk), bucket.sleep);
      } catch (thrown) {
        await rm(path, { force: true });
        // A full disk is not the bucket's fault.
        if (disk.failure !== undefined) throw disk.failure;
        failCall(thrown, {
          place: uri,
          operation: 'GetObject',
          needs: `s3:GetObject on the bucket ${bucket.name}, and kms:Decrypt if a KMS key encrypts it`,
        });
      }
      return path;
    },
  };
}

type DiskState = { failure?: unknown };

async function download(
  bucket: Bucket,
  object: S3Object,
  path: string,
  disk: DiskState,
): Promise<void> {
  const response = await bucket.client.send(
    new GetObjectCommand({
      Bucket: bucket.name,
      Key: object.key,
      // An object replaced since listing must not be read under the old one's version.
      ...(object.etag === '' ? {} : { IfMatch: object.etag }),
    }),
  );
  const { Body: body, ContentLength: expected = object.size } = response;
  if (!(body instanceof Readable)) throw cutBody('the answer has no body');
  const onDisk = <T>(step: Promise<T>): Promise<T> =>
    step.catch((thrown) => {
      disk.failure = thrown;
      throw thrown;
    });
  let received = 0;
  const file = await onDisk(open(path, 'w'));
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      received += chunk.length;
      await onDisk(file.appendFile(chunk));
    }
  } catch (thrown) {
    // Whatever breaks a body off (reset, timeout, wrong checksum), the next attempt may bring it.
    if (disk.failure !== undefined) throw thrown;
    throw cutBody(`the body broke off after ${received} of ${expected} bytes`, thrown);
  } finally {
    await file.close();
  }
  if (received !== expected || received !== object.size) {
    throw cutBody(`${received} of ${object.size} bytes arrived`);
  }
}

function cutBody(message: string, cause?: unknown): Error {
  const detail = cause === undefined ? '' : `: ${messageOf(cause)}`;
  return Object.assign(new Error(message + detail, { cause }), { name: 'BodyCut' });
}
