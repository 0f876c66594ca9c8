import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { lockLake } from '../../src/lake-lock.ts';
import { ownHolder } from '../../src/lock-holder.ts';
import { bytesText, shellWord } from '../../src/setup/check.ts';
import { checkClock } from '../../src/setup/clock.ts';
import { checkDisk } from '../../src/setup/disk.ts';
import { checkFolders, checkLock, checkNode } from '../../src/setup/machine.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-machine-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('Node.js', () => {
  test.each([
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['20.18.9', 'problem'],
    ['18.20.0', 'problem'],
  ])('%s is %s', (version, verdict) => {
    expect(checkNode(version).verdict).toBe(verdict);
  });
});

describe('folders', () => {
  const check = async (lake: string, temp = folder) =>
    (await checkFolders({ lake, output: join(folder, 'evidence') }, temp)).map(
      ({ check, verdict, fix }) => [check, verdict, fix],
    );

  test('that are not there can be made where something above may be written to', async () => {
    expect(await check(join(folder, 'a', 'b'))).toEqual([
      ['lake_folder', 'ok', undefined],
      ['output_folder', 'ok', undefined],
      ['temporary_folder', 'ok', undefined],
    ]);
  });

  test('that others may read are told of, with the command', async () => {
    const lake = join(folder, "it's a lake");
    mkdirSync(lake);
    chmodSync(lake, 0o755);
    expect((await check(lake))[0]).toEqual([
      'lake_folder',
      'warning',
      `chmod 700 '${folder}/it'\\''s a lake'`,
    ]);
    chmodSync(lake, 0o700);
    expect((await check(lake))[0]).toEqual(['lake_folder', 'ok', undefined]);
  });

  test('that are files, or below one, are a problem', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect((await check(join(folder, 'file')))[0]?.[1]).toBe('problem');
    expect((await check(join(folder, 'file', 'lake')))[0]?.[1]).toBe('problem');
    expect((await check(folder, join(folder, 'file')))[2]?.[1]).toBe('problem');
  });

  test('that may not be written to are a problem, with the command', async () => {
    // The superuser, as whom the suite may run, may write everywhere.
    const folders = { lake: join(folder, 'a b', 'lake'), output: folder };
    const refused = async (path: string) => (path === folder ? 'EACCES' : undefined);
    const [lake, output, temp] = await checkFolders(folders, tmpdir(), refused);
    expect(lake).toMatchObject({
      verdict: 'problem',
      fix: `sudo install -d -m 700 -o "$(id -un)" '${folder}/a b/lake'`,
    });
    expect([output?.verdict, temp?.verdict]).toEqual(['problem', 'ok']);
  });
});

describe('the lock', () => {
  test('that nobody holds, and of a lake that is not there', async () => {
    expect(await checkLock(join(folder, 'none'))).toMatchObject({ verdict: 'ok' });
  });

  test('that a run holds names it, and is left as it is', async () => {
    const lock = await lockLake(folder);
    expect(await checkLock(folder)).toMatchObject({
      verdict: 'warning',
      found: expect.stringContaining(`process ${process.pid} on `),
    });
    await lock.release();
    expect(await checkLock(folder)).toMatchObject({ verdict: 'ok' });
  });

  test('of a dead process is no hindrance', async () => {
    mkdirSync(join(folder, '.flowproof'));
    const dead = { ...ownHolder(), pid: 2 ** 22 + 1 };
    writeFileSync(join(folder, '.flowproof', 'lock'), JSON.stringify(dead));
    expect(await checkLock(folder)).toMatchObject({
      verdict: 'ok',
      found: expect.stringContaining('is dead'),
    });
  });
});

describe('the clock', () => {
  const at = Date.parse('2026-11-02T12:00:00Z');
  const check = (offset: number) =>
    checkClock([{ sentAt: at + offset, receivedAt: at + offset + 100, date: at }], 'no answer');

  test.each([
    [0, 'ok'],
    [5_400, 'ok'],
    [6_000, 'warning'],
    [-6_000, 'warning'],
    [299_000, 'warning'],
    [302_000, 'problem'],
    [-302_000, 'problem'],
  ])('%d ms off is %s', (offset, verdict) => {
    expect(check(offset).verdict).toBe(verdict);
  });

  test('goes by the quickest answer, and says so if there is none', () => {
    const slow = { sentAt: at - 60_000, receivedAt: at, date: at };
    const quick = { sentAt: at, receivedAt: at + 10, date: at };
    expect(checkClock([slow, quick], '').found).toMatch(/^0\.5 seconds behind/);
    expect(checkClock([], 'no answer')).toMatchObject({
      verdict: 'not_checked',
      found: 'no answer',
    });
  });
});

describe('the disk', () => {
  let database: Database;
  beforeEach(async () => {
    database = await openDatabase();
    await createLakeViews(database.connection, folder);
  });
  afterEach(() => database.close());

  const GIB = 1024 ** 3;
  const check = (freeBytes: number, newBytes = 0) =>
    checkDisk({
      config: {
        lake: folder,
        period: { start: new Date('2026-11-01'), end: new Date('2026-11-11') },
        sources: {
          flow_logs: [{ files: ['a'] }, { s3: 's3://example', region: 'us-east-1' }],
          ips_events: [],
          inventory: [],
        },
      },
      connection: database.connection,
      files: [{ source: 'flow_logs[0]', newBytes, isReadable: true }],
      now: () => new Date('2026-12-01'),
      freeBytes: async () => freeBytes,
    });

  /** A ledger by which 1 GiB was read of each source, over five days of ten. */
  async function readSome(lakeBytes: number): Promise<void> {
    await database.connection.run(
      `create or replace temporary table source_object as
       select 'flow_logs[' || source || ']' as source, 'loaded' as status, 1073741824::bigint as size_bytes,
         timestamp '2026-11-01' as first_at, timestamp '2026-11-06' as last_at
       from (values (0), (1)) as sources (source)`,
    );
    mkdirSync(join(folder, 'flow'));
    writeFileSync(join(folder, 'flow', 'a.parquet'), Buffer.alloc(lakeBytes));
  }

  test('is unknown before something was read', async () => {
    expect(await check(100 * GIB)).toMatchObject({
      verdict: 'ok',
      found: '100.0 GiB free; what the sources need is unknown until something was read',
    });
    expect(await check(2 * GIB, 3 * GIB)).toMatchObject({ verdict: 'warning' });
    expect(await check(GIB / 2)).toMatchObject({ verdict: 'warning' });
  });

  test('is measured on what was read: bytes of the lake for each byte, and what is still to come', async () => {
    await readSome(1024 ** 2);
    // Of the files 1 GiB is new; the bucket had 1 GiB in five days, and has five more.
    const found = await check(100 * GIB, GIB);
    expect(found.verdict).toBe('ok');
    expect(found.found).toBe(
      '100.0 GiB free; the lake has 0.00 bytes for each byte read (measured on 2.0 GiB), and about 2.0 GiB are still to come: 1.0 MiB',
    );
    expect(await check(GIB / 2048, GIB)).toMatchObject({ verdict: 'problem' });
    expect(await check(GIB / 2, GIB)).toMatchObject({ verdict: 'warning' });
  });
});

test('words of a shell and sizes', () => {
  expect(shellWord('/data/lake-1')).toBe('/data/lake-1');
  expect(shellWord('a b')).toBe("'a b'");
  expect(shellWord("'; rm -rf $HOME #")).toBe("''\\''; rm -rf $HOME #'");
  expect(shellWord('')).toBe("''");
  expect([0, 1023, 1024, 5 * 1024 ** 3].map(bytesText)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '5.0 GiB',
  ]);
});
