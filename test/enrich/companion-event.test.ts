import { describe, expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const { DAY, INTERFACE, LOCAL, REMOTE, flow, ipsEvent } = fixture;

/** Pairs of these flows and events, as texts. */
async function pairsOf(flows: readonly fixture.Row[], events: readonly fixture.Row[]) {
  const rows = await fixture.enrichAndRead(
    async (database) => {
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(database, 'flow', flows);
      await fixture.addRows(database, 'ips_event', events);
    },
    `select flow_id || ' ' || event_id || ' ' || matched_on || ' ' || confidence || ' ' || time_difference_seconds as pair
     from flow_event order by flow_id, event_id`,
  );
  return rows.map((row) => row.pair);
}

/** Pairs of flow and event, and what the flow then says, for these flows and events. */
async function match(flows: readonly fixture.Row[], events: readonly fixture.Row[]) {
  const [row] = await fixture.enrichAndRead(
    async (database) => {
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(database, 'flow', flows);
      await fixture.addRows(database, 'ips_event', events);
    },
    `select
       (select list(flow_id || ' ' || event_id || ' ' || matched_on || ' ' || confidence || ' ' || time_difference_seconds order by flow_id, event_id) from flow_event) as pairs,
       (select list(coalesce(event_disposition, 'none') order by line_number) from flow_enriched) as dispositions,
       (select list(array_to_string(event_ids, ',') order by line_number) from flow_enriched) as events`,
  );
  return row as { pairs: string[] | null; dispositions: string[]; events: string[] };
}

const HIGH = 'o:1 e1 addresses, protocol and ports high 0.0';

describe('an event and a flow', () => {
  const back = {
    ...{ source_address: LOCAL, source_port: 443 },
    ...{ destination_address: REMOTE, destination_port: 50_000 },
  };
  const natted = {
    srcaddr: '10.0.9.1',
    dstaddr: '10.0.9.2',
    pkt_srcaddr: REMOTE,
    pkt_dstaddr: LOCAL,
  };
  const portless = { source_port: null, destination_port: null };
  test.each<[string, fixture.Row, fixture.Row, string | null]>([
    ['match by all five keys', {}, {}, HIGH],
    ['match against the direction of the record', {}, back, HIGH],
    ['match by the addresses of the packet', natted, {}, HIGH.replace('high', 'medium')],
    ['match without the protocol', {}, { protocol: null }, 'o:1 e1 addresses and ports medium 0.0'],
    [
      'match for ICMP by addresses and protocol alone, whatever stands for ports',
      { protocol: 1, srcport: 0, dstport: 0 },
      { protocol: 1, source_port: 8, destination_port: null },
      'o:1 e1 addresses and protocol high 0.0',
    ],
    [
      'match without ports, with low confidence',
      {},
      portless,
      'o:1 e1 addresses and protocol low 0.0',
    ],
    [
      'match where the record has no ports',
      { srcport: null, dstport: null },
      {},
      'o:1 e1 addresses and protocol low 0.0',
    ],
    [
      'match by one port, with low confidence',
      {},
      { source_port: null },
      'o:1 e1 addresses, protocol and one port low 0.0',
    ],
    ['do not match if the one port differs', {}, { source_port: null, destination_port: 22 }, null],
    ['do not match if the protocol differs', {}, { protocol: 17 }, null],
    ['do not match if a port differs', {}, { source_port: 50_001 }, null],
    ['do not match if an address differs', {}, { source_address: '198.51.100.8' }, null],
    [
      'do not match if the ports are of the other side',
      {},
      { source_port: 443, destination_port: 50_000 },
      null,
    ],
    [
      'match at the start of the tolerance',
      {},
      { event_at: `${DAY} 09:58:00` },
      'o:1 e1 addresses, protocol and ports medium -120.0',
    ],
    ['do not match before it', {}, { event_at: `${DAY} 09:57:59.999` }, null],
    [
      'match a minute before the record, as that is uncertain itself',
      {},
      { event_at: `${DAY} 09:59:00` },
      HIGH.replace('0.0', '-60.0'),
    ],
    [
      'match at the end of the tolerance',
      {},
      { event_at: `${DAY} 10:02:30` },
      'o:1 e1 addresses, protocol and ports medium 120.0',
    ],
    ['do not match after it', {}, { event_at: `${DAY} 10:02:30.001` }, null],
    [
      'are apart by parts of a second',
      {},
      { event_at: `${DAY} 10:01:30.5` },
      'o:1 e1 addresses, protocol and ports medium 60.5',
    ],
    ['never match if it is a heartbeat', {}, { module: 'heartbeat' }, null],
    ['never match if it is of the agent itself', {}, { module: 'system' }, null],
    ['never match if it is a flow of the sensor', {}, { module: 'flow' }, null],
    [
      'match by the address of the host, for a logon',
      {},
      {
        ...{ module: 'log_inspection', protocol: null, ...portless },
        ...{ destination_address: null, host_address: LOCAL, user_name: 'deploy' },
      },
      'o:1 e1 addresses low 0.0',
    ],
    ['do not match if the host is not known', {}, { destination_address: null }, null],
  ])('%s', async (_, flowParts, eventParts, expected) => {
    const pairs = await pairsOf([flow(1, flowParts)], [ipsEvent('e1', eventParts)]);
    expect(pairs).toEqual(expected === null ? [] : [expected]);
  });
});

test('two events on one flow, one flow without, and one event on two flows', async () => {
  const other = { srcport: 50_001 };
  const { pairs, events, dispositions } = await match(
    [flow(1), flow(2, { start_at: `${DAY} 10:00:30`, end_at: `${DAY} 10:01:00` }), flow(3, other)],
    [ipsEvent('e1'), ipsEvent('e2')],
  );
  expect(pairs).toHaveLength(4);
  expect(events).toEqual(['e1,e2', 'e1,e2', '']);
  expect(dispositions).toEqual(['blocked', 'blocked', 'none']);
});

test.each<[string, string[], string]>([
  ['blocked alone', ['blocked'], 'blocked'],
  ['detected alone', ['detected'], 'detected'],
  ['what one event let through is not blocked', ['blocked', 'detected'], 'detected'],
  ['what one event allowed is not blocked', ['blocked', 'allowed'], 'detected'],
  ['what says nothing of it', ['unknown', 'logged'], 'logged'],
  ['blocked beside a log line', ['logged', 'blocked'], 'blocked'],
])('disposition: %s', async (_, dispositions, expected) => {
  const events = dispositions.map((disposition, index) => ipsEvent(`e${index}`, { disposition }));
  expect((await match([flow(1)], events)).dispositions).toEqual([expected]);
});

test('an event that was delivered twice counts once', async () => {
  const { pairs, events } = await match(
    [flow(1)],
    [ipsEvent('e1'), ipsEvent('e1', { object_id: 'f', line_number: 9 })],
  );
  expect(pairs).toEqual([HIGH]);
  expect(events).toEqual(['e1']);
});

test('events of the days before and after belong to flows at midnight', async () => {
  const pairs = await pairsOf(
    [
      flow(1, { start_at: `${DAY} 00:00:00`, end_at: `${DAY} 00:00:10` }),
      flow(2, { start_at: `${DAY} 23:59:50`, end_at: '2026-11-03 00:00:20' }),
    ],
    [
      ipsEvent('e1', { event_at: '2026-11-01 23:59:30', event_date: '2026-11-01' }),
      ipsEvent('e2', { event_at: '2026-11-03 00:00:10', event_date: '2026-11-03' }),
    ],
  );
  expect(pairs).toEqual([HIGH.replace('0.0', '-30.0'), HIGH.replace('1 e1', '2 e2')]);
});

const INSTANCE = 'i-0a0000000000000a1';
const SERVER = fixture.networkInterface({ instance: INSTANCE });
const CLIENT = fixture.networkInterface({ id: 'eni-client', addresses: ['10.0.1.20'] });

/** What stands in flow_event of one flow and one event, with an inventory of both sides. */
async function pairOf(
  flowParts: fixture.Row,
  eventParts: fixture.Row,
  options: fixture.StepOptions & { items?: readonly fixture.Item[] } = {},
) {
  const [row] = await fixture.enrichAndRead(
    async (database) => {
      await fixture.addSnapshot(database, `${DAY} 00:00:00`, options.items ?? [SERVER, CLIENT]);
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(database, 'flow', [flow(1, flowParts)]);
      await fixture.addRows(database, 'ips_event', [ipsEvent('e1', eventParts)]);
    },
    'select * from flow_event',
    options,
  );
  return row;
}

describe('the time of an event', () => {
  test('is looked for within the tolerance of the configuration', async () => {
    const late = { event_at: `${DAY} 10:06:30` };
    expect(await pairOf({}, late, { clockToleranceSeconds: 300 })).toMatchObject({
      time_difference_seconds: 360,
      time_match: 'clock_tolerance',
      confidence: 'medium',
    });
    expect(await pairOf({}, late, { clockToleranceSeconds: 299 })).toBeUndefined();
    const exact = { event_at: `${DAY} 10:01:30` };
    expect(await pairOf({}, exact, { clockToleranceSeconds: 0 })).toMatchObject({
      time_difference_seconds: 60,
      time_match: 'record_uncertainty',
      confidence: 'high',
    });
  });

  test.each<[string, fixture.Row, object | undefined]>([
    [
      'is that of its receipt if it has none',
      { event_at: null, received_at: `${DAY} 10:00:20` },
      { clock: 'received_at', confidence: 'medium', event_at: `${DAY} 10:00:20` },
    ],
    [
      'is that of its receipt if its own lies after it: the clock of the agent is ahead',
      { event_at: `${DAY} 13:00:00`, received_at: `${DAY} 10:00:20` },
      { clock: 'received_at', confidence: 'medium' },
    ],
    [
      'is its own if it lies after the receipt by no more than the tolerance',
      { event_at: `${DAY} 10:00:30`, received_at: `${DAY} 09:59:30` },
      { clock: 'event_at', confidence: 'high' },
    ],
    [
      'is its own however late it was received',
      { received_at: '2026-11-04 00:00:00' },
      { clock: 'event_at', confidence: 'high' },
    ],
    ['is none without either', { event_at: null }, undefined],
  ])('%s', async (_, eventParts, expected) => {
    const found = await pairOf({}, eventParts);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(expected);
  });

  test.each<[string, fixture.Row, string]>([
    [
      'a record of an hour',
      { start_at: `${DAY} 09:30:00`, end_at: `${DAY} 10:30:00` },
      `${DAY} 10:20:00`,
    ],
    ['a record without a start', { start_at: null }, `${DAY} 10:00:30`],
    ['a record without an end', { end_at: null }, `${DAY} 10:00:00`],
    ['a record that ends before it starts', { end_at: `${DAY} 09:59:30` }, `${DAY} 09:59:40`],
    [
      'a record just short of half an hour, at its end',
      { start_at: `${DAY} 09:30:00`, end_at: `${DAY} 10:00:00` },
      `${DAY} 10:00:00`,
    ],
  ])('lies inside %s', async (_, flowParts, eventAt) => {
    expect(await pairOf(flowParts, { event_at: eventAt })).toMatchObject({
      time_match: 'inside',
      time_difference_seconds: 0,
    });
  });
});

describe('whose interface made the record, and what became of the attack', () => {
  const detected = { disposition: 'detected' };
  const answer = { srcaddr: LOCAL, srcport: 443, dstaddr: REMOTE, dstport: 50_000 };
  const inner = { ...detected, source_address: '10.0.1.20' };
  const innerFlow = { srcaddr: '10.0.1.20' };
  const hop = { interface_id: 'eni-nat', srcaddr: '10.0.9.1', pkt_srcaddr: REMOTE };
  test.each<[string, fixture.Row, fixture.Row, object]>([
    [
      'detected, and accepted at the target',
      {},
      detected,
      { recorded_at: 'target', effect: 'attack_reached_host', is_reversed: false },
    ],
    [
      'the answer of the target',
      answer,
      detected,
      { recorded_at: 'target', effect: 'attack_reached_host', is_reversed: true },
    ],
    ['allowed', {}, { disposition: 'allowed' }, { effect: 'attack_reached_host' }],
    ['blocked', {}, { disposition: 'blocked' }, { effect: 'blocked_by_ips' }],
    [
      'blocked, and rejected too',
      { action: 'REJECT' },
      { disposition: 'blocked' },
      { effect: 'blocked_by_ips' },
    ],
    ['rejected by the filter', { action: 'REJECT' }, detected, { effect: 'rejected_by_filter' }],
    ['no action in the record', { action: null }, detected, { effect: 'outcome_unknown' }],
    ['not said what was done', {}, { disposition: 'unknown' }, { effect: 'outcome_unknown' }],
    [
      'a line of a log',
      {},
      { module: 'log_inspection', disposition: 'logged' },
      { effect: 'not_an_attack' },
    ],
    [
      'the sender, of the same network',
      { ...innerFlow, interface_id: 'eni-client' },
      inner,
      { recorded_at: 'sender', effect: 'attack_left_host' },
    ],
    [
      'the target of the same connection',
      innerFlow,
      inner,
      { recorded_at: 'target', effect: 'attack_reached_host' },
    ],
    [
      'a hop on the way',
      hop,
      detected,
      {
        recorded_at: 'hop',
        translated_side: 'source',
        effect: 'outcome_unknown',
        confidence: 'medium',
      },
    ],
    [
      'the target, by another of its addresses',
      { dstaddr: '10.0.1.99', pkt_dstaddr: LOCAL },
      detected,
      { recorded_at: 'target', translated_side: 'destination', effect: 'attack_reached_host' },
    ],
    [
      'both sides translated',
      { ...hop, dstaddr: '10.0.9.2', pkt_dstaddr: LOCAL },
      detected,
      { translated_side: 'both' },
    ],
    [
      'packet addresses that are those of the record',
      { pkt_srcaddr: REMOTE, pkt_dstaddr: LOCAL },
      detected,
      { translated_side: null, confidence: 'high' },
    ],
  ])('%s', async (_, flowParts, eventParts, expected) => {
    expect(await pairOf(flowParts, eventParts)).toMatchObject(expected);
  });

  test.each<[string, fixture.Row, string | null, string]>([
    ['ingress', { flow_direction: 'ingress' }, 'target', 'attack_reached_host'],
    ['egress', { flow_direction: 'egress' }, 'sender', 'attack_left_host'],
    [
      'an answer that leaves',
      { ...answer, flow_direction: 'egress' },
      'target',
      'attack_reached_host',
    ],
    ['neither', {}, null, 'attack_reached_host'],
    ['no interface', { interface_id: null, flow_direction: 'ingress' }, 'hop', 'outcome_unknown'],
  ])('without inventory, by the direction: %s', async (_, flowParts, recordedAt, effect) => {
    const found = await pairOf(flowParts, detected, { items: [] });
    expect(found).toMatchObject({ recorded_at: recordedAt, effect });
  });
});

test.each<[string, fixture.Row, fixture.Row, boolean]>([
  ['all keys', {}, {}, true],
  ['no ports, to a service of no logon', {}, { source_port: null, destination_port: null }, false],
  ['no ports, to SSH', { dstport: 22 }, { source_port: null, destination_port: null }, true],
  [
    'no ports, an answer of RDP',
    { srcport: 3389, dstport: 50_000 },
    { source_port: null, destination_port: null },
    true,
  ],
  ['one port', {}, { source_port: null }, false],
])('what may supply details: %s', async (_, flowParts, eventParts, isUsable) => {
  expect(await pairOf(flowParts, eventParts)).toMatchObject({ is_usable: isUsable });
});

describe('a logon that names its host but no address of it', () => {
  const logon = {
    ...{ module: 'log_inspection', disposition: 'logged', destination_address: null },
    ...{ protocol: null, source_port: null, destination_port: null, user_name: 'deploy' },
  };
  const named = [SERVER, CLIENT, fixture.tagged('instance', INSTANCE, { Name: 'Web-1' })];
  test.each<[string, fixture.Row, boolean]>([
    ['by the instance', { instance_id: INSTANCE }, true],
    ['by its name, in any case', { host_name: 'WEB-1' }, true],
    ['by another name', { host_name: 'web-2' }, false],
    ['by the instance rather than the name', { instance_id: 'i-other', host_name: 'web-1' }, false],
    [
      'not by the name of a network firewall',
      { host_name: 'web-1', product: 'aws_network_firewall' },
      false,
    ],
    [
      'by the peer that it went to',
      { instance_id: INSTANCE, source_address: null, destination_address: REMOTE },
      true,
    ],
  ])('%s', async (_, eventParts, isFound) => {
    const found = await pairOf({ dstport: 22 }, { ...logon, ...eventParts }, { items: named });
    expect(found !== undefined).toBe(isFound);
    if (isFound) expect(found).toMatchObject({ interface_id: INTERFACE, user_name: 'deploy' });
  });
});
