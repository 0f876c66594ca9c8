import { describe, expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const { DAY, LOCAL, REMOTE, flow, ipsEvent } = fixture;

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
    ['match by the addresses of the packet', natted, {}, HIGH],
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
    ['match by one port', {}, { source_port: null }, 'o:1 e1 addresses and protocol low 0.0'],
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
      'o:1 e1 addresses, protocol and ports medium 60.0',
    ],
    ['do not match before it', {}, { event_at: `${DAY} 09:57:59.999` }, null],
    ['match a minute before the record', {}, { event_at: `${DAY} 09:59:00` }, HIGH],
    [
      'match at the end of the tolerance',
      {},
      { event_at: `${DAY} 10:02:30` },
      'o:1 e1 addresses, protocol and ports medium 60.0',
    ],
    ['do not match after it', {}, { event_at: `${DAY} 10:02:30.001` }, null],
    [
      'are apart by parts of a second',
      {},
      { event_at: `${DAY} 10:01:30.5` },
      'o:1 e1 addresses, protocol and ports medium 0.5',
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
    const { pairs } = await match([flow(1, flowParts)], [ipsEvent('e1', eventParts)]);
    expect(pairs).toEqual(expected === null ? null : [expected]);
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
  const { pairs } = await match(
    [
      flow(1, { start_at: `${DAY} 00:00:00`, end_at: `${DAY} 00:00:10` }),
      flow(2, { start_at: `${DAY} 23:59:50`, end_at: '2026-11-03 00:00:20' }),
    ],
    [
      ipsEvent('e1', { event_at: '2026-11-01 23:59:30', event_date: '2026-11-01' }),
      ipsEvent('e2', { event_at: '2026-11-03 00:00:10', event_date: '2026-11-03' }),
    ],
  );
  expect(pairs).toEqual([HIGH, HIGH.replaceAll('1 e1', '2 e2')]);
});
