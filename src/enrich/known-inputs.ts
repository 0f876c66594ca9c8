/**
 * What derived files that stand in S3 were made from, as their own metadata said when they were last asked: a
 * run need not ask thousands of files of the past for it, each with a request, again and again.
 *
 *   <lake>/.flowproof/inputs.json     of this machine alone: a path, the ETag of its object, and the hash
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';

const schema = z.array(z.tuple([z.string(), z.string(), z.string()]));

type Known = { byPath: Map<string, { etag: string; inputs: string }>; isNew: boolean };

const lakes = new Map<string, Promise<Known>>();

const fileOf = (lake: string): string => join(lake, '.flowproof', 'inputs.json');

async function read(lake: string): Promise<Known> {
  try {
    const rows = schema.parse(JSON.parse(await readFile(fileOf(lake), 'utf8')));
    return {
      byPath: new Map(rows.map(([path, etag, inputs]) => [path, { etag, inputs }])),
      isNew: false,
    };
  } catch {
    // It only saves requests.
    return { byPath: new Map(), isNew: false };
  }
}

function knownOf(lake: string): Promise<Known> {
  const known = lakes.get(lake) ?? read(lake);
  lakes.set(lake, known);
  return known;
}

/** The hash that the object with this ETag holds; undefined if it was never asked. */
export async function knownInputs(
  lake: string,
  path: string,
  etag: string,
): Promise<string | undefined> {
  const found = (await knownOf(lake)).byPath.get(path);
  return found?.etag === etag ? found.inputs : undefined;
}

export async function noteInputs(
  lake: string,
  path: string,
  { etag, inputs }: { etag: string; inputs: string },
): Promise<void> {
  const known = await knownOf(lake);
  known.byPath.set(path, { etag, inputs });
  known.isNew = true;
}

/** Keeps what was noted for the next run. */
export async function keepInputs(lake: string): Promise<void> {
  const known = await knownOf(lake);
  if (!known.isNew) return;
  await mkdir(dirname(fileOf(lake)), { recursive: true, mode: 0o700 });
  const rows = [...known.byPath].map(([path, { etag, inputs }]) => [path, etag, inputs]);
  await replaceFile(fileOf(lake), `${JSON.stringify(rows)}\n`);
  known.isNew = false;
}
