/**
 * Checking a pack: its files against the signature, the manifest and `SHA256SUMS`, and these against
 * each other (`evidence.ts` says who is believed). What this does can be done without flowproof:
 * `sha256sum -c SHA256SUMS`, the commands of the README for the signature, and reading the manifest.
 */
import type { PackProblem } from './checksums.ts';
import { ENVELOPE_NAME } from './dsse.ts';
import { collectEvidence, type Evidence, freshRows, type Word, wordOn } from './evidence.ts';
import { differingPlaces, sameRows } from './locate.ts';
import { CHECKSUMS_NAME, MANIFEST_NAME, type Manifest, ROWS_NAME } from './manifest.ts';
import { folderReader, type PackReader } from './pack-reader.ts';
import { cutOf } from './row-hashes.ts';
import { type FoundFile, hasRows } from './scan.ts';
import type { SignatureState, VerifyOptions } from './signature-check.ts';
import { signedProblems } from './verify-signed.ts';

export type VerifyResult = {
  ok: boolean;
  /** Files whose hashes were compared. */
  checked: number;
  problems: PackProblem[];
  signature: SignatureState;
};

/**
 * Checks the pack in a folder. What is wrong with its content is in `problems`, a file that cannot be
 * read among it. Throws VERIFY_UNREADABLE if the folder is no pack: it has no readable `SHA256SUMS`.
 */
export async function verifyPack(
  pack: string | PackReader,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const reader = typeof pack === 'string' ? folderReader(pack) : pack;
  const evidence = await collectEvidence(reader, options);
  const problems = [
    ...evidence.checksums.problems,
    ...evidence.scan.unread,
    ...fileProblems(evidence),
    ...rowsProblems(evidence),
    ...(evidence.isManifestSound ? manifestProblems(evidence) : []),
    ...evidence.signature.problems,
    ...signedProblems(evidence),
  ];
  return {
    ok: problems.length === 0,
    checked: evidence.scan.found.size,
    problems,
    signature: evidence.signature.state,
  };
}

/** Every file against the best word on it, and `SHA256SUMS` against the files that are right. */
function fileProblems(evidence: Evidence): PackProblem[] {
  const { checksums, scan, manifest, isManifestSound, signature } = evidence;
  const unread = new Set(scan.unread.map(({ file }) => file));
  const names = new Set([
    ...scan.found.keys(),
    ...checksums.sums.keys(),
    ...(isManifestSound ? ownNames(manifest) : []),
    ...(signature.state.kind === 'good' ? (signature.signed?.keys() ?? []) : []),
    MANIFEST_NAME,
  ]);
  const problems: PackProblem[] = [];
  for (const name of [...names].filter((one) => !unread.has(one)).sort()) {
    const file = scan.found.get(name);
    const word = wordOn(name, evidence);
    const listed = checksums.sums.get(name);
    if (!file) problems.push(...missingProblems(name, word, listed?.line));
    else if (isKnownAnyhow(name, file, evidence)) {
      problems.push(...listingProblems(name, file, listed));
    } else if (!word) problems.push(...addedProblems(name, evidence));
    else if (word.sha256 !== file.sha256) {
      problems.push({ file: name, problem: differenceText(name, file, word, evidence) });
    } else problems.push(...listingProblems(name, file, listed));
  }
  if (evidence.manifestFault !== undefined) {
    problems.push({ file: MANIFEST_NAME, problem: evidence.manifestFault });
  }
  return problems;
}

/** All that a manifest says a pack consists of, but for the checksums and itself. */
function ownNames(manifest: Manifest | undefined): string[] {
  if (!manifest) return [];
  return [
    ...manifest.files.map(({ name }) => name),
    ...(manifest.row_hashes === null ? [] : [manifest.row_hashes]),
    ...(manifest.signature === null ? [] : [manifest.signature.file]),
  ];
}

/** True for files that prove themselves, whatever `SHA256SUMS` says of them. */
function isKnownAnyhow(name: string, file: FoundFile, evidence: Evidence): boolean {
  const { signature, scan } = evidence;
  const isSigned = signature.state.kind === 'good';
  if (name === ENVELOPE_NAME) return isSigned;
  if (isSigned) return false;
  if (name === MANIFEST_NAME) return evidence.isManifestSound;
  return name === ROWS_NAME && file !== undefined && scan.texts.get(name) === freshRows(scan);
}

function missingProblems(
  name: string,
  word: Word | undefined,
  line: number | undefined,
): PackProblem[] {
  if (line !== undefined && word === undefined) {
    const problem = `line ${line}: ${JSON.stringify(name)} is no file of this pack`;
    return [{ file: CHECKSUMS_NAME, problem }];
  }
  const witness = word?.by ?? (name === MANIFEST_NAME ? undefined : MANIFEST_NAME);
  const by = line === undefined && witness !== undefined ? `; ${witness} lists it` : '';
  return [{ file: name, problem: `is missing${by}` }];
}

function addedProblems(name: string, evidence: Evidence): PackProblem[] {
  const { checksums, isManifestSound, manifest, signature } = evidence;
  const problems: PackProblem[] = [];
  const add = (problem: string): number => problems.push({ file: name, problem });
  if (!checksums.sums.has(name)) add(`is not in ${CHECKSUMS_NAME}`);
  if (isManifestSound && !ownNames(manifest).includes(name))
    add(`${MANIFEST_NAME} does not list it`);
  else if (signature.state.kind === 'good') add('is not signed');
  return problems;
}

/** A file that is right, and what `SHA256SUMS` says of it. */
function listingProblems(
  name: string,
  file: FoundFile,
  listed: { sha256: string; line: number } | undefined,
): PackProblem[] {
  if (!listed) return [{ file: CHECKSUMS_NAME, problem: `does not list ${name}` }];
  if (listed.sha256 === file.sha256) return [];
  const problem = `line ${listed.line}: ${name} has the SHA-256 ${file.sha256}, the line says ${listed.sha256}`;
  return [{ file: CHECKSUMS_NAME, problem }];
}

function differenceText(name: string, file: FoundFile, word: Word, evidence: Evidence): string {
  const hashes = `differs: SHA-256 is ${file.sha256}, ${word.by} says ${word.sha256}`;
  const cut = hasRows(name) ? cutOf(name) : undefined;
  const said = evidence.rows?.get(name);
  const places = cut && said && file.rows && differingPlaces(cut, said, file.rows);
  const other = [...evidence.scan.found.keys()].find(
    (one) => one !== name && wordOn(one, evidence)?.sha256 === file.sha256,
  );
  const swapped = other === undefined ? '' : `; it holds what ${other} should`;
  return `${hashes}${places ? `; ${places}` : ''}${swapped}`;
}

/** `rows.sha256` against files that are right: only who changed it can make them disagree. */
function rowsProblems(evidence: Evidence): PackProblem[] {
  const { scan, rows, isManifestSound, manifest } = evidence;
  if (!rows) {
    const file = scan.found.get(ROWS_NAME);
    const isUnread = file && file.sha256 === wordOn(ROWS_NAME, evidence)?.sha256;
    return isUnread ? [{ file: ROWS_NAME, problem: 'is not as flowproof writes it' }] : [];
  }
  const problems: PackProblem[] = [];
  const names = new Set([...rows.keys(), ...[...scan.found.keys()].filter(hasRows)]);
  for (const name of [...names].sort()) {
    const file = scan.found.get(name);
    const said = rows.get(name);
    if (name === MANIFEST_NAME) {
      const isDoubted = !isManifestSound && manifest && evidence.signature.state.kind !== 'good';
      if (!isDoubted || file?.sha256 !== evidence.checksums.sums.get(name)?.sha256) continue;
      const places = said && file?.rows && differingPlaces('lines', said, file.rows);
      const problem = `differs from what ${ROWS_NAME} says of it, although ${CHECKSUMS_NAME} agrees`;
      problems.push({ file: name, problem: places ? `${problem}; ${places}` : problem });
      continue;
    }
    if (!file?.rows || wordOn(name, evidence)?.sha256 !== file.sha256) continue;
    if (!said || !sameRows(said, file.rows)) {
      problems.push({ file: ROWS_NAME, problem: `does not fit ${name}, which is unchanged` });
    }
  }
  return problems;
}

/** What a manifest that can be believed says of files that are as it says. */
function manifestProblems({ manifest, scan }: Evidence): PackProblem[] {
  if (!manifest) return [];
  const problems: PackProblem[] = [];
  const add = (problem: string): number => problems.push({ file: MANIFEST_NAME, problem });
  for (const { name, sha256, size_bytes } of manifest.files) {
    const file = scan.found.get(name);
    if (file?.sha256 === sha256 && file.sizeBytes !== size_bytes) {
      add(`says that ${name} has ${size_bytes} bytes; it has ${file.sizeBytes}`);
    }
  }
  const hashOf = new Map(manifest.files.map(({ name, sha256 }) => [name, sha256]));
  for (const report of manifest.reports) {
    if (hashOf.get(report.csv) !== report.csv_sha256) {
      add(`names two hashes, or none, of ${report.csv}, the CSV of report ${report.name}`);
    }
    if (hashOf.get(report.query) !== report.query_sha256) {
      add(`names two hashes, or none, of ${report.query}, the query of report ${report.name}`);
    }
    const csv = scan.found.get(report.csv);
    const rowCount = (csv?.rows?.rows.length ?? 1) - 1;
    if (csv && csv.sha256 === report.csv_sha256 && rowCount !== report.row_count) {
      add(`says that ${report.csv} has ${report.row_count} rows; it has ${rowCount}`);
    }
  }
  return problems;
}
