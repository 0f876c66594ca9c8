/**
 * What the network ACL of an interface's subnet says of a rejected record: the first entry in the order
 * of the numbers that matches decides, and there is no memory of connections (Amazon VPC User Guide,
 * "Network ACLs"). A subnet has one network ACL at a time.
 */
import {
  both,
  idsIn,
  isInForce,
  knownSpan,
  mayHold,
  type Reading,
  readingOf,
  remember,
  stretchesOf,
} from './history.ts';
import { all, isIcmpType, isIn, isPort, isProtocol, protocolNumber } from './traffic.ts';
import type { AclEntrySeen, AclSeen, Flow, Look, Span, Timeline, World } from './world.ts';

export type AclSays = {
  verdict: 'denied' | 'permitted' | 'undecidable' | 'no_metadata' | 'not_applicable';
  /** The entry that decides; or those before it that leave it open which one does. */
  entryIds: readonly string[];
};

export function aclSays(
  world: World,
  flow: Flow,
  window: Span,
  subnet: string,
  isEgress: boolean | null,
  remote: string | null,
): AclSays {
  if (remote !== null && isOfSubnet(world, subnet, remote))
    return { verdict: 'not_applicable', entryIds: [] };
  const { acls, entries } = subnetHistory(world, subnet);
  const known = knownSpan(acls);
  const isKnown = known !== undefined && known.from <= window.from && window.to <= known.to;
  if (!isKnown || !acls.some((stretch) => mayHold(stretch, window)))
    return { verdict: 'no_metadata', entryIds: [] };
  if (isEgress === null || remote === null) return { verdict: 'undecidable', entryIds: [] };
  const found: Found[] = [];
  for (const { aclId, entry, stretches } of entries) {
    const answer = entry.isEgress === isEgress ? isTraffic(entry, flow, remote) : 'no';
    if (answer === 'no' || !stretches.some((stretch) => mayHold(stretch, window))) continue;
    found.push({
      entryId: `${aclId} ${isEgress ? 'outbound' : 'inbound'} ${entry.number}`,
      number: entry.number,
      action: entry.action,
      isSure: answer === 'yes' && stretches.some((stretch) => isInForce(stretch, window)),
    });
  }
  const decisive = found.find(({ isSure }) => isSure);
  const number = decisive?.number ?? Number.POSITIVE_INFINITY;
  const open = found.filter((one) => !one.isSure && one.number <= number);
  if (decisive === undefined || open.length > 0)
    return { verdict: 'undecidable', entryIds: idsOf(open) };
  return {
    verdict: decisive.action === 'deny' ? 'denied' : 'permitted',
    entryIds: [decisive.entryId],
  };
}

/** Between two addresses of a subnet no network ACL is looked at. */
function isOfSubnet(world: World, subnet: string, remote: string): boolean {
  return world.subnets
    .flat()
    .some(({ shown }) => shown.get(subnet)?.cidrs.some((cidr) => isIn(cidr, remote)));
}

/** An entry that matches the record, or may. */
type Found = { entryId: string; number: number; action: 'allow' | 'deny'; isSure: boolean };

const idsOf = (found: readonly Found[]): string[] =>
  [...new Set(found.map(({ entryId }) => entryId))].sort();

/**
 * The times at which a subnet had each of its network ACLs, and the entries of these in the order of the
 * numbers, each with the times at which it was the subnet's. What changed between two looks may have
 * changed in any order: an ACL may have had its new entries before the subnet had another ACL.
 */
const subnetHistory = remember((world, subnet = '') => {
  const timeline = world.acls.find((one) => one.some((look) => hasAcl(look, subnet))) ?? [];
  const acls = [...idsIn(timeline)].map((aclId) => ({
    aclId,
    stretches: stretchesOf(timeline, world.maxAge, readingOfAcl(aclId, subnet)),
  }));
  const entries = acls.flatMap(({ aclId, stretches }) =>
    entriesEver(timeline, aclId).map((entry) => ({
      aclId,
      entry,
      stretches: stretchesOf(timeline, world.maxAge, readingOfEntry(aclId, entry)).flatMap((one) =>
        stretches.flatMap((other) => both(one, other)),
      ),
    })),
  );
  return {
    acls: acls.flatMap(({ stretches }) => stretches),
    entries: entries.sort((one, other) => one.entry.number - other.entry.number),
  };
});

function hasAcl(look: Look<AclSeen>, subnet: string): boolean {
  return [...look.shown.values()].some(({ subnets }) => subnets.includes(subnet));
}

function readingOfAcl(aclId: string, subnet: string): Reading<true> {
  return readingOf(aclId, ({ subnets }: AclSeen) => (subnets.includes(subnet) ? true : undefined));
}

function readingOfEntry(aclId: string, entry: AclEntrySeen): Reading<true> {
  return readingOf(aclId, ({ entries }: AclSeen) =>
    entries.some((one) => isSame(one, entry)) ? true : undefined,
  );
}

/** Every entry that a network ACL ever had, each once. */
function entriesEver(timeline: Timeline<AclSeen>, aclId: string): AclEntrySeen[] {
  const found = new Map<string, AclEntrySeen>();
  for (const look of timeline)
    for (const entry of look.shown.get(aclId)?.entries ?? [])
      found.set(JSON.stringify(entry), entry);
  return [...found.values()];
}

const isSame = (one: AclEntrySeen, other: AclEntrySeen): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

function isTraffic(entry: AclEntrySeen, flow: Flow, remote: string) {
  const protocol = protocolNumber(entry.protocol);
  return all(
    isProtocol(protocol, flow.protocol),
    isPort(protocol, entry.ports, flow.destinationPort),
    isIcmpType(protocol, entry.icmpType),
    isIn(entry.cidr, remote) ? 'yes' : 'no',
  );
}
