/** Random records for the oracle: of the interfaces of a world, and on all of its edges. */
import fc from 'fast-check';
import { addressOf, rangeOf, toNumber } from './addresses.ts';
import { secondsOf, textOf, unbiased } from './draw-world.ts';
import * as fixture from './fixture.ts';
import type { Flow, World } from './oracle/world.ts';

const DAY_BEGINS = secondsOf(`${fixture.DAY} 00:00:00`);
const DAY_SECONDS = 86_400;
const FIVE_DAYS = 5 * DAY_SECONDS;

const RECORDERS = ['eni-1', 'eni-1', 'eni-1', 'eni-2', 'eni-2', 'eni-3', 'eni-4', 'eni-5', 'eni-p'];
/** The ends of port ranges, and the ports beside them. */
const SERVICE_PORTS = [
  ...[22, 22, 22, 22, 443, 443, 443, 0, 1, 21, 23, 439, 440, 450, 451],
  ...[1023, 1024, 2000, 32_767, 32_768, 40_000, 65_534, 65_535],
];
const CLIENT_PORTS = [50_000, 50_000, 50_000, 33_000, 32_768, 32_767, 2000, 443];
const PROTOCOLS = [6, 6, 6, 6, 6, 6, 17, 17, 1, 58, 50];
const FLAGS = [null, null, 0, 0, 1, 2, 2, 3, 4, 6, 7, 16, 18, 19];
const LENGTHS = [0, 0, 1, 30, 59, 60, 300, 600, 7200];

/** Numbers from 0 to 999 that decide each part of a record. */
const PARTS = [
  ...['recorder', 'isKnown', 'own', 'remote', 'isEgress', 'family', 'when', 'edge', 'beside'],
  ...['length', 'isSwapped', 'isMissing', 'client', 'service', 'protocol', 'flags'],
  ...['direction', 'action', 'packet', 'echo', 'echoOf'],
] as const;
type Dice = Readonly<Record<(typeof PARTS)[number], number>>;

const DICE: fc.Arbitrary<Dice> = fc.record(
  Object.fromEntries(PARTS.map((part) => [part, unbiased(999)])) as Record<
    (typeof PARTS)[number],
    fc.Arbitrary<number>
  >,
);

/** The dice of many records; `flowsOf` makes them records of a world. */
export const drawnDice = (count: number): fc.Arbitrary<Dice[]> =>
  fc.noBias(fc.array(DICE, { minLength: count, maxLength: count }));

function pick<Value>(values: readonly Value[], number: number): Value {
  return values[number % values.length] as Value;
}

/** Records of a world. Four in ten are of the same ends as an earlier one. */
export function flowsOf(world: World, dice: readonly Dice[]): Flow[] {
  const edges = edgesOf(world);
  const peers = peersOf(world);
  const own = ownAddressesOf(world);
  const flows: Flow[] = [];
  for (const thrown of dice) {
    const before = flows.length > 0 ? pick(flows.slice(-300), thrown.echoOf) : undefined;
    const ends =
      before && thrown.echo < 400 ? echoOf(before, thrown) : freshEnds(thrown, own, peers);
    flows.push({ ...ends, ...whatOf(thrown, ends.protocol), ...whenOf(thrown, edges) });
  }
  return flows;
}

type Times = Pick<Flow, 'start' | 'end'>;
type What = Pick<Flow, 'flags' | 'action'>;
type Ends = Omit<Flow, keyof Times | keyof What>;

/** The same ends, often the other way round. */
function echoOf(before: Flow, { isEgress, direction, recorder }: Dice): Ends {
  const isBack = isEgress < 500;
  const turned = { ingress: 'egress', egress: 'ingress' } as const;
  return {
    ...before,
    // Both interfaces of a connection may have recorded it.
    interfaceId: recorder < 50 ? pick(RECORDERS, recorder) : before.interfaceId,
    ...(isBack && {
      source: before.destination,
      destination: before.source,
      packetSource: before.packetDestination,
      packetDestination: before.packetSource,
      sourcePort: before.destinationPort,
      destinationPort: before.sourcePort,
      direction: before.direction && turned[before.direction],
    }),
    ...(direction < 100 && { direction: null }),
  };
}

function freshEnds(thrown: Dice, own: ReadonlyMap<string, string[]>, peers: Peers): Ends {
  const recorder = pick(RECORDERS, thrown.recorder);
  const mine = own.get(recorder) ?? [];
  const here = mine.length > 0 && thrown.own >= 60 ? pick(mine, thrown.own) : undefined;
  const isIpv6 = here === undefined ? thrown.family < 350 : here.includes(':');
  const { anywhere, members } = isIpv6 ? peers.v6 : peers.v4;
  const there = pick(thrown.family < 300 ? members : anywhere, thrown.remote);
  const isEgress = thrown.isEgress < 400;
  const protocol = pick(PROTOCOLS, thrown.protocol);
  const hasPorts = protocol === 6 || protocol === 17;
  const lacks = (from: number, to: number): boolean =>
    from <= thrown.isMissing && thrown.isMissing < to;
  const near = here ?? pick(anywhere, thrown.own);
  const [source, destination] = isEgress ? [near, there] : [there, near];
  const known = thrown.isKnown;
  return {
    interfaceId: known < 60 ? null : known < 90 ? 'eni-unseen' : recorder,
    vpc: known < 15 ? null : known % 7 === 0 ? 'vpc-b' : 'vpc-a',
    source: lacks(0, 15) ? null : source,
    destination: lacks(15, 30) ? null : destination,
    packetSource: thrown.packet < 120 ? pick(anywhere, thrown.packet) : null,
    packetDestination: thrown.packet >= 880 ? pick(anywhere, thrown.packet) : null,
    sourcePort: lacks(30, 45) ? null : hasPorts ? pick(CLIENT_PORTS, thrown.client) : 0,
    destinationPort: lacks(45, 75) ? null : hasPorts ? pick(SERVICE_PORTS, thrown.service) : 0,
    protocol: lacks(75, 105) ? null : protocol,
    direction: thrown.direction < 500 ? null : isEgress ? 'egress' : 'ingress',
  };
}

function whatOf({ flags, action }: Dice, protocol: number | null): What {
  return {
    flags: protocol === 6 || (protocol === null && flags < 300) ? pick(FLAGS, flags) : null,
    action: action < 20 ? null : action < 580 ? 'ACCEPT' : 'REJECT',
  };
}

/**
 * Times of the day: mostly such that the window of the record begins or ends on a moment at which
 * something changed, or a second or a minute beside it.
 */
function whenOf(thrown: Dice, edges: readonly number[]): Times {
  const length = pick(LENGTHS, thrown.length);
  const beside = pick([0, 0, 0, -1, 1, -60, 60, 30, -90], thrown.beside);
  const edge = pick(edges, thrown.edge);
  const anywhere = DAY_BEGINS + ((thrown.edge * 1000 + thrown.beside) % DAY_SECONDS);
  const wanted =
    edges.length === 0 || thrown.when < 250
      ? anywhere
      : Math.round(thrown.when < 600 ? edge + 60 + beside : edge - 60 - length + beside);
  const start = Math.min(Math.max(wanted, DAY_BEGINS), DAY_BEGINS + DAY_SECONDS - 1);
  const end = start + (thrown.isSwapped < 30 ? -length : length);
  if (thrown.isMissing >= 970) return { start: null, end: null };
  if (thrown.isMissing >= 940) return { start, end: null };
  if (thrown.isMissing >= 910) return { start: null, end: start };
  return { start, end };
}

/** Moments near the day at which what is known changes. */
function edgesOf(world: World): number[] {
  const looks = [
    ...[...world.interfaces, ...world.groups, ...world.rules, ...world.acls].flat(),
    ...[...world.entries.values()].flat(),
  ];
  const moments = looks.flatMap(({ at }) => [at, at + world.maxAge, at + FIVE_DAYS]);
  return [...new Set(moments)]
    .filter((at) => at > DAY_BEGINS - 7200 && at < DAY_BEGINS + DAY_SECONDS + 60)
    .sort((a, b) => a - b);
}

type Peers = Record<'v4' | 'v6', { anywhere: string[]; members: string[] }>;

/** First and last address of every range, those beside it, and the addresses of the interfaces. */
function peersOf(world: World): Peers {
  const shown = [...world.rules, ...world.acls].flat().flatMap((look) => [...look.shown.values()]);
  const cidrs = shown.flatMap((seen) =>
    'entries' in seen ? seen.entries.map(({ cidr }) => cidr) : [seen.cidr],
  );
  const lists = [...world.entries.values()].flat();
  const subnets = world.subnets.flat().flatMap((look) => [...look.shown.values()]);
  const ranges = new Set([
    ...cidrs.filter((cidr) => cidr !== undefined),
    ...lists.flatMap((look) => [...look.shown.keys()]),
    ...subnets.flatMap((seen) => seen.cidrs),
  ]);
  const members = [...new Set([...ownAddressesOf(world).values()].flat())];
  const anywhere = new Set([...[...ranges].flatMap(boundsOf), ...members, ...STRANGERS]);
  const family = (isIpv6: boolean) => {
    const isOfFamily = (address: string): boolean => address.includes(':') === isIpv6;
    return {
      anywhere: [...anywhere].filter(isOfFamily),
      members: [...members, ...STRANGERS].filter(isOfFamily),
    };
  };
  return { v4: family(false), v6: family(true) };
}

const STRANGERS = ['198.51.100.7', '10.0.1.255', '2001:db8:ffff::1', '2001:db8:1::11'];

/** The first and the last address of a range, the one before and the one after it. */
function boundsOf(cidr: string): string[] {
  const [least, greatest] = cidr.includes(':') ? [0n, 2n ** 128n - 1n] : V4_SPACE;
  const { first, last } = rangeOf(cidr);
  return [first - 1n, first, last, last + 1n]
    .filter((number) => least <= number && number <= greatest)
    .map(addressOf);
}

const V4_SPACE = [toNumber('0.0.0.0'), toNumber('255.255.255.255')] as const;

/** Every address that an interface ever had. */
function ownAddressesOf(world: World): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { shown } of world.interfaces.flat())
    for (const [id, { addresses }] of shown)
      found.set(id, new Set([...(found.get(id) ?? []), ...addresses]));
  return new Map([...found].map(([id, addresses]) => [id, [...addresses]]));
}

/** The record as a row of the table `flow`. */
export function rowOf(flow: Flow, index: number): fixture.Row {
  const moment = (time: number | null): string | null => (time === null ? null : textOf(time));
  return fixture.flow(index, {
    interface_id: flow.interfaceId,
    vpc_id: flow.vpc,
    srcaddr: flow.source,
    dstaddr: flow.destination,
    pkt_srcaddr: flow.packetSource,
    pkt_dstaddr: flow.packetDestination,
    srcport: flow.sourcePort,
    dstport: flow.destinationPort,
    protocol: flow.protocol,
    tcp_flags: flow.flags,
    flow_direction: flow.direction,
    action: flow.action,
    start_at: moment(flow.start),
    end_at: moment(flow.end),
  });
}
