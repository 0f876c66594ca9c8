/**
 * JSON documents that follow each other with or without line ends between them, as Firehose writes
 * them: the bytes of each document, found without parsing it.
 *
 * A damaged document ends where the damage shows (a line end within a text, `{` after `}` within an
 * object, which JSON never has), so that those after it are read.
 */
import type { Line, Splitter } from './line-splitter.ts';

/** Longest document that is kept whole; the rest of a longer one is counted but not stored. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const isBlank = (byte: number): boolean =>
  byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;

/**
 * Calls `onDocument` for each document, with its number from 1. What stands between documents and is
 * not blank is a document of its own, up to the next line end or `{`.
 */
export function createDocumentSplitter(onDocument: (document: Line) => void): Splitter {
  let number = 0;
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  /** The last byte outside texts that is not blank. */
  let last = 0;
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  let keptBytes = 0;

  const keep = (part: Buffer): void => {
    if (part.length === 0) return;
    sizeBytes += part.length;
    const room = MAX_DOCUMENT_BYTES - keptBytes;
    if (room <= 0) return;
    const kept = Buffer.from(part.length > room ? part.subarray(0, room) : part);
    parts.push(kept);
    keptBytes += kept.length;
  };

  const end = (isCut: boolean): void => {
    const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    const size = sizeBytes;
    parts = [];
    sizeBytes = 0;
    keptBytes = 0;
    depth = 0;
    isInText = false;
    isEscaped = false;
    last = 0;
    if (bytes.every(isBlank)) return;
    number += 1;
    onDocument({ number, bytes, sizeBytes: size, isCut });
  };

  return {
    push(chunk) {
      let from = 0;
      const cut = (at: number, next = at): void => {
        keep(chunk.subarray(from, at));
        from = next;
        end(false);
      };
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] as number;
        if (isInText) {
          if (byte === LF) cut(at, at + 1);
          else if (isEscaped) isEscaped = false;
          else if (byte === BACKSLASH) isEscaped = true;
          else if (byte === QUOTE) {
            isInText = false;
            last = byte;
          }
          continue;
        }
        if (isBlank(byte)) {
          if (byte === LF && depth === 0) cut(at, at + 1);
          continue;
        }
        if (byte === OPEN) {
          if (depth === 0 || last === CLOSE) cut(at);
          depth += 1;
        } else if (byte === QUOTE && depth > 0) {
          isInText = true;
        }
        last = byte;
        if (byte === CLOSE && depth > 0) {
          depth -= 1;
          if (depth === 0) cut(at + 1);
        }
      }
      keep(chunk.subarray(from));
    },
    finish(isCut) {
      end(isCut || depth > 0);
    },
    lineCount: () => number,
  };
}
