/** The signature of a pack: whether it is that of a key that was given, and what it says. */
import type { KeyObject } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { PackProblem } from './checksums.ts';
import { ENVELOPE_NAME, type Envelope, isSignedBy, keyIdOf, parseEnvelope } from './dsse.ts';
import { parseStatement, type Statement } from './statement.ts';

export type VerifyOptions = {
  /** Keys that may have signed the pack; without one the signature itself is not checked. */
  publicKeys?: readonly KeyObject[];
  /** True if a pack without a signature is not wrong although there are keys. */
  isUnsignedAllowed?: boolean;
};

/** `unchecked`: there is a signature and no key. `keyId` is of the key that signed, or says it did. */
export type SignatureState =
  | { kind: 'none' | 'bad' }
  | { kind: 'good' | 'unchecked'; keyId: string };

export type SignatureCheck = {
  state: SignatureState;
  statement: Statement | undefined;
  /** What the statement says of each file, by name, whether its signature was checked or not. */
  signed: ReadonlyMap<string, string> | undefined;
  problems: readonly PackProblem[];
};

/** Checks the text of an envelope; undefined if the pack has none. */
export function checkSignature(text: string | undefined, options: VerifyOptions): SignatureCheck {
  const { publicKeys = [], isUnsignedAllowed = false } = options;
  const fail = (problem: string): SignatureCheck => ({
    state: { kind: text === undefined ? 'none' : 'bad' },
    statement: undefined,
    signed: undefined,
    problems: [{ file: ENVELOPE_NAME, problem }],
  });
  if (text === undefined) {
    if (publicKeys.length > 0 && !isUnsignedAllowed)
      return fail('is missing: the pack is not signed');
    return { state: { kind: 'none' }, statement: undefined, signed: undefined, problems: [] };
  }
  let envelope: Envelope;
  let statement: Statement;
  try {
    envelope = parseEnvelope(text);
    statement = parseStatement(envelope.payload);
  } catch (thrown) {
    return fail(`is no signature of a pack: ${messageOf(thrown).slice(0, 300)}`);
  }
  const keyIds = envelope.signatures.map(({ keyid }) => keyid);
  const signed = new Map(statement.subject.map(({ name, digest }) => [name, digest.sha256]));
  const key = publicKeys.find((one) => isSignedBy(envelope, one));
  if (key) {
    return { state: { kind: 'good', keyId: keyIdOf(key) }, statement, signed, problems: [] };
  }
  if (publicKeys.length === 0) {
    return {
      state: { kind: 'unchecked', keyId: keyIds.join(', ') },
      statement,
      signed,
      problems: [],
    };
  }
  const known = publicKeys.map(keyIdOf);
  return fail(
    keyIds.some((id) => known.includes(id))
      ? 'its signature is not good: it was changed, or made with another key'
      : `was signed with the key ${keyIds.join(', ')}, and not with ${known.join(' or ')}`,
  );
}
