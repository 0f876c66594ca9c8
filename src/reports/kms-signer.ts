/**
 * Signing with a key of AWS KMS ("Sign" and "GetPublicKey", AWS KMS API Reference): P-256 with
 * SHA-256 (ECC_NIST_P256, ECDSA_SHA_256).
 *
 * KMS has Ed25519 keys too, but signs with them only a message that it is given whole, of 4096 bytes
 * at most (ED25519_SHA_512, MessageType RAW); the statement of a pack is longer.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { FlowproofError, messageOf } from '../errors.ts';
import { isSigningKey, keyIdOf, type Signer } from './dsse.ts';

export type KmsOptions = {
  /** Key id, key ARN, alias/name or alias ARN. */
  key: string;
  /** Of the key; an ARN says its own. */
  region: string | undefined;
  client?: KMSClient;
};

const ALGORITHM = 'ECDSA_SHA_256';
const KEY_SPEC = 'ECC_NIST_P256';

/** Asks KMS for the public key. Throws SIGNING_KEY_UNUSABLE, signing SIGNING_FAILED. */
export async function kmsSigner({ key, region, client: given }: KmsOptions): Promise<Signer> {
  const arnRegion = /^arn:[a-z-]+:kms:([a-z0-9-]+):/.exec(key)?.[1];
  const ownRegion = arnRegion ?? region;
  const client =
    given ??
    new KMSClient({
      ...(ownRegion === undefined ? {} : { region: ownRegion }),
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    });
  const answer = await client
    .send(new GetPublicKeyCommand({ KeyId: key }))
    .catch((thrown) => failCall('SIGNING_KEY_UNUSABLE', thrown, key, 'GetPublicKey'));
  const publicKey = createPublicKey({
    key: Buffer.from(answer.PublicKey ?? []),
    format: 'der',
    type: 'spki',
  });
  // The key itself is asked: what speaks KMS does not always name its kind.
  const isP256 = isSigningKey(publicKey) && publicKey.asymmetricKeyType === 'ec';
  if (answer.KeyUsage !== 'SIGN_VERIFY' || !isP256) {
    const kind = answer.KeySpec ?? publicKey.asymmetricKeyType;
    throw new FlowproofError('SIGNING_KEY_UNUSABLE', {
      place: key,
      problem: `the KMS key is ${kind} for ${answer.KeyUsage ?? 'an unknown use'}`,
      remedy:
        `Use a key of ${KEY_SPEC} for SIGN_VERIFY: ` +
        `aws kms create-key --key-spec ${KEY_SPEC} --key-usage SIGN_VERIFY`,
    });
  }
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    async sign(bytes) {
      const command = new SignCommand({
        KeyId: key,
        Message: createHash('sha256').update(bytes).digest(),
        MessageType: 'DIGEST',
        SigningAlgorithm: ALGORITHM,
      });
      const { Signature } = await client
        .send(command)
        .catch((thrown) => failCall('SIGNING_FAILED', thrown, key, 'Sign'));
      if (!Signature) throw new Error('KMS gave no signature');
      return Buffer.from(Signature);
    },
  };
}

function failCall(
  code: 'SIGNING_KEY_UNUSABLE' | 'SIGNING_FAILED',
  thrown: unknown,
  key: string,
  operation: string,
): never {
  const name = thrown instanceof Error ? thrown.name : 'Error';
  throw new FlowproofError(code, {
    place: key,
    problem: `${operation} failed with ${name}: ${messageOf(thrown)}`,
    remedy:
      'The identity that runs flowproof needs kms:GetPublicKey and kms:Sign on the key; ' +
      'with a key id or an alias, signature.region must be its Region.',
    cause: thrown,
  });
}
