/**
 * The contract of a format: what recognises the content of an object and turns it into rows.
 *
 * A format never throws for bad content. A line that it cannot read goes to `sink.reject` with the
 * reason and the value found; what makes the rest of the object unreadable is returned as `damage`.
 * Every line or record ends in exactly one of: a row, a reject, NODATA, SKIPDATA, header, blank.
 */
import type { Readable } from 'node:stream';
import type { Cell } from '../tables.ts';

export type Kind = 'flow_logs' | 'ips_events' | 'inventory';

/** What the source or the configuration knows of an object, beside its bytes. */
export type ObjectHints = {
  /** Field names of the flow log, where the object has no header (CloudWatch Logs, or declared). */
  fields?: readonly string[];
  flowLogId?: string;
  accountId?: string;
  region?: string;
  /** When an inventory snapshot was taken, where the configuration says it. */
  takenAt?: Date;
  /** Zone of syslog headers without an offset, as `+02:00`; UTC if absent. */
  utcOffset?: string;
};

/** An object on local disk, ready to be read. */
export type LocalObject = {
  objectId: string;
  uri: string;
  path: string;
  sizeBytes: number;
  /** The source's own modification time; the receive time of records that state none. */
  modifiedAt: Date;
  hints: ObjectHints;
};

export type { Cell };

/** Where a format puts what it reads. */
export type Sink = {
  /**
   * Adds one row to a table of the catalogue, keyed by column name; columns left out are null.
   * `object_id` and the partition column of the table are filled in by the sink.
   * The row counts as one line unless `isExtra` is true (a second row made of the same line).
   */
  add(table: string, row: Readonly<Record<string, Cell>>, isExtra?: boolean): void;
  /** Counts a line that is rightly no row. */
  count(kind: 'nodata' | 'skipdata' | 'header' | 'blank', lines?: number): void;
  /** Keeps a line that could not be read. `bytes` may be reused by the caller afterwards. */
  reject(lineNumber: number, reason: string, bytes: Uint8Array): void;
  /**
   * Adds rows that the engine makes itself: `select` names columns of the table; those left out are
   * null. Each row counts as one line unless `isExtra`. Returns how many were added.
   */
  insert(table: string, select: string, isExtra?: boolean): Promise<number>;
  /** Rows of a query on the engine, for formats that the engine reads. Small results only. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Resolves when the rows added so far have room; to be awaited now and then in long loops. */
  drain(): Promise<void>;
};

export type ReadResult = {
  /** Lines (or records, in formats that have no lines) met, counted on their own. */
  lineCount: number;
  /** Field names in the object's own order, for flow logs. */
  fields?: readonly string[];
  /** Why the rest of the object could not be read; what came before it stands. */
  damage?: string;
};

export type Format = {
  name: string;
  kind: Kind;
  /**
   * True if the content is of this format. `head` is the start of the content after decompression
   * (up to 64 KiB); `object.hints.fields` may be what tells.
   */
  recognises(head: Buffer, object: LocalObject): boolean;
  read(object: LocalObject, sink: Sink): Promise<ReadResult>;
};

/** Opens the bytes of a source object. Used by sources whose objects are not local files. */
export type OpenObject = () => Promise<Readable>;
