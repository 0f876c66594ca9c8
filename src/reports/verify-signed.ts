/** What was signed against what the pack is. */
import type { PackProblem } from './checksums.ts';
import { ENVELOPE_NAME } from './dsse.ts';
import type { Evidence } from './evidence.ts';
import { MANIFEST_NAME } from './manifest.ts';

/** What the statement says of the pack against what the pack is. */
export function signedProblems(evidence: Evidence): PackProblem[] {
  const { manifest, isManifestSound, scan, signature } = evidence;
  const { statement, signed, state } = signature;
  const problems: PackProblem[] = [];
  const add = (problem: string): number => problems.push({ file: ENVELOPE_NAME, problem });
  if (isManifestSound && manifest) {
    const { signature: named } = manifest;
    if (named === null && scan.found.has(ENVELOPE_NAME)) add(`${MANIFEST_NAME} does not name it`);
    if (named && 'keyId' in state && !state.keyId.split(', ').includes(named.keyid)) {
      add(`was signed with the key ${state.keyId}; ${MANIFEST_NAME} names ${named.keyid}`);
    }
  }
  if (!statement || !signed || !manifest || !isManifestSound) return problems;
  if (state.kind !== 'good') {
    for (const { name, sha256 } of manifest.files) {
      if (signed.get(name) !== sha256) add(`was made for another ${name}, or for none`);
    }
    const file = scan.found.get(MANIFEST_NAME);
    if (file?.sha256 !== signed.get(MANIFEST_NAME)) add(`was made for another ${MANIFEST_NAME}`);
  }
  const { predicate } = statement;
  const isSame =
    predicate.manifest_sha256 === signed.get(MANIFEST_NAME) &&
    predicate.pack === manifest.pack.name &&
    JSON.stringify(predicate.period) === JSON.stringify(manifest.period) &&
    JSON.stringify(predicate.previous) === JSON.stringify(manifest.previous);
  if (!isSame)
    add(`was made for another pack, period or previous pack than ${MANIFEST_NAME} names`);
  return problems;
}
