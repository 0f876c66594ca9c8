/** Traffic of the VPCs `reporting` (flow log B) and `tools` (flow log C), by the minute. */
import { type Exchange, type FlowRow, rowsOf, withNoData } from './flow-row.ts';
import { createRandom, type Random } from './random.ts';
import { INTERFACES, type Interface, PERIOD, seconds } from './world.ts';

const { report1, report2, tools1 } = INTERFACES;

/** The aggregation interval of flow logs B and C, in seconds. */
export const MINUTE = 60;

const WITHIN_VPC = 1;
const GATEWAY_ENDPOINT = 7;
const INTERNET_GATEWAY = 8;

/** Every record of flow log B, in order of `end`. */
export function reportingRows(): FlowRow[] {
  const random = createRandom(0x0b);
  return minutes([report1.id, report2.id], (start) => [
    ...(random.chance(0.2) ? [warehouse(random, start)] : []),
    ...longQuery(random, start),
    ...(random.chance(0.3) ? [outward(random, start, random.pick([report1, report2]))] : []),
    ...(random.chance(0.15) ? [bucket(random, start, report1)] : []),
    ...(random.chance(0.06) ? [scan(random, start, random.pick([report1, report2]))] : []),
  ]);
}

/** Every record of flow log C, in order of `end`. */
export function toolsRows(): FlowRow[] {
  const random = createRandom(0x0c);
  return minutes([tools1.id], (start) => [
    ...(random.chance(0.2) ? [outward(random, start, tools1)] : []),
    ...(random.chance(0.12) ? [bucket(random, start, tools1)] : []),
    ...(random.chance(0.06) ? [overUdp(random, start)] : []),
    ...(random.chance(0.05) ? [scan(random, start, tools1)] : []),
  ]);
}

function minutes(interfaceIds: readonly string[], make: (start: number) => Exchange[]): FlowRow[] {
  const rows: FlowRow[] = [];
  for (let start = seconds(PERIOD.start); start < seconds(PERIOD.end); start += MINUTE) {
    rows.push(...withNoData(make(start).flatMap(rowsOf), interfaceIds, start, MINUTE));
  }
  return rows.sort((a, b) => a.end - b.end);
}

function within(random: Random, start: number): { start: number; end: number } {
  const first = start + random.between(0, 25);
  return { start: first, end: random.between(first + 1, start + MINUTE - 1) };
}

/** A connection that opens and closes within the minute, or one that stays open beyond it. */
function flags(random: Random): { clientFlags: number; serverFlags: number } {
  return random.chance(0.75)
    ? { clientFlags: 3, serverFlags: 19 }
    : { clientFlags: 2, serverFlags: 18 };
}

function warehouse(random: Random, start: number): Exchange {
  return {
    client: {
      address: report1.address,
      port: random.between(32_768, 60_999),
      interfaceId: report1.id,
    },
    server: { address: report2.address, port: 5432, interfaceId: report2.id },
    ...within(random, start),
    packets: random.between(8, 60),
    bytesPerPacket: random.between(90, 260),
    answerRatio: random.between(2, 20),
    ...flags(random),
    trafficPath: WITHIN_VPC,
  };
}

/** One query of twelve minutes every four hours: SYN in its first minute, FIN in its last, 0 between. */
function longQuery(random: Random, start: number): Exchange[] {
  const sincePeriod = (start - seconds(PERIOD.start)) / MINUTE;
  const minute = (sincePeriod % 240) - 30;
  if (minute < 0 || minute >= 12) return [];
  const isFirst = minute === 0;
  const isLast = minute === 11;
  return [
    {
      client: {
        address: report1.address,
        port: 41_000 + Math.floor(sincePeriod / 240),
        interfaceId: report1.id,
      },
      server: { address: report2.address, port: 5432, interfaceId: report2.id },
      start: start + 1,
      end: start + MINUTE - 2,
      packets: random.between(100, 900),
      bytesPerPacket: random.between(60, 90),
      answerRatio: 40,
      clientFlags: isFirst ? 2 : isLast ? 1 : 0,
      serverFlags: isFirst ? 18 : isLast ? 1 : 0,
      trafficPath: WITHIN_VPC,
    },
  ];
}

function outward(random: Random, start: number, from: Interface): Exchange {
  return {
    client: { address: from.address, port: random.between(32_768, 60_999), interfaceId: from.id },
    server: { address: `203.0.113.${random.between(220, 229)}`, port: 443 },
    ...within(random, start),
    packets: random.between(6, 40),
    bytesPerPacket: random.between(90, 400),
    answerRatio: random.between(1, 9),
    ...flags(random),
    trafficPath: INTERNET_GATEWAY,
  };
}

function bucket(random: Random, start: number, from: Interface): Exchange {
  return {
    client: { address: from.address, port: random.between(32_768, 60_999), interfaceId: from.id },
    server: { address: `203.0.113.${random.between(240, 243)}`, port: 443, service: 'S3' },
    ...within(random, start),
    packets: random.between(10, 200),
    bytesPerPacket: random.between(200, 1400),
    ...flags(random),
    trafficPath: GATEWAY_ENDPOINT,
  };
}

function overUdp(random: Random, start: number): Exchange {
  return { ...outward(random, start, tools1), protocol: 17 };
}

function scan(random: Random, start: number, target: Interface): Exchange {
  return {
    client: {
      address: `192.0.2.${random.between(100, 250)}`,
      port: random.between(32_768, 65_535),
    },
    server: {
      address: target.address,
      port: random.pick([22, 23, 445, 3389]),
      interfaceId: target.id,
    },
    ...within(random, start),
    action: 'REJECT',
    packets: random.between(1, 3),
    bytesPerPacket: 44,
    clientFlags: 2,
  };
}
