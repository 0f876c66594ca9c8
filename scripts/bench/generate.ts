/**
 * Flow logs for measuring: the same seed gives the same bytes. Objects are as AWS delivers them (gzip,
 * a header line, the key of a flow log), an object an interval of five minutes; half hold the default
 * format, half a custom one of all 29 fields up to version 5.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DEFAULT_FORMAT, FLOW_LOG_FIELDS } from '../../src/flow-log-fields.ts';

export const FORMATS = ['v2', 'v5'] as const;
export type BenchFormat = (typeof FORMATS)[number];

/** Field names of a format, in the order of its header. */
export function fieldsOf(format: BenchFormat): readonly string[] {
  if (format === 'v2') return DEFAULT_FORMAT;
  return FLOW_LOG_FIELDS.filter((field) => field.version <= 5).map((field) => field.name);
}

const OBJECTS = { v2: 50, v5: 50 } as const;
const FIRST_START = Date.parse('2026-11-02T00:00:00Z') / 1000;
const OBJECT_SECONDS = 300;

type Task = { format: BenchFormat; index: number; rowCount: number; seed: number; path: string };

/**
 * Makes the objects of a format below `folder` unless they are there, and returns their paths. Rows are
 * dealt out evenly.
 */
export async function generateFlowLogs(
  folder: string,
  format: BenchFormat,
  rowCount: number,
  seed: number,
): Promise<string[]> {
  const target = join(folder, `${format}-${rowCount}-seed-${seed}`);
  const count = OBJECTS[format];
  const tasks = Array.from({ length: count }, (_, index): Task => {
    const from = Math.floor((rowCount * index) / count);
    const to = Math.floor((rowCount * (index + 1)) / count);
    return { format, index, rowCount: to - from, seed, path: keyOf(format, index) };
  });
  if (!existsSync(target)) {
    const partial = `${target}.partial`;
    rmSync(partial, { recursive: true, force: true });
    await generateAll(tasks.map((task) => ({ ...task, path: join(partial, task.path) })));
    renameSync(partial, target);
  }
  return tasks.map((task) => join(target, task.path));
}

function keyOf(format: BenchFormat, index: number): string {
  const at = new Date((FIRST_START + index * OBJECT_SECONDS) * 1000).toISOString();
  const day = at.slice(0, 10).replaceAll('-', '/');
  const time = at.slice(0, 16).replace(/[-:]/g, '');
  const log = format === 'v2' ? 'fl-00000000000000002' : 'fl-00000000000000005';
  const account = '123456789012';
  const name = `${account}_vpcflowlogs_us-east-1_${log}_${time}Z_${String(index).padStart(8, '0')}.log.gz`;
  return `AWSLogs/${account}/vpcflowlogs/us-east-1/${day}/${name}`;
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

/** Uniform numbers from 0 up to 1, the same for the same seed (xorshift32). */
function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 2_654_435_761) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

const INTERFACES = 600;
const SERVICE_PORTS = [443, 443, 443, 80, 53, 22, 3306, 5432, 6379, 8080, 9092, 123, 25, 3389];
const SERVICES = ['-', '-', '-', '-', 'S3', 'AMAZON', 'EC2', 'DYNAMODB', 'CLOUDFRONT'];

function generateObject({ format, index, rowCount, seed }: Task): Buffer {
  const random = randomNumbers(seed * 1_000_003 + index);
  const below = (limit: number): number => Math.floor(random() * limit);
  const start = FIRST_START + index * OBJECT_SECONDS;
  const names = fieldsOf(format);
  const lines = [names.join(' ')];
  const hex = (value: number): string => (0x10_0000_0000 + value).toString(16).padStart(17, '0');
  for (let row = 0; row < rowCount; row += 1) {
    // Few interfaces and remote addresses have most of the traffic, as everywhere.
    const own = Math.floor(INTERFACES * random() * random());
    const ownAddress = `10.${own >> 7}.${(own >> 3) & 15}.${10 + (own & 7) * 20}`;
    const remote = Math.floor(60_000 * random() ** 3);
    const isInternal = random() < 0.6;
    const remoteAddress = isInternal
      ? `10.${remote % 5}.${(remote >> 4) & 15}.${remote & 255}`
      : `${random() < 0.5 ? '198.51' : '203.0'}.${remote >> 8}.${remote & 255}`;
    const service = SERVICE_PORTS[below(SERVICE_PORTS.length)] ?? 443;
    const ephemeral = 1024 + below(64_512);
    const isIngress = random() < 0.5;
    const isRequest = random() < 0.5;
    const [source, destination] = isIngress
      ? [remoteAddress, ownAddress]
      : [ownAddress, remoteAddress];
    const [sourcePort, destinationPort] = isRequest ? [ephemeral, service] : [service, ephemeral];
    const packets = 1 + Math.floor(400 * random() ** 4);
    const bytes = packets * (40 + below(1_400));
    const begin = start + below(OBJECT_SECONDS - 60);
    const protocol = service === 53 || service === 123 ? 17 : 6;
    const action = random() < 0.93 ? 'ACCEPT' : 'REJECT';
    const base = `123456789012 eni-${hex(own)} ${source} ${destination} ${sourcePort} ${destinationPort} ${protocol} ${packets} ${bytes} ${begin} ${begin + 20 + below(40)} ${action} OK`;
    if (format === 'v2') {
      lines.push(`2 ${base}`);
    } else {
      const flags = protocol === 6 ? [0, 2, 3, 18, 19][below(5)] : 0;
      const instance = own % 5 === 0 ? '-' : `i-${hex(own * 7)}`;
      const aws = isInternal ? '-' : SERVICES[below(SERVICES.length)];
      const services = isIngress ? `${aws} -` : `- ${aws}`;
      const path = isIngress ? '-' : isInternal ? 1 : 8;
      lines.push(
        `5 ${base} vpc-${hex(own >> 8)} subnet-${hex(own >> 6)} ${instance} ${flags} IPv4 ${source} ${destination} us-east-1 use1-az${1 + ((own >> 6) % 3)} - - ${services} ${isIngress ? 'ingress' : 'egress'} ${path}`,
      );
    }
  }
  return gzipSync(`${lines.join('\n')}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tasks: Task[] = JSON.parse(readFileSync(0, 'utf8'));
  for (const task of tasks) {
    mkdirSync(dirname(task.path), { recursive: true });
    writeFileSync(task.path, generateObject(task));
  }
}
