/**
 * Traffic of the VPC `cde` as flow log A records it: a web shop behind a load balancer, its databases,
 * its way out through a NAT gateway, administrators by SSH, and scanners that are turned away.
 */
import { SPECIAL_EXCHANGES } from './encounters.ts';
import { type Exchange, type FlowRow, rowsOf, statusRow, withNoData } from './flow-row.ts';
import { createRandom, type Random } from './random.ts';
import { sessionExchanges } from './ssh-sessions.ts';
import { FACTS, INTERFACES, type Interface, PERIOD, REPLACED, seconds } from './world.ts';

const { alb, nat, web1, web2, bastion, app1, app2Old, app2New, data1, rds } = INTERFACES;

/** The aggregation interval of flow log A, in seconds. */
export const CDE_INTERVAL = 600;

/** A clock-aligned interval, and the part of it in which app-2 sends. */
type Interval = { start: number; app2: Interface; app2From: number; app2Until: number };

/** Every record of flow log A, in order of `end`. */
export function cdeRows(): FlowRow[] {
  const random = createRandom(0x0a);
  const rows: FlowRow[] = [];
  for (let start = seconds(PERIOD.start); start < seconds(PERIOD.end); start += CDE_INTERVAL) {
    const made = intervalRows(random, intervalAt(start));
    if (start >= seconds(FACTS.silent_hours.from) && start < seconds(FACTS.silent_hours.until)) {
      continue;
    }
    rows.push(...made);
  }
  return rows.sort((a, b) => a.end - b.end);
}

/**
 * The successor of app-2 sends from a minute after its first snapshot, and the old one stopped a
 * minute before its last, so that no record of either lies within the uncertainty of the change.
 */
function intervalAt(start: number): Interval {
  const until = seconds(REPLACED.until);
  const isNew = start >= until;
  return {
    start,
    app2: isNew ? app2New : app2Old,
    app2From: Math.max(start, isNew ? seconds(REPLACED.from) + 90 : start),
    app2Until: start + CDE_INTERVAL === until ? until - 100 : start + CDE_INTERVAL,
  };
}

function intervalRows(random: Random, interval: Interval): FlowRow[] {
  const { start } = interval;
  const end = start + CDE_INTERVAL;
  const isWithin = (exchange: Exchange): boolean => exchange.start >= start && exchange.end < end;
  const exchanges = [
    ...shop(random, interval),
    ...databases(random, interval),
    ...wayOut(random, interval),
    ...scans(random, start),
    ...sessionExchanges(start, CDE_INTERVAL),
    ...SPECIAL_EXCHANGES.filter(isWithin),
  ];
  const rows = exchanges.flatMap(rowsOf);
  const present = [alb, nat, web1, web2, bastion, app1, interval.app2, data1, rds];
  const all = withNoData(
    rows,
    present.map(({ id }) => id),
    start,
    CDE_INTERVAL,
  );
  return start === seconds(FACTS.skipdata.from) ? withLoss(all, start) : all;
}

/** Every second record of the interface is missing, and one SKIPDATA record stands for all of them. */
function withLoss(rows: readonly FlowRow[], start: number): FlowRow[] {
  const kept = rows.filter(
    ({ interfaceId }, index) => interfaceId !== FACTS.skipdata.interfaceId || index % 2 === 0,
  );
  return [
    ...kept,
    statusRow(FACTS.skipdata.interfaceId, 'SKIPDATA', start, start + CDE_INTERVAL - 2),
  ];
}

function hourOf(time: number): number {
  return new Date(time * 1000).getUTCHours();
}

/** How busy the shop is at an hour; about 1 on average. */
function load(time: number): number {
  const hour = hourOf(time);
  if (hour < 6) return 0.4;
  if (hour < 9) return 0.9;
  if (hour < 18) return 1.1;
  return hour < 23 ? 1.4 : 0.8;
}

/** A number of things about `mean`, never less than one. */
function about(random: Random, mean: number): number {
  return Math.max(1, Math.round((mean * random.between(70, 130)) / 100));
}

/** Ephemeral ports of Linux clients, or of Windows clients for some of the Internet's. */
function clientPort(random: Random, isInternet = false): number {
  return isInternet && random.chance(0.5)
    ? random.between(49_152, 65_535)
    : random.between(32_768, 60_999);
}

function times(random: Random, from: number, until: number): { start: number; end: number } {
  const start = from + random.between(0, Math.min(120, until - from - 60));
  return { start, end: random.between(start + 20, until - 2) };
}

function at(item: Interface, port: number): { address: string; port: number; interfaceId: string } {
  return { address: item.address, port, interfaceId: item.id };
}

function webServer(random: Random): Interface {
  return random.pick([web1, web2]);
}

/** An application server with the part of the interval in which it is there. */
function appServer(
  random: Random,
  interval: Interval,
): { item: Interface; from: number; until: number } {
  return random.chance(0.5)
    ? { item: app1, from: interval.start, until: interval.start + CDE_INTERVAL }
    : { item: interval.app2, from: interval.app2From, until: interval.app2Until };
}

function shop(random: Random, interval: Interval): Exchange[] {
  const { start } = interval;
  const end = start + CDE_INTERVAL;
  const exchanges: Exchange[] = [];
  const repeat = (mean: number, make: () => Exchange): void => {
    for (let left = about(random, mean * load(start)); left > 0; left -= 1) exchanges.push(make());
  };
  repeat(9.5, () => ({
    client: { address: `198.51.100.${random.between(1, 254)}`, port: clientPort(random, true) },
    server: at(alb, 443),
    ...times(random, start, end),
    packets: random.between(6, 60),
    bytesPerPacket: random.between(90, 420),
    answerRatio: random.between(3, 12),
  }));
  repeat(3, () => ({
    client: at(alb, clientPort(random)),
    server: at(webServer(random), 443),
    ...times(random, start, end),
    packets: random.between(20, 180),
    bytesPerPacket: random.between(120, 480),
    answerRatio: random.between(3, 10),
  }));
  repeat(3, () => {
    const app = appServer(random, interval);
    return {
      client: at(webServer(random), clientPort(random)),
      server: at(app.item, 8443),
      ...times(random, app.from, app.until),
      packets: random.between(10, 120),
      bytesPerPacket: random.between(150, 600),
      answerRatio: random.between(1, 5),
    };
  });
  repeat(1.5, () => ({
    client: {
      address: `2001:db8:f000:${random.between(1, 0xfff).toString(16)}::${random.between(1, 0xfff).toString(16)}`,
      port: clientPort(random, true),
    },
    server: { address: web1.ipv6Address ?? '', port: 443, interfaceId: web1.id },
    ...times(random, start, end),
    packets: random.between(6, 50),
    bytesPerPacket: random.between(90, 420),
    answerRatio: random.between(3, 12),
  }));
  return exchanges;
}

/** Pooled connections to RDS keep their ports for days; those to data-1 come and go by day only. */
function databases(random: Random, interval: Interval): Exchange[] {
  const exchanges: Exchange[] = [];
  const pools = [
    { item: app1, port: 45_010, from: interval.start, until: interval.start + CDE_INTERVAL },
    {
      item: interval.app2,
      port: interval.app2.id === app2New.id ? 45_021 : 45_020,
      from: interval.app2From,
      until: interval.app2Until,
    },
  ];
  for (const pool of pools) {
    exchanges.push({
      client: at(pool.item, pool.port),
      server: at(rds, 5432),
      start: pool.from + random.between(1, 30),
      end: pool.until - random.between(2, 30),
      packets: random.between(40, 300),
      bytesPerPacket: random.between(80, 200),
      answerRatio: random.between(2, 8),
    });
  }
  if (hourOf(interval.start) < 6) return exchanges;
  for (let left = about(random, 2 * load(interval.start)); left > 0; left -= 1) {
    const app = appServer(random, interval);
    exchanges.push({
      client: at(app.item, clientPort(random)),
      server: at(data1, 5432),
      ...times(random, app.from, app.until),
      packets: random.between(10, 200),
      bytesPerPacket: random.between(80, 220),
      answerRatio: random.between(2, 9),
    });
  }
  return exchanges;
}

/**
 * The application servers' way out. The NAT gateway's interface shows itself as the destination of
 * what comes from inside and as the source of what goes out: the default format has no packet-level
 * addresses that could tell more.
 */
function wayOut(random: Random, interval: Interval): Exchange[] {
  const exchanges: Exchange[] = [];
  for (let left = about(random, 1.2 * load(interval.start)); left > 0; left -= 1) {
    const app = appServer(random, interval);
    const inside = at(app.item, clientPort(random));
    const target = { address: `203.0.113.${random.between(220, 239)}`, port: 443 };
    const rest = {
      ...times(random, app.from, app.until),
      packets: random.between(8, 60),
      bytesPerPacket: random.between(100, 500),
      answerRatio: random.between(1, 8),
    };
    const { interfaceId: _atInside, ...insideAtNat } = inside;
    exchanges.push(
      { client: inside, server: target, ...rest },
      { client: insideAtNat, server: at(nat, 443), ...rest },
      { client: at(nat, clientPort(random)), server: target, ...rest },
    );
  }
  return exchanges;
}

/** Times at which the scanner that gets in on RDP was turned away: before and after the open hours. */
const RDP_REJECTED = [
  '2026-11-02T10:21:07Z',
  '2026-11-02T12:02:44Z',
  '2026-11-02T13:41:30Z',
  '2026-11-02T17:12:19Z',
  '2026-11-02T18:40:52Z',
  '2026-11-02T22:15:33Z',
  '2026-11-03T07:50:11Z',
  '2026-11-03T12:33:46Z',
].map(seconds);

function scans(random: Random, start: number): Exchange[] {
  const end = start + CDE_INTERVAL;
  const exchanges: Exchange[] = RDP_REJECTED.filter((time) => time >= start && time < end).map(
    (time) => ({
      client: { address: FACTS.rdp_open.sourceAddress, port: random.between(49_152, 65_535) },
      server: at(web1, FACTS.rdp_open.destinationPort),
      start: time,
      end: time + 9,
      action: 'REJECT',
      packets: 3,
      bytesPerPacket: 52,
    }),
  );
  const mayOpen =
    start >= seconds(FACTS.rdp_open.rejectedBefore) &&
    start < seconds(FACTS.rdp_open.rejectedAfter);
  for (let left = random.between(1, 4); left > 0; left -= 1) {
    const time = start + random.between(0, CDE_INTERVAL - 20);
    const isPing = random.chance(0.08);
    const port = random.pick(mayOpen ? [22, 23, 445] : [22, 23, 445, 3389]);
    exchanges.push({
      client: {
        address: `192.0.2.${random.between(100, 250)}`,
        port: isPing ? 0 : random.between(32_768, 65_535),
      },
      server: at(random.pick([alb, web1, web2, bastion]), isPing ? 0 : port),
      start: time,
      end: time + random.between(0, 15),
      protocol: isPing ? 1 : 6,
      action: 'REJECT',
      packets: random.between(1, 4),
      bytesPerPacket: isPing ? 84 : 44,
    });
  }
  return exchanges;
}
