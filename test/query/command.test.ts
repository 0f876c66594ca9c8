/** `flowproof query` as a shell runs it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { makeSmallLake } from './small-lake.ts';

const PROGRAM = join(PACKAGE_ROOT, 'dist', 'cli.js');

const ENDLESS =
  'select count(*) from range(100000000) a, range(100000000) b where (a.range * b.range) % 7 = 3';

let root: string;

beforeAll(async () => {
  ({ root } = await makeSmallLake());
  const config = (limits: string) => `lake: lake
output: evidence
sources: { flow_logs: [{ files: ["logs/*"] }] }
scope: [{ name: cde, match: { account: ["123456789012"] } }]
period: { start: 2026-11-02, end: 2026-11-03 }
${limits}`;
  await writeFile(join(root, 'flowproof.yaml'), config(''));
  await writeFile(join(root, 'tight.yaml'), config('query_limits: { rows: 2, memory: 300MB }'));
  await writeFile(
    join(root, 'question.sql'),
    'select count(*) as n from flow where bytes >= $least',
  );
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

type Ended = { code: number; stdout: string; stderr: string };

function query(args: readonly string[], input = ''): Promise<Ended> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, 'query', ...args],
      { cwd: root, env },
      (error, stdout, stderr) => done({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

test('reads a statement from a file or standard input, with parameters', async () => {
  const file = await query(['--file', 'question.sql', '--param', 'least=1', '--format', 'jsonl']);
  expect(file).toEqual({ code: 0, stdout: '{"n":2}\n', stderr: '' });
  const input = await query(
    ['--file', '-', '-p', '$a=x=y', '-p', 'b=2', '--format', 'json'],
    'select $a as a, $b + 1 as b',
  );
  expect(JSON.parse(input.stdout)).toEqual([{ a: 'x=y', b: 3 }]);
});

test.each([
  [['--param', 'novalue', 'select 1'], 'It must look like port=22'],
  [['-p', 'a=1', '-p', 'a=2', 'select $a'], 'a has a value already'],
  [['--timeout', '0', 'select 1'], 'a number of seconds above 0'],
  [['--timeout', 'soon', 'select 1'], 'a number of seconds above 0'],
  [['--explain=later', 'select 1'], 'plan, analyze'],
])('%j is wrong usage', async (args, wanted) => {
  const { code, stdout, stderr } = await query(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(wanted);
});

test('explains, and analyzes', async () => {
  const plan = await query(['--explain', '--file', 'question.sql', '--param', 'least=1']);
  expect(plan.code).toBe(0);
  expect(plan.stdout).toMatch(/^┌─+┐$/m);
  const analyzed = await query(['--explain=analyze', 'select count(*) from flow']);
  expect(analyzed.stdout).toContain('Total Time');
});

describe('limits', () => {
  test('come from the configuration, and leave no file', async () => {
    const { code, stderr } = await query([
      ...['--config', 'tight.yaml', '--output', 'result.csv', '--format', 'csv'],
      'from flow',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('error QUERY_LIMIT\nquery: its result has more than 2 rows\n');
    await expect(readFile(join(root, 'result.csv'))).rejects.toThrow('ENOENT');
  });

  test('of time from the command line', async () => {
    const { code, stderr } = await query(['--timeout', '0.5', ENDLESS]);
    expect(code).toBe(1);
    expect(stderr).toContain('it ran for longer than 0.5 seconds');
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it, and the record says so', async (signal) => {
  const child: ChildProcess = spawn(
    process.execPath,
    [PROGRAM, 'query', `/* ${signal} */ ${ENDLESS}`],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  await pause(3000);
  child.kill(signal);
  expect(await ended).toBe(1);
  expect(stderr).toContain('error QUERY_INTERRUPTED');
  const { stdout } = await query([
    ...['--format', 'csv', '--param', `like=/* ${signal}%`],
    'select outcome, user_name is not null as has_user from query_access where statement like $like',
  ]);
  expect(stdout).toBe('outcome,has_user\r\ninterrupted,true\r\n');
});

test('explain and status are recorded too', async () => {
  const run = (args: readonly string[]) =>
    new Promise<void>((done) => {
      execFile(process.execPath, [PROGRAM, ...args], { cwd: root }, () => done());
    });
  await run(['explain', 'o9:9']);
  await run(['status']);
  const { stdout } = await query([
    ...['--format', 'csv'],
    "select command, statement, error_code from query_access where command in ('explain', 'status') order by all",
  ]);
  expect(stdout).toContain('explain,o9:9,FLOW_UNKNOWN\r\n');
  expect(stdout).toMatch(/status,status,/);
});
