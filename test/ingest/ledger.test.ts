import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import { fingerprintFile, readLedger } from '../../src/ingest/ledger.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import { openBatch, type Row } from '../../src/lake-batch.ts';
import type { LakeLock } from '../../src/lake-lock.ts';
import { quoteText } from '../../src/tables.ts';
import { TOOL_VERSION } from '../../src/version.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowproof-ledger-'));
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('fingerprintFile', () => {
  test('hashes a file, and its start at each length that it reaches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(250), { maxLength: 6 }),
        async (bytes, lengths) => {
          const path = join(folder, 'object');
          writeFileSync(path, bytes);
          const { sha256, sizeBytes, prefixes } = await fingerprintFile(path, lengths);
          expect([sha256, sizeBytes]).toEqual([sha(bytes), bytes.length]);
          const reached = lengths.filter((length) => length <= bytes.length && bytes.length > 0);
          expect(prefixes).toEqual(
            new Map(reached.map((length) => [length, sha(bytes.subarray(0, length))])),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('finds lengths on either side of its read buffer', async () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'flow');
    const path = join(folder, 'large');
    writeFileSync(path, bytes);
    const lengths = [1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024];
    const { prefixes } = await fingerprintFile(path, lengths);
    expect(lengths.map((length) => prefixes.get(length))).toEqual(
      lengths.map((length) => sha(bytes.subarray(0, length))),
    );
  });
});

describe('readLedger', () => {
  let lake = '';
  let lock: LakeLock;
  let database: Database;

  beforeEach(async () => {
    lake = mkdtempSync(join(tmpdir(), 'flowproof-ledger-lake-'));
    lock = await openLakeForWriting(lake);
    database = await openDatabase();
  });

  afterEach(async () => {
    database.close();
    await lock.release();
    rmSync(lake, { recursive: true });
  });

  async function keep(...rows: Row[]): Promise<void> {
    const batch = await openBatch(database.connection, lake, String(rows[0]?.object_id));
    for (const [index, row] of rows.entries()) {
      batch.addRow('source_object', {
        status: 'loaded',
        size_bytes: 10,
        ingested_at: new Date(Date.UTC(2026, 10, 2, 0, 0, index)),
        run_id: 'run-1',
        ...row,
      });
    }
    await batch.commit();
    await createLakeViews(database.connection, lake);
  }

  test('is empty in a new lake', async () => {
    await createLakeViews(database.connection, lake);
    const ledger = await readLedger(database.connection, lake);
    expect(ledger.hasVersion('file:a', 'v1')).toBe(false);
    expect(ledger.findCopy('s1')).toBeUndefined();
    expect(ledger.history('file:a')).toEqual([]);
  });

  test('knows versions, contents and copies, also of what was superseded', async () => {
    await keep(
      { object_id: 'o1', uri: 'file:a', version: 'v1', sha256: 's1' },
      { object_id: 'o2', uri: 'file:a', version: 'v2', sha256: 's2', supersedes_object_id: 'o1' },
      { object_id: 'o3', uri: 'file:b', version: 'v1', sha256: 's3', status: 'refused' },
    );
    const ledger = await readLedger(database.connection, lake);
    expect(ledger.hasVersion('file:a', 'v1')).toBe(true);
    expect(ledger.hasVersion('file:a', 'v3')).toBe(false);
    expect(ledger.hasVersion('file:c', 'v1')).toBe(false);
    expect(ledger.findSame('file:a', 's1')?.objectId).toBe('o1');
    expect(ledger.findSame('file:b', 's1')).toBeUndefined();
    expect(ledger.findCopy('s1')?.objectId).toBe('o1');
    expect(ledger.history('file:a').map((known) => known.objectId)).toEqual(['o1', 'o2']);
    // A refused object gave no rows: a copy of it is not a duplicate of anything.
    expect(ledger.findCopy('s3')).toBeUndefined();
  });

  test('is told of what is read meanwhile', async () => {
    await createLakeViews(database.connection, lake);
    const ledger = await readLedger(database.connection, lake);
    ledger.add({
      objectId: 'o1',
      uri: 'file:a',
      version: 'v1',
      sha256: 's1',
      sizeBytes: 1,
      status: 'loaded',
      isOpen: false,
    });
    expect(ledger.hasVersion('file:a', 'v1')).toBe(true);
    expect(ledger.findCopy('s1')?.uri).toBe('file:a');
  });

  test('leaves refused objects open to another configuration or version of the tool', async () => {
    await keep(
      { object_id: 'o1', uri: 'file:a', version: 'v1', sha256: 's1', status: 'refused' },
      { object_id: 'o2', uri: 'file:b', version: 'v1', sha256: 's2' },
    );
    const isKnown = async (configSha256?: string) => {
      const ledger = await readLedger(database.connection, lake, configSha256);
      return [ledger.hasVersion('file:a', 'v1'), ledger.hasVersion('file:b', 'v1')];
    };
    const setRun = (toolVersion: string) =>
      database.connection.run(
        `create or replace view run as select 'run-1' as run_id, 'config-1' as config_sha256, ${quoteText(toolVersion)} as tool_version`,
      );
    expect(await isKnown('config-1')).toEqual([false, true]);
    await setRun(TOOL_VERSION);
    expect(await isKnown('config-1')).toEqual([true, true]);
    expect(await isKnown('config-2')).toEqual([false, true]);
    expect(await isKnown()).toEqual([true, true]);
    await setRun('0.0.0');
    expect(await isKnown('config-1')).toEqual([false, true]);
  });
});
