import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { edge } from '../edge-rows.ts';
import {
  insertRows,
  openEmptyTables,
  pick,
  type ResultRow,
  type Row,
  runReport,
} from '../fixture.ts';

function flow(flowId: string, verdict: string, startAt: string | null, own: Row = {}): Row {
  return edge({
    first_port: 8443,
    rule_verdict: verdict,
    rule_reason: 'no rule of its groups permits it',
    first_at: startAt,
    last_at: startAt,
    example_flow_id: flowId,
    flow_date: startAt?.slice(0, 10) ?? '2026-10-01',
    ...own,
  });
}

const UNKNOWN: Row = {
  network_interface_id: 'eni-0b',
  opened_by: null,
  row_direction: null,
  first_port: null,
  peer_kind: 'unknown',
  peer_range: null,
  rule_reason: null,
  byte_count: null,
};

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'edge_day', [
    flow('a:1', 'unexplained', '2026-10-01 00:00:00'),
    flow('a:2', 'unexplained', '2026-10-01 23:59:59', { state_id: 'later', byte_count: 50 }),
    flow('a:3', 'unexplained', '2026-10-02 00:00:00'),
    flow('a:4', 'unexplained', '2026-09-30 23:59:59'),
    flow('a:5', 'permitted', '2026-10-01 10:00:00'),
    flow('a:6', 'response', '2026-10-01 10:00:00'),
    flow('a:7', 'no_security_group', '2026-10-01 10:00:00'),
    flow('a:8', 'not_applicable', '2026-10-01 10:00:00', { action: 'REJECT' }),
    flow('a:9', 'unexplained', '2026-10-01 10:00:00', { scope_name: null }),
    flow('c:1', 'undecidable', '2026-10-01 10:00:00', {
      protocol: 1,
      first_port: null,
      rule_reason: 'flow logs do not record the type',
    }),
    flow('c:2', 'tracked_or_changed', '2026-10-01 11:00:00', { rule_reason: 'removed about then' }),
    flow('c:3', 'no_metadata', null, UNKNOWN),
  ]);
  rows = await runReport(database, 'flows_without_rule');
});

afterAll(() => database.close());

it('groups the flows of the half open period by connection and verdict', () => {
  const shown = pick(
    rows,
    'network_interface_id',
    'connection',
    'flow_count',
    'byte_count',
    'first_at',
    'last_at',
    'example_flow_id',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const to = 'ingress from 198.51.100.7';
  expect(shown).toEqual([
    [
      'eni-0a',
      `${to} icmp`,
      1,
      100,
      '2026-10-01 10:00:00',
      '2026-10-01 10:00:00',
      'c:1',
      'partial',
      'RULE_UNDECIDABLE',
    ],
    [
      'eni-0a',
      `${to} tcp/8443`,
      1,
      100,
      '2026-10-01 11:00:00',
      '2026-10-01 11:00:00',
      'c:2',
      'partial',
      'RULE_TRACKED_OR_CHANGED',
    ],
    [
      'eni-0a',
      `${to} tcp/8443`,
      2,
      150,
      '2026-10-01 00:00:00',
      '2026-10-01 23:59:59',
      'a:1',
      'contradicts',
      'RULE_UNEXPLAINED',
    ],
    // Nothing is known of this one, not even its time: addresses without a known opener read "with".
    [
      'eni-0b',
      'direction unknown with unknown address tcp/port unknown',
      1,
      null,
      null,
      null,
      'c:3',
      'not_evidenced',
      'META_UNRESOLVED_ENI',
    ],
  ]);
});

it('says why and what to do', () => {
  expect(rows[2]?.why).toBe('Accepted, and no rule of its groups permits it.');
  expect(rows[3]?.why).toBe('Not judged: no reason recorded.');
  expect(rows.every((row) => typeof row.remedy === 'string' && row.remedy !== '')).toBe(true);
});
