/**
 * Who talks with whom, when: conversations and the intervals in which they are seen. Each follows from
 * its numbers alone, so that a later interval, in another object, and an event find it again.
 */
import { createRandom, type Random } from '../samples/random.ts';
import {
  addressOf,
  type BenchFormat,
  FIRST_START,
  FLOW_LOGS,
  ipv6AddressOf,
  isNatGateway,
  OBJECT_COUNT,
  OBJECT_SECONDS,
  seedOf,
} from './topology.ts';

export type Side = {
  address: string;
  port: number;
  /** The interface that the address is of, where the same flow log records it as well. */
  interfaceNumber?: number;
};

export type Conversation = {
  own: Side & { interfaceNumber: number };
  peer: Side;
  /** Address of the host outside that a NAT gateway stands for; else the interface's own. */
  packetAddress: string;
  isOwnClient: boolean;
  isIpv6: boolean;
  isPeerInternal: boolean;
  protocol: number;
  isAccepted: boolean;
};

/** A conversation in one interval of aggregation. Times are seconds since 1970. */
export type Exchange = Conversation & {
  /** False if the conversation began in an earlier interval. */
  isOpening: boolean;
  begin: number;
  end: number;
};

export type Traffic = { format: BenchFormat; rowCount: number; seed: number };

/** Rows of an exchange: one each way, at one or at both ends. */
export const MAX_EXCHANGE_ROWS = 4;

const SERVICE_PORTS = [443, 443, 443, 80, 53, 22, 3306, 5432, 6379, 8080, 9092, 123, 25, 3389];
const UDP_PORTS = [53, 123];

/** Exchanges that every object has at least; an object has more, as many as its rows take. */
export function sureExchangeCount({ rowCount }: Traffic): number {
  return Math.floor(Math.floor(rowCount / OBJECT_COUNT) / MAX_EXCHANGE_ROWS);
}

/** The exchange of a number, from 0, in an object: three in ten are of an earlier conversation. */
export function exchangeOf(traffic: Traffic, object: number, number: number): Exchange {
  const random = createRandom(
    seedOf(traffic.seed, 2, FLOW_LOGS[traffic.format].vpc, object, number),
  );
  const isLater = random.chance(0.3) && object > 0 && sureExchangeCount(traffic) > 0;
  const conversation = isLater
    ? conversationOf(
        traffic,
        object - random.between(1, Math.min(4, object)),
        random.between(0, sureExchangeCount(traffic) - 1),
      )
    : conversationOf(traffic, object, number);
  const begin = FIRST_START + object * OBJECT_SECONDS + random.between(0, OBJECT_SECONDS - 61);
  // What was rejected is tried again.
  const isOpening = !isLater || !conversation.isAccepted;
  return { ...conversation, isOpening, begin, end: begin + random.between(20, 59) };
}

function conversationOf({ format, seed }: Traffic, object: number, number: number): Conversation {
  const random = createRandom(seedOf(seed, 3, FLOW_LOGS[format].vpc, object, number));
  const { firstInterface, interfaceCount } = FLOW_LOGS[format];
  // Few interfaces and remote addresses have most of the traffic, as everywhere.
  const own = firstInterface + Math.floor(interfaceCount * random.fraction() * random.fraction());
  const isIpv6 = random.chance(0.04);
  const isAccepted = random.chance(0.84);
  const isScan = !isAccepted && random.chance(0.7);
  const isOwnClient = !isScan && random.chance(0.5);
  const isPeerInternal = !isScan && random.chance(0.6);
  const peer = peerOf(random, format, { own, isIpv6, isScan, isPeerInternal });
  const ownAddress = isIpv6 ? ipv6AddressOf(own) : addressOf(own);
  // A host inside talks to a host outside: on that side of the gateway, packets bear both addresses.
  const isTranslated = isNatGateway(own) && !isOwnClient && isPeerInternal && !isIpv6;
  const isPing = !isScan && random.chance(0.01);
  const service =
    isScan && random.chance(0.5)
      ? random.between(1, 65_535)
      : (SERVICE_PORTS[random.between(0, SERVICE_PORTS.length - 1)] ?? 443);
  // Most systems take high ports for clients; some take any from 1024 up.
  const ephemeral = random.chance(0.85)
    ? random.between(32_768, 65_535)
    : random.between(1_024, 32_767);
  const [ownPort, peerPort] = isPing
    ? [0, 0]
    : isOwnClient
      ? [ephemeral, service]
      : [service, ephemeral];
  return {
    own: { address: ownAddress, port: ownPort, interfaceNumber: own },
    peer: { ...(isTranslated ? { address: peer.address } : peer), port: peerPort },
    packetAddress: isTranslated ? outsideAddress(random, random.between(0, 65_535)) : ownAddress,
    isOwnClient,
    isIpv6,
    isPeerInternal,
    protocol: isPing ? (isIpv6 ? 58 : 1) : UDP_PORTS.includes(service) ? 17 : 6,
    isAccepted,
  };
}

function peerOf(
  random: Random,
  format: BenchFormat,
  kind: { own: number; isIpv6: boolean; isScan: boolean; isPeerInternal: boolean },
): Omit<Side, 'port'> {
  const { firstInterface, interfaceCount } = FLOW_LOGS[format];
  if (kind.isPeerInternal && (kind.isIpv6 || random.chance(0.5))) {
    const step = 1 + Math.floor((interfaceCount - 1) * random.fraction() * random.fraction());
    const peer = firstInterface + ((kind.own - firstInterface + step) % interfaceCount);
    return { address: kind.isIpv6 ? ipv6AddressOf(peer) : addressOf(peer), interfaceNumber: peer };
  }
  // Scanners come from anywhere, others mostly from where they came from before.
  const remote = kind.isScan
    ? random.between(0, 65_535)
    : Math.floor(60_000 * random.fraction() ** 3);
  if (kind.isIpv6) {
    const network = (0x1000 + (remote >> 8)).toString(16);
    return { address: `2001:db8:${network}:${(1 + (remote & 255)).toString(16)}::1` };
  }
  if (kind.isPeerInternal) {
    // Hosts of other VPCs, of offices and of services whose interfaces no flow log here records.
    return { address: `10.${remote % 5}.${16 + ((remote >> 4) & 15)}.${remote & 255}` };
  }
  return { address: outsideAddress(random, remote) };
}

function outsideAddress(random: Random, remote: number): string {
  return `${random.chance(0.5) ? '198.51' : '203.0'}.${remote >> 8}.${remote & 255}`;
}
