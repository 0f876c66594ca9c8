/** The daily rollups of records and events: each counts what the records of the day say, and no other. */
import { expect, test } from 'vitest';
import * as fixture from './fixture.ts';
import { enrichAndRead, type Row } from './fixture.ts';

const { DAY, INTERFACE } = fixture;
const BEFORE = '2026-11-01';

let lineNumber = 0;
function status(logStatus: string, startAt: string | null, endAt: string | null, own: Row = {}) {
  lineNumber += 1;
  return {
    interface_id: INTERFACE,
    log_status: logStatus,
    start_at: startAt,
    end_at: endAt,
    object_id: 'o',
    line_number: lineNumber,
    flow_date: DAY,
    ...own,
  };
}

const at = (time: string, date = DAY): string => `${date} ${time}`;

const records = (sql: string) =>
  enrichAndRead(async (database) => {
    await fixture.addRows(database, 'source_object', [
      fixture.flowObject('o', { flow_log_id: 'fl-1' }),
      fixture.flowObject('other', { source: 'flow_logs[1]' }),
    ]);
    const times = (start_at: string | null, end_at: string | null) => ({ start_at, end_at });
    await fixture.addRows(database, 'flow', [
      fixture.flow(1, times(at('00:00:00'), at('00:00:59'))),
      fixture.flow(2, times(at('00:30:00'), at('01:00:00'))),
      // Ends in the first hour of the next day.
      fixture.flow(3, times(at('23:58:00'), at('00:01:00', '2026-11-03'))),
      fixture.flow(4, times(null, at('05:00:00'))),
      fixture.flow(5, { ...times(null, null), interface_id: null }),
      fixture.flow(1, { ...times(at('10:00:00'), at('10:00:01')), object_id: 'other' }),
      fixture.flow(6, {
        ...times(at('23:59:59', BEFORE), at('00:00:01')),
        flow_date: BEFORE,
      }),
    ]);
    await fixture.addRows(database, 'flow_status', [
      status('NODATA', at('07:00:00'), at('07:10:00')),
      status('SKIPDATA', at('08:00:00'), at('08:10:00')),
      // Inside the one before, touching it, apart from it, and of a recorder of its own.
      status('SKIPDATA', at('08:01:00'), at('08:02:00')),
      status('SKIPDATA', at('08:10:00'), at('08:20:00')),
      status('SKIPDATA', at('08:20:01'), at('08:21:00')),
      status('SKIPDATA', at('08:05:00'), at('08:06:00'), { object_id: 'other' }),
      status('SKIPDATA', null, null, { interface_id: null }),
      status('SKIPDATA', at('08:00:00', BEFORE), at('08:10:00', BEFORE), { flow_date: BEFORE }),
    ]);
    await fixture.addRows(database, 'cloudwatch_event', [
      ...[1, 2, 3, 4].map((minutes) => ({
        log_group: 'eu-central-1:group',
        event_id: `e-${minutes}`,
        event_at: at('10:00:00'),
        ingestion_at: at(`10:0${minutes}:00`),
        object_id: 'o',
        event_date: DAY,
      })),
      {
        log_group: 'eu-central-1:group',
        event_id: 'e-none',
        event_at: at('10:00:00'),
        ingestion_at: null,
        object_id: 'o',
        event_date: DAY,
      },
      {
        log_group: 'eu-central-1:group',
        event_id: 'e-before',
        event_at: at('10:00:00', BEFORE),
        ingestion_at: at('23:00:00', BEFORE),
        object_id: 'o',
        event_date: BEFORE,
      },
    ]);
  }, sql);

test('an interface has the hours in which its records begin or end, by who recorded them', async () => {
  const rows = await records(
    `select interface_id, flow_log_id, source, record_count, nodata_count, skipdata_count,
       array_to_string(seen_hours, ' ') as hours, seen_hour_count, first_at, last_at
     from interface_day order by all`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    [
      ...[INTERFACE, 'fl-1', 'flow_logs[0]', 4, 1, 4, '0 1 5 7 8 23 24', 6],
      ...[at('00:00:00'), at('00:01:00', '2026-11-03')],
    ],
    [INTERFACE, null, 'flow_logs[1]', 1, 0, 1, '8 10', 2, at('08:05:00'), at('10:00:01')],
    [null, 'fl-1', 'flow_logs[0]', 1, 0, 1, '', 0, null, null],
  ]);
});

test('intervals of loss that overlap or touch are one', async () => {
  const rows = await records(
    'select interface_id, flow_log_id, interval_count, started_at, ended_at from skipped_interval order by interface_id, flow_log_id, started_at',
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    [INTERFACE, 'fl-1', 3, at('08:00:00'), at('08:20:00')],
    [INTERFACE, 'fl-1', 1, at('08:20:01'), at('08:21:00')],
    [INTERFACE, null, 1, at('08:05:00'), at('08:06:00')],
    ['unknown interface', 'fl-1', 1, at('00:00:00'), at('00:00:00')],
  ]);
});

test('the delay of an event counts from its time to its receipt by CloudWatch Logs', async () => {
  expect(await records('select * from ingestion_day')).toEqual([
    {
      log_group: 'eu-central-1:group',
      source: 'flow_logs[0]',
      kind: 'flow_logs',
      event_count: 4,
      least_seconds: 60,
      half_seconds: 120,
      most_seconds: 240,
      greatest_seconds: 240,
      flow_date: at('00:00:00'),
    },
  ]);
});

const events = (sql: string) =>
  enrichAndRead(async (database) => {
    await fixture.addRows(database, 'source_object', [
      fixture.flowObject('e', { kind: 'ips_events', source: 'ips_events[0]' }),
    ]);
    const event = (id: string, own: Row = {}): Row =>
      fixture.ipsEvent(id, { host_name: 'web-1', severity: 'high', ...own });
    await fixture.addRows(database, 'ips_event', [
      event('e1', { received_at: at('10:00:12') }),
      // Delivered twice: one event.
      event('e1', { received_at: at('10:00:12'), line_number: 2 }),
      event('e2', { received_at: at('09:59:10'), signature_id: 'other', host_name: 'web-2' }),
      event('e3', { received_at: at('09:59:09'), host_name: 'web-2' }),
      event('e4', { disposition: 'detected', time_source: 'record_without_year' }),
      event('e5', { event_at: null, received_at: at('12:00:00'), severity: null }),
      event('e0', { event_date: BEFORE, event_at: at('10:00:00', BEFORE) }),
    ]);
  }, sql);

test('events of a day count once, by what became of them and how severe they were', async () => {
  const rows = await events(
    `select source, disposition, severity, event_count, signature_count, host_count, first_at, last_at
     from event_day order by all`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['ips_events[0]', 'blocked', 'high', 3, 2, 2, at('10:00:10'), at('10:00:10')],
    ['ips_events[0]', 'blocked', null, 1, 1, 1, at('12:00:00'), at('12:00:00')],
    ['ips_events[0]', 'detected', 'high', 1, 1, 1, at('10:00:10'), at('10:00:10')],
  ]);
});

test('an event is ahead of its receipt by more than 60 seconds or not, and one without both times is not compared', async () => {
  const rows = await events(
    `select host, event_count, compared_count, ahead_count, least_seconds, greatest_seconds,
       year_inferred_count
     from event_clock_day order by all`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['web-1', 3, 1, 0, 2, 2, 1],
    ['web-2', 2, 2, 1, -61, -60, 0],
  ]);
});
