/** An entry of the configuration on S3, tried: one listing, and the first bytes of its newest object. */
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { LogTree } from '../ingest/log-tree.ts';
import { isMarker } from '../ingest/sources/s3.ts';
import type { Target } from '../permissions.ts';
import { type Failure, failureText, probe, type Sleep } from './aws-probe.ts';
import type { Check } from './check.ts';
import { failedCall } from './failed-call.ts';

export type S3Entry = {
  /** Its place in the configuration, such as flow_logs[0]. */
  source: string;
  uri: string;
  region: string;
  accountId: string | undefined;
  isRequesterPays: boolean;
  tree: LogTree;
};

export type S3Answer = {
  checks: Check[];
  /** The newest object that was found, and how it begins. */
  newest?: { uri: string; key: string; head: Buffer };
  failures: Failure[];
};

/** A header line is far shorter; of a gzip file this is enough for it too. */
const HEAD_BYTES = 4096;

/** Folders from a bucket down to a day: prefix, AWSLogs, organization, account, service, Region, year, month, day, hour. */
const MAX_LEVELS = 16;

export async function checkS3Entry(
  client: S3Client,
  entry: S3Entry,
  sleep: Sleep,
): Promise<S3Answer> {
  const { source, uri } = entry;
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(uri) ?? [];
  const payer = entry.isRequesterPays ? { RequestPayer: 'requester' as const } : {};
  const subject = `${source} ${uri}`;
  const target: Target = { region: entry.region, accountId: entry.accountId, bucket, prefix };
  const listing = { check: 's3:ListBucket', subject };
  const reading = { check: 's3:GetObject', subject };
  const first = await probe(
    () =>
      client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1, ...payer }),
      ),
    sleep,
  );
  if ('failure' in first) {
    const { failure } = first;
    const check = failedCall(listing, 'ListObjectsV2', failure, 's3', target);
    const why = 'nothing could be listed, so there is no object to try it on';
    return {
      checks: [
        { ...check, ...wrongPlace(failure, bucket, source) },
        { ...reading, verdict: 'not_checked', found: why },
      ],
      failures: [failure],
    };
  }
  if ((first.value.Contents ?? []).length === 0) {
    return {
      checks: [
        {
          ...listing,
          verdict: 'warning',
          found: 'allowed, and there is no object below this prefix',
          fix: `Correct \`s3:\` of ${source} if there should be some; flow logs lie below the prefix of their destination and AWSLogs/.`,
        },
        { ...reading, verdict: 'not_checked', found: 'there is no object to try it on' },
      ],
      failures: [],
    };
  }
  const checks: Check[] = [{ ...listing, verdict: 'ok', found: 'allowed' }];
  const found = await probe(
    () => findNewest(client, { bucket, prefix, payer, tree: entry.tree }),
    sleep,
  );
  if ('failure' in found || found.value === undefined) {
    const why =
      'failure' in found
        ? failureText('ListObjectsV2', found.failure)
        : 'there is no object of this kind to try it on';
    return {
      checks: [...checks, { ...reading, verdict: 'not_checked', found: why }],
      failures: [],
    };
  }
  const key = found.value;
  const head = await probe(async () => {
    const range = { Bucket: bucket, Key: key, Range: `bytes=0-${HEAD_BYTES - 1}`, ...payer };
    const { Body } = await client.send(new GetObjectCommand(range));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }, sleep);
  const object = `s3://${bucket}/${key}`;
  if ('failure' in head) {
    const { failure } = head;
    return {
      checks: [...checks, failedCall(reading, `GetObject of ${object}`, failure, 's3', target)],
      failures: [failure],
    };
  }
  checks.push({ ...reading, verdict: 'ok', found: `allowed; tried on ${object}` });
  return { checks, newest: { uri: object, key, head: head.value }, failures: [] };
}

type Search = {
  bucket: string;
  prefix: string;
  payer: { RequestPayer?: 'requester' };
  tree: LogTree;
};

/**
 * The newest object of the last folder at each level, as folders of dates are in order of date. A few
 * requests whatever the bucket holds; among accounts and Regions, the last one stands for the others.
 */
async function findNewest(client: S3Client, search: Search): Promise<string | undefined> {
  const { bucket, payer, tree } = search;
  let prefix = search.prefix;
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: '/',
        // Keys may hold characters that XML cannot.
        EncodingType: 'url',
        ...payer,
      }),
    );
    const decode = (text = ''): string =>
      page.EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
    const objects = (page.Contents ?? [])
      .map(({ Key, Size = 0, LastModified }) => ({
        key: decode(Key),
        size: Size,
        time: LastModified?.getTime() ?? 0,
      }))
      .filter(({ key, size }) => size > 0 && !isMarker(key) && !tree.isSkipped(key));
    const folders = (page.CommonPrefixes ?? [])
      .map(({ Prefix }) => decode(Prefix))
      .filter((folder) => folder !== '' && !tree.isSkipped(folder));
    const last = folders.sort().at(-1);
    if (last === undefined || objects.length > folders.length) {
      return objects.sort((one, other) => other.time - one.time)[0]?.key;
    }
    prefix = last;
  }
  return undefined;
}

/** What a bucket in another place, or none, asks for. */
function wrongPlace(failure: Failure, bucket: string, source: string): Partial<Check> {
  if (failure.kind === 'missing') {
    return {
      found: `there is no bucket ${bucket}`,
      fix: `Correct the bucket's name in \`s3:\` of ${source}.`,
    };
  }
  if (failure.kind !== 'wrong_region') return {};
  return failure.region === undefined
    ? {
        found: `${failureText('ListObjectsV2', failure)}; the bucket is in another Region`,
        fix: `Find it by: aws s3api head-bucket --bucket ${bucket}, and set \`region:\` of ${source} to it.`,
      }
    : {
        found: `the bucket is in ${failure.region}`,
        fix: `region: ${failure.region}   # of ${source}`,
      };
}
