import { expect, it } from 'vitest';
import { insertRows, openEmptyTables, pick, type Row, runReport } from '../fixture.ts';

function object(name: string, sha256: string, own: Row = {}): Row {
  return {
    object_id: `${name}-${sha256}`,
    uri: `s3://example-logs/${name}`,
    source: 'flow_logs[0]',
    kind: 'flow_logs',
    status: 'loaded',
    sha256,
    first_at: '2026-10-01 01:00:00',
    last_at: '2026-10-01 02:00:00',
    ...own,
  };
}

it('lists what changed after it was read, and never says that nothing can have changed', async () => {
  const database = await openEmptyTables();
  const outside = { first_at: '2026-10-02 00:00:00', last_at: '2026-10-02 01:00:00' };
  const pull = 'cloudwatch-logs://eu-central-1:group?date=2026-10-01';
  await insertRows(database, 'source_object', [
    object('same', 'aa'),
    object('grown', 'bb', { supersedes_object_id: 'grown-b0' }),
    object('changed', 'cc', { version_id: 'v1' }),
    object('changed', 'c0', { version_id: 'v2' }),
    object('unread', 'dd', { status: 'refused', first_at: null, last_at: null }),
    object('unread', 'd0', { status: 'damaged' }),
    // The same content at another place, and changes outside the period.
    object('copy', 'aa', { status: 'duplicate' }),
    object('later', 'ee', outside),
    object('later', 'e0', outside),
    object('pull', 'ff', { uri: pull, source: 'flow_logs[1]' }),
    object('pull', 'f0', { uri: pull, source: 'flow_logs[1]' }),
    object('events', '11', { source: 'ips_events[0]', kind: 'ips_events' }),
    object('agents', '33', { kind: 'ips_events', format: 'deep_security_computers' }),
    object('agents', '34', { kind: 'ips_events', format: 'deep_security_computers' }),
    object('inventory', '22', { source: 'inventory[0]', kind: 'inventory' }),
  ]);
  const rows = await runReport(database, 'log_integrity');
  const shown = pick(
    rows,
    ...['subject_id', 'object_count', 'hashed_count', 'grown_count', 'changed_count'],
    ...['unreadable_count', 'versioned_count', 'status', 'gap_code'],
  ).map((row) => Object.values(row));
  const none = [null, null, null, null, null, null];
  expect(shown).toEqual([
    ['flow_logs[0]', 7, 7, 1, 1, 2, 2, 'partial', 'INTEGRITY_CHANGED_OBJECTS'],
    ['flow_logs[1]', 2, 2, 0, 0, 0, 0, 'not_evidenced', 'INTEGRITY_NOT_COMPARED'],
    ['ips_events[0]', 1, 1, 0, 0, 0, 0, 'partial', 'INTEGRITY_NO_ALERT'],
    ['s3://example-logs/changed', 2, 2, 0, 1, 0, 2, 'contradicts', 'INTEGRITY_MISMATCH'],
    ['later checks of the originals', ...none, 'not_evidenced', 'INTEGRITY_CHECK_NOT_RECORDED'],
  ]);
  expect(rows[3]?.why).toMatch(/ SHA-256: c0, cc\.$/);
  expect(rows.filter((row) => row.remedy === null)).toEqual([]);
  database.close();
});
