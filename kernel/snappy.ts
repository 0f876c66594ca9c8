/** Snappy compression, raw format ("Snappy compressed format description", google/snappy). */
import { writeVarint } from './bits';

const BLOCK_BYTES: u32 = 65536;
const TABLE_BITS: u32 = 13;
const table: usize = memory.data(8192 * 2);

/** Most bytes that `compress` can write for so many. */
export function compressedBound(size: u32): u32 {
  return 32 + size + size / 6;
}

/** Compresses the bytes to `to`; returns the size. 16 bytes behind both must be accessible. */
export function compress(from: usize, size: u32, to: usize): u32 {
  let at = writeVarint(size, to);
  for (let done: u32 = 0; done < size; done += BLOCK_BYTES) {
    const rest = size - done;
    at = compressBlock(from + done, rest < BLOCK_BYTES ? rest : BLOCK_BYTES, at);
  }
  return <u32>(at - to);
}

// @ts-ignore: decorator
@inline
function slotOf(bytes: u32): usize {
  return table + (<usize>((bytes * 0x1e35a7bd) >> (32 - TABLE_BITS)) << 1);
}

function compressBlock(from: usize, size: u32, to: usize): usize {
  let at = to;
  let literal = from;
  const end = from + size;
  if (size >= 16) {
    memory.fill(table, 0, 8192 * 2);
    const limit = end - 15;
    let place = from + 1;
    let skip: u32 = 32;
    while (place < limit) {
      const bytes = load<u32>(place);
      const slot = slotOf(bytes);
      const candidate = from + load<u16>(slot);
      store<u16>(slot, <u16>(place - from));
      if (candidate >= place || load<u32>(candidate) != bytes) {
        // Where nothing matches, ever more is skipped.
        place += skip >> 5;
        skip += 1;
        continue;
      }
      skip = 32;
      at = writeLiteral(literal, <u32>(place - literal), at);
      let match: usize = 4;
      while (place + match + 8 <= end) {
        const differing = load<u64>(place + match) ^ load<u64>(candidate + match);
        if (differing != 0) {
          match += <usize>(ctz<u64>(differing) >> 3);
          break;
        }
        match += 8;
      }
      if (place + match + 8 > end) {
        while (place + match < end && load<u8>(place + match) == load<u8>(candidate + match)) match++;
      }
      at = writeCopies(<u32>(place - candidate), <u32>match, at);
      place += match;
      literal = place;
      if (place < limit) store<u16>(slotOf(load<u32>(place - 1)), <u16>(place - 1 - from));
    }
  }
  return writeLiteral(literal, <u32>(end - literal), at);
}

function writeLiteral(from: usize, size: u32, to: usize): usize {
  if (size == 0) return to;
  const count = size - 1;
  let at = to;
  if (count < 60) {
    store<u8>(at, <u8>(count << 2));
    at += 1;
  } else if (count < 256) {
    store<u8>(at, 60 << 2);
    store<u8>(at + 1, <u8>count);
    at += 2;
  } else {
    store<u8>(at, 61 << 2);
    store<u16>(at + 1, <u16>count);
    at += 3;
  }
  memory.copy(at, from, size);
  return at + size;
}

/** Copies of up to 64 bytes each, with the offset in two bytes. */
function writeCopies(offset: u32, size: u32, to: usize): usize {
  let at = to;
  let rest = size;
  while (rest > 0) {
    // A last copy of one to three bytes is as good as any; the format allows one byte and more.
    const count: u32 = rest > 64 ? 64 : rest;
    store<u8>(at, <u8>(((count - 1) << 2) | 2));
    store<u16>(at + 1, <u16>offset);
    at += 3;
    rest -= count;
  }
  return at;
}
