/** End to end: the built program as a child process, as a shell or a scheduler runs it. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TOOL_VERSION } from '../src/version.ts';
import { buildProgram, PROGRAM } from './built-program.ts';

const COMMANDS = [
  'run',
  'ingest',
  'enrich',
  'report',
  'query',
  'shell',
  'connect',
  'explain',
  'status',
  'serve',
  'review',
  'verify',
];
const ALL_COMMANDS = [
  ...COMMANDS,
  'compact',
  'retain',
  'schedule',
  'doctor',
  'init',
  'config-schema',
];

const FLOWS = `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 123456789012 eni-0123456789abcdef0 10.0.0.5 192.0.2.9 40000 443 6 3 300 1793620800 1793620860 ACCEPT OK
2 123456789012 eni-0123456789abcdef0 192.0.2.9 10.0.0.5 443 40000 6 3 200 1793620800 1793620860 ACCEPT OK
`;

const CONFIG = `lake: lake
output: evidence
sources:
  flow_logs:
    - files: [logs/*.log]
scope:
  - name: cde
    match: { account: ["123456789012"] }
period: { start: 2026-11-02, end: 2026-11-03 }
pack: iso-27001-2022
`;

type Ended = { code: number; stdout: string; stderr: string };

let root: string;

/** Runs the program in a folder. Options of Node from outside must not change what it prints. */
async function flowproof(folder: string, ...args: string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const options = { cwd: folder, env, timeout: 50_000, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((done, reject) => {
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') done({ code, stdout, stderr });
      else reject(error);
    });
  });
}

/** A folder with a configuration and one log; the lake does not exist yet. */
async function workFolder(flows = FLOWS): Promise<string> {
  const folder = await mkdtemp(join(root, 'work-'));
  await mkdir(join(folder, 'logs'));
  await writeFile(join(folder, 'flowproof.yaml'), CONFIG);
  await writeFile(join(folder, 'logs', 'a.log'), flows);
  return folder;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flowproof-cli-'));
  await buildProgram();
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('help', () => {
  test('names every command', async () => {
    const { code, stdout, stderr } = await flowproof(root, '--help');
    expect([code, stderr]).toEqual([0, '']);
    const listed = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map((match) => match[1]);
    expect(listed).toEqual([...ALL_COMMANDS, 'help']);
  });

  test.each(ALL_COMMANDS)('of %s has an example of it', async (command) => {
    const { code, stdout, stderr } = await flowproof(root, command, '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Examples?:$/m);
    expect(stdout).toContain(`\n  $ flowproof ${command} `);
  });

  test('--version is that of the package', async () => {
    const ended = await flowproof(root, '--version');
    expect(ended).toEqual({ code: 0, stdout: `${TOOL_VERSION}\n`, stderr: '' });
  });
});

describe('wrong usage ends with 2, an empty standard output, and what is valid', () => {
  test.each<[string, string[], string[]]>([
    ['an unknown command', ['audit'], ["unknown command 'audit'", ...ALL_COMMANDS]],
    ['a command that is nearly right', ['ingset'], ['(Did you mean ingest?)']],
    ['no command', [], ALL_COMMANDS],
    ['an unknown option', ['run', '--confg', 'x'], ["unknown option '--confg'", '--config']],
    [
      'an unknown format of query',
      ['query', '--format', 'xml', 'select 1'],
      ["'xml' is invalid", 'table, csv, json, jsonl, arrow, parquet'],
    ],
    [
      'an unknown format of status',
      ['status', '--format', 'xml'],
      ["'xml' is invalid", 'table, json'],
    ],
    ['no statement', ['query'], ['no statement was given', '--file question.sql']],
    ['a missing file', ['query', '--file', 'none.sql'], ['none.sql', 'ENOENT', 'query --file']],
    ['no pack', ['verify'], ["missing required argument 'pack_dir'"]],
    ['no flow id', ['explain'], ["missing required argument 'flow_id'"]],
    ['an unknown format of explain', ['explain', '--format', 'csv', 'o:1'], ['text, json']],
  ])('%s', async (_, args, wanted) => {
    const { code, stdout, stderr } = await flowproof(root, ...args);
    expect([code, stdout]).toEqual([2, '']);
    for (const text of wanted) expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  test('a folder that is no pack', async () => {
    const { code, stderr } = await flowproof(root, 'verify', 'none');
    expect(code).toBe(2);
    expect(stderr).toContain('error VERIFY_UNREADABLE\n');
  });
});

describe('configuration', () => {
  test.each(['run', 'ingest', 'enrich', 'report', 'status', 'query'])(
    '%s says that it is missing, and makes nothing',
    async (command) => {
      const folder = await mkdtemp(join(root, 'empty-'));
      const args = command === 'query' ? [command, 'select 1'] : [command];
      const { code, stdout, stderr } = await flowproof(folder, ...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^error CONFIG_UNREADABLE\nflowproof\.yaml: /);
      expect(stderr).toContain('flowproof run --config flowproof.yaml');
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test('every mistake is told at once, with its line and the keys that are valid', async () => {
    const folder = await workFolder();
    const mistakes = CONFIG.replace('lake: lake', 'lakes: lake')
      .replace('files: [logs/*.log]', 's3: "https://example.com/logs"\n      account_id: 123')
      .replace('match:', 'matches:')
      .replace('end: 2026-11-03', 'end: 2026-11-31');
    await writeFile(join(folder, 'flowproof.yaml'), mistakes);
    const { code, stdout, stderr } = await flowproof(folder, 'run');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error CONFIG_INVALID\nflowproof\.yaml: \d+ mistakes\n/);
    const lines = stderr.split('\n').filter((line) => line.startsWith('  - '));
    for (const wanted of [
      /- lake: .*missing/,
      /- line 1: lakes: unknown key \(valid here: lake, output, .*memory_limit, .*\)/,
      /- line 5: sources\.flow_logs\[0\]\.s3: must look like s3:\/\/bucket\/prefix \(found: "https/,
      /- line 6: sources\.flow_logs\[0\]\.account_id: /,
      /- line 9: scope\[0\]\.matches: unknown key \(valid here: name, match\)/,
      /- line 10: period\.end: is no date of the calendar \(found: "2026-11-31"\)/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(wanted));
    }
    expect(await readdir(folder)).toEqual(['flowproof.yaml', 'logs']);
  });

  test('config-schema prints a JSON Schema', async () => {
    const { code, stdout, stderr } = await flowproof(root, 'config-schema');
    expect([code, stderr]).toEqual([0, '']);
    const schema = JSON.parse(stdout) as { properties: Record<string, unknown> };
    expect(Object.keys(schema.properties)).toContain('metadata_max_age_hours');
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  });
});

describe('an empty lake', () => {
  test('has no flow to explain, and says how to find one', async () => {
    const folder = await workFolder();
    const { code, stdout, stderr } = await flowproof(folder, 'explain', '0123456789abcdef:2');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error FLOW_UNKNOWN\n0123456789abcdef:2: the lake has no object /);
    expect(stderr).toContain('flowproof query "select flow_id, ');
    expect(await readdir(folder)).toEqual(['flowproof.yaml', 'logs']);
  });

  test('has every table, without rows', async () => {
    const folder = await workFolder();
    const sql = 'select count(*) as n, count(user_identification) as m from flow_detail';
    const counted = await flowproof(folder, 'query', '--format', 'jsonl', sql);
    expect(counted).toEqual({ code: 0, stdout: '{"n":0,"m":0}\n', stderr: '' });
    const shown = await flowproof(folder, 'query', '--format', 'csv', 'show tables');
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    const names = ['flow', 'flow_enriched', 'ips_event', 'rejected_record', 'source_object'];
    expect(shown.stdout.split('\r\n')).toEqual(expect.arrayContaining(names));
  });

  test('status says that nothing was ingested, and makes no lake', async () => {
    const folder = await workFolder();
    const { code, stdout, stderr } = await flowproof(folder, 'status');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Nothing was ingested yet. Run: flowproof ingest');
    expect(await readdir(folder)).toEqual(['flowproof.yaml', 'logs']);
  });
});

test('status says how the schedule stands, as text and JSON', async () => {
  const folder = await workFolder();
  const since = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const schedule = `schedule: { since: ${since}, wait_hours: 0, packs: [{ pack: pci-dss-4.0.1, every: day }] }`;
  await writeFile(
    join(folder, 'flowproof.yaml'),
    CONFIG.replace(/^period: .*\npack: .*$/m, schedule),
  );
  const text = await flowproof(folder, 'status');
  expect([text.code, text.stderr]).toEqual([0, '']);
  expect(text.stdout).toMatch(
    /\n\nSchedule {2}days before .* are closed; 0 packs there\n {10}next: pci-dss-4\.0\.1_.*\nDue {7}2 packs not made yet: .*\n {10}pci-dss-4\.0\.1_.*\n {10}pci-dss-4\.0\.1_.*\n$/,
  );
  const json = await flowproof(folder, 'status', '--format', 'json');
  const { schedule: found } = JSON.parse(json.stdout);
  expect(found.packs.map(({ state }: { state: string }) => state)).toEqual([
    'due',
    'due',
    'not_due',
  ]);
});

test.each([
  ["copy flow to 'x.csv'", 'is not a SELECT'],
  ["select * from read_text('flowproof.yaml')", 'read_text()'],
  ["select * from 'flowproof.yaml.json'", 'names a file'],
  ['select 1; select 2', 'there are 2 statements'],
])('query refuses %s', async (sql, problem) => {
  const folder = await workFolder();
  const { code, stdout, stderr } = await flowproof(folder, 'query', sql);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`error QUERY_REFUSED\nquery: `);
  expect(stderr).toContain(problem);
  expect(await readdir(folder)).not.toContain('x.csv');
});

describe('the summary and the units of a job', () => {
  test('a summary is written of a run, also of one that failed', async () => {
    const folder = await workFolder();
    const ingest = ['ingest', '--quiet', '--summary', 's.json'];
    expect(await flowproof(folder, ...ingest)).toMatchObject({ code: 0, stderr: '' });
    const read = async () => JSON.parse(await readFile(join(folder, 's.json'), 'utf8'));
    expect(await read()).toMatchObject({
      command: 'ingest',
      exit_code: 0,
      ingest: { row_count: 2 },
    });
    await rm(join(folder, 'logs'), { recursive: true });
    const failed = await flowproof(folder, ...ingest);
    expect(failed.code).toBe(2);
    expect(await read()).toMatchObject({
      exit_code: 2,
      error: { code: 'SOURCE_EMPTY' },
      history: { last_success: { run_id: expect.any(String) }, unfinished_runs: [] },
    });
    const nowhere = await flowproof(folder, 'enrich', '--quiet', '--summary', 'none/s.json');
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toMatch(/^error SUMMARY_UNWRITABLE\nnone\/s\.json: /);
  });

  test('schedule prints a unit, or writes its files', async () => {
    const folder = await workFolder();
    const cron = await flowproof(folder, 'schedule', '--print', 'cron');
    expect([cron.code, cron.stderr]).toEqual([0, '']);
    expect(cron.stdout).toContain(`'run' '--config' '${join(folder, 'flowproof.yaml')}'`);
    const systemd = await flowproof(folder, 'schedule', '--print', 'systemd');
    expect(systemd.stdout).toMatch(/^# flowproof\.service\n[\s\S]*\n# flowproof\.timer\n/);
    const written = ['schedule', '--print', 'systemd', '--output', 'units'];
    expect(await flowproof(folder, ...written)).toMatchObject({ code: 0, stderr: '' });
    expect((await readdir(join(folder, 'units'))).sort()).toEqual([
      'flowproof.service',
      'flowproof.timer',
    ]);
  });

  test.each([
    [['schedule'], "required option '--print <scheduler>'"],
    [['schedule', '--print', 'at'], 'systemd, cron, k8s, eventbridge'],
    [['schedule', '--print', 'cron', '--every', 'weekly'], '"weekly" is no schedule'],
    [['schedule', '--print', 'k8s'], '--image registry.example.com/'],
  ])('%j is wrong usage', async (args, wanted) => {
    const { code, stdout, stderr } = await flowproof(await workFolder(), ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(wanted);
  });
});

describe('from logs to a pack', () => {
  test('every step ends with 0 and no word on standard error', async () => {
    const folder = await workFolder();
    const quiet = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await flowproof(folder, ...args);
      expect([args, code, stderr]).toEqual([args, 0, '']);
      return stdout;
    };
    expect(await quiet('ingest', '--quiet')).toMatch(/^Read {6}1 new object .*\n {10}2 rows/);
    expect(await quiet('enrich', '--quiet')).toMatch(/^Joined {4}1 day /);
    expect(await quiet('report', '--quiet')).toContain('sha256sum -c SHA256SUMS');
    expect(await quiet('run', '--quiet')).toMatch(/^Read {6}0 new objects .* 1 object known/);
    expect(await quiet('status')).toContain('flow_logs[0]');
    const found = await quiet('query', '--format', 'jsonl', 'select min(flow_id) as id from flow');
    const { id } = JSON.parse(found) as { id: string };
    expect(await quiet('explain', id)).toMatch(/^Flow [0-9a-f]{16}:2\n/);
    const explained = JSON.parse(await quiet('explain', id, '--format', 'json'));
    expect(explained).toMatchObject({ flow_id: id, enrichment: { rule_verdict: 'no_metadata' } });
    await writeFile(join(folder, 'q.sql'), 'select srcaddr, bytes from flow order by all');
    const file = ['--file', 'q.sql', '--format', 'csv', '--output', 'r.csv'];
    expect(await quiet('query', ...file)).toBe('');
    expect(await readFile(join(folder, 'r.csv'), 'utf8')).toBe(
      'srcaddr,bytes\r\n10.0.0.5,300\r\n192.0.2.9,200\r\n',
    );
    const [pack = ''] = await readdir(join(folder, 'evidence'));
    expect(await quiet('verify', join('evidence', pack))).toMatch(/^OK: \d+ files agree/);
    await appendFile(join(folder, 'evidence', pack, 'coverage_gaps.csv'), 'x');
    const changed = await flowproof(folder, 'verify', join('evidence', pack));
    expect([changed.code, changed.stderr]).toEqual([4, '']);
    expect(changed.stdout).toMatch(/^coverage_gaps\.csv: [\s\S]*^FAILED: /m);
  });

  test('a signed pack: made, checked with the public key alone, its originals read again', async () => {
    const folder = await workFolder();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    await writeFile(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    await writeFile(join(folder, 'key.pub.pem'), pem);
    await appendFile(join(folder, 'flowproof.yaml'), 'signature: { key_file: key.pem }\n');
    expect((await flowproof(folder, 'run', '--quiet')).code).toBe(0);
    await rm(join(folder, 'key.pem'));
    const [pack = ''] = await readdir(join(folder, 'evidence'));
    const place = join('evidence', pack);
    const check = ['--public-key', 'key.pub.pem', place, '--chain', '--sources', '--quiet'];
    const sound = await flowproof(folder, 'verify', ...check);
    expect([sound.code, sound.stderr]).toEqual([0, '']);
    expect(sound.stdout).toMatch(
      /^OK: .*\nSignature {2}good, .*\nChain {6}1 pack .*\nOriginals {2}1 of 1 read again/,
    );
    await appendFile(join(folder, 'logs', 'a.log'), 'x');
    const grown = await flowproof(folder, 'verify', ...check);
    expect([grown.code, grown.stdout]).toEqual([0, expect.stringContaining('Grown      file:')]);
    await writeFile(join(folder, 'logs', 'a.log'), 'x');
    const changed = await flowproof(folder, 'verify', ...check);
    expect([changed.code, changed.stdout]).toEqual([
      4,
      expect.stringMatching(/^file:logs\/a\.log: /),
    ]);
    const missing = await flowproof(folder, 'run', '--quiet');
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringContaining('error SIGNING_KEY_UNUSABLE'),
    ]);
  });

  test('more rejected lines than allowed end with 3, and are kept', async () => {
    const folder = await workFolder(`${FLOWS}2 123456789012 eni-1 broken\n`);
    const { code, stdout, stderr } = await flowproof(folder, 'ingest', '--quiet');
    expect([code, stderr]).toEqual([3, '']);
    expect(stdout).toMatch(/Rejected {2}1 line in 1 object[\s\S]*a\.log line 4: /);
    const sql = 'select line_number, decode(record_bytes) as line from rejected_record';
    const kept = await flowproof(folder, 'query', '--format', 'jsonl', sql);
    expect(kept.stdout).toBe('{"line_number":4,"line":"2 123456789012 eni-1 broken"}\n');
  });

  test('progress away from a terminal is JSON lines on standard error', async () => {
    const { code, stdout, stderr } = await flowproof(await workFolder(), 'ingest');
    expect([code, stdout.startsWith('Read ')]).toEqual([0, true]);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'info', stage: 'ingest', objects: 1, rows: 2 }),
    );
  });
});

describe('a first configuration', () => {
  test('is written by init, checked by doctor, and run; each says what comes next', async () => {
    const folder = await workFolder();
    const args = ['init', '--files', 'logs/*.log', '--scope-tag', 'pci=true'];
    const period = ['--period', '2026-11-02/2026-11-03'];
    const refused = await flowproof(folder, ...args, ...period);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(/^error USAGE\nflowproof\.yaml: it exists, and /);
    const written = await flowproof(folder, ...args, ...period, '--config', 'my first.yaml');
    expect([written.code, written.stderr]).toEqual([0, '']);
    expect(written.stdout).toContain("\n  flowproof doctor --config 'my first.yaml'\n");
    const checked = await flowproof(folder, 'doctor', '--config', 'my first.yaml');
    expect([checked.code, checked.stderr]).toEqual([0, '']);
    expect(checked.stdout).toContain('\nok           config my first.yaml: 1 source; ');
    expect(await readdir(folder)).toEqual(['flowproof.yaml', 'logs', 'my first.yaml']);
    const ran = await flowproof(folder, 'run', '--quiet', '--config', 'my first.yaml');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const again = await flowproof(
      folder,
      'doctor',
      '--format',
      'json',
      '--config',
      'my first.yaml',
    );
    const { exit_code, checks } = JSON.parse(again.stdout);
    expect([again.code, exit_code]).toEqual([0, 0]);
    const disk = checks.find(({ check }: { check: string }) => check === 'disk');
    expect(disk.found).toMatch(/the lake has \d+\.\d\d bytes for each byte read/);
  });

  test('doctor ends with 2 for a configuration with mistakes, with 1 for another problem', async () => {
    const folder = await workFolder();
    await writeFile(join(folder, 'wrong.yaml'), 'lake: 1\n');
    const wrong = await flowproof(folder, 'doctor', '--config', 'wrong.yaml');
    expect([wrong.code, wrong.stderr]).toEqual([2, '']);
    expect(wrong.stdout).toMatch(/^PROBLEM {6}config wrong\.yaml: \d+ mistakes\n/m);
    await writeFile(join(folder, 'lake'), 'a file where the lake should be');
    const other = await flowproof(folder, 'doctor');
    expect([other.code, other.stderr]).toEqual([1, '']);
    expect(other.stdout).toMatch(/^PROBLEM {6}lake_folder /m);
  });
});
