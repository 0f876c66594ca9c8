/** What a line is, and how chunks of bytes become lines. */

/** Longest line that is kept whole; the rest of a longer one is counted but not stored. */
export const MAX_LINE_BYTES = 1024 * 1024;

export type Line = {
  /** From 1. */
  number: number;
  /** Without its line end. Valid only during the call. */
  bytes: Buffer;
  /** Length before it was shortened to MAX_LINE_BYTES. */
  sizeBytes: number;
  /** True for the fragment that damage left of a line. */
  isCut: boolean;
};

/** Why the line did not arrive whole, if it did not. */
export function lineProblem(line: Line): string | undefined {
  if (line.isCut) return 'the object ends or is damaged within this line';
  if (line.sizeBytes > line.bytes.length) {
    return `line of ${line.sizeBytes} bytes is longer than a record may be (${MAX_LINE_BYTES})`;
  }
  return undefined;
}

/** Cuts content into lines, or into whatever else is a record of it. */
export type Splitter = {
  push(chunk: Buffer): void;
  /** Delivers what stands after the last end of a record. */
  finish(isCut: boolean): void;
  lineCount(): number;
};

/** Splits at LF; a CR before it is no part of the line. Lines over MAX_LINE_BYTES are shortened. */
export function createLineSplitter(onLine: (line: Line) => void): Splitter {
  let number = 0;
  let pending: Buffer[] = [];
  let pendingSize = 0;
  let keptSize = 0;
  /** The last byte of what is pending, also where it is not kept. */
  let lastByte: number | undefined;

  const keep = (part: Buffer): void => {
    pendingSize += part.length;
    lastByte = part.at(-1) ?? lastByte;
    const room = MAX_LINE_BYTES - keptSize;
    if (room <= 0) return;
    const kept = part.length > room ? part.subarray(0, room) : part;
    pending.push(Buffer.from(kept));
    keptSize += kept.length;
  };

  const emit = (stored: Buffer, storedSize: number, last: number | undefined, isCut: boolean) => {
    number += 1;
    const sizeBytes = last === 0x0d ? storedSize - 1 : storedSize;
    const bytes = stored.subarray(0, Math.min(sizeBytes, MAX_LINE_BYTES));
    onLine({ number, bytes, sizeBytes, isCut });
  };

  return {
    push(chunk: Buffer): void {
      let from = 0;
      for (;;) {
        const end = chunk.indexOf(0x0a, from);
        if (end < 0) break;
        if (pendingSize === 0) {
          emit(chunk.subarray(from, end), end - from, chunk[Math.max(end - 1, 0)], false);
        } else {
          keep(chunk.subarray(from, end));
          const whole = pending.length === 1 && pending[0] ? pending[0] : Buffer.concat(pending);
          const sizeBytes = pendingSize;
          pending = [];
          pendingSize = 0;
          keptSize = 0;
          emit(whole, sizeBytes, lastByte, false);
        }
        from = end + 1;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
    },
    finish(isCut: boolean): void {
      if (pendingSize === 0) return;
      emit(Buffer.concat(pending), pendingSize, lastByte, isCut);
    },
    lineCount: () => number,
  };
}
