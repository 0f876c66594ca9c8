import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, readRows } from '../../src/database.ts';
import { FlowproofError } from '../../src/errors.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import {
  type AccessRequest,
  MAX_STATEMENT_LENGTH,
  recordAccess,
  withRecord,
} from '../../src/query/access-log.ts';
import { openQuerySession } from '../../src/query/query-session.ts';
import { errorOf } from './locked-lake.ts';
import { ask, LIMITS, memorySink } from './small-lake.ts';

let lake: string;

beforeEach(async () => {
  lake = await mkdtemp(join(tmpdir(), 'flowproof-access-'));
});

afterEach(async () => {
  await rm(lake, { recursive: true, force: true });
});

const ASKER = { userId: 1000, userName: 'analyst', hostName: 'host.example.com', processId: 7 };

const START = Date.parse('2026-11-02T23:59:59.500Z');

/** A clock that goes on by a second with each look. */
function clock(): () => Date {
  let looks = -1;
  return () => {
    looks += 1;
    return new Date(START + looks * 1000);
  };
}

const request = (own: Partial<AccessRequest> = {}): AccessRequest => ({
  lake,
  command: 'query',
  statement: 'select 1',
  asker: ASKER,
  now: clock(),
  ...own,
});

async function readAccess(): Promise<Record<string, unknown>[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    return await readRows(database.connection, 'from query_access order by asked_at, statement');
  } finally {
    database.close();
  }
}

const files = async (): Promise<string[]> =>
  (await readdir(join(lake, 'access_event'))).map((name) => join(lake, 'access_event', name));

describe('recordAccess', () => {
  test('keeps who asked what and when before it runs, and how it ended', async () => {
    const access = await recordAccess(request({ parameterNames: ['port'] }));
    expect(await readAccess()).toMatchObject([
      { statement: 'select 1', outcome: null, ended_at: null },
    ]);
    await access.end({ outcome: 'answered', rowCount: 5 });
    expect(await readAccess()).toMatchObject([
      {
        command: 'query',
        user_id: 1000n,
        user_name: 'analyst',
        host_name: 'host.example.com',
        process_id: 7n,
        statement: 'select 1',
        // printf 'select 1' | sha256sum
        statement_sha256: '822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f',
        parameter_names: ['port'],
        outcome: 'answered',
        error_code: null,
        row_count: 5n,
        duration_seconds: 1,
        asked_at: new Date(START),
        ended_at: new Date(START + 1000),
      },
    ]);
  });

  test('only appends, to a file of the day, the host and the user that its owner alone can read', async () => {
    await recordAccess(request());
    const [first = ''] = await files();
    expect(first).toMatch(/2026-11-02\.[0-9a-f]{16}\.jsonl$/);
    expect((await stat(first)).mode & 0o777).toBe(0o600);
    expect((await stat(join(lake, 'access_event'))).mode & 0o777).toBe(0o700);
    const before = await readFile(first, 'utf8');
    await recordAccess(request());
    expect((await readFile(first, 'utf8')).startsWith(before)).toBe(true);
    await recordAccess(request({ asker: { ...ASKER, userId: 1001 } }));
    await recordAccess(request({ asker: { ...ASKER, hostName: '../../evil\0' } }));
    expect((await files()).length).toBe(3);
    expect((await readAccess()).length).toBe(4);
  });

  test('works while a run holds the lock', async () => {
    const lock = await openLakeForWriting(lake);
    await recordAccess(request());
    await lock.release();
    expect((await readAccess()).length).toBe(1);
  });

  test('keeps a hundred at once apart', async () => {
    const all = Array.from({ length: 100 }, async (_, i) => {
      const access = await recordAccess(
        request({ statement: `select ${i}, '${'x'.repeat(5000)}'` }),
      );
      await access.end({ outcome: 'answered', rowCount: i });
    });
    await Promise.all(all);
    const rows = await readAccess();
    expect(new Set(rows.map((row) => row.access_id)).size).toBe(100);
    expect(rows.every((row) => row.outcome === 'answered')).toBe(true);
  });

  test.each([
    ['line ends', 'select 1 -- a\n{"step": "ended"}\r\n, \'\u2028\''],
    ['quotes and separators', `select '"', '\\', '\u0001\u001b[31m', ';;,'`],
    ['what is not ASCII', "select 'é', '日本', '😀', '\u202e', '\u007f'"],
    ['halves of characters', "select '\ud800', '\udfff'"],
    ['a zero', "select '\0'"],
  ])('keeps %s in a statement', async (_, statement) => {
    const access = await recordAccess(request({ statement }));
    await access.end({ outcome: 'answered' });
    const [row] = await readAccess();
    expect(row?.statement).toBe(Buffer.from(statement).toString());
    expect(row?.outcome).toBe('answered');
    const lines = (await readFile((await files())[0] ?? '', 'latin1')).split('\n').filter(Boolean);
    expect(lines.length).toBe(2);
    expect(lines.every((line) => /^[\x20-\x7e]+$/.test(line))).toBe(true);
  });

  test('keeps the start and the hash of a statement that is too long', async () => {
    const statement = `select '${'😀'.repeat(100_000)}'`;
    await recordAccess(request({ statement }));
    const [row] = await readAccess();
    expect(String(row?.statement).length).toBeLessThanOrEqual(MAX_STATEMENT_LENGTH);
    expect(String(row?.statement).length).toBeGreaterThan(MAX_STATEMENT_LENGTH - 10);
    expect(row?.statement_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a line that was torn costs only itself', async () => {
    await recordAccess(request({ statement: 'first' }));
    const [file = ''] = await files();
    await appendFile(file, '\n{"access_id":"torn","step":"asked","statement":"\\u00');
    await recordAccess(request({ statement: 'second' }));
    await appendFile(file, '\nnull\n[]\n"text"\n{"step": 5}\n');
    expect((await readAccess()).map((row) => row.statement)).toEqual(['first', 'second']);
  });

  test('of a lake that is not there records nothing, and makes nothing', async () => {
    const none = join(lake, 'none');
    const access = await recordAccess(request({ lake: none }));
    await access.end({ outcome: 'answered' });
    expect(await readdir(lake)).toEqual([]);
  });
});

describe('withRecord', () => {
  test.each([
    ['QUERY_REFUSED', 'refused'],
    ['QUERY_LIMIT', 'limited'],
    ['QUERY_INTERRUPTED', 'interrupted'],
    ['FLOW_UNKNOWN', 'failed'],
  ] as const)('notes %s as %s', async (code, outcome) => {
    const thrown = new FlowproofError(code, { place: 'p', problem: 'p', remedy: 'r' });
    const act = () => Promise.reject(thrown);
    await expect(withRecord(request(), act)).rejects.toBe(thrown);
    expect(await readAccess()).toMatchObject([{ outcome, error_code: code }]);
  });
});

describe('a lake in which nothing can be recorded', () => {
  test('is not read, and the error says what to do', async () => {
    // A file in the place of the folder stops every user, also one that permissions do not.
    await writeFile(join(lake, 'access_event'), '');
    const session = openQuerySession({ lake, limits: LIMITS, command: 'query' });
    const sink = memorySink();
    const error = await errorOf(session.run({ sql: 'select 1', format: 'csv', sink }));
    await session.close();
    expect(error.code).toBe('ACCESS_UNRECORDED');
    expect(error.problem).toContain('nothing is read');
    expect(error.remedy).toContain('chmod 3770');
    expect(sink.bytes().length).toBe(0);
  });

  test('a link in the place of the file is not followed', async () => {
    const { symlink, mkdir } = await import('node:fs/promises');
    await recordAccess(request());
    const [file = ''] = await files();
    await rm(file);
    await mkdir(join(lake, 'elsewhere'));
    await symlink(join(lake, 'elsewhere', 'x'), file);
    expect((await errorOf(recordAccess(request()))).code).toBe('ACCESS_UNRECORDED');
    expect(await readdir(join(lake, 'elsewhere'))).toEqual([]);
  });
});

test('a session records each statement, its plan too, with its outcome', async () => {
  const session = openQuerySession({ lake, limits: { ...LIMITS, rows: 10 }, command: 'shell' });
  await ask(session, 'select $a as a', { parameters: { a: 'secret' } });
  await ask(session, 'drop table flow');
  await ask(session, 'select flwo');
  await ask(session, 'select 1 from range(100)');
  await ask(session, 'select 1', { explain: 'plan', format: 'table' });
  await session.close();
  const rows = await readAccess();
  expect(rows.map((row) => [row.command, row.statement, row.outcome, row.error_code])).toEqual([
    ['shell', 'select $a as a', 'answered', null],
    ['shell', 'drop table flow', 'refused', 'QUERY_REFUSED'],
    ['shell', 'select flwo', 'failed', 'QUERY_FAILED'],
    ['shell', 'select 1 from range(100)', 'limited', 'QUERY_LIMIT'],
    ['shell --explain', 'select 1', 'answered', null],
  ]);
  expect(rows[0]?.parameter_names).toEqual(['a']);
  expect((await readFile((await files())[0] ?? '', 'utf8')).includes('secret')).toBe(false);
});
