/**
 * Rule attribution once more, one flow at a time and without SQL: written from the fact sheet (D3 and
 * D4: what is known between snapshots, how security groups permit), to be held against the queries.
 * Times are seconds since 1970.
 */
import { rangeOf, toNumber } from './addresses.ts';

export type InterfaceSeen = { groups: readonly string[]; instance: string };
export type RuleSeen = {
  group: string;
  isEgress: boolean;
  /** Null for all. */
  protocol: number | null;
  ports: readonly [number, number] | null;
  cidr?: string;
  prefixList?: string;
  reference?: string;
};
/** What each snapshot showed under each id; undefined where it did not show it. */
export type Timeline<Seen> = {
  times: readonly number[];
  seen: ReadonlyMap<string, readonly (Seen | undefined)[]>;
};

export type World = {
  maxAge: number;
  interfaces: Timeline<InterfaceSeen>;
  addresses: ReadonlyMap<string, readonly string[]>;
  groups: Timeline<true>;
  rules: Timeline<RuleSeen>;
  entries: ReadonlyMap<string, Timeline<true>>;
};

export type OracleFlow = {
  interfaceId: string;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number | null;
  protocol: number;
  flags: number | null;
  direction: 'ingress' | 'egress' | null;
  isAccepted: boolean;
  start: number;
  end: number;
};

export type Judgement = { asOf: string; verdict: string; ruleIds: readonly string[] };

const FIVE_DAYS = 432_000;

/** A stretch of snapshots that showed the same: when it held for certain, and when it may have held. */
type Stretch = {
  possibleFrom: number;
  certainFrom: number;
  certainUntil: number;
  possibleUntil: number;
  isRemoved: boolean;
};

function stretchesOf<Seen>(
  times: readonly number[],
  seen: readonly (Seen | undefined)[],
  maxAge: number,
): { value: Seen; stretch: Stretch }[] {
  const found: { value: Seen; stretch: Stretch }[] = [];
  for (let from = 0; from < times.length; ) {
    const value = seen[from];
    let to = from;
    while (to + 1 < times.length && JSON.stringify(seen[to + 1]) === JSON.stringify(value)) to += 1;
    const at = (index: number): number => times[index] as number;
    if (value !== undefined) {
      const isLast = to === times.length - 1;
      found.push({
        value,
        stretch: {
          possibleFrom: at(Math.max(from - 1, 0)),
          certainFrom: at(from),
          certainUntil: isLast ? at(to) + maxAge : at(to),
          possibleUntil: isLast ? at(to) + maxAge : at(to + 1),
          isRemoved: !isLast,
        },
      });
    }
    from = to + 1;
  }
  return found;
}

function both(one: Stretch, other: Stretch): Stretch {
  const first = one.possibleUntil <= other.possibleUntil ? one : other;
  return {
    possibleFrom: Math.max(one.possibleFrom, other.possibleFrom),
    certainFrom: Math.max(one.certainFrom, other.certainFrom),
    certainUntil: Math.min(one.certainUntil, other.certainUntil),
    possibleUntil: first.possibleUntil,
    isRemoved: first.isRemoved,
  };
}

/** From when until when something is known of it at all; undefined if never. */
function known(
  times: readonly number[],
  seen: readonly unknown[] | undefined,
  maxAge: number,
): [number, number] | undefined {
  const stretches = stretchesOf(
    times,
    (seen ?? []).map((value) => (value === undefined ? undefined : true)),
    maxAge,
  );
  const [first, last] = [stretches[0], stretches.at(-1)];
  return first && last ? [first.stretch.certainFrom, last.stretch.possibleUntil] : undefined;
}

/** What may have been true of the interface anywhere in the window; undefined without metadata. */
function possibleStates(
  world: World,
  interfaceId: string,
  from: number,
  to: number,
): { isExact: boolean; groups: string[] } | undefined {
  const { times, seen } = world.interfaces;
  const states = seen.get(interfaceId) ?? [];
  const indexAt = (time: number): number =>
    times.findLastIndex((taken, index) =>
      index === times.length - 1 ? taken <= time && time < taken + world.maxAge : taken <= time,
    );
  // After the newest snapshot has grown too old, the last index that fits would be an earlier one.
  const isTooLate = (time: number): boolean => time >= (times.at(-1) as number) + world.maxAge;
  const near = (index: number) =>
    index + 1 < times.length ? [states[index], states[index + 1]] : [states[index]];
  const [first, last] = [indexAt(from), indexAt(to)];
  if (first < 0 || last < 0 || isTooLate(from) || isTooLate(to)) return undefined;
  const hasAny = (index: number): boolean => near(index).some((state) => state !== undefined);
  if (!hasAny(first) || !hasAny(last)) return undefined;
  const candidates = Array.from({ length: last - first + 1 }, (_, step) =>
    near(first + step),
  ).flat();
  const present = candidates.filter((state) => state !== undefined);
  return {
    isExact:
      present.length === candidates.length &&
      new Set(present.map((state) => JSON.stringify([[...state.groups].sort(), state.instance])))
        .size === 1,
    groups: [...new Set(present.flatMap((state) => state.groups))].sort(),
  };
}

function initiatorOf(flow: OracleFlow): 'source' | 'destination' | undefined {
  const flags = flow.flags ?? 0;
  if ((flags & 18) === 2) return 'source';
  if ((flags & 18) === 18) return 'destination';
  if (flow.protocol !== 6 && flow.protocol !== 17) return undefined;
  const [client, server] = [flow.sourcePort, flow.destinationPort];
  if (server === null) return undefined;
  const isEphemeral = (port: number): boolean => port >= 32_768;
  if (isEphemeral(client) !== isEphemeral(server))
    return isEphemeral(client) ? 'source' : 'destination';
  if (isEphemeral(client) || client === server || Math.min(client, server) >= 1024)
    return undefined;
  return server < client ? 'source' : 'destination';
}

type Match = { ruleId: string; stretch: Stretch; isDoubtful: boolean };

/** Every way in which a rule of the groups permits the flow, or may. */
function matchesOf(
  world: World,
  flow: OracleFlow,
  groups: readonly string[],
  isEgress: boolean,
  remote: string,
): Match[] {
  const matches: Match[] = [];
  const number = toNumber(remote);
  const isIn = (cidr: string): boolean => {
    const { first, last } = rangeOf(cidr);
    return cidr.includes(':') === remote.includes(':') && first <= number && number <= last;
  };
  for (const [ruleId, seen] of world.rules.seen) {
    for (const { value: rule, stretch } of stretchesOf(world.rules.times, seen, world.maxAge)) {
      if (!groups.includes(rule.group) || rule.isEgress !== isEgress) continue;
      if (rule.protocol !== null && rule.protocol !== flow.protocol) continue;
      let isDoubtful = false;
      if (rule.ports && (rule.protocol === 6 || rule.protocol === 17)) {
        if (flow.destinationPort === null) isDoubtful = true;
        else if (flow.destinationPort < rule.ports[0] || flow.destinationPort > rule.ports[1])
          continue;
      }
      if (rule.ports && (rule.protocol === 1 || rule.protocol === 58)) isDoubtful = true;
      const add = (own: Stretch, doubt = isDoubtful): void =>
        void matches.push({ ruleId, stretch: own, isDoubtful: doubt });
      if (rule.cidr !== undefined && isIn(rule.cidr)) add(stretch);
      if (rule.prefixList !== undefined) {
        const list = world.entries.get(rule.prefixList);
        for (const [cidr, shown] of list?.seen ?? []) {
          if (!isIn(cidr)) continue;
          for (const entry of stretchesOf(list?.times ?? [], shown, world.maxAge))
            add(both(stretch, entry.stretch));
        }
        const spans = [...(list?.seen.values() ?? [])]
          .map((shown) => known(list?.times ?? [], shown, world.maxAge))
          .filter((span) => span !== undefined);
        addUnreadable(stretch, spans, (own) => add(own, true));
      }
      if (rule.reference !== undefined) {
        for (const [interfaceId, states] of world.interfaces.seen) {
          if (!world.addresses.get(interfaceId)?.includes(remote)) continue;
          const member = states.map((state) =>
            state?.groups.includes(rule.reference ?? '') ? true : undefined,
          );
          for (const one of stretchesOf(world.interfaces.times, member, world.maxAge))
            add(both(stretch, one.stretch));
        }
        const span = known(world.groups.times, world.groups.seen.get(rule.reference), world.maxAge);
        addUnreadable(stretch, span ? [span] : [], (own) => add(own, true));
      }
    }
  }
  return matches.filter(({ stretch }) => stretch.possibleFrom < stretch.possibleUntil);
}

/** The times at which the rule may hold and nothing is known of what it refers to. */
function addUnreadable(
  stretch: Stretch,
  spans: readonly [number, number][],
  add: (own: Stretch) => void,
): void {
  if (spans.length === 0) {
    add(stretch);
    return;
  }
  const from = Math.min(...spans.map(([first]) => first));
  const until = Math.max(...spans.map(([, last]) => last));
  if (stretch.possibleFrom < from)
    add({ ...stretch, possibleUntil: Math.min(stretch.possibleUntil, from) });
  if (stretch.possibleUntil > until)
    add({ ...stretch, possibleFrom: Math.max(stretch.possibleFrom, until) });
}

/** The verdict on one flow. */
export function judge(world: World, flow: OracleFlow): Judgement {
  const from = flow.start - 60;
  const to = flow.end + 60;
  const states = possibleStates(world, flow.interfaceId, from, to);
  const asOf = states === undefined ? 'no_metadata' : states.isExact ? 'exact' : 'ambiguous';
  const say = (verdict: string, ruleIds: Iterable<string> = []): Judgement => ({
    asOf,
    verdict,
    ruleIds: [...new Set(ruleIds)].sort(),
  });
  if (!flow.isAccepted) return say('not_applicable');
  if (states === undefined) return say('no_metadata');
  if (states.groups.length === 0) return say('no_security_group');
  const initiator = initiatorOf(flow);
  if (initiator === 'destination') return say('response');
  const own = world.addresses.get(flow.interfaceId) ?? [];
  const direction =
    flow.direction ??
    (own.includes(flow.source) ? 'egress' : own.includes(flow.destination) ? 'ingress' : null);
  if (direction === null) return say('undecidable');
  const remote = direction === 'egress' ? flow.destination : flow.source;
  const matches = matchesOf(world, flow, states.groups, direction === 'egress', remote);
  const inForce = ({ stretch }: Match): boolean =>
    stretch.certainFrom <= from && to <= stretch.certainUntil;
  const mayHold = ({ stretch }: Match): boolean =>
    stretch.possibleFrom < to && from < stretch.possibleUntil;
  const wasRemoved = ({ stretch }: Match): boolean =>
    stretch.isRemoved && stretch.possibleUntil <= from && stretch.possibleUntil > from - FIVE_DAYS;
  const sure = matches.filter(({ isDoubtful }) => !isDoubtful);
  const idsOf = (list: readonly Match[]): string[] => list.map(({ ruleId }) => ruleId);
  const permitting = sure.filter(inForce);
  if (permitting.length > 0)
    return say(states.isExact ? 'permitted' : 'tracked_or_changed', idsOf(permitting));
  const changed = sure.filter(mayHold);
  if (changed.length > 0) return say('tracked_or_changed', idsOf(changed));
  const isOpening = ((flow.flags ?? 0) & 18) === 2;
  const removed = isOpening ? [] : sure.filter(wasRemoved);
  if (removed.length > 0) return say('tracked_or_changed', idsOf(removed));
  if (matches.some((match) => match.isDoubtful && mayHold(match))) return say('undecidable');
  const isCovered = states.groups.every((group) => {
    const spans = [
      known(world.groups.times, world.groups.seen.get(group), world.maxAge),
      ...[...world.rules.seen.values()].map((seen) =>
        known(
          world.rules.times,
          seen.map((one) => (one?.group === group ? true : undefined)),
          world.maxAge,
        ),
      ),
    ].filter((span) => span !== undefined);
    return (
      spans.length > 0 &&
      Math.min(...spans.map(([first]) => first)) <= from &&
      to <= Math.max(...spans.map(([, last]) => last))
    );
  });
  if (!isCovered || initiator === undefined || !states.isExact) return say('undecidable');
  return say('unexplained');
}
