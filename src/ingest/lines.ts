/**
 * Bytes to lines, for every text format: gzip or plain, bounded in memory, and exact about damage.
 *
 * What a damaged gzip file holds before the damage is delivered: where the strict decompressor drops
 * its last output, a second, lenient pass brings the lines that the first did not reach. The fragment
 * at the point of damage is delivered with `isCut`.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import {
  constants,
  createGunzip,
  createInflateRaw,
  type Gunzip,
  gunzipSync,
  type InflateRaw,
} from 'node:zlib';
import { messageOf } from '../errors.ts';
import { createLineSplitter, type Line, type Splitter } from './line-splitter.ts';

/**
 * Decompressed bytes allowed for each compressed byte where the configuration says nothing else; more
 * is taken for a decompression bomb. Flow logs of real traffic expand 5 to 30 times.
 */
export const MAX_EXPANSION = 250;

/** What any object may expand to: far from harm, and small files of much the same lines do. */
const MIN_EXPANSION_BYTES = 64 * 1024 * 1024;

/** Decompressed bytes at which reading an object of that compressed size stops. */
export function expansionLimit(sizeBytes: number, maxExpansion = MAX_EXPANSION): number {
  return Math.max(MIN_EXPANSION_BYTES, sizeBytes * maxExpansion);
}

export type LinesResult = { lineCount: number; damage?: string };

/** True if the bytes start as gzip data does. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** At once rather than awaited: the wait is longer than the reading, once for each object. */
function readHead(path: string, length: number, start = 0): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, start));
  } finally {
    closeSync(file);
  }
}

/** The first bytes of the content, decompressed if it is gzip, for recognising the format. */
export async function readContentHead(path: string, length = 65_536): Promise<Buffer> {
  const head = readHead(path, length);
  if (!isGzip(head)) return head;
  const start = inflateStart(head.subarray(0, SMALL_HEAD_BYTES), length);
  if (start) return start;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    await pump(path, 0, createGunzip(LENIENT), (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= length) throw new EnoughRead();
    });
  } catch (thrown) {
    if (!(thrown instanceof EnoughRead) && size === 0) return Buffer.alloc(0);
  }
  return Buffer.concat(chunks).subarray(0, length);
}

const SMALL_HEAD_BYTES = 16_384;

/** What the first bytes of a sound gzip file hold, at once: for small objects a stream costs more. */
function inflateStart(head: Buffer, length: number): Buffer | undefined {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, length);
  } catch {
    return undefined;
  }
}

/** Thrown by a chunk handler to end the reading early. */
class EnoughRead extends Error {}

type OnChunk = (chunk: Buffer) => void | Promise<void>;

/** Returns how many bytes the decompressor took. */
async function pump(
  path: string,
  start: number,
  target: Gunzip | InflateRaw,
  onChunk: OnChunk,
): Promise<number> {
  const file = createReadStream(path, { start, highWaterMark: 256 * 1024 });
  file.on('error', (thrown) => target.destroy(thrown));
  file.pipe(target);
  try {
    for await (const chunk of target) await onChunk(chunk as Buffer);
    return target.bytesWritten;
  } finally {
    file.destroy();
    target.destroy();
  }
}

/** Checksum and length at the end of a gzip member. */
const TRAILER_BYTES = 8;

const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 1024 };

/**
 * Decompresses as the format demands; throws at the first damage. Returns what is wrong with the bytes
 * behind the end: the decompressor ends at a zero byte after a member, which pads a file at best.
 */
async function decompress(
  path: string,
  size: number,
  onChunk: OnChunk,
): Promise<string | undefined> {
  const end = await pump(path, 0, createGunzip({ chunkSize: 256 * 1024 }), onChunk);
  if (end >= size) return undefined;
  for await (const chunk of createReadStream(path, { start: end })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) {
      return `gzip: data after the padding at byte ${end} was not read (of ${size} bytes)`;
    }
  }
  return undefined;
}

/**
 * Decompresses what can be had of a damaged file, member by member, to within 1 KiB of the damage.
 * Checksums are left out of account: one of them is known to be wrong, or missing.
 */
async function decompressDamaged(path: string, size: number, onChunk: OnChunk): Promise<void> {
  let start = 0;
  while (start < size) {
    const head = readHead(path, 65_536, start);
    if (!isGzip(head)) return;
    const bodyAt = start + gzipHeaderLength(head);
    const bodySize = await pump(path, bodyAt, createInflateRaw(LENIENT), onChunk);
    start = bodyAt + bodySize + TRAILER_BYTES;
  }
}

/** True for what a decompressor throws at damaged content. */
export function isZlibError(thrown: unknown): boolean {
  return String((thrown as NodeJS.ErrnoException).code).startsWith('Z_');
}

/** Length of the header of a gzip member (RFC 1952, 2.3). */
function gzipHeaderLength(head: Buffer): number {
  const flags = head[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (head[at] ?? 0) + 256 * (head[at + 1] ?? 0);
  for (const flag of [8, 16]) {
    if (flags & flag) at = head.indexOf(0, at) + 1 || head.length;
  }
  return flags & 2 ? at + 2 : at;
}

/**
 * Calls `onLine` for each line of the file, in order. Line ends are LF or CRLF; a last line without
 * one counts. Never throws for bad content: damage is in the result. Errors of the file system and of
 * `onLine` are thrown. Of gzip content that expands more than `hints.maxExpansion` times, the rest is not read.
 */
export async function readLines(
  content: { path: string; hints?: { maxExpansion?: number } },
  onLine: (line: Line) => void,
  drain: () => Promise<void> = async () => {},
  split: (onRecord: (line: Line) => void) => Splitter = createLineSplitter,
): Promise<LinesResult> {
  const { path } = content;
  const maxExpansion = content.hints?.maxExpansion ?? MAX_EXPANSION;
  const head = readHead(path, 2);
  const splitter = split(onLine);
  if (!isGzip(head)) {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      splitter.push(chunk as Buffer);
      await drain();
    }
    splitter.finish(false);
    return { lineCount: splitter.lineCount() };
  }
  const { size } = statSync(path);
  const limit = expansionLimit(size, maxExpansion);
  const feed = (target: Splitter) => {
    let total = 0;
    return async (chunk: Buffer): Promise<void> => {
      total += chunk.length;
      if (total > limit) throw new ExpansionError();
      target.push(chunk);
      await drain();
    };
  };
  try {
    const damage = await decompress(path, size, feed(splitter));
    splitter.finish(false);
    return { lineCount: splitter.lineCount(), ...(damage === undefined ? {} : { damage }) };
  } catch (thrown) {
    if (thrown instanceof ExpansionError) {
      splitter.finish(true);
      return { lineCount: splitter.lineCount(), damage: expansionDamage(size, maxExpansion) };
    }
    if (!isZlibError(thrown)) throw thrown;
    const delivered = splitter.lineCount();
    const rest = split((line) => {
      if (line.number > delivered) onLine(line);
    });
    await decompressDamaged(path, size, feed(rest)).catch((second: unknown) => {
      if (!isZlibError(second) && !(second instanceof ExpansionError)) throw second;
    });
    rest.finish(true);
    return {
      lineCount: Math.max(rest.lineCount(), delivered),
      damage: `gzip: ${messageOf(thrown)}`,
    };
  }
}

class ExpansionError extends Error {}

/** What is said of an object that was not read on, with the key that allows more. */
export function expansionDamage(sizeBytes: number, maxExpansion = MAX_EXPANSION): string {
  return `gzip: expands to over ${expansionLimit(sizeBytes, maxExpansion)} bytes, more than ${maxExpansion} times its ${sizeBytes}; stopped there (limits.max_expansion in the config allows more)`;
}
