/**
 * The contract of a source: what lists objects and brings their bytes to local disk.
 *
 * A source lists only what the period may need, never twice the same URI and version, and brings
 * bytes as they are stored: decompression, hashing and parsing are not its business.
 */
import type { ObjectHints } from './format.ts';

/** Half open: `start <= t < end`, UTC. */
export type Period = { start: Date; end: Date };

export type ListedObject = {
  uri: string;
  /** Changes whenever the bytes change: version id, ETag, or size and modification time. */
  version: string;
  /** The store's own id of this version, where it gives one with the bytes: known once fetched. */
  versionId?: string;
  /** Size as stored, in bytes; undefined where it is known only after the pull. */
  sizeBytes?: number;
  modifiedAt: Date;
  hints: ObjectHints;
  /**
   * Brings the object to local disk and returns its path: the file itself for local files, else a
   * new file in `folder`. Returns undefined if there is nothing new after all.
   * Throws FlowproofError SOURCE_UNREACHABLE if the bytes cannot be had or do not arrive whole.
   */
  fetch(folder: string): Promise<string | undefined>;
};

export type Source = {
  /** The entry of the configuration, such as `flow_logs[0]`; shown in the ledger. */
  label: string;
  /** What the user wrote there, such as `s3://bucket/prefix`; shown in messages. */
  place: string;
  list(period: Period): AsyncIterable<ListedObject>;
};
