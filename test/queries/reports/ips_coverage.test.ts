import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import {
  insertRows,
  makeAgentInterfaces,
  openEmptyTables,
  type ResultRow,
  type Row,
  runReport,
} from '../fixture.ts';

const BEFORE = '2026-09-01 00:00:00';

function scope(interfaceId: string, own: Row = {}): Row {
  return {
    scope_name: 'cde',
    network_interface_id: interfaceId,
    owner_kind: 'ec2_instance',
    addresses: [],
    valid_from: BEFORE,
    ...own,
  };
}

function event(eventId: string, eventAt: string | null, own: Row = {}): Row {
  return {
    event_id: eventId,
    product: 'deep_security',
    module: 'intrusion_prevention',
    event_at: eventAt,
    disposition: 'blocked',
    ...own,
  };
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'scope_interface', [
    scope('eni-a', { instance_id: 'i-a', instance_name: 'web-1', addresses: ['10.0.1.5'] }),
    // The address of eni-old went to eni-young at noon.
    scope('eni-old', {
      instance_id: 'i-old',
      addresses: ['10.0.1.9'],
      valid_to: '2026-10-01 12:00:00',
    }),
    scope('eni-young', {
      instance_id: 'i-young',
      addresses: ['10.0.1.9'],
      valid_from: '2026-10-01 12:00:00',
      absent_at: '2026-10-01 11:00:00',
    }),
    scope('eni-named', { instance_id: 'i-named', instance_name: 'DB-1' }),
    scope('eni-twin-1', { instance_id: 'i-twin-1', instance_name: 'twin' }),
    scope('eni-twin-2', { instance_id: 'i-twin-2', instance_name: 'twin' }),
    scope('eni-alone', { instance_id: 'i-alone', instance_name: 'alone' }),
    scope('eni-nat', { owner_kind: 'nat_gateway', instance_id: null }),
    scope('eni-log', { instance_id: 'i-log' }),
    scope('eni-gone', { instance_id: 'i-gone', valid_to: '2026-10-01 00:00:00' }),
  ]);
  const attack: Row = {
    instance_id: 'i-a',
    disposition: 'detected',
    destination_address: '10.0.1.5',
  };
  await insertRows(database, 'ips_event', [
    event('e-start', '2026-10-01 00:00:00', attack),
    event('e-rejected', '2026-10-01 01:00:00', attack),
    event('e-blocked', '2026-10-01 23:59:59', { instance_id: 'i-a' }),
    // Delivered a second time.
    event('e-blocked', '2026-10-01 23:59:59', { instance_id: 'i-a' }),
    event('e-end', '2026-10-02 00:00:00', attack),
    event('e-before', '2026-09-30 23:59:59', { instance_id: 'i-log' }),
    event('e-old', '2026-10-01 10:00:00', { host_address: '10.0.1.9' }),
    event('e-named', null, {
      received_at: '2026-10-01 05:00:00',
      host_name: 'db-1',
      product: 'suricata',
    }),
    event('e-twin', '2026-10-01 05:00:00', { host_name: 'twin' }),
    // Findings about an instance come from no agent on it, nor do events of a firewall of its name.
    event('e-finding', '2026-10-01 05:00:00', {
      instance_id: 'i-twin-1',
      product: 'guardduty',
      module: 'threat_detection',
    }),
    event('e-firewall', '2026-10-01 05:00:00', {
      host_name: 'alone',
      product: 'aws_network_firewall',
    }),
    event('e-log', '2026-10-01 05:00:00', {
      instance_id: 'i-log',
      module: 'log_inspection',
      disposition: 'logged',
    }),
  ]);
  const pair = (flowId: string, eventId: string, own: Row = {}): Row => ({
    flow_id: flowId,
    event_id: eventId,
    interface_id: 'eni-a',
    module: 'intrusion_prevention',
    event_at: '2026-10-01 00:00:00',
    effect: 'attack_reached_host',
    flow_date: '2026-10-01',
    ...own,
  });
  await insertRows(database, 'flow_event', [
    pair('f:1', 'e-start'),
    pair('f:2', 'e-rejected', { effect: 'rejected_by_filter' }),
    pair('f:3', 'e-end', { event_at: '2026-10-02 00:00:00' }),
    // The attacker's own side of the same connection.
    pair('f:4', 'e-start', { interface_id: 'eni-log', effect: 'attack_left_host' }),
    // The interface was of another instance then, and later of none.
    pair('f:5', 'e-start', { interface_id: 'eni-young' }),
    pair('f:6', 'e-start', { interface_id: 'eni-gone' }),
  ]);
  await makeAgentInterfaces(database);
  rows = await runReport(database, 'ips_coverage');
});

afterAll(() => database.close());

it('has a row an interface in scope, with agent, counts and status', () => {
  const shown = rows.map((row) => [
    row.network_interface_id,
    row.resource,
    row.products,
    row.last_contact_at,
    row.blocked_count,
    row.detected_count,
    row.reached_count,
    row.status,
    row.gap_code,
  ]);
  const none = [null, null, 0, 0, 0, 'not_evidenced'];
  expect(shown).toEqual([
    [
      'eni-a',
      'web-1 (i-a)',
      'deep_security',
      '2026-10-01 23:59:59',
      1,
      2,
      1,
      'partial',
      'IPS_DETECT_ONLY',
    ],
    ['eni-alone', 'alone (i-alone)', ...none, 'IPS_NO_EVENT'],
    [
      'eni-log',
      'i-log',
      'deep_security',
      '2026-10-01 05:00:00',
      0,
      0,
      0,
      'partial',
      'IPS_MODULE_SILENT',
    ],
    ['eni-named', 'DB-1 (i-named)', 'suricata', '2026-10-01 05:00:00', 1, 0, 0, 'supports', null],
    ['eni-nat', 'nat_gateway', ...none, 'IPS_UNCOVERED_ENI'],
    ['eni-old', 'i-old', 'deep_security', '2026-10-01 10:00:00', 1, 0, 0, 'supports', null],
    ['eni-twin-1', 'twin (i-twin-1)', ...none, 'IPS_NO_EVENT'],
    ['eni-twin-2', 'twin (i-twin-2)', ...none, 'IPS_NO_EVENT'],
    ['eni-young', 'i-young', ...none, 'IPS_NO_EVENT'],
  ]);
});

it('says that no event and no agent look the same', () => {
  expect(rows.find((row) => row.network_interface_id === 'eni-young')?.why).toBe(
    'No event of this instance was read: it has no agent, or the agent had nothing to report.',
  );
  expect(rows.find((row) => row.network_interface_id === 'eni-a')?.why).toBe(
    '1 attack was detected and let through: an accepted flow to this interface matches.',
  );
});
