/**
 * The sources that a configuration names, each with the kind of content it is for. One entry of the
 * configuration is one source; its place in the list is its label in the ledger.
 *
 * What needs the AWS SDK is imported where it is needed: the SDK takes half a second to load and warns
 * of old versions of Node, which is nothing to those who read local files.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { readRows } from '../database.ts';
import type { Kind, ObjectHints } from './format.ts';
import type { KindOfSource } from './ingest.ts';
import { parseLogFormat } from './log-format.ts';
import type { Source } from './source.ts';
import { awsClientDefaults } from './sources/aws-call.ts';
import { filesSource } from './sources/files.ts';

/**
 * Opens every source; nothing is listed or called yet. `connection` must have the lake's views: the
 * events that CloudWatch Logs gave before are looked up there. Rejects with FlowproofError
 * CONFIG_INVALID for a format or an S3 URI that cannot be read.
 */
export async function openSources(
  config: Config,
  connection: DuckDBConnection,
  now: () => Date,
): Promise<KindOfSource[]> {
  const { flow_logs, ips_events, inventory } = config.sources;
  return Promise.all([
    // The inventory first: what a run can say of a flow should not depend on when it stopped.
    ...inventory.map(async (entry, index) => {
      const hints: ObjectHints = {
        ...(entry.account_id ? { accountId: entry.account_id } : {}),
        ...(entry.region ? { region: entry.region } : {}),
        ...(entry.taken_at ? { takenAt: new Date(entry.taken_at) } : {}),
      };
      return {
        kind: 'inventory' as const,
        source: await openObjects('inventory', `inventory[${index}]`, entry, config, hints),
      };
    }),
    ...flow_logs.map(async (entry, index) => {
      const label = `flow_logs[${index}]`;
      const fields = entry.format
        ? parseLogFormat(entry.format, `${config.path}: ${label}.format`)
        : undefined;
      const hints: ObjectHints = {
        ...(fields ? { fields } : {}),
        ...(entry.flow_log_id ? { flowLogId: entry.flow_log_id } : {}),
        ...(entry.account_id ? { accountId: entry.account_id } : {}),
        ...(entry.region ? { region: entry.region } : {}),
      };
      const source =
        entry.cloudwatch_logs === undefined
          ? await openObjects('flow_logs', label, entry, config, hints)
          : await openLogGroup(
              label,
              entry.cloudwatch_logs,
              entry.region ?? '',
              fields,
              connection,
              now,
            );
      return { kind: 'flow_logs' as const, source };
    }),
    ...ips_events.map(async (entry, index) => {
      const hints: ObjectHints = entry.utc_offset ? { utcOffset: entry.utc_offset } : {};
      return {
        kind: 'ips_events' as const,
        source: await openObjects('ips_events', `ips_events[${index}]`, entry, config, hints),
      };
    }),
  ]);
}

async function openObjects(
  kind: Kind,
  label: string,
  entry: {
    files?: readonly string[] | undefined;
    s3?: string | undefined;
    region?: string | undefined;
  },
  config: Config,
  hints: ObjectHints,
): Promise<Source> {
  if (entry.s3 !== undefined) {
    const { s3Source } = await import('./sources/s3.ts');
    const isFlowLogs = kind === 'flow_logs';
    return s3Source({ label, uri: entry.s3, region: entry.region ?? '', hints, isFlowLogs });
  }
  return filesSource({ label, patterns: entry.files ?? [], baseFolder: config.folder, hints });
}

async function openLogGroup(
  label: string,
  logGroup: string,
  region: string,
  fields: readonly string[] | undefined,
  connection: DuckDBConnection,
  now: () => Date,
): Promise<Source> {
  const { cloudWatchLogsSource, describeLogGroupFormat, logGroupPlace } = await import(
    './sources/cloudwatch-logs.ts'
  );
  const place = logGroupPlace(region, logGroup);
  return cloudWatchLogsSource({
    label,
    logGroup,
    region,
    ...(fields ? { fields } : {}),
    now,
    describeFormat: async () => {
      const { EC2Client } = await import('@aws-sdk/client-ec2');
      return describeLogGroupFormat(new EC2Client(awsClientDefaults(region)), logGroup);
    },
    seenEventIds: async (from, to) => {
      const rows = await readRows<{ event_id: string }>(
        connection,
        `select event_id from cloudwatch_event
         where log_group = $place and event_date between cast($from_at as date) and cast($to_at as date)`,
        { place, from_at: from.toISOString(), to_at: to.toISOString() },
      );
      return new Set(rows.map((row) => row.event_id));
    },
  });
}
