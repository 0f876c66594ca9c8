/**
 * Writing Apache Thrift's compact protocol: as much of it as the metadata of a Parquet file needs
 * ("Thrift Compact protocol encoding", apache/thrift).
 */

const BOOLEAN_TRUE = 1;
const BOOLEAN_FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** A value of a struct's field, with its type. */
export type ThriftValue =
  | { boolean: boolean }
  | { byte: number }
  | { i16: number }
  | { i32: number }
  | { i64: number | bigint }
  | { binary: string | Uint8Array }
  | { struct: ThriftStruct }
  | { list: readonly ThriftValue[] };

/** Field numbers, rising, each with its value; an undefined value leaves the field out. */
export type ThriftStruct = readonly (readonly [number, ThriftValue | undefined])[];

/** The bytes of a struct. */
export function encodeStruct(struct: ThriftStruct): Buffer {
  const parts: Buffer[] = [];
  writeStruct(struct, parts);
  return Buffer.concat(parts);
}

function writeStruct(struct: ThriftStruct, parts: Buffer[]): void {
  let before = 0;
  for (const [id, value] of struct) {
    if (value === undefined) continue;
    const step = id - before;
    if (step < 1 || step > 15) throw new Error(`field ${id} after ${before} cannot be written`);
    parts.push(Buffer.from([(step << 4) | typeOf(value)]));
    // A boolean is told by its type alone.
    if (!('boolean' in value)) writeValue(value, parts);
    before = id;
  }
  parts.push(Buffer.from([0]));
}

function typeOf(value: ThriftValue): number {
  if ('boolean' in value) return value.boolean ? BOOLEAN_TRUE : BOOLEAN_FALSE;
  if ('byte' in value) return BYTE;
  if ('i16' in value) return I16;
  if ('i32' in value) return I32;
  if ('i64' in value) return I64;
  if ('binary' in value) return BINARY;
  return 'struct' in value ? STRUCT : LIST;
}

function writeValue(value: ThriftValue, parts: Buffer[]): void {
  if ('boolean' in value) parts.push(Buffer.from([value.boolean ? BOOLEAN_TRUE : BOOLEAN_FALSE]));
  else if ('byte' in value) parts.push(Buffer.from([value.byte & 0xff]));
  else if ('i16' in value) parts.push(zigzag(BigInt(value.i16)));
  else if ('i32' in value) parts.push(zigzag(BigInt(value.i32)));
  else if ('i64' in value) parts.push(zigzag(BigInt(value.i64)));
  else if ('binary' in value) {
    const bytes = Buffer.from(value.binary as Uint8Array);
    parts.push(varint(BigInt(bytes.length)), bytes);
  } else if ('struct' in value) writeStruct(value.struct, parts);
  else {
    const first = value.list[0];
    const type = first === undefined ? STRUCT : typeOf(first);
    const size = value.list.length;
    parts.push(Buffer.from([(Math.min(size, 15) << 4) | type]));
    if (size >= 15) parts.push(varint(BigInt(size)));
    for (const item of value.list) writeValue(item, parts);
  }
}

function zigzag(value: bigint): Buffer {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
