/**
 * A lake that stands in S3: where it is, and the folder of this machine that is its copy. All that reads and
 * writes tables does so in the copy; `refresh.ts` and `publish.ts` bring it and the bucket together.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FlowproofError } from '../errors.ts';

export type RemotePlace = {
  /** As configured: s3://bucket/prefix */
  uri: string;
  bucket: string;
  /** Ends with a slash, or is empty. */
  prefix: string;
  region: string;
  roleArn?: string;
  /** True if large files of days stay in S3: copies have their names alone. */
  leavesLargeFiles?: true;
  /** How the engine of this process is to read large files; absent where it reads none of S3. */
  reading?: Reading;
};

export type Reading = {
  mode: 'auto' | 'staged' | 'in_place';
  /** Folder of DuckDB's extensions. */
  extensions: string;
};

/** Below this, fetching a file once costs less than asking for parts of it each time. */
const LARGE_BYTES = 1_048_576;

/** True of a file, by its path in the lake, of which a copy has the name alone. */
export function staysInS3(place: RemotePlace, name: string, size: number): boolean {
  const isOfDay = /=\d{4}-\d{2}-\d{2}\/[^/]+\.parquet$/.test(name);
  return place.leavesLargeFiles === true && isOfDay && size >= LARGE_BYTES;
}

const URI = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?#]{0,512}))?$/;

export function isRemote(lake: string): boolean {
  return lake.startsWith('s3://');
}

/** Throws CONFIG_INVALID for a URI that names no bucket, or without a Region; `place` is for the message. */
export function parsePlace(
  uri: string,
  options: { region: string | undefined; roleArn: string | undefined; place: string },
): RemotePlace {
  const { region = process.env.AWS_REGION, roleArn, place } = options;
  const match = URI.exec(uri);
  const folders = (match?.[2] ?? '').split('/').filter((name) => name !== '');
  if (match?.[1] === undefined || folders.some((name) => name === '.' || name === '..')) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: `lake: "${uri}" is no S3 URI`,
      remedy: 'Write bucket and prefix: lake: s3://amzn-s3-demo-bucket/flowproof',
    });
  }
  if (region === undefined) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: 'lake: a lake in S3 needs the Region of its bucket',
      remedy: 'Add it beside `lake`: lake_region: eu-west-1',
    });
  }
  return {
    uri,
    bucket: match[1],
    prefix: folders.length === 0 ? '' : `${folders.join('/')}/`,
    region,
    ...(roleArn === undefined ? {} : { roleArn }),
  };
}

/** Where the copy of a lake is kept if the configuration does not say. */
export function defaultCopy({ bucket, prefix }: RemotePlace): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const name = createHash('sha256').update(`${bucket}/${prefix}`).digest('hex').slice(0, 16);
  return join(cache, 'flowproof', `lake-${name}`);
}

/** The lakes of this process that are copies, by their folder; what has only the folder finds out here. */
const places = new Map<string, RemotePlace>();

export function noteRemote(root: string, place: RemotePlace): void {
  places.set(root, place);
}

/** Those of this process, which as a rule has one. */
export function remotePlaces(): RemotePlace[] {
  return [...places.values()];
}

export function remoteOf(root: string): RemotePlace | undefined {
  return places.get(root);
}
