/** Flow log objects as AWS delivers them to S3: gzip text with a header line, and Parquet. */
import { gzipSync } from 'node:zlib';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { FlowRow } from './flow-row.ts';
import { cdeRows } from './traffic-cde.ts';
import { reportingRows, toolsRows } from './traffic-other.ts';
import {
  ACCOUNT_ID,
  FACTS,
  FLOW_LOGS,
  flowLogPath,
  INTERFACES,
  type Interface,
  PERIOD,
  REGION,
  SUBNETS,
  seconds,
  ZONE_ID,
} from './world.ts';

/** A file of the samples: its path below the folder, and its bytes. */
export type SampleFile = { path: string; bytes: Buffer };

export const CDE_FIELDS =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  );

/** Fields of versions 2 to 5 in an order of their own, as a custom format may have them. */
export const REPORTING_FIELDS =
  'vpc-id subnet-id instance-id interface-id account-id region az-id version type flow-direction traffic-path srcaddr srcport dstaddr dstport pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service protocol tcp-flags packets bytes start end action log-status'.split(
    ' ',
  );

export const TOOLS_FIELDS = [
  ...CDE_FIELDS,
  ...'vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path'.split(
    ' ',
  ),
];

/** Parquet types of the fields that are no text ("Flow log records", Amazon VPC User Guide). */
const PARQUET_TYPES: Readonly<Record<string, 'INTEGER' | 'BIGINT'>> = {
  version: 'INTEGER',
  srcport: 'INTEGER',
  dstport: 'INTEGER',
  protocol: 'INTEGER',
  'tcp-flags': 'INTEGER',
  'traffic-path': 'INTEGER',
  packets: 'BIGINT',
  bytes: 'BIGINT',
  start: 'BIGINT',
  end: 'BIGINT',
};

const byId = new Map<string, Interface>(Object.values(INTERFACES).map((item) => [item.id, item]));

/** The value of a field, `-` where the record has none. */
function fieldValue(row: FlowRow, field: string, version: number): string | number {
  const { traffic } = row;
  const item = byId.get(row.interfaceId);
  const subnet = SUBNETS.find(({ id }) => id === item?.subnetId);
  const values: Readonly<Record<string, string | number | undefined>> = {
    version,
    'account-id': ACCOUNT_ID,
    'interface-id': row.interfaceId,
    srcaddr: traffic?.source,
    dstaddr: traffic?.destination,
    srcport: traffic?.sourcePort,
    dstport: traffic?.destinationPort,
    protocol: traffic?.protocol,
    packets: traffic?.packets,
    bytes: traffic?.bytes,
    start: row.start,
    end: row.end,
    action: traffic?.action,
    'log-status': row.status,
    'vpc-id': subnet?.vpcId,
    'subnet-id': subnet?.id,
    'instance-id': item?.instance?.id,
    'tcp-flags': traffic?.tcpFlags,
    type: traffic && (traffic.source.includes(':') ? 'IPv6' : 'IPv4'),
    'pkt-srcaddr': traffic?.source,
    'pkt-dstaddr': traffic?.destination,
    region: REGION,
    'az-id': ZONE_ID,
    'pkt-src-aws-service': traffic?.sourceService,
    'pkt-dst-aws-service': traffic?.destinationService,
    'flow-direction': traffic?.direction,
    'traffic-path': traffic?.trafficPath,
  };
  return values[field] ?? '-';
}

/**
 * Gzip with the header field "operating system" set to "unknown": zlib fills in the machine's own.
 * The time in the header is 0 already.
 */
export function gzip(text: string): Buffer {
  const bytes = gzipSync(Buffer.from(text), { level: 9 });
  bytes[9] = 255;
  return bytes;
}

const HOUR = 3600;

/** Text files of a flow log, one an hour, by the hour in which `end` falls; none for an empty hour. */
function textFiles(
  flowLogId: string,
  fields: readonly string[],
  version: number,
  rows: readonly FlowRow[],
): { path: string; lines: string[] }[] {
  const files: { path: string; lines: string[] }[] = [];
  for (let hour = seconds(PERIOD.start); hour < seconds(PERIOD.end); hour += HOUR) {
    const lines = rows
      .filter(({ end }) => end >= hour && end < hour + HOUR)
      .map((row) => fields.map((field) => fieldValue(row, field, version)).join(' '));
    if (lines.length === 0) continue;
    files.push({
      path: flowLogPath(flowLogId, hour, 'log.gz'),
      lines: [fields.join(' '), ...lines],
    });
  }
  return files;
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

/** The files of flow log A, with its corrupt line. */
export function cdeFiles(): SampleFile[] {
  return textFiles(FLOW_LOGS.cde, CDE_FIELDS, 2, cdeRows()).map(({ path, lines }) => {
    if (path !== FACTS.corrupt_line.path) return { path, bytes: gzip(textOf(lines)) };
    const index = FACTS.corrupt_line.lineNumber - 1;
    const tokens = (lines[index] ?? '').split(' ');
    tokens[CDE_FIELDS.indexOf(FACTS.corrupt_line.field)] = FACTS.corrupt_line.value;
    const withCorrupt = [...lines.slice(0, index), tokens.join(' '), ...lines.slice(index)];
    return { path, bytes: gzip(textOf(withCorrupt)) };
  });
}

/** The files of flow log B, one of them cut in the middle of its bytes. */
export function reportingFiles(): SampleFile[] {
  return textFiles(FLOW_LOGS.reporting, REPORTING_FIELDS, 5, reportingRows()).map(
    ({ path, lines }) => {
      const bytes = gzip(textOf(lines));
      const isCut = path === FACTS.truncated_gzip.path;
      return { path, bytes: isCut ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes };
    },
  );
}

const HALF_DAY = 12 * HOUR;

/** Writes the Parquet files of flow log C, one for each half day, by `target` (path to file name). */
export async function writeToolsFiles(target: (path: string) => string): Promise<string[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const rows = toolsRows();
  const paths: string[] = [];
  try {
    for (let time = seconds(PERIOD.start); time < seconds(PERIOD.end); time += HALF_DAY) {
      const path = flowLogPath(FLOW_LOGS.tools, time, 'log.parquet');
      const part = rows.filter(({ end }) => end >= time && end < time + HALF_DAY);
      await writeParquet(connection, part, target(path));
      paths.push(path);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return paths;
}

async function writeParquet(
  connection: DuckDBConnection,
  rows: readonly FlowRow[],
  file: string,
): Promise<void> {
  const columns = TOOLS_FIELDS.map(
    (field) => `"${field.replaceAll('-', '_')}" ${PARQUET_TYPES[field] ?? 'VARCHAR'}`,
  );
  await connection.run(`create or replace table record (${columns.join(', ')})`);
  const appender = await connection.createAppender('record');
  for (const row of rows) {
    for (const field of TOOLS_FIELDS) {
      const value = fieldValue(row, field, 5);
      const type = PARQUET_TYPES[field];
      // Missing texts are "-" in AWS's Parquet files, missing numbers are null.
      if (type === undefined) appender.appendVarchar(String(value));
      else if (typeof value !== 'number') appender.appendNull();
      else if (type === 'INTEGER') appender.appendInteger(value);
      else appender.appendBigInt(BigInt(value));
    }
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(
    `copy record to '${file.replaceAll("'", "''")}' (format parquet, compression gzip)`,
  );
}
