/**
 * One S3 object to local disk: whole in one request, or, where it is large, in ranges side by side,
 * written at their offsets as they arrive. Nothing of an object is held in memory.
 */

import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { messageOf } from '../../errors.ts';
import { failCall, type Sleep, withRetries } from './aws-call.ts';
import { checksumOfFile, md5OfEtag, statedChecksum } from './s3-checksum.ts';

export type Bucket = {
  client: S3Client;
  name: string;
  sleep: Sleep;
  isRequesterPays: boolean;
  /** Runs a request for a range when its turn comes: a bound for all objects of the source. */
  takeTurn: Turnstile;
};

export type S3Object = {
  key: string;
  etag: string;
  size: number;
  modifiedAt: Date;
  /** The version to read where it is not the newest. */
  versionId?: string;
};

/** What is known of an object once its bytes are there. */
export type Arrival = { versionId?: string };

/** Objects over this size are brought in ranges of half of it. */
export const LARGE_BYTES = 16 * 1024 * 1024;
const PART_BYTES = LARGE_BYTES / 2;

/** Ranges under way at once, of all objects of a source together. */
export const PARTS_AT_ONCE = 8;

/**
 * Brings an object to `path`. Throws FlowproofError SOURCE_UNREACHABLE, naming s3:GetObject, if it
 * cannot be had, was replaced since it was listed, or does not arrive as S3 holds it; `path` is gone
 * then. Errors of the disk are thrown as they are: they are not the bucket's fault.
 */
export async function downloadObject(
  bucket: Bucket,
  object: S3Object,
  path: string,
): Promise<Arrival> {
  const disk: DiskState = {};
  // Without an ETag nothing keeps ranges of two versions apart.
  const isLarge = object.size > LARGE_BYTES && object.etag !== '';
  try {
    return isLarge
      ? await downloadRanges(bucket, object, path, disk)
      : await withRetries(() => downloadWhole(bucket, object, path, disk), bucket.sleep);
  } catch (thrown) {
    await rm(path, { force: true });
    if (disk.failure !== undefined) throw disk.failure;
    return failCall(thrown, {
      place: `s3://${bucket.name}/${object.key}`,
      operation: 'GetObject',
      needs: `s3:GetObject on the bucket ${bucket.name}, and kms:Decrypt if a KMS key encrypts it`,
    });
  }
}

type DiskState = { failure?: unknown };

function onDisk<T>(disk: DiskState, step: Promise<T>): Promise<T> {
  return step.catch((thrown) => {
    disk.failure = thrown;
    throw thrown;
  });
}

function requestOf(bucket: Bucket, object: S3Object) {
  return {
    Bucket: bucket.name,
    Key: object.key,
    // An object replaced since listing must not be read under the old one's version.
    ...(object.etag === '' ? {} : { IfMatch: object.etag }),
    ...(object.versionId === undefined ? {} : { VersionId: object.versionId }),
    ...(bucket.isRequesterPays ? { RequestPayer: 'requester' as const } : {}),
  };
}

async function downloadWhole(
  bucket: Bucket,
  object: S3Object,
  path: string,
  disk: DiskState,
): Promise<Arrival> {
  const answer = await bucket.client.send(
    // With this mode S3 states its checksum, and the SDK compares it at the end of the body.
    new GetObjectCommand({ ...requestOf(bucket, object), ChecksumMode: 'ENABLED' }),
  );
  const md5 = statedChecksum(answer) ? undefined : md5OfEtag(answer);
  const hash = md5 ? createHash('md5') : undefined;
  const file = await onDisk(disk, open(path, 'w'));
  try {
    const received = await writeBody(answer.Body, file, 0, object.size, disk, (chunk) => {
      hash?.update(chunk);
    });
    if (received !== object.size) {
      throw cutBody(`${received} of ${object.size} bytes arrived`);
    }
  } finally {
    await file.close();
  }
  const found = hash?.digest('hex');
  if (md5 && found !== md5.value) {
    throw cutBody(`what arrived has the MD5 ${found}, the ETag is ${md5.value}`);
  }
  return arrivalOf(answer.VersionId);
}

async function downloadRanges(
  bucket: Bucket,
  object: S3Object,
  path: string,
  disk: DiskState,
): Promise<Arrival> {
  const file = await onDisk(disk, open(path, 'w'));
  let from = 0;
  let failure: { thrown: unknown } | undefined;
  const stop = new AbortController();
  const work = async (): Promise<void> => {
    while (from < object.size && !failure) {
      const start = from;
      from += PART_BYTES;
      const end = Math.min(from, object.size);
      const part = () => downloadRange(bucket, object, file, { start, end }, disk, stop.signal);
      await bucket
        .takeTurn(() => withRetries(part, bucket.sleep))
        .catch((thrown: unknown) => {
          failure ??= { thrown };
          stop.abort();
        });
    }
  };
  try {
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work));
    if (failure) throw (failure as { thrown: unknown }).thrown;
  } finally {
    await file.close();
  }
  const head = await withRetries(
    () =>
      bucket.client.send(
        new HeadObjectCommand({ ...requestOf(bucket, object), ChecksumMode: 'ENABLED' }),
      ),
    bucket.sleep,
  );
  const expected = statedChecksum(head) ?? md5OfEtag(head);
  if (expected) {
    const found = await onDisk(disk, checksumOfFile(path, expected.algorithm));
    if (found !== expected.value) {
      const problem = `what arrived has the ${expected.algorithm} ${found}, S3 states ${expected.value}`;
      throw Object.assign(new Error(problem), { name: 'ChecksumMismatch' });
    }
  }
  return arrivalOf(head.VersionId);
}

async function downloadRange(
  bucket: Bucket,
  object: S3Object,
  file: FileHandle,
  { start, end }: { start: number; end: number },
  disk: DiskState,
  abortSignal: AbortSignal,
): Promise<void> {
  const answer = await bucket.client.send(
    new GetObjectCommand({ ...requestOf(bucket, object), Range: `bytes=${start}-${end - 1}` }),
    { abortSignal },
  );
  const expected = `bytes ${start}-${end - 1}/${object.size}`;
  if (answer.ContentRange !== expected) {
    if (answer.Body instanceof Readable) answer.Body.destroy();
    throw cutBody(`the answer is "${answer.ContentRange ?? 'no range'}" and not "${expected}"`);
  }
  const received = await writeBody(answer.Body, file, start, end - start, disk);
  if (received !== end - start) {
    throw cutBody(`${received} of the ${end - start} bytes from ${start} on arrived`);
  }
}

/** Writes a body from an offset on, at most `expected` bytes of it; returns how many it has. */
async function writeBody(
  body: unknown,
  file: FileHandle,
  offset: number,
  expected: number,
  disk: DiskState,
  onChunk: (chunk: Buffer) => void = () => {},
): Promise<number> {
  if (!(body instanceof Readable)) throw cutBody('the answer has no body');
  let received = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      onChunk(chunk);
      // Bytes beyond the range would overwrite its neighbour's.
      if (received + chunk.length <= expected) {
        await onDisk(disk, writeAll(file, chunk, offset + received));
      }
      received += chunk.length;
    }
  } catch (thrown) {
    // Whatever breaks a body off (reset, timeout, wrong checksum), the next attempt may bring it.
    if (disk.failure !== undefined) throw thrown;
    throw cutBody(`the body broke off after ${received} of ${expected} bytes`, thrown);
  }
  return received;
}

/** A full disk may take a part of a chunk and say so only at the next write. */
async function writeAll(file: FileHandle, chunk: Buffer, offset: number): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await file.write(
      chunk,
      written,
      chunk.length - written,
      offset + written,
    );
    written += bytesWritten;
  }
}

/** A bucket that never had versioning gives no version id, or the text "null". */
function arrivalOf(versionId: string | undefined): Arrival {
  return versionId === undefined || versionId === 'null' ? {} : { versionId };
}

function cutBody(message: string, cause?: unknown): Error {
  const detail = cause === undefined ? '' : `: ${messageOf(cause)}`;
  return Object.assign(new Error(message + detail, { cause }), { name: 'BodyCut' });
}

export type Turnstile = <T>(step: () => Promise<T>) => Promise<T>;

/** Lets at most `limit` steps run at once; the others wait, first come first served. */
export function createTurnstile(limit: number): Turnstile {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (step) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await step();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
