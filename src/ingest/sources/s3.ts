/**
 * Objects of an S3 bucket. In trees of flow logs only the days of the period are listed.
 */
import { join } from 'node:path';
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { FlowproofError } from '../../errors.ts';
import { hintsOfPath, isOutsidePeriod, isPastPeriod } from '../flow-log-path.ts';
import type { ObjectHints } from '../format.ts';
import { anyTree, type LogTree } from '../log-tree.ts';
import type { ListedObject, Period, Source } from '../source.ts';
import {
  awsClientDefaults,
  failCall,
  fileNameOf,
  pause,
  type Sleep,
  withRetries,
} from './aws-call.ts';
import {
  type Bucket,
  createTurnstile,
  downloadObject,
  PARTS_AT_ONCE,
  type S3Object,
} from './s3-download.ts';

export type S3Options = {
  label: string;
  /** `s3://bucket/prefix`. The prefix is S3's: `logs` also matches `logs-old/`, `logs/` does not. */
  uri: string;
  region: string;
  /** What the configuration says of the objects; wins over what their keys say. */
  hints: ObjectHints;
  /** What holds of objects whose keys say nothing: a bucket in one Region has logs of many. */
  fallback?: ObjectHints;
  /** What keys say of the logs below them; without it all is listed. */
  tree?: LogTree;
  /** Credentials of an assumed role; the SDK's standard chain if absent. */
  credentials?: S3ClientConfig['credentials'];
  /** True if whoever reads the bucket pays for it, and says so with each request. */
  isRequesterPays?: boolean;
  client?: S3Client;
  sleep?: Sleep;
};

type S3Page = { objects: S3Object[]; folders: string[] };

/** What a log delivery of CloudWatch Logs leaves to see whether it may write. */
const WRITE_TEST = 'aws-logs-write-test';

/**
 * A source of S3 objects. URI `s3://bucket/key`; the version is the ETag, as listing gives no version
 * ids. Folder markers (keys that end with a slash) are left out.
 *
 * Throws FlowproofError CONFIG_INVALID for a URI that names no bucket; listing and fetching throw
 * SOURCE_UNREACHABLE, naming the permission needed: s3:ListBucket, s3:GetObject.
 */
export function s3Source(options: S3Options): Source {
  const { label, uri, region, hints, fallback = {}, sleep = pause, tree = anyTree } = options;
  const { name, prefix } = parseUri(label, uri);
  const bucket = openBucket(name, { ...options, region, sleep });
  return {
    label,
    place: uri,
    async *list(period) {
      for await (const object of listFolder(bucket, prefix, period, tree)) {
        if (tree.isSkipped(object.key)) continue;
        const said = tree.readKey(object.key);
        if (isOutsidePeriod(said, period)) continue;
        yield asListed(bucket, object, { ...fallback, ...hintsOfPath(said), ...hints });
      }
    },
  };
}

/** A bucket as sources and whoever reads single objects of it use it. */
export function openBucket(
  name: string,
  options: Pick<S3Options, 'region' | 'credentials' | 'isRequesterPays' | 'client' | 'sleep'>,
): Bucket {
  return {
    client: options.client ?? createS3Client(options.region, options.credentials),
    name,
    sleep: options.sleep ?? pause,
    isRequesterPays: options.isRequesterPays ?? false,
    takeTurn: createTurnstile(PARTS_AT_ONCE),
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

/** A client as this source needs it. */
export function createS3Client(
  region: string,
  credentials?: S3ClientConfig['credentials'],
): S3Client {
  const hasEndpoint = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL);
  return new S3Client({
    ...awsClientDefaults(region),
    ...(credentials === undefined ? {} : { credentials }),
    // Asked for by request: compared with a range, the checksum of a whole object is always wrong.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Stores that speak S3 under an endpoint of their own seldom have a host name for each bucket.
    forcePathStyle: hasEndpoint,
  });
}

/**
 * Lists below a prefix. Inside `AWSLogs/` accounts and regions are found folder by folder, and a
 * region is read from the first day needed to the last; what is no flow log tree is listed whole.
 */
async function* listFolder(
  bucket: Bucket,
  prefix: string,
  period: Period,
  tree: LogTree,
): AsyncGenerator<S3Object> {
  if (tree.isSkipped(prefix)) return;
  const level = tree.readFolder(prefix, period);
  if (level.kind === 'other') {
    for await (const page of listPages(bucket, { Prefix: prefix })) yield* page.objects;
    return;
  }
  if (level.kind === 'dates') {
    if (level.isOutside) return;
    // S3 gives keys in order of their bytes, and so folders of dates in order of date.
    for await (const page of listPages(bucket, { Prefix: prefix, StartAfter: level.firstKey })) {
      for (const object of page.objects) {
        if (isPastPeriod(tree.readKey(object.key), period)) return;
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
        yield* listFolder(bucket, folder, period, tree);
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
      ...(bucket.isRequesterPays ? { RequestPayer: 'requester' as const } : {}),
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
    const decode = (text: string): string => {
      if (page.EncodingType !== 'url') return text;
      try {
        return decodeURIComponent(text.replaceAll('+', ' '));
      } catch (thrown) {
        return failCall(thrown, {
          place: `s3://${name}/${input.Prefix ?? ''}`,
          operation: `ListObjectsV2 gave a key that is not encoded as it says (${text.slice(0, 100)}), and`,
          needs: 'a store whose answers are those of S3',
        });
      }
    };
    const objects = (page.Contents ?? []).map((object) => ({
      key: decode(object.Key ?? ''),
      etag: object.ETag ?? '',
      size: object.Size ?? 0,
      modifiedAt: object.LastModified ?? new Date(0),
    }));
    yield {
      objects: objects.filter((object) => !isMarker(object.key)),
      folders: (page.CommonPrefixes ?? []).map((folder) => decode(folder.Prefix ?? '')),
    };
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Consoles mark folders with empty objects whose key ends with a slash. */
export function isMarker(key: string): boolean {
  return key.endsWith('/') || key === WRITE_TEST || key.endsWith(`/${WRITE_TEST}`);
}

function asListed(bucket: Bucket, object: S3Object, hints: ObjectHints): ListedObject {
  const uri = `s3://${bucket.name}/${object.key}`;
  const listed: ListedObject = {
    uri,
    version: object.etag,
    sizeBytes: object.size,
    modifiedAt: object.modifiedAt,
    hints,
    async fetch(folder) {
      const path = join(folder, fileNameOf(uri, object.etag));
      const { versionId } = await downloadObject(bucket, object, path);
      if (versionId !== undefined) listed.versionId = versionId;
      return path;
    },
  };
  return listed;
}
