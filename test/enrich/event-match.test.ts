/** What became of each event: how many flows match it, and why none does. */
import { describe, expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const { DAY, INTERFACE, LOCAL, REMOTE, flow, ipsEvent } = fixture;

const INSTANCE = 'i-0a0000000000000a1';
const SUBNET: fixture.Item = {
  type: 'subnet',
  id: 'subnet-a',
  configuration: { SubnetId: 'subnet-a', VpcId: 'vpc-a', CidrBlock: '10.0.1.0/24' },
};
const VPC: fixture.Item = {
  type: 'vpc',
  id: 'vpc-a',
  configuration: { VpcId: 'vpc-a', CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16' }] },
};
const HOST = [
  fixture.networkInterface({ instance: INSTANCE }),
  fixture.tagged('instance', INSTANCE, { Name: 'web-1' }),
  SUBNET,
  VPC,
];

function flowLog(id: string, resource: string, trafficType = 'ALL'): fixture.Item {
  return {
    type: 'flow_log',
    id,
    configuration: { FlowLogId: id, ResourceId: resource, TrafficType: trafficType },
  };
}

/** An object of a flow log that holds records of the whole day, or of a part of it. */
function object(id: string, own: fixture.Row = {}): fixture.Row {
  return fixture.flowObject(id, {
    first_at: `${DAY} 00:00:00`,
    last_at: `${DAY} 23:59:59`,
    ...own,
  });
}

/** A flow of the host with somebody else: it shows that the interface is recorded. */
const otherFlow = flow(9, { srcaddr: '203.0.113.9', start_at: `${DAY} 03:00:00`, end_at: null });

type World = {
  items?: readonly fixture.Item[];
  objects?: readonly fixture.Row[];
  flows?: readonly fixture.Row[];
  statuses?: readonly fixture.Row[];
  event?: fixture.Row;
};

async function matchOf(world: World) {
  const { items = HOST, objects = [object('o')], flows = [otherFlow], statuses = [] } = world;
  const [row] = await fixture.enrichAndRead(
    async (database) => {
      await fixture.addSnapshot(database, `${DAY} 00:00:00`, items);
      await fixture.addRows(database, 'source_object', objects);
      await fixture.addRows(database, 'flow', flows);
      await fixture.addRows(database, 'flow_status', statuses);
      await fixture.addRows(database, 'ips_event', [ipsEvent('e1', world.event)]);
    },
    'select * from event_match',
    { scope: [{ name: 'cde', match: { vpc: ['vpc-a'] } }] },
  );
  return row;
}

test('an event with two flows has no reason', async () => {
  expect(await matchOf({ flows: [flow(1, { srcport: null }), flow(2)] })).toMatchObject({
    event_id: 'e1',
    match_count: 2,
    confidence: 'high',
    reason: null,
    network_interface_ids: [INTERFACE],
    instance_ids: [INSTANCE],
    scope_name: 'cde',
    has_reached_host: false,
    event_date: `${DAY} 00:00:00`,
  });
});

test('an attack that reached the host on one of its flows', async () => {
  const event = { disposition: 'detected' };
  const flows = [flow(1), flow(2, { action: 'REJECT', start_at: `${DAY} 10:00:01` })];
  expect(await matchOf({ event, flows })).toMatchObject({
    match_count: 2,
    has_reached_host: true,
    has_left_host: false,
  });
});

test('without a match: the flow log was read and has no such record', async () => {
  expect(await matchOf({})).toMatchObject({
    match_count: 0,
    confidence: null,
    reason: 'not_seen',
    unlogged_class: null,
    flow_log_ids: [],
  });
});

describe('without a match, because', () => {
  const noPorts = { source_port: null, destination_port: null };
  test.each<[string, fixture.Row, string]>([
    ['it has no address', { source_address: null, destination_address: null }, 'no_address'],
    ['it has one address and no host', { destination_address: null }, 'no_address'],
    [
      'its host is of a name that no instance has',
      { destination_address: null, host_name: 'web-9' },
      'no_address',
    ],
    ['no interface has its addresses', { destination_address: '10.0.7.7' }, 'no_interface_known'],
    ['no snapshot covers its time', { event_at: '2026-11-01 23:00:00' }, 'no_interface_known'],
  ])('%s', async (_, event, reason) => {
    expect(await matchOf({ event })).toMatchObject({ reason, match_count: 0 });
  });

  test('a host that is known by name was looked for', async () => {
    const event = { destination_address: null, host_name: 'web-1', ...noPorts };
    expect(await matchOf({ event })).toMatchObject({
      reason: 'not_seen',
      network_interface_ids: [INTERFACE],
    });
  });

  test.each<[string, fixture.Row, string | null]>([
    ['metadata', { destination_address: '169.254.169.254' }, 'instance metadata service'],
    ['metadata by IPv6', { destination_address: 'fd00:ec2::254' }, 'instance metadata service'],
    [
      'an answer of the time service',
      { source_address: '169.254.169.123', destination_address: LOCAL },
      'Amazon Time Sync Service',
    ],
    ['the link-local DNS server', { destination_address: '169.254.169.253' }, 'Amazon DNS server'],
    ['the DNS server of the VPC', { destination_address: '10.0.0.2' }, 'Amazon DNS server'],
    ['the router of the subnet', { destination_address: '10.0.1.1' }, 'VPC router'],
    ['another DNS server', { destination_address: '10.0.0.3' }, null],
    [
      'licence activation',
      { destination_address: '169.254.169.250' },
      'Windows licence activation',
    ],
    [
      'DHCP',
      {
        destination_address: '255.255.255.255',
        protocol: 17,
        source_port: 68,
        destination_port: 67,
      },
      'DHCP',
    ],
  ])('AWS never logs it: %s', async (_, event, unloggedClass) => {
    const parts = { source_address: LOCAL, ...event };
    expect(await matchOf({ event: parts })).toMatchObject({
      unlogged_class: unloggedClass,
      reason: unloggedClass === null ? 'not_seen' : 'class_never_logged',
    });
  });

  test('of such an address, a flow that matches counts all the same', async () => {
    const event = { source_address: LOCAL, destination_address: '10.0.0.2' };
    const flows = [flow(1, { srcaddr: LOCAL, dstaddr: '10.0.0.2' })];
    expect(await matchOf({ event, flows })).toMatchObject({ reason: null, match_count: 1 });
  });

  test.each<[string, readonly fixture.Item[], readonly fixture.Row[], string]>([
    ['no flow log is known', [], [], 'no_flow_log_known'],
    ['the flow log is of another VPC', [flowLog('fl-a', 'vpc-b')], [], 'no_flow_log_known'],
    ['a flow log of the VPC covers it', [flowLog('fl-a', 'vpc-a')], [], 'not_seen'],
    ['a flow log of the subnet covers it', [flowLog('fl-a', 'subnet-a')], [], 'not_seen'],
    ['a flow log of its own covers it', [flowLog('fl-a', INTERFACE)], [], 'not_seen'],
    [
      'its flow log has rejected traffic only',
      [flowLog('fl-a', 'vpc-a', 'REJECT')],
      [],
      'one_sided_flow_log',
    ],
    [
      'one flow log has rejected, another all traffic',
      [flowLog('fl-a', 'vpc-a', 'REJECT'), flowLog('fl-b', 'subnet-a')],
      [],
      'not_seen',
    ],
    ['records show that one covers it', [], [otherFlow], 'not_seen'],
  ])('%s', async (_, logs, flows, reason) => {
    const items = [...HOST, ...logs];
    expect(await matchOf({ items, flows })).toMatchObject({ reason });
  });

  const named = { flow_log_id: 'fl-a' };
  test.each<[string, readonly fixture.Row[], string]>([
    [
      'nothing was read of that time',
      [object('o', { ...named, last_at: `${DAY} 09:30:00` })],
      'outside_ingested_time',
    ],
    [
      'what was read begins after it',
      [object('o', { ...named, first_at: `${DAY} 10:40:00` })],
      'outside_ingested_time',
    ],
    [
      'what was read ends within ten minutes',
      [object('o', { ...named, last_at: `${DAY} 09:52:00` })],
      'not_seen',
    ],
    [
      'another flow log was read alone',
      [object('o', { flow_log_id: 'fl-b' })],
      'outside_ingested_time',
    ],
    ['what was read may be of it', [object('o')], 'not_seen'],
  ])('%s', async (_, objects, reason) => {
    const items = [...HOST, flowLog('fl-a', 'vpc-a')];
    expect(await matchOf({ items, objects, flows: [] })).toMatchObject({
      reason,
      flow_log_ids: ['fl-a'],
    });
  });

  const status = (own: fixture.Row): fixture.Row => ({
    interface_id: INTERFACE,
    log_status: 'SKIPDATA',
    start_at: `${DAY} 09:50:00`,
    end_at: `${DAY} 09:58:10`,
    object_id: 'o',
    line_number: 20,
    flow_date: DAY,
    ...own,
  });
  test.each<[string, fixture.Row, string]>([
    ['AWS skipped records then', {}, 'skipped_interval'],
    ['AWS skipped records too early', { end_at: `${DAY} 09:58:09` }, 'not_seen'],
    ['AWS skipped records of another interface', { interface_id: 'eni-b' }, 'not_seen'],
    ['the interface had no data', { log_status: 'NODATA' }, 'not_seen'],
  ])('%s', async (_, own, reason) => {
    expect(await matchOf({ statuses: [status(own)] })).toMatchObject({ reason });
  });

  test('of two interfaces, the one that should have it tells', async () => {
    const items = [...HOST, fixture.networkInterface({ id: 'eni-b', addresses: [REMOTE] })];
    expect(await matchOf({ items, statuses: [status({})] })).toMatchObject({
      reason: 'skipped_interval',
      network_interface_ids: [INTERFACE, 'eni-b'],
    });
    const both = [otherFlow, flow(8, { interface_id: 'eni-b', dstaddr: '203.0.113.8' })];
    expect(await matchOf({ items, flows: both, statuses: [status({})] })).toMatchObject({
      reason: 'not_seen',
    });
  });
});
