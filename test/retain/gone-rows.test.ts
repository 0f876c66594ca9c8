/** What is said of rows that have left the lake: in packs, by status and by explain. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database.ts';
import type { FlowproofError } from '../../src/errors.ts';
import { explain } from '../../src/explain/explain.ts';
import { createLakeViews } from '../../src/lake.ts';
import { QUERIES_ROOT, readLayer } from '../../src/query-file.ts';
import { goneText } from '../../src/reports/gone-rows.ts';
import { deriveRequirementStatus } from '../../src/reports/pack-definition.ts';
import type { PackContent } from '../../src/reports/report.ts';
import { readStatus, statusText } from '../../src/status.ts';
import { tablesRead } from '../../src/tables-read.ts';
import { verify } from '../../src/verify.ts';
import { runAt } from '../compact/hourly-lake.ts';
import { ARCHIVING, askLake, configOf, NOW, retainAt, writeOldLake } from './old-lake.ts';

let base = '';
let config = '';
let flowId = '';
let before: PackContent | undefined;
let after: PackContent | undefined;
let folder = '';

beforeAll(async () => {
  base = await writeOldLake('flowproof-gone-');
  config = configOf(base, 'lake', ARCHIVING);
  const lake = join(base, 'lake');
  const [row] = await askLake(lake, 'select flow_id from flow order by flow_date, flow_id limit 1');
  flowId = String(row?.[0]);
  const first = await runAt(config, NOW, ['report']);
  before = first.reports?.[0]?.content;
  folder = first.reports?.[0]?.folder ?? '';
  await retainAt(config, NOW, { graceHours: 0 });
  const second = await runAt(config, NOW, ['report']);
  after = second.reports?.[0]?.content;
}, 120_000);

afterAll(() => rmSync(base, { recursive: true }));

const reportOf = (content: PackContent | undefined, name: string) =>
  content?.reports.find((report) => report.name === name);

test('a report that reads rows which have left says which, and that nothing found shows nothing', () => {
  const names = after?.reports.filter(({ lacksRows }) => lacksRows).map(({ name }) => name);
  expect(names?.sort()).toEqual([
    'attacks_reached_host',
    'ips_coverage',
    'log_detail_by_requirement',
  ]);
  expect(reportOf(after, 'ips_coverage')?.limits).toMatch(
    /^Raw rows of the period have left the lake by its retention, and this report sees nothing of them: flow_event of 1 day \(2026-11-02, archived\); ips_event of 2 days \(2026-11-02 to 2026-11-03, archived\)\. A list/,
  );
  expect(reportOf(after, 'attacks_reached_host')).toMatchObject({
    hadData: false,
    lacksRows: true,
  });
  const detection = after?.requirements.find(({ id }) => id === '11.5.1');
  expect(detection?.why).toContain('raw rows of the period have left the lake');
  expect(before?.reports.some(({ lacksRows }) => lacksRows)).toBe(false);
});

test('what is counted by day is what it was: figures and the other reports', () => {
  expect(after?.figures).toEqual(before?.figures);
  expect(after?.figures.find(({ label }) => label === 'IPS events')?.value).toBe('4');
  const rowsOf = (content: PackContent | undefined) =>
    content?.reports
      // The last lists runs, of which there are more by then.
      .filter(({ name }) => reportOf(after, name)?.lacksRows !== true)
      .filter(({ name }) => !['log_retention', 'audit_log_access'].includes(name))
      .map(({ name, rows, hadData }) => [name, rows, hadData]);
  expect(rowsOf(after)).toEqual(rowsOf(before));
});

test('log_retention says that the days were kept for twelve months and have left since', () => {
  const report = reportOf(after, 'log_retention');
  const why = report?.columns.findIndex(({ name }) => name === 'why') ?? -1;
  expect(report?.rows.map((row) => row[why])).toContain(
    'Went to the archive on 2027-11-05 by its retention (raw_months: 12), twelve months or more after their day; the actions, with hashes, are in retention_action.',
  );
});

test('a pack that was made before is still what it was', async () => {
  const kept: string[] = [];
  const code = await verify({
    folder,
    publicKeys: [],
    hasChain: false,
    config: undefined,
    write: (text) => kept.push(text),
  });
  expect([code, kept[0]]).toEqual([0, expect.stringMatching(/^OK: /)]);
});

test('status names the days, and does not call them days without logs', async () => {
  const database = await openDatabase();
  await createLakeViews(database.connection, join(base, 'lake'));
  const checked = readConfig(config);
  const status = await readStatus(database.connection, checked);
  database.close();
  const text = statusText(status, checked);
  expect(text).toMatch(
    /raw rows: flow 2026-11-02 to 2026-11-04\n +3 days archived by the retention/,
  );
  const without = status.missing.filter(({ missing }) => missing === 'day without flow logs');
  expect(without.map(({ place }) => place)).not.toContain('2026-11-03');
  expect(without.map(({ place }) => place)).toContain('2026-11-06');
});

test('explain says of a flow that has left when it did, and how to bring it back', async () => {
  const database = await openDatabase();
  await createLakeViews(database.connection, join(base, 'lake'));
  const error: FlowproofError = await explain({
    connection: database.connection,
    flowId,
    config: { metadata_max_age_hours: 24 },
  }).then(
    () => expect.unreachable(),
    (thrown) => thrown,
  );
  database.close();
  expect(error.code).toBe('FLOW_UNKNOWN');
  expect(error.problem).toContain('2026-11-02 (archived 2027-11-05, raw_months 12)');
  expect(error.remedy).toContain('flowproof retain --restore 2026-11-02');
});

test('the tables that a query reads are found in its text, those behind a view too', () => {
  const read = tablesRead('-- from ips_agent\nselect 1 from "ocsf_network_activity" join edge_day');
  for (const name of ['edge_day', 'flow_enriched', 'flow', 'flow_verdict', 'flow_event']) {
    expect([name, read.has(name)]).toEqual([name, true]);
  }
  expect(read.has('ips_agent') || read.has('ips_event')).toBe(false);
  expect(tablesRead('from ocsf_detection_finding').has('ips_event')).toBe(true);
  const gone = [
    { table_name: 'flow', action: 'removed', day_count: 1, first_date: 'a', last_date: 'a' },
  ];
  expect(goneText('select 1 from edge_day', gone)).toBeUndefined();
  expect(goneText('select 1 from flow_detail', gone)).toContain('flow of 1 day (a, removed)');
});

test('the raw tables that a view reads are those that its query reads', () => {
  for (const name of ['flow_enriched', 'flow_detail', 'ocsf_detection_finding']) {
    const text = readFileSync(join(QUERIES_ROOT, 'marts', `${name}.sql`), 'utf8');
    const raw = ['flow', 'flow_verdict', 'flow_event', 'flow_event_detail', 'ips_event'];
    const read = tablesRead(text);
    expect(raw.filter((one) => read.has(one))).toEqual(
      raw.filter((one) => tablesRead(`from ${name}`).has(one)),
    );
  }
  expect(readLayer('packs').map(({ name }) => name)).toContain('gone_days');
});

test('findings on the rows that are left count, and do not make the rest shown', () => {
  const evidence = { name: 'a', title: 'A', hadData: true, lacksRows: true } as const;
  const status = (statusCounts: Record<string, number>) =>
    deriveRequirementStatus([{ ...evidence, statusCounts }]).status;
  expect(status({})).toBe('not_evidenced');
  expect(status({ supports: 2 })).toBe('partial');
  expect(status({ contradicts: 1 })).toBe('contradicts');
});
