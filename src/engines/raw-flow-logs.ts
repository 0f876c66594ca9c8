/**
 * Flow logs as AWS delivers them to S3, for Athena to read in place: a table for each flow log, by its own format, and
 * one view with the columns of `flow`, as far as a raw record has them.
 * source: "Flow log files" and "Publish flow logs to Amazon S3", Amazon VPC User Guide (prefixes, names of files, Parquet);
 * "Partition projection" and "Query Amazon VPC flow logs", Amazon Athena User Guide
 */
import { FLOW_LOG_FIELDS, type FlowLogField, findFlowLogField } from '../flow-log-fields.ts';
import { findTable, quoteName, quoteText } from '../tables.ts';
import { trinoType } from './table-dialects.ts';

/** A row of `queries/setup/s3_flow_log.sql`. */
export type S3FlowLog = {
  flow_log_id: string;
  account_id: string;
  region: string;
  /** ARN of a bucket, with a prefix perhaps. */
  log_destination: string;
  /** As AWS writes it: `${version} ${account-id} …` */
  log_format: string;
  /** Day of its creation, `2026-11-01`: there is nothing before. */
  created_on: string | null;
  file_format: string;
  is_hive_compatible: boolean;
  is_per_hour: boolean;
};

export const RAW_VIEW = 'raw_flow';

/** Columns that the ledger gives, and no raw record has. */
const OF_THE_LEDGER = ['object_id', 'line_number', 'extra'];

const HIVE_TYPES: Record<FlowLogField['type'], string> = {
  text: 'string',
  address: 'string',
  integer: 'int',
  bigint: 'bigint',
  seconds: 'bigint',
};

/** The statements for Athena: a table for each flow log, and the view of them all; none without flow logs. */
export function rawStatements(flowLogs: readonly S3FlowLog[]): string[] {
  if (flowLogs.length === 0) return [];
  return [...flowLogs.map(rawTable), rawView(flowLogs)];
}

export function rawTableName({ flow_log_id }: S3FlowLog): string {
  return `raw_${flow_log_id.replaceAll(/[^a-z0-9]/g, '_')}`;
}

/** Names of the fields in the order of the format. */
function fieldsOf({ log_format }: S3FlowLog): string[] {
  return [...log_format.matchAll(/\$\{([a-z0-9-]+)\}/g)].map((match) => match[1] ?? '');
}

const columnName = (field: string): string => field.replaceAll('-', '_');

/** Columns of the table, with their types in Hive's words; what this version does not know is text. */
export function rawColumns(flowLog: S3FlowLog): { name: string; type: string }[] {
  return fieldsOf(flowLog).map((field) => ({
    name: columnName(field),
    type: HIVE_TYPES[findFlowLogField(field)?.type ?? 'text'],
  }));
}

/** `s3://bucket/prefix/AWSLogs/<account>/vpcflowlogs/<Region>`, or its form with the names of Hive. */
function folderOf(flowLog: S3FlowLog): string {
  const { account_id, region, log_destination, is_hive_compatible } = flowLog;
  const place = log_destination.replace(/^arn:[a-z-]+:s3:::/, '').replace(/\/$/, '');
  // A destination may end in AWSLogs by itself, which is then not written twice.
  const root = place.endsWith('/AWSLogs') ? place : `${place}/AWSLogs`;
  return is_hive_compatible
    ? `s3://${root}/aws-account-id=${account_id}/aws-service=vpcflowlogs/aws-region=${region}`
    : `s3://${root}/${account_id}/vpcflowlogs/${region}`;
}

type Partition = {
  column: string;
  type: string;
  properties: readonly (readonly [string, string])[];
};

/** Of plain prefixes one partition, a day or an hour; of those of Hive one for each of their parts. */
function partitionsOf(flowLog: S3FlowLog): Partition[] {
  const { created_on, is_hive_compatible, is_per_hour } = flowLog;
  const first = created_on ?? '2015-06-10';
  if (!is_hive_compatible) {
    const properties: (readonly [string, string])[] = [
      ['type', 'date'],
      ['format', is_per_hour ? 'yyyy/MM/dd/HH' : 'yyyy/MM/dd'],
      ['range', `${first.replaceAll('-', '/')}${is_per_hour ? '/00' : ''},NOW`],
      ['interval', '1'],
      ['interval.unit', is_per_hour ? 'HOURS' : 'DAYS'],
    ];
    return [{ column: 'delivered', type: 'string', properties }];
  }
  const part = (column: string, range: string, digits?: string): Partition => ({
    column,
    type: 'int',
    properties: [
      ['type', 'integer'],
      ['range', range],
      ...(digits === undefined ? [] : ([['digits', digits]] as const)),
    ],
  });
  return [
    part('year', `${first.slice(0, 4)},2099`),
    part('month', '1,12', '2'),
    part('day', '1,31', '2'),
    ...(is_per_hour ? [part('hour', '0,23', '2')] : []),
  ];
}

/** Digits of the parts of a Hive prefix. */
const WIDTHS: Readonly<Record<string, number>> = { year: 4 };

const text = (value: string): string =>
  `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function rawTable(flowLog: S3FlowLog): string {
  const folder = folderOf(flowLog);
  const partitions = partitionsOf(flowLog);
  const isParquet = flowLog.file_format === 'parquet';
  const columns = rawColumns(flowLog).map(({ name, type }) => `  \`${name}\` ${type}`);
  const template = partitions.map(({ column }) =>
    flowLog.is_hive_compatible ? `${column}=\${${column}}` : `\${${column}}`,
  );
  const properties: [string, string][] = [
    ...(isParquet ? [] : ([['skip.header.line.count', '1']] as [string, string][])),
    ['projection.enabled', 'true'],
    ...partitions.flatMap(({ column, properties: of }) =>
      of.map(([key, value]): [string, string] => [`projection.${column}.${key}`, value]),
    ),
    ['storage.location.template', `${folder}/${template.join('/')}/`],
  ];
  return [
    `create external table if not exists \`${rawTableName(flowLog)}\` (\n${columns.join(',\n')}\n)`,
    `partitioned by (${partitions.map(({ column, type }) => `\`${column}\` ${type}`).join(', ')})`,
    ...(isParquet
      ? ['stored as parquet']
      : ["row format delimited fields terminated by ' '", 'stored as textfile']),
    `location ${text(`${folder}/`)}`,
    `tblproperties (\n${properties.map(([key, value]) => `  ${text(key)} = ${text(value)}`).join(',\n')}\n)`,
  ].join('\n');
}

function rawView(flowLogs: readonly S3FlowLog[]): string {
  const selects = flowLogs.map((flowLog) => rawSelect(flowLog, partitionsOf(flowLog)));
  return `create or replace view ${RAW_VIEW} as\n${selects.join('\nunion all\n')}`;
}

/**
 * The rows of one table with the columns of `flow`. Several flow logs may deliver into one folder, so only the files
 * that are named after this one count; records without traffic (NODATA, SKIPDATA) are left out, as in `flow`.
 */
export function rawSelect(
  flowLog: S3FlowLog,
  partitions: readonly Pick<Partition, 'column'>[] = [],
): string {
  const there = new Set(fieldsOf(flowLog).map(columnName));
  const { columns } = findTable('flow');
  const byColumn = new Map(FLOW_LOG_FIELDS.map((field) => [field.column, field]));
  const list = columns
    .filter(({ name }) => !OF_THE_LEDGER.includes(name) && name !== 'flow_date')
    .map(({ name, type }) => {
      const field = byColumn.get(name);
      const value = field && there.has(columnName(field.name)) ? fieldValue(field) : 'null';
      return `  cast(${value} as ${trinoType(type)}) as ${quoteName(name)}`;
    });
  const time = ['start', 'end'].filter((name) => there.has(name)).map(quoteName);
  const date =
    time.length > 0 ? `cast(from_unixtime(coalesce(${time.join(', ')})) as date)` : 'null';
  const [first] = partitions;
  const delivered =
    first === undefined || first.column === 'delivered'
      ? (first?.column ?? 'null')
      : partitions
          .map(({ column }) => `lpad(cast(${column} as varchar), ${WIDTHS[column] ?? 2}, '0')`)
          .join(" || '/' || ");
  return [
    `select`,
    [
      ...list,
      `  cast(${date} as date) as "flow_date"`,
      `  ${quoteText(flowLog.flow_log_id)} as "flow_log_id"`,
      `  cast(${delivered} as varchar) as "delivered"`,
    ].join(',\n'),
    `from ${rawTableName(flowLog)}`,
    `where "$path" like ${quoteText(`%\\_${flowLog.flow_log_id}\\_%`)} escape '\\'`,
    ...(there.has('log_status')
      ? [`  and coalesce(log_status, 'OK') not in ('NODATA', 'SKIPDATA')`]
      : []),
  ].join('\n');
}

/** `-` stands for no value. In columns of numbers it is none to the reader of text. */
function fieldValue({ name, type }: FlowLogField): string {
  const column = quoteName(columnName(name));
  if (type === 'seconds') return `from_unixtime(${column}) at time zone 'UTC'`;
  return type === 'text' || type === 'address' ? `nullif(${column}, '-')` : column;
}
