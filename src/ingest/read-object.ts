/**
 * One object that is on local disk: recognised by its content, read into the batch, and entered in the
 * ledger with every line accounted for.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { BatchWriter } from '../lake-batch.ts';
import type { Format, Kind, LocalObject, ReadAhead } from './format.ts';
import { FORMATS } from './formats.ts';
import type { Fingerprint, KnownObject, Ledger } from './ledger.ts';
import { readContentHead } from './lines.ts';
import { type Counts, createObjectSink, type FirstReject, type ObjectSink } from './object-sink.ts';
import type { ListedObject } from './source.ts';

export type ObjectStatus = 'loaded' | 'damaged' | 'refused' | 'duplicate';

export type ReadTask = {
  listed: ListedObject;
  path: string;
  scratchFolder: string;
  fingerprint: Fingerprint;
  objectId: string;
  kind: Kind;
  /** The entry of the configuration that listed it. */
  label: string;
  /** The same object as it was refused before. */
  refused: KnownObject | undefined;
  /** An object with the same bytes, whose rows are there already. */
  copy: KnownObject | undefined;
  /** What it was recognised as; undefined for a copy, and where no format recognises it. */
  format: Format | undefined;
  runId: string;
  readAt: Date;
};

export type ReadOutcome = {
  status: ObjectStatus;
  /** Why it is damaged, refused or a duplicate. */
  reason: string | undefined;
  counts: Counts;
  firstReject: FirstReject | undefined;
};

/** The object of a task, as formats see it. */
export function localObject(
  task: Pick<ReadTask, 'listed' | 'path' | 'fingerprint' | 'objectId' | 'scratchFolder'>,
): LocalObject {
  const { listed, path, fingerprint, objectId, scratchFolder } = task;
  return {
    objectId,
    uri: listed.uri,
    path,
    sizeBytes: fingerprint.sizeBytes,
    modifiedAt: listed.modifiedAt,
    hints: listed.hints,
    scratchFolder,
  };
}

/** The format that recognises the object by its content. */
export async function recogniseFormat(
  object: LocalObject,
  kind: Kind,
): Promise<Format | undefined> {
  const head = await readContentHead(object.path);
  return FORMATS.find((format) => format.kind === kind && format.recognises(head, object));
}

/**
 * Reads the object and adds its ledger row, to the batch and to the ledger in memory. `ahead` is what
 * another thread has made of it already.
 */
export async function readObject(
  task: ReadTask,
  batch: BatchWriter,
  ledger: Ledger,
  connection: DuckDBConnection,
  ahead?: ReadAhead,
): Promise<ReadOutcome> {
  const { listed, fingerprint, objectId, copy } = task;
  const object = localObject(task);
  const sink = createObjectSink(object, batch, connection);
  const replaced =
    task.refused ??
    ledger
      .history(listed.uri)
      .findLast((known) => fingerprint.prefixes.get(known.sizeBytes) === known.sha256);
  const content = await readContent(task, object, sink, ahead);
  const counts = sink.counts();
  const { first, last } = sink.times();
  batch.addRow('source_object', {
    object_id: objectId,
    uri: listed.uri,
    source: task.label,
    kind: task.kind,
    version: listed.version,
    version_id: listed.versionId,
    size_bytes: fingerprint.sizeBytes,
    modified_at: listed.modifiedAt,
    sha256: fingerprint.sha256,
    format: content.format?.name,
    fields: content.fields,
    flow_log_id: listed.hints.flowLogId,
    account_id: listed.hints.accountId,
    region: listed.hints.region,
    status: content.status,
    reason: content.reason,
    line_count: content.lineCount,
    row_count: counts.rowCount,
    rejected_count: counts.rejectedCount,
    nodata_count: counts.nodataCount,
    skipdata_count: counts.skipdataCount,
    header_count: counts.headerCount,
    blank_count: counts.blankCount,
    masked_count: counts.maskedCount,
    first_at: first === undefined ? undefined : new Date(first),
    last_at: last === undefined ? undefined : new Date(last),
    supersedes_object_id: replaced?.objectId,
    duplicate_of_object_id: copy?.objectId,
    ingested_at: task.readAt,
    run_id: task.runId,
  });
  await batch.drain();
  ledger.add({
    objectId,
    uri: listed.uri,
    version: listed.version,
    sha256: fingerprint.sha256,
    sizeBytes: fingerprint.sizeBytes,
    status: content.status,
    isOpen: false,
  });
  return {
    status: content.status,
    reason: content.reason,
    counts,
    firstReject: sink.firstReject(),
  };
}

type Content = {
  status: ObjectStatus;
  reason?: string;
  format?: Format;
  lineCount: number;
  fields?: readonly string[] | undefined;
};

async function readContent(
  { kind, copy, format }: ReadTask,
  object: LocalObject,
  sink: ObjectSink,
  ahead: ReadAhead | undefined,
): Promise<Content> {
  if (copy) return { status: 'duplicate', reason: `same bytes as ${copy.uri}`, lineCount: 0 };
  if (!format) {
    const candidates = FORMATS.filter((candidate) => candidate.kind === kind);
    const names = candidates.map((candidate) => candidate.name).join(', ');
    const unknown = `no ${kind} format recognises its content (known: ${names})`;
    const head = await readContentHead(object.path);
    const nothing = object.sizeBytes === 0 ? 'it is empty' : 'gzip: no byte of it can be read';
    const reason = head.length === 0 ? nothing : unknown;
    return { status: 'refused', reason, lineCount: 0 };
  }
  const { lineCount, fields, damage } = await format.read(object, sink, ahead);
  if (damage === undefined) return { status: 'loaded', format, lineCount, fields };
  const status = lineCount === 0 ? 'refused' : 'damaged';
  return { status, reason: damage, format, lineCount, fields };
}
