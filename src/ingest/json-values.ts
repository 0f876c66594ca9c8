/** JSON values out of files and texts, in whatever arrangement they stand there. */
import { createJsonSplitter, type JsonReading, type JsonRecord } from './json-splitter.ts';
import { type LinesResult, readLines } from './lines.ts';

/** Reads the records of an object in order. `lineCount` is their number and that of the blank lines. */
export function readJsonValues(
  content: Parameters<typeof readLines>[0],
  reading: JsonReading,
  drain?: () => Promise<void>,
): Promise<LinesResult> {
  let found: JsonRecord | undefined;
  return readLines(
    content,
    // Where a damaged file is read a second time, only what is new comes up to here.
    () => {
      if (found === undefined) reading.onBlankLine();
      else reading.onRecord(found);
    },
    drain,
    (onLine) => {
      let number = 0;
      const deliver = (record: JsonRecord | undefined): void => {
        number += 1;
        found = record;
        const { bytes, sizeBytes, isCut } = record ?? BLANK_LINE;
        onLine({ number, bytes, sizeBytes, isCut });
      };
      const { push, finish } = createJsonSplitter({
        onRecord: deliver,
        onBlankLine: () => deliver(undefined),
      });
      return { push, finish, lineCount: () => number };
    },
  );
}

const BLANK_LINE = { bytes: Buffer.alloc(0), sizeBytes: 0, isCut: false } as const;

/** The values in a text, and the pieces of it that are none. */
export function jsonValuesIn(text: string): { values: unknown[]; broken: string[] } {
  const values: unknown[] = [];
  const broken: string[] = [];
  const splitter = createJsonSplitter({
    onRecord({ value, bytes }) {
      if (value === undefined) broken.push(bytes.toString('utf8'));
      else values.push(value);
    },
    onBlankLine() {},
  });
  splitter.push(Buffer.from(text));
  splitter.finish(false);
  return { values, broken };
}
