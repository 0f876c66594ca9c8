/**
 * The chain of packs of one name in one folder: each manifest holds the hash of the manifest of the
 * newest pack that ended at or before its own start. Whoever makes an old pack anew must make all later
 * ones anew, and every copy of a later one tells.
 */
import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FlowproofError, messageOf } from '../errors.ts';
import type { PackProblem } from './checksums.ts';
import {
  CHECKSUMS_NAME,
  MANIFEST_NAME,
  type Manifest,
  manifestSchema,
  type PackLink,
  sha256Of,
} from './manifest.ts';

type ChainedPack = {
  name: string;
  folder: string;
  sha256: string;
  manifest: Manifest;
  /** True if its checksums have this manifest. */
  isListed: boolean;
};

type Sibling = ChainedPack | { name: string; folder: string; problem: string };

/** What a pack must say to have a place in a chain. */
type Place = { pack: string; period: { start: string; end: string } };

/**
 * The pack that a new one in `folder` follows; null if it is the first. Throws PACK_CHAIN_BROKEN if a
 * pack of this name has a manifest that was changed: a chain must not go on from it.
 */
export async function previousPack(folder: string, place: Place): Promise<PackLink | null> {
  const packs: ChainedPack[] = [];
  for (const sibling of await siblingsOf(folder, place.pack)) {
    if ('manifest' in sibling && sibling.isListed) packs.push(sibling);
    else {
      const problem =
        'manifest' in sibling
          ? `its ${MANIFEST_NAME} is not what ${CHECKSUMS_NAME} says`
          : `its ${MANIFEST_NAME} ${sibling.problem}`;
      throw new FlowproofError('PACK_CHAIN_BROKEN', {
        place: sibling.folder,
        problem: `no pack can follow this one: ${problem}`,
        remedy: `See what was changed with: flowproof verify ${sibling.folder}. Restore it from a copy, or move it out of the output folder to begin a chain without it.`,
      });
    }
  }
  const previous = newestBefore(packs, place.period.start);
  return previous ? { name: previous.name, manifest_sha256: previous.sha256 } : null;
}

function newestBefore(packs: readonly ChainedPack[], start: string): ChainedPack | undefined {
  const time = (text: string): number => Date.parse(text);
  return packs
    .filter(({ manifest }) => time(manifest.period.end) <= time(start))
    .sort(
      (one, other) =>
        time(other.manifest.period.end) - time(one.manifest.period.end) ||
        time(other.manifest.period.start) - time(one.manifest.period.start) ||
        (one.name < other.name ? -1 : 1),
    )[0];
}

/** What was moved aside, or is being written, is no pack of the chain. */
function isPackFolder(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith('.') && !/\.kept-\d+$/.test(entry.name);
}

/** The packs of a name beside `folder`, without itself, in order of their names. */
async function siblingsOf(folder: string, packName: string): Promise<Sibling[]> {
  const own = resolve(folder);
  const parent = dirname(own);
  if (!existsSync(parent)) return [];
  let entries: Dirent[];
  try {
    entries = await readdir(parent, { withFileTypes: true });
  } catch {
    // A parent that is no folder, or may not be read, is for whoever writes into it to say.
    return [];
  }
  const siblings: Sibling[] = [];
  for (const entry of entries.filter(isPackFolder)) {
    if (entry.name === basename(own)) continue;
    const sibling = await readSibling(join(parent, entry.name));
    const isOurs =
      'manifest' in sibling
        ? sibling.manifest.pack.name === packName
        : entry.name.startsWith(`${packName}_`) && existsSync(join(sibling.folder, CHECKSUMS_NAME));
    if (isOurs) siblings.push(sibling);
  }
  return siblings.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function readSibling(folder: string): Promise<Sibling> {
  const name = basename(folder);
  try {
    const bytes = await readFile(join(folder, MANIFEST_NAME));
    const manifest = manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
    const sha256 = sha256Of(bytes);
    const sums = await readFile(join(folder, CHECKSUMS_NAME), 'utf8');
    const isListed = sums.split('\n').includes(`${sha256}  ${MANIFEST_NAME}`);
    return { name, folder, sha256, manifest, isListed };
  } catch (thrown) {
    return { name, folder, problem: `cannot be read (${messageOf(thrown).slice(0, 300)})` };
  }
}

export type ChainResult = {
  problems: PackProblem[];
  /** The folders of the chain's other packs, which are to be checked themselves. */
  others: { name: string; folder: string }[];
  /** The packs in order of time. */
  names: string[];
};

/**
 * Checks every link of the chain that the pack in `folder` is a part of. Files are named from the folder
 * that holds the packs, as `pack/manifest.json`.
 */
export async function verifyChain(folder: string): Promise<ChainResult> {
  const self = await readSibling(resolve(folder));
  if (!('manifest' in self)) {
    return { problems: [{ file: MANIFEST_NAME, problem: self.problem }], others: [], names: [] };
  }
  const siblings = await siblingsOf(folder, self.manifest.pack.name);
  const problems: PackProblem[] = [];
  const packs: ChainedPack[] = [self];
  for (const sibling of siblings) {
    if ('manifest' in sibling) packs.push(sibling);
    else problems.push({ file: `${sibling.name}/${MANIFEST_NAME}`, problem: sibling.problem });
  }
  packs.sort(
    (one, other) =>
      Date.parse(one.manifest.period.start) - Date.parse(other.manifest.period.start) ||
      (one.name < other.name ? -1 : 1),
  );
  for (const pack of packs) problems.push(...linkProblems(pack, packs));
  return {
    problems,
    others: siblings.map(({ name, folder: place }) => ({ name, folder: place })),
    names: packs.map(({ name }) => name),
  };
}

function linkProblems(pack: ChainedPack, packs: readonly ChainedPack[]): PackProblem[] {
  const file = `${pack.name}/${MANIFEST_NAME}`;
  const { previous, period } = pack.manifest;
  const expected = newestBefore(
    packs.filter((other) => other !== pack),
    period.start,
  );
  if (previous === null) {
    if (!expected) return [];
    return [{ file, problem: `names no previous pack, but ${expected.name} ended before it` }];
  }
  const named = packs.find((other) => other.name === previous.name);
  if (!named) {
    return [{ file, problem: `its previous pack ${previous.name} is not in this folder` }];
  }
  if (named.sha256 !== previous.manifest_sha256) {
    return [
      {
        file: `${named.name}/${MANIFEST_NAME}`,
        problem: `is not the manifest that ${pack.name} follows: its SHA-256 is ${named.sha256}, ${pack.name} holds ${previous.manifest_sha256}`,
      },
    ];
  }
  if (expected !== named) {
    const newest = expected ? `${expected.name} is the newest that ended` : 'none here ended';
    return [{ file, problem: `follows ${named.name}, but ${newest} before it began` }];
  }
  return [];
}
