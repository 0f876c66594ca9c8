/**
 * One pass over the files of a pack: the hash of each, the short hashes of its rows, and the content of
 * the few files that say something of the others.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { PackProblem } from './checksums.ts';
import { ENVELOPE_NAME } from './dsse.ts';
import { CHECKSUMS_NAME, MANIFEST_NAME, ROWS_NAME } from './manifest.ts';
import type { PackReader } from './pack-reader.ts';
import { createRowHasher, cutOf, type FileRows } from './row-hashes.ts';

export type FoundFile = {
  sha256: string;
  sizeBytes: number;
  /** Of texts that `rows.sha256` covers. */
  rows: FileRows | undefined;
};

export type Scan = {
  found: ReadonlyMap<string, FoundFile>;
  /** Entries that could not be read, or must not be. */
  unread: readonly PackProblem[];
  /** Contents of the manifest, the envelope and the short hashes, as far as they are there. */
  texts: ReadonlyMap<string, string>;
};

/**
 * A link may show its reader a file that is not in the pack, and a pipe blocks whoever opens it:
 * neither is followed or opened.
 */
const NO_FILE = 'is no regular file; a pack holds no links, pipes or devices';

const KEPT = new Set([MANIFEST_NAME, ENVELOPE_NAME, ROWS_NAME]);

/** True for what `rows.sha256` covers: texts, but not what is made after it. */
export function hasRows(name: string): boolean {
  return name !== ENVELOPE_NAME && cutOf(name) !== undefined;
}

/** Reads everything but `SHA256SUMS`. */
export async function scanPack(reader: PackReader): Promise<Scan> {
  const found = new Map<string, FoundFile>();
  const unread: PackProblem[] = [];
  const texts = new Map<string, string>();
  for (const { name, isFile } of await reader.entries()) {
    if (name === CHECKSUMS_NAME) continue;
    if (!isFile) {
      unread.push({ file: name, problem: NO_FILE });
      continue;
    }
    try {
      const { file, text } = await readFound(reader, name);
      found.set(name, file);
      if (text !== undefined) texts.set(name, text);
    } catch (thrown) {
      unread.push({ file: name, problem: `cannot be read (${messageOf(thrown)})` });
    }
  }
  return { found, unread, texts };
}

async function readFound(
  reader: PackReader,
  name: string,
): Promise<{ file: FoundFile; text: string | undefined }> {
  const hash = createHash('sha256');
  const cut = hasRows(name) ? cutOf(name) : undefined;
  const hasher = cut && createRowHasher(cut);
  const kept: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of reader.read(name)) {
    hash.update(part);
    hasher?.push(part);
    sizeBytes += part.length;
    if (KEPT.has(name)) kept.push(part);
  }
  return {
    file: { sha256: hash.digest('hex'), sizeBytes, rows: hasher?.finish() },
    text: KEPT.has(name) ? Buffer.concat(kept).toString('utf8') : undefined,
  };
}
