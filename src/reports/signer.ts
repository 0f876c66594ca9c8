/**
 * Who signs a pack: the key that the configuration names, an Ed25519 key in a file or a P-256 key of
 * AWS KMS, which never leaves it.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { keyIdOf, type Signer } from './dsse.ts';

/**
 * Opens the key of the configuration; undefined where it names none. Throws SIGNING_KEY_UNUSABLE for a
 * key that cannot be read or is of another kind, before any work is done that it should sign.
 */
export async function openSigner(
  config: Pick<Config, 'signature' | 'folder'>,
): Promise<Signer | undefined> {
  const { signature } = config;
  if (signature?.key_file !== undefined) {
    return fileSigner(resolve(config.folder, signature.key_file));
  }
  if (signature?.kms_key === undefined) return undefined;
  const { kmsSigner } = await import('./kms-signer.ts');
  return kmsSigner({ key: signature.kms_key, region: signature.region });
}

const HOW_TO_MAKE =
  'Make a key with: openssl genpkey -algorithm ed25519 -out flowproof-key.pem, and chmod 600 it.';

async function fileSigner(path: string): Promise<Signer> {
  const fail = (problem: string, remedy = HOW_TO_MAKE, cause?: unknown): never => {
    throw new FlowproofError('SIGNING_KEY_UNUSABLE', { place: path, problem, remedy, cause });
  };
  const pem = await readKeyFile(path).catch((thrown) =>
    thrown instanceof FlowproofError
      ? Promise.reject(thrown)
      : fail(
          `the signing key cannot be read (${messageOf(thrown)})`,
          `Correct signature.key_file in the configuration. ${HOW_TO_MAKE}`,
          thrown,
        ),
  );
  const kind = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
  if (kind === undefined) fail('it is no PEM file: no line "-----BEGIN PRIVATE KEY-----"');
  if (!kind?.endsWith('PRIVATE KEY')) fail(`it holds a ${kind?.toLowerCase()}, not a private key`);
  if (kind === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    fail(
      'the key is encrypted, and nobody is there to give its passphrase',
      'Take the passphrase off (openssl pkey -in KEY -out flowproof-key.pem) and chmod 600 it, or use kms_key.',
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (thrown) {
    return fail(
      `it is no private key that can be read (${messageOf(thrown)})`,
      HOW_TO_MAKE,
      thrown,
    );
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    fail(`the key is ${key.asymmetricKeyType ?? 'of an unknown kind'}, and must be Ed25519`);
  }
  const publicKey = createPublicKey(key);
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: async (bytes) => sign(null, bytes, key),
  };
}

/** Whoever can read the key can sign as its owner; whoever can write it decides who signs. */
async function readKeyFile(path: string): Promise<string> {
  const state = await stat(path);
  if (!state.isFile()) throw new Error('it is no regular file');
  const mode = state.mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o027) !== 0) {
    throw new FlowproofError('SIGNING_KEY_UNUSABLE', {
      place: path,
      problem: `its mode is ${mode.toString(8).padStart(3, '0')}: others than its owner ${(mode & 0o022) === 0 ? 'may use' : 'may change'} the signing key`,
      remedy: `chmod 600 ${path}, and make a new key if others could read it.`,
    });
  }
  return readFile(path, 'utf8');
}
