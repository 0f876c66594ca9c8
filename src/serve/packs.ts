/** The packs of an output folder, as the local page lists them, and their files. */
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { MANIFEST_NAME, type Manifest, manifestSchema } from '../reports/manifest.ts';

export type ListedPack = { folder: string; manifest: Manifest };

/** Every folder with a manifest that can be read, the newest period first. */
export function listPacks(output: string): ListedPack[] {
  return foldersOf(output)
    .flatMap((folder) => {
      const manifest = readManifest(join(output, folder, MANIFEST_NAME));
      return manifest ? [{ folder, manifest }] : [];
    })
    .sort(
      (one, other) =>
        compare(other.manifest.period.end, one.manifest.period.end) ||
        compare(one.manifest.pack.name, other.manifest.pack.name) ||
        compare(one.folder, other.folder),
    );
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

function foldersOf(output: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(output, { withFileTypes: true });
  } catch {
    // Without a pack the folder may not be there yet.
    return [];
  }
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}

function readManifest(path: string): Manifest | undefined {
  try {
    return manifestSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.pdf': 'application/pdf',
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
  '.sql': 'text/plain; charset=utf-8',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** The media type of a pack's file by its name. */
export function typeOf(name: string): string {
  return TYPES[extname(name)] ?? 'text/plain; charset=utf-8';
}

/** The place of a pack's file; undefined if there is none, or if it lies elsewhere, by a link too. */
export async function findPackFile(output: string, name: string): Promise<string | undefined> {
  try {
    const root = await realpath(output);
    const path = await realpath(join(root, ...name.split('/')));
    return path.startsWith(root + sep) ? path : undefined;
  } catch {
    return undefined;
  }
}
