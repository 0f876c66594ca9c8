// biome-ignore-all lint/suspicious/noTemplateCurlyInString: AWS writes formats so, and Athena prefixes.
import { HiveSQL, TrinoSQL } from 'dt-sql-parser';
import { describe, expect, test } from 'vitest';
import { rawSelect, rawStatements, type S3FlowLog } from '../../src/engines/raw-flow-logs.ts';
import { DEFAULT_FORMAT, FLOW_LOG_FIELDS } from '../../src/flow-log-fields.ts';

const formatOf = (names: readonly string[]) => names.map((name) => `\${${name}}`).join(' ');

const FLOW_LOG: S3FlowLog = {
  flow_log_id: 'fl-0123456789abcdef0',
  account_id: '123456789012',
  region: 'eu-west-1',
  log_destination: 'arn:aws:s3:::example-flow-logs/network/',
  log_format: formatOf(DEFAULT_FORMAT),
  created_on: '2026-09-14',
  file_format: 'plain-text',
  is_hive_compatible: false,
  is_per_hour: false,
};

const ALL_FIELDS = formatOf(FLOW_LOG_FIELDS.map(({ name }) => name));
const LAYOUTS: [string, Partial<S3FlowLog>, string][] = [
  ['by day', {}, '${delivered}/'],
  ['by hour', { is_per_hour: true }, '${delivered}/'],
  ['by day, for Hive', { is_hive_compatible: true }, 'year=${year}/month=${month}/day=${day}/'],
  [
    'by hour, for Hive, as Parquet',
    { is_hive_compatible: true, is_per_hour: true, file_format: 'parquet' },
    'year=${year}/month=${month}/day=${day}/hour=${hour}/',
  ],
];

describe.each(LAYOUTS)('a flow log that is delivered %s', (_, changes, template) => {
  const flowLog = { ...FLOW_LOG, ...changes };

  test('is a table of its grammar, and a view of Trino', () => {
    const [table = '', view = ''] = rawStatements([{ ...flowLog, log_format: ALL_FIELDS }]);
    expect(new HiveSQL().validate(table)).toEqual([]);
    expect(new TrinoSQL().validate(view)).toEqual([]);
  });

  test('is read where it stands', () => {
    const [table = ''] = rawStatements([flowLog]);
    const folder = flowLog.is_hive_compatible
      ? 'aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1'
      : '123456789012/vpcflowlogs/eu-west-1';
    const place = `s3://example-flow-logs/network/AWSLogs/${folder}/`;
    expect(table).toContain(`\nlocation '${place}'\n`);
    expect(table).toContain(`'storage.location.template' = '${place}${template}'`);
    expect(table.includes('skip.header.line.count')).toBe(flowLog.file_format !== 'parquet');
  });
});

test('the days of a flow log begin with its own', () => {
  const [byDay = ''] = rawStatements([FLOW_LOG]);
  expect(byDay).toContain("'projection.delivered.range' = '2026/09/14,NOW'");
  const [byHour = ''] = rawStatements([{ ...FLOW_LOG, is_per_hour: true }]);
  expect(byHour).toContain("'projection.delivered.range' = '2026/09/14/00,NOW'");
  expect(byHour).toContain("'projection.delivered.format' = 'yyyy/MM/dd/HH'");
});

test('a destination that ends in AWSLogs has it once', () => {
  const log_destination = 'arn:aws-cn:s3:::example-flow-logs/AWSLogs';
  const [table = ''] = rawStatements([{ ...FLOW_LOG, log_destination }]);
  expect(table).toContain("location 's3://example-flow-logs/AWSLogs/123456789012/vpcflowlogs/");
});

test('flow logs of one folder are told apart by the names of their files', () => {
  const other = { ...FLOW_LOG, flow_log_id: 'fl-0fedcba9876543210' };
  const [one, two, view = ''] = rawStatements([FLOW_LOG, other]);
  expect([one, two].map((table) => /`(raw_\w+)`/.exec(table ?? '')?.[1])).toEqual([
    'raw_fl_0123456789abcdef0',
    'raw_fl_0fedcba9876543210',
  ]);
  expect(view).toContain(
    `from raw_fl_0fedcba9876543210\nwhere "$path" like '%\\_fl-0fedcba9876543210\\_%'`,
  );
  expect(view.split('\nunion all\n')).toHaveLength(2);
});

test('what the format has not is null, and what flowproof does not know is text', () => {
  const log_format = '${srcaddr} ${some-new-field} ${log-status}';
  const [table = ''] = rawStatements([{ ...FLOW_LOG, log_format }]);
  expect(table).toContain(
    '  `srcaddr` string,\n  `some_new_field` string,\n  `log_status` string\n',
  );
  const select = rawSelect({ ...FLOW_LOG, log_format });
  expect(select).toContain(`cast(nullif("srcaddr", '-') as varchar) as "srcaddr"`);
  expect(select).toContain('cast(null as bigint) as "bytes"');
  expect(select).toContain('cast(null as date) as "flow_date"');
});

test('what stands in a configuration is no SQL', () => {
  const log_destination = "arn:aws:s3:::bucket/it's \\";
  const [table = ''] = rawStatements([{ ...FLOW_LOG, log_destination }]);
  expect(table).toContain("location 's3://bucket/it\\'s \\\\/AWSLogs/");
  expect(new HiveSQL().validate(table)).toEqual([]);
});

test('without flow logs there is nothing to make', () => {
  expect(rawStatements([])).toEqual([]);
});
