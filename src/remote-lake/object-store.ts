/**
 * The objects of a lake in S3. Every write appears whole or not at all; those that two writers could both
 * make are conditional ("Conditional requests", Amazon S3 User Guide), and say so when another was first.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { FlowproofError, messageOf } from '../errors.ts';
import type { RemotePlace } from './place.ts';

/** What must hold for a write: that nothing is there, or still the object with this ETag. */
export type Condition = { isNew: true } | { etag: string };

export type StoredObject = { body: Buffer; etag: string; modifiedAt: Date };

export type ListedObject = { key: string; size: number; etag: string };

export type ObjectStore = {
  /** Undefined if there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Writes an object to a file; false if it is not there, or is no longer the one with the ETag. */
  download(key: string, etag: string, file: string): Promise<boolean>;
  /** Gives the ETag; undefined if the condition did not hold. */
  put(key: string, body: Buffer, condition?: Condition): Promise<string | undefined>;
  /** Gives the ETag of the object that was made of a file; undefined if something is there and must not be. */
  upload(key: string, file: string, condition?: Condition): Promise<string | undefined>;
  /** All objects whose keys begin so, in the order of their keys. */
  list(prefix: string): Promise<ListedObject[]>;
  /** Gives the ETag of the copy. */
  copy(from: string, to: string): Promise<string>;
  remove(keys: readonly string[]): Promise<void>;
};

const DELETED_AT_ONCE = 1000;

/** Opens the bucket. All calls throw LAKE_UNUSABLE with the call, the answer, and the permission it needs. */
export async function openStore(place: RemotePlace): Promise<ObjectStore> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = await openClient(sdk.S3Client, place);
  const { bucket: Bucket, prefix } = place;
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket, Key: `${prefix}${key}` });

  const call = async <Answer>(action: string, key: string, act: () => Promise<Answer>) => {
    try {
      return await act();
    } catch (thrown) {
      const status = statusOf(thrown);
      if (status === 404 && nameOf(thrown) !== 'NoSuchBucket') return 'missing';
      // 409: another conditional write of the object is under way.
      if (status === 412 || status === 409) return 'changed';
      throw new FlowproofError('LAKE_UNUSABLE', {
        place: `s3://${Bucket}/${prefix}${key}`,
        problem: `${action} failed with ${nameOf(thrown)} (${messageOf(thrown).split('\n', 1)[0]})`,
        remedy: `The identity that runs flowproof needs s3:GetObject, s3:PutObject and s3:DeleteObject on arn:aws:s3:::${Bucket}/${prefix}* and s3:ListBucket on the bucket; ask again with: aws s3 ls s3://${Bucket}/${prefix}`,
        cause: thrown,
      });
    }
  };
  const conditions = (condition: Condition | undefined) =>
    condition === undefined
      ? {}
      : 'etag' in condition
        ? { IfMatch: condition.etag }
        : { IfNoneMatch: '*' };

  return {
    async get(key) {
      const answer = await call('GetObject', key, async () => {
        const { Body, ETag, LastModified } = await client.send(new sdk.GetObjectCommand(at(key)));
        const body = Buffer.from((await Body?.transformToByteArray()) ?? []);
        return { body, etag: ETag ?? '', modifiedAt: LastModified ?? new Date(0) };
      });
      return typeof answer === 'string' ? undefined : answer;
    },
    async download(key, etag, file) {
      const answer = await call('GetObject', key, async () => {
        const { Body } = await client.send(new sdk.GetObjectCommand({ ...at(key), IfMatch: etag }));
        await pipeline(Body as Readable, createWriteStream(file, { mode: 0o600 }));
      });
      return answer === undefined;
    },
    async put(key, body, condition) {
      const answer = await call('PutObject', key, async () => {
        const input = { ...at(key), Body: body, ...conditions(condition) };
        return { etag: (await client.send(new sdk.PutObjectCommand(input))).ETag ?? '' };
      });
      return typeof answer === 'string' ? undefined : answer.etag;
    },
    async upload(key, file, condition) {
      const answer = await call('PutObject', key, async () => {
        const { size } = await stat(file);
        const input = {
          ...at(key),
          Body: createReadStream(file),
          ContentLength: size,
          ...conditions(condition),
        };
        return { etag: (await client.send(new sdk.PutObjectCommand(input))).ETag ?? '' };
      });
      return typeof answer === 'string' ? undefined : answer.etag;
    },
    async list(below) {
      const objects: ListedObject[] = [];
      let token: string | undefined;
      do {
        const answer = await call('ListObjectsV2', below, () =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket,
              Prefix: `${prefix}${below}`,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          ),
        );
        if (typeof answer === 'string') break;
        for (const { Key = '', Size = 0, ETag = '' } of answer.Contents ?? []) {
          objects.push({ key: Key.slice(prefix.length), size: Size, etag: ETag });
        }
        token = answer.NextContinuationToken;
      } while (token !== undefined);
      return objects;
    },
    async copy(from, to) {
      const answer = await call('CopyObject', to, async () => {
        const CopySource = `${Bucket}/${encodeURIComponent(`${prefix}${from}`)}`;
        const { CopyObjectResult } = await client.send(
          new sdk.CopyObjectCommand({ ...at(to), CopySource }),
        );
        return { etag: CopyObjectResult?.ETag ?? '' };
      });
      if (typeof answer === 'string') throw lostObject(place, from);
      return answer.etag;
    },
    async remove(keys) {
      for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
        const Objects = keys.slice(from, from + DELETED_AT_ONCE).map((key) => ({
          Key: `${prefix}${key}`,
        }));
        await call('DeleteObjects', '', () =>
          client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
        );
      }
    },
  };
}

export function lostObject({ uri }: RemotePlace, key: string): FlowproofError {
  return new FlowproofError('LAKE_UNUSABLE', {
    place: uri,
    problem: `the lake names an object that is not there: ${key}`,
    remedy:
      'Bring it back from a version or a copy of the bucket; a lifecycle rule must not delete what is below the prefix of the lake.',
  });
}

/** Address of another S3 than that of AWS, as the SDK takes it from the environment. */
export function endpointOfS3(): string | undefined {
  return process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL || undefined;
}

/** A client with the credentials of the lake; `sessionPolicy` narrows what its role, if it has one, may do. */
export async function openClient(
  Client: typeof S3Client,
  { region, roleArn }: RemotePlace,
  sessionPolicy?: string,
): Promise<S3Client> {
  const hasEndpoint = endpointOfS3() !== undefined;
  const requestHandler = { connectionTimeout: 10_000, socketTimeout: 60_000 };
  const credentials =
    roleArn === undefined
      ? undefined
      : (await import('@aws-sdk/credential-providers')).fromTemporaryCredentials({
          params: {
            RoleArn: roleArn,
            RoleSessionName: 'flowproof',
            ...(sessionPolicy === undefined ? {} : { Policy: sessionPolicy }),
          },
          clientConfig: { region, requestHandler },
        });
  return new Client({
    region,
    maxAttempts: 5,
    requestHandler,
    forcePathStyle: hasEndpoint,
    // Of the body of a file the SDK would else make a checksum in chunks, which not every store takes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(credentials === undefined ? {} : { credentials }),
  });
}

function statusOf(thrown: unknown): number | undefined {
  return (thrown as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : 'Error';
}
