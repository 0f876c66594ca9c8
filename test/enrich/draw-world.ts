/** Random inventories for the oracle, and their snapshots as rows of the inventory. */
import fc, { type GeneratorValue } from 'fast-check';
import type { Database } from '../../src/database.ts';
import type { JsonObject } from '../../src/ingest/json.ts';
import { addressOf, rangeOf } from './addresses.ts';
import * as fixture from './fixture.ts';
import type {
  AclEntrySeen,
  AclSeen,
  InterfaceSeen,
  Look,
  RuleSeen,
  SubnetSeen,
  Timeline,
  World,
} from './oracle/world.ts';

export const SCOPE: fixture.Scope = [{ name: 'cde', match: { tag: { scope: 'cde' } } }];

/** The peered side: another account or region, with snapshots of its own. */
const PEER_SERIES = `${fixture.ACCOUNT}/us-west-2`;

/** Moments of snapshots: days and seconds apart, one not at a whole second, one of the day after. */
const TIMES = [
  ...['2026-10-24 00:00:00', '2026-10-28 10:00:00', '2026-10-31 20:00:00', '2026-11-01 23:30:00'],
  ...['2026-11-02 06:00:00', '2026-11-02 10:00:00', '2026-11-02 10:00:30.500'],
  ...['2026-11-02 10:05:00', '2026-11-02 10:20:00', '2026-11-02 12:00:00', '2026-11-02 18:00:00'],
  ...['2026-11-03 00:05:00', '2026-11-04 00:00:00'],
].map(secondsOf);

const GROUPS = ['sg-a', 'sg-b', 'sg-c', 'sg-d'];
/** A group of the peered side, and one that no snapshot shows. */
const PEERED_GROUPS = ['sg-p', 'sg-unseen'];
const LISTS = ['pl-1', 'pl-2'];

const V4 = ['10.0.1.10', '10.0.1.11', '10.0.1.255', '10.0.2.30'];
const V6 = ['2001:db8:1::10', '2001:db8:1::11', '2001:db8:1:2::30'];
type Place = {
  vpc: string;
  subnet: string;
  v4: readonly string[];
  v6: readonly string[];
  groups: readonly string[];
};
const HOME: Place = { vpc: 'vpc-a', subnet: 'subnet-a', v4: V4, v6: V6, groups: GROUPS };
/** In which VPC and subnet an interface is, for as long as it exists. */
const PLACES: Readonly<Record<string, Place>> = {
  'eni-1': HOME,
  'eni-2': HOME,
  'eni-3': { ...HOME, subnet: 'subnet-b' },
  'eni-4': { ...HOME, subnet: 'subnet-unseen' },
  // Another VPC with the same addresses.
  'eni-5': { ...HOME, vpc: 'vpc-b', subnet: 'subnet-c' },
};
const PEER_PLACES: Readonly<Record<string, Place>> = {
  'eni-p': {
    ...{ vpc: 'vpc-p', subnet: 'subnet-p' },
    ...{ v4: ['10.9.0.7', '10.0.2.30'], v6: ['2001:db8:9::7'], groups: ['sg-p', 'sg-a'] },
  },
};

const SUBNETS: Readonly<Record<string, readonly string[]>> = {
  'subnet-a': ['10.0.1.0/25', '2001:db8:1::/64'],
  'subnet-b': ['10.0.2.0/24'],
  'subnet-c': ['10.0.0.0/23', '2001:db8:1:2::/64'],
};

/** Ranges overlap because they are drawn around few addresses. */
const ANCHORS = [...V4, '198.51.100.7', '203.0.113.200'];
const ANCHORS_6 = [...V6, '2001:db8:ffff::1'];
const BITS = [0, 1, 8, 16, 23, 24, 25, 25, 28, 31, 32, 32];
const BITS_6 = [0, 1, 32, 48, 63, 64, 64, 127, 128, 128];

const PORTS: readonly (readonly [number, number])[] = [
  ...([
    [22, 22],
    [22, 22],
    [440, 450],
    [443, 443],
    [1024, 65_535],
  ] as const),
  ...([
    [0, 0],
    [0, 65_535],
    [65_535, 65_535],
    [32_768, 32_768],
  ] as const),
];
const ICMP_TYPES: readonly (readonly [number, number])[] = [
  ...([
    [8, 0],
    [8, -1],
    [0, 0],
    [128, 0],
  ] as const),
];

export function secondsOf(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`) / 1000;
}

/** A moment as the tables take it; milliseconds only where it has some. */
export function textOf(time: number): string {
  return new Date(time * 1000).toISOString().slice(0, -1).replace('T', ' ').replace('.000', '');
}

/** Evenly from 0 to `max`; left alone, fast-check prefers the ends. */
export const unbiased = (max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min: 0, max }));

type Draw = {
  chance: (percent: number) => boolean;
  oneOf: <Value>(values: readonly Value[]) => Value;
  someOf: <Value>(values: readonly Value[], least: number, most?: number) => Value[];
};

function drawWith(g: GeneratorValue): Draw {
  const below = (count: number): number => g(unbiased, count - 1);
  return {
    chance: (percent) => below(100) < percent,
    oneOf: (values) => {
      if (values.length === 0) throw new Error('nothing to draw from');
      return values[below(values.length)] as (typeof values)[number];
    },
    someOf: (values, least, most = values.length) =>
      g(someOfAll, values.length, least, Math.min(most, values.length)).map(
        (at) => values[at] as never,
      ),
  };
}

const someOfAll = (count: number, minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.noBias(fc.subarray([...Array(count).keys()], { minLength, maxLength }));

/** The looks of one timeline; of a thing that each look may or may not show, `state` says what it is. */
function drawTimeline<Seen>(
  draw: Draw,
  ids: readonly string[],
  begin: (id: string) => Seen,
  change: (id: string, seen: Seen) => Seen,
): Timeline<Seen> {
  // One type in twenty was never looked at, and one in eight hardly.
  const times = draw.chance(5)
    ? []
    : draw.chance(12)
      ? draw.someOf(TIMES, 1, 2)
      : draw.someOf(TIMES, 3, 9);
  const looks: (Look<Seen> & { shown: Map<string, Seen> })[] = times.map((at) => ({
    at,
    isComplete: draw.chance(88),
    shown: new Map(),
  }));
  for (const id of ids) {
    let seen = begin(id);
    let isThere = draw.chance(90);
    for (const look of looks) {
      seen = change(id, seen);
      if (draw.chance(isThere ? 7 : 50)) isThere = !isThere;
      // An incomplete look may miss what is there.
      if (isThere && (look.isComplete || draw.chance(70))) look.shown.set(id, seen);
    }
  }
  return looks;
}

function drawInterfaces(
  draw: Draw,
  places: Readonly<Record<string, Place>>,
): Timeline<InterfaceSeen> {
  const place = (id: string): Place => places[id] as Place;
  const groupsOf = (id: string): string[] =>
    draw.chance(8) ? [] : draw.someOf(place(id).groups, 1, 2);
  const addressesOf = (id: string): string[] => [
    ...draw.someOf(place(id).v4, 1, 2),
    ...draw.someOf(place(id).v6, 0, 2),
  ];
  return drawTimeline(
    draw,
    Object.keys(places),
    (id): InterfaceSeen => ({
      vpc: place(id).vpc,
      subnet: place(id).subnet,
      addresses: addressesOf(id),
      groups: groupsOf(id),
      instance: draw.oneOf(['i-1', null]),
      isInScope: draw.chance(50),
      note: 'one',
    }),
    (id, seen) => ({
      ...seen,
      ...(draw.chance(12) ? { groups: groupsOf(id) } : {}),
      ...(draw.chance(12) ? { addresses: addressesOf(id) } : {}),
      ...(draw.chance(6) ? { instance: draw.oneOf(['i-1', 'i-2', null]) } : {}),
      ...(draw.chance(5) ? { isInScope: !seen.isInScope } : {}),
      ...(draw.chance(15) ? { note: draw.oneOf(['one', 'two']) } : {}),
    }),
  );
}

function drawCidr(draw: Draw): string {
  const isIpv6 = draw.chance(40);
  const anchor = draw.oneOf(isIpv6 ? ANCHORS_6 : ANCHORS);
  const bits = draw.oneOf(isIpv6 ? BITS_6 : BITS);
  return `${addressOf(rangeOf(`${anchor}/${bits}`).first)}/${bits}`;
}

/** What a rule may be changed to: its group and its side stay. */
function drawPermission(draw: Draw): Omit<RuleSeen, 'group' | 'isEgress' | 'note'> {
  const named = ['tcp', 'tcp', 'tcp', 'tcp', '6', 'udp', '17'];
  const protocol = draw.oneOf([...named, 'icmp', '1', 'icmpv6', '58', '-1', '50', 'odd']);
  const isIcmp = ['icmp', '1', 'icmpv6', '58'].includes(protocol);
  const ranges = isIcmp ? ICMP_TYPES : PORTS;
  const isForAll = draw.chance(named.includes(protocol) ? 30 : 40);
  const peer = draw.oneOf(['cidr', 'cidr', 'cidr', 'list', 'group', 'group']);
  return {
    protocol,
    // Protocols without ports may come with some all the same.
    ...(isForAll ? {} : { ports: draw.oneOf(ranges) }),
    ...(peer === 'cidr' ? { cidr: drawCidr(draw) } : {}),
    ...(peer === 'list' ? { prefixList: draw.oneOf([...LISTS, ...LISTS, 'pl-unseen']) } : {}),
    ...(peer === 'group'
      ? { reference: draw.oneOf([...GROUPS, ...GROUPS, ...PEERED_GROUPS]) }
      : {}),
  };
}

function drawRules(draw: Draw): Timeline<RuleSeen> {
  const count = draw.oneOf([8, 24, 48]);
  const ids = Array.from({ length: count }, (_, index) => `sgr-${index + 1}`);
  return drawTimeline(
    draw,
    ids,
    (): RuleSeen => ({
      group: draw.oneOf(GROUPS),
      isEgress: draw.chance(40),
      ...drawPermission(draw),
      note: 'one',
    }),
    (_, seen) => {
      const { group, isEgress, note } = seen;
      if (draw.chance(10)) return { group, isEgress, note, ...drawPermission(draw) };
      return draw.chance(15) ? { ...seen, note: draw.oneOf(['one', 'two']) } : seen;
    },
  );
}

/** Entry numbers of what a network ACL does last, in IPv4 and in IPv6. */
const DEFAULT_ENTRIES: readonly AclEntrySeen[] = [false, true].flatMap((isEgress) => [
  { number: 32_767, isEgress, action: 'deny', protocol: '-1', cidr: '0.0.0.0/0' },
  { number: 32_768, isEgress, action: 'deny', protocol: '-1', cidr: '::/0' },
]);

function drawEntries(draw: Draw): AclEntrySeen[] {
  const numbers = draw.someOf([90, 100, 110, 120, 200], 0);
  const drawn = [false, true].flatMap((isEgress) =>
    numbers.map((number): AclEntrySeen => {
      const protocol = draw.oneOf(['6', '6', '6', '17', '-1', '-1', '1', '58', '50', 'odd']);
      const hasPorts = protocol === '6' || protocol === '17';
      const isIcmp = protocol === '1' || protocol === '58';
      return {
        ...{ number, isEgress, protocol, cidr: drawCidr(draw) },
        action: draw.oneOf(['allow', 'deny']),
        ...(hasPorts && draw.chance(80) ? { ports: draw.oneOf(PORTS) } : {}),
        ...(isIcmp ? { icmpType: draw.oneOf([-1, 8, 128]) } : {}),
      };
    }),
  );
  return [...drawn, ...DEFAULT_ENTRIES];
}

/** Three network ACLs, of which each subnet has one: another after a swap. */
function drawAcls(draw: Draw): Timeline<AclSeen> {
  const ids = ['acl-1', 'acl-2', 'acl-3'];
  const timeline = drawTimeline<readonly AclEntrySeen[]>(
    draw,
    ids,
    () => drawEntries(draw),
    (_, entries) => {
      if (draw.chance(85)) return entries;
      if (draw.chance(50)) return drawEntries(draw);
      return entries.length > DEFAULT_ENTRIES.length ? entries.slice(1) : entries;
    },
  );
  const aclOf = new Map(['subnet-a', 'subnet-b', 'subnet-c'].map((id) => [id, draw.oneOf(ids)]));
  return timeline.map((look) => {
    // A swap is always seen whole: an incomplete look might show two network ACLs of one subnet.
    for (const subnet of aclOf.keys())
      if (look.isComplete && draw.chance(12)) aclOf.set(subnet, draw.oneOf(ids));
    const subnets = (acl: string) => [...aclOf].filter(([, id]) => id === acl).map(([id]) => id);
    const shown = new Map(
      [...look.shown].map(([id, entries]) => [id, { subnets: subnets(id), entries }]),
    );
    return { ...look, shown };
  });
}

/** Some subnets, seen once before all else, so that they add no state of their own to an interface. */
function drawSubnets(draw: Draw): Timeline<SubnetSeen> {
  const ids = draw.someOf(Object.keys(SUBNETS), 0);
  const shown = new Map(ids.map((id) => [id, { cidrs: SUBNETS[id] ?? [] }]));
  return [{ at: TIMES[0] ?? 0, isComplete: true, shown }];
}

function drawList(draw: Draw): Timeline<true> {
  const cidrs = new Set(Array.from({ length: 4 }, () => drawCidr(draw)));
  return drawTimeline(
    draw,
    [...cidrs],
    () => true,
    () => true,
  );
}

/** A world; its timelines are in the order of `seriesOf`: this side, then the peered one. */
export function drawWorld(g: GeneratorValue): World {
  const draw = drawWith(g);
  return {
    maxAge: draw.oneOf([1, 6, 24, 240, 240]) * 3600,
    interfaces: [drawInterfaces(draw, PLACES), drawInterfaces(draw, PEER_PLACES)],
    groups: [
      drawTimeline<true>(
        draw,
        GROUPS,
        () => true,
        () => true,
      ),
      drawTimeline<true>(
        draw,
        ['sg-p'],
        () => true,
        () => true,
      ),
    ],
    rules: [drawRules(draw)],
    subnets: [drawSubnets(draw)],
    acls: [drawAcls(draw)],
    entries: new Map(LISTS.map((list) => [list, drawList(draw)])),
  };
}

/** Adds every snapshot of a world to the inventory. */
export async function addWorld(database: Database, world: World): Promise<void> {
  const both = [fixture.SERIES, PEER_SERIES];
  for (const [index, series] of both.entries()) {
    const add = <Seen>(
      type: string,
      timelines: readonly Timeline<Seen>[],
      itemOf: (id: string, seen: Seen) => fixture.Item,
    ): Promise<void> => addTimeline(database, type, series, timelines[index] ?? [], itemOf);
    await add('network_interface', world.interfaces, interfaceItem);
    await add('security_group', world.groups, (id) => fixture.tagged('security_group', id));
    await add('security_group_rule', world.rules, ruleItem);
    await add('network_acl', world.acls, aclItem);
    await add('subnet', world.subnets, subnetItem);
  }
  for (const [list, timeline] of world.entries) {
    await addTimeline(database, 'prefix_list_entry', fixture.entrySeries(list), timeline, (cidr) =>
      fixture.prefixEntry(list, cidr),
    );
  }
}

async function addTimeline<Seen>(
  database: Database,
  type: string,
  series: string,
  timeline: Timeline<Seen>,
  itemOf: (id: string, seen: Seen) => fixture.Item,
): Promise<void> {
  for (const { at, isComplete, shown } of timeline) {
    const items = [...shown].map(([id, seen]) => itemOf(id, seen));
    await fixture.addSnapshot(database, textOf(at), items, { types: [type], series, isComplete });
  }
}

function interfaceItem(id: string, seen: InterfaceSeen): fixture.Item {
  const { vpc, subnet, addresses, groups, instance, note } = seen;
  return fixture.networkInterface({
    ...{ id, vpc, subnet, addresses, groups, description: note },
    ...(instance === null ? {} : { instance }),
    ...(seen.isInScope ? { tags: { scope: 'cde' } } : {}),
  });
}

function ruleItem(id: string, { note, ...rule }: RuleSeen): fixture.Item {
  return fixture.rule({ id, ...rule, description: note });
}

function subnetItem(id: string, { cidrs }: SubnetSeen): fixture.Item {
  const isIpv6 = (cidr: string): boolean => cidr.includes(':');
  return {
    type: 'subnet',
    id,
    configuration: {
      ...{ SubnetId: id, VpcId: 'vpc-a', CidrBlock: cidrs.find((cidr) => !isIpv6(cidr)) ?? '' },
      Ipv6CidrBlockAssociationSet: cidrs.filter(isIpv6).map((Ipv6CidrBlock) => ({ Ipv6CidrBlock })),
    },
  };
}

function aclItem(id: string, { subnets, entries }: AclSeen): fixture.Item {
  const entryOf = ({ number, isEgress, action, protocol, ...rest }: AclEntrySeen): JsonObject => ({
    ...{ RuleNumber: number, Egress: isEgress, RuleAction: action, Protocol: protocol },
    [rest.cidr.includes(':') ? 'Ipv6CidrBlock' : 'CidrBlock']: rest.cidr,
    ...(rest.ports ? { PortRange: { From: rest.ports[0], To: rest.ports[1] } } : {}),
    ...(rest.icmpType === undefined ? {} : { IcmpTypeCode: { Type: rest.icmpType, Code: -1 } }),
  });
  return {
    type: 'network_acl',
    id,
    configuration: {
      ...{ NetworkAclId: id, VpcId: 'vpc-a', IsDefault: false, Tags: [] },
      Associations: subnets.map((SubnetId) => ({ NetworkAclId: id, SubnetId })),
      Entries: entries.map(entryOf),
    },
  };
}
