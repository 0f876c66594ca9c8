/**
 * Flow logs for measuring: the same seed gives the same bytes. Objects are as AWS delivers them (gzip,
 * a header line, the key of a flow log), an object an interval of five minutes; half hold the default
 * format, half a custom one of all 29 fields up to version 5. What the rows say is in `traffic.ts`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzip, gzipSync } from 'node:zlib';
import { DEFAULT_FORMAT, FLOW_LOG_FIELDS } from '../../src/flow-log-fields.ts';
import { createRandom, type Random } from '../samples/random.ts';
import { makeOnce, textHash } from './measure.ts';
import {
  ACCOUNT_ID,
  type BenchFormat,
  FIRST_START,
  FLOW_LOGS,
  idOf,
  instanceOf,
  OBJECT_COUNT,
  OBJECT_SECONDS,
  REGION,
  seedOf,
  subnetOf,
  vpcOf,
} from './topology.ts';
import { type Exchange, exchangeOf, type Traffic } from './traffic.ts';

/** Field names of a format, in the order of its header. */
export function fieldsOf(format: BenchFormat): readonly string[] {
  if (format === 'v2') return DEFAULT_FORMAT;
  return FLOW_LOG_FIELDS.filter((field) => field.version <= 5).map((field) => field.name);
}

type Task = { traffic: Traffic; index: number; objectRows: number; path: string };

/** Files that decide what is generated: logs that others made are not taken for the same. */
const SOURCES = ['generate.ts', 'topology.ts', 'traffic.ts', '../samples/random.ts'];

const version = (): string => textHash(SOURCES.map((name) => new URL(name, import.meta.url)));

/** Makes the objects of a flow log unless they are there, and returns their paths. Rows are dealt out evenly. */
export async function generateFlowLogs(traffic: Traffic): Promise<string[]> {
  const { format, rowCount, seed } = traffic;
  const tasks = Array.from({ length: OBJECT_COUNT }, (_, index): Task => {
    const from = Math.floor((rowCount * index) / OBJECT_COUNT);
    const to = Math.floor((rowCount * (index + 1)) / OBJECT_COUNT);
    return { traffic, index, objectRows: to - from, path: keyOf(format, index) };
  });
  const folder = await makeOnce(`${format}-${rowCount}-seed-${seed}`, version(), (partial) =>
    generateAll(tasks.map((task) => ({ ...task, path: join(partial, task.path) }))),
  );
  return tasks.map((task) => join(folder, task.path));
}

/** The pattern that matches the objects of a list of paths and nothing else. */
export function patternOf(paths: readonly string[]): string {
  return `${(paths[0] ?? '').split('/AWSLogs/')[0]}/**/*.log.gz`;
}

/** The objects of a flow log of some more days: the same flows, each day at the same time. Returns their paths. */
export async function generateLaterDays(traffic: Traffic, days: number): Promise<string[]> {
  const { format, rowCount, seed } = traffic;
  const first = await generateFlowLogs(traffic);
  const tasks = first.flatMap((path, index) =>
    Array.from({ length: days }, (_, day) => ({
      from: path,
      day: day + 1,
      path: keyOf(format, index, day + 1),
    })),
  );
  const name = `${format}-${rowCount}-seed-${seed}-later-${days}`;
  const folder = await makeOnce(name, version(), async (partial) => {
    for (const { from, day, path } of tasks) await copyToDay(from, day, join(partial, path));
  });
  return tasks.map(({ path }) => join(folder, path));
}

/** Start and end of a row, before its action. */
const ROW_TIMES = / (\d{10}) (\d{10}) (ACCEPT|REJECT) /g;

async function copyToDay(from: string, day: number, path: string): Promise<void> {
  const later = (time: string): number => Number(time) + day * DAY_SECONDS;
  const text = gunzipSync(readFileSync(from))
    .toString('latin1')
    .replace(ROW_TIMES, (_, start, end, action) => ` ${later(start)} ${later(end)} ${action} `);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await promisify(gzip)(Buffer.from(text, 'latin1'), { level: 1 }));
}

const DAY_SECONDS = 86_400;

function keyOf(format: BenchFormat, index: number, day = 0): string {
  const seconds = FIRST_START + day * DAY_SECONDS + index * OBJECT_SECONDS;
  const at = new Date(seconds * 1000).toISOString();
  const date = at.slice(0, 10).replaceAll('-', '/');
  const time = at.slice(0, 16).replace(/[-:]/g, '');
  const log = FLOW_LOGS[format].flowLogId;
  const name = `${ACCOUNT_ID}_vpcflowlogs_${REGION}_${log}_${time}Z_${String(index).padStart(8, '0')}.log.gz`;
  return `AWSLogs/${ACCOUNT_ID}/vpcflowlogs/${REGION}/${date}/${name}`;
}

/** Shares the objects out to as many processes as there are cores: compressing is most of the work. */
async function generateAll(tasks: readonly Task[]): Promise<void> {
  const count = availableParallelism();
  await Promise.all(
    Array.from({ length: count }, async (_, share) => {
      const own = tasks.filter((task) => task.index % count === share);
      const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url)], {
        stdio: ['pipe', 'inherit', 'inherit'],
      });
      child.stdin.end(JSON.stringify(own));
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`generating flow logs ended with ${code}`);
    }),
  );
}

const SERVICES = ['-', '-', '-', '-', 'S3', 'AMAZON', 'EC2', 'DYNAMODB', 'CLOUDFRONT'];

function generateObject({ traffic, index, objectRows }: Task): Buffer {
  const random = createRandom(seedOf(traffic.seed, 4, FLOW_LOGS[traffic.format].vpc, index));
  const rows: string[] = [];
  for (let number = 0; rows.length < objectRows; number += 1) {
    const exchange = exchangeOf(traffic, index, number);
    const isRejected = !exchange.isAccepted;
    for (const isOwnEnd of exchange.peer.interfaceNumber === undefined ? [true] : [true, false]) {
      // What is rejected goes no further, and has no answer.
      if (isRejected && !isOwnEnd) continue;
      rows.push(flowRow(traffic.format, exchange, { isOwnEnd, isRequest: true }, random));
      if (isRejected) continue;
      rows.push(flowRow(traffic.format, exchange, { isOwnEnd, isRequest: false }, random));
    }
  }
  rows.length = objectRows;
  // Rows of a conversation stand together no more than they do in a log of AWS.
  for (let last = rows.length - 1; last > 0; last -= 1) {
    const other = random.between(0, last);
    const row = rows[last] as string;
    rows[last] = rows[other] as string;
    rows[other] = row;
  }
  return gzipSync(`${[fieldsOf(traffic.format).join(' '), ...rows].join('\n')}\n`);
}

/** What a row is of an exchange: at which end it was recorded, and which way it went. */
type RowKind = { isOwnEnd: boolean; isRequest: boolean };

const REQUEST_FLAGS = [2, 2, 3, 3, 7];
const ANSWER_FLAGS = [18, 18, 19, 19, 22];
/** Of an interval after the first: packets with ACK alone are 0. */
const LATER_FLAGS = [0, 0, 0, 1, 4];

function flowRow(
  format: BenchFormat,
  exchange: Exchange,
  { isOwnEnd, isRequest }: RowKind,
  random: Random,
): string {
  const { own, peer, protocol, isAccepted } = exchange;
  const isFromOwn = exchange.isOwnClient === isRequest;
  const [source, destination] = isFromOwn ? [own, peer] : [peer, own];
  const recorder = isOwnEnd ? own.interfaceNumber : (peer.interfaceNumber ?? own.interfaceNumber);
  const packets = 1 + Math.floor(400 * random.fraction() ** 4);
  const bytes = packets * (40 + random.between(0, 1_399));
  const base = `${ACCOUNT_ID} ${idOf('eni', recorder)} ${source.address} ${destination.address} ${source.port} ${destination.port} ${protocol} ${packets} ${bytes} ${exchange.begin} ${exchange.end} ${isAccepted ? 'ACCEPT' : 'REJECT'} OK`;
  if (format === 'v2') return `2 ${base}`;
  const [packetSource, packetDestination] = isFromOwn
    ? [exchange.packetAddress, peer.address]
    : [peer.address, exchange.packetAddress];
  const isIngress = isOwnEnd !== isFromOwn;
  const aws = exchange.isPeerInternal ? '-' : SERVICES[random.between(0, SERVICES.length - 1)];
  const services = isIngress ? `${aws} -` : `- ${aws}`;
  const path = isIngress ? '-' : exchange.isPeerInternal ? 1 : 8;
  const subnet = subnetOf(recorder);
  return `5 ${base} ${idOf('vpc', vpcOf(recorder))} ${idOf('subnet', subnet)} ${instanceOf(recorder) ?? '-'} ${tcpFlags(exchange, isRequest, random)} ${exchange.isIpv6 ? 'IPv6' : 'IPv4'} ${packetSource} ${packetDestination} ${REGION} use1-az${1 + (subnet % 3)} - - ${services} ${isIngress ? 'ingress' : 'egress'} ${path}`;
}

function tcpFlags(
  { protocol, isAccepted, isOpening }: Exchange,
  isRequest: boolean,
  random: Random,
): number {
  if (protocol !== 6) return 0;
  if (!isAccepted) return 2;
  const flags = !isOpening ? LATER_FLAGS : isRequest ? REQUEST_FLAGS : ANSWER_FLAGS;
  return flags[random.between(0, flags.length - 1)] ?? 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tasks: Task[] = JSON.parse(readFileSync(0, 'utf8'));
  for (const task of tasks) {
    mkdirSync(dirname(task.path), { recursive: true });
    writeFileSync(task.path, generateObject(task));
  }
}
