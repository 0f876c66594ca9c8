/** `flowproof init`: a first configuration, by asking AWS what there is. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseConfig } from '../config.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import type { AwsFacts } from './ask-aws.ts';
import type { Sleep } from './aws-probe.ts';
import { firstConfigText } from './first-config.ts';

export type InitOptions = {
  /** The file to write. */
  path: string;
  /** Regions to ask; that of the SDK's settings if none. */
  regions: readonly string[];
  /** Patterns of local files; with them AWS is asked only if a Region is named. */
  files: readonly string[];
  /** `key=value`. */
  scopeTag?: string | undefined;
  vpcs: readonly string[];
  /** `2026-10`, or `2026-10-01/2026-11-01`; the last full month if absent. */
  period?: string | undefined;
  isForced: boolean;
  now?: () => Date;
  sleep?: Sleep;
  timeoutMilliseconds?: number;
};

export type InitResult = { path: string; text: string; facts: AwsFacts | undefined };

const pause: Sleep = async (milliseconds) => {
  await wait(milliseconds);
};

/**
 * Writes the file, which only its owner can read. Throws USAGE for a file that exists (unless forced) and
 * for options that cannot be read; what AWS does not answer stands in the file as a comment.
 */
export async function init(options: InitOptions): Promise<InitResult> {
  const { path, files, vpcs, now = () => new Date() } = options;
  const scopeTag = options.scopeTag === undefined ? undefined : readTag(options.scopeTag);
  const period = options.period === undefined ? lastMonth(now()) : readPeriod(options.period);
  for (const region of options.regions) checkRegion(region);
  for (const vpc of vpcs) checkVpc(vpc);
  const facts =
    files.length > 0 && options.regions.length === 0 ? undefined : await ask(options, now);
  const text = firstConfigText({ facts, files, scopeTag, vpcs, period });
  parseConfig(text, path);
  await write(path, text, options.isForced);
  return { path, text, facts };
}

async function ask(options: InitOptions, now: () => Date): Promise<AwsFacts> {
  const { sleep = pause, timeoutMilliseconds } = options;
  const [{ createAwsClients }, { askAws }] = await Promise.all([
    import('./aws-clients.ts'),
    import('./ask-aws.ts'),
  ]);
  const regions = options.regions.length > 0 ? options.regions : await defaultRegions();
  if (regions.length === 0) {
    const why = 'AWS was not asked: no Region; use --region, or set AWS_REGION';
    return { regions, destinations: [], vpcs: undefined, unasked: [why] };
  }
  const clients = createAwsClients({
    now,
    ...(timeoutMilliseconds === undefined ? {} : { timeoutMilliseconds }),
  });
  return askAws([...new Set(regions)], clients, sleep);
}

/** The Region of the environment or the profile, as the SDK finds it; none if there is none. */
async function defaultRegions(): Promise<string[]> {
  const { EC2Client } = await import('@aws-sdk/client-ec2');
  const region = await new EC2Client({}).config.region().catch(() => '');
  return /^[a-z]{2}(-[a-z]+)+-\d$/.test(region) ? [region] : [];
}

async function write(path: string, text: string, isForced: boolean): Promise<void> {
  try {
    if (!isForced) {
      await writeFile(path, text, { flag: 'wx', mode: 0o600 });
      return;
    }
    const beside = `${path}.${randomUUID()}`;
    try {
      await writeFile(beside, text, { flag: 'wx', mode: 0o600 });
      await rename(beside, path);
    } finally {
      await rm(beside, { force: true });
    }
  } catch (thrown) {
    const exists = (thrown as NodeJS.ErrnoException).code === 'EEXIST';
    throw new FlowproofError('USAGE', {
      place: path,
      problem: exists
        ? 'it exists, and would be overwritten'
        : `it cannot be written (${messageOf(thrown)})`,
      remedy: exists
        ? 'Name another file with --config, or overwrite it with --force.'
        : 'Name a file in a folder that you may write to, with --config.',
      cause: thrown,
    });
  }
}

function usage(option: string, value: string, remedy: string): never {
  throw new FlowproofError('USAGE', {
    place: `flowproof init ${option}`,
    problem: `${JSON.stringify(value)} cannot be read`,
    remedy,
  });
}

function readTag(text: string): { key: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) usage('--scope-tag', text, 'Write key and value: --scope-tag pci=true');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

function checkRegion(region: string): void {
  if (/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) return;
  usage('--region', region, 'Name an AWS Region: --region us-east-1');
}

function checkVpc(vpc: string): void {
  if (/^vpc-[0-9a-f]+$/.test(vpc)) return;
  usage('--vpc', vpc, 'Name a VPC: --vpc vpc-0123456789abcdef0');
}

function readPeriod(text: string): { start: string; end: string } {
  const month = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
  if (month) return monthOf(Number(month[1]), Number(month[2]) - 1);
  const [, start, end] = /^(\d{4}-\d{2}-\d{2})\/(\d{4}-\d{2}-\d{2})$/.exec(text) ?? [];
  const areDays = [start, end].every(
    (day) => day !== undefined && toDay(new Date(`${day}T00:00Z`)) === day,
  );
  if (start !== undefined && end !== undefined && areDays && start < end) return { start, end };
  return usage(
    '--period',
    text,
    'Name a month, or two days with the end excluded: --period 2026-10, or --period 2026-10-01/2026-11-01',
  );
}

function lastMonth(now: Date): { start: string; end: string } {
  return monthOf(now.getUTCFullYear(), now.getUTCMonth() - 1);
}

/** The month, from 0; -1 is December of the year before. */
function monthOf(year: number, month: number): { start: string; end: string } {
  return {
    start: toDay(new Date(Date.UTC(year, month, 1))),
    end: toDay(new Date(Date.UTC(year, month + 1, 1))),
  };
}

/** The day in UTC; an empty text for no time. */
function toDay(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, 10);
}
