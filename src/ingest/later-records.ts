/**
 * What a run as of a past moment leaves to later ones: objects that were not there yet, as their place or
 * their records say. When an object appeared nobody can tell; that it did not yet hold a record of a later
 * time is certain.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { BatchWriter } from '../lake-batch.ts';
import { readFlowLogPath } from './flow-log-path.ts';
import type { Format, LocalObject } from './format.ts';
import { createObjectSink } from './object-sink.ts';

/** True if the place of an object says that all of its records are of that moment or later. */
export function isOfLaterPlace(uri: string, asOf: Date): boolean {
  const { dateFolder, fileTime } = readFlowLogPath(uri);
  return [dateFolder?.start, fileTime].some((start) => start !== undefined && start >= asOf);
}

/**
 * True if the object holds a record of a time after that moment. Reads it whole, and keeps nothing. A pull
 * of CloudWatch Logs asked for what is up to the moment, and holds no other.
 */
export async function hasLaterRecord(
  object: LocalObject,
  format: Format,
  connection: DuckDBConnection,
  asOf: Date,
): Promise<boolean> {
  if (object.uri.startsWith('cloudwatch-logs://')) return false;
  const sink = createObjectSink(object, NOWHERE, connection);
  await format.read(object, sink);
  const { last } = sink.times();
  return last !== undefined && last > asOf.getTime();
}

/** A batch that keeps nothing. */
const NOWHERE: BatchWriter = {
  place: { folder: '', batchId: '' },
  addRow: () => {},
  insertRows: async () => 0,
  drain: async () => {},
  rowCount: () => 0,
  commit: async () => {},
};
