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
  ['queries of the lake', null, 'not_evidenced', 'ACCESS_QUERIES_NOT_RECORDED'],
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
