/**
 * What the security groups of an interface say of a record: every rule of any of them permits, none
 * denies, and their order means nothing (Amazon VPC User Guide, "Security group rules").
 */
import {
  both,
  idsIn,
  isInForce,
  knownSpan,
  mayHold,
  readingOf,
  remember,
  type Stretch,
  stretchesOf,
} from './history.ts';
import {
  all,
  hasPorts,
  isIcmp,
  isIcmpType,
  isIn,
  isPort,
  isProtocol,
  protocolNumber,
} from './traffic.ts';
import type { Flow, InterfaceSeen, RuleSeen, Span, World } from './world.ts';

/** A way in which a rule permits the record while the stretch holds; or may permit it, if doubtful. */
type Permission = { ruleId: string; stretch: Stretch<unknown>; isDoubtful: boolean };

export type GroupsSay = {
  /** Rules that permitted it in the whole window. */
  inForce: readonly string[];
  /** Rules that permitted it in a part of the window, or may have. */
  changed: readonly string[];
  /** Rules that permitted it and were gone by the window, for less than five days. */
  removed: readonly string[];
  /** True if a rule may permit it, or the rules are not all known. */
  isOpen: boolean;
};

/** Established connections stay tracked for so long without a packet (432,000 seconds). */
const FIVE_DAYS = 5 * 24 * 60 * 60;

export function groupsSay(
  world: World,
  flow: Flow,
  window: Span,
  groups: readonly string[],
  isEgress: boolean,
  remote: string | null,
): GroupsSay {
  const permissions = remote === null ? [] : permissionsOf(world, flow, groups, isEgress, remote);
  const idsOf = (holds: (stretch: Stretch<unknown>) => boolean): string[] => [
    ...new Set(
      permissions
        .filter(({ stretch, isDoubtful }) => !isDoubtful && holds(stretch))
        .map(({ ruleId }) => ruleId),
    ),
  ];
  return {
    inForce: idsOf((stretch) => isInForce(stretch, window)),
    changed: idsOf((stretch) => !isInForce(stretch, window) && mayHold(stretch, window)),
    removed: idsOf(
      ({ isRemoved, possibleUntil }) =>
        isRemoved && possibleUntil <= window.from && window.from < possibleUntil + FIVE_DAYS,
    ),
    isOpen:
      remote === null ||
      permissions.some(({ stretch, isDoubtful }) => isDoubtful && mayHold(stretch, window)) ||
      !groups.every((group) => areRulesKnown(world, group, window)),
  };
}

function permissionsOf(
  world: World,
  flow: Flow,
  groups: readonly string[],
  isEgress: boolean,
  remote: string,
): Permission[] {
  const permissions: Permission[] = [];
  for (const { ruleId, stretch } of rulesOf(world)) {
    const rule = stretch.value;
    if (!groups.includes(rule.group) || rule.isEgress !== isEgress) continue;
    const answer = isTraffic(rule, flow);
    if (answer === 'no') continue;
    for (const peer of peerStretches(world, rule, remote)) {
      const isDoubtful = answer === 'maybe' || peer.isDoubtful;
      for (const together of peer.stretch ? both(stretch, peer.stretch) : [stretch])
        permissions.push({ ruleId, stretch: together, isDoubtful });
    }
  }
  return permissions;
}

/** What a rule permits: another description, or the number of a protocol for its name, is no change of that. */
function meaningOf(seen: RuleSeen) {
  const protocol = protocolNumber(seen.protocol);
  const ports = hasPorts(protocol) || isIcmp(protocol) ? seen.ports : undefined;
  return { ...seen, note: '', protocol, ports };
}

type RuleMeaning = ReturnType<typeof meaningOf>;

/** Every rule in its stretches. */
const rulesOf = remember((world) =>
  world.rules.flatMap((timeline) =>
    [...idsIn(timeline)].flatMap((ruleId) =>
      stretchesOf(timeline, world.maxAge, readingOf(ruleId, meaningOf)).map((stretch) => ({
        ruleId,
        stretch,
      })),
    ),
  ),
);

/** Ports of TCP and UDP, types of ICMP; any other protocol has neither, whatever the rule says. */
function isTraffic(rule: RuleMeaning, flow: Flow): 'yes' | 'no' | 'maybe' {
  const wanted = rule.protocol;
  return all(
    isProtocol(wanted, flow.protocol),
    hasPorts(wanted) ? isPort(wanted, rule.ports, flow.destinationPort) : 'yes',
    isIcmp(wanted) ? isIcmpType(wanted, rule.ports?.[0]) : 'yes',
  );
}

type PeerStretch = {
  /** When the rule's peer includes the address; undefined for always. */
  stretch?: Stretch<unknown>;
  /** True where that cannot be known. */
  isDoubtful: boolean;
};

/** The times at which the peer that a rule names includes an address. */
function peerStretches(world: World, rule: RuleMeaning, remote: string): PeerStretch[] {
  if (rule.cidr !== undefined) return isIn(rule.cidr, remote) ? [{ isDoubtful: false }] : [];
  if (rule.prefixList !== undefined) return listStretches(world, rule.prefixList, remote);
  return rule.reference === undefined ? [] : memberStretches(world, rule.reference, remote);
}

const listStretches = remember((world, list = '', remote = ''): PeerStretch[] => {
  const timeline = world.entries.get(list) ?? [];
  const ranges = [...idsIn(timeline)].map((cidr) => ({
    cidr,
    stretches: stretchesOf(
      timeline,
      world.maxAge,
      readingOf(cidr, () => true),
    ),
  }));
  return [
    ...ranges
      .filter(({ cidr }) => isIn(cidr, remote))
      .flatMap(({ stretches }) => stretches)
      .map((stretch) => ({ stretch, isDoubtful: false })),
    ...unreadableTimes(knownSpan(ranges.flatMap(({ stretches }) => stretches))),
  ];
});

/** A group stands for the private addresses of the interfaces that are in it, its own included. */
const memberStretches = remember((world, group = '', remote = ''): PeerStretch[] => {
  const members = world.interfaces.flatMap((timeline) =>
    [...idsIn(timeline)].flatMap((id) =>
      stretchesOf(
        timeline,
        world.maxAge,
        readingOf(id, ({ groups, addresses }: InterfaceSeen) =>
          groups.includes(group) && addresses.includes(remote) ? true : undefined,
        ),
      ),
    ),
  );
  return [
    ...members.map((stretch) => ({ stretch, isDoubtful: false })),
    ...unreadableTimes(knownSpan(groupStretches(world, group))),
  ];
});

/** When the group itself was there. */
const groupStretches = remember((world, group = '') =>
  world.groups.flatMap((timeline) =>
    stretchesOf(
      timeline,
      world.maxAge,
      readingOf(group, () => true),
    ),
  ),
);

/** Outside the time in which anything is known of it, a reference may include any address. */
function unreadableTimes(known: Span | undefined): PeerStretch[] {
  const times: Span[] = known
    ? [
        { from: Number.NEGATIVE_INFINITY, to: known.from },
        { from: known.to, to: Number.POSITIVE_INFINITY },
      ]
    : [{ from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }];
  return times.map(({ from, to }) => ({
    isDoubtful: true,
    stretch: {
      value: true,
      ...{ possibleFrom: from, certainFrom: from },
      ...{ lastSeen: to, certainUntil: to, possibleUntil: to },
      isRemoved: false,
    },
  }));
}

/** From when until when the group or a rule of it was looked at. */
const rulesKnown = remember((world, group = '') =>
  knownSpan([
    ...groupStretches(world, group),
    ...rulesOf(world)
      .filter(({ stretch }) => stretch.value.group === group)
      .map(({ stretch }) => stretch),
  ]),
);

/** Only where a group was looked at can it be said that it had no rule for something. */
function areRulesKnown(world: World, group: string, window: Span): boolean {
  const known = rulesKnown(world, group);
  return known !== undefined && known.from <= window.from && window.to <= known.to;
}
