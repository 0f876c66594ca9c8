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

const NOON = '2026-10-01 12:00:00';

const state = (id: string, own: Row = {}): Row => ({
  scope_name: 'cde',
  network_interface_id: `eni-${id}`,
  instance_id: `i-${id}`,
  owner_kind: 'ec2_instance',
  addresses: [],
  valid_from: '2026-09-01 00:00:00',
  ...own,
});

const event = (eventId: string, own: Row = {}): Row => ({
  event_id: eventId,
  product: 'suricata',
  signature_id: '2100498',
  signature_name: 'GPL ATTACK_RESPONSE',
  severity: 'medium',
  source_address: '198.51.100.7',
  destination_address: '10.0.1.10',
  event_at: NOON,
  event_date: '2026-10-01',
  ...own,
});

const pair = (flowId: string, eventId: string, own: Row = {}): Row => ({
  flow_id: flowId,
  event_id: eventId,
  interface_id: 'eni-a',
  product: 'suricata',
  signature_id: '2100498',
  event_at: NOON,
  confidence: 'low',
  effect: 'attack_reached_host',
  flow_date: '2026-10-01',
  ...own,
});

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'scope_interface', [
    state('a', { instance_name: 'web-1', valid_to: '2026-10-01 13:00:00' }),
    // The interface went to another instance at one.
    state('a', {
      instance_id: 'i-later',
      valid_from: '2026-10-01 13:00:00',
      absent_at: '2026-10-01 13:00:00',
    }),
    state('b', { instance_id: null, owner_kind: 'nat_gateway' }),
  ]);
  await insertRows(database, 'ips_event', [
    event('e1'),
    // Delivered a second time.
    event('e1'),
    event('e2', { source_address: '198.51.100.8', severity: 'high' }),
    event('e3', { event_at: '2026-10-01 14:00:00' }),
    event('e4', { source_address: '10.0.1.20', destination_address: '203.0.113.5' }),
    event('e-first', { event_at: '2026-10-01 00:00:00' }),
  ]);
  await insertRows(database, 'flow_event', [
    pair('f:1', 'e1', { confidence: 'medium' }),
    pair('f:2', 'e1'),
    pair('f:3', 'e2', { event_at: '2026-10-01 12:30:00', confidence: 'high' }),
    pair('f:4', 'e3', { event_at: '2026-10-01 14:00:00' }),
    pair('f:5', 'e4', { interface_id: 'eni-b', effect: 'attack_left_host', signature_id: null }),
    // Another rule, on each edge of the period.
    pair('f:6', 'e-first', { event_at: '2026-10-01 00:00:00', signature_id: '7' }),
    pair('f:7', 'e-before', { event_at: '2026-09-30 23:59:59', signature_id: '7' }),
    pair('f:8', 'e-end', {
      event_at: '2026-10-02 00:00:00',
      signature_id: '7',
      flow_date: '2026-10-02',
    }),
    // What was stopped, and what is not in scope.
    pair('f:9', 'e2', { effect: 'rejected_by_filter' }),
    pair('f:10', 'e2', { effect: 'blocked_by_ips' }),
    pair('f:11', 'e2', { effect: 'outcome_unknown' }),
    pair('f:12', 'e2', { interface_id: 'eni-elsewhere' }),
    pair('f:13', 'e2', { interface_id: null }),
  ]);
  rows = await runReport(database, 'attacks_reached_host');
});

afterAll(() => database.close());

it('has a row an interface, its instance then, a rule, and a direction', () => {
  const shown = rows.map((row) => [
    row.resource,
    row.signature_id,
    row.event_count,
    row.flow_count,
    row.peer_count,
    row.severity,
    row.confidence,
    row.gap_code,
  ]);
  expect(shown).toEqual([
    ['i-later', '2100498', 1, 1, 1, 'medium', 'low', 'IPS_DETECT_ONLY'],
    ['web-1 (i-a)', '2100498', 2, 3, 2, 'high', 'high', 'IPS_DETECT_ONLY'],
    ['web-1 (i-a)', '7', 1, 1, 1, 'medium', 'low', 'IPS_DETECT_ONLY'],
    ['nat_gateway', null, 1, 1, 1, 'medium', 'low', 'IPS_DETECT_ONLY_OUTBOUND'],
  ]);
});

it('says from when to when, and gives an example of both', () => {
  expect(pick(rows.slice(1, 2), 'first_at', 'last_at', 'example_flow_id', 'status')).toEqual([
    {
      first_at: NOON,
      last_at: '2026-10-01 12:30:00',
      example_flow_id: 'f:1',
      status: 'partial',
    },
  ]);
});
