/** Under the umask that most systems have, all that the program makes is for its user alone. */
import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';

const PROGRAM = join(PACKAGE_ROOT, 'dist', 'cli.js');

const CONFIG = `lake: lake
output: evidence
sources:
  flow_logs:
    - files: [logs/*.log]
    - files: ["-"]
  ips_events:
    - files: [ips/*]
scope:
  - name: cde
    match: { account: ["123456789012"] }
period: { start: 2026-11-02, end: 2026-11-03 }
`;

const HEADER = 'version account-id interface-id srcaddr dstaddr srcport dstport start end action\n';
const FLOW = '2 123456789012 eni-1 10.0.0.5 192.0.2.9 40000 443 1793620800 1793620860 ACCEPT\n';
/** Wrapped, so that the messages are put aside in a temporary file. */
const EVENT = JSON.stringify({
  messageType: 'DATA_MESSAGE',
  owner: '123456789012',
  logGroup: '/ips',
  logStream: 'stream',
  subscriptionFilters: ['all'],
  logEvents: [
    {
      id: '1',
      timestamp: 1793620810000,
      message: JSON.stringify({
        timestamp: '2026-11-02T00:00:10.000000+0000',
        event_type: 'alert',
        src_ip: '192.0.2.9',
        dest_ip: '10.0.0.5',
        alert: { signature_id: 1, signature: 'a signature', severity: 1, action: 'allowed' },
      }),
    },
  ],
});

let root = '';

/** Every path below the folder with its mode, as `600 name`; what goes meanwhile is left out. */
function modesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .flatMap((name) => {
      const state = lstatSync(join(folder, name), { throwIfNoEntry: false });
      if (!state) return [];
      return [
        `${state.isDirectory() ? 'folder' : 'file'} ${(state.mode & 0o777).toString(8)} ${name}`,
      ];
    });
}

const isPrivate = (mode: string): boolean => /^(?:folder 700|file 600) /.test(mode);

/** Runs the program under umask 022, and looks at what there is for as long as it runs. */
async function run(
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; seen: Set<string> }> {
  const seen = new Set<string>();
  const child = spawn(
    'sh',
    ['-c', 'umask 022; exec "$0" "$@"', process.execPath, PROGRAM, ...args],
    {
      cwd: join(root, 'work'),
      env: { PATH: process.env.PATH, HOME: join(root, 'home'), TMPDIR: join(root, 'tmp') },
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  child.stdin.end(input);
  const look = (): void => {
    for (const folder of ['tmp', 'home', 'work/lake', 'work/evidence']) {
      try {
        for (const mode of modesBelow(join(root, folder))) seen.add(mode);
      } catch {
        // What is deleted while it is listed, or not there yet, is seen the next time or never.
      }
    }
  };
  const timer = setInterval(look, 15);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  clearInterval(timer);
  look();
  return { code, seen };
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-modes-'));
  for (const folder of ['tmp', 'home', 'work/logs', 'work/ips']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'work', 'flowproof.yaml'), CONFIG);
  writeFileSync(join(root, 'work', 'logs', 'a.log'), HEADER + FLOW.repeat(50));
  writeFileSync(join(root, 'work', 'ips', 'a.json'), EVENT);
});

afterAll(() => rmSync(root, { recursive: true }));

test('a run leaves files of mode 600 in folders of mode 700, and has no others meanwhile', async () => {
  const { code, seen } = await run(['run', '--quiet'], HEADER + FLOW.repeat(40));
  expect(code).toBe(0);
  expect([...seen].filter((mode) => !isPrivate(mode))).toEqual([]);
  const files = modesBelow(join(root, 'work', 'lake'));
  for (const kind of ['flow/', 'ips_event/', 'source_object/', '.flowproof/', 'run/']) {
    expect([
      kind,
      files.some((file) => file.startsWith('file 600 ') && file.includes(kind)),
    ]).toEqual([kind, true]);
  }
  expect(modesBelow(join(root, 'work', 'evidence')).length).toBeGreaterThan(50);
  // What it put aside is seen at least once, or the look would prove nothing of it.
  expect([...seen].some((mode) => /scratch\/.+/.test(mode))).toBe(true);
});

test.each(['csv', 'parquet'])('a file of query is for its user alone: %s', async (format) => {
  const out = join(root, 'work', `answer.${format}`);
  const { code, seen } = await run([
    'query',
    'select * from flow',
    '--output',
    out,
    '--format',
    format,
  ]);
  expect(code).toBe(0);
  expect([...seen].filter((mode) => !isPrivate(mode))).toEqual([]);
  expect((lstatSync(out).mode & 0o777).toString(8)).toBe('600');
});

test('verify puts nothing aside that others can read', async () => {
  const pack = readdirSync(join(root, 'work', 'evidence'))[0] ?? '';
  const { code, seen } = await run(['verify', join('evidence', pack), '--sources']);
  expect([0, 4]).toContain(code);
  expect([...seen].filter((mode) => !isPrivate(mode))).toEqual([]);
});
