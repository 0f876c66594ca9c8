/** `flowproof run` as a scheduler starts it: exit codes, one run at a time, and signals. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import {
  buildProgram,
  type Exit,
  runProgram,
  type Started,
  startProgram,
} from './built-program.ts';
import { filesBelow } from './crash/whole-content.ts';

const FLOWS = `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 123456789012 eni-0123456789abcdef0 10.0.0.5 192.0.2.9 40000 443 6 3 300 1762128000 1762128060 ACCEPT OK
`;

const CONFIG = `lake: lake
output: evidence
sources:
  flow_logs: [{ files: ["logs/*.log"] }]
scope: [{ name: cde, match: { account: ["123456789012"] } }]
schedule: { since: 2025-11-03, packs: [{ pack: soc2, every: day }], wait_hours: 1 }
`;

let base = '';
let folder = '';
let started: Started[] = [];

beforeAll(buildProgram);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'flowproof-job-'));
  folder = join(base, 'work');
  mkdirSync(join(folder, 'logs'), { recursive: true });
  writeFileSync(join(folder, 'flowproof.yaml'), CONFIG);
  writeFileSync(join(folder, 'logs', 'a.log'), FLOWS);
});

afterEach(async () => {
  for (const { child, ended } of started) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  started = [];
  rmSync(base, { recursive: true });
});

const configPath = (): string => join(folder, 'flowproof.yaml');

const flowproof = (command: string, ...more: string[]): Promise<Exit> =>
  runProgram([command, '--quiet', '--config', configPath(), ...more]);

function start(command: string, ...more: string[]): Started {
  const one = startProgram([command, '--config', configPath(), ...more]);
  started.push(one);
  return one;
}

describe('exit codes', () => {
  test('0: done, also where nothing was to do; 4: a pack differs from its manifest', async () => {
    const first = await flowproof('run', '--as-of', '2025-11-04T01:00:00Z');
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('1 pack made, 0 there before');
    expect(readdirSync(join(folder, 'evidence'))).toEqual(['soc2_2025-11-03_2025-11-04']);
    const second = await flowproof('run', '--as-of', '2025-11-04T01:00:00Z');
    expect([second.code, second.stderr]).toEqual([0, '']);
    expect(second.stdout).toContain('0 packs made, 1 there before');
    const pack = join(folder, 'evidence', 'soc2_2025-11-03_2025-11-04');
    expect((await runProgram(['verify', pack])).code).toBe(0);
    writeFileSync(join(pack, 'coverage_gaps.csv'), 'x');
    expect((await runProgram(['verify', pack])).code).toBe(4);
  });

  test('1: failed', async () => {
    writeFileSync(configPath(), CONFIG.replace('lake: lake', 'lake: logs/a.log'));
    const { code, stderr } = await flowproof('run');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error LAKE_UNUSABLE\n/)]);
  });

  test.each([
    [['--as-of', 'yesterday'], '"yesterday" is no UTC time'],
    [['--as-of', '2199-01-01'], 'lies ahead'],
  ])('2: wrong usage, such as %j', async (args, problem) => {
    const { code, stdout, stderr } = await flowproof('run', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error USAGE\n--as-of: /);
    expect(stderr).toContain(problem);
    expect(existsSync(join(folder, 'lake'))).toBe(false);
  });

  test('2: a configuration with a period and a schedule', async () => {
    writeFileSync(
      configPath(),
      `${CONFIG}period: { start: 2025-11-03, end: 2025-11-04 }\npack: soc2\n`,
    );
    const { code, stderr } = await flowproof('run');
    expect(code).toBe(2);
    expect(stderr).toContain('line 7: period: does not go with a schedule');
    expect(stderr).toContain('line 8: pack: does not go with a schedule');
  });

  test('3: more was rejected than allowed, and the packs are made all the same', async () => {
    writeFileSync(join(folder, 'logs', 'a.log'), `${FLOWS}2 broken\n`);
    const { code, stdout } = await flowproof('run', '--as-of', '2025-11-04T01:00:00Z');
    expect([code, readdirSync(join(folder, 'evidence')).length]).toEqual([3, 1]);
    expect(stdout).toContain('Exit code 3');
  });

  test('are listed in the help of each command that has them', async () => {
    for (const command of ['run', 'ingest', 'enrich', 'report', 'verify']) {
      const { stdout } = await runProgram([command, '--help']);
      const codes = [...stdout.matchAll(/^ {2}(\d+(?:, \d+)?) {2}\S/gm)].map((match) => match[1]);
      expect([command, codes]).toEqual([command, ['0', '1', '2', '3', '4', '5', '130, 143']]);
    }
  });
});

/** Standard input that never ends keeps a run at work for as long as a test wants. */
async function startEndless(): Promise<Started> {
  writeFileSync(configPath(), CONFIG.replace('"logs/*.log"', '"-"'));
  const one = start('run', '--quiet');
  one.child.stdin?.write(FLOWS);
  while (!existsSync(join(folder, 'lake', '.flowproof', 'lock'))) await pause(20);
  return one;
}

describe('one run at a time', () => {
  test('a second start ends at once with 5; a dead process holds nothing', async () => {
    const first = await startEndless();
    const second = await flowproof('run');
    expect([second.code, second.stdout]).toEqual([5, '']);
    expect(second.stderr).toMatch(
      new RegExp(`^error LAKE_LOCKED\\n.*another run \\(process ${first.child.pid} on `),
    );
    first.child.kill('SIGKILL');
    await first.ended;
    expect(existsSync(join(folder, 'lake', '.flowproof', 'lock'))).toBe(true);
    writeFileSync(configPath(), CONFIG);
    const third = await flowproof('run', '--as-of', '2025-11-04T01:00:00Z');
    expect([third.code, third.stderr]).toEqual([0, '']);
    expect(existsSync(join(folder, 'lake', '.flowproof', 'lock'))).toBe(false);
  });
});

/** Nothing of a run is left but what it committed. */
function expectTidy(): void {
  const lake = join(folder, 'lake');
  expect(existsSync(join(lake, '.flowproof', 'lock'))).toBe(false);
  expect(filesBelow(join(lake, '.flowproof', 'staging'))).toEqual([]);
  expect(filesBelow(join(lake, '.flowproof', 'scratch'))).toEqual([]);
  const output = join(folder, 'evidence');
  const names = existsSync(output) ? readdirSync(output) : [];
  expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
}

describe('a signal', () => {
  let samples = '';

  beforeAll(() => {
    samples = mkdtempSync(join(tmpdir(), 'flowproof-job-samples-'));
    cpSync(join(PACKAGE_ROOT, 'samples'), samples, { recursive: true });
  });

  afterAll(() => rmSync(samples, { recursive: true }));

  test.each([
    ['SIGTERM', 143, 'ingest'],
    ['SIGINT', 130, 'enrich'],
    ['SIGTERM', 143, 'report'],
  ] as const)(
    '%s ends a run with %i within seconds, while it is at %s',
    async (signal, code, stage) => {
      cpSync(samples, folder, { recursive: true });
      const text = CONFIG.replace('logs/*.log', 'logs/AWSLogs/**/*')
        .replace('sources:', 'allowance: { rejected_lines: 100 }\nsources:')
        .replace(
          /schedule:.*/,
          'period: { start: 2026-11-02, end: 2026-11-04 }\npack: pci-dss-4.0.1',
        );
      writeFileSync(configPath(), text);
      const { child, ended } = start('run');
      let signalledAt = 0;
      child.stderr?.on('data', (data) => {
        if (signalledAt > 0 || !String(data).includes(`"stage":"${stage}"`)) return;
        signalledAt = performance.now();
        child.kill(signal);
      });
      const exit = await ended;
      expect(signalledAt).toBeGreaterThan(0);
      expect(performance.now() - signalledAt).toBeLessThan(8000);
      expect([exit.code, exit.signal, exit.stdout]).toEqual([code, null, '']);
      const last = exit.stderr.split('\n').filter((line) => !line.startsWith('{'));
      expect(last[0]).toBe(`error STOPPED_BY_${signal}`);
      expectTidy();
    },
  );

  test('ends a run that waits for its input', async () => {
    const { child, ended } = await startEndless();
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
    expectTidy();
  });
});
