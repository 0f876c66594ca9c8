/**
 * What the newest enrichment that came to its end was made from, so that a run that brought nothing new
 * need not ask day by day.
 *
 *   <lake>/.flowproof/enrichment     the hash of its inputs, and its result
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { scratchFolder } from '../lake.ts';
import { TABLES } from '../tables.ts';
import { fileNames } from './day-inputs.ts';
import { hashOf } from './derived-table.ts';

const noteSchema = z.object({
  inputs: z.string(),
  day_count: z.number(),
  copy_count: z.number(),
});

/** The result of an enrichment, as far as another one with the same inputs has the same. */
export type KnownResult = { dayCount: number; copyCount: number };

const noteFile = (lake: string): string => join(lake, '.flowproof', 'enrichment');

/**
 * Hash of everything that enrichment reads and makes: what `rules` stand for, and the names of the files
 * of all tables. A file of ingest never changes under its name; a derived one that is missing shows.
 */
export async function hashLake(lake: string, rules: readonly string[]): Promise<string> {
  const files: string[] = [];
  for (const table of TABLES) {
    // Records of what flowproof and people did: enrichment reads none of them.
    if (!table.isRecord && !table.isJsonLines) files.push(...(await fileNames(lake, table.name)));
  }
  return hashOf([...rules, ...files]);
}

/** The result of the newest enrichment, if it came to its end with these inputs. */
export async function readLastEnrichment(
  lake: string,
  inputs: string,
): Promise<KnownResult | undefined> {
  const text = await readFile(noteFile(lake), 'utf8').catch(() => '{}');
  const note = noteSchema.safeParse(tryParse(text));
  if (!note.success || note.data.inputs !== inputs) return undefined;
  return { dayCount: note.data.day_count, copyCount: note.data.copy_count };
}

/** Forgets it, before anything is written: an enrichment that dies half-way has no inputs. */
export async function forgetLastEnrichment(lake: string): Promise<void> {
  await rm(noteFile(lake), { force: true });
}

/** Notes an enrichment that came to its end. */
export async function noteEnrichment(
  lake: string,
  inputs: string,
  { dayCount, copyCount }: KnownResult,
): Promise<void> {
  const text = JSON.stringify({ inputs, day_count: dayCount, copy_count: copyCount });
  const scratch = join(scratchFolder(lake), `enrichment-${randomUUID()}`);
  await writeFile(scratch, `${text}\n`, { mode: 0o600 });
  await rename(scratch, noteFile(lake));
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
