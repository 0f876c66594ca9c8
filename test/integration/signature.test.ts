import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { filesAsObjects, makeBucket, putObjects, REGION, s3 } from './aws.ts';
import { createWorkspace, SAMPLES, type Workspace } from './flowproof.ts';

const BUCKET = 'amzn-s3-demo-custody';
const ALIAS = 'alias/flowproof-custody';

const objects = filesAsObjects(join(SAMPLES, 'logs'), 'example/');
const kms = new KMSClient({ region: REGION });

let workspace: Workspace;
let folder: string;
let pack: string;

beforeAll(async () => {
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  );
  await kms.send(
    new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: KeyMetadata?.KeyId ?? '' }),
  );
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: ALIAS }));
  await makeBucket(BUCKET);
  await s3.send(
    new PutBucketVersioningCommand({
      Bucket: BUCKET,
      VersioningConfiguration: { Status: 'Enabled' },
    }),
  );
  await putObjects(BUCKET, objects);
  workspace = createWorkspace(
    { flow_logs: [{ s3: `s3://${BUCKET}/example/`, region: REGION }] },
    { pack: 'soc2', signature: { kms_key: ALIAS, region: REGION } },
  );
  folder = dirname(workspace.lake);
  const key = { key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' } as const;
  writeFileSync(
    join(folder, 'key.pub.pem'),
    createPublicKey(key).export({ type: 'spki', format: 'pem' }),
  );
  expect(await workspace.flowproof('run')).toMatchObject({ stderr: '' });
  pack = join(folder, 'evidence', readdirSync(join(folder, 'evidence'))[0] ?? '');
});

function verify(...options: string[]) {
  const cli = join(PACKAGE_ROOT, 'dist', 'cli.js');
  const args = [cli, 'verify', pack, '--quiet', '--config', join(folder, 'flowproof.yaml')];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, ...options], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const WITH_KEY = ['--public-key', '', '--sources'];

describe('a pack signed by AWS KMS, of a bucket with versions', () => {
  beforeAll(() => {
    WITH_KEY[1] = join(folder, 'key.pub.pem');
  });

  test('names the version of each object', () => {
    const { sources } = JSON.parse(readFileSync(join(pack, 'manifest.json'), 'utf8'));
    expect(sources).toHaveLength(objects.size);
    for (const { etag, version_id } of sources) {
      expect([typeof etag, typeof version_id]).toEqual(['string', 'string']);
    }
  });

  test('is checked with the public key alone, and by openssl', () => {
    expect(verify(...WITH_KEY)).toMatchObject({ status: 0, stderr: '' });
    const { payload, signatures } = JSON.parse(
      readFileSync(join(pack, 'manifest.dsse.json'), 'utf8'),
    );
    const body = Buffer.from(payload, 'base64');
    writeFileSync(join(folder, 'sig'), Buffer.from(signatures[0].sig, 'base64'));
    writeFileSync(
      join(folder, 'signed'),
      Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${body.length} `), body]),
    );
    const args = ['dgst', '-sha256', '-verify', 'key.pub.pem', '-signature', 'sig', 'signed'];
    expect(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' })).toBe('Verified OK\n');
  });

  test('is kept by a second run, though another signature would differ', async () => {
    const before = readFileSync(join(pack, 'manifest.dsse.json'), 'utf8');
    expect((await workspace.flowproof('run')).stdout).toContain('(unchanged)');
    expect(readFileSync(join(pack, 'manifest.dsse.json'), 'utf8')).toBe(before);
  });

  test('an object that was replaced since is read at the version that was read', async () => {
    const [key = ''] = objects.keys();
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'replaced' }));
    const { status, stdout } = verify(...WITH_KEY);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining(`Originals  ${objects.size} of ${objects.size} read again`),
    ]);
  });
});
