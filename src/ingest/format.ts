/**
 * The contract of a format: what recognises the content of an object and turns it into rows.
 *
 * A format never throws for bad content. A line that it cannot read goes to `sink.reject` with the
 * reason and the value found; what makes the rest of the object unreadable is returned as `damage`.
 * Every line or record ends in exactly one of: a row, a reject, NODATA, SKIPDATA, header, blank.
 */
import type { Readable } from 'node:stream';
import type { Cell } from '../tables.ts';

export type Kind = 'flow_logs' | 'ips_events' | 'inventory' | 'cloudtrail';

/** What the source or the configuration knows of an object, beside its bytes. */
export type ObjectHints = {
  /** Field names of the flow log, where the object has no header (CloudWatch Logs, or declared). */
  fields?: readonly string[];
  /** Why the fields are not known, where the source looked for them. */
  fieldsProblem?: string;
  flowLogId?: string;
  accountId?: string;
  region?: string;
  /** When an inventory snapshot was taken, where the configuration says it. */
  takenAt?: Date;
  /** Decompressed bytes allowed for each compressed byte; `MAX_EXPANSION` of `lines.ts` if absent. */
  maxExpansion?: number;
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
  /** Folder for what a format must put aside while it reads; the system's own if absent. */
  scratchFolder?: string;
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
  /**
   * Keeps a line that could not be read. `bytes` may be reused by the caller afterwards; `sizeBytes` is
   * the length of the line where `bytes` is only its start.
   */
  reject(lineNumber: number, reason: string, bytes: Uint8Array, sizeBytes?: number): void;
  /**
   * Adds rows that the engine makes itself: `select` names columns of the table; those left out are
   * null. Each row counts as one line unless `isExtra`. Returns how many were added.
   */
  insert(table: string, select: string, isExtra?: boolean): Promise<number>;
  /** Rows of a query on the engine, for formats that the engine reads. Small results only. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Counts what another thread has put into the batch. */
  countAhead(ahead: ReadAhead): void;
  /** Resolves when the rows added so far have room; to be awaited now and then in long loops. */
  drain(): Promise<void>;
};

/** What was made of an object's first lines before `read` is called: by a reader on another thread. */
export type ReadAhead = {
  /** Lines taken, from the first one on; `read` goes on behind them. */
  lineCount: number;
  /** True if there are no others. */
  isWhole: boolean;
  counts: Readonly<Record<'row' | 'nodata' | 'skipdata' | 'header' | 'blank', number>>;
  /** Earliest and latest time of the rows, in microseconds. */
  firstAt?: bigint;
  lastAt?: bigint;
  /** Field names, by the lists that were met. */
  layouts: readonly (readonly string[])[];
  /** Lines among those taken that `read` must decide about, with the layout (-1: none) that holds. */
  undecided: readonly { lineNumber: number; bytes: Uint8Array; layout: number }[];
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
  /** True if objects may be read ahead by `bulk/bulk-reader.ts`: flow log text alone. */
  isReadAhead?: true;
  /** `ahead` is given where the object was read ahead; its rows are counted, but in the batch already. */
  read(object: LocalObject, sink: Sink, ahead?: ReadAhead): Promise<ReadResult>;
};

/** Opens the bytes of a source object. Used by sources whose objects are not local files. */
export type OpenObject = () => Promise<Readable>;
