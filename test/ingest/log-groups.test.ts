/** CloudWatch Logs from its wire format to the lake and back: runs that follow each other. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { FlowproofError } from '../../src/errors.ts';
import { type IngestResult, ingest } from '../../src/ingest/ingest.ts';
import { openSources } from '../../src/ingest/open-sources.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import type { LakeLock } from '../../src/lake-lock.ts';
import {
  type Ec2DoubleFlowLog,
  ec2FlowLogs,
  type HttpDouble,
  type LogsDoubleEvent,
  logGroup,
  startHttpDouble,
  stsRoles,
} from '../http-double.ts';

const GROUP = '/vpc/flow-logs';
const ROLE = 'arn:aws:iam::123456789012:role/reader';
const AT = '2026-11-01T12:00:00.000Z';
const before = { ...process.env };

let folder = '';
let lake = '';
let lock: LakeLock;
let database: Database;
let server: HttpDouble;
let events: LogsDoubleEvent[];
let flowLogs: Ec2DoubleFlowLog[];
let runNumber = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-log-groups-'));
  lake = join(folder, 'lake');
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
  events = [];
  flowLogs = [];
  server = await startHttpDouble((request) => {
    if (request.headers['x-amz-target']) return logGroup(GROUP, events)(request);
    const isSts = request.body.includes('Action=AssumeRole');
    return isSts ? stsRoles({ [ROLE]: undefined })(request) : ec2FlowLogs(flowLogs)(request);
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});

afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  database.close();
  await lock.release();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function run(sources: string, now: string, asOf?: Date): Promise<IngestResult> {
  const path = join(folder, 'flowproof.yaml');
  writeFileSync(
    path,
    `lake: lake
output: evidence
sources:
${sources}
scope: [{ name: cde, match: { vpc: [vpc-0a1b2c3d] } }]
period: { start: 2026-11-01, end: 2026-11-30 }
`,
  );
  const config = readConfig(path);
  runNumber += 1;
  await createLakeViews(database.connection, lake);
  return ingest({
    connection: database.connection,
    lake,
    sources: await openSources(config, database.connection, () => new Date(now), { asOf }),
    asOf,
    period: config.period,
    runId: `run-${runNumber}`,
    configSha256: config.sha256,
    now: () => new Date(now),
    onProgress: () => {},
  });
}

const query = (sql: string) => readRows(database.connection, sql);
const FLOW_LOGS = `  flow_logs: [{ cloudwatch_logs: ${GROUP}, region: us-east-1 }]`;

function flowLog(flowLogId: string, names: string, creationTime = '2026-01-01T00:00:00.000Z') {
  const logFormat = names.replace(/[a-z-]+/g, (name) => `\${${name}}`);
  return {
    flowLogId,
    logGroupName: GROUP,
    logFormat,
    resourceId: 'vpc-0a1b2c3d',
    trafficType: 'ALL',
    creationTime,
  };
}

function put(eventId: string, message: string, time = AT, stream = 'eni-0a1b2c3d-all'): void {
  const timestamp = Date.parse(time);
  const ingestionTime = timestamp + 300_000;
  events.push({ eventId, timestamp, ingestionTime, logStreamName: stream, message });
}

const requestCount = (): number =>
  server.requests.filter(({ headers }) => headers['x-amz-target'] !== undefined).length;

describe('runs on one log group', () => {
  test('pull each day once it is closed no more, and every event once', async () => {
    flowLogs = [flowLog('fl-0a', 'srcaddr srcport')];
    put('1', '192.0.2.1 1');
    const first = await run(FLOW_LOGS, '2026-11-02T18:00:00Z');
    expect([first.objectCount, first.rowCount, first.damaged]).toEqual([1, 1, []]);

    put('2', '192.0.2.2 2', '2026-11-01T19:00:00Z');
    put('3', '192.0.2.3 3', '2026-11-02T19:00:00Z');
    const second = await run(FLOW_LOGS, '2026-11-03T20:00:00Z');
    expect(second.rowCount).toBe(2);

    const before = requestCount();
    const third = await run(FLOW_LOGS, '2026-11-03T20:10:00Z');
    expect([third.objectCount, third.rowCount]).toEqual([0, 0]);
    // What is left is the second day from where the look-back ended, and the third.
    expect(requestCount() - before).toBe(2);
    expect(await query('select srcport from flow order by all')).toEqual([
      { srcport: 1 },
      { srcport: 2 },
      { srcport: 3 },
    ]);
    const sums = await query(
      `select sum(line_count - row_count - header_count - rejected_count - nodata_count
         - skipdata_count - blank_count) as lost from source_object`,
    );
    expect(sums).toEqual([{ lost: 0n }]);
  });

  test('remember the format of a flow log that is gone', async () => {
    flowLogs = [flowLog('fl-0a', 'srcaddr srcport')];
    put('1', '192.0.2.1 1');
    await run(FLOW_LOGS, '2026-11-01T18:00:00Z');

    flowLogs = [flowLog('fl-0b', 'srcport dstport srcaddr', '2026-11-02T06:00:00.000Z')];
    put('2', '192.0.2.2 2', '2026-11-02T05:00:00Z');
    put('3', '3 443 192.0.2.3', '2026-11-02T07:00:00Z');
    put('4', '192.0.2.4 4', '2026-11-02T07:00:00Z');
    put('5', '5 443 192.0.2.5', '2026-11-03T07:00:00Z');
    const result = await run(FLOW_LOGS, '2026-11-03T18:00:00Z');
    expect([result.rejectedCount, result.damaged, result.unreachable]).toEqual([0, [], []]);
    expect(
      await query(
        `select srcaddr, srcport, flow_log_id from flow join source_object using (object_id) order by all`,
      ),
    ).toEqual([
      { srcaddr: '192.0.2.1', srcport: 1, flow_log_id: 'fl-0a' },
      { srcaddr: '192.0.2.2', srcport: 2, flow_log_id: 'fl-0a' },
      { srcaddr: '192.0.2.3', srcport: 3, flow_log_id: 'fl-0b' },
      { srcaddr: '192.0.2.4', srcport: 4, flow_log_id: 'fl-0a' },
      { srcaddr: '192.0.2.5', srcport: 5, flow_log_id: 'fl-0b' },
    ]);
    expect(
      await query('select distinct flow_log_id, log_format from flow_log_format order by all'),
    ).toEqual([
      { flow_log_id: 'fl-0a', log_format: `\${srcaddr} \${srcport}` },
      { flow_log_id: 'fl-0b', log_format: `\${srcport} \${dstport} \${srcaddr}` },
    ]);
  });

  test('refuse what no known flow log wrote, and read it once its format is declared', async () => {
    flowLogs = [flowLog('fl-0a', 'srcaddr srcport', '2026-11-01T18:00:00.000Z')];
    put('1', '1 192.0.2.1');
    put('2', '192.0.2.2 2', '2026-11-01T19:00:00Z');
    const first = await run(FLOW_LOGS, '2026-11-03T20:00:00Z');
    expect(first.rowCount).toBe(1);
    expect(first.damaged).toMatchObject([
      { status: 'refused', reason: expect.stringMatching(/^no flow log is known .* `format`$/) },
    ]);
    const declared = FLOW_LOGS.replace('us-east-1 }', 'us-east-1, format: srcport srcaddr }');
    const second = await run(declared, '2026-11-03T20:10:00Z');
    expect([second.rowCount, second.damaged]).toEqual([1, []]);
    expect(await query('select srcport from flow order by all')).toEqual([
      { srcport: 1 },
      { srcport: 2 },
    ]);
  });

  test('refuse a group of two formats, naming both flow logs', async () => {
    flowLogs = [flowLog('fl-0a', 'srcaddr srcport'), flowLog('fl-0b', 'srcport srcaddr dstaddr')];
    const failure = await run(FLOW_LOGS, '2026-11-01T18:00:00Z').catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(FlowproofError);
    expect(failure).toMatchObject({
      code: 'CONFIG_INVALID',
      problem: expect.stringMatching(/fl-0a ".*"; fl-0b ".*"/),
    });
  });
});

test('two VPCs write different formats to one group, and the inventory of the same run tells them apart', async () => {
  flowLogs = [
    flowLog('fl-0a', 'srcaddr srcport'),
    { ...flowLog('fl-0b', 'srcport srcaddr'), resourceId: 'vpc-0e1f2a3b' },
  ];
  put('1', '192.0.2.1 1', AT, 'eni-0a1b2c3d-all');
  put('2', '2 192.0.2.2', AT, 'eni-0e1f2a3b-all');
  put('3', '192.0.2.3 3', AT, 'eni-0123abcd-all');
  const at = join(folder, '2026-11-01T10-00-00Z');
  mkdirSync(at);
  const NetworkInterfaces = ['0a1b2c3d', '0e1f2a3b'].map((id) => ({
    NetworkInterfaceId: `eni-${id}`,
    VpcId: `vpc-${id}`,
    SubnetId: `subnet-${id}`,
    OwnerId: '123456789012',
  }));
  writeFileSync(
    join(at, 'describe-network-interfaces.json'),
    JSON.stringify({ NetworkInterfaces }),
  );
  const sources = `${FLOW_LOGS}\n  inventory: [{ files: ["*/*.json"] }]`;
  const result = await run(sources, '2026-11-01T18:00:00Z');
  expect(await query('select srcaddr, srcport from flow order by all')).toEqual([
    { srcaddr: '192.0.2.1', srcport: 1 },
    { srcaddr: '192.0.2.2', srcport: 2 },
  ]);
  // Nobody knows where the third interface is.
  expect(result.damaged).toMatchObject([
    { status: 'refused', reason: expect.stringMatching(/cannot be told.*: fl-0a, fl-0b$/) },
  ]);
});

test('accounts with a group of one name are two groups, and each has a role', async () => {
  flowLogs = [flowLog('fl-0a', 'srcaddr srcport')];
  put('1', '192.0.2.1 1');
  const entry = `{ cloudwatch_logs: ${GROUP}, region: us-east-1`;
  const sources = `  flow_logs: [${entry} }, ${entry}, role_arn: "${ROLE}" }]`;
  const result = await run(sources, '2026-11-01T18:00:00Z');
  expect(result.unreachable).toEqual([]);
  expect(
    await query(
      'select uri, account_id, log_group_of(uri) as name from source_object order by uri',
    ),
  ).toMatchObject([
    {
      uri: expect.stringContaining('//123456789012@us-east-1/'),
      account_id: '123456789012',
      name: GROUP,
    },
    { uri: expect.stringContaining('//us-east-1/'), account_id: null, name: GROUP },
  ]);
  const tokens = server.requests.map(({ headers }) => headers['x-amz-security-token']);
  expect(new Set(tokens)).toEqual(new Set([undefined, `token of ${ROLE}`]));
});

test('events of an IPS in a log group are read by their own format, each once', async () => {
  const alert = (signature: number): string =>
    JSON.stringify({
      timestamp: '2026-11-01T12:00:00.123456+0000',
      event_type: 'alert',
      src_ip: '198.51.100.7',
      alert: { action: 'allowed', signature_id: signature, severity: 2 },
    });
  put('1', alert(1));
  put('2', `${alert(2)}\n`);
  writeFileSync(join(folder, 'none.log'), 'version start\n');
  const sources = `  flow_logs: [{ files: [none.log] }]
  ips_events: [{ cloudwatch_logs: ${GROUP}, region: us-east-1, look_back_hours: 6 }]`;
  await run(sources, '2026-11-01T18:00:00Z');
  put('3', alert(3), '2026-11-01T17:00:00Z');
  const second = await run(sources, '2026-11-01T18:30:00Z');
  expect([second.objectCount, second.rowCount]).toEqual([1, 1]);
  expect(
    await query('select signature_id, disposition, product from ips_event order by all'),
  ).toEqual(
    ['1', '2', '3'].map((signature_id) => ({
      signature_id,
      disposition: 'detected',
      product: 'suricata',
    })),
  );
});

test('as of a past moment brings what is up to it, once, and later what came after', async () => {
  const sources = `  flow_logs: [{ cloudwatch_logs: ${GROUP}, region: us-east-1, format: "version start end" }]`;
  const message = (time: string): string => {
    const start = Date.parse(time) / 1000;
    // The record lasts until after the moment that is asked for.
    return `2 ${start} ${start + 120}`;
  };
  for (const [id, time] of [
    ['one', '2026-11-01T11:59:00.000Z'],
    ['two', '2026-11-01T12:01:00.000Z'],
  ] as const) {
    put(id, message(time), time);
  }
  const now = '2026-11-20T00:00:00Z';
  const asOf = new Date('2026-11-01T12:00:00Z');
  expect(await run(sources, now, asOf)).toMatchObject({ rowCount: 1, laterCount: 0 });
  expect((await run(sources, now, asOf)).rowCount).toBe(0);
  expect((await run(sources, now)).rowCount).toBe(1);
});
