/**
 * What the files that another engine made were made from: `<lake>/.flowproof/derived.json`. Those of DuckDB carry it
 * themselves; of files that nobody here reads, this note says it.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';

const noteSchema = z.object({ version: z.literal(1), inputs: z.record(z.string(), z.string()) });

const noteFile = (lake: string): string => join(lake, '.flowproof', 'derived.json');

/** Hashes of inputs, by the steps and the day that were made from them. What cannot be read counts as nothing. */
export async function readDerivedDays(lake: string): Promise<Map<string, string>> {
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(noteFile(lake), 'utf8')));
    return new Map(Object.entries(note.inputs));
  } catch {
    return new Map();
  }
}

export async function writeDerivedDays(
  lake: string,
  inputs: ReadonlyMap<string, string>,
): Promise<void> {
  await mkdir(dirname(noteFile(lake)), { recursive: true, mode: 0o700 });
  const sorted = [...inputs].sort(([a], [b]) => (a < b ? -1 : 1));
  const note = { version: 1, inputs: Object.fromEntries(sorted) };
  await replaceFile(noteFile(lake), `${JSON.stringify(note)}\n`);
}

/** For when DuckDB writes the tables: what the note says of them may no longer be so. */
export async function forgetDerivedDays(lake: string): Promise<void> {
  await rm(noteFile(lake), { force: true });
}
