/**
 * What is known of a pack, and whom to believe. Three witnesses say what a file should be. If they
 * disagree, the best of them is believed, and the other is what was changed: a good signature first,
 * then the manifest if it is as its own witnesses say, then `SHA256SUMS`.
 */
import { messageOf } from '../errors.ts';
import { type Checksums, readChecksums } from './checksums.ts';
import { ENVELOPE_NAME } from './dsse.ts';
import { sameRows } from './locate.ts';
import {
  CHECKSUMS_NAME,
  MANIFEST_NAME,
  type Manifest,
  manifestSchema,
  ROWS_NAME,
} from './manifest.ts';
import type { PackReader } from './pack-reader.ts';
import { type FileRows, parseRows, rowsText } from './row-hashes.ts';
import { type Scan, scanPack } from './scan.ts';
import { checkSignature, type SignatureCheck, type VerifyOptions } from './signature-check.ts';

/** All that is known of a pack before anybody is believed. */
export type Evidence = {
  checksums: Checksums;
  scan: Scan;
  signature: SignatureCheck;
  manifest: Manifest | undefined;
  manifestFault: string | undefined;
  /** Hashes of the manifest's files. */
  listed: ReadonlyMap<string, string>;
  /** True if the manifest can be believed. */
  isManifestSound: boolean;
  /** What `rows.sha256` says, if it can be believed. */
  rows: ReadonlyMap<string, FileRows> | undefined;
};

/** Reads the pack. Throws VERIFY_UNREADABLE if it has no readable `SHA256SUMS`. */
export async function collectEvidence(
  reader: PackReader,
  options: VerifyOptions,
): Promise<Evidence> {
  const checksums = await readChecksums(reader);
  const scan = await scanPack(reader);
  const signature = checkSignature(scan.texts.get(ENVELOPE_NAME), options);
  const rows = believedRows(checksums, scan, signature);
  let manifest: Manifest | undefined;
  let manifestFault: string | undefined;
  const text = scan.texts.get(MANIFEST_NAME);
  try {
    if (text !== undefined) manifest = manifestSchema.parse(JSON.parse(text));
  } catch (thrown) {
    manifestFault = `is no manifest: ${messageOf(thrown).slice(0, 300)}`;
  }
  return {
    checksums,
    scan,
    signature,
    manifest,
    manifestFault,
    listed: new Map(manifest?.files.map(({ name, sha256 }) => [name, sha256])),
    isManifestSound: manifest !== undefined && isManifestKnown(checksums, scan, signature, rows),
    rows,
  };
}

/** The text that `rows.sha256` would have, were it made of the files as they are. */
export function freshRows({ found }: Scan): string {
  const rows = new Map<string, FileRows>();
  for (const [name, file] of found) if (file.rows) rows.set(name, file.rows);
  return rowsText(rows);
}

function believedRows(
  checksums: Checksums,
  scan: Scan,
  signature: SignatureCheck,
): ReadonlyMap<string, FileRows> | undefined {
  const file = scan.found.get(ROWS_NAME);
  const text = scan.texts.get(ROWS_NAME);
  if (!file || text === undefined) return undefined;
  const isBelieved =
    signature.state.kind === 'good'
      ? file.sha256 === signature.signed?.get(ROWS_NAME)
      : file.sha256 === checksums.sums.get(ROWS_NAME)?.sha256 || text === freshRows(scan);
  return isBelieved ? parseRows(text) : undefined;
}

function isManifestKnown(
  checksums: Checksums,
  { found }: Scan,
  signature: SignatureCheck,
  rows: ReadonlyMap<string, FileRows> | undefined,
): boolean {
  const file = found.get(MANIFEST_NAME);
  if (!file) return false;
  if (signature.state.kind === 'good') return file.sha256 === signature.signed?.get(MANIFEST_NAME);
  const said = rows?.get(MANIFEST_NAME);
  if (said && file.rows) return sameRows(said, file.rows);
  return file.sha256 === checksums.sums.get(MANIFEST_NAME)?.sha256;
}

/** Who says what a file should be, and the hash they say. */
export type Word = { by: string; sha256: string };

export function wordOn(name: string, evidence: Evidence): Word | undefined {
  const { signature, listed: files, isManifestSound, checksums } = evidence;
  const listed = checksums.sums.get(name);
  const bySums = listed && { by: `${CHECKSUMS_NAME} line ${listed.line}`, sha256: listed.sha256 };
  if (signature.state.kind === 'good' && name !== ENVELOPE_NAME) {
    const sha256 = signature.signed?.get(name);
    return sha256 === undefined ? undefined : { by: 'its signature', sha256 };
  }
  if (name === MANIFEST_NAME || name === ROWS_NAME || name === ENVELOPE_NAME) return bySums;
  if (!isManifestSound) return bySums;
  const sha256 = files.get(name);
  return sha256 === undefined ? undefined : { by: MANIFEST_NAME, sha256 };
}
