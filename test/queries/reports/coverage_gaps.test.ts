import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import {
  insertRows,
  openEmptyTables,
  pick,
  type ResultRow,
  type Row,
  runReport,
} from '../fixture.ts';

function object(name: string, own: Row): Row {
  return { object_id: `o-${name}`, uri: `s3://example-logs/${name}`, kind: 'flow_logs', ...own };
}

/** A day of an interface as one recorder has it. */
function day(flowLogId: string | null, date: string, own: Row): Row {
  return {
    interface_id: 'eni-seen',
    source: 'flow_logs[0]',
    flow_log_id: flowLogId,
    record_count: 0,
    nodata_count: 0,
    skipdata_count: 0,
    flow_date: date,
    ...own,
  };
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'source_object', [
    object('0a', { flow_log_id: 'fl-0a', status: 'loaded', rejected_count: 0 }),
    object('damaged', {
      status: 'damaged',
      reason: 'gzip ends early',
      first_at: '2026-10-01 01:00:00',
      last_at: '2026-10-01 02:00:00',
      rejected_count: 2,
      line_count: 9,
    }),
    object('refused', { status: 'refused', reason: 'no known format', rejected_count: 0 }),
    object('old', { status: 'refused', modified_at: '2026-09-30 23:59:59', rejected_count: 0 }),
    object('at-end', {
      status: 'damaged',
      first_at: '2026-10-02 00:00:00',
      last_at: '2026-10-02 00:00:01',
      rejected_count: 1,
    }),
    object('copy', { status: 'duplicate', rejected_count: 0 }),
  ]);
  await insertRows(database, 'interface_day', [
    day('fl-0a', '2026-09-30', { record_count: 100 }),
    day('fl-0a', '2026-10-01', {
      record_count: 4,
      nodata_count: 1,
      first_at: '2026-10-01 01:30:00',
      last_at: '2026-10-01 06:00:00',
    }),
    day('fl-0a', '2026-10-01', {
      interface_id: null,
      record_count: 1,
      nodata_count: 2,
      first_at: '2026-10-01 04:00:00',
      last_at: '2026-10-01 07:00:00',
    }),
    day('fl-0a', '2026-10-02', { record_count: 100 }),
    day(null, '2026-10-01', {
      record_count: 2,
      first_at: '2026-10-01 00:10:00',
      last_at: '2026-10-01 02:20:00',
    }),
  ]);
  const copies = (date: string, count: number): Row => ({
    source: 'flow_logs[0]',
    kept_source: 'flow_logs[1]',
    copy_count: count,
    flow_date: date,
  });
  await insertRows(database, 'copy_day', [copies('2026-10-01', 1), copies('2026-10-02', 9)]);
  const unplaced = (date: string, own: Row = {}): Row => ({
    network_interface_id: 'eni-unknown',
    as_of_verdict: 'no_metadata',
    as_of_reason: 'no inventory snapshot covers the interface at this time',
    flow_count: 2,
    first_at: `${date} 00:00:00`,
    last_at: `${date} 01:00:00`,
    flow_date: date,
    ...own,
  });
  await insertRows(database, 'flow_class', [
    unplaced('2026-09-30'),
    unplaced('2026-10-01'),
    unplaced('2026-10-01', { flow_count: 3, last_at: '2026-10-01 05:00:00' }),
    unplaced('2026-10-01', { network_interface_id: null }),
    unplaced('2026-10-01', { network_interface_id: 'eni-seen', as_of_verdict: 'ambiguous' }),
    unplaced('2026-10-02'),
  ]);
  const overlap = (startAt: string, endAt: string, own: Row = {}): Row => ({
    interface_id: 'eni-seen',
    source: 'flow_logs[1]',
    flow_log_id: 'fl-0a',
    other_source: 'flow_logs[0]',
    reason: 'records_differ',
    compared_fields: 'interface-id, srcaddr, dstaddr',
    record_count: 3,
    other_record_count: 1,
    started_at: startAt,
    ended_at: endAt,
    flow_date: startAt.slice(0, 10),
    ...own,
  });
  await insertRows(database, 'flow_overlap', [
    overlap('2026-09-30 23:58:00', '2026-09-30 23:59:59'),
    overlap('2026-10-01 02:10:00', '2026-10-01 02:20:00'),
    overlap('2026-10-01 03:10:00', '2026-10-01 03:20:00'),
    overlap('2026-10-02 00:00:00', '2026-10-02 00:10:00'),
    {
      ...overlap('2026-10-01 00:00:00', '', { reason: 'fields_not_shared' }),
      other_flow_log_id: 'fl-0b',
      started_at: null,
      ended_at: null,
    },
  ]);
  rows = await runReport(database, 'coverage_gaps');
});

afterAll(() => database.close());

const at = (time: string): string => `2026-10-01 ${time}`;

it('lists every kind of gap of the period, with its start and end, and nothing else', () => {
  const shown = pick(
    rows,
    'subject_id',
    'started_at',
    'ended_at',
    'item_count',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const midnight = '2026-10-02 00:00:00';
  expect(shown).toEqual([
    ['fl-0a', at('01:30:00'), at('07:00:00'), 3, 'supports', null],
    ['flow_logs[0]', at('00:10:00'), at('02:20:00'), 0, 'supports', null],
    ['eni-seen', at('00:00:00'), midnight, 4, 'partial', 'FL_OVERLAP_NOT_ONE_TO_ONE'],
    ['eni-seen', at('02:10:00'), at('03:20:00'), 8, 'partial', 'FL_OVERLAP_NOT_ONE_TO_ONE'],
    ['eni-unknown', at('00:00:00'), at('05:00:00'), 5, 'not_evidenced', 'META_UNRESOLVED_ENI'],
    [
      'not named by the records',
      at('00:00:00'),
      at('01:00:00'),
      2,
      'not_evidenced',
      'META_UNRESOLVED_ENI',
    ],
    ['s3://example-logs/damaged', at('01:00:00'), at('02:00:00'), 1, 'partial', 'SOURCE_DAMAGED'],
    [
      's3://example-logs/damaged',
      at('01:00:00'),
      at('02:00:00'),
      2,
      'partial',
      'SOURCE_LINES_REJECTED',
    ],
    ['s3://example-logs/refused', null, null, 1, 'not_evidenced', 'SOURCE_REFUSED'],
  ]);
});

it('counts the records of the days of the period as delivered', () => {
  const delivered = rows.filter((row) => row.status === 'supports');
  expect(delivered.map((row) => [row.subject_id, row.why])).toEqual([
    [
      'fl-0a',
      'It delivered 5 flow records; NODATA intervals, counted here, say that an interface had no traffic.',
    ],
    [
      'flow_logs[0]',
      'It delivered 2 flow records, of which 1 are copies of what another flow log recorded; NODATA intervals, counted here, say that an interface had no traffic.',
    ],
  ]);
});

it('gives a remedy for every gap', () => {
  expect(rows.filter((row) => row.status !== 'supports' && row.remedy === null)).toEqual([]);
});

it('names two flow logs whose records overlap without matching, and which of them to delete', () => {
  const overlaps = rows.filter((row) => row.gap_code === 'FL_OVERLAP_NOT_ONE_TO_ONE');
  expect(overlaps.map((row) => [row.why, row.remedy])).toEqual([
    [
      'Flow logs fl-0a and fl-0b both recorded it, and share too few fields (interface-id, srcaddr, dstaddr) to tell which records are copies: 3 and 1 records may count some flows twice.',
      expect.stringMatching(/ Then: aws ec2 delete-flow-logs --flow-log-ids fl-0b$/),
    ],
    [
      'Flow logs fl-0a and flow_logs[0] both recorded it, and in 2 hours some of their records are of one connection at one time without being equal or the sum of each other: 6 and 2 records may count some flows twice.',
      expect.stringMatching(/ an aggregation interval of 60 seconds\.$/),
    ],
  ]);
});

it('says why flows are in no scope', () => {
  expect(rows.find((row) => row.subject_id === 'eni-unknown')?.why).toBe(
    '5 flows are in no scope, because what the interface was then is not known: no inventory snapshot covers the interface at this time.',
  );
});
