/** What is made of a pack's files once all others are there: the short hashes, and the signature. */
import { FlowproofError } from '../errors.ts';
import {
  ENVELOPE_NAME,
  envelopeText,
  isSignedBy,
  PAYLOAD_TYPE,
  parseEnvelope,
  preAuthEncoding,
  type Signer,
} from './dsse.ts';
import { MANIFEST_NAME, manifestSchema, type PackFiles } from './manifest.ts';
import { cutOf, type FileRows, rowsOf, rowsText } from './row-hashes.ts';
import { statementText } from './statement.ts';

/** The text of `rows.sha256` for files that are there whole. */
export function rowHashesOf(files: PackFiles): string {
  const rows = new Map<string, FileRows>();
  for (const [name, bytes] of files) {
    const cut = cutOf(name);
    if (cut && name !== ENVELOPE_NAME) rows.set(name, rowsOf(cut, bytes));
  }
  return rowsText(rows);
}

/**
 * The envelope that signs the files. Two signatures with a P-256 key differ, so `kept`, the text of an
 * envelope that is there already, is given back where it is a good signature of the same statement.
 */
export async function sealedEnvelope(
  files: PackFiles,
  signer: Signer,
  kept: string | undefined,
): Promise<string> {
  const manifest = manifestSchema.parse(
    JSON.parse(Buffer.from(files.get(MANIFEST_NAME) ?? '').toString('utf8')),
  );
  const payload = Buffer.from(statementText(manifest, files));
  if (kept !== undefined && isGood(kept, payload, signer)) return kept;
  const sig = await signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload));
  const envelope = { payload, signatures: [{ keyid: signer.keyId, sig }] };
  if (!isSignedBy(envelope, signer.publicKey)) {
    throw new FlowproofError('SIGNING_FAILED', {
      place: signer.keyId,
      problem: 'the signature that was made is not good by the public key of the same key',
      remedy: 'Run again; if it stays so, what holds the key does not sign as AWS KMS does.',
    });
  }
  return envelopeText(envelope);
}

function isGood(text: string, payload: Buffer, signer: Signer): boolean {
  try {
    const envelope = parseEnvelope(text);
    const isOnly = envelope.signatures.length === 1;
    return isOnly && envelope.payload.equals(payload) && isSignedBy(envelope, signer.publicKey);
  } catch {
    // What is no envelope is replaced, like any file of a pack that was changed.
    return false;
  }
}
