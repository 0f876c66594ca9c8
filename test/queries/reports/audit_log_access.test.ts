import { expect, it } from 'vitest';
import { insertRows, openEmptyTables, pick, type Row, runReport } from '../fixture.ts';

const run = (id: string, startedAt: string, own: Row = {}): Row => ({
  run_id: id,
  command: 'run',
  started_at: startedAt,
  finished_at: startedAt,
  object_count: 5,
  row_count: 100,
  exit_code: 0,
  ...own,
});

const UNRECORDED = [
  ['reads of the lake by other programs', null, 'not_evidenced', 'ACCESS_QUERIES_NOT_RECORDED'],
  ['copies and exports of packs', null, 'not_evidenced', 'ACCESS_EXPORTS_NOT_RECORDED'],
  ['access to the original logs by others', null, 'not_evidenced', 'ACCESS_ORIGINALS_NOT_RECORDED'],
];

it('lists the runs of the period but the newest, and what nothing records', async () => {
  const database = await openEmptyTables();
  const shown = async () =>
    pick(
      await runReport(database, 'audit_log_access'),
      ...['access', 'started_at', 'status', 'gap_code'],
    ).map((row) => Object.values(row));
  expect(await shown()).toEqual(UNRECORDED);
  await insertRows(database, 'run', [
    run('r-0', '2026-09-30 23:59:59'),
    run('r-1', '2026-10-01 00:00:00.25'),
    run('r-2', '2026-10-01 12:00:00', { command: 'report', object_count: 0, row_count: 0 }),
  ]);
  // The newest may be the run that makes the report: it is not listed until another one follows.
  const first = ['flowproof run', '2026-10-01 00:00:00', 'partial', 'ACCESS_WITHOUT_USER'];
  expect(await shown()).toEqual([first, ...UNRECORDED]);
  await insertRows(database, 'run', [run('r-3', '2026-10-02 00:00:00')]);
  const second = ['flowproof report', '2026-10-01 12:00:00', 'partial', 'ACCESS_WITHOUT_USER'];
  expect(await shown()).toEqual([first, second, ...UNRECORDED]);
  database.close();
});

const asked = (id: string, askedAt: string, own: Row = {}): Row => ({
  access_id: id,
  asked_at: askedAt,
  user_name: 'analyst',
  host_name: 'host.example.com',
  command: 'query',
  statement: 'select 1',
  ...own,
});

it('lists what was asked of the lake in the period: by whom, when, and how it ended', async () => {
  const database = await openEmptyTables();
  await insertRows(database, 'query_access', [
    asked('a-0', '2026-09-30 23:59:59.999'),
    asked('a-1', '2026-10-01 00:00:00', {
      statement: `select '${'x'.repeat(1000)}'`,
      // Its end counts though it lies after the period.
      ended_at: '2026-10-02 00:00:05',
      outcome: 'answered',
      row_count: 7,
    }),
    asked('a-2', '2026-10-01 23:59:59.999', { command: 'explain', statement: 'o-1:2' }),
    asked('a-3', '2026-10-02 00:00:00'),
  ]);
  const rows = await runReport(database, 'audit_log_access');
  const columns = ['access', 'user_name', 'host_name', 'outcome', 'row_count', 'gap_code'];
  expect(pick(rows.slice(0, 2), ...columns).map((row) => Object.values(row))).toEqual([
    ['flowproof query', 'analyst', 'host.example.com', 'answered', 7, 'ACCESS_RECORD_IN_LAKE'],
    ['flowproof explain', 'analyst', 'host.example.com', null, null, 'ACCESS_END_NOT_RECORDED'],
  ]);
  expect(rows.slice(0, 2).map((row) => row.status)).toEqual(['partial', 'partial']);
  expect(String(rows[0]?.statement).length).toBe(500);
  expect(rows[1]?.statement).toBe('o-1:2');
  expect(rows.length).toBe(2 + UNRECORDED.length);
  database.close();
});
