import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startQueryProcess } from '../../src/query/child-process.ts';
import type { QueryLimits } from '../../src/query/limits.ts';
import { openQuerySession, type QuerySession } from '../../src/query/query-session.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { ask, hashesOf, LIMITS, makeSmallLake, memorySink } from './small-lake.ts';

let root: string;
let lake: string;
let tempFolder: string;

beforeAll(async () => {
  ({ root, lake } = await makeSmallLake());
  // What others leave in the common folder must not count.
  tempFolder = await mkdtemp(join(tmpdir(), 'flowproof-session-'));
  process.env.TMPDIR = tempFolder;
});

afterAll(async () => {
  delete process.env.TMPDIR;
  await rm(tempFolder, { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
});

/** Calls with a session of these limits, and closes it. */
async function withSession<Result>(
  limits: Partial<QueryLimits>,
  act: (session: QuerySession) => Promise<Result>,
): Promise<Result> {
  const session = openQuerySession({
    lake,
    limits: { ...LIMITS, ...limits },
    command: 'query',
    graceMilliseconds: 500,
  });
  try {
    return await act(session);
  } finally {
    await session.close();
  }
}

/** Process ids of the children of this process that run statements. */
function childrenOf(parent: number): number[] {
  const isOurs = (pid: string): boolean => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return status.includes(`\nPPid:\t${parent}\n`) && command.includes('query-process');
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOurs(name))
    .map(Number);
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries += 1) {
    if (tries > 100) throw new Error('it did not happen within 10 seconds');
    await pause(100);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const queryFolders = (): string[] =>
  readdirSync(tempFolder).filter((name) => name.startsWith('flowproof-query-'));

const ENDLESS =
  'select count(*) from range(100000000) a, range(100000000) b where (a.range * b.range) % 7 = 3';

/** Four hundred thousand characters a side: one call that looks at nothing else for minutes. */
const DEAF = "select levenshtein(repeat('a', 400000), repeat('b', 400000))";

describe('a session', () => {
  test('runs several statements in one process, in every format', async () => {
    await withSession({}, async (session) => {
      const sql = 'select line_number, srcaddr from flow order by all';
      expect((await ask(session, sql)).text).toBe(
        'line_number,srcaddr\r\n0,192.0.2.0\r\n1,192.0.2.1\r\n2,192.0.2.2\r\n',
      );
      const json = (await ask(session, sql, { format: 'json' })).text;
      const lines = (await ask(session, sql, { format: 'jsonl' })).text;
      expect(JSON.parse(json)).toEqual(
        lines
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
      expect((await ask(session, sql, { format: 'table' })).text).toContain('3 rows in');
      const arrow = memorySink();
      const { rowCount } = await session.run({ sql, format: 'arrow', sink: arrow });
      expect(rowCount).toBe(3);
      expect(tableFromIPC(arrow.bytes()).getChild('srcaddr')?.toArray()).toContain('192.0.2.2');
      const parquet = memorySink();
      await session.run({ sql, format: 'parquet', sink: parquet });
      expect(parquet.bytes().subarray(-4).toString()).toBe('PAR1');
      if (process.platform === 'linux') expect(childrenOf(process.pid).length).toBe(1);
    });
  });

  test('carries a result of many pieces whole', async () => {
    const { text, error } = await withSession({}, (session) =>
      ask(session, 'select i from range(600000) r(i) order by i'),
    );
    expect(error).toBeUndefined();
    const lines = text.split('\r\n');
    expect(lines.length).toBe(600_002);
    expect(lines.slice(1, -1).every((line, index) => line === String(index))).toBe(true);
  });

  test('ends quietly when the reader goes away, and goes on', async () => {
    await withSession({}, async (session) => {
      let writes = 0;
      const sink = {
        ...memorySink(),
        isOpen: () => writes < 2,
        write: async () => {
          writes += 1;
          return writes < 2;
        },
      };
      const { rowCount } = await session.run({
        sql: 'select i, repeat($text, 100) from range(50000000) r(i)',
        parameters: { text: 'x' },
        format: 'csv',
        sink,
      });
      expect(rowCount).toBeLessThan(1_000_000);
      expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
    });
  });

  test('ends with what the sink throws, and goes on', async () => {
    await withSession({}, async (session) => {
      const sink = { ...memorySink(), write: () => Promise.reject(new Error('no room')) };
      const sql = 'select i from range(900000) r(i)';
      await expect(session.run({ sql, format: 'csv', sink })).rejects.toThrow('no room');
      expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
    });
  });

  test('sees after close what the lake holds by then', async () => {
    await withSession({}, async (session) => {
      await ask(session, 'select 1');
      await session.close();
      expect((await ask(session, 'select 2 as two')).text).toBe('two\r\n2\r\n');
    });
  });

  test('leaves no temporary files', async () => {
    await withSession({ memory: '100MB' }, (session) =>
      ask(
        session,
        'select count(*) from (select distinct md5(i::varchar) from range(2000000) r(i))',
      ),
    );
    expect(queryFolders()).toEqual([]);
  });

  test('shows a plan, and one with times', async () => {
    await withSession({}, async (session) => {
      const sql = 'select count(*) from flow where dstport = $port;';
      const parameters = { port: '22' };
      const options = { parameters, format: 'table' as const };
      const plan = await ask(session, sql, { ...options, explain: 'plan' });
      expect(plan.text).toMatch(/^┌─+┐$/m);
      expect(plan.text).not.toContain('Total Time');
      const analyzed = await ask(session, sql, { ...options, explain: 'analyze' });
      expect(analyzed.text).toContain('Total Time');
      const json = await ask(session, sql, { parameters, format: 'json', explain: 'plan' });
      expect(JSON.parse(json.text)).toHaveLength(1);
      const { error } = await ask(session, sql, { parameters, format: 'csv', explain: 'plan' });
      expect(error?.remedy).toBe('Use --format table or --format json.');
    });
  });
});

describe('limits, each with an error that names it and its remedy', () => {
  const SMALL = { seconds: 60, memory: '200MB', temp_disk: '50MB', rows: 1000, bytes: '1MB' };

  test.each([
    ['rows', 'select i from range(5000) r(i)', 'more than 1000 rows', 'rows'],
    ['bytes', "select repeat('x', 100000) from range(100) r(i)", 'more than 1MB', 'bytes'],
    ['memory of one value', "select repeat('x', 3000000000)", 'more memory than 200MB', 'memory'],
    [
      'memory of a list',
      'select list(i) from range(300000000) r(i)',
      'more memory than 200MB',
      'memory',
    ],
    [
      'memory of a list made of one row',
      'select len(list_transform(range(1000000000), lambda x: x))',
      'more memory than 200MB',
      'memory',
    ],
    [
      'memory of a text added up',
      "select length(string_agg(repeat('y', 1000))) from range(10000000) r(i)",
      'more memory than 200MB',
      'memory',
    ],
    [
      'temporary disk',
      'select max(m) from (select md5(i::varchar) as m from range(9000000) r(i) order by m, i offset 10)',
      'more than 50MB of temporary files',
      'temp_disk',
    ],
  ])('%s', async (_, sql, problem, key) => {
    const { error } = await withSession(SMALL, (session) => ask(session, sql));
    expect(error?.code).toBe('QUERY_LIMIT');
    expect(error?.problem).toContain(problem);
    expect(error?.remedy).toContain(`query_limits: { ${key}: … }`);
  });

  test('rows and bytes of Parquet, which the engine writes at once', async () => {
    await withSession(SMALL, async (session) => {
      const long = 'select md5(i::varchar), sha256(i::varchar) from range(3000000) r(i)';
      const { error } = await ask(session, long, { format: 'parquet' });
      expect(error?.code).toBe('QUERY_LIMIT');
      const many = await ask(session, 'select 1 from range(5000)', { format: 'parquet' });
      expect(many.error?.problem).toContain('more than 1000 rows');
    });
  });

  test.each([
    ['a cross join', ENDLESS],
    [
      'a recursion',
      'with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r',
    ],
    ['a plan', ENDLESS.replace('select', 'select /* analyze */')],
    ['one call that listens to nothing', DEAF],
  ])('time of %s, and the session goes on', async (name, sql) => {
    await withSession({ seconds: 1 }, async (session) => {
      await ask(session, 'select 1');
      const { error, milliseconds } = await ask(
        session,
        sql,
        name === 'a plan' ? { explain: 'analyze', format: 'table' } : {},
      );
      expect(error?.code).toBe('QUERY_LIMIT');
      expect(error?.problem).toBe('it ran for longer than 1 seconds');
      expect(error?.remedy).toContain('--timeout');
      expect(milliseconds).toBeLessThan(8000);
      expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
    });
  });

  test('the time that a reader takes is not that of the statement', async () => {
    await withSession({ seconds: 1 }, async (session) => {
      const slow = memorySink();
      const sink = {
        ...slow,
        write: async (data: string | Uint8Array) => {
          await pause(1500);
          return slow.write(data);
        },
      };
      await session.run({ sql: 'select 1 as one', format: 'csv', sink });
      expect(slow.bytes().toString()).toBe('one\r\n1\r\n');
    });
  });

  describe('of depth and size', () => {
    let session: QuerySession;

    beforeAll(() => {
      session = openQuerySession({ lake, limits: { ...LIMITS, seconds: 2 }, command: 'query' });
    });

    afterAll(() => session.close());

    test.each([
      ['parentheses', `select ${'('.repeat(50_000)}1${')'.repeat(50_000)}`],
      ['a sum', `select ${'1+'.repeat(50_000)}1`],
      ['negations', `select ${'- '.repeat(50_000)}1`],
      ['lists', `select ${'['.repeat(20_000)}1${']'.repeat(20_000)}`],
      ['subqueries', `${'select * from ('.repeat(3000)}select 1${')'.repeat(3000)}`],
      [
        'tables',
        `select count(*) from ${Array.from({ length: 60 }, (_, i) => `flow f${i}`).join(', ')}`,
      ],
      ['a long text', `select length('${'x'.repeat(5_000_000)}')`],
      [
        'many columns',
        `select ${Array.from({ length: 20_000 }, (_, i) => `${i} as c${i}`).join(', ')}`,
      ],
      ['a regular expression', "select regexp_matches(repeat('a', 1000000), '(a*)*(a*)*(a|aa)+b')"],
      ['a large repetition', "select regexp_matches('a', '((a{0,900}){0,900}){0,900}')"],
      ['JSON', `select json_valid('${'['.repeat(200_000)}')`],
      ['a bit string', "select bitstring('1', 2000000000)"],
      ['a wide number', "select printf('%1999999999d', 1)"],
    ])('%s end soon, with an answer or a reason, and the session goes on', async (_, sql) => {
      const { error, milliseconds } = await ask(session, sql);
      if (error) expect(error.code).toMatch(/^QUERY_(FAILED|LIMIT|CRASHED)$/);
      expect(milliseconds).toBeLessThan(12_000);
      expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
    });
  });
});

describe('the process', () => {
  test('has no credentials, nothing of the environment, and no way to a terminal', async () => {
    if (process.platform !== 'linux') return;
    const secrets = [
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'FLOWPROOF_TOKEN',
      'NODE_OPTIONS',
    ];
    for (const name of secrets) process.env[name] = '';
    process.env.AWS_SECRET_ACCESS_KEY = 'secret-of-a-test';
    const folder = await mkdtemp(join(tmpdir(), 'flowproof-process-'));
    const child = startQueryProcess(folder, LIMITS);
    try {
      // The shell that sets the limits gives way to Node.
      await until(() => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').includes('max-old'));
      await until(() => !readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').startsWith('/bin/sh'));
      const environment = readFileSync(`/proc/${child.pid}/environ`, 'utf8');
      const names = environment.split('\0').map((entry) => entry.split('=')[0]);
      const allowed = /^(?:|TZ|HOME|TMPDIR|LD_LIBRARY_PATH|PWD|OLDPWD|SHLVL|_|NODE_CHANNEL_\w+)$/;
      expect(names.filter((name) => !allowed.test(name ?? ''))).toEqual([]);
      const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
      expect(limits).toMatch(/Max core file size\s+0\s/);
      const dataBytes = Number(/Max data size\s+(\d+)/.exec(limits)?.[1]);
      expect(dataBytes).toBeGreaterThan(500_000_000);
      expect(dataBytes).toBeLessThan(4_000_000_000);
    } finally {
      child.kill('SIGKILL');
      for (const name of secrets) delete process.env[name];
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('that crashes is a clear error, and the next statement has a new one', async () => {
    if (process.platform !== 'linux') return;
    await withSession({}, async (session) => {
      await ask(session, 'select 1');
      const [pid = 0] = childrenOf(process.pid);
      const running = ask(session, ENDLESS);
      await pause(300);
      process.kill(pid, 'SIGSEGV');
      const { error } = await running;
      expect(error?.code).toBe('QUERY_CRASHED');
      expect(error?.problem).toContain('SIGSEGV');
      expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
      expect(childrenOf(process.pid)).not.toContain(pid);
    });
  });

  test.each([
    ['endless', ENDLESS],
    ['deaf', DEAF],
  ])('ends with its parent, and takes its files along: %s', async (_, sql) => {
    if (process.platform !== 'linux') return;
    const script = join(root, 'parent.mjs');
    const session = join(PACKAGE_ROOT, 'dist', 'query', 'query-session.js');
    await writeFile(
      script,
      `import { openQuerySession } from ${JSON.stringify(session)};
       const session = openQuerySession(${JSON.stringify({ lake, limits: LIMITS, command: 'query' })});
       const sink = { isTerminal: false, isOpen: () => true, write: async () => true };
       await session.run({ sql: ${JSON.stringify(sql)}, format: 'csv', sink });`,
    );
    const parent: ChildProcess = spawn(process.execPath, [script], { stdio: 'ignore' });
    let pids: number[] = [];
    await until(() => {
      pids = childrenOf(parent.pid ?? 0);
      return pids.length === 1;
    });
    await pause(1500);
    const [child = 0] = pids;
    expect(isAlive(child)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(child));
    expect(queryFolders()).toEqual([]);
  });

  test.each([0, 20, 150])(
    'is told to stop %i ms after a first statement, which opens the process',
    async (delay) => {
      await withSession({}, async (session) => {
        const running = ask(session, ENDLESS);
        await pause(delay);
        session.interrupt();
        expect((await running).error?.code).toBe('QUERY_INTERRUPTED');
        expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
      });
    },
  );

  test('is told to stop by interrupt, and the session goes on', async () => {
    await withSession({}, async (session) => {
      await ask(session, 'select 1');
      const running = ask(session, ENDLESS);
      await pause(300);
      session.interrupt();
      expect((await running).error?.code).toBe('QUERY_INTERRUPTED');
      expect((await ask(session, 'select 1 as one')).text).toBe('one\r\n1\r\n');
    });
  });

  test('that finds no lake of Parquet says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flowproof-no-lake-'));
    const session = openQuerySession({
      lake: join(folder, 'none'),
      limits: LIMITS,
      command: 'query',
    });
    try {
      expect((await ask(session, 'select count(*) as n from flow')).text).toBe('n\r\n0\r\n');
      expect(existsSync(join(folder, 'none'))).toBe(false);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await session.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test('all that left the lake as it was', async () => {
  expect(Object.keys(await hashesOf(lake)).map((path) => path.slice(lake.length))).toEqual([
    '/.flowproof/lock',
    '/.flowproof/outbox/message.csv',
    '/flow/flow_date=2026-11-02/b1-0.parquet',
    '/flow/flow_date=2026-11-02/unknown-0.parquet',
    '/source_object/b1-0.parquet',
  ]);
});
