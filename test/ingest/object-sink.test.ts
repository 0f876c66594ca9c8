import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { createObjectSink, type ObjectSink } from '../../src/ingest/object-sink.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import { type BatchWriter, openBatch } from '../../src/lake-batch.ts';
import type { LakeLock } from '../../src/lake-lock.ts';
import { memoryObject } from '../memory-sink.ts';

let lake = '';
let lock: LakeLock;
let database: Database;
let batch: BatchWriter;
let sink: ObjectSink;

beforeEach(async () => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-sink-'));
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
  batch = await openBatch(database.connection, lake, 'batch');
  sink = createObjectSink(memoryObject('', 0, {}), batch, database.connection);
});

afterEach(async () => {
  database.close();
  await lock.release();
  rmSync(lake, { recursive: true });
});

/** Commits what the sink got, and asks the lake for it. */
async function query(sql: string): Promise<Record<string, unknown>[]> {
  batch.addRow('source_object', { object_id: 'object-1' });
  await batch.commit();
  await createLakeViews(database.connection, lake);
  return readRows(database.connection, sql);
}

const START = 1_793_491_200_000_000n;

describe('createObjectSink', () => {
  test('fills in the object, and the date of start, else of end, else of the object', async () => {
    sink.add('flow', { line_number: 1, start_at: START, end_at: START + 86_400_000_000n });
    sink.add('flow', { line_number: 2, end_at: START + 86_400_000_000n });
    sink.add('flow', { line_number: 3 });
    expect(
      await query(
        'select line_number, object_id, cast(flow_date as varchar) as date from flow order by all',
      ),
    ).toEqual([
      { line_number: 1n, object_id: 'object-1', date: '2026-11-01' },
      { line_number: 2n, object_id: 'object-1', date: '2026-11-02' },
      { line_number: 3n, object_id: 'object-1', date: '2026-11-20' },
    ]);
  });

  test('does the same for rows that the engine makes', async () => {
    expect(
      await sink.insert(
        'flow',
        `select * from (values (1, timestamp '2026-11-01 00:00:00', timestamp '2026-11-02 00:00:00'),
           (2, null, timestamp '2026-11-03 00:00:00'), (3, null, null)) t(line_number, start_at, end_at)`,
      ),
    ).toBe(3);
    expect(sink.counts().rowCount).toBe(3);
    expect(sink.times()).toEqual({
      first: Date.UTC(2026, 10, 1),
      last: Date.UTC(2026, 10, 3),
    });
    expect(
      await query(
        'select line_number, object_id, cast(flow_date as varchar) as date from flow order by all',
      ),
    ).toEqual([
      { line_number: 1n, object_id: 'object-1', date: '2026-11-01' },
      { line_number: 2n, object_id: 'object-1', date: '2026-11-03' },
      { line_number: 3n, object_id: 'object-1', date: '2026-11-20' },
    ]);
  });

  test('gives events without an id one of their own, and leaves the others theirs', async () => {
    const eventAt = new Date('2026-11-02T10:00:00Z');
    sink.add('ips_event', { event_at: eventAt, product: 'suricata' });
    sink.add('ips_event', { event_at: eventAt, event_id: 'own' });
    sink.add('ips_event', { event_at: eventAt });
    expect(await query('select event_id from ips_event order by all')).toEqual([
      { event_id: 'object-1:1' },
      { event_id: 'object-1:2' },
      { event_id: 'own' },
    ]);
  });

  test('counts lines once, whatever rows they give, and knows the range of times', async () => {
    expect(sink.times()).toEqual({ first: undefined, last: undefined });
    sink.add('flow', { start_at: START, end_at: START + 60_000_000n });
    sink.add('flow_status', { start_at: START - 1_000_000n }, true);
    await sink.insert('flow_status', "select 'NODATA' as log_status", true);
    sink.count('nodata');
    sink.count('header', 2);
    sink.count('blank', 3);
    sink.reject(9, 'bad', Buffer.from('x'));
    expect(sink.counts()).toEqual({
      rowCount: 1,
      rejectedCount: 1,
      nodataCount: 1,
      skipdataCount: 0,
      headerCount: 2,
      blankCount: 3,
      maskedCount: 0,
    });
    expect(sink.times()).toEqual({
      first: Number(START / 1000n) - 1000,
      last: Number(START / 1000n) + 60_000,
    });
  });

  test('keeps the first 64 KiB of a rejected line as they were, and its length', async () => {
    expect(sink.firstReject()).toBeUndefined();
    const bytes = Buffer.alloc(70_000, 'a');
    sink.reject(2, 'too long', bytes);
    bytes.fill('b');
    sink.reject(3, 'other', Buffer.from('second'));
    expect(sink.firstReject()).toEqual({ lineNumber: 2, reason: 'too long' });
    expect(
      await query(
        `select uri, line_number, reason, decode(record_bytes) as record, record_size_bytes as size
         from rejected_record order by line_number`,
      ),
    ).toEqual([
      {
        uri: 'file:///logs/object',
        line_number: 2n,
        reason: 'too long',
        record: 'a'.repeat(65_536),
        size: 70_000n,
      },
      { uri: 'file:///logs/object', line_number: 3n, reason: 'other', record: 'second', size: 6n },
    ]);
  });

  test('refuses tables and columns that ingest does not write', async () => {
    expect(() => sink.add('flow_detail', {})).toThrow(/does not write flow_detail/);
    expect(() => sink.add('flow', { no_such: 1 })).toThrow(/no column no_such/);
  });

  test('answers queries, for formats that the engine reads', async () => {
    expect(await sink.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});
