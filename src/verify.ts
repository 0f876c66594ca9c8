/**
 * `flowproof verify`: a pack, its chain and its originals, as text. This file alone knows both how packs
 * are checked and how sources are read.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { EXIT_CODES, FlowproofError, messageOf } from './errors.ts';
import { type OriginalState, openOriginals } from './ingest/originals.ts';
import type { PackProblem } from './reports/checksums.ts';
import { isSigningKey } from './reports/dsse.ts';
import { MANIFEST_NAME, type Manifest, manifestSchema } from './reports/manifest.ts';
import { verifyChain } from './reports/pack-chain.ts';
import { verifyPack } from './reports/verify.ts';
import { visibleText } from './text-table.ts';

export type VerifyRequest = {
  folder: string;
  /** PEM files of public keys. */
  publicKeys: readonly string[];
  hasChain: boolean;
  /** The configuration that the originals are read with; undefined if they are not asked for. */
  config: Config | undefined;
  write(text: string): void;
  onProgress?(position: number, count: number): void;
};

/** Originals that are read at the same time. */
const AT_ONCE = 8;

/** Checks what is asked for, writes what was found, and returns the exit code. */
export async function verify(request: VerifyRequest): Promise<number> {
  const { folder, write } = request;
  const publicKeys = await Promise.all(request.publicKeys.map(readPublicKey));
  const result = await verifyPack(folder, { publicKeys });
  const problems = [...result.problems];
  const notes = [signatureNote(result.signature)];
  if (request.hasChain) {
    const chain = await checkChain(folder, publicKeys);
    problems.push(...chain.problems);
    notes.push(...chain.notes);
  }
  let unreachable: string[] = [];
  if (request.config) {
    const originals = await checkOriginals(request, request.config);
    problems.push(...originals.problems);
    notes.push(...originals.notes);
    unreachable = originals.unreachable;
  }
  for (const { file, problem } of problems) line(write, `${file}: ${problem}`);
  for (const words of unreachable) line(write, `not checked: ${words}`);
  const isOk = problems.length === 0;
  write(
    isOk
      ? `OK: ${result.checked} files agree with SHA256SUMS and manifest.json\n`
      : `FAILED: ${problems.length} differences in ${result.checked} files\n`,
  );
  for (const note of notes) line(write, note);
  if (!isOk) return EXIT_CODES.mismatch;
  return unreachable.length > 0 ? EXIT_CODES.unexpected : EXIT_CODES.ok;
}

/** Names and URIs come from whoever made the pack. */
function line(write: (text: string) => void, text: string): void {
  write(`${visibleText(text)}\n`);
}

async function readPublicKey(path: string): Promise<KeyObject> {
  const fail = (problem: string, cause?: unknown): never => {
    throw new FlowproofError('USAGE', {
      place: path,
      problem,
      remedy:
        'Name the PEM file of the public key: openssl pkey -in flowproof-key.pem -pubout -out flowproof.pub.pem',
      cause,
    });
  };
  let key: KeyObject;
  try {
    const pem = await readFile(path, 'utf8');
    // Node makes a public key of a private one: nobody should hand that out to have a pack checked.
    if (/PRIVATE KEY-----/.test(pem)) throw new Error('it is a private key');
    key = createPublicKey(pem);
  } catch (thrown) {
    return fail(`the public key cannot be read (${messageOf(thrown)})`, thrown);
  }
  if (!isSigningKey(key)) fail(`the key is ${key.asymmetricKeyType}, and must be Ed25519 or P-256`);
  return key;
}

function signatureNote(state: Awaited<ReturnType<typeof verifyPack>>['signature']): string {
  switch (state.kind) {
    case 'good':
      return `Signature  good, of the key ${state.keyId}`;
    case 'unchecked':
      return `Signature  not checked: give --public-key FILE; it says that the key is ${state.keyId}`;
    case 'bad':
      return 'Signature  not good';
    case 'none':
      return 'Signature  none';
  }
}

/** The links of the chain, and every other pack in it as far as it can be checked alone. */
async function checkChain(
  folder: string,
  publicKeys: readonly KeyObject[],
): Promise<{ problems: PackProblem[]; notes: string[] }> {
  const chain = await verifyChain(folder);
  const problems = [...chain.problems];
  for (const other of chain.others) {
    try {
      const result = await verifyPack(other.folder, { publicKeys, isUnsignedAllowed: true });
      for (const { file, problem } of result.problems) {
        problems.push({ file: `${other.name}/${file}`, problem });
      }
    } catch (thrown) {
      if (!(thrown instanceof FlowproofError)) throw thrown;
      problems.push({ file: other.name, problem: thrown.problem });
    }
  }
  const count = chain.names.length;
  const own = basename(resolve(folder));
  const ends = count > 1 ? `, from ${chain.names[0]} to ${chain.names.at(-1)}` : `: ${own}`;
  return {
    problems,
    notes: [`Chain      ${count} ${count === 1 ? 'pack' : 'packs'} in this folder${ends}`],
  };
}

type Originals = { problems: PackProblem[]; unreachable: string[]; notes: string[] };

async function checkOriginals(request: VerifyRequest, config: Config): Promise<Originals> {
  let manifest: Manifest;
  try {
    const text = await readFile(join(request.folder, MANIFEST_NAME), 'utf8');
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch {
    return {
      problems: [],
      unreachable: [`the originals: ${MANIFEST_NAME} cannot be read`],
      notes: [],
    };
  }
  const { sources } = manifest;
  const states: OriginalState[] = [];
  const scratch = await mkdtemp(join(tmpdir(), 'flowproof-verify-'));
  try {
    const read = openOriginals(config, scratch);
    let next = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < sources.length; index = next++) {
        const source = sources[index];
        if (!source) continue;
        states[index] = await read({
          uri: source.uri,
          sha256: source.sha256,
          sizeBytes: source.size_bytes,
          versionId: source.version_id,
        });
        done += 1;
        request.onProgress?.(done, sources.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return originalsFound(manifest, states);
}

function originalsFound({ sources }: Manifest, states: readonly OriginalState[]): Originals {
  const counts: Record<OriginalState['kind'], number> = {
    same: 0,
    grown: 0,
    differs: 0,
    gone: 0,
    unreachable: 0,
    not_kept: 0,
  };
  const found: Originals = { problems: [], unreachable: [], notes: [] };
  const notKept = new Map<string, number>();
  for (const [index, { kind, words = '' }] of states.entries()) {
    counts[kind] += 1;
    const uri = sources[index]?.uri ?? '';
    if (kind === 'differs' || kind === 'gone') found.problems.push({ file: uri, problem: words });
    if (kind === 'unreachable') found.unreachable.push(`${uri}: ${words}`);
    if (kind === 'grown') found.notes.push(`Grown      ${uri} ${words}`);
    if (kind === 'not_kept') notKept.set(words, (notKept.get(words) ?? 0) + 1);
  }
  const again = counts.same + counts.grown;
  found.notes.unshift(`Originals  ${again} of ${sources.length} read again and unchanged`);
  for (const [words, count] of [...notKept].sort()) {
    found.notes.push(`           ${count} not checked: each ${words}`);
  }
  return found;
}
