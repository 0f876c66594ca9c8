import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, readRows } from '../src/database.ts';
import { createLakeViews, openLakeForWriting } from '../src/lake.ts';
import { openBatch } from '../src/lake-batch.ts';
import { TABLES } from '../src/tables.ts';

let root = '';
let lake = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-lake-'));
  lake = join(root, 'lake');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Rows of a query on the views of a lake, as a reader sees them who takes no lock. */
async function query(folder: string, sql: string): Promise<Record<string, unknown>[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, folder);
    return await readRows(database.connection, sql);
  } finally {
    database.close();
  }
}

async function writeBatch(folder: string, objectId: string, name = objectId): Promise<void> {
  const lock = await openLakeForWriting(folder);
  const database = await openDatabase();
  try {
    const batch = await openBatch(database.connection, folder, name);
    for (const [line, date] of [
      [1, '2026-11-02'],
      [2, '2026-11-03'],
    ] as const) {
      batch.addRow('flow', { object_id: objectId, line_number: line, flow_date: new Date(date) });
    }
    batch.addRow('source_object', { object_id: objectId, uri: `file:${objectId}` });
    await batch.commit();
  } finally {
    database.close();
    await lock.release();
  }
}

const FLOWS = 'select object_id, line_number from flow order by all';

describe('openLakeForWriting', () => {
  test('lets one in at a time, and the next after it', async () => {
    const lock = await openLakeForWriting(lake);
    await expect(openLakeForWriting(lake)).rejects.toMatchObject({
      code: 'LAKE_LOCKED',
      place: lake,
      problem: expect.stringContaining(`process ${process.pid}`),
      remedy: expect.stringContaining('lock'),
    });
    await lock.release();
    await (await openLakeForWriting(lake)).release();
    expect(readdirSync(join(lake, '.flowproof')).sort()).toEqual([
      'catalogues',
      'scratch',
      'staging',
    ]);
  });

  test('says what to do about a folder that cannot be one', async () => {
    writeFileSync(lake, 'a file');
    await expect(openLakeForWriting(lake)).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      place: lake,
      problem: expect.stringMatching(/ENOTDIR|EEXIST/),
    });
  });

  test('empties the scratch folder, and lets nobody else look into the lake', async () => {
    mkdirSync(join(lake, '.flowproof', 'scratch'), { recursive: true });
    writeFileSync(join(lake, '.flowproof', 'scratch', 'left'), 'x');
    chmodSync(lake, 0o700);
    const lock = await openLakeForWriting(lake);
    expect(readdirSync(join(lake, '.flowproof', 'scratch'))).toEqual([]);
    await lock.release();
  });
});

describe('a batch that a dead run left', () => {
  /** Puts a whole batch back to where it was staged, and gives the files of it. */
  async function stage(): Promise<{ staged: string; files: string[] }> {
    await writeBatch(lake, 'first');
    const other = join(root, 'other');
    await writeBatch(other, 'second');
    const staged = join(lake, '.flowproof', 'staging', 'batch');
    for (const table of ['flow', 'source_object']) {
      cpSync(join(other, table), join(staged, table), { recursive: true });
    }
    const files = readdirSync(staged, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.parquet'));
    expect(files).toHaveLength(3);
    return { staged, files };
  }

  const FIRST = [1n, 2n].map((line) => ({ object_id: 'first', line_number: line }));
  const BOTH = [...FIRST, ...[1n, 2n].map((line) => ({ object_id: 'second', line_number: line }))];
  const recover = async () => (await openLakeForWriting(lake)).release();

  test('vanishes if it was not committed', async () => {
    const { staged } = await stage();
    await recover();
    expect(existsSync(staged)).toBe(false);
    expect(await query(lake, FLOWS)).toEqual(FIRST);
  });

  test('is finished if it was', async () => {
    const { staged } = await stage();
    writeFileSync(join(staged, 'COMMIT'), '');
    expect(await query(lake, FLOWS)).toEqual(FIRST);
    await recover();
    expect(existsSync(staged)).toBe(false);
    expect(await query(lake, FLOWS)).toEqual(BOTH);
  });

  test.each([1, 2, 3])('is finished if %i of its 3 files had been moved', async (count) => {
    const { staged, files } = await stage();
    writeFileSync(join(staged, 'COMMIT'), '');
    const inOrder = [...files.filter((file) => file.startsWith('flow/')), ...files].slice(0, 3);
    for (const file of new Set(inOrder.slice(0, count))) {
      mkdirSync(dirname(join(lake, file)), { recursive: true });
      renameSync(join(staged, file), join(lake, file));
    }
    // A reader sees all of the batch or nothing: the ledger is moved last.
    expect(await query(lake, FLOWS)).toEqual(count === 3 ? BOTH : FIRST);
    await recover();
    expect(existsSync(staged)).toBe(false);
    expect(await query(lake, FLOWS)).toEqual(BOTH);
  });

  test('stays out of sight until all its files are in place', async () => {
    const { staged, files } = await stage();
    writeFileSync(join(staged, 'COMMIT'), '');
    const [, blocked = ''] = files.filter((file) => file.startsWith('flow/')).sort();
    mkdirSync(join(lake, blocked, 'in the way'), { recursive: true });
    await expect(recover()).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      problem: expect.stringContaining('cannot be written to'),
    });
    expect(await query(lake, FLOWS)).toEqual(FIRST);
    rmSync(join(lake, blocked), { recursive: true });
    await recover();
    expect(await query(lake, FLOWS)).toEqual(BOTH);
  });
});

describe('createLakeViews', () => {
  test('makes an empty view of each table of a lake that is not there yet', async () => {
    for (const table of TABLES) {
      expect(await query(lake, `select * from "${table.name}"`)).toEqual([]);
    }
    expect(existsSync(lake)).toBe(false);
  });

  test('leaves out files that the ledger does not know', async () => {
    await writeBatch(lake, 'first');
    const partition = join(lake, 'flow', 'flow_date=2026-11-02');
    const [file = ''] = readdirSync(partition);
    cpSync(join(partition, file), join(partition, 'stranger-0.parquet'));
    expect(await query(lake, FLOWS)).toHaveLength(2);
    expect(await query(lake, 'select * from source_object')).toHaveLength(1);
  });

  test.each(['before the newer files', 'alone'])(
    'a lake of an earlier version, whose files lack columns, is read %s',
    async (which) => {
      await writeBatch(lake, 'old');
      const database = await openDatabase();
      for (const date of ['2026-11-02', '2026-11-03']) {
        const partition = join(lake, 'flow', `flow_date=${date}`);
        const file = join(partition, readdirSync(partition)[0] ?? '');
        await database.connection.run(
          `copy (select * exclude (tgw_id, srcaddr, flow_date) from read_parquet('${file}')) to '${file}.new' (format parquet)`,
        );
        renameSync(`${file}.new`, file);
      }
      database.close();
      rmSync(join(lake, '.flowproof', 'catalogues'));
      if (which === 'before the newer files') {
        await writeBatch(lake, 'new');
        await writeBatch(lake, 'newer');
      }
      const rows = await query(lake, 'select object_id, tgw_id, srcaddr from flow order by all');
      expect(rows).toHaveLength(which === 'alone' ? 2 : 6);
      expect(rows[0]).toEqual({
        object_id: which === 'alone' ? 'old' : 'new',
        tgw_id: null,
        srcaddr: null,
      });
      expect(rows.map((row) => row.object_id)).toContain('old');
    },
  );

  test('reads a lake whose path holds characters of patterns', async () => {
    const folder = join(root, 'lake[1]*');
    await writeBatch(folder, 'first', 'same');
    await writeBatch(join(root, 'lake1'), 'second', 'same');
    expect(await query(folder, 'select distinct object_id from flow')).toEqual([
      { object_id: 'first' },
    ]);
  });
});
