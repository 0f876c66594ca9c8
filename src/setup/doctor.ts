/**
 * `flowproof doctor`: whether a run would work, and whether what AWS logs suffices. This folder owns what
 * comes before the first run: these checks, and a first configuration (`init.ts`). It asks, and changes
 * nothing, here or in AWS.
 */
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { openDatabase } from '../database.ts';
import { messageOf } from '../errors.ts';
import { readFlowLogPath } from '../ingest/flow-log-path.ts';
import { accountOfRole } from '../ingest/sources/role-arn.ts';
import { createLakeViews } from '../lake.ts';
import type { AwsOutcome } from './aws-checks.ts';
import type { AwsClients } from './aws-clients.ts';
import { awsNeedsOf, type Need, type Place, placesOf, placeText } from './aws-needs.ts';
import { failureText, type Sleep } from './aws-probe.ts';
import { type Check, exitCodeOf } from './check.ts';
import { checkConfig, checkFiles, checkPacks, type LocalFiles } from './config-check.ts';
import type { SeenFlowLog } from './current-network.ts';
import type { DescribedPlace } from './describe-place.ts';
import { checkDisk } from './disk.ts';
import { checkEngine } from './engine-check.ts';
import { checkFlowLogs, type FlowLogFinding } from './flow-log-check.ts';
import { checkReading } from './lake-reading.ts';
import { checkFolders, checkLock, checkNode } from './machine.ts';
import { headerFields } from './object-head.ts';

export type DoctorResult = {
  config: string;
  checks: readonly Check[];
  flowLogs: readonly FlowLogFinding[];
  exitCode: number;
};

export type DoctorOptions = {
  configPath: string;
  now?: () => Date;
  sleep?: Sleep;
  /** Of each call to AWS. */
  timeoutMilliseconds?: number;
  nodeVersion?: string;
  tempFolder?: string;
  freeBytes?: (folder: string) => Promise<number>;
};

const pause: Sleep = async (milliseconds) => {
  await wait(milliseconds);
};

/** Makes every check that can be made; what cannot says why. Throws only what is a mistake of flowproof. */
export async function doctor(options: DoctorOptions): Promise<DoctorResult> {
  const { configPath, now = () => new Date(), nodeVersion, tempFolder } = options;
  const checks: Check[] = [checkNode(nodeVersion)];
  const { check, config } = checkConfig(configPath);
  checks.push(check);
  let flowLogs: readonly FlowLogFinding[] = [];
  if (config) {
    checks.push(...(await checkPacks(config)));
    checks.push(...(await checkFolders(config, tempFolder)), await checkLock(config.lake));
    checks.push(...(await checkReading(config.lake)), ...(await checkEngine(config)));
    const about = await checkSources(config, { ...options, now });
    checks.push(...about.checks);
    flowLogs = about.flowLogs;
  }
  return { config: configPath, checks, flowLogs, exitCode: exitCodeOf(checks) };
}

type Found = { checks: Check[]; flowLogs: readonly FlowLogFinding[] };

async function checkSources(
  config: Config,
  options: DoctorOptions & { now: () => Date },
): Promise<Found> {
  const { now, freeBytes } = options;
  const database = await openDatabase();
  const { connection } = database;
  try {
    const checks: Check[] = [];
    try {
      await createLakeViews(connection, config.lake);
    } catch (thrown) {
      const found = `the lake cannot be read (${messageOf(thrown).split('\n', 1)[0]})`;
      const fix = `Restore ${config.lake}, or name a new folder as \`lake:\` and run again: the originals are read anew.`;
      return {
        checks: [{ check: 'lake', subject: config.lake, verdict: 'problem', found, fix }],
        flowLogs: [],
      };
    }
    const files = await checkFiles(config, connection);
    checks.push(...files.checks);
    const room = freeBytes === undefined ? {} : { freeBytes };
    checks.push(await checkDisk({ config, connection, files: files.amounts, now, ...room }));
    const aws = await askAws(config, options);
    checks.push(...aws.checks);
    const seen = [...aws.seen, ...(await seenInFiles(config, files))];
    const about = await checkFlowLogs(connection, {
      described: aws.described,
      seen,
      config,
      now,
    });
    return { checks: [...checks, ...about.checks], flowLogs: about.flowLogs };
  } finally {
    database.close();
  }
}

type AskedAws = { checks: Check[]; described: DescribedPlace[]; seen: SeenFlowLog[] };

async function askAws(
  config: Config,
  options: DoctorOptions & { now: () => Date },
): Promise<AskedAws> {
  const needs = awsNeedsOf(config);
  const { now, sleep = pause, timeoutMilliseconds } = options;
  if (needs.length === 0) {
    const found = 'the configuration reads local files only, so AWS was not asked';
    const subjects = ['clock', 'credentials'];
    const checks = subjects.map(
      (check): Check => ({ check, subject: '', verdict: 'not_checked', found }),
    );
    return { checks, described: [], seen: [] };
  }
  // The SDK takes half a second to load, which is nothing to those who read local files.
  const [{ createAwsClients }, { checkAws }] = await Promise.all([
    import('./aws-clients.ts'),
    import('./aws-checks.ts'),
  ]);
  const clients = createAwsClients({
    now,
    ...(timeoutMilliseconds === undefined ? {} : { timeoutMilliseconds }),
  });
  const aws = await checkAws(needs, clients, sleep);
  const described = await describePlaces(needs, clients, aws, sleep);
  return {
    checks: [...aws.checks, ...described.checks],
    described: described.places,
    seen: seenInBuckets(needs, aws),
  };
}

/** Asks for flow logs and interfaces; where that may not be asked, it is no problem: nothing needs it. */
async function describePlaces(
  needs: readonly Need[],
  clients: AwsClients,
  aws: AwsOutcome,
  sleep: Sleep,
): Promise<{ checks: Check[]; places: DescribedPlace[] }> {
  const [{ describePlace }, { createTurnstile }] = await Promise.all([
    import('./describe-place.ts'),
    import('../ingest/sources/s3-download.ts'),
  ]);
  const takeTurn = createTurnstile(PLACES_AT_ONCE);
  const answers = await Promise.all(
    placesOf(needs).map((place) =>
      takeTurn(async () => ({
        place,
        answer: await describe(place, clients, aws, sleep, describePlace),
      })),
    ),
  );
  const checks = answers.flatMap(({ place, answer }): Check[] => {
    const why =
      typeof answer === 'string'
        ? answer
        : answer.failure && failureText('DescribeFlowLogs', answer.failure);
    if (why === undefined) return [];
    const subject = placeText(place, aws.accountId);
    const found = `${why}; what the lake or the newest object tells is judged instead`;
    return [{ check: 'flow_log', subject, verdict: 'not_checked', found }];
  });
  const places = answers.flatMap(({ answer }) => (typeof answer === 'string' ? [] : [answer]));
  return { checks, places };
}

const PLACES_AT_ONCE = 4;

async function describe(
  place: Place,
  clients: AwsClients,
  aws: AwsOutcome,
  sleep: Sleep,
  describePlace: typeof import('./describe-place.ts')['describePlace'],
): Promise<DescribedPlace | string> {
  const refusal = aws.refusalOf(place.identity);
  if (refusal !== undefined) return refusal;
  const accountId = accountOfRole(place.identity?.roleArn) ?? aws.accountId ?? '';
  const client = await clients.ec2(place.region, place.identity);
  return describePlace(client, { accountId, region: place.region }, sleep);
}

function seenInBuckets(needs: readonly Need[], { heads }: AwsOutcome): SeenFlowLog[] {
  return heads.flatMap(({ source, key, uri, head }) => {
    const need = needs.find((one) => one.source === source);
    return asSeen(key, uri, head, need?.region);
  });
}

/** A header of a file is far shorter. */
const HEAD_BYTES = 65_536;

async function seenInFiles(config: Config, { newest }: LocalFiles): Promise<SeenFlowLog[]> {
  const seen: SeenFlowLog[] = [];
  for (const { source, file } of newest) {
    const entry = config.sources.flow_logs[Number(/\d+/.exec(source)?.[0])];
    const path = (await file.fetch('')) ?? '';
    const head = await readHead(path).catch(() => Buffer.alloc(0));
    seen.push(...asSeen(file.uri, file.uri, head, entry?.region));
  }
  return seen;
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function asSeen(
  path: string,
  uri: string,
  head: Buffer,
  region: string | undefined,
): SeenFlowLog[] {
  const fields = headerFields(head);
  if (fields === undefined) return [];
  const said = readFlowLogPath(path);
  return [
    {
      flowLogId: said.flowLogId ?? `header of ${uri}`,
      accountId: said.accountId ?? '',
      region: said.region ?? region ?? '',
      fields,
    },
  ];
}
