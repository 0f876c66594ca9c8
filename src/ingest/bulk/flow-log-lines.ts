/**
 * The lines of one flow log object through a kernel: plain lines become rows there, and the others are
 * handed back for the exact reader, each with the layout that holds for it.
 */
import { findFlowLogField } from '../../flow-log-fields.ts';
import type { ReadAhead } from '../format.ts';
import { isHeader, tokensOf } from '../formats/flow-log-record.ts';
import { ContentEnd } from './content-chunks.ts';
import { indexOfField, type Kernel, STOP } from './kernel.ts';
import type { RowGroups } from './row-groups.ts';

/** Room for a chunk and for what is left of a line before it. */
const INPUT_BYTES = 2 * 1024 * 1024;
/** The kernel reads so far behind the end of the input. */
const PADDING_BYTES = 64;

/** Room for an object's id in the kernel. */
const MAX_ID_BYTES = 64;

/** Lines and bytes handed back, beyond which an object is left to the exact reader. */
const MAX_UNDECIDED_LINES = 20_000;
const MAX_UNDECIDED_BYTES = 4 * 1024 * 1024;

/** Days written out for want of room, beyond which an object is left to the exact reader: its times leap. */
const MAX_EVICTED_DAYS = 30;

export type BulkObject = {
  path: string;
  objectId: string;
  /** Days since 1970 of rows without a time. */
  day: number;
  /** Content beyond this is a decompression bomb. */
  maxBytes: number;
  /** Declared field names. */
  fields?: readonly string[] | undefined;
};

export type FlowLogLines = {
  read(object: BulkObject, chunks: AsyncIterable<Buffer>, groups: RowGroups): Promise<ReadAhead>;
};

/** Makes the reader of one thread, on its kernel. */
export function createFlowLogLines(kernel: Kernel): FlowLogLines {
  const input = kernel.allocate(INPUT_BYTES + PADDING_BYTES);
  const scratch = kernel.allocate(256);

  const setLayout = (names: readonly string[]): boolean => {
    const columns = columnsOf(names);
    if (!columns) {
      kernel.setLayout(scratch, 0, -1, -1, -1);
      return false;
    }
    kernel.bytes().set(columns, scratch);
    const place = (name: string): number => columns.indexOf(indexOfField(name));
    kernel.setLayout(scratch, columns.length, place('log-status'), place('start'), place('end'));
    return true;
  };

  return {
    async read(object, chunks, groups) {
      const id = Buffer.from(object.objectId);
      if (id.length > MAX_ID_BYTES) throw new Error(`object id of ${id.length} bytes is too long`);
      kernel.setLayout(scratch, 0, -1, -1, -1);
      kernel.bytes().set(id, scratch);
      kernel.beginObject(scratch, id.length, object.day);
      const layouts: (readonly string[])[] = [];
      const undecided: ReadAhead['undecided'][number][] = [];
      let undecidedBytes = 0;
      let headerCount = 0;
      let blankCount = 0;
      let evictedCount = 0;
      let isStopped = false;

      const useLayout = (names: readonly string[]): void => {
        layouts.push(names);
        // A layout that the kernel cannot read ends its part; the exact reader goes on behind the header.
        if (!setLayout(names)) isStopped = true;
      };
      if (object.fields) useLayout(object.fields);

      /** Decides about a line that is not plain: its number is the kernel's. */
      const takeLine = (bytes: Buffer): void => {
        const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
        const text = bytes.toString('latin1', 0, end);
        const tokens = tokensOf(text);
        if (tokens.length === 0) {
          blankCount += 1;
        } else if (isHeader(tokens)) {
          headerCount += 1;
          useLayout(tokens);
        } else {
          undecidedBytes += bytes.length;
          if (undecided.length >= MAX_UNDECIDED_LINES || undecidedBytes > MAX_UNDECIDED_BYTES) {
            isStopped = true;
            kernel.lineNumber.value -= 1;
            return;
          }
          undecided.push({
            lineNumber: kernel.lineNumber.value,
            bytes: new Uint8Array(bytes.subarray(0, end)),
            layout: layouts.length - 1,
          });
        }
      };

      /** Takes the lines of the input up to `to`; returns where the first line not taken begins. */
      const takeLines = (to: number): number => {
        let at = input;
        while (at < to && !isStopped) {
          at = kernel.parse(at, to);
          const stop = kernel.stop.value;
          if (stop === STOP.irregular) {
            const end = kernel.lineEnd.value;
            takeLine(kernel.bytes().subarray(at, end));
            at = end + 1;
          } else if (stop === STOP.full) {
            groups.flush(kernel.currentDay(), false);
          } else if (stop === STOP.noDayFree) {
            evictedCount += 1;
            if (evictedCount > MAX_EVICTED_DAYS) isStopped = true;
            else groups.flush(kernel.oldestDay(), true);
          }
        }
        return at;
      };

      let kept = 0;
      /** Takes the lines that end in the chunk; keeps the start of the one that does not. */
      const takeChunk = (chunk: Buffer): void => {
        for (let from = 0; from < chunk.length && !isStopped; ) {
          const size = Math.min(chunk.length - from, INPUT_BYTES - kept);
          const filled = kept + size;
          const memory = kernel.bytes();
          memory.set(chunk.subarray(from, from + size), input + kept);
          from += size;
          const newline = memory.subarray(input, input + filled).lastIndexOf(0x0a);
          if (newline < 0) {
            kept = filled;
            // A line longer than the input is none that the kernel should keep.
            if (filled === INPUT_BYTES) isStopped = true;
          } else {
            const end = takeLines(input + newline + 1);
            kernel.bytes().copyWithin(input, end, input + filled);
            kept = input + filled - end;
          }
        }
      };

      let isWhole = true;
      try {
        if (!isStopped) {
          for await (const chunk of chunks) {
            takeChunk(chunk);
            if (isStopped) break;
          }
        }
        if (!isStopped && kept > 0) {
          kernel.bytes()[input + kept] = 0x0a;
          takeLines(input + kept + 1);
        }
      } catch (thrown) {
        if (!(thrown instanceof ContentEnd)) throw thrown;
        // The exact reader meets the same damage, and says what it is.
        isWhole = false;
      }
      const firstAt = kernel.firstAt.value;
      const lastAt = kernel.lastAt.value;
      return {
        lineCount: kernel.lineNumber.value,
        isWhole: isWhole && !isStopped,
        counts: {
          row: kernel.rowCount.value,
          nodata: kernel.nodataCount.value,
          skipdata: kernel.skipdataCount.value,
          header: headerCount,
          blank: blankCount,
        },
        ...(firstAt <= lastAt ? { firstAt, lastAt } : {}),
        layouts,
        undecided,
      };
    },
  };
}

/**
 * The kernel's columns of a layout; undefined for one that it cannot read: with a field that is not
 * known or stands twice, or with texts only, as any header would be a record of such a layout.
 */
function columnsOf(names: readonly string[]): number[] | undefined {
  if (names.length > 128) return undefined;
  const fields = names.map(findFlowLogField);
  const columns = fields.map((field) => (field ? indexOfField(field.name) : -1));
  if (columns.includes(-1) || new Set(columns).size < columns.length) return undefined;
  const isTelling = fields.some(
    (field) => field && field.type !== 'text' && field.name !== 'log-status',
  );
  return isTelling ? columns : undefined;
}
