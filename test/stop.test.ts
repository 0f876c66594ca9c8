import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../src/database.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { listenForStop, orStop, stopError, untilStopped } from '../src/stop.ts';

let database: Database;
let child: ChildProcess | undefined;

beforeEach(async () => {
  database = await openDatabase();
});

afterEach(() => {
  database.close();
  child?.kill('SIGKILL');
  child = undefined;
});

/** Takes hours if it is left alone. */
const ENDLESS =
  'select count(*) from range(1000000000) a, range(1000000) b where a.range % 7 = b.range % 5';

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s aborts, and the next signal is not listened for',
  (name) => {
    const source = new EventEmitter();
    const stop = listenForStop(source as unknown as NodeJS.Process);
    expect([source.listenerCount('SIGTERM'), source.listenerCount('SIGINT')]).toEqual([1, 1]);
    source.emit(name, name);
    expect(stop.signal.reason).toMatchObject({ code: `STOPPED_BY_${name}` });
    expect([source.listenerCount('SIGTERM'), source.listenerCount('SIGINT')]).toEqual([0, 0]);
  },
);

test('once closed nothing is listened for', () => {
  const source = new EventEmitter();
  listenForStop(source as unknown as NodeJS.Process).close();
  expect([source.listenerCount('SIGTERM'), source.listenerCount('SIGINT')]).toEqual([0, 0]);
});

test('a second signal kills the process at once', async () => {
  const script = `
    const { listenForStop } = await import(${JSON.stringify(pathToFileURL(join(PACKAGE_ROOT, 'src/stop.ts')).href)});
    const stop = listenForStop();
    stop.signal.addEventListener('abort', () => process.stdout.write('heard'));
    setInterval(() => {}, 1000);
    process.stdout.write('ready');`;
  const started = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    {
      cwd: PACKAGE_ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child = started;
  const said = async (): Promise<string> => String((await once(started.stdout, 'data'))[0]);
  expect(await said()).toBe('ready');
  started.kill('SIGTERM');
  expect(await said()).toBe('heard');
  started.kill('SIGTERM');
  expect(await once(started, 'exit')).toEqual([null, 'SIGTERM']);
});

test('a statement that runs is interrupted, and so are those after it', async () => {
  const { connection } = database;
  const controller = new AbortController();
  const reached: string[] = [];
  const work = async (): Promise<void> => {
    for (const step of ['first', 'second']) {
      reached.push(step);
      await readRows(connection, ENDLESS).catch(() => {});
    }
    throw new Error('what an interrupted statement leads to');
  };
  setTimeout(() => controller.abort(stopError('SIGTERM')), 100);
  const began = performance.now();
  const ended = await untilStopped({ signal: controller.signal, connection, work });
  expect(ended).toMatchObject({ stopped: { code: 'STOPPED_BY_SIGTERM' }, isLeft: false });
  expect(reached).toEqual(['first', 'second']);
  expect(performance.now() - began).toBeLessThan(3000);
  // The connection is as good as before.
  expect(await readRows(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('work that does not hear of it is left after a while', async () => {
  const controller = new AbortController();
  controller.abort(stopError('SIGINT'));
  const options = { connection: database.connection, graceMilliseconds: 50 };
  const early = await untilStopped({
    ...options,
    signal: controller.signal,
    work: () => Promise.reject(new Error('never begun')),
  });
  expect(early).toMatchObject({ stopped: { code: 'STOPPED_BY_SIGINT' }, isLeft: false });
  const later = new AbortController();
  setTimeout(() => later.abort(stopError('SIGTERM')), 20);
  const left = await untilStopped({
    ...options,
    signal: later.signal,
    work: () => new Promise(() => {}),
  });
  expect(left).toMatchObject({ stopped: { code: 'STOPPED_BY_SIGTERM' }, isLeft: true });
});

test('work that ends, or fails by itself, is as without a signal', async () => {
  const { connection } = database;
  const { signal } = new AbortController();
  expect(await untilStopped({ signal, connection, work: async () => 7 })).toEqual({ value: 7 });
  const failing = untilStopped({
    signal,
    connection,
    work: () => Promise.reject(new Error('own')),
  });
  await expect(failing).rejects.toThrow('own');
});

test('orStop gives what comes first', async () => {
  const controller = new AbortController();
  expect(await orStop(undefined, Promise.resolve(1))).toBe(1);
  expect(await orStop(controller.signal, Promise.resolve(1))).toBe(1);
  const waiting = orStop(controller.signal, pause(60_000, 1, { ref: false }));
  controller.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  await expect(orStop(controller.signal, new Promise(() => {}))).rejects.toThrow('stopped');
});
