import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateFlowLogsCommand, CreateVpcCommand } from '@aws-sdk/client-ec2';
import { globSync } from 'tinyglobby';
import { beforeAll, describe, expect, test } from 'vitest';
import { clientsOfRole, ec2, logs, REGION } from './aws.ts';
import { createWorkspace, SAMPLES, type Workspace } from './flowproof.ts';

/** The account of the suite's own credentials. */
const own = { logs, ec2 };

const DAY_SECONDS = 86_400;
const today = Math.floor(Date.now() / 1000 / DAY_SECONDS) * DAY_SECONDS;

/** CloudWatch Logs takes no event older than 14 days, so the period is about now. */
const period = { start: dateOf(today - 3 * DAY_SECONDS), end: dateOf(today + DAY_SECONDS) };

/** Positions in a record of the default format. */
const INTERFACE = 2;
const START = 10;
const END = 11;

/** PutLogEvents takes 10,000 events and 1 MiB at once. */
const BATCH = 5000;

/** FilterLogEvents gives 10,000 events in one page. */
const PAGE = 10_000;

/** The lake's rows in the shape of default-format records. */
const RECORDS_OF_LAKE = `
  select concat_ws(' ', version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport, protocol,
    packets, bytes, cast(epoch(start_at) as bigint), cast(epoch(end_at) as bigint), action, log_status) as record
  from flow
  union all
  select concat_ws(' ', '2', account_id, interface_id, '- - - - - - -', cast(epoch(start_at) as bigint),
    cast(epoch(end_at) as bigint), '-', log_status)
  from flow_status`;

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** The same record, at the same time of another day. */
function moveTo(record: string, day: number): string {
  const tokens = record.split(' ');
  const start = Number(tokens[START]);
  tokens[START] = String(day + (start % DAY_SECONDS));
  tokens[END] = String(day + (start % DAY_SECONDS) + Number(tokens[END]) - start);
  return tokens.join(' ');
}

const paths = globSync('logs/**/*_fl-0a00000000000000a_*.log.gz', { cwd: SAMPLES }).sort();

const sampleFiles = paths.map((path) => gunzipSync(readFileSync(join(SAMPLES, path))).toString());

const header = (sampleFiles[0]?.split('\n', 1)[0] ?? '').split(' ');

/** Every whole record of the samples' default-format flow log. One is corrupt, which S3's tests see. */
const sampleRecords = sampleFiles
  .flatMap((text) => text.trim().split('\n').slice(1))
  .filter((record) => !record.includes('44x43'));

function streamOf(record: string): string {
  return `${record.split(' ')[INTERFACE]}-all`;
}

/** Makes a log group and a flow log that writes to it. Returns the flow log's id. */
async function createGroup(
  logGroup: string,
  logFormat?: string,
  { logs, ec2 } = own,
): Promise<string | undefined> {
  await logs.send(new CreateLogGroupCommand({ logGroupName: logGroup }));
  const { Vpc: vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const { FlowLogIds: ids } = await ec2.send(
    new CreateFlowLogsCommand({
      ResourceIds: [vpc?.VpcId ?? ''],
      ResourceType: 'VPC',
      TrafficType: 'ALL',
      LogGroupName: logGroup,
      DeliverLogsPermissionArn: 'arn:aws:iam::123456789012:role/flow-logs',
      ...(logFormat === undefined ? {} : { LogFormat: logFormat }),
    }),
  );
  return ids?.[0];
}

/** Puts records into the stream of their interface, as VPC does, each event at its record's start. */
async function putRecords(
  logGroup: string,
  records: readonly string[],
  messageOf = (record: string): string => record,
  { logs } = own,
): Promise<void> {
  for (const stream of new Set(records.map(streamOf))) {
    const own = records.filter((record) => streamOf(record) === stream);
    await logs
      .send(new CreateLogStreamCommand({ logGroupName: logGroup, logStreamName: stream }))
      .catch((thrown) => {
        if ((thrown as Error).name !== 'ResourceAlreadyExistsException') throw thrown;
      });
    const events = own
      .map((record) => ({
        timestamp: Number(record.split(' ')[START]) * 1000,
        message: messageOf(record),
      }))
      .sort((a, b) => a.timestamp - b.timestamp);
    for (let from = 0; from < events.length; from += BATCH) {
      const { rejectedLogEventsInfo } = await logs.send(
        new PutLogEventsCommand({
          logGroupName: logGroup,
          logStreamName: stream,
          logEvents: events.slice(from, from + BATCH),
        }),
      );
      expect(rejectedLogEventsInfo ?? {}).toEqual({});
    }
  }
}

async function recordsOf(workspace: Workspace): Promise<unknown[]> {
  const rows = await workspace.query(`${RECORDS_OF_LAKE} order by record`);
  return rows.map(({ record }) => record);
}

async function lastRun(workspace: Workspace): Promise<unknown> {
  const [row] = await workspace.query(
    'select object_count, row_count, exit_code from run order by started_at desc limit 1',
  );
  return row;
}

describe('a log group with a flow log of the default format', () => {
  const logGroup = '/example/vpc-flow-logs';
  const yesterday = today - DAY_SECONDS;
  const onTime = sampleRecords
    .filter((_, index) => index % 100 !== 0)
    .map((record) => moveTo(record, yesterday));
  // Late ones belong to a day that was pulled before, and to one that had nothing then.
  const late = sampleRecords
    .filter((_, index) => index % 100 === 0)
    .map((record, index) => moveTo(record, index % 2 === 0 ? yesterday : yesterday - DAY_SECONDS));
  const statusOf = (record: string): string => record.slice(record.lastIndexOf(' ') + 1);
  const flowsOf = (records: readonly string[]): bigint =>
    BigInt(records.filter((record) => statusOf(record) === 'OK').length);
  let flowLogId: string | undefined;
  let workspace: Workspace;

  beforeAll(async () => {
    flowLogId = await createGroup(logGroup);
    await putRecords(logGroup, onTime);
    workspace = createWorkspace(
      // Some arrive late by more than two days.
      { flow_logs: [{ cloudwatch_logs: logGroup, region: REGION, look_back_hours: 96 }] },
      { period },
    );
  });

  test('has more events than a page of FilterLogEvents holds', async () => {
    const { events, nextToken } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: logGroup }),
    );
    expect([events?.length, typeof nextToken]).toEqual([PAGE, 'string']);
  });

  test('a first run reads each record once, in the format that DescribeFlowLogs gives', async () => {
    const finished = await workspace.flowproof('ingest');
    expect([finished.exitCode, finished.stdout]).toEqual([
      0,
      expect.stringContaining('0 rejected'),
    ]);
    expect(await recordsOf(workspace)).toEqual([...onTime].sort());
    const objects = await workspace.query(
      'select distinct fields, flow_log_id, region, format from source_object',
    );
    expect(objects).toEqual([
      {
        fields: header,
        flow_log_id: flowLogId,
        region: REGION,
        format: 'cloudwatch_flow_log',
      },
    ]);
  });

  test('a second run reads nothing', async () => {
    expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
    expect(await lastRun(workspace)).toEqual({ object_count: 0n, row_count: 0n, exit_code: 0 });
  });

  test('a third run reads just the events that arrived late under old timestamps', async () => {
    await putRecords(logGroup, late);
    expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
    // One object for each of the two days that had something new.
    expect(await lastRun(workspace)).toMatchObject({ object_count: 2n, row_count: flowsOf(late) });
    expect(await recordsOf(workspace)).toEqual([...onTime, ...late].sort());
  });
});

test("fields in another order are read by the flow log's own format, never by position", async () => {
  const logGroup = 'example-reversed';
  const fields = [...header].reverse();
  await createGroup(logGroup, fields.map((field) => `\${${field}}`).join(' '));
  const records = sampleRecords.slice(0, 200).map((record) => moveTo(record, today - DAY_SECONDS));
  await putRecords(logGroup, records, (record) => record.split(' ').reverse().join(' '));
  const workspace = createWorkspace(
    { flow_logs: [{ cloudwatch_logs: logGroup, region: REGION }] },
    { period },
  );
  expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
  expect(await recordsOf(workspace)).toEqual([...records].sort());
});

test('a log group that no flow log writes to is refused: nothing says what its fields are', async () => {
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'example-application' }));
  const workspace = createWorkspace(
    { flow_logs: [{ cloudwatch_logs: 'example-application', region: REGION }] },
    { period },
  );
  const finished = await workspace.flowproof('ingest');
  expect(finished.exitCode).toBe(2);
  expect(finished.stderr).toContain('error CONFIG_INVALID');
  expect(finished.stderr).toContain('log group example-application: no flow log writes to it');
});

test('a group of another account is read by a role of that account, beside one of the same name', async () => {
  const logGroup = '/example/shared-name';
  const role = 'arn:aws:iam::210987654321:role/flowproof-reader';
  const other = clientsOfRole(role);
  const [mine = '', theirs = ''] = sampleRecords.map((record) =>
    moveTo(record, today - DAY_SECONDS),
  );
  await createGroup(logGroup);
  await putRecords(logGroup, [mine]);
  await createGroup(logGroup, undefined, other);
  await putRecords(logGroup, [theirs], undefined, other);
  const entry = { cloudwatch_logs: logGroup, region: REGION };
  const workspace = createWorkspace(
    { flow_logs: [entry, { ...entry, role_arn: role, external_id: 'example-1' }] },
    { period },
  );
  const finished = await workspace.flowproof('ingest');
  expect([finished.exitCode, finished.stderr]).toEqual([0, '']);
  expect(await recordsOf(workspace)).toEqual([mine, theirs].sort());
  const accounts = await workspace.query(
    `select account_id, sum(row_count + nodata_count + skipdata_count) as records
     from source_object group by all order by all`,
  );
  expect(accounts).toEqual([
    { account_id: '210987654321', records: 1n },
    { account_id: null, records: 1n },
  ]);
});

test('a day that is closed is pulled no more, though it was empty', async () => {
  const logGroup = 'example-closed';
  await createGroup(logGroup);
  const workspace = createWorkspace(
    { flow_logs: [{ cloudwatch_logs: logGroup, region: REGION, look_back_hours: 1 }] },
    { period },
  );
  expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
  const dates = `select regexp_extract(uri, 'date=([0-9-]+)', 1) as day, line_count, header_count
    from source_object order by uri`;
  const closed = await workspace.query(dates);
  expect(closed.length).toBeGreaterThanOrEqual(2);
  for (const row of closed) expect(row).toMatchObject({ line_count: 1n, header_count: 1n });
  const late = moveTo(sampleRecords[0] ?? '', today - 3 * DAY_SECONDS);
  await putRecords(logGroup, [late]);
  expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
  expect(await workspace.query(dates)).toEqual(closed);
});

test('events of an IPS are read from a log group', async () => {
  const logGroup = '/example/suricata';
  await logs.send(new CreateLogGroupCommand({ logGroupName: logGroup }));
  const lines = readFileSync(join(SAMPLES, 'ips/suricata/web-1/eve.json'), 'utf8')
    .trim()
    .split('\n');
  await logs.send(new CreateLogStreamCommand({ logGroupName: logGroup, logStreamName: 'web-1' }));
  await logs.send(
    new PutLogEventsCommand({
      logGroupName: logGroup,
      logStreamName: 'web-1',
      logEvents: lines.map((message, index) => ({
        timestamp: (today - DAY_SECONDS + index) * 1000,
        message,
      })),
    }),
  );
  const local = createWorkspace({
    flow_logs: [{ files: [join(SAMPLES, 'logs/**/*_fl-0b00000000000000b_20261102T10*')] }],
    ips_events: [{ files: [join(SAMPLES, 'ips/suricata/**')] }],
  });
  const remote = createWorkspace(
    {
      flow_logs: [{ files: [join(SAMPLES, 'logs/**/*_fl-0b00000000000000b_20261102T10*')] }],
      ips_events: [{ cloudwatch_logs: logGroup, region: REGION }],
    },
    { period },
  );
  await local.flowproof('ingest');
  const finished = await remote.flowproof('ingest');
  expect([finished.exitCode, finished.stderr]).toEqual([0, '']);
  const events =
    'select * exclude (object_id, event_id, received_at) from ips_event order by line_number';
  const expected = await local.query(events);
  expect(expected.length).toBeGreaterThan(10);
  expect(await remote.query(events)).toEqual(expected);
});
