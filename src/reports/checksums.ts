/** Reading `SHA256SUMS` of a pack that may have been changed. */
import { FlowproofError, messageOf } from '../errors.ts';
import { CHECKSUMS_NAME, MANIFEST_NAME } from './manifest.ts';
import type { PackReader } from './pack-reader.ts';

export type PackProblem = { file: string; problem: string };

export type Checksums = {
  /** Hash and line, by the file's name. */
  sums: ReadonlyMap<string, { sha256: string; line: number }>;
  problems: readonly PackProblem[];
};

/** Throws VERIFY_UNREADABLE if the folder is no pack: it has no `SHA256SUMS` that can be read. */
export async function readChecksums(reader: PackReader): Promise<Checksums> {
  try {
    const entry = (await reader.entries()).find(({ name }) => name === CHECKSUMS_NAME);
    if (!entry) throw new Error('there is none');
    if (!entry.isFile) throw new Error('it is no regular file');
    const parts: Uint8Array[] = [];
    for await (const part of reader.read(CHECKSUMS_NAME)) parts.push(part);
    return parseChecksums(Buffer.concat(parts).toString('utf8'));
  } catch (thrown) {
    throw new FlowproofError('VERIFY_UNREADABLE', {
      place: reader.place,
      problem: `no evidence pack: its ${CHECKSUMS_NAME} cannot be read (${messageOf(thrown)})`,
      remedy: 'Name the folder that holds report.pdf: flowproof verify evidence/PACK',
      cause: thrown,
    });
  }
}

function parseChecksums(text: string): Checksums {
  const sums = new Map<string, { sha256: string; line: number }>();
  const problems: PackProblem[] = [];
  const bad = (line: number, problem: string, content: string): void => {
    problems.push({
      file: CHECKSUMS_NAME,
      problem: `line ${line}: ${problem}: ${JSON.stringify(content.slice(0, 200))}`,
    });
  };
  if (!text.endsWith('\n')) {
    problems.push({ file: CHECKSUMS_NAME, problem: 'its last line is cut' });
  }
  for (const [index, content] of text.split('\n').slice(0, -1).entries()) {
    const line = index + 1;
    const match = /^([0-9a-f]{64}) {2}([^\n]+)$/.exec(content);
    if (!match?.[1] || !match[2]) bad(line, 'it is no checksum', content);
    else if (match[2].startsWith('/') || match[2].split(/[\\/]/).includes('..')) {
      bad(line, 'its path leaves the pack', content);
    } else if (sums.has(match[2])) bad(line, 'its file stands twice', content);
    else sums.set(match[2], { sha256: match[1], line });
  }
  if (!sums.has(MANIFEST_NAME)) {
    problems.push({ file: CHECKSUMS_NAME, problem: `does not list ${MANIFEST_NAME}` });
  }
  return { sums, problems };
}
