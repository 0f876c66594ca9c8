/**
 * The memory behind a vector of the driver. Its public interface makes a value of each item, such as an
 * object of each timestamp; here the bytes are taken as they lie, where they lie as Arrow has them. The
 * fields are private to the driver, whose version is pinned: what they are is looked at each time, and a
 * driver that has others is read item by item.
 */
import type { DuckDBVector } from '@duckdb/node-api';
import type { Values } from './arrow-buffers.ts';

/** Bytes that DuckDB keeps of a text itself: its length, and the text if it is not longer than this. */
const ITEM_BYTES = 16;
export const INLINE_BYTES = 12;

type Private = {
  items?: unknown;
  dataView?: unknown;
  itemOffset?: unknown;
  validity?: { data?: unknown; offset?: unknown };
};

/** Bits of the valid items, the least significant first; null if all are valid. */
export type ValidBits = Uint8Array | null;

/** Bits of a vector that begins at its memory's beginning; undefined where that is not known. */
function validBits(vector: Private): ValidBits | undefined {
  const { validity } = vector;
  if (validity?.offset !== 0) return undefined;
  if (validity.data === null) return null;
  if (!(validity.data instanceof BigUint64Array)) return undefined;
  const { buffer, byteOffset, byteLength } = validity.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The items of a vector whose items are numbers of one kind, as an array of that kind. */
export function itemsOf<Array extends Values>(
  vector: DuckDBVector,
  Holder: new (size: number) => Array,
): { items: Array; bits: ValidBits } | undefined {
  const { items } = vector as unknown as Private;
  const bits = validBits(vector as unknown as Private);
  if (!(items instanceof Holder) || bits === undefined) return undefined;
  return { items, bits };
}

/** The items of a vector of texts: their bytes in UTF-8 where DuckDB keeps them with their length. */
export function textsOf(vector: DuckDBVector):
  | {
      /** Copies a text to a place with room for 12 bytes; its length, or undefined for one that is longer. */
      copy(index: number, to: Uint8Array, at: number): number | undefined;
      bits: ValidBits;
    }
  | undefined {
  const { dataView, itemOffset } = vector as unknown as Private;
  const bits = validBits(vector as unknown as Private);
  if (!(dataView instanceof DataView) || itemOffset !== 0 || bits === undefined) return undefined;
  const bytes = new Uint8Array(dataView.buffer, dataView.byteOffset, dataView.byteLength);
  return {
    bits,
    copy(index, to, at) {
      const start = index * ITEM_BYTES;
      const length = dataView.getUint32(start, true);
      if (length > INLINE_BYTES) return undefined;
      // Byte by byte: so few take longer to set up a copy for.
      for (let place = 0; place < length; place += 1)
        to[at + place] = bytes[start + 4 + place] ?? 0;
      return length;
    },
  };
}
