import { expect, it } from 'vitest';
import { insertRows, openEmptyTables, runReport } from '../fixture.ts';

it('lists each class that AWS never logs with what supplies it, and the events of the period', async () => {
  const database = await openEmptyTables();
  const event = (id: string, at: string, unloggedClass: string | null) => ({
    event_id: id,
    unlogged_class: unloggedClass,
    event_at: at,
    event_date: at.slice(0, 10),
  });
  await insertRows(database, 'event_match', [
    event('before', '2026-09-30 23:59:59', 'instance metadata service'),
    event('first', '2026-10-01 00:00:00', 'instance metadata service'),
    event('last', '2026-10-01 23:59:59', 'instance metadata service'),
    event('after', '2026-10-02 00:00:00', 'DHCP'),
    event('other', '2026-10-01 12:00:00', null),
  ]);
  const rows = await runReport(database, 'unlogged_traffic');
  expect(rows).toHaveLength(10);
  expect(new Set(rows.map((row) => row.status))).toEqual(new Set(['out_of_reach']));
  expect(rows.every((row) => String(row.remedy).length > 20)).toBe(true);
  expect(rows.filter((row) => row.event_count !== 0)).toEqual([
    expect.objectContaining({
      recognised_by: '169.254.169.254, fd00:ec2::254',
      event_count: 2,
      first_event_at: '2026-10-01 00:00:00',
      last_event_at: '2026-10-01 23:59:59',
      why: 'AWS never logs it; IPS events show that there was some.',
    }),
  ]);
  database.close();
});
