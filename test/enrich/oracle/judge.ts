/** The verdicts on the records of a day. */
import { type InterfaceThen, interfaceOf, interfaceThen, type Located } from './interface-then.ts';
import { type AclSays, aclSays } from './network-acl.ts';
import { type GroupsSay, groupsSay } from './security-groups.ts';
import {
  type Direction,
  directionOf,
  type Initiator,
  initiatorsOf,
  isOpening,
  remoteOf,
} from './sides.ts';
import type { Flow, Span, World } from './world.ts';

export type Judgement = {
  interfaceId: string | null;
  asOf: InterfaceThen['verdict'];
  precision: InterfaceThen['precision'];
  states: readonly number[];
  groups: readonly string[];
  direction: Direction;
  directionBasis: 'flow_direction' | 'interface_address' | null;
  initiator: Initiator;
  /** Of accepted records. */
  ruleVerdict: string;
  ruleIds: readonly string[];
  /** Of rejected records: what the security groups would have said, and what the network ACL says. */
  groupVerdict: string;
  aclVerdict: string;
  aclEntryIds: readonly string[];
};

/** Judges every record of a day, in their order. */
export function judge(world: World, flows: readonly Flow[]): Judgement[] {
  const located = flows.map((flow) => interfaceOf(world, flow, windowOf(flow)));
  const initiators = initiatorsOf(
    flows,
    located.map((one) => one?.id ?? null),
  );
  return flows.map((flow, index) =>
    judgeOne(world, flow, located[index], initiators[index] as Initiator),
  );
}

/** A record's times lie within 60 seconds of its packets; of two times, a missing one is the other. */
function windowOf({ start, end }: Flow): Span | undefined {
  const times = [start, end].filter((time) => time !== null);
  if (times.length === 0) return undefined;
  return { from: Math.min(...times) - 60, to: Math.max(...times) + 60 };
}

function judgeOne(
  world: World,
  flow: Flow,
  located: Located | undefined,
  initiator: Initiator,
): Judgement {
  const interfaceId = located?.id ?? null;
  const window = windowOf(flow);
  const then = interfaceThen(world, interfaceId, window);
  const direction = directionOf(flow, located?.side ?? null, then.addresses);
  const remote = remoteOf(flow, direction);
  let say: GroupsSay | undefined;
  if (window && direction && then.groups.length > 0 && initiator.side !== 'destination')
    say = groupsSay(world, flow, window, then.groups, direction === 'egress', remote);
  const isAccepted = flow.action === 'ACCEPT';
  const isRejected = flow.action === 'REJECT';
  const rule = isAccepted
    ? ruleVerdict(flow, then, initiator, say)
    : { verdict: 'not_applicable', ruleIds: [] };
  const acl = isRejected ? aclVerdict(world, flow, window, then, direction, remote) : undefined;
  return {
    interfaceId,
    asOf: then.verdict,
    precision: then.precision,
    states: then.states,
    groups: then.groups,
    direction,
    directionBasis: direction && (flow.direction ? 'flow_direction' : 'interface_address'),
    initiator,
    ruleVerdict: rule.verdict,
    ruleIds: [...rule.ruleIds].sort(),
    groupVerdict: isRejected ? groupVerdict(flow, then, initiator, say) : 'not_applicable',
    aclVerdict: acl?.verdict ?? 'not_applicable',
    aclEntryIds: acl?.entryIds ?? [],
  };
}

/** What keeps the groups from being asked at all. */
function withoutGroups(then: InterfaceThen, initiator: Initiator): string | undefined {
  if (then.verdict === 'no_metadata') return 'no_metadata';
  if (then.groups.length === 0) return 'no_security_group';
  // Groups remember connections: an answer needs no rule.
  return initiator.side === 'destination' ? 'response' : undefined;
}

/** Why an accepted record was let through, and by which rules. */
function ruleVerdict(
  flow: Flow,
  then: InterfaceThen,
  initiator: Initiator,
  say: GroupsSay | undefined,
): { verdict: string; ruleIds: readonly string[] } {
  const without = withoutGroups(then, initiator);
  if (without) return { verdict: without, ruleIds: [] };
  if (say === undefined) return { verdict: 'undecidable', ruleIds: [] };
  if (say.inForce.length > 0) {
    const verdict = then.verdict === 'exact' ? 'permitted' : 'tracked_or_changed';
    return { verdict, ruleIds: say.inForce };
  }
  if (say.changed.length > 0) return { verdict: 'tracked_or_changed', ruleIds: say.changed };
  // A tracked connection outlives its rule, but no new one begins without.
  if (say.removed.length > 0 && !isOpening(flow))
    return { verdict: 'tracked_or_changed', ruleIds: say.removed };
  const isSure = !say.isOpen && initiator.side !== null && then.verdict === 'exact';
  return { verdict: isSure ? 'unexplained' : 'undecidable', ruleIds: [] };
}

/** Whether the groups would have let a rejected record through. */
function groupVerdict(
  flow: Flow,
  then: InterfaceThen,
  initiator: Initiator,
  say: GroupsSay | undefined,
): string {
  const without = withoutGroups(then, initiator);
  if (without) return without;
  if (say === undefined || then.verdict !== 'exact') return 'undecidable';
  if (say.inForce.length > 0) return 'permitted';
  // A tracked connection needs no rule any more; nor does an answer, which it may be.
  const isTracked = say.removed.length > 0 && !isOpening(flow);
  if (say.changed.length > 0 || isTracked) return 'undecidable';
  if (say.isOpen || initiator.side === null) return 'undecidable';
  return 'not_permitted';
}

function aclVerdict(
  world: World,
  flow: Flow,
  window: Span | undefined,
  then: InterfaceThen,
  direction: Direction,
  remote: string | null,
): AclSays {
  const [subnet, another] = then.subnets;
  if (window === undefined || subnet === undefined) return { verdict: 'no_metadata', entryIds: [] };
  if (another !== undefined) return { verdict: 'undecidable', entryIds: [] };
  const isEgress = direction === null ? null : direction === 'egress';
  return aclSays(world, flow, window, subnet, isEgress, remote);
}
