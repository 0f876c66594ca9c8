import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { version } from '@duckdb/node-api';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { areCurrent } from '../../src/enrich/derived-table.ts';
import { keepInputs, noteInputs } from '../../src/enrich/known-inputs.ts';
import { createDerivedView } from '../../src/lake.ts';
import { listTable, sizeAt, sizeOfFile, tableFiles, urisInS3 } from '../../src/lake-files.ts';
import { settle } from '../../src/lake-settle.ts';
import { lockDown } from '../../src/query/gate.ts';
import { readState } from '../../src/remote-lake/copy-state.ts';
import { readHead } from '../../src/remote-lake/head.ts';
import { findHttpfs, giveSecret, type S3Access } from '../../src/remote-lake/httpfs.ts';
import { noteRemote, parsePlace, type RemotePlace } from '../../src/remote-lake/place.ts';
import { publishCopy } from '../../src/remote-lake/publish.ts';
import { reachS3, settleReading, wayOfReading } from '../../src/remote-lake/reach.ts';
import { leaveLargeFiles, refreshCopy } from '../../src/remote-lake/refresh.ts';
import { renewInTime } from '../../src/remote-lake/renew.ts';
import { readingPolicy } from '../../src/remote-lake/s3-credentials.ts';
import { assertUnchanged, filesSeen, readingError } from '../../src/remote-lake/unchanged.ts';
import { findTable } from '../../src/tables.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const base = mkdtempSync(join(tmpdir(), 'flowproof-in-place-'));
afterAll(() => rmSync(base, { recursive: true }));

const LARGE = 'x'.repeat(1_048_576);
const STEP = 'flow_verdict/flow_date=2026-11-01/data.parquet';
const SMALL = 'edge_day/flow_date=2026-11-01/data.parquet';
const URI = `s3://example-lake/evidence/${STEP}`;

function placeOf(reading: RemotePlace['reading'], prefix = 'evidence'): RemotePlace {
  const options = { region: 'us-east-1', roleArn: undefined, place: 'flowproof.yaml' };
  const place = parsePlace(`s3://example-lake/${prefix}`, options);
  return reading ? { ...place, reading } : place;
}

let store: MemoryStore;
let copy: string;
let database: Database;
const place = { ...placeOf(undefined), leavesLargeFiles: true as const };
beforeEach(async () => {
  store = createMemoryStore();
  copy = mkdtempSync(join(base, 'copy-'));
  noteRemote(copy, place);
  database = await openDatabase();
});
afterEach(() => database.close());

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    rmSync(join(folder, name), { force: true });
    writeFileSync(join(folder, name), text);
  }
}

const publish = async (): Promise<void> =>
  publishCopy({ store, place, copy, state: await readState(copy, place.uri) });

/** Publishes files from the copy, and leaves the large ones in S3. */
async function publishAll(files: Record<string, string>): Promise<void> {
  write(copy, files);
  await publish();
  await leaveLargeFiles(place, copy);
}

describe('a file whose content stays in S3', () => {
  test('is listed by its URI, with the size that it has there; a small one by its path', async () => {
    await publishAll({ [STEP]: LARGE, [SMALL]: 'small' });
    expect(await tableFiles(copy, findTable('flow_verdict'))).toEqual([URI]);
    expect(await tableFiles(copy, findTable('edge_day'))).toEqual([join(copy, SMALL)]);
    const [listed] = await listTable(copy, findTable('flow_verdict'));
    expect(listed && (await sizeOfFile(listed))).toBe(LARGE.length);
    expect(await sizeAt(copy, STEP)).toBe(LARGE.length);
    expect(await urisInS3(copy)).toEqual([URI]);
  });

  test('is read here once it was written here anew, also before that is published', async () => {
    await publishAll({ [STEP]: LARGE });
    write(copy, { [STEP]: 'newer' });
    expect(await tableFiles(copy, findTable('flow_verdict'))).toEqual([join(copy, STEP)]);
    await publish();
    expect(await tableFiles(copy, findTable('flow_verdict'))).toEqual([join(copy, STEP)]);
  });

  test('stays here whole for as long as it is not published', async () => {
    await publishAll({ [SMALL]: 'small' });
    write(copy, { [STEP]: LARGE, [SMALL]: `${LARGE}2` });
    // The writer dies after its uploads, before the head names them, and ends as it can.
    store.before('.flowproof/head.json', async () => {
      throw new Error('no network');
    });
    await expect(publish()).rejects.toThrow('no network');
    await leaveLargeFiles(place, copy);
    expect(await urisInS3(copy)).toEqual([]);
    expect(readFileSync(join(copy, SMALL), 'utf8')).toBe(`${LARGE}2`);
    await publish();
    expect(store.objects.get(SMALL)?.body.length).toBe(LARGE.length + 1);
    expect(store.objects.get(STEP)?.body.length).toBe(LARGE.length);
  });

  test('stays a name alone when another run moves its object to its place', async () => {
    await publishAll({ [STEP]: LARGE });
    write(copy, { [STEP]: `${LARGE}2` });
    store.dieAfter(undefined);
    // The head names the object that waits; its writer dies before it is copied to its place.
    const { copy: copyObject } = store;
    store.copy = async () => {
      throw new Error('the machine died');
    };
    await expect(publish()).rejects.toThrow('the machine died');
    await leaveLargeFiles(place, copy);
    const [uri = ''] = await urisInS3(copy);
    expect(uri).toContain('/.flowproof/next/');
    store.copy = copyObject;
    await publish();
    expect(await urisInS3(copy)).toEqual([URI]);
    expect(store.objects.get(STEP)?.body.length).toBe(LARGE.length + 1);
  });

  test('is an error, and no empty table, to an engine that does not reach it', async () => {
    await publishAll({ [STEP]: LARGE });
    await createDerivedView(database.connection, copy, 'flow_verdict');
    await expect(readRows(database.connection, 'from flow_verdict')).rejects.toThrow(
      'the rows of flow_verdict stand in S3 alone',
    );
  });

  test('says what it was made from without being asked again, until another takes its place', async () => {
    await publishAll({ [STEP]: LARGE });
    const [listed] = await listTable(copy, findTable('flow_verdict'));
    const step = { name: 'flow_verdict', layer: 'marts', kept: 'lake' } as const;
    const options = { connection: database.connection, lake: copy };
    const etag = listed?.remote?.etag ?? '';
    await noteInputs(copy, join(copy, STEP), { etag, inputs: 'hash' });
    await keepInputs(copy);
    expect(await areCurrent(options, [step], 'hash', '2026-11-01')).toBe(true);
    expect(await areCurrent(options, [step], 'other', '2026-11-01')).toBe(false);
    expect(readFileSync(join(copy, '.flowproof', 'inputs.json'), 'utf8')).toContain(STEP);
    // Nothing of it is published: it is of this machine alone.
    await publish();
    expect([...store.objects.keys()].filter((key) => key.includes('inputs'))).toEqual([]);
    await noteInputs(copy, join(copy, STEP), { etag: 'of another', inputs: 'hash' });
    // Asked, the engine without httpfs says that it cannot.
    await expect(areCurrent(options, [step], 'hash', '2026-11-01')).rejects.toThrow(/httpfs/);
  });

  test('when it is a merged file that moves to its place, S3 copies it', async () => {
    const merged = 'flow/flow_date=2026-11-01/merged_0.parquet';
    const waiting = `.flowproof/merged/${merged}`;
    const manifest = {
      version: 1 as const,
      merged: {
        flow: [
          {
            file: 'flow_date=2026-11-01/merged_0.parquet',
            group: '2026-11-01',
            replaces: ['flow_date=2026-11-01/a-0.parquet'],
            since: '2026-11-02T00:00:00.000Z',
            leaving: ['flow/flow_date=2026-11-01/a-0.parquet'],
          },
        ],
      },
      retired: {},
      restored: {},
      leaving: [],
    };
    const files = { [waiting]: LARGE, 'flow/flow_date=2026-11-01/a-0.parquet': LARGE };
    await publishAll({ ...files, '.flowproof/files.json': JSON.stringify(manifest) });
    const settled = await settle(copy, manifest, { now: new Date('2026-11-04') });
    expect(settled.removed).toEqual({ fileCount: 1, sizeBytes: LARGE.length });
    const uri = (key: string): string => `s3://example-lake/evidence/${key}`;
    expect(await tableFiles(copy, findTable('flow'))).toEqual([uri(waiting)]);
    store.calls.length = 0;
    await publish();
    expect(store.calls).toContain(`copy ${waiting}`);
    expect(store.objects.get(merged)?.body.length).toBe(LARGE.length);
    expect(store.objects.has('flow/flow_date=2026-11-01/a-0.parquet')).toBe(false);
    expect(await tableFiles(copy, findTable('flow'))).toEqual([uri(merged)]);
  });
});

describe('whether what was read in S3 is of one state of the lake', () => {
  const other = (): string => mkdtempSync(join(base, 'other-'));

  test('is so when others added records or small files, and asks for one small object', async () => {
    await publishAll({ [STEP]: LARGE });
    const seen = await filesSeen(place, copy);
    store.calls.length = 0;
    await assertUnchanged(store, place, seen);
    expect(store.calls).toEqual(['get .flowproof/head.json']);
    write(copy, { [SMALL]: 'new', 'access_event/2026-11-01.one.jsonl': '{}\n' });
    await publish();
    await assertUnchanged(store, place, seen);
    expect(seen.head).toEqual(await readHead(store, place));
  });

  test.each([
    ['replaced', (folder: string) => write(folder, { [STEP]: `${LARGE}2` })],
    ['removed', (folder: string) => rmSync(join(folder, STEP), { force: true })],
  ])(
    'is not so when a file was %s, from the moment on at which the head says so',
    async (_, act) => {
      await publishAll({ [STEP]: LARGE });
      const seen = await filesSeen(place, copy);
      const writer = other();
      // The writer dies after each of its calls: what the reader saw was whole, or it is told.
      for (let calls = 0; calls < 20; calls += 1) {
        const state = await refreshCopy(store, placeOf(undefined), writer);
        act(writer);
        store.dieAfter(calls);
        const publishing = { store, place: placeOf(undefined), copy: writer, state };
        const isDone = await publishCopy(publishing).then(
          () => true,
          () => false,
        );
        store.dieAfter(undefined);
        const isWhole = store.objects.get(STEP)?.body.length === LARGE.length;
        const isSaid = await assertUnchanged(store, place, seen).then(
          () => false,
          (thrown: { code: string }) => thrown.code === 'LAKE_CHANGED',
        );
        expect([calls, isWhole || isSaid]).toEqual([calls, true]);
        if (isDone) break;
      }
      await expect(assertUnchanged(store, place, seen)).rejects.toMatchObject({
        code: 'LAKE_CHANGED',
        remedy: expect.stringContaining('Run it again'),
      });
    },
  );

  test.each([
    [
      "HTTP Error: HTTP GET error reading 's3://b/k' in region 'x' (HTTP 404 Not Found)",
      'LAKE_CHANGED',
    ],
    [
      'HTTP Error: ETag on reading file "s3://b/k" was initially "1" and now it returned "2"',
      'LAKE_CHANGED',
    ],
    [
      "HTTP Error: HTTP GET error reading 's3://b/k' (HTTP 403 Forbidden) AKIAIOSFODNN7EXAMPLE",
      'LAKE_UNUSABLE',
    ],
    [
      "IO Error: Could not connect to server error for HTTP HEAD to 'http://127.0.0.1:1/b'",
      'LAKE_UNUSABLE',
    ],
    ['Invalid Input Error: HTTP Error: of a statement', undefined],
    ['IO Error: No files found that match the pattern "x"', undefined],
  ])('is told by what the engine says: %s', (message, code) => {
    const error = readingError(message, 's3://example-lake/evidence');
    expect(error?.code).toBe(code);
    // No address and no credentials: the message may quote what was sent.
    expect(error?.message ?? '').not.toMatch(/AKIA|127\.0\.0\.1|s3:\/\/b/);
  });
});

describe('the way of reading', () => {
  const folderWith = async (content: string): Promise<string> => {
    const folder = mkdtempSync(join(base, 'extensions-'));
    const [row] = await readRows<{ platform: string }>(database.connection, 'pragma platform');
    write(folder, { [`${version()}/${row?.platform}/httpfs.duckdb_extension`]: content });
    return folder;
  };

  test('without the extension is by staging, which says why; where it must be there, an error says what to put where', async () => {
    const extensions = mkdtempSync(join(base, 'none-'));
    const auto = placeOf({ mode: 'auto', extensions });
    expect(await wayOfReading(auto)).toMatchObject({ why: expect.stringContaining('is missing') });
    await settleReading(auto);
    expect(auto.leavesLargeFiles).toBeUndefined();
    expect(await reachS3(database.connection, copy)).toBe(false);
    const must = placeOf({ mode: 'in_place', extensions });
    await expect(settleReading(must)).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      problem: expect.stringContaining(join(extensions, version())),
      remedy: expect.stringMatching(
        new RegExp(
          `httpfs of DuckDB ${version()}[\\s\\S]*duckdb-extension-httpfs==${version().slice(1)}`,
        ),
      ),
    });
  });

  test('with a file that is no extension, or one of another version, is by staging', async () => {
    const extensions = await folderWith('no extension');
    const found = await findHttpfs(extensions);
    expect(found.problem).toMatch(/^.*httpfs\.duckdb_extension does not load \(/);
    expect(found.file.startsWith(join(extensions, version()))).toBe(true);
    const older = mkdtempSync(join(base, 'older-'));
    write(older, { 'v1.0.0/linux_amd64/httpfs.duckdb_extension': 'x' });
    expect((await findHttpfs(older)).problem).toContain('is missing');
    await expect(
      wayOfReading(placeOf({ mode: 'in_place', extensions: older })),
    ).rejects.toMatchObject({ code: 'LAKE_UNUSABLE' });
  });

  test('is by staging where the configuration says so, or the prefix is a pattern', async () => {
    const extensions = await folderWith('');
    const staged = placeOf({ mode: 'staged', extensions });
    expect(await wayOfReading(staged)).toEqual({ why: 'as lake_read: staged says' });
    const odd = placeOf({ mode: 'auto', extensions }, 'a*b');
    expect(await wayOfReading(odd)).toMatchObject({ why: expect.stringContaining('prefix') });
  });

  test('credentials stand in no error, and with a role read only what is below the prefix', async () => {
    const credentials = {
      keyId: 'AKIAIOSFODNN7EXAMPLE',
      secret: 'not-to-be-seen',
      sessionToken: 'nor-this',
    };
    // Without the extension the engine refuses the statement, and would quote it.
    const thrown = await giveSecret(database.connection, place, { credentials }).catch(
      (error: Error) => error,
    );
    expect(thrown).toMatchObject({ code: 'LAKE_UNUSABLE' });
    expect(
      JSON.stringify([thrown, (thrown as Error).message, (thrown as Error).cause]),
    ).not.toMatch(/AKIA|not-to-be-seen|nor-this/);
    const roleArn = 'arn:aws-us-gov:iam::123456789012:role/flowproof';
    const { Statement } = JSON.parse(readingPolicy({ ...place, roleArn }));
    expect(Statement).toContainEqual({
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws-us-gov:s3:::example-lake/evidence/*',
    });
    expect(JSON.stringify(Statement)).not.toMatch(/Put|Delete|List|s3:\*/);
  });
});

describe('credentials of a long run', () => {
  const ending = (minutes: number): S3Access => ({
    folder: '',
    credentials: { keyId: 'a', secret: 'b', expiresAt: Date.now() + minutes * 60_000 },
  });
  const minutes = (count: number) => vi.advanceTimersByTimeAsync(count * 60_000);
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('are renewed before they end, tried again where that fails, until the database is closed', async () => {
    const given: S3Access[] = [];
    let failures = 2;
    const stop = renewInTime(ending(60), {
      next: async () => {
        failures -= 1;
        if (failures >= 0) throw new Error('no network');
        return ending(60);
      },
      give: async (access) => void given.push(access),
    });
    await minutes(51);
    expect(given).toEqual([]);
    await minutes(2);
    expect(given.length).toBe(1);
    await minutes(49);
    expect(given.length).toBe(2);
    stop();
    await minutes(600);
    expect(given.length).toBe(2);
  });

  test('that do not end are left alone', async () => {
    const { credentials } = ending(1);
    const next = vi.fn(async () => undefined);
    const { keyId, secret } = credentials;
    renewInTime({ folder: '', credentials: { keyId, secret } }, { next, give: async () => {} });
    await minutes(10_000);
    expect(next).not.toHaveBeenCalled();
  });
});

test('a locked connection reads the named files of a folder and no other', async () => {
  write(copy, { 'a.csv': 'one\n1\n', 'b.csv': 'one\n2\n' });
  await lockDown(database.connection, {
    folders: [join(copy, 'in')],
    files: [join(copy, 'a.csv')],
  });
  const read = (file: string) =>
    readRows(database.connection, `from read_csv('${join(copy, file)}', header = true)`);
  expect(await read('a.csv')).toEqual([{ one: 1n }]);
  await expect(read('b.csv')).rejects.toThrow('Permission Error');
  await expect(read('a.csv?b')).rejects.toThrow('Permission Error');
  await expect(read('*.csv')).rejects.toThrow('Permission Error');
});
