/**
 * The sources that a configuration names, each with the kind of content it is for. One entry of the
 * configuration is one source; its place in the list is its label in the ledger.
 *
 * What needs the AWS SDK is imported where it is needed: the SDK takes half a second to load and warns
 * of old versions of Node, which is nothing to those who read local files.
 */
import type { Readable } from 'node:stream';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import type { InventorySourceConfig } from '../config-schema.ts';
import type { Kind, ObjectHints } from './format.ts';
import type { KindOfSource } from './ingest.ts';
import { withoutOtherObjects } from './inventory-path.ts';
import { readKnownContents } from './known-contents.ts';
import { parseLogFormat } from './log-format.ts';
import { groupMemory, interfacePlaces, withGoneFlowLogs } from './log-group-memory.ts';
import { LOG_TREES } from './log-tree.ts';
import type { Source } from './source.ts';
import { awsClientDefaults, pause } from './sources/aws-call.ts';
import { filesSource } from './sources/files.ts';
import { createPace, type Pace } from './sources/pace.ts';
import { accountOfRole } from './sources/role-arn.ts';

/** An entry of any source list; which keys go together is the configuration's business. */
type Entry = {
  files?: readonly string[] | undefined;
  s3?: string | undefined;
  cloudwatch_logs?: string | undefined;
  region?: string | undefined;
  role_arn?: string | undefined;
  external_id?: string | undefined;
  requester_pays?: boolean | undefined;
  look_back_hours?: number | undefined;
};

/** What all sources of a run share. */
type Surroundings = {
  config: Config;
  connection: DuckDBConnection;
  now: () => Date;
  stdin: Readable;
  asOf: Date | undefined;
  /** The pace of an account and Region. */
  paceOf(accountId: string | undefined, region: string, perSecond: number): Pace;
};

const DEFAULT_LOOK_BACK_HOURS = 24;

/**
 * Opens every source; nothing is listed or called yet. `connection` must have the lake's views: the
 * events that CloudWatch Logs gave before are looked up there. With `asOf`, a past moment, the EC2 API,
 * which only knows the present, is not asked, and log groups are read up to it. Rejects with
 * FlowproofError CONFIG_INVALID for a format or an S3 URI that cannot be read.
 */
export async function openSources(
  config: Config,
  connection: DuckDBConnection,
  now: () => Date,
  { stdin = process.stdin, asOf }: { stdin?: Readable; asOf?: Date | undefined } = {},
): Promise<KindOfSource[]> {
  const { flow_logs, ips_events, inventory } = config.sources;
  const around = { config, connection, now, stdin, asOf, paceOf: createPaces() };
  return Promise.all([
    // The inventory first: what a run can say of a flow should not depend on when it stopped.
    ...inventory.map((entry, index) =>
      openInventory(`inventory[${index}]`, entry, around, {
        ...(entry.account_id ? { accountId: entry.account_id } : {}),
        ...(entry.region ? { region: entry.region } : {}),
        ...(entry.taken_at ? { takenAt: new Date(entry.taken_at) } : {}),
      }),
    ),
    ...flow_logs.map(async (entry, index) => {
      const label = `flow_logs[${index}]`;
      const fields = entry.format
        ? parseLogFormat(entry.format, `${config.path}: ${label}.format`)
        : undefined;
      return openSource('flow_logs', label, entry, around, {
        ...(fields ? { fields } : {}),
        ...(entry.flow_log_id ? { flowLogId: entry.flow_log_id } : {}),
        ...(entry.account_id ? { accountId: entry.account_id } : {}),
        ...(entry.region ? { region: entry.region } : {}),
      });
    }),
    ...ips_events.map((entry, index) =>
      openSource('ips_events', `ips_events[${index}]`, entry, around, {
        ...(entry.utc_offset ? { utcOffset: entry.utc_offset } : {}),
      }),
    ),
  ]);
}

function createPaces(): Surroundings['paceOf'] {
  const paces = new Map<string, Pace>();
  return (accountId, region, perSecond) => {
    // Roles of one's own account, and no role, cannot be told apart: the lower pace is safe.
    const key = `${accountId ?? 'own'} ${region}`;
    const pace = paces.get(key) ?? createPace(perSecond, pause);
    paces.set(key, pace);
    return pace;
  };
}

async function openInventory(
  label: string,
  entry: InventorySourceConfig,
  around: Surroundings,
  hints: ObjectHints,
): Promise<KindOfSource> {
  if (entry.ec2 && around.asOf) {
    return { kind: 'inventory', source: { label, place: 'ec2', async *list() {} } };
  }
  if (entry.ec2) {
    const source = await openEc2(label, entry.ec2, entry, around.connection, around.now);
    return { kind: 'inventory', source };
  }
  const { role_arn: role, ...others } = entry;
  const roleArn = Array.isArray(role) ? role[0] : role;
  const opened = await openSource(
    'inventory',
    label,
    { ...others, role_arn: roleArn },
    around,
    hints,
  );
  // A listing of S3 leaves them out by itself, folder by folder (`LOG_TREES`).
  return entry.files ? { ...opened, source: withoutOtherObjects(opened.source) } : opened;
}

async function openSource(
  kind: Kind,
  label: string,
  entry: Entry,
  around: Surroundings,
  entryHints: ObjectHints,
): Promise<KindOfSource> {
  const hints = { ...entryHints, maxExpansion: around.config.limits.max_expansion };
  if (entry.cloudwatch_logs !== undefined) {
    const source = await openLogGroup(kind, label, entry.cloudwatch_logs, entry, around, hints);
    return { kind, source };
  }
  if (entry.s3 !== undefined) {
    const { s3Source } = await import('./sources/s3.ts');
    const { region, ...others } = hints;
    const source = s3Source({
      label,
      uri: entry.s3,
      region: entry.region ?? '',
      hints: others,
      // The Region of the entry is the bucket's.
      ...(region === undefined ? {} : { fallback: { region } }),
      tree: LOG_TREES[kind],
      isRequesterPays: entry.requester_pays ?? false,
      ...(await assumeRoleOf(entry)),
    });
    return { kind, source };
  }
  const { config, stdin, now } = around;
  const patterns = entry.files ?? [];
  return {
    kind,
    source: filesSource({ label, patterns, baseFolder: config.folder, hints, stdin, now }),
  };
}

/** Credentials of the role that an entry names; none where it names none. */
export async function assumeRoleOf(entry: Pick<Entry, 'role_arn' | 'external_id' | 'region'>) {
  if (entry.role_arn === undefined) return {};
  const { assumedRole } = await import('./sources/aws-credentials.ts');
  const credentials = assumedRole({
    roleArn: entry.role_arn,
    region: entry.region ?? '',
    ...(entry.external_id === undefined ? {} : { externalId: entry.external_id }),
  });
  return { credentials };
}

async function openEc2(
  label: string,
  regions: readonly string[],
  entry: InventorySourceConfig,
  connection: DuckDBConnection,
  now: () => Date,
): Promise<Source> {
  const { ec2Source } = await import('./sources/ec2.ts');
  const { role_arn: role, external_id: externalId, account_id: accountId } = entry;
  return ec2Source({
    label,
    regions,
    ...(role === undefined ? {} : { roleArns: Array.isArray(role) ? role : [role] }),
    ...(externalId === undefined ? {} : { externalId }),
    ...(accountId === undefined ? {} : { accountId }),
    knownContents: (series) => readKnownContents(connection, series),
    now,
  });
}

async function openLogGroup(
  kind: Kind,
  label: string,
  logGroup: string,
  entry: Entry,
  around: Surroundings,
  hints: ObjectHints,
): Promise<Source> {
  const { connection, now, paceOf } = around;
  const { cloudWatchLogsSource, logGroupPlace, REQUESTS_PER_SECOND } = await import(
    './sources/cloudwatch-logs.ts'
  );
  const region = entry.region ?? '';
  const accountId = accountOfRole(entry.role_arn);
  const place = logGroupPlace(region, logGroup, accountId);
  const credentials = await assumeRoleOf(entry);
  return cloudWatchLogsSource({
    label,
    logGroup,
    region,
    ...(accountId === undefined ? {} : { accountId }),
    hints,
    now: () => around.asOf ?? now(),
    lookBackHours: entry.look_back_hours ?? DEFAULT_LOOK_BACK_HOURS,
    pace: paceOf(accountId, region, REQUESTS_PER_SECOND),
    memory: groupMemory(connection, place),
    ...credentials,
    ...(kind === 'flow_logs'
      ? {
          flowLogs: async () => {
            const [{ EC2Client }, { describeGroupFlowLogs }] = await Promise.all([
              import('@aws-sdk/client-ec2'),
              import('./sources/log-group-format.ts'),
            ]);
            const client = new EC2Client({ ...awsClientDefaults(region), ...credentials });
            const current = await describeGroupFlowLogs(client, logGroup);
            const names = { place, logGroup, region, accountId };
            return withGoneFlowLogs(connection, names, current, now());
          },
          interfacePlaces: () => interfacePlaces(connection),
        }
      : {}),
  });
}
