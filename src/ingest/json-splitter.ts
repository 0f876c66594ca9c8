/**
 * Cuts content into JSON values, in whatever arrangement they stand: one a line, printed over several
 * lines, or one after the other without anything between.
 *
 * A record is one value, or a piece that should have been one. What breaks a value costs as little as
 * possible of what follows: a broken line ends with the line, and within a line the next `}{` after
 * which a value can be read ends the broken piece.
 */

/** Longest value that is read; it is held in memory. Objects of event pipelines are far smaller. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/** Bytes that an object may cost in looking for the end of broken pieces, beside reading it. */
const SEARCH_BYTES = 64 * 1024 * 1024;

export type JsonRecord = {
  /** Line in which it starts, from 1. */
  lineNumber: number;
  /** The parsed object or list; undefined if the bytes are no JSON. */
  value: unknown;
  /** Its bytes, valid only during the call; shorter than `sizeBytes` if it was too long to keep. */
  bytes: Buffer;
  sizeBytes: number;
  /** True if it was printed over several lines. */
  isPrinted: boolean;
  /** True for the fragment that damage left of it. */
  isCut: boolean;
};

export type JsonReading = {
  onRecord: (record: JsonRecord) => void;
  /** A line with nothing in it, outside of values. */
  onBlankLine: () => void;
};

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

const isOpening = (byte: number | undefined): boolean =>
  byte === LEFT_BRACE || byte === LEFT_BRACKET;

/** Blanks, a byte order mark, and the commas that are left of a list that cannot be read. */
const isBetweenValues = (byte: number): boolean =>
  byte === 0x20 ||
  byte === 0x09 ||
  byte === 0x0d ||
  byte === COMMA ||
  byte === 0xef ||
  byte === 0xbb ||
  byte === 0xbf;

/** Where a scan of a value stands. */
type Scan = { depth: number; isInText: boolean; isEscaped: boolean };

/** Takes one byte into account; true if it ends the value. */
function step(scan: Scan, byte: number): boolean {
  if (scan.isInText) {
    if (scan.isEscaped) scan.isEscaped = false;
    else if (byte === BACKSLASH) scan.isEscaped = true;
    else if (byte === QUOTE) scan.isInText = false;
    return false;
  }
  if (byte === QUOTE) scan.isInText = true;
  else if (isOpening(byte)) scan.depth += 1;
  else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) {
    scan.depth -= 1;
    return scan.depth === 0;
  }
  return false;
}

const newScan = (): Scan => ({ depth: 0, isInText: false, isEscaped: false });

/** What the record at hand is: none yet, a value, other text up to its line's end, or all that is left. */
type State = 'between' | 'value' | 'other' | 'rest';

/** Makes a splitter; it is pushed chunks of content, and told when there are no more. */
export function createJsonSplitter({ onRecord, onBlankLine }: JsonReading) {
  let store = Buffer.alloc(0);
  /** End of what is stored, next byte to look at, and start of the record at hand. */
  let length = 0;
  let at = 0;
  let start = 0;
  /** Bytes of the record at hand that were too many to store. */
  let lostBytes = 0;
  let state: State = 'between';
  let scan = newScan();
  let line = 1;
  let startLine = 1;
  let lineHasRecord = false;
  /** Once a value over several lines turned out to be none, every line stands for itself. */
  let mayBePrinted = true;
  let searchBytes = SEARCH_BYTES;

  const emit = (end: number, value: unknown, isCut: boolean): void => {
    const bytes = store.subarray(start, end);
    onRecord({
      lineNumber: startLine,
      value,
      bytes,
      sizeBytes: bytes.length + lostBytes,
      isPrinted: line > startLine,
      isCut,
    });
    lostBytes = 0;
    lineHasRecord = true;
    state = 'between';
  };

  const isBetween = (): boolean => state === 'between';

  const begin = (kind: State): void => {
    state = kind;
    start = at;
    startLine = line;
    scan = newScan();
  };

  const parsed = (from: number, end: number): unknown => {
    try {
      return JSON.parse(store.toString('utf8', from, end));
    } catch {
      return undefined;
    }
  };

  /** Where, before `end`, the next value can be read after a broken one that starts at `start`. */
  const nextValue = (end: number): number | undefined => {
    if (lostBytes > 0 || searchBytes <= 0) return undefined;
    for (let from = start + 1; from < end; from += 1) {
      const before = store[from - 1];
      if (!isOpening(store[from]) || (before !== RIGHT_BRACE && before !== RIGHT_BRACKET)) continue;
      const tried = newScan();
      for (let index = from; index < end; index += 1) {
        searchBytes -= 1;
        if (searchBytes <= 0) return undefined;
        if (!step(tried, store[index] ?? 0)) continue;
        if (parsed(from, index + 1) !== undefined) return from;
        break;
      }
    }
    return undefined;
  };

  /** The record at hand, up to `end`, is no value. `isLast` if nothing follows. */
  const giveUp = (end: number, isLast: boolean, isCut: boolean): void => {
    if (lostBytes === 0 && line > startLine) {
      const firstEnd = store.indexOf(NEWLINE, start);
      if (/^[[{]\s*(?:[[{]\s*)?$/.test(store.toString('latin1', start, firstEnd))) {
        // Only a printed document opens like this: what is left of it are lines that mean nothing.
        if (isLast) emit(end, undefined, isCut);
        else state = 'rest';
        return;
      }
      mayBePrinted = false;
      at = start;
      line = startLine;
      state = 'between';
      return;
    }
    if (!skipTo(nextValue(end), end)) emit(end, undefined, isCut);
  };

  /** The broken piece at hand ends where the next value starts. What was looked at so far is paid for. */
  const skipTo = (next: number | undefined, end: number): boolean => {
    if (next === undefined) return false;
    searchBytes -= end - next;
    emit(next, undefined, false);
    at = next;
    return true;
  };

  /** Looks at what is stored, as far as it goes. */
  const advance = (): void => {
    while (at < length) {
      const byte = store[at] ?? 0;
      if (state === 'between') {
        if (byte === NEWLINE) {
          if (!lineHasRecord) onBlankLine();
          lineHasRecord = false;
          line += 1;
          at += 1;
        } else if (isBetweenValues(byte)) {
          at += 1;
        } else {
          begin(isOpening(byte) ? 'value' : 'other');
        }
      } else if (state === 'rest') {
        if (byte === NEWLINE) line += 1;
        at += 1;
      } else if (state === 'other') {
        const isNext = isOpening(byte) && store[at - 1] === RIGHT_BRACE;
        if (byte === NEWLINE || (isNext && at > start)) emit(at, undefined, false);
        else at += 1;
      } else if (byte === NEWLINE && (scan.isInText || !mayBePrinted)) {
        giveUp(at, false, false);
      } else {
        if (byte === NEWLINE) line += 1;
        at += 1;
        if (!step(scan, byte)) continue;
        const value = lostBytes === 0 ? parsed(start, at) : undefined;
        if (value === undefined) giveUp(at, false, false);
        else emit(at, value, false);
      }
    }
  };

  /** Makes room by what has been read, and by the bytes of a record that is too long. */
  const shrink = (): void => {
    const from = state === 'between' ? at : start;
    if (from > 0) {
      store.copyWithin(0, from, length);
      start -= from;
      at -= from;
      length -= from;
    }
    if (length <= MAX_VALUE_BYTES) return;
    if (state === 'value' && lostBytes === 0) {
      // Where it was no printed document, its lines are read again one by one.
      if (line > startLine) giveUp(length, false, false);
      else skipTo(nextValue(length), length);
      if (isBetween()) return;
    }
    lostBytes += length - MAX_VALUE_BYTES;
    length = MAX_VALUE_BYTES;
    at = length;
  };

  return {
    push(chunk: Buffer): void {
      if (length + chunk.length > store.length) {
        const larger = Buffer.alloc(Math.max(2 * store.length, length + chunk.length));
        store.copy(larger, 0, 0, length);
        store = larger;
      }
      chunk.copy(store, length);
      length += chunk.length;
      advance();
      shrink();
      advance();
    },
    finish(isCut: boolean): void {
      // Giving up may go back to read the lines of a value one by one.
      while (state !== 'between' || at < length) {
        if (state === 'between') advance();
        else if (state === 'value') giveUp(length, true, isCut);
        else emit(length, undefined, isCut);
      }
    },
  };
}
