/** What checks a pack reads it through: the entries of its folder and their bytes. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type PackEntry = { name: string; isFile: boolean };

export type PackReader = {
  /** The folder, for messages. */
  place: string;
  /** Everything but folders, by names with forward slashes, in order. */
  entries(): Promise<PackEntry[]>;
  read(name: string): AsyncIterable<Uint8Array>;
};

export function folderReader(folder: string): PackReader {
  return {
    place: folder,
    entries: () => entriesBelow(folder),
    read: (name) => createReadStream(join(folder, name)),
  };
}

async function entriesBelow(folder: string, prefix = ''): Promise<PackEntry[]> {
  const found: PackEntry[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await entriesBelow(folder, `${name}/`)));
    else found.push({ name, isFile: entry.isFile() });
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}
