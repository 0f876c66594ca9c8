import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../src/database.ts';
import { createLakeViews, openLakeForWriting } from '../src/lake.ts';
import { openBatch } from '../src/lake-batch.ts';
import type { LakeLock } from '../src/lake-lock.ts';
import { TABLES } from '../src/tables.ts';

let lake = '';
let lock: LakeLock;
let database: Database;

beforeEach(async () => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-batch-'));
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
});

afterEach(async () => {
  database.close();
  await lock.release();
  rmSync(lake, { recursive: true });
});

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const open = (name = 'batch') => openBatch(database.connection, lake, name);

/** A ledger row: without one, the files of a batch are not part of the views. */
const LEDGER = { object_id: 'object-1', uri: 'file:a' };

async function query(sql: string): Promise<Record<string, unknown>[]> {
  await createLakeViews(database.connection, lake);
  return readRows(database.connection, sql);
}

const filesOf = (table: string): string[] =>
  readdirSync(join(lake, table), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.parquet'))
    .sort();

describe('openBatch', () => {
  test('round-trips a value of every type of column that ingest writes', async () => {
    const types = new Set(
      TABLES.filter((table) => table.layer === 'ingest').flatMap((table) =>
        table.columns.map((column) => column.type),
      ),
    );
    expect([...types].sort()).toEqual([
      'BIGINT',
      'BLOB',
      'BOOLEAN',
      'DATE',
      'INTEGER',
      'MAP(VARCHAR, VARCHAR)',
      'TIMESTAMP',
      'VARCHAR',
      'VARCHAR[]',
    ]);
    const batch = await open();
    batch.addRow('source_object', {
      ...LEDGER,
      fields: ['version', '', 'ä'],
      modified_at: new Date('2026-11-02T13:59:30.123Z'),
      size_bytes: 2n ** 62n,
      line_count: 7,
    });
    batch.addRow('flow', {
      srcport: 443,
      bytes: 2n ** 63n - 1n,
      packets: 0,
      start_at: 1_793_491_200_123_456n,
      end_at: new Date('1969-12-31T23:59:59.999Z'),
      extra: new Map([
        ['a field', 'ä "quoted"'],
        ['other', ''],
      ]),
      flow_date: new Date('2026-11-02T23:59:59.999Z'),
    });
    batch.addRow('flow', { flow_date: new Date('1969-12-31T23:00:00Z'), extra: new Map() });
    batch.addRow('inventory_snapshot', { is_complete: false, object_id: 'object-1' });
    batch.addRow('rejected_record', { record_bytes: new Uint8Array([0, 255, 10]) });
    await batch.commit();

    expect(
      await query('select fields, modified_at, size_bytes, line_count from source_object'),
    ).toEqual([
      {
        fields: ['version', '', 'ä'],
        modified_at: new Date('2026-11-02T13:59:30.123Z'),
        size_bytes: 2n ** 62n,
        line_count: 7n,
      },
    ]);
    expect(
      await query(
        `select srcport, bytes, packets, epoch_us(start_at) as start_us, epoch_us(end_at) as end_us,
           extra['a field'] as value, len(map_keys(extra)) as entries, cast(flow_date as varchar) as date, srcaddr
         from flow order by flow_date`,
      ),
    ).toEqual([
      {
        srcport: null,
        bytes: null,
        packets: null,
        start_us: null,
        end_us: null,
        value: null,
        entries: 0n,
        date: '1969-12-31',
        srcaddr: null,
      },
      {
        srcport: 443,
        bytes: 2n ** 63n - 1n,
        packets: 0n,
        start_us: 1_793_491_200_123_456n,
        end_us: -1000n,
        value: 'ä "quoted"',
        entries: 2n,
        date: '2026-11-02',
        srcaddr: null,
      },
    ]);
    expect(await query('select is_complete from inventory_snapshot')).toEqual([
      { is_complete: false },
    ]);
    expect(await query('select hex(record_bytes) as bytes from rejected_record')).toEqual([
      { bytes: '00FF0A' },
    ]);
  });

  test('the second record of a row wins over the first; unknown columns and tables are mistakes', async () => {
    const batch = await open();
    batch.addRow('source_object', { object_id: 'format', uri: 'file:a' }, { object_id: 'sink' });
    expect(() => batch.addRow('source_object', { no_such: 1 })).toThrow(/no column no_such/);
    expect(() => batch.addRow('flow_detail', {})).toThrow(/does not write flow_detail/);
    await batch.commit();
    expect(await query('select object_id, uri from source_object')).toEqual([
      { object_id: 'sink', uri: 'file:a' },
    ]);
  });

  test('keeps values in their rows while columns come and go between chunks', async () => {
    const batch = await open();
    const count = 7000;
    for (let number = 0; number < count; number += 1) {
      batch.addRow('flow', {
        line_number: number,
        flow_date: day('2026-11-02'),
        ...(number % 2 === 0 ? { srcport: number } : {}),
        ...(number >= 3000 && number < 3010 ? { vpc_id: `vpc-${number}` } : {}),
        ...(number >= 6000 ? { az_id: `az-${number}` } : {}),
      });
      if (number % 500 === 0) await batch.drain();
    }
    batch.addRow('source_object', LEDGER);
    expect(batch.rowCount()).toBe(count + 1);
    await batch.commit();
    expect(
      await query(
        `select count(*) as total, count(distinct line_number) as lines,
           count(*) filter (srcport is not distinct from if(line_number % 2 = 0, line_number, null)) as ports,
           count(*) filter (vpc_id is not distinct from if(line_number between 3000 and 3009, 'vpc-' || line_number, null)) as vpcs,
           count(*) filter (az_id is not distinct from if(line_number >= 6000, 'az-' || line_number, null)) as zones
         from flow`,
      ),
    ).toEqual([{ total: 7000n, lines: 7000n, ports: 7000n, vpcs: 7000n, zones: 7000n }]);
  });

  test('puts rows into the folders of their dates, made by the engine or not', async () => {
    const batch = await open();
    batch.addRow('flow', { line_number: 1, flow_date: day('2026-11-01') });
    batch.addRow('flow', { line_number: 2, flow_date: day('2026-11-02') });
    expect(
      await batch.insertRows(
        'flow',
        ['line_number', 'vpc_id', 'flow_date'],
        `select 3, 'vpc-0123456789abcdef0', date '2026-11-02' union all select 4, null, date '2026-11-03'`,
      ),
    ).toBe(2);
    expect(batch.rowCount()).toBe(4);
    batch.addRow('source_object', LEDGER);
    await batch.commit();
    expect(filesOf('flow').map((file) => file.split('/')[0])).toEqual([
      'flow_date=2026-11-01',
      'flow_date=2026-11-02',
      'flow_date=2026-11-03',
    ]);
    expect(
      await query(
        `select cast(flow_date as varchar) as date, list(line_number order by line_number) as lines, max(vpc_id) as vpc
         from flow group by all order by all`,
      ),
    ).toEqual([
      { date: '2026-11-01', lines: [1n], vpc: null },
      { date: '2026-11-02', lines: [2n, 3n], vpc: 'vpc-0123456789abcdef0' },
      { date: '2026-11-03', lines: [4n], vpc: null },
    ]);
  });

  test('writes out what gathers: many rows make several files, and none is lost', async () => {
    const batch = await open();
    const count = 520_000;
    for (let number = 0; number < count; number += 1) {
      batch.addRow('flow', { line_number: number, flow_date: day('2026-11-02') });
      if (number % 10_000 === 0) await batch.drain();
    }
    batch.addRow('source_object', LEDGER);
    await batch.commit();
    expect(filesOf('flow')).toHaveLength(3);
    expect(
      await query('select count(*) as total, count(distinct line_number) as lines from flow'),
    ).toEqual([{ total: BigInt(count), lines: BigInt(count) }]);
  });

  test('shows nothing before it is committed, and leaves nothing of itself behind', async () => {
    const batch = await open();
    batch.addRow('source_object', LEDGER);
    await batch.drain();
    expect(await query('select * from source_object')).toEqual([]);
    await batch.commit();
    expect(await query('select object_id from source_object')).toEqual([{ object_id: 'object-1' }]);
    expect(readdirSync(join(lake, '.flowproof', 'staging'))).toEqual([]);
    expect(
      await query("select table_name from duckdb_tables() where table_name like 'stage%'"),
    ).toEqual([]);
  });

  test('is not disturbed by a batch that was given up', async () => {
    const left = await open('left');
    left.addRow('flow', { line_number: 1, vpc_id: 'x', flow_date: day('2026-11-02') });
    await left.insertRows('flow', ['line_number', 'flow_date'], "select 2, date '2026-11-02'");
    const batch = await open('next');
    batch.addRow('flow', { line_number: 3, flow_date: day('2026-11-02') });
    batch.addRow('source_object', LEDGER);
    await batch.commit();
    expect(await query('select line_number from flow')).toEqual([{ line_number: 3n }]);
  });
});
