/** Retention: raw rows that are too old leave, what is counted by day stays, and every action is recorded. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compact } from '../../src/compact/compact.ts';
import { readConfig } from '../../src/config.ts';
import type { ErrorCode, FlowproofError } from '../../src/errors.ts';
import { RAW_TABLES } from '../../src/retain/plan-days.ts';
import { retainLines } from '../../src/retain/retain-text.ts';
import { run } from '../../src/run.ts';
import { summaryText } from '../../src/summary.ts';
import { hashesOf, rowsOf, runAt, writeHour } from '../compact/hourly-lake.ts';
import {
  ARCHIVING,
  askLake,
  changeRules,
  configOf,
  countDays,
  NOW,
  REMOVING,
  restoreAt,
  retainAt,
  writeOldLake,
} from './old-lake.ts';

const HOUR = 3_600_000;
const later = (days: number): Date => new Date(NOW.getTime() + days * 24 * HOUR);

let base = '';
let expected: Record<string, string[]>;

beforeAll(async () => {
  base = await writeOldLake('flowproof-retain-');
  expected = await rowsOf(join(base, 'lake'));
  expect(expected.flow).toHaveLength(16);
  expect(expected.ips_event).toHaveLength(4);
  expect(expected.flow_event).not.toHaveLength(0);
}, 60_000);

afterAll(() => rmSync(base, { recursive: true }));

function copyLake(name: string, retention = ARCHIVING): { lake: string; config: string } {
  const lake = join(base, name);
  cpSync(join(base, 'lake'), lake, { recursive: true });
  return { lake, config: configOf(base, name, retention) };
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | undefined> {
  return promise.then(
    () => undefined,
    (thrown: FlowproofError) => thrown.code,
  );
}

const derivedOf = (lake: string, day: string, partition = ''): Record<string, string> =>
  Object.fromEntries(
    Object.entries(hashesOf(lake)).filter(([name]) =>
      name.endsWith(`${partition}=2026-11-${day}/data.parquet`),
    ),
  );

describe('what leaves', () => {
  let lake = '';
  let config = '';

  beforeAll(async () => {
    ({ lake, config } = copyLake('archived'));
  });

  test('a dry run says it and changes nothing', async () => {
    const before = hashesOf(lake);
    const result = await retainAt(config, NOW, { isDryRun: true });
    expect(retainLines(result).join('\n')).toMatch(
      /^Would go {2}flow: 12 rows of 3 days \(2026-11-02 to 2026-11-04, .*\n.*\n.*\n {10}ips_event: 2 rows of 2 days(?:.*\n)+.*to the archive; nothing was changed$/,
    );
    expect(hashesOf(lake)).toEqual(before);
    expect(existsSync(join(base, 'archive-archived'))).toBe(false);
  });

  test('goes to the archive with its hashes; everything else stays as it is', async () => {
    const result = await retainAt(config, NOW);
    expect(result.tables.map(({ table, dayCount }) => [table, dayCount])).toEqual([
      ['flow', 3],
      ['flow_verdict', 3],
      ['flow_event_detail', 3],
      ['ips_event', 2],
      ['flow_event', 1],
    ]);
    expect(await countDays(lake, 'flow')).toEqual([['07', 4]]);
    expect((await countDays(lake, 'ips_event', 'event_date'))[0]).toEqual(['04', 1]);
    const after = await rowsOf(lake);
    const raw = [...RAW_TABLES.map(({ name }) => name), 'retention_action'];
    for (const table of Object.keys(expected).filter((name) => !raw.includes(name))) {
      expect([table, after[table]]).toEqual([table, expected[table]]);
    }
    const archive = join(base, 'archive-archived');
    const checked = execFileSync('sha256sum', ['-c', '2026-11-02.sha256'], {
      cwd: archive,
      encoding: 'utf8',
    });
    expect(checked.match(/: OK$/gm)).toHaveLength(5);
    const [row] = await askLake(
      lake,
      `select table_name, action, raw_months, file_count, row_count, files, config_sha256 from retention_action
       where log_date = '2026-11-02' and table_name = 'flow'`,
    );
    expect(row?.slice(0, 5)).toEqual(['flow', 'archived', 12, 1, 4]);
    expect(row?.at(-1)).toBe(readConfig(config).sha256);
    const list = readFileSync(join(archive, '2026-11-02.sha256'), 'utf8');
    expect(list.split('\n')).toEqual(expect.arrayContaining(row?.at(-2) as string[]));
  });

  test('again, there is nothing to do; later, the files of the lake are deleted', async () => {
    const rows = await askLake(lake, 'select * from retention_action');
    expect(rows).toHaveLength(12);
    const again = await retainAt(config, new Date(NOW.getTime() + HOUR));
    expect(again.tables).toEqual([]);
    expect(existsSync(join(lake, 'flow/flow_date=2026-11-02'))).toBe(true);
    expect(derivedOf(lake, '02')).toHaveProperty([
      'flow_verdict/flow_date=2026-11-02/data.parquet',
    ]);
    const settled = await retainAt(config, new Date(NOW.getTime() + 25 * HOUR), {
      isEnriched: async () => false,
    });
    expect(settled.removed.fileCount).toBe(12);
    expect(settled.held?.why).toContain('not enriched');
    expect(derivedOf(lake, '02')).not.toHaveProperty([
      'flow_verdict/flow_date=2026-11-02/data.parquet',
    ]);
    expect(await askLake(lake, 'select * from retention_action')).toHaveLength(12);
  });

  test('is not read again, nor are its days enriched again, whatever changes', async () => {
    const kept = derivedOf(lake, '03');
    expect(Object.keys(kept)).toContain('rule_day/flow_date=2026-11-03/data.parquet');
    const { ingest, enrich } = await runAt(config, later(2), ['ingest', 'enrich']);
    expect(ingest).toMatchObject({ objectCount: 0, rowCount: 0 });
    expect(enrich).toMatchObject({ rebuiltDayCount: 0, lateDates: [] });
    // What came back is not either: events of the day before bear on it, and those are not there.
    await restoreAt(config, later(2), '2026-11-04');
    const restored = derivedOf(lake, '04', 'flow_date');
    changeRules(config);
    const changed = await runAt(config, later(2), ['enrich']);
    expect(changed.enrich).toMatchObject({ dayCount: 4, rebuiltDayCount: 1 });
    expect(derivedOf(lake, '03')).toEqual(kept);
    expect(derivedOf(lake, '04', 'flow_date')).toEqual(restored);
    // Events of that day did not leave, and all that bears on them is there.
    const after = await rowsOf(lake);
    expect(after.event_match).toEqual(expected.event_match);
    expect(await countDays(lake, 'edge_day')).toHaveLength(4);
  });
});

test('a day comes back with the rows that left, stays for a month, and leaves again', async () => {
  const { lake, config } = copyLake('restored');
  await compact({ lake, now: NOW, olderThanDays: 2, graceHours: 0, onProgress: () => {} });
  await compact({ lake, now: NOW, olderThanDays: 2, graceHours: 0, onProgress: () => {} });
  await retainAt(config, NOW, { graceHours: 0 });
  await retainAt(config, NOW, { graceHours: 0 });
  for (const date of ['2026-11-02', '2026-11-03', '2026-11-04']) await restoreAt(config, NOW, date);
  const { retention_action: actions, ...back } = await rowsOf(lake);
  const { retention_action: _, ...before } = expected;
  expect(back).toEqual(before);
  expect(actions).toHaveLength(24);
  expect(await codeOf(restoreAt(config, NOW, '2026-11-02'))).toBe('USAGE');
  await compact({ lake, now: later(1), olderThanDays: 2, graceHours: 0, onProgress: () => {} });
  const month = await retainAt(config, later(29));
  expect(month.tables.find(({ table }) => table === 'flow')?.fromDate).toBe('2026-11-07');
  const again = await retainAt(config, later(30));
  expect(again.tables.find(({ table }) => table === 'flow')?.dayCount).toBe(3);
  expect(await countDays(lake, 'flow')).toEqual([]);
}, 30_000);

test('what is not what left does not come back, and the lake stays as it is', async () => {
  const { lake, config } = copyLake('damaged');
  await retainAt(config, NOW, { graceHours: 0 });
  const list = readFileSync(join(base, 'archive-damaged/2026-11-02.sha256'), 'utf8');
  const name = /flow\/\S+/.exec(list)?.[0] ?? '';
  writeFileSync(join(base, 'archive-damaged', name), 'something else');
  const before = hashesOf(lake);
  expect(await codeOf(restoreAt(config, NOW, '2026-11-02'))).toBe('ARCHIVE_UNUSABLE');
  expect(await countDays(lake, 'flow')).toHaveLength(1);
  const after = hashesOf(lake);
  for (const path of Object.keys(before)) expect([path, after[path]]).toEqual([path, before[path]]);
  rmSync(join(base, 'archive-damaged'), { recursive: true });
  expect(await codeOf(restoreAt(config, NOW, '2026-11-03'))).toBe('ARCHIVE_UNUSABLE');
});

test('an archive that holds another file of that name is not written over', async () => {
  const { lake, config } = copyLake('foreign');
  const path = join(base, 'archive-foreign/flow_verdict/flow_date=2026-11-02');
  cpSync(join(lake, 'flow_verdict/flow_date=2026-11-03'), path, { recursive: true });
  cpSync(join(lake, 'rule_day/flow_date=2026-11-03/data.parquet'), join(path, 'data.parquet'));
  expect(await codeOf(retainAt(config, NOW))).toBe('ARCHIVE_UNUSABLE');
  expect(await countDays(lake, 'flow')).toHaveLength(4);
  expect(await askLake(lake, 'select * from retention_action')).toEqual([]);
});

test('nothing leaves while something is not enriched, and no day that lacks what is counted of it', async () => {
  const { lake, config } = copyLake('held');
  writeHour(base, new Date('2026-11-07T15:00:00Z'));
  await runAt(config, NOW, ['ingest']);
  const held = await retainAt(config, NOW);
  expect([held.tables, held.held?.why]).toEqual([[], expect.stringContaining('not enriched')]);
  expect(await countDays(lake, 'flow')).toHaveLength(4);
  rmSync(join(lake, 'rule_day/flow_date=2026-11-04'), { recursive: true });
  const partly = await retainAt(config, NOW, { isEnriched: async () => true });
  expect(partly.held).toMatchObject({
    date: '2026-11-04',
    why: expect.stringContaining('rule_day'),
  });
  expect(partly.tables).toEqual([]);
  rmSync(join(base, 'logs/2026-11-07T15-00-00Z.log.gz'));
  rmSync(join(base, 'logs/2026-11-07T15-00-00Z.json'));
  rmSync(join(base, 'logs/2026-11-07T15-00-00Z.vpcs'));
});

test('rows that come after their day has left are named, kept, and never taken out', async () => {
  const { lake, config } = copyLake('late', REMOVING);
  await retainAt(config, NOW, { graceHours: 0 });
  expect(await codeOf(restoreAt(config, NOW, '2026-11-02'))).toBe('USAGE');
  writeHour(base, new Date('2026-11-03T18:00:00Z'));
  const outcome = await runAt(config, NOW, ['ingest', 'enrich']);
  expect(outcome.enrich?.lateDates).toEqual(['2026-11-03']);
  expect(summaryText(outcome, lake)).toContain('Late      rows of 1 day that came after');
  expect((await countDays(lake, 'flow'))[0]).toEqual(['03', 4]);
  expect(
    await askLake(lake, "select sum(flow_count) from edge_day where flow_date = '2026-11-03'"),
  ).toEqual([[4]]);
  expect((await retainAt(config, NOW)).tables).toEqual([]);
  expect((await countDays(lake, 'flow'))[0]).toEqual(['03', 4]);
  for (const ending of ['log.gz', 'json', 'vpcs']) {
    rmSync(join(base, `logs/2026-11-03T18-00-00Z.${ending}`));
  }
});

test('flowproof run takes out what is due once the packs are made, and says so; a replay does not', async () => {
  const { lake, config } = copyLake('run', REMOVING);
  const steps: string[] = [];
  const runNow = (asOf?: Date) =>
    run({
      config: readConfig(config),
      parts: ['ingest', 'enrich'],
      command: 'run',
      progress: { step: (stage) => steps.push(stage), finish: () => {} },
      now: () => NOW,
      asOf,
    });
  expect((await runNow(new Date('2027-11-04T00:00:00Z'))).retain).toBeUndefined();
  const outcome = await runNow();
  expect(outcome.retain?.action).toBe('removed');
  expect(summaryText(outcome, lake)).toMatch(/^Removed {3}flow: 12 rows of 3 days/m);
  expect(steps).toContain('retain');
  expect(await countDays(lake, 'flow')).toHaveLength(1);
});
