/**
 * The contract of an envelope: what wraps each record of a log when CloudWatch Logs or Firehose hands
 * it on. An envelope knows nothing of the records in it; a format knows nothing of the envelope.
 */
import type { Cell, LocalObject } from './format.ts';
import type { Line } from './line-splitter.ts';
import type { LinesResult } from './lines.ts';

/** What an envelope holds at one place: counted on its own, as a line is elsewhere. */
export type EnvelopeRecord = {
  /** From 1. */
  number: number;
  /** What is kept of it if it is rejected. */
  bytes: Buffer;
  /** Its length, where `bytes` is only its start. */
  sizeBytes?: number;
  content:
    | { kind: 'message'; message: string }
    /** A part of the envelope that is rightly no record. */
    | { kind: 'header' | 'blank' }
    | { kind: 'problem'; reason: string };
  /** Rows that the envelope itself gives, beside those of the message. */
  rows?: readonly { table: string; row: Readonly<Record<string, Cell>> }[];
};

export type Envelope = {
  name: string;
  /** The first messages, if the start of the content is of this envelope; else undefined. */
  peek(head: Buffer, object: LocalObject): string[] | undefined;
  /**
   * False for a message whose envelope may be a part of it: a line of syslog opens with a time too, and
   * an event that states none must keep it. Absent where there is no such doubt.
   */
  isWholeEvent?(message: string): boolean;
  /** Calls `onRecord` for each record, in order. `lineCount` of the result counts these calls. */
  read(
    object: LocalObject,
    onRecord: (record: EnvelopeRecord) => void,
    drain: () => Promise<void>,
  ): Promise<LinesResult>;
};

/** Messages that are enough to tell what they are. */
export const PEEKED_MESSAGES = 20;

/** Why a line or document cannot be read whatever it holds; undefined if it can. */
export function recordProblem(line: Line): string | undefined {
  if (line.isCut) return 'the object ends or is damaged within this record';
  if (line.sizeBytes > line.bytes.length) {
    return `record of ${line.sizeBytes} bytes is longer than one may be (${line.bytes.length})`;
  }
  return undefined;
}
