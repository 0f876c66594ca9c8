/**
 * Which pairs of flow and event there are, against a comparison of each with each: few addresses, ports and
 * moments, so that many pairs are near misses.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const TOLERANCE_SECONDS = 45;
const NOON = Date.parse(`${fixture.DAY}T12:00:00Z`) / 1000;

type Flow = {
  from: string | null;
  to: string | null;
  packetFrom: string | null;
  packetTo: string | null;
  ports: [number | null, number | null];
  protocol: number | null;
  start: number | null;
  end: number | null;
};

type Event = {
  from: string;
  to: string;
  ports: [number | null, number | null];
  protocol: number | null;
  at: number;
};

const address = fc.constantFrom('10.0.1.10', '10.0.1.20', '198.51.100.7');
const port = fc.constantFrom(22, 443, 50_000, null);
const ports = fc.tuple(port, port);
const protocol = fc.constantFrom(6, 6, 6, 17, 1, null);
/** Seconds about the edges of windows, half hours and what is a long record. */
const moment = fc
  .tuple(
    fc.constantFrom(-3600, -1800, -600, 0, 600, 1800, 3600),
    fc.constantFrom(-106, -105, -104, -61, -60, -1, 0, 1, 60, 61, 104, 105, 106),
  )
  .map(([base, offset]) => NOON + base + offset);
const length = fc.constantFrom(0, 1, 59, 600, 1799, 1800, 1801, 7200, -30);

const flowArbitrary: fc.Arbitrary<Flow> = fc
  .record({
    from: fc.option(address, { freq: 20 }),
    to: address,
    packetFrom: fc.option(address, { freq: 2 }),
    packetTo: fc.option(address, { freq: 2 }),
    ports,
    protocol,
    start: fc.option(moment, { freq: 20 }),
    length: fc.option(length, { freq: 20 }),
  })
  .map(({ length: seconds, ...flow }) => ({
    ...flow,
    end: seconds === null ? null : (flow.start ?? NOON) + seconds,
  }));

const eventArbitrary: fc.Arbitrary<Event> = fc.record({
  from: address,
  to: address,
  ports,
  protocol,
  at: moment,
});

const differ = (a: unknown, b: unknown): boolean => a !== null && b !== null && a !== b;

/** True if the event concerns the flow, by the words of the query's header. */
function isPair(flow: Flow, event: Event): boolean {
  const times = [flow.start, flow.end].filter((time) => time !== null);
  if (times.length === 0) return false;
  const slack = 60 + TOLERANCE_SECONDS;
  if (event.at < Math.min(...times) - slack || event.at > Math.max(...times) + slack) return false;
  if (differ(flow.protocol, event.protocol)) return false;
  const hasPorts = event.protocol === null || event.protocol === 6 || event.protocol === 17;
  const [eventFrom, eventTo] = hasPorts ? event.ports : [null, null];
  const sides = [
    [flow.from, flow.to],
    [flow.packetFrom ?? flow.from, flow.packetTo ?? flow.to],
  ];
  return sides.some(
    ([from, to]) =>
      (from === event.from &&
        to === event.to &&
        !differ(flow.ports[0], eventFrom) &&
        !differ(flow.ports[1], eventTo)) ||
      (from === event.to &&
        to === event.from &&
        !differ(flow.ports[0], eventTo) &&
        !differ(flow.ports[1], eventFrom)),
  );
}

const timeText = (seconds: number | null): string | null =>
  seconds === null ? null : new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

test('there is a pair where a comparison of each with each says so, and no other', async () => {
  const flows = fc.sample(flowArbitrary, { numRuns: 1500, seed: 11 });
  const events = fc.sample(eventArbitrary, { numRuns: 400, seed: 12 });
  const expected = flows.flatMap((flow, index) =>
    events.flatMap((event, number) => (isPair(flow, event) ? [`o:${index + 1} e${number}`] : [])),
  );
  const rows = await fixture.enrichAndRead(
    async (database) => {
      await fixture.addRows(
        database,
        'flow',
        flows.map((flow, index) =>
          fixture.flow(index + 1, {
            srcaddr: flow.from,
            dstaddr: flow.to,
            pkt_srcaddr: flow.packetFrom,
            pkt_dstaddr: flow.packetTo,
            srcport: flow.ports[0],
            dstport: flow.ports[1],
            protocol: flow.protocol,
            start_at: timeText(flow.start),
            end_at: timeText(flow.end),
          }),
        ),
      );
      await fixture.addRows(
        database,
        'ips_event',
        events.map((event, number) =>
          fixture.ipsEvent(`e${number}`, {
            source_address: event.from,
            destination_address: event.to,
            source_port: event.ports[0],
            destination_port: event.ports[1],
            protocol: event.protocol,
            event_at: timeText(event.at),
          }),
        ),
      );
    },
    "select flow_id || ' ' || event_id as pair from flow_event order by pair",
    {
      clockToleranceSeconds: TOLERANCE_SECONDS,
    },
  );
  expect(expected.length).toBeGreaterThan(2000);
  expect(rows.map((row) => row.pair)).toEqual(expected.sort());
});
