import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { confirmLock, lockLake } from '../src/lake-lock.ts';
import { type Holder, judgeHolder, ownHolder, parseHolder } from '../src/lock-holder.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';

let root = '';
let path = '';
let children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-lock-'));
  path = join(root, '.flowproof', 'lock');
});

async function killAll(): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children = [];
}

afterEach(async () => {
  await killAll();
  rmSync(root, { recursive: true });
});

/** Another process on this machine that does nothing. */
function sleeper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(child);
  return child;
}

/** Puts a lock in place that was last written so many seconds ago. */
function putLock(holder: Partial<Holder> | string, secondsAgo = 0): void {
  mkdirSync(join(root, '.flowproof'), { recursive: true });
  const text =
    typeof holder === 'string' ? holder : `${JSON.stringify({ ...ownHolder(), ...holder })}\n`;
  writeFileSync(path, text);
  const time = Date.now() / 1000 - secondsAgo;
  utimesSync(path, time, time);
}

const LOCKED = { code: 'LAKE_LOCKED' };

async function expectTaken(): Promise<void> {
  const lock = await lockLake(root);
  expect(parseHolder(readFileSync(path, 'utf8'))?.pid).toBe(process.pid);
  await lock.release();
  expect(readdirSync(join(root, '.flowproof'))).toEqual([]);
}

/** An id that no process has: of one that has ended. */
async function deadPid(): Promise<number> {
  const child = sleeper();
  child.kill('SIGKILL');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('the lock says who holds it, and goes with its release', async () => {
  const lock = await lockLake(root);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
    ...ownHolder(),
    since: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/),
    token: expect.any(String),
  });
  await expect(lockLake(root)).rejects.toMatchObject(LOCKED);
  await lock.release();
  expect(existsSync(path)).toBe(false);
});

describe('a lock of this machine', () => {
  test('keeps out while its process lives, however silent, and not a moment longer', async () => {
    const child = sleeper();
    const start = () => readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(' ')[21];
    putLock({ pid: child.pid ?? 0, process_start: ownHolder().process_start && start() }, 3600);
    await expect(lockLake(root)).rejects.toMatchObject({
      ...LOCKED,
      problem: expect.stringMatching(new RegExp(`process ${child.pid} on ${ownHolder().host}, `)),
      remedy: expect.stringContaining(path),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expectTaken();
  });

  test('is taken over from a process whose id another one has now', async () => {
    if (ownHolder().process_start === undefined) return;
    putLock({ pid: sleeper().pid ?? 0, process_start: '1' });
    await expectTaken();
    putLock({ process_start: '1' });
    await expectTaken();
  });

  test('is taken over from a process that ended and was not waited for', async () => {
    if (ownHolder().process_start === undefined) return;
    const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60']);
    children.push(parent);
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    const state = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ');
    const start = state()[21];
    while (state()[2] !== 'Z') await pause(10);
    expect(judgeHolder({ ...ownHolder(), pid, process_start: start }, ownHolder())).toBe('dead');
  });
});

describe('a lock of another container or machine', () => {
  const elsewhere: [string, Partial<Holder>][] = [
    ['host', { host: 'other-host' }],
    ['space of process ids', { pid_namespace: 'pid:[1]' }],
    ['boot', { boot_id: '00000000-0000-4000-8000-000000000000' }],
  ];

  test.each(elsewhere)('counts for two minutes of silence, with another %s', async (_, other) => {
    // The same id lives here, or does not: it says nothing.
    for (const pid of [process.pid, await deadPid()]) {
      putLock({ ...other, pid }, 110);
      await expect(lockLake(root)).rejects.toMatchObject({
        ...LOCKED,
        remedy: expect.stringMatching(/silent for 120 seconds \(now 1[01]\d\)/),
      });
      putLock({ ...other, pid }, 121);
      await expectTaken();
    }
  });

  test.each(['', 'no lock', '-1', '{}', '{"pid":"1"}', '{"pid":1,"host"'])(
    'that says %j counts as one',
    async (text) => {
      putLock(text);
      await expect(lockLake(root)).rejects.toMatchObject(LOCKED);
      putLock(text, 121);
      await expectTaken();
    },
  );

  /** Takes the lock as another container would, says so, and at a word on its input confirms it. */
  const CHILD = `
    import { pathToFileURL } from 'node:url';
    const [source, root] = process.argv.slice(1);
    const load = (name) => import(pathToFileURL(source + '/' + name).href);
    const { lockLake, confirmLock } = await load('lake-lock.ts');
    const { ownHolder } = await load('lock-holder.ts');
    const holder = { ...ownHolder(), host: 'container-1', pid_namespace: 'pid:[1]' };
    const lock = await lockLake(root, { holder, heartbeatMilliseconds: 50 });
    process.stdout.write('held');
    process.stdin.once('data', async () => {
      const said = await confirmLock(root).then(() => 'kept', (thrown) => thrown.code);
      await lock.release();
      process.stdout.write(said);
      process.exit();
    });
  `;

  test('lives as long as it is written anew; its holder notices that it was taken over', async () => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', CHILD, join(PACKAGE_ROOT, 'src'), root],
      { cwd: PACKAGE_ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    children.push(child);
    const said = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]);
    expect(await said()).toBe('held');
    const take = () => lockLake(root, { silenceMilliseconds: 1000 });
    await pause(1500);
    await expect(take()).rejects.toMatchObject({
      ...LOCKED,
      problem: expect.stringContaining('on container-1'),
    });
    child.kill('SIGSTOP');
    await pause(1300);
    const lock = await take();
    await confirmLock(root);
    child.kill('SIGCONT');
    child.stdin.write('x');
    expect(await said()).toBe('LAKE_LOCK_LOST');
    await confirmLock(root);
    await lock.release();
  });
});

test('lets one of many in that come at once, also where a dead lock stands', async () => {
  for (const round of ['no lock', 'a dead lock']) {
    const results = await Promise.all(Array.from({ length: 8 }, () => contend()));
    expect([round, ...results.sort()]).toEqual([round, ...Array(7).fill('LAKE_LOCKED'), 'held']);
    await killAll();
    expect(existsSync(path)).toBe(true);
  }
});

/** Another process that tries to take the lock, and lives on until it is killed. */
async function contend(): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--input-type=module', '-e'],
      `import { pathToFileURL } from 'node:url';
       const [source, root] = process.argv.slice(1);
       const { lockLake } = await import(pathToFileURL(source + '/lake-lock.ts').href);
       const said = await lockLake(root).then(() => 'held', (thrown) => thrown.code);
       process.stdout.write(said);
       setInterval(() => {}, 1000);`,
      join(PACKAGE_ROOT, 'src'),
      root,
    ],
    { cwd: PACKAGE_ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  return String((await once(child.stdout, 'data'))[0]);
}
