import { generateKeyPairSync, verify } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyIdOf, type Signer } from '../../src/reports/dsse.ts';
import { openSigner } from '../../src/reports/signer.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  failingFirst,
  type HttpDouble,
  startHttpDouble,
} from '../http-double.ts';
import { kmsAccount, kmsFault, kmsKey } from '../kms-double.ts';
import { knownSigner, smallPack } from './custody.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-signer-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

async function open(text: string, mode = 0o600): Promise<Signer | undefined> {
  await writeFile(join(folder, 'key.pem'), text, { mode });
  await chmod(join(folder, 'key.pem'), mode);
  return openSigner({ folder, signature: { key_file: 'key.pem' } });
}

describe('a key file', () => {
  test('signs with Ed25519, the same bytes the same way', async () => {
    const signer = await open(PEM);
    const bytes = Buffer.from('what is signed');
    const sig = (await signer?.sign(bytes)) ?? Buffer.alloc(0);
    expect(sig).toEqual(await signer?.sign(bytes));
    expect(verify(null, bytes, publicKey, sig)).toBe(true);
    expect(signer?.keyId).toBe(keyIdOf(publicKey));
  });

  test.each([0o400, 0o600, 0o440, 0o640])('may have text around it, and mode %o', async (mode) => {
    const signer = await open(`Owner: security team\n\n${PEM}\n`, mode);
    expect(signer?.keyId).toBe(keyIdOf(publicKey));
  });

  test('without any, packs are not signed', async () => {
    expect(await openSigner({ folder, signature: undefined })).toBeUndefined();
  });

  test.each<[string, string, RegExp]>([
    ['nothing', '', /no PEM file/],
    ['a text', 'secret', /no PEM file/],
    [
      'a public key',
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      /holds a public key, not a private key/,
    ],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n', /holds a certificate/],
    [
      'a P-256 key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      /the key is ec, and must be Ed25519/,
    ],
    [
      'an RSA key of the older form',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .privateKey.export({ type: 'pkcs1', format: 'pem' })
        .toString(),
      /the key is rsa, and must be Ed25519/,
    ],
    [
      'an X25519 key',
      generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /the key is x25519/,
    ],
    [
      'an encrypted key',
      privateKey
        .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      /the key is encrypted/,
    ],
    ['half a key', PEM.slice(0, 60), /no private key that can be read/],
  ])('that holds %s is refused', async (_what, text, problem) => {
    await expect(open(text)).rejects.toMatchObject({
      code: 'SIGNING_KEY_UNUSABLE',
      exitCode: 2,
      place: join(folder, 'key.pem'),
      problem: expect.stringMatching(problem),
    });
  });

  test.each([
    [0o644, 'may use'],
    [0o604, 'may use'],
    [0o602, 'may change'],
    [0o620, 'may change'],
    [0o777, 'may change'],
  ])('of mode %o is refused: others %s it', async (mode, what) => {
    await expect(open(PEM, mode)).rejects.toMatchObject({
      code: 'SIGNING_KEY_UNUSABLE',
      problem: expect.stringContaining(`others than its owner ${what} the signing key`),
      remedy: expect.stringMatching(/^chmod 600 /),
    });
  });

  test('that is not there, or is a folder', async () => {
    const signature = { key_file: 'none.pem' };
    await expect(openSigner({ folder, signature })).rejects.toMatchObject({
      code: 'SIGNING_KEY_UNUSABLE',
      problem: expect.stringContaining('ENOENT'),
    });
    await mkdir(join(folder, 'keys'));
    await expect(openSigner({ folder, signature: { key_file: 'keys' } })).rejects.toMatchObject({
      problem: expect.stringContaining('no regular file'),
    });
  });
});

describe('a key of AWS KMS', () => {
  const key = kmsKey();
  const arn = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const keys = {
    [arn]: key,
    'alias/flowproof': key,
    'alias/ed25519': kmsKey('ECC_NIST_EDWARDS25519'),
    'alias/p384': kmsKey('ECC_NIST_P384'),
  };
  let server: HttpDouble | undefined;

  async function openKms(
    kms_key: string,
    region: string | undefined = 'eu-west-1',
    answering: Answering = kmsAccount(keys),
  ) {
    server = await startHttpDouble(answering);
    process.env.AWS_ENDPOINT_URL_KMS = server.endpoint;
    process.env.AWS_ACCESS_KEY_ID = DOUBLE_CREDENTIALS.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = DOUBLE_CREDENTIALS.secretAccessKey;
    return openSigner({ folder, signature: { kms_key, ...(region ? { region } : {}) } });
  }

  afterEach(async () => {
    await server?.close();
    delete process.env.AWS_ENDPOINT_URL_KMS;
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  });

  test.each([
    [arn, undefined],
    ['alias/flowproof', 'eu-west-1'],
  ])('%s signs a digest with P-256', async (name, region) => {
    const signer = await openKms(name, region);
    const bytes = Buffer.alloc(100_000, 'long');
    const sig = (await signer?.sign(bytes)) ?? Buffer.alloc(0);
    expect(verify('sha256', bytes, key.publicKey, sig)).toBe(true);
    expect(verify('sha256', Buffer.from('other'), key.publicKey, sig)).toBe(false);
    expect(signer?.keyId).toBe(keyIdOf(key.publicKey));
    const scopes = server?.requests.map(({ headers }) => headers.authorization ?? '') ?? [];
    expect(scopes).toHaveLength(2);
    for (const scope of scopes) expect(scope).toContain('/eu-west-1/kms/aws4_request');
    // What is signed stays here: KMS gets its hash.
    expect(server?.requests.map(({ body }) => body).join()).not.toContain('bG9uZ');
  });

  test.each(['alias/ed25519', 'alias/p384'])('%s is of another kind', async (name) => {
    await expect(openKms(name)).rejects.toMatchObject({
      code: 'SIGNING_KEY_UNUSABLE',
      place: name,
      problem: expect.stringMatching(/^the KMS key is ECC_NIST_(EDWARDS25519|P384) for SIGN_/),
      remedy: expect.stringContaining('ECC_NIST_P256'),
    });
  });

  test('one that does not exist names the permissions', async () => {
    await expect(openKms('alias/none')).rejects.toMatchObject({
      code: 'SIGNING_KEY_UNUSABLE',
      problem: expect.stringContaining('GetPublicKey failed with NotFoundException'),
      remedy: expect.stringContaining('kms:GetPublicKey and kms:Sign'),
    });
  });

  test('a fault that passes is tried again; no permission to sign is said', async () => {
    const busy = { status: 500, body: '{"__type":"KMSInternalException"}' };
    const signing = failingFirst([busy], (request) =>
      request.headers['x-amz-target'] === 'TrentService.Sign'
        ? kmsFault('AccessDeniedException', 'not authorized to perform: kms:Sign')
        : kmsAccount(keys)(request),
    );
    const signer = await openKms('alias/flowproof', 'eu-west-1', signing);
    await expect(signer?.sign(Buffer.from('x'))).rejects.toMatchObject({
      code: 'SIGNING_FAILED',
      exitCode: 1,
      problem: expect.stringContaining('Sign failed with AccessDeniedException'),
    });
  });
});

test('a signer whose signatures are not good is not believed', async () => {
  const liar = { ...knownSigner, sign: async () => Buffer.alloc(64) };
  await expect(smallPack(liar)).rejects.toMatchObject({ code: 'SIGNING_FAILED' });
});
