/**
 * Whether the flow logs that there are suffice: what each records and lacks of the six details, where it
 * delivers, and which networks in scope none records. What decides stands in SQL (`queries/setup/`).
 */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { readRows } from '../database.ts';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { type Check, shellWord } from './check.ts';
import { createNetworkTables, type NetworkInputs } from './current-network.ts';
import { withoutEndSlashes } from './end-slashes.ts';
import { checkCoverage } from './flow-log-coverage.ts';

export type FlowLogDetail = {
  /** One of the six details of 10.2.2, as `detail.sql` names it. */
  element: string;
  status: string;
  code: string;
  reason: string;
  /** Fields that the format would have to have. */
  missing_fields: string[];
};

export type FlowLogFinding = {
  flow_log_id: string;
  account_id: string | null;
  region: string | null;
  resource_id: string | null;
  traffic_type: string | null;
  log_format: string | null;
  aggregation_seconds: number | null;
  destination_type: string | null;
  destination: string | null;
  delivery_status: string | null;
  delivery_error: string | null;
  /** describe (EC2 API or saved), config_…, or header: the first line of an object. */
  known_by: string[];
  /** Until when it is known to have been so: now, or the newest inventory of the lake. */
  known_until: string;
  details: FlowLogDetail[];
  /** What creates one that suffices; null if this one does. */
  create_command: string | null;
  delete_command: string | null;
};

type Row = Omit<
  FlowLogFinding,
  | 'known_until'
  | 'destination_type'
  | 'delivery_status'
  | 'delivery_error'
  | 'details'
  | 'delete_command'
> & {
  log_destination_type: string | null;
  deliver_logs_status: string | null;
  deliver_logs_error: string | null;
  known_until: Date;
  element: string | null;
  status: string;
  code: string;
  reason: string;
  remedy: string | null;
  needs_flow_log: boolean;
  lacking_fields: string | null;
  create_command: string;
};

const REPLACING =
  'A flow log cannot be changed. Create one beside it, delete this one once records of the new one have arrived ' +
  '(a flow that both recorded counts once):';

type Inputs = NetworkInputs & { config: Pick<Config, 'scope' | 'sources'> };

export type FlowLogChecks = { checks: Check[]; flowLogs: FlowLogFinding[] };

/** Needs the views of the lake on the connection. */
export async function checkFlowLogs(
  connection: DuckDBConnection,
  inputs: Inputs,
): Promise<FlowLogChecks> {
  await createNetworkTables(connection, inputs);
  const { text } = readQueryFile('setup', join(QUERIES_ROOT, 'setup', 'flow_log_detail.sql'));
  const rows = await readRows<Row>(connection, text);
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.account_id} ${row.region} ${row.flow_log_id}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const judged = [...groups.values()].map((group) => judge(group, inputs));
  const checks = judged.map(({ check }) => check);
  if (judged.length === 0) checks.push(noFlowLogs(inputs));
  return {
    checks: [...checks, ...(await checkCoverage(connection, inputs.config))],
    flowLogs: judged.map(({ finding }) => finding),
  };
}

function noFlowLogs({ described }: NetworkInputs): Check {
  const about = { check: 'flow_log', subject: '' };
  const asked = described.filter(({ failure }) => failure === undefined);
  return asked.length === 0
    ? {
        ...about,
        verdict: 'not_checked',
        found:
          'neither the EC2 API nor an inventory of the lake nor the header of an object tells what the flow logs record',
        fix: 'Add to `inventory:` of the configuration: - ec2: [REGION]',
      }
    : {
        ...about,
        verdict: 'problem',
        found: `no flow log in ${asked.map(({ accountId, region }) => `${accountId} ${region}`).join(', ')}`,
        fix: 'Create one with the command under the networks in scope, or correct the Regions of the configuration.',
      };
}

function judge(
  rows: readonly Row[],
  { config, now }: Inputs,
): { check: Check; finding: FlowLogFinding } {
  const [row] = rows as [Row];
  const isNeeded = rows.some(({ needs_flow_log: needs }) => needs);
  const hasId = /^fl-[0-9a-f]+$/.test(row.flow_log_id);
  const region = row.region ?? '';
  const inRegion = region === '' ? '' : ` --region ${shellWord(region)}`;
  const create = isNeeded ? `${row.create_command}${inRegion}` : null;
  const remove =
    isNeeded && hasId
      ? `aws ec2 delete-flow-logs --flow-log-ids ${row.flow_log_id}${inRegion}`
      : null;
  const details = rows
    .filter(({ element }) => element !== null)
    .map(({ element, status, code, reason, lacking_fields: fields }) => ({
      element: element ?? '',
      status,
      code,
      reason,
      missing_fields: fields === null ? [] : fields.split(', '),
    }));
  const finding: FlowLogFinding = {
    flow_log_id: row.flow_log_id,
    account_id: row.account_id,
    region: row.region,
    resource_id: row.resource_id,
    traffic_type: row.traffic_type,
    log_format: row.log_format === '' ? null : row.log_format,
    aggregation_seconds: row.aggregation_seconds,
    destination_type: row.log_destination_type,
    destination: row.destination,
    delivery_status: row.deliver_logs_status,
    delivery_error: row.deliver_logs_error,
    known_by: row.known_by,
    known_until: `${row.known_until.toISOString().slice(0, 19)}Z`,
    details,
    create_command: create,
    delete_command: remove,
  };
  const isOld = row.known_until.getTime() < now().getTime() - FRESH;
  return { check: checkOf(finding, config, isOld), finding };
}

/** What was asked for within this time was asked for now, in milliseconds. */
const FRESH = 3_600_000;

function checkOf(finding: FlowLogFinding, config: Pick<Config, 'sources'>, isOld: boolean): Check {
  const { flow_log_id: id, create_command: create, delete_command: remove } = finding;
  const place = [finding.account_id, finding.region].filter(Boolean).join(' ');
  const about = { check: 'flow_log', subject: `${id}${place === '' ? '' : ` (${place})`}` };
  const missing = [...new Set(finding.details.flatMap((one) => one.missing_fields))].sort();
  const told = [
    finding.resource_id ?? 'of an unknown network',
    `traffic ${finding.traffic_type ?? 'unknown'}${finding.traffic_type && finding.traffic_type !== 'ALL' ? ', not ALL' : ''}`,
    finding.log_format === null
      ? 'format unknown'
      : missing.length > 0
        ? `its format lacks ${missing.join(', ')}`
        : 'its format has every field that 10.2.2 draws on',
    `aggregated over ${finding.aggregation_seconds === null ? 'an unknown time' : `${finding.aggregation_seconds} seconds`}`,
    `delivers to ${finding.destination ?? 'an unknown place'}`,
    `delivery ${finding.delivery_status ?? 'unknown'}`,
    ...(isOld ? [`as the lake knew it at ${finding.known_until}`] : []),
  ].join('; ');
  const fixes = [
    ...(create === null ? [] : [REPLACING, create, ...(remove === null ? [] : [remove])]),
  ];
  if (finding.delivery_status === 'FAILED') {
    const region = finding.region === null ? '' : ` --region ${shellWord(finding.region)}`;
    return {
      ...about,
      verdict: 'problem',
      found: `${told} (${finding.delivery_error ?? 'no error stated'})`,
      fix: [
        'Let delivery.logs.amazonaws.com, or the role of the flow log, write to the destination, then look again:',
        `aws ec2 describe-flow-logs --flow-log-ids ${shellWord(id)}${region}`,
        ...fixes,
      ].join('\n'),
    };
  }
  const unread = unreadBy(finding, config);
  if (unread !== undefined) fixes.unshift(unread);
  const found = unread === undefined ? told : `${told}; no entry of \`flow_logs:\` reads that`;
  const isWarning = fixes.length > 0 || finding.log_format === null;
  return {
    ...about,
    verdict: isWarning ? 'warning' : 'ok',
    found,
    ...(fixes.length > 0 ? { fix: fixes.join('\n') } : {}),
  };
}

/** The line that would read a destination that no entry does; undefined if one does, or nobody can tell. */
function unreadBy(finding: FlowLogFinding, config: Pick<Config, 'sources'>): string | undefined {
  const { destination, destination_type: type, region } = finding;
  const entries = config.sources.flow_logs;
  // Files may be copies of anything.
  if (destination === null || entries.some(({ files }) => files !== undefined)) return undefined;
  if (type === 'cloud-watch-logs') {
    const group = /:log-group:([^:*]+)/.exec(destination)?.[1] ?? destination;
    return entries.some((entry) => entry.cloudwatch_logs === group)
      ? undefined
      : `Add to \`flow_logs:\` of the configuration: - { cloudwatch_logs: ${JSON.stringify(group)}, region: ${region ?? 'REGION'} }`;
  }
  if (type !== 's3') return undefined;
  const uri = `s3://${withoutEndSlashes(destination.replace(/^arn:[a-z-]+:s3:::/, ''))}/AWSLogs/`;
  const isRead = entries.some(({ s3 }) => {
    if (s3 === undefined) return false;
    const entry = s3.includes('/', 5) ? s3 : `${s3}/`;
    return uri.startsWith(entry) || entry.startsWith(uri) || `${entry}/` === uri;
  });
  return isRead
    ? undefined
    : `Add to \`flow_logs:\` of the configuration: - { s3: ${JSON.stringify(uri)}, region: ${region ?? 'REGION'} }`;
}
