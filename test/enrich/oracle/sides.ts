/** Which way a record runs at its interface, and which of its sides opened the connection. */
import type { Flow } from './world.ts';

export type Direction = 'ingress' | 'egress' | null;
export type Side = 'source' | 'destination' | null;
export type Initiator = { side: Side; basis: 'tcp_flags' | 'conversation' | 'ports' | null };

const TCP = 6;
const UDP = 17;
const SYN = 2;
const SYN_ACK = 18;

/** The addresses of the packets; those of the record where it has no others. */
export function endpointsOf(flow: Flow): { from: string | null; to: string | null } {
  return {
    from: flow.packetSource ?? flow.source,
    to: flow.packetDestination ?? flow.destination,
  };
}

/** The record's own word, else the side by which the interface was found, or whose address it had. */
export function directionOf(flow: Flow, foundBy: Side, addresses: readonly string[]): Direction {
  if (flow.direction !== null) return flow.direction;
  if (foundBy !== null) return foundBy === 'source' ? 'egress' : 'ingress';
  const isFromHere = flow.source !== null && addresses.includes(flow.source);
  const isToHere = flow.destination !== null && addresses.includes(flow.destination);
  if (isFromHere === isToHere) return null;
  return isFromHere ? 'egress' : 'ingress';
}

/** The other end of the record, seen from its interface. */
export function remoteOf(flow: Flow, direction: Direction): string | null {
  if (direction === null) return null;
  const { from, to } = endpointsOf(flow);
  return direction === 'egress' ? to : from;
}

function byFlags(flow: Flow): Side {
  const bits = (flow.flags ?? 0) & SYN_ACK;
  if (bits === SYN) return 'source';
  return bits === SYN_ACK ? 'destination' : null;
}

/** Opens a connection: SYN without ACK. */
export function isOpening(flow: Flow): boolean {
  return byFlags(flow) === 'source';
}

/**
 * Clients use ports from 32768 up (Linux) or 49152 up (IANA), services the ports below. Where both are
 * below, a port under 1024 is the service's.
 */
function byPorts(flow: Flow): Side {
  const { protocol, sourcePort, destinationPort } = flow;
  if (protocol !== TCP && protocol !== UDP) return null;
  if (sourcePort === null || destinationPort === null) return null;
  const isHigh = (port: number): boolean => port >= 32_768;
  if (isHigh(sourcePort) !== isHigh(destinationPort))
    return isHigh(sourcePort) ? 'source' : 'destination';
  if (isHigh(sourcePort) || sourcePort === destinationPort) return null;
  if (Math.min(sourcePort, destinationPort) >= 1024) return null;
  return destinationPort < sourcePort ? 'source' : 'destination';
}

type Conversation = { key: string; source: string; destination: string };

/**
 * The two ends of a record with flags at its interface, and the same ends whichever way the record runs.
 * What lacks an address or a port has not been shown to be of the same connection as anything else.
 */
function conversationOf(flow: Flow, interfaceId: string | null): Conversation | null {
  const { from, to } = endpointsOf(flow);
  if (flow.flags === null || from === null || to === null) return null;
  if (flow.sourcePort === null || flow.destinationPort === null) return null;
  const source = `${from} ${flow.sourcePort}`;
  const destination = `${to} ${flow.destinationPort}`;
  if (source === destination) return null;
  return {
    key: JSON.stringify([interfaceId, [source, destination].sort()]),
    source,
    destination,
  };
}

/**
 * The initiator of each record of a day. What a record's own flags leave open, the flags of the others of
 * its conversation say, if they agree.
 */
export function initiatorsOf(
  flows: readonly Flow[],
  interfaceIds: readonly (string | null)[],
): Initiator[] {
  const conversations = flows.map((flow, index) =>
    conversationOf(flow, interfaceIds[index] ?? null),
  );
  const openers = new Map<string, Set<string>>();
  for (const [index, flow] of flows.entries()) {
    const side = byFlags(flow);
    const conversation = conversations[index];
    if (side === null || !conversation) continue;
    const known = openers.get(conversation.key) ?? new Set();
    openers.set(conversation.key, known.add(conversation[side]));
  }
  return flows.map((flow, index) => {
    const flagged = byFlags(flow);
    if (flagged !== null) return { side: flagged, basis: 'tcp_flags' };
    const conversation = conversations[index];
    const [opener, another] = openers.get(conversation?.key ?? '') ?? [];
    const isOne = opener !== undefined && another === undefined;
    if (conversation && isOne && flow.protocol === TCP) {
      return {
        side: opener === conversation.source ? 'source' : 'destination',
        basis: 'conversation',
      };
    }
    const guessed = byPorts(flow);
    return { side: guessed, basis: guessed === null ? null : 'ports' };
  });
}
