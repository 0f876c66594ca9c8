/** Files of inventory: one JSON document each, plain or gzipped, read whole. */
import { readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../errors.ts';
import type { LocalObject } from '../format.ts';
import type { Json } from '../json.ts';
import { expansionDamage, expansionLimit, isGzip } from '../lines.ts';

const MAX_BYTES = 512 * 1024 * 1024;

export type InventoryText = { text: string; damage?: undefined } | { damage: string };

/** The text of the file; `damage` says why there is none. */
export async function readInventoryText({ path, hints }: LocalObject): Promise<InventoryText> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) return { damage: `inventory file of ${size} bytes is over ${MAX_BYTES}` };
  try {
    const bytes = await readFile(path);
    const limit = Math.min(MAX_BYTES, expansionLimit(size, hints.maxExpansion));
    const plain = isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: limit }) : bytes;
    // Some shells write a byte order mark before what they redirect to a file.
    return { text: plain.toString('utf8').replace(/^\uFEFF/, '') };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return { damage: expansionDamage(size, hints.maxExpansion) };
    }
    return { damage: `not readable: ${messageOf(thrown)}` };
  }
}

export type InventoryDocument =
  | { document: Json; damage?: undefined }
  | { document?: undefined; damage: string };

/** The JSON of the file; `damage` says why it cannot be read. */
export async function readInventoryDocument(object: LocalObject): Promise<InventoryDocument> {
  const read = await readInventoryText(object);
  if (read.damage !== undefined) return { damage: read.damage };
  try {
    return { document: JSON.parse(read.text) as Json };
  } catch (thrown) {
    return { damage: `not readable as JSON: ${messageOf(thrown)}` };
  }
}
