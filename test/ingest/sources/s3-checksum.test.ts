import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checksumOfFile,
  md5OfEtag,
  statedChecksum,
} from '../../../src/ingest/sources/s3-checksum.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-checksum-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('checksumOfFile', () => {
  // The check values that the definitions of these checksums publish for the text "123456789".
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
  ] as const)('gives the check value of %s', async (algorithm, expected) => {
    const path = join(folder, algorithm);
    await writeFile(path, '123456789');
    const found = await checksumOfFile(path, algorithm);
    expect(Buffer.from(found, 'base64').toString('hex')).toBe(expected);
  });

  it('writes hashes as S3 does', async () => {
    const path = join(folder, 'hashes');
    await writeFile(path, 'flow');
    const hash = (name: string) => createHash(name).update('flow');
    expect(await checksumOfFile(path, 'SHA256')).toBe(hash('sha256').digest('base64'));
    expect(await checksumOfFile(path, 'SHA1')).toBe(hash('sha1').digest('base64'));
    expect(await checksumOfFile(path, 'MD5')).toBe(hash('md5').digest('hex'));
  });
});

describe('what an answer states', () => {
  it('is the checksum of the whole object, and not that of checksums of parts', () => {
    expect(statedChecksum({ ChecksumCRC64NVME: 'rosUhgp5mIg=' })).toEqual({
      algorithm: 'CRC64NVME',
      value: 'rosUhgp5mIg=',
    });
    expect(statedChecksum({ ChecksumCRC32: 'y/Q5Jg==-3' })).toBeUndefined();
    expect(statedChecksum({ ETag: '"abc"' })).toBeUndefined();
  });

  it('is an MD5 only where the ETag is one', () => {
    const ETag = `"${'0123456789abcdef'.repeat(2)}"`;
    expect(md5OfEtag({ ETag })?.value).toBe('0123456789abcdef'.repeat(2));
    expect(md5OfEtag({ ETag, ServerSideEncryption: 'AES256' })).toBeDefined();
    expect(md5OfEtag({ ETag, ServerSideEncryption: 'aws:kms' })).toBeUndefined();
    expect(md5OfEtag({ ETag, ServerSideEncryption: 'aws:kms:dsse' })).toBeUndefined();
    expect(md5OfEtag({ ETag, SSECustomerAlgorithm: 'AES256' })).toBeUndefined();
    expect(md5OfEtag({ ETag: `${ETag.slice(0, -1)}-2"` })).toBeUndefined();
    expect(md5OfEtag({})).toBeUndefined();
  });
});
