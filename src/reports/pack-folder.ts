/**
 * The folder of a pack: every file is made in memory, written beside the pack's place, and swapped in
 * by renaming, so that a reader never meets half a pack.
 */
import { existsSync } from 'node:fs';
import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FlowproofError, messageOf } from '../errors.ts';
import { csvText } from './csv.ts';
import { DICTIONARY_NAME, dictionaryTable } from './dictionary.ts';
import { ENVELOPE_NAME, type Signer } from './dsse.ts';
import { writeHtml } from './html.ts';
import {
  CHECKSUMS_NAME,
  checksumsText,
  csvName,
  MANIFEST_NAME,
  manifestJson,
  type PackLink,
  queryName,
  ROWS_NAME,
} from './manifest.ts';
import { OCSF_NAME, ocsfJson } from './ocsf.ts';
import { OSCAL_NAME, oscalJson } from './oscal.ts';
import { previousPack } from './pack-chain.ts';
import { writePdf } from './pdf.ts';
import type { PackContent } from './report.ts';
import { rowHashesOf, sealedEnvelope } from './seal.ts';
import { verifyPack } from './verify.ts';
import { WORKBOOK_NAME, writeWorkbook } from './xlsx.ts';

export type PackRequest = {
  folder: string;
  content: PackContent;
  /** Text of each report's query, by the report's name. */
  queryTexts: ReadonlyMap<string, string>;
  /** Signs the pack; without it the pack has no signature. */
  signer?: Signer | undefined;
};

/** What ties the files of a pack to the pack before it, and to whoever signs it. */
export type PackCustody = {
  previous?: PackLink | null;
  signer?: Signer | undefined;
  /** The envelope that is there already, kept if it is a signature of the same. */
  envelope?: string | undefined;
};

/** Every file of the pack, by name. The same content after the same pack gives the same bytes. */
export async function packFiles(
  content: PackContent,
  queryTexts: ReadonlyMap<string, string>,
  { previous = null, signer, envelope }: PackCustody = {},
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const report of content.reports) {
    const query = queryTexts.get(report.name);
    if (query === undefined) throw new Error(`no query text for report ${report.name}`);
    files.set(csvName(report.name), Buffer.from(csvText(report)));
    files.set(queryName(report.name), Buffer.from(query));
  }
  const dictionaryName = csvName(DICTIONARY_NAME);
  if (files.has(dictionaryName)) {
    throw new FlowproofError('REPORT_INVALID', {
      place: queryName(DICTIONARY_NAME),
      problem: `its rows would take the name of the data dictionary (${dictionaryName})`,
      remedy: 'Give the report another name.',
    });
  }
  files.set(dictionaryName, Buffer.from(csvText(dictionaryTable(content))));
  files.set('report.pdf', await writePdf(content));
  files.set('report.html', writeHtml(content));
  files.set(WORKBOOK_NAME, writeWorkbook(content));
  files.set(OCSF_NAME, Buffer.from(ocsfJson(content)));
  files.set(OSCAL_NAME, Buffer.from(oscalJson(content, files)));
  const signature = signer ? { file: ENVELOPE_NAME, keyid: signer.keyId } : null;
  files.set(MANIFEST_NAME, Buffer.from(manifestJson(content, files, { previous, signature })));
  files.set(ROWS_NAME, Buffer.from(rowHashesOf(files)));
  if (signer) {
    files.set(ENVELOPE_NAME, Buffer.from(await sealedEnvelope(files, signer, envelope)));
  }
  files.set(CHECKSUMS_NAME, Buffer.from(checksumsText(files)));
  return files;
}

/**
 * Writes the pack. If the folder already holds exactly this pack, unharmed, nothing is touched and
 * `changed` is false. Files are readable by their owner only.
 *
 * A folder in the pack's place that is no sound pack, because somebody changed or added a file, is not
 * deleted: it moves aside, and `keptFolder` says where to.
 *
 * Throws PACK_UNWRITABLE; the pack that was there before is there still.
 */
export async function writePackFolder(
  request: PackRequest,
): Promise<{ files: string[]; changed: boolean; keptFolder?: string }> {
  const { folder, content, queryTexts, signer } = request;
  const { pack, period } = content;
  const files = await packFiles(content, queryTexts, {
    previous: await previousPack(folder, { pack: pack.name, period }),
    signer,
    envelope: await readFile(join(folder, ENVELOPE_NAME), 'utf8').catch(() => undefined),
  });
  const names = [...files.keys()].sort();
  if (await holdsPack(request.folder, files)) return { files: names, changed: false };
  const { fresh, old } = placesBeside(request.folder);
  try {
    await finishSwap(request.folder);
    for (const [name, bytes] of files) await writeDurably(join(fresh, name), bytes);
    await swapIn(fresh, request.folder, old);
    const keptFolder = await discard(old, request.folder);
    return { files: names, changed: true, ...(keptFolder ? { keptFolder } : {}) };
  } catch (thrown) {
    // What failed already is what the user must hear of; the next run removes what stays here.
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    throw new FlowproofError('PACK_UNWRITABLE', {
      place: request.folder,
      problem: `the pack cannot be written (${messageOf(thrown)})`,
      remedy:
        'Make room or correct the permissions of the output folder, then run: flowproof report',
      cause: thrown,
    });
  }
}

/** Where a pack is written before it takes its place, and where the one that it replaces stands meanwhile. */
function placesBeside(folder: string): { fresh: string; old: string } {
  const name = join(dirname(folder), `.${basename(folder)}`);
  return { fresh: `${name}.new`, old: `${name}.old` };
}

/**
 * Tidies up what a run left that was killed while it wrote this pack: half a pack goes, and one that was
 * moved aside comes back if nothing took its place.
 */
export async function finishSwap(folder: string): Promise<void> {
  const { fresh, old } = placesBeside(folder);
  await rm(fresh, { recursive: true, force: true });
  // The kill may have come between the two renames of a swap.
  if (existsSync(old) && !existsSync(folder)) await rename(old, folder);
  await discard(old, folder);
}

/** Deletes a replaced pack if it is one, unharmed; else moves it beside the new one, and says where. */
async function discard(old: string, folder: string): Promise<string | undefined> {
  if (!existsSync(old)) return undefined;
  const isSound = await verifyPack(old).then(
    (result) => result.ok,
    () => false,
  );
  if (isSound) {
    await rm(old, { recursive: true, force: true });
    return undefined;
  }
  for (let number = 1; ; number += 1) {
    const kept = `${folder}.kept-${number}`;
    if (existsSync(kept)) continue;
    await rename(old, kept);
    return kept;
  }
}

/** Puts `fresh` in the place of `folder`, whose content moves to `old`, or back if that fails. */
async function swapIn(fresh: string, folder: string, old: string): Promise<void> {
  if (!existsSync(folder)) {
    await rename(fresh, folder);
    return;
  }
  if (!(await lstat(folder)).isDirectory()) {
    throw new Error('its place is taken by something that is no folder');
  }
  await rename(folder, old);
  try {
    await rename(fresh, folder);
  } catch (thrown) {
    await rename(old, folder);
    throw thrown;
  }
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
  try {
    const known = await readFile(join(folder, CHECKSUMS_NAME));
    if (!known.equals(files.get(CHECKSUMS_NAME) ?? Buffer.alloc(0))) return false;
    return (await verifyPack(folder)).ok;
  } catch {
    // What cannot be read is not the pack; if it cannot be replaced either, writing says so.
    return false;
  }
}
