/**
 * The folder of a pack: every file is made in memory, written beside the pack's place, and swapped in
 * by renaming, so that a reader never meets half a pack.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FlowproofError, messageOf } from '../errors.ts';
import { csvText } from './csv.ts';
import {
  CHECKSUMS_NAME,
  checksumsText,
  csvName,
  MANIFEST_NAME,
  manifestJson,
  queryName,
} from './manifest.ts';
import { writePdf } from './pdf.ts';
import type { PackContent } from './report.ts';
import { verifyPack } from './verify.ts';

export type PackRequest = {
  folder: string;
  content: PackContent;
  /** Text of each report's query, by the report's name. */
  queryTexts: ReadonlyMap<string, string>;
};

/** Every file of the pack, by name. The same content gives the same bytes. */
export async function packFiles(
  content: PackContent,
  queryTexts: ReadonlyMap<string, string>,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const report of content.reports) {
    const query = queryTexts.get(report.name);
    if (query === undefined) throw new Error(`no query text for report ${report.name}`);
    files.set(csvName(report.name), Buffer.from(csvText(report)));
    files.set(queryName(report.name), Buffer.from(query));
  }
  files.set('report.pdf', await writePdf(content));
  files.set(MANIFEST_NAME, Buffer.from(manifestJson(content, files)));
  files.set(CHECKSUMS_NAME, Buffer.from(checksumsText(files)));
  return files;
}

/**
 * Writes the pack. If the folder already holds exactly this pack, unharmed, nothing is touched and
 * `changed` is false. Files are readable by their owner only.
 */
export async function writePackFolder(
  request: PackRequest,
): Promise<{ files: string[]; changed: boolean }> {
  const files = await packFiles(request.content, request.queryTexts);
  const names = [...files.keys()].sort();
  if (await holdsPack(request.folder, files)) return { files: names, changed: false };
  const parent = dirname(request.folder);
  const fresh = join(parent, `.${basename(request.folder)}.new`);
  const old = join(parent, `.${basename(request.folder)}.old`);
  try {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
    for (const [name, bytes] of files) await writeDurably(join(fresh, name), bytes);
    if (existsSync(request.folder)) await rename(request.folder, old);
    await rename(fresh, request.folder);
    await rm(old, { recursive: true, force: true });
  } catch (thrown) {
    throw new FlowproofError('PACK_UNWRITABLE', {
      place: request.folder,
      problem: `the pack cannot be written (${messageOf(thrown)})`,
      remedy:
        'Make room or correct the permissions of the output folder, then run: flowproof report',
      cause: thrown,
    });
  }
  return { files: names, changed: true };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function holdsPack(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  const path = join(folder, CHECKSUMS_NAME);
  if (!existsSync(path)) return false;
  const known = await readFile(path);
  if (!known.equals(files.get(CHECKSUMS_NAME) ?? Buffer.alloc(0))) return false;
  return (await verifyPack(folder)).ok;
}
