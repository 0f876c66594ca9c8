/**
 * Events of Suricata for a benchmark: alerts of ten sensors, most of them about exchanges that the flow
 * logs recorded, at a time within them. Of the others, half are of the same hosts but other ports, and
 * half of hosts that no flow log saw.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Random } from '../samples/random.ts';
import { FORMATS, OBJECT_COUNT, seedOf } from './topology.ts';
import { type Exchange, exchangeOf, sureExchangeCount, type Traffic } from './traffic.ts';

const MOST_EVENTS = 100_000;
const SENSORS = 10;

/** One event for ten flows, and no more than 100,000. */
export function eventCountOf(rowCount: number): number {
  return Math.min(MOST_EVENTS, Math.ceil(rowCount / 10));
}

/** Writes an `eve.json` a sensor below the folder, each in order of time. */
export function writeEvents(folder: string, rowCount: number, traffics: readonly Traffic[]): void {
  const random = createRandom(seedOf(traffics[0]?.seed ?? 0, 9));
  const lines: { at: number; text: string }[] = [];
  let exchange: Exchange | undefined;
  for (let number = 0; number < eventCountOf(rowCount); number += 1) {
    // An attack makes several alerts, of several signatures.
    if (exchange === undefined || random.chance(0.7)) exchange = anyExchange(random, traffics);
    const at = (exchange.begin + (exchange.end - exchange.begin) * random.fraction()) * 1000;
    lines.push({ at: Math.floor(at), text: eventText(exchange, Math.floor(at), random) });
  }
  lines.sort((a, b) => a.at - b.at);
  for (let sensor = 0; sensor < SENSORS; sensor += 1) {
    const target = join(folder, `sensor-${sensor}`);
    mkdirSync(target, { recursive: true });
    const own = lines.filter((_, index) => index % SENSORS === sensor);
    writeFileSync(join(target, 'eve.json'), own.map(({ text }) => `${text}\n`).join(''));
  }
}

function anyExchange(random: Random, traffics: readonly Traffic[]): Exchange {
  const traffic = traffics[random.between(0, FORMATS.length - 1)] as Traffic;
  const object = random.between(0, OBJECT_COUNT - 1);
  return exchangeOf(traffic, object, random.between(0, sureExchangeCount(traffic) - 1));
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  58: 'IPv6-ICMP',
};

function eventText(exchange: Exchange, at: number, random: Random): string {
  const { own, peer, isOwnClient, protocol, packetAddress } = exchange;
  const kind = random.fraction();
  const isOtherPort = kind < 0.08;
  const isOtherHost = kind >= 0.08 && kind < 0.16;
  // A sensor inside sees the host outside where the flow log sees the NAT gateway.
  const ownSide = { address: random.chance(0.5) ? packetAddress : own.address, port: own.port };
  const peerSide = {
    address: isOtherHost ? `192.0.2.${random.between(1, 254)}` : peer.address,
    port: isOtherPort ? (peer.port + 1) % 65_536 : peer.port,
  };
  // An alert may be about a packet of either direction.
  const isFromOwn = isOwnClient === random.chance(0.8);
  const [source, destination] = isFromOwn ? [ownSide, peerSide] : [peerSide, ownSide];
  const hasPorts = protocol === 6 || protocol === 17;
  const signature = random.between(0, 199);
  const isDropped = random.chance(exchange.isAccepted ? 0.1 : 0.6);
  return JSON.stringify({
    timestamp: `${new Date(at).toISOString().slice(0, 23)}${String(random.between(0, 999)).padStart(3, '0')}+0000`,
    flow_id: random.between(1, 2 ** 31),
    in_iface: 'ens5',
    event_type: 'alert',
    src_ip: source.address,
    ...(hasPorts ? { src_port: source.port } : {}),
    dest_ip: destination.address,
    ...(hasPorts ? { dest_port: destination.port } : {}),
    proto: PROTOCOLS[protocol] ?? 'TCP',
    alert: {
      action: isDropped ? 'blocked' : 'allowed',
      gid: 1,
      signature_id: 1_000_000 + signature,
      rev: 2,
      signature: `Signature ${signature}`,
      category: 'Potentially Bad Traffic',
      severity: 1 + (signature % 3),
    },
    verdict: { action: isDropped ? 'drop' : 'alert' },
    host: `sensor-${random.between(0, SENSORS - 1)}`,
  });
}
