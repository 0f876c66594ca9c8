import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { filesOfCopy, readState, stubsOf } from '../../src/remote-lake/copy-state.ts';
import { engineFiles } from '../../src/remote-lake/engine-files.ts';
import { HEAD_KEY, type RemoteFile } from '../../src/remote-lake/head.ts';
import { parsePlace } from '../../src/remote-lake/place.ts';
import { publishCopy } from '../../src/remote-lake/publish.ts';
import { leaveLargeFiles, refreshCopy } from '../../src/remote-lake/refresh.ts';
import { lockRemote } from '../../src/remote-lake/remote-lock.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const place = parsePlace('s3://example-lake/evidence/', {
  region: 'us-east-1',
  roleArn: undefined,
  place: 'flowproof.yaml',
});
const base = mkdtempSync(join(tmpdir(), 'flowproof-remote-'));
afterAll(() => rmSync(base, { recursive: true }));

let store: MemoryStore;
let count = 0;
beforeEach(() => {
  store = createMemoryStore();
});

type Files = Record<string, string>;

/** A machine: a copy of its own. */
function machine() {
  count += 1;
  const copy = join(base, `copy-${count}`);
  mkdirSync(copy);
  const refresh = () => refreshCopy(store, place, copy);
  return {
    copy,
    refresh,
    write(files: Files): void {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(copy, name)), { recursive: true });
        // As the lake does: by another file, which takes the place of the one before.
        rmSync(join(copy, name), { force: true });
        writeFileSync(join(copy, name), text);
      }
    },
    remove(name: string): void {
      rmSync(join(copy, name));
    },
    async publish(): Promise<void> {
      await publishCopy({ store, place, copy, state: await readState(copy, place.uri) });
    },
    async publishRecords(): Promise<void> {
      const state = await readState(copy, place.uri);
      await publishCopy({ store, place, copy, state, isOnlyRecords: true });
    },
    async files(): Promise<Files> {
      const names = await filesOfCopy(copy);
      return Object.fromEntries(
        names.map((name) => [name, readFileSync(join(copy, name), 'utf8')]),
      );
    },
  };
}

/** What a machine that never saw the lake reads of it. */
async function readAnew(): Promise<Files> {
  store.dieAfter(undefined);
  const reader = machine();
  await reader.refresh();
  return await reader.files();
}

const DAY_1 = 'flow/flow_date=2026-10-01/a-0.parquet';
const DAY_2 = 'flow/flow_date=2026-11-01/b-0.parquet';
const MART = 'rule_day/flow_date=2026-10-01/data.parquet';
const LEDGER = 'source_object/a-0.parquet';
const FIRST: Files = {
  [DAY_1]: 'one',
  [MART]: 'mart',
  [LEDGER]: 'ledger',
  '.flowproof/enrichment': 'x',
};

describe('what one machine publishes', () => {
  test('is what another reads, new, replaced and removed files alike', async () => {
    const one = machine();
    await one.refresh();
    one.write(FIRST);
    await one.publish();
    expect(await readAnew()).toEqual(FIRST);
    one.write({ [MART]: 'mart 2', [DAY_2]: 'two' });
    one.remove(LEDGER);
    await one.publish();
    const { [LEDGER]: _, ...rest } = FIRST;
    expect(await readAnew()).toEqual({ ...rest, [MART]: 'mart 2', [DAY_2]: 'two' });
    // Who reads the folders without the head finds each file in its place, and no other.
    const keys = [...store.objects.keys()].filter((key) => !key.startsWith('.flowproof/'));
    expect(keys.sort()).toEqual([DAY_1, DAY_2, MART].sort());
    expect(store.objects.get(MART)?.body.toString()).toBe('mart 2');
    expect([...store.objects.keys()].filter((key) => key.includes('/next/'))).toEqual([]);
  });

  test('a second time, nothing is sent; a reader that is up to date asks for one small object', async () => {
    const one = machine();
    await one.refresh();
    one.write(FIRST);
    await one.publish();
    store.calls.length = 0;
    await one.publish();
    expect(store.calls.filter((call) => !call.startsWith('remove'))).toEqual([]);
    store.calls.length = 0;
    await one.refresh();
    expect(store.calls).toEqual([`get ${HEAD_KEY}`]);
  });

  test('of one day costs no more once there are many: the lists of other months stay', async () => {
    const one = machine();
    const two = machine();
    await one.refresh();
    const days = Array.from({ length: 12 }, (_, month) => {
      const date = `2026-${String(month + 1).padStart(2, '0')}-01`;
      return [`flow/flow_date=${date}/x-0.parquet`, date] as const;
    });
    const costs: number[] = [];
    for (const [name, text] of days) {
      one.write({ [name]: text });
      await one.publish();
      store.calls.length = 0;
      await two.refresh();
      costs.push(store.calls.length);
    }
    // The head, the list of the month, and the file.
    expect(new Set(costs)).toEqual(new Set([3]));
    expect(await two.files()).toEqual(Object.fromEntries(days));
  });

  test('what was not published before another machine did is written again, records are not', async () => {
    const [one, two] = [machine(), machine()];
    await one.refresh();
    one.write(FIRST);
    await one.publish();
    await two.refresh();
    two.write({ [MART]: 'of two', 'access_event/2026-10-01.two.jsonl': '{}\n' });
    one.write({ [DAY_2]: 'two' });
    await one.publish();
    await two.refresh();
    expect(await two.files()).toEqual({
      ...FIRST,
      [DAY_2]: 'two',
      'access_event/2026-10-01.two.jsonl': '{}\n',
    });
  });
});

describe('dying', () => {
  const SECOND: Files = { ...FIRST, [MART]: 'mart 2', [DAY_2]: 'two', [LEDGER]: 'ledger 2' };

  test('at any call, a reader sees all of the change or nothing of it, and the next run ends the same', async () => {
    const outcomes = new Set<string>();
    for (let calls = 0; ; calls += 1) {
      store = createMemoryStore();
      const one = machine();
      await one.refresh();
      one.write(FIRST);
      await one.publish();
      one.write(SECOND);
      store.dieAfter(calls);
      const ended = await one.publish().then(
        () => true,
        () => false,
      );
      const seen = await readAnew();
      expect([calls, [FIRST, SECOND]]).toEqual([calls, expect.arrayContaining([seen])]);
      outcomes.add(seen[MART] === 'mart 2' ? 'new' : 'old');
      // The same machine goes on; another begins anew from what is there.
      await one.refresh();
      one.write(SECOND);
      await one.publish();
      expect(await readAnew()).toEqual(SECOND);
      expect(store.objects.get(MART)?.body.toString()).toBe('mart 2');
      if (ended) break;
    }
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  });

  test('another machine takes up what was left, whatever was written', async () => {
    const names = fc.constantFrom(DAY_1, DAY_2, MART, LEDGER, '.flowproof/files.json');
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            writer: fc.constantFrom(0, 1),
            files: fc.dictionary(names, fc.string({ maxLength: 5 }), { maxKeys: 4 }),
            calls: fc.option(fc.nat(20), { nil: undefined }),
          }),
          { maxLength: 6 },
        ),
        async (steps) => {
          store = createMemoryStore();
          const machines = [machine(), machine()];
          let expected: Files = {};
          for (const { writer, files, calls } of steps) {
            const one = machines[writer] ?? machine();
            store.dieAfter(undefined);
            await one.refresh();
            one.write(files);
            const next = await one.files();
            store.dieAfter(calls);
            await one.publish().catch(() => {});
            const seen = await readAnew();
            expect([expected, next]).toContainEqual(seen);
            expected = seen;
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('two at once', () => {
  test('records of several machines are all kept, beside a run that publishes', async () => {
    const [run, one, two] = [machine(), machine(), machine()];
    await run.refresh();
    run.write(FIRST);
    await run.publish();
    await one.refresh();
    await two.refresh();
    one.write({ 'access_event/2026-10-01.one.jsonl': 'a\n' });
    two.write({ 'access_event/2026-10-01.two.jsonl': 'b\n' });
    run.write({ [DAY_2]: 'two' });
    // Each writes the head just before the other would.
    store.before(HEAD_KEY, () => two.publishRecords());
    await one.publishRecords();
    await run.publish();
    one.write({ 'access_event/2026-10-01.one.jsonl': 'a\nc\n' });
    await one.publishRecords();
    expect(await readAnew()).toEqual({
      ...FIRST,
      [DAY_2]: 'two',
      'access_event/2026-10-01.one.jsonl': 'a\nc\n',
      'access_event/2026-10-01.two.jsonl': 'b\n',
    });
  });

  test('two reviews with one number: the second is told, and records again', async () => {
    const [run, one, two] = [machine(), machine(), machine()];
    await run.refresh();
    run.write(FIRST);
    await run.publish();
    await one.refresh();
    await two.refresh();
    one.write({ 'review/R000001.jsonl': 'one\n' });
    two.write({ 'review/R000001.jsonl': 'two\n' });
    await one.publishRecords();
    await expect(two.publishRecords()).rejects.toMatchObject({ code: 'REVIEWS_CHANGED' });
    await two.refresh();
    expect((await two.files())['review/R000001.jsonl']).toBe('one\n');
  });

  test('one run holds the lock; another is told who, and takes it over after silence', async () => {
    const quick = { heartbeatMilliseconds: 3_600_000 };
    const lock = await lockRemote(store, place, quick);
    await expect(lockRemote(store, place, quick)).rejects.toMatchObject({ code: 'LAKE_LOCKED' });
    // As of another machine, of whose processes nothing is known.
    const own = JSON.parse(store.objects.get('.flowproof/lock')?.body.toString() ?? '');
    await lock.release();
    expect(store.objects.has('.flowproof/lock')).toBe(false);
    const foreign = Buffer.from(
      JSON.stringify({ ...own, host: 'other.example.com', boot_id: 'x' }),
    );
    await store.put('.flowproof/lock', foreign);
    store.clock.now += 119_000;
    await expect(lockRemote(store, place, quick)).rejects.toMatchObject({
      code: 'LAKE_LOCKED',
      problem: expect.stringContaining('other.example.com'),
    });
    store.clock.now += 2_000;
    const taken = await lockRemote(store, place, quick);
    await taken.confirm();
    await taken.release();
  });

  test('a run whose lock was taken over publishes nothing more', async () => {
    const one = machine();
    await one.refresh();
    one.write(FIRST);
    const lock = await lockRemote(store, place, { heartbeatMilliseconds: 3_600_000 });
    await store.put('.flowproof/lock', Buffer.from('{"pid":1,"host":"other","since":"now"}'));
    const state = await readState(one.copy, place.uri);
    await expect(
      publishCopy({ store, place, copy: one.copy, state, confirm: lock.confirm }),
    ).rejects.toMatchObject({ code: 'LAKE_LOCK_LOST' });
    expect(await readAnew()).toEqual({});
    await lock.release();
    expect(store.objects.has('.flowproof/lock')).toBe(true);
  });
});

describe('what is there is hostile', () => {
  test.each([
    ['no JSON', '{'],
    ['of another version', '{"version":2,"change":1,"lists":{}}'],
    ['a list by another name', '{"version":1,"change":1,"lists":{"all":"../x"}}'],
  ])('a head that is %s is an error that names it', async (_, text) => {
    await store.put(HEAD_KEY, Buffer.from(text));
    await expect(machine().refresh()).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      problem: expect.stringContaining(HEAD_KEY),
    });
  });

  test('a list that names a file outside the lake writes nothing there', async () => {
    const text = JSON.stringify([['flow/../../../evil', 1, 'a', '"e"']]);
    const sha256 = createHash('sha256').update(text).digest('hex');
    await store.put(`.flowproof/lists/${sha256}.json.gz`, gzipSync(text));
    await store.put(
      HEAD_KEY,
      Buffer.from(JSON.stringify({ version: 1, change: 1, lists: { all: sha256 } })),
    );
    await expect(machine().refresh()).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      problem: expect.stringContaining('is no path in a lake'),
    });
  });

  test('a lake that has vanished does not empty the copy', async () => {
    const one = machine();
    await one.refresh();
    one.write(FIRST);
    await one.publish();
    store.objects.clear();
    await expect(one.refresh()).rejects.toMatchObject({ code: 'LAKE_UNUSABLE' });
    expect(await one.files()).toEqual(FIRST);
  });
});

describe('files that stay in S3', () => {
  const LARGE = 'x'.repeat(1_048_576);

  test('are names alone in the copies of who leaves them there', async () => {
    const writer = machine();
    await writer.refresh();
    writer.write({ ...FIRST, [DAY_2]: LARGE });
    await writer.publish();
    const reader = machine();
    const leaving: typeof place = { ...place, leavesLargeFiles: true };
    const state = await refreshCopy(store, leaving, reader.copy);
    expect(await reader.files()).toEqual({ ...FIRST, [DAY_2]: '' });
    expect(store.calls).not.toContain(`get ${DAY_2}`);
    expect(state.files.get(DAY_2)).toMatchObject({ key: DAY_2, size: LARGE.length, isStub: true });

    // What it publishes leaves them as they are.
    reader.write({ [MART]: 'newer' });
    await publishCopy({ store, place: leaving, copy: reader.copy, state });
    expect(await readAnew()).toEqual({ ...FIRST, [DAY_2]: LARGE, [MART]: 'newer' });

    // Who reads all of them brings them.
    await reader.refresh();
    expect((await reader.files())[DAY_2]).toBe(LARGE);
  });

  test('go again when they are removed, or replaced', async () => {
    const writer = machine();
    await writer.refresh();
    writer.write({ ...FIRST, [DAY_1]: LARGE, [DAY_2]: LARGE });
    const leaving: typeof place = { ...place, leavesLargeFiles: true };
    await writer.publish();
    await leaveLargeFiles(leaving, writer.copy);
    expect((await writer.files())[DAY_1]).toBe('');
    writer.remove(DAY_1);
    writer.write({ [DAY_2]: 'small' });
    await writer.publish();
    const { [DAY_1]: _, ...rest } = FIRST;
    expect(await readAnew()).toEqual({ ...rest, [DAY_2]: 'small' });
  });
});

describe('files that another engine wrote', () => {
  test('take their places, and a copy has their names alone', async () => {
    const writer = machine();
    await writer.refresh();
    writer.write(FIRST);
    await writer.publish();
    const state = await readState(writer.copy, place.uri);
    const adopted = new Map<string, RemoteFile>();
    const publish = () => publishCopy({ store, place, copy: writer.copy, state, adopted });
    const files = engineFiles({ store, place, copy: writer.copy, state, adopted, publish });
    const folder = files.newFolder();
    await store.put(`${folder}rule_day/one`, Buffer.from('first'));
    await store.put(`${folder}rule_day/two`, Buffer.from('second'));
    await store.put(`${folder}rule_day/none`, Buffer.alloc(0));
    await files.adopt(`${folder}rule_day/`, dirname(MART));
    await files.publish();
    const { [MART]: _, ...rest } = FIRST;
    const made = {
      [`${dirname(MART)}/data-0.parquet`]: 'first',
      [`${dirname(MART)}/data-1.parquet`]: 'second',
    };
    expect(await readAnew()).toEqual({ ...rest, ...made });
    expect([...(await stubsOf(writer.copy, place.uri)).keys()]).toEqual(Object.keys(made));
    expect((await store.list(folder)).map(({ key }) => key)).toEqual([`${folder}rule_day/none`]);

    // What a run that died left is removed, and nothing that the lake names.
    await files.sweep();
    expect(await store.list('.flowproof/next/')).toEqual([]);
    expect(await readAnew()).toEqual({ ...rest, ...made });
  });

  test('are all there or none, wherever the machine dies', async () => {
    for (let calls = 0; calls < 40; calls += 1) {
      store = createMemoryStore();
      const writer = machine();
      await writer.refresh();
      writer.write(FIRST);
      await writer.publish();
      const state = await readState(writer.copy, place.uri);
      const adopted = new Map<string, RemoteFile>();
      const publish = () => publishCopy({ store, place, copy: writer.copy, state, adopted });
      const files = engineFiles({ store, place, copy: writer.copy, state, adopted, publish });
      const folder = files.newFolder();
      await store.put(`${folder}rule_day/one`, Buffer.from('first'));
      await files.adopt(`${folder}rule_day/`, dirname(MART));
      store.dieAfter(calls);
      const isDone = await files.publish().then(
        () => true,
        () => false,
      );
      const { [MART]: old, ...rest } = FIRST;
      const seen = await readAnew();
      const after = { ...rest, [`${dirname(MART)}/data-0.parquet`]: 'first' };
      expect([{ ...rest, [MART]: old }, after]).toContainEqual(seen);
      if (!isDone) continue;
      expect(seen).toEqual(after);
      return;
    }
    throw new Error('it never came to its end');
  });
});
