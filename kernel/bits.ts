/** Encodings of Apache Parquet that pack integers: RLE / bit-packing hybrid, and delta binary packed. */

/** Unsigned LEB128. Returns the place behind it, as all writers here do. */
export function writeVarint(value: u32, to: usize): usize {
  let rest = value;
  while (rest >= 0x80) {
    store<u8>(to++, <u8>(rest | 0x80));
    rest >>= 7;
  }
  store<u8>(to, <u8>rest);
  return to + 1;
}

function writeZigzag(value: i64, to: usize): usize {
  let rest = <u64>((value << 1) ^ (value >> 63));
  while (rest >= 0x80) {
    store<u8>(to++, <u8>(rest | 0x80));
    rest >>= 7;
  }
  store<u8>(to, <u8>rest);
  return to + 1;
}

// @ts-ignore: decorator
@inline
function valueAt(values: usize, index: u32): u32 {
  return load<u32>(values + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
function isRunOfEight(values: usize, from: u32): bool {
  const at = values + (<usize>from << 2);
  const first = v128.load32_splat(at);
  return i32x4.all_true(
    v128.and(i32x4.eq(v128.load(at), first), i32x4.eq(v128.load(at, 16), first)),
  );
}

/** Packs `u32` values into `bitWidth` bits each (at most 32), the least significant first. */
function pack(values: usize, from: u32, count: u32, bitWidth: u32, to: usize): usize {
  let buffer: u64 = 0;
  let bits: u32 = 0;
  let at = to;
  for (let index: u32 = 0; index < count; index++) {
    buffer |= <u64>valueAt(values, from + index) << bits;
    bits += bitWidth;
    if (bits >= 32) {
      store<u32>(at, <u32>buffer);
      at += 4;
      buffer >>= 32;
      bits -= 32;
    }
  }
  while (bits > 0) {
    store<u8>(at, <u8>buffer);
    at += 1;
    buffer >>= 8;
    bits = bits > 8 ? bits - 8 : 0;
  }
  return at;
}

/** Runs of eight or more equal values as runs, the others packed in groups of eight. */
export function writeHybrid(values: usize, count: u32, bitWidth: u32, to: usize): usize {
  if (bitWidth == 0) return writeVarint(count << 1, to);
  const valueBytes = (bitWidth + 7) >> 3;
  let at = to;
  let from: u32 = 0;
  while (from < count) {
    if (from + 8 <= count && isRunOfEight(values, from)) {
      const value = valueAt(values, from);
      let end = from + 8;
      while (end < count && valueAt(values, end) == value) end++;
      at = writeVarint((end - from) << 1, at);
      store<u32>(at, value);
      at += valueBytes;
      from = end;
      continue;
    }
    let end = from + 8;
    while (end + 8 <= count && !isRunOfEight(values, end)) end += 8;
    // What is left over at the end is a group that is not full: padded with zeros.
    if (end < count && count - end < 8) end += 8;
    const groups = (end - from) >> 3;
    at = writeVarint((groups << 1) | 1, at);
    const whole = end < count ? end - from : count - from;
    const packedBytes = groups * bitWidth;
    memory.fill(at, 0, packedBytes);
    pack(values, from, whole, bitWidth, at);
    at += packedBytes;
    from = end;
  }
  return at;
}

/** As `pack`, of `u64` values into up to 64 bits each. */
function packWide(values: usize, count: u32, bitWidth: u32, to: usize): usize {
  const size = (count * bitWidth + 7) >> 3;
  memory.fill(to, 0, size);
  for (let index: u32 = 0; index < count; index++) {
    let value = load<u64>(values + (<usize>index << 3));
    let bit = index * bitWidth;
    let rest = bitWidth;
    while (rest > 0) {
      const at = to + (bit >> 3);
      const shift = bit & 7;
      const taken: u32 = min<u32>(8 - shift, rest);
      store<u8>(at, load<u8>(at) | <u8>(value << shift));
      value >>= taken;
      bit += taken;
      rest -= taken;
    }
  }
  return to + size;
}

const BLOCK_VALUES: u32 = 128;
const MINIBLOCKS: u32 = 4;
const MINIBLOCK_VALUES: u32 = 32;
const deltas: usize = memory.data(128 * 8);
const narrow: usize = memory.data(32 * 4);

/** DELTA_BINARY_PACKED of `i64` values; of a column of 32 bits the differences wrap there. */
export function writeDeltas(values: usize, count: u32, is32: bool, to: usize): usize {
  let at = writeVarint(BLOCK_VALUES, to);
  at = writeVarint(MINIBLOCKS, at);
  at = writeVarint(count, at);
  at = writeZigzag(load<i64>(values), at);
  for (let from: u32 = 1; from < count; from += BLOCK_VALUES) {
    const size = min<u32>(count - from, BLOCK_VALUES);
    let least: i64 = i64.MAX_VALUE;
    for (let index: u32 = 0; index < size; index++) {
      const place = values + (<usize>(from + index) << 3);
      let delta = load<i64>(place) - load<i64>(place - 8);
      if (is32) delta = <i64>(<i32>delta);
      store<i64>(deltas + (<usize>index << 3), delta);
      if (delta < least) least = delta;
    }
    for (let index: u32 = 0; index < BLOCK_VALUES; index++) {
      const place = deltas + (<usize>index << 3);
      const above = index < size ? load<i64>(place) - least : 0;
      store<u64>(place, is32 ? <u64>(<u32>above) : <u64>above);
    }
    at = writeZigzag(least, at);
    const widths = at;
    at += MINIBLOCKS;
    for (let block: u32 = 0; block < MINIBLOCKS; block++) {
      const place = deltas + (<usize>(block * MINIBLOCK_VALUES) << 3);
      let bits: u64 = 0;
      for (let index: u32 = 0; index < MINIBLOCK_VALUES; index++) {
        const value = load<u64>(place + (<usize>index << 3));
        bits |= value;
        store<u32>(narrow + (<usize>index << 2), <u32>value);
      }
      const width = <u32>(64 - clz<u64>(bits));
      store<u8>(widths + block, <u8>width);
      // Miniblocks without any value take no room.
      if (block * MINIBLOCK_VALUES >= size) continue;
      at =
        width <= 32
          ? pack(narrow, 0, MINIBLOCK_VALUES, width, at)
          : packWide(place, MINIBLOCK_VALUES, width, at);
    }
  }
  return at;
}
