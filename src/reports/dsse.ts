/**
 * DSSE envelopes ("DSSE Protocol" and "DSSE Envelope", github.com/secure-systems-lab/dsse): a payload,
 * its type, and signatures over both. Only the public key is needed to check one.
 */
import { createHash, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';

export const ENVELOPE_NAME = 'manifest.dsse.json';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const base64 = z.base64().min(1);

const envelopeSchema = z.strictObject({
  payload: base64,
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: base64 })).min(1),
});

export type Envelope = {
  payload: Buffer;
  signatures: readonly { keyid: string; sig: Buffer }[];
};

/** Whoever signs: a key, and what it makes of bytes. */
export type Signer = {
  publicKey: KeyObject;
  keyId: string;
  sign(bytes: Uint8Array): Promise<Buffer>;
};

/** What is signed: type and payload, each with its length in bytes before it ("PAE" in the protocol). */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** The envelope as a file. */
export function envelopeText({ payload, signatures }: Envelope): string {
  const envelope: z.infer<typeof envelopeSchema> = {
    payload: payload.toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.toString('base64') })),
  };
  return `${JSON.stringify(envelope, null, 2)}\n`;
}

/** Reads what `envelopeText` wrote. Throws an Error for anything else: an envelope has one form. */
export function parseEnvelope(text: string): Envelope {
  const { payload, signatures } = envelopeSchema.parse(JSON.parse(text));
  const envelope = {
    payload: Buffer.from(payload, 'base64'),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: Buffer.from(sig, 'base64') })),
  };
  if (envelopeText(envelope) !== text) throw new Error('it is not written as flowproof writes it');
  return envelope;
}

/** SHA-256 of the public key as SubjectPublicKeyInfo in DER: `openssl pkey -pubin -outform DER`. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** True for the keys that flowproof signs with: Ed25519, and P-256 as AWS KMS has it. */
export function isSigningKey(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'ed25519') return true;
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

/** True if a signature of the envelope is the key's. */
export function isSignedBy(envelope: Envelope, publicKey: KeyObject): boolean {
  const signed = preAuthEncoding(PAYLOAD_TYPE, envelope.payload);
  const algorithm = publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const keyId = keyIdOf(publicKey);
  return envelope.signatures.some(
    ({ keyid, sig }) => keyid === keyId && verify(algorithm, signed, publicKey, sig),
  );
}
