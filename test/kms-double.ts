/** AWS KMS for tests: GetPublicKey and Sign with a key that is made here. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Answering } from './http-double.ts';

const JSON_1_1 = { 'content-type': 'application/x-amz-json-1.1' };

export type KmsKey = { privateKey: KeyObject; publicKey: KeyObject; keySpec: string };

export function kmsKey(
  keySpec: 'ECC_NIST_P256' | 'ECC_NIST_P384' | 'ECC_NIST_EDWARDS25519' = 'ECC_NIST_P256',
): KmsKey {
  const pair =
    keySpec === 'ECC_NIST_EDWARDS25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', {
          namedCurve: keySpec === 'ECC_NIST_P256' ? 'P-256' : 'P-384',
        });
  return { ...pair, keySpec };
}

/** Keys by what they are asked for by: id, ARN or alias. */
export function kmsAccount(keys: Readonly<Record<string, KmsKey>>): Answering {
  return ({ headers, body }) => {
    const input = JSON.parse(body) as Record<string, string>;
    const key = keys[input.KeyId ?? ''];
    if (!key) return kmsFault('NotFoundException', `Key '${input.KeyId}' does not exist`);
    const target = headers['x-amz-target'];
    if (target === 'TrentService.GetPublicKey') {
      return answer({
        KeyId: input.KeyId,
        KeySpec: key.keySpec,
        KeyUsage: 'SIGN_VERIFY',
        PublicKey: key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      });
    }
    if (target !== 'TrentService.Sign') throw new Error(`no answer to ${target}`);
    const digest = Buffer.from(input.Message ?? '', 'base64');
    if (input.MessageType !== 'DIGEST' || digest.length !== 32) {
      return kmsFault('ValidationException', 'the message is no digest of SHA-256');
    }
    if (input.SigningAlgorithm !== 'ECDSA_SHA_256') {
      return kmsFault('InvalidKeyUsageException', 'the key is for ECDSA_SHA_256');
    }
    return answer({ Signature: signDigest(key.privateKey, digest).toString('base64') });
  };
}

/**
 * Node signs what it hashes itself; KMS is given the hash. Both sides of the equation are known here,
 * so the double computes the signature of the digest: s = (digest + r d) / k.
 */
function signDigest(privateKey: KeyObject, digest: Buffer): Buffer {
  const { d = '' } = privateKey.export({ format: 'jwk' });
  const secret = toNumber(Buffer.from(d, 'base64url'));
  for (;;) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const nonce = pair.privateKey.export({ format: 'jwk' });
    const k = toNumber(Buffer.from(nonce.d ?? '', 'base64url'));
    const r = toNumber(Buffer.from(nonce.x ?? '', 'base64url')) % ORDER;
    const s = (inverse(k) * ((toNumber(digest) + r * secret) % ORDER)) % ORDER;
    if (r !== 0n && s !== 0n) return sequence(r, s);
  }
}

/** Order of the base point of P-256 (FIPS 186). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function inverse(number: bigint): bigint {
  let [base, power, result] = [number % ORDER, ORDER - 2n, 1n];
  for (; power > 0n; power >>= 1n) {
    if (power & 1n) result = (result * base) % ORDER;
    base = (base * base) % ORDER;
  }
  return result;
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** Two numbers as DER: the form in which KMS gives a signature. */
function sequence(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function integer(number: bigint): Buffer {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const body = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, body.length]), body]);
}

function answer(output: unknown) {
  return { status: 200, headers: JSON_1_1, body: JSON.stringify(output) };
}

export function kmsFault(type: string, message: string) {
  return { status: 400, headers: JSON_1_1, body: JSON.stringify({ __type: type, message }) };
}
