/**
 * Checking a pack: every file against `SHA256SUMS`, and the manifest against the files. What this does
 * can be done without flowproof: `sha256sum -c SHA256SUMS`, and reading the manifest.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowproofError, messageOf } from '../errors.ts';
import { createRecordCounter } from './csv.ts';
import { CHECKSUMS_NAME, MANIFEST_NAME, type Manifest, manifestSchema } from './manifest.ts';

export type PackProblem = { file: string; problem: string };

export type VerifyResult = {
  ok: boolean;
  /** Files whose hashes were compared. */
  checked: number;
  problems: PackProblem[];
};

type FoundFile = { sha256: string; sizeBytes: number; recordCount: number };

/**
 * A link may show its reader a file that is not in the pack, and a pipe blocks whoever opens it:
 * neither is followed or opened.
 */
const NO_FILE = { problem: 'is no regular file; a pack holds no links, pipes or devices' };

/**
 * Checks the pack in a folder. What is wrong with its content is in `problems`, a file that cannot be
 * read among it. Throws VERIFY_UNREADABLE if the folder is no pack: it has no readable `SHA256SUMS`.
 */
export async function verifyPack(folder: string): Promise<VerifyResult> {
  const checksums = await readChecksums(folder);
  const problems: PackProblem[] = [...checksums.problems];
  const found = new Map<string, FoundFile>();
  const unread = new Set<string>();
  for (const entry of await entriesBelow(folder)) {
    const { name } = entry;
    if (name === CHECKSUMS_NAME) continue;
    if (!checksums.sums.has(name))
      problems.push({ file: name, problem: `is not in ${CHECKSUMS_NAME}` });
    const file = entry.isFile ? await readFound(join(folder, name)) : NO_FILE;
    if ('problem' in file) {
      unread.add(name);
      problems.push({ file: name, problem: file.problem });
    } else found.set(name, file);
  }
  for (const [name, expected] of checksums.sums) {
    const file = found.get(name);
    if (!file && !unread.has(name)) problems.push({ file: name, problem: 'is missing' });
    else if (file && file.sha256 !== expected) {
      problems.push({
        file: name,
        problem: `differs: SHA-256 is ${file.sha256}, ${CHECKSUMS_NAME} says ${expected}`,
      });
    }
  }
  problems.push(...(await checkManifest(folder, found)));
  return { ok: problems.length === 0, checked: found.size, problems };
}

async function readChecksums(
  folder: string,
): Promise<{ sums: Map<string, string>; problems: PackProblem[] }> {
  const path = join(folder, CHECKSUMS_NAME);
  let text: string;
  try {
    if (!(await lstat(path)).isFile()) throw new Error('it is no regular file');
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    throw new FlowproofError('VERIFY_UNREADABLE', {
      place: folder,
      problem: `no evidence pack: its ${CHECKSUMS_NAME} cannot be read (${messageOf(thrown)})`,
      remedy: 'Name the folder that holds report.pdf: flowproof verify evidence/PACK',
      cause: thrown,
    });
  }
  const sums = new Map<string, string>();
  const problems: PackProblem[] = [];
  const bad = (line: string, problem: string): void => {
    problems.push({
      file: CHECKSUMS_NAME,
      problem: `${problem}: ${JSON.stringify(line.slice(0, 200))}`,
    });
  };
  if (!text.endsWith('\n'))
    problems.push({ file: CHECKSUMS_NAME, problem: 'its last line is cut' });
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^([0-9a-f]{64}) {2}([^\n]+)$/.exec(line);
    if (!match?.[1] || !match[2]) bad(line, 'a line is no checksum');
    else if (match[2].startsWith('/') || match[2].split(/[\\/]/).includes('..')) {
      bad(line, 'a path leaves the pack');
    } else if (sums.has(match[2])) bad(line, 'a file stands twice');
    else sums.set(match[2], match[1]);
  }
  if (!sums.has(MANIFEST_NAME)) {
    problems.push({ file: CHECKSUMS_NAME, problem: `does not list ${MANIFEST_NAME}` });
  }
  return { sums, problems };
}

type PackEntry = { name: string; isFile: boolean };

/** Everything below a folder but its folders, by names with forward slashes, in order. */
async function entriesBelow(folder: string, prefix = ''): Promise<PackEntry[]> {
  const found: PackEntry[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await entriesBelow(folder, `${name}/`)));
    else found.push({ name, isFile: entry.isFile() });
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function readFound(path: string): Promise<FoundFile | { problem: string }> {
  const hash = createHash('sha256');
  const counter = createRecordCounter();
  const isCsv = path.endsWith('.csv');
  let sizeBytes = 0;
  try {
    for await (const part of createReadStream(path)) {
      const bytes = part as Buffer;
      hash.update(bytes);
      sizeBytes += bytes.length;
      if (isCsv) counter.push(bytes);
    }
  } catch (thrown) {
    return { problem: `cannot be read (${messageOf(thrown)})` };
  }
  return { sha256: hash.digest('hex'), sizeBytes, recordCount: counter.finish() };
}

async function checkManifest(
  folder: string,
  found: ReadonlyMap<string, FoundFile>,
): Promise<PackProblem[]> {
  if (!found.has(MANIFEST_NAME)) return [];
  let manifest: Manifest;
  try {
    const text = await readFile(join(folder, MANIFEST_NAME), 'utf8');
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch (thrown) {
    return [{ file: MANIFEST_NAME, problem: `is no manifest: ${messageOf(thrown).slice(0, 300)}` }];
  }
  const problems: PackProblem[] = [];
  const listed = new Set(manifest.files.map((file) => file.name));
  for (const { name, sha256, size_bytes } of manifest.files) {
    const file = found.get(name);
    if (!file) problems.push({ file: name, problem: `is missing; ${MANIFEST_NAME} lists it` });
    else if (file.sha256 !== sha256 || file.sizeBytes !== size_bytes) {
      problems.push({ file: name, problem: `is not the file that ${MANIFEST_NAME} describes` });
    }
  }
  for (const name of found.keys()) {
    if (name !== MANIFEST_NAME && !listed.has(name)) {
      problems.push({ file: name, problem: `${MANIFEST_NAME} does not list it` });
    }
  }
  for (const report of manifest.reports) {
    const csv = found.get(report.csv);
    if (csv?.sha256 !== report.csv_sha256) {
      problems.push({ file: report.csv, problem: `is not the CSV of report ${report.name}` });
    }
    if (csv && csv.recordCount !== report.row_count + 1) {
      problems.push({
        file: report.csv,
        problem: `has ${csv.recordCount - 1} rows, ${MANIFEST_NAME} says ${report.row_count}`,
      });
    }
    if (found.get(report.query)?.sha256 !== report.query_sha256) {
      problems.push({
        file: report.query,
        problem: `is not the query that report ${report.name} ran`,
      });
    }
  }
  return problems;
}
