/** Which interface a record is of, and what was true of it at the record's time. */
import { idsIn, isInForce, mayHold, readingOf, remember, stretchesOf } from './history.ts';
import type { Flow, InterfaceSeen, Span, World } from './world.ts';

export type InterfaceThen = {
  verdict: 'exact' | 'ambiguous' | 'no_metadata';
  /** Where exact: whether the record ends after the newest snapshot of the interface. */
  precision: 'observed' | 'carried_forward' | null;
  /** When each state that may have held was first seen. */
  states: readonly number[];
  /** The groups, and the subnets, of all of these. */
  groups: readonly string[];
  subnets: readonly string[];
  /** The addresses in the state in which the window begins. */
  addresses: readonly string[];
};

const UNKNOWN: InterfaceThen = {
  ...{ verdict: 'no_metadata', precision: null, states: [], groups: [], subnets: [] },
  addresses: [],
};

/**
 * When an interface of a VPC may have had an address. Nothing makes that too old: only a snapshot can
 * show that the address is gone.
 */
const ownersOf = remember((world, vpc = '', address = '') =>
  world.interfaces.flatMap((timeline) =>
    [...idsIn(timeline)].map((id) => ({
      id,
      stretches: stretchesOf(
        timeline,
        Number.POSITIVE_INFINITY,
        readingOf(id, (seen: InterfaceSeen) =>
          seen.vpc === vpc && seen.addresses.includes(address) ? true : undefined,
        ),
      ),
    })),
  ),
);

/** The interface of a record, and the side that told which one it is, if one did. */
export type Located = { id: string; side: 'source' | 'destination' | null };

/** The interface that a record names; else the only one of its VPC that may have had its address. */
export function interfaceOf(
  world: World,
  flow: Flow,
  window: Span | undefined,
): Located | undefined {
  if (flow.interfaceId !== null) return { id: flow.interfaceId, side: null };
  const { vpc } = flow;
  if (vpc === null || window === undefined) return undefined;
  const ownersThen = (address: string | null): readonly string[] =>
    address === null
      ? []
      : ownersOf(world, vpc, address)
          .filter(({ stretches }) => stretches.some((stretch) => mayHold(stretch, window)))
          .map(({ id }) => id);
  const bySource = flow.direction === 'ingress' ? [] : ownersThen(flow.source);
  const byDestination = flow.direction === 'egress' ? [] : ownersThen(flow.destination);
  const [id, another] = new Set([...bySource, ...byDestination]);
  if (id === undefined || another !== undefined) return undefined;
  if (bySource.length > 0 && byDestination.length > 0) return { id, side: null };
  return { id, side: bySource.length > 0 ? 'source' : 'destination' };
}

/**
 * The states of an interface; and the same without what is no change of what is judged: another
 * address, tag or description.
 */
const historyOf = remember((world, id = '') => {
  const timeline = world.interfaces.find((one) => idsIn(one).has(id)) ?? [];
  return {
    states: stretchesOf(
      timeline,
      world.maxAge,
      readingOf(id, (seen: InterfaceSeen) => seen),
    ),
    judged: stretchesOf(
      timeline,
      world.maxAge,
      readingOf(id, (seen: InterfaceSeen) => [
        [...seen.groups].sort(),
        seen.instance,
        seen.subnet,
        seen.isInScope,
      ]),
    ),
  };
});

/** What was true of the interface in the window. */
export function interfaceThen(
  world: World,
  id: string | null,
  window: Span | undefined,
): InterfaceThen {
  if (id === null || window === undefined) return UNKNOWN;
  const { states, judged } = historyOf(world, id);
  // Between two looks that differ, the earlier of the two states is the one that the window begins in.
  const first = states.find(
    ({ possibleFrom, possibleUntil }) => possibleFrom <= window.from && window.from < possibleUntil,
  );
  const isKnownAtEnd = states.some(
    ({ possibleFrom, possibleUntil }) => possibleFrom < window.to && window.to <= possibleUntil,
  );
  if (first === undefined || !isKnownAtEnd) return UNKNOWN;
  const certain = judged.find((stretch) => isInForce(stretch, window));
  const touched = states.filter((state) => mayHold(state, window));
  return {
    verdict: certain ? 'exact' : 'ambiguous',
    precision: certain ? (window.to > certain.lastSeen ? 'carried_forward' : 'observed') : null,
    states: touched.map(({ certainFrom }) => certainFrom),
    groups: [...new Set(touched.flatMap(({ value }) => value.groups))].sort(),
    subnets: [...new Set(touched.map(({ value }) => value.subnet))].sort(),
    addresses: first.value.addresses,
  };
}
