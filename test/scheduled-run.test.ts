/** Runs with a schedule: what is made when, what is left alone, and what is told of it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDatabase, readRows } from '../src/database.ts';
import { DEFAULT_FORMAT } from '../src/flow-log-fields.ts';
import { createLakeViews } from '../src/lake.ts';
import { verifyChain } from '../src/reports/pack-chain.ts';
import { scheduleStatusLines } from '../src/reports/schedule-words.ts';
import { readSchedule } from '../src/reports/scheduled-packs.ts';
import { type Part, type RunOptions, type RunOutcome, run } from '../src/run.ts';
import { summaryText } from '../src/summary.ts';
import { hashesOf } from './crash/whole-content.ts';
import { s3Fault, startHttpDouble } from './http-double.ts';

const PARTS: readonly Part[] = ['ingest', 'enrich', 'report'];

const CONFIG = `lake: lake
output: evidence
queries: own
sources:
  flow_logs: [{ files: ["logs/*.log"] }]
scope: [{ name: cde, match: { account: ["123456789012"] } }]
schedule:
  since: 2025-11-03
  wait_hours: 6
  packs:
    - { pack: house-rules, every: day }
    - { pack: house-review, every: week }
`;

/** Flows by hour: the least report that changes with every flow. */
const REPORT = `-- title: Flows by hour
-- question: How many flows had each hour?
-- requirements: none
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows
-- grain: one row an hour
-- limits: None.
select 'partial' as status, date_trunc('hour', start_at) as hour_at, count(*) as flow_count
from flow
where flow_date >= cast(cast($period_start as timestamp) as date)
  and flow_date < cast(cast($period_end as timestamp) as date)
group by hour_at
order by hour_at
`;

let base = '';
let root = '';

/** A lake at noon of the third day, with the packs of the first two, for tests to begin from. */
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'flowproof-schedule-'));
  root = join(base, 'begun');
  for (const folder of ['logs', 'own/reports', 'own/packs']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'flowproof.yaml'), CONFIG);
  writeFileSync(join(root, 'own/reports/flow_hour.sql'), REPORT);
  for (const name of ['house-rules', 'house-review']) {
    writeFileSync(
      join(root, 'own/packs', `${name}.yaml`),
      `name: ${name}\ntitle: House rules\nstandard: Our own\nrequirements:\n  - { id: H-1, title: t, asks: a, limits: l, manual: [], reports: [flow_hour] }\n`,
    );
  }
  for (const day of [3, 4, 5, 6]) writeLog(day, 10);
  await runAt('2025-11-05T12:00:00Z');
});

afterAll(() => rmSync(base, { recursive: true }));

let copies = 0;

beforeEach(() => {
  copies += 1;
  root = join(base, `copy-${copies}`);
  cpSync(join(base, 'begun'), root, { recursive: true, preserveTimestamps: true });
});

/** A file of flows of one hour of November 2025. */
function writeLog(day: number, hour: number, flows = 2, name = `${day}-${hour}`): void {
  const start = Date.UTC(2025, 10, day, hour) / 1000;
  const lines = Array.from(
    { length: flows },
    (_, index) =>
      `2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 ${50_000 + index} 443 6 10 840 ${start + index} ${start + 60} ACCEPT OK`,
  );
  writeFileSync(join(root, 'logs', `${name}.log`), [DEFAULT_FORMAT.join(' '), ...lines].join('\n'));
}

type Told = RunOutcome & { warnings: string[]; summary: string };

async function runAt(asOf: string, more: Partial<RunOptions> = {}): Promise<Told> {
  const warnings: string[] = [];
  const outcome = await run({
    config: readConfig(join(root, 'flowproof.yaml'), new Date(asOf)),
    parts: PARTS,
    command: 'run',
    progress: { step: () => {}, warn: (message) => warnings.push(message), finish: () => {} },
    asOf: new Date(asOf),
    ...more,
  });
  return { ...outcome, warnings, summary: summaryText(outcome, join(root, 'lake')) };
}

const states = ({ schedule }: RunOutcome): string[] =>
  (schedule?.packs ?? []).map(
    ({ pack, period, state }) => `${pack} ${period.start.slice(5, 10)} ${state}`,
  );

const folderOf = (day: number): string =>
  join(root, 'evidence', `house-rules_2025-11-0${day}_2025-11-0${day + 1}`);

const manifestOf = (day: number) =>
  JSON.parse(readFileSync(join(folderOf(day), 'manifest.json'), 'utf8'));

const rowsOf = (day: number): string[] =>
  readFileSync(join(folderOf(day), 'flow_hour.csv'), 'utf8')
    .trimEnd()
    .split('\r\n')
    .slice(1);

/** Hashes of the lake and the packs, less the records of runs. */
const everything = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(hashesOf(root)).filter(([name]) => !name.startsWith('lake/run/')),
  );

test('makes what is due once its last day is closed, and nothing before', async () => {
  expect(readdirSync(join(root, 'evidence'))).toEqual([
    'house-rules_2025-11-03_2025-11-04',
    'house-rules_2025-11-04_2025-11-05',
  ]);
  const before = await runAt('2025-11-06T05:59:59Z');
  expect(states(before)).toEqual([
    'house-rules 11-03 there',
    'house-rules 11-04 there',
    'house-rules 11-05 not_due',
    'house-rules 11-06 not_due',
    'house-review 11-03 not_due',
  ]);
  expect(before.reports).toEqual([]);
  expect(before.schedule?.closedUntil).toBe('2025-11-05T00:00:00.000Z');
  expect(before.summary).toContain(
    'Schedule  days before 2025-11-05 are closed; 0 packs made, 2 there before\n          next: house-rules_2025-11-05_2025-11-06, due 2025-11-06 06:00 UTC\n',
  );
  const due = await runAt('2025-11-06T06:00:00Z');
  expect(states(due)).toContain('house-rules 11-05 made');
  expect(due.reports?.map(({ content }) => content.period.start)).toEqual(['2025-11-05T00:00:00Z']);
  expect(rowsOf(5)).toEqual(['partial,2025-11-05T10:00:00Z,2']);
  expect(manifestOf(5).previous.name).toBe('house-rules_2025-11-04_2025-11-05');
});

test('the status tells what is there, due and next, and changes nothing', async () => {
  const statusAt = async (now: string): Promise<string> => {
    const config = readConfig(join(root, 'flowproof.yaml'), new Date(now));
    const { schedule } = config;
    if (!schedule) throw new Error('the configuration has no schedule');
    const database = await openDatabase();
    await createLakeViews(database.connection, config.lake);
    const { connection } = database;
    const outcome = await readSchedule({ connection, config, schedule, asOf: new Date(now) });
    database.close();
    return scheduleStatusLines(outcome).join('\n');
  };
  const next = (day: number): string =>
    `house-rules_2025-11-0${day}_2025-11-0${day + 1}, due 2025-11-0${day + 1} 06:00 UTC`;
  const before = everything();
  expect(await statusAt('2025-11-06T05:59:59Z')).toBe(
    `Schedule  days before 2025-11-05 are closed; 2 packs there\n          next: ${next(5)}`,
  );
  expect(await statusAt('2025-11-07T06:00:00Z')).toBe(
    `Schedule  days before 2025-11-07 are closed; 2 packs there\n          next: ${next(7)}\nDue       2 packs not made yet: the next run makes them\n          ${next(5)}\n          ${next(6)}`,
  );
  expect(everything()).toEqual(before);
  // One that is missing from a chain that goes on.
  rmSync(folderOf(3), { recursive: true });
  expect(await statusAt('2025-11-06T05:59:59Z')).toContain(
    `1 pack there\n          next: ${next(5)}\nHeld      1 pack is due, but the chain goes on behind`,
  );
});

test('after a long pause makes all that is due, each after the one before it', async () => {
  const outcome = await runAt('2025-11-10T06:00:00Z');
  expect(states(outcome).filter((state) => state.endsWith('made'))).toEqual([
    'house-rules 11-05 made',
    'house-rules 11-06 made',
    'house-rules 11-07 made',
    'house-rules 11-08 made',
    'house-rules 11-09 made',
    'house-review 11-03 made',
  ]);
  const { problems, names } = await verifyChain(folderOf(3));
  expect([problems, names.length]).toEqual([[], 7]);
});

test('a second run at once changes no byte but its own record', async () => {
  await runAt('2025-11-06T07:00:00Z');
  const before = everything();
  const second = await runAt('2025-11-06T07:00:00Z');
  expect(second.enrich?.rebuiltDayCount).toBe(0);
  expect(everything()).toEqual(before);
});

test('takes nothing that is later than its moment, and says so', async () => {
  const { ingest, summary } = await runAt('2025-11-05T12:00:00Z');
  expect(ingest).toMatchObject({ objectCount: 0, laterCount: 1 });
  expect(summary).toContain('Later     1 object left to later runs');
  expect((await runAt('2025-11-06T10:01:01Z')).ingest).toMatchObject({
    objectCount: 1,
    laterCount: 0,
  });
});

test('the record of a replay says when it really ran', async () => {
  const now = new Date('2026-01-05T00:00:00Z');
  await runAt('2025-11-05T13:00:00Z', { now: () => now });
  const database = await openDatabase();
  await createLakeViews(database.connection, join(root, 'lake'));
  const rows = await readRows(database.connection, 'select min(started_at) as first from run');
  database.close();
  expect(rows).toEqual([{ first: now }]);
});

test('what arrives for a closed day is told each time, and taken up by --remake with all that follows', async () => {
  writeLog(3, 15, 5, 'late');
  const kept = hashesOf(join(root, 'evidence'));
  for (const round of ['at first', 'again']) {
    const told = await runAt('2025-11-05T13:00:00Z');
    expect([round, told.exitCode]).toEqual([round, 0]);
    expect(told.schedule?.packs[0]?.late).toEqual({ objectCount: 1, rowCount: 5 });
    expect(told.schedule?.packs[1]?.late).toBeUndefined();
    const words = '1 pack lacks what arrived later; to make again: flowproof run --remake';
    expect(told.summary).toContain(
      `Late      ${words}\n          house-rules_2025-11-03_2025-11-04: 1 object with 5 rows\n`,
    );
    expect(told.warnings).toEqual([
      `${words} (house-rules_2025-11-03_2025-11-04: 1 object with 5 rows)`,
    ]);
  }
  expect(hashesOf(join(root, 'evidence'))).toEqual(kept);
  const remade = await runAt('2025-11-05T13:00:00Z', { isRemake: true });
  expect(states(remade).slice(0, 2)).toEqual(['house-rules 11-03 made', 'house-rules 11-04 made']);
  expect(remade.reports?.map(({ isChanged }) => isChanged)).toEqual([true, true]);
  expect(rowsOf(3)).toEqual(['partial,2025-11-03T10:00:00Z,2', 'partial,2025-11-03T15:00:00Z,5']);
  expect((await verifyChain(folderOf(3))).problems).toEqual([]);
  expect(existsSync(join(root, 'lake', '.flowproof', 'remake'))).toBe(false);
  const after = await runAt('2025-11-05T13:00:00Z', { isRemake: true });
  expect([states(after)[0], after.warnings]).toEqual(['house-rules 11-03 there', []]);
});

test('of a file that grew only the new rows are late', async () => {
  writeLog(4, 10, 9);
  const { schedule } = await runAt('2025-11-05T13:00:00Z');
  expect(schedule?.packs[1]?.late).toEqual({ objectCount: 1, rowCount: 7 });
});

test('a copy of what a pack has is not late', async () => {
  writeLog(3, 10, 2, 'copy');
  expect((await runAt('2025-11-05T13:00:00Z')).warnings).toEqual([]);
});

test('a pack of another configuration stays until --remake', async () => {
  writeFileSync(join(root, 'flowproof.yaml'), `${CONFIG}# another word\n`);
  const kept = hashesOf(join(root, 'evidence'));
  const told = await runAt('2025-11-05T13:00:00Z');
  expect(told.schedule?.packs.map(({ hasOtherConfig }) => hasOtherConfig)).toEqual([
    ...[true, true, undefined, undefined],
  ]);
  expect(told.warnings).toEqual([expect.stringMatching(/^2 packs were made under another config/)]);
  expect(hashesOf(join(root, 'evidence'))).toEqual(kept);
  const remade = await runAt('2025-11-05T13:00:00Z', { isRemake: true });
  expect([remade.reports?.length, remade.warnings]).toEqual([2, []]);
  expect(manifestOf(3).config_sha256).toBe(manifestOf(4).config_sha256);
});

test('a pack that is gone from the middle of its chain is held, and --remake makes all after it', async () => {
  rmSync(folderOf(3), { recursive: true });
  const told = await runAt('2025-11-06T06:00:00Z');
  expect(states(told).slice(0, 3)).toEqual([
    'house-rules 11-03 held',
    'house-rules 11-04 there',
    'house-rules 11-05 made',
  ]);
  expect(told.warnings).toEqual([expect.stringMatching(/^1 pack is due, but the chain goes on/)]);
  const remade = await runAt('2025-11-06T06:00:00Z', { isRemake: true });
  expect(states(remade).slice(0, 3)).toEqual([
    'house-rules 11-03 made',
    'house-rules 11-04 made',
    'house-rules 11-05 made',
  ]);
  expect((await verifyChain(folderOf(3))).problems).toEqual([]);
});

test('a newest pack that is gone is made again, as it was', async () => {
  const kept = hashesOf(folderOf(4));
  rmSync(folderOf(4), { recursive: true });
  expect(states(await runAt('2025-11-05T12:00:00Z'))).toContain('house-rules 11-04 made');
  expect(hashesOf(folderOf(4))).toEqual(kept);
});

test('a remake that was killed is finished by the next run', async () => {
  writeLog(3, 15, 5, 'late');
  const controller = new AbortController();
  const stopped = runAt('2025-11-05T13:00:00Z', {
    isRemake: true,
    signal: controller.signal,
    progress: {
      step: () => {
        // The first pack has taken its place, the second has not.
        if (existsSync(folderOf(3)) && rowsOf(3).length === 2)
          controller.abort(new Error('killed'));
      },
      finish: () => {},
    },
  });
  await expect(stopped).rejects.toThrow('killed');
  expect((await verifyChain(folderOf(3))).problems).not.toEqual([]);
  const next = await runAt('2025-11-05T14:00:00Z');
  expect(states(next).slice(0, 2)).toEqual(['house-rules 11-03 made', 'house-rules 11-04 made']);
  expect((await verifyChain(folderOf(3))).problems).toEqual([]);
  expect(states(await runAt('2025-11-05T14:00:00Z'))[0]).toBe('house-rules 11-03 there');
});

test('half a pack, and one that was being replaced, are put right by the next run', async () => {
  const hidden = (name: string) => join(root, 'evidence', `.house-rules_2025-11-0${name}`);
  renameSync(folderOf(3), hidden('3_2025-11-04.old'));
  mkdirSync(hidden('4_2025-11-05.new'));
  const told = await runAt('2025-11-05T12:00:00Z');
  expect(states(told).slice(0, 2)).toEqual(['house-rules 11-03 there', 'house-rules 11-04 there']);
  expect(readdirSync(join(root, 'evidence')).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a moment before the schedule begins makes nothing', async () => {
  const outcome = await runAt('2025-10-01T00:00:00Z');
  expect([outcome.exitCode, states(outcome), outcome.ingest?.objectCount]).toEqual([0, [], 0]);
});

test('a fixed period is made up to the moment', async () => {
  const text = CONFIG.replace(/schedule:[\s\S]*/, '');
  const keys = 'period: { start: 2025-11-03, end: 2025-11-07 }\npack: house-rules\n';
  writeFileSync(join(root, 'flowproof.yaml'), text.replace('lake: lake', 'lake: other') + keys);
  const outcome = await runAt('2025-11-04T10:30:00Z');
  expect([outcome.schedule, outcome.ingest?.laterCount]).toEqual([undefined, 2]);
  const [pack] = outcome.reports ?? [];
  expect(pack?.content.reports[0]?.rows.map(([, hour]) => hour)).toEqual([
    '2025-11-03T10:00:00Z',
    '2025-11-04T10:00:00Z',
  ]);
});

test('what is due waits for a source that is out of reach, a day at most', async () => {
  const server = await startHttpDouble(() => s3Fault(403, 'AccessDenied', 'Access Denied'));
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
  try {
    const more = '{ s3: "s3://example-flow-logs/AWSLogs/", region: us-east-1 }';
    const text = CONFIG.replace('["logs/*.log"] }]', `["logs/*.log"] }, ${more}]`);
    writeFileSync(join(root, 'flowproof.yaml'), text);
    const told = await runAt('2025-11-06T07:00:00Z');
    expect([told.exitCode, told.reports?.length]).toEqual([1, 0]);
    expect(states(told)).toContain('house-rules 11-05 postponed');
    expect(told.summary).toContain('Postponed 1 pack due, but a source could not be reached');
    const dayLater = await runAt('2025-11-07T06:00:00Z');
    expect(states(dayLater)).toContain('house-rules 11-05 made');
    expect(states(dayLater)).toContain('house-rules 11-06 postponed');
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    await server.close();
  }
});
