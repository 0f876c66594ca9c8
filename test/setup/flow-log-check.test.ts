import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { DEFAULT_FORMAT, FLOW_LOG_FIELDS } from '../../src/flow-log-fields.ts';
import type { Json } from '../../src/ingest/json.ts';
import type { NetworkInputs } from '../../src/setup/current-network.ts';
import { checkFlowLogs } from '../../src/setup/flow-log-check.ts';
import { headerFields } from '../../src/setup/object-head.ts';
import { addRows, openTables } from '../catalogue-rows.ts';

let database: Database;
beforeEach(async () => {
  database = await openTables(['ingest', 'staging', 'mart']);
});
afterEach(() => database.close());

const ACCOUNT = '123456789012';
const ID = 'fl-0123456789abcdef0';
const format = (fields: readonly string[]): string => fields.map((one) => `\${${one}}`).join(' ');

const flowLog = (more: Record<string, Json> = {}) => ({
  FlowLogId: ID,
  ResourceId: 'vpc-0a1b2c3d',
  TrafficType: 'ALL',
  LogFormat: format(DEFAULT_FORMAT),
  LogDestinationType: 's3',
  LogDestination: 'arn:aws:s3:::example-flow-logs',
  ...more,
});

/** What the lake knows since a day ago. */
async function keep(resource_type: string, resource_id: string, configuration: Json, more = {}) {
  const time = '2026-11-19 12:00:00';
  await addRows(database, 'inventory_state', [
    {
      resource_type,
      resource_id,
      account_id: ACCOUNT,
      region: 'us-east-1',
      state_id: `${resource_type}/${resource_id}`,
      valid_from: time,
      known_until: time,
      held_from: time,
      known_by: ['describe'],
      configuration: JSON.stringify(configuration),
      ...more,
    },
  ]);
}

const check = (inputs: Partial<NetworkInputs> = {}) =>
  checkFlowLogs(database.connection, {
    described: [],
    seen: [],
    now: () => new Date('2026-11-20T12:00:00Z'),
    ...inputs,
    config: {
      scope: [{ name: 'cde', match: { vpc: ['vpc-0a1b2c3d'] } }],
      sources: { flow_logs: [{ files: ['logs/**'] }], ips_events: [], inventory: [] },
    },
  });

const described = (region: string, flowLogs: Json[]) => ({
  accountId: ACCOUNT,
  region,
  items: new Map([['flow_log', flowLogs]]),
});

const DENIED = { kind: 'denied', name: 'UnauthorizedOperation', message: 'no' } as const;

describe('without an answer of the EC2 API', () => {
  test('the newest inventory of the lake is judged, and says of when it is', async () => {
    await keep('flow_log', ID, flowLog());
    await keep('flow_log', 'fl-00000000000000009', flowLog(), { valid_to: '2026-11-18 00:00:00' });
    const { flowLogs, checks } = await check();
    expect(flowLogs).toMatchObject([{ flow_log_id: ID, known_until: '2026-11-19T12:00:00Z' }]);
    expect(checks[0]?.found).toMatch(/as the lake knew it at 2026-11-19T12:00:00Z$/);
  });

  test('a header counts for a flow log that the lake does not know, and no other', async () => {
    const fields = ['version', 'srcaddr'];
    const seen = [ID, 'fl-00000000000000002', 'header of file:a.log'].map((flowLogId) => ({
      flowLogId,
      accountId: '',
      region: '',
      fields,
    }));
    await keep('flow_log', ID, flowLog());
    const { flowLogs } = await check({ seen });
    expect(flowLogs.map((one) => [one.flow_log_id, one.known_by])).toEqual([
      ['fl-00000000000000002', ['header']],
      [ID, ['describe']],
    ]);
  });

  test('headers alone are judged too, each once', async () => {
    const one = { flowLogId: 'header of file:a.log', accountId: '', region: '', fields: ['start'] };
    const { flowLogs } = await check({ seen: [one, one, { ...one, flowLogId: ID }] });
    expect(flowLogs.map(({ flow_log_id: id }) => id)).toEqual([ID, 'header of file:a.log']);
  });

  test('with neither lake nor header nothing is known', async () => {
    const failed = { ...described('us-east-1', []), items: new Map(), failure: DENIED };
    const { checks, flowLogs } = await check({ described: [failed] });
    expect(flowLogs).toEqual([]);
    expect(checks.map(({ verdict }) => verdict)).toEqual(['not_checked', 'not_checked']);
  });
});

test('what is described now stands for what the lake knew of its account and Region only', async () => {
  await keep('flow_log', ID, flowLog());
  await keep('flow_log', 'fl-00000000000000002', flowLog(), { region: 'eu-west-1' });
  const { flowLogs } = await check({ described: [described('us-east-1', [])] });
  expect(flowLogs.map((one) => one.flow_log_id)).toEqual(['fl-00000000000000002']);
});

test('a VPC that the scope names is not covered before its first interface either', async () => {
  await keep('vpc', 'vpc-0a1b2c3d', { VpcId: 'vpc-0a1b2c3d' });
  const other = flowLog({ ResourceId: 'vpc-00000000000000009' });
  const { checks } = await check({ described: [described('us-east-1', [other])] });
  expect(checks.at(-1)).toMatchObject({
    subject: 'cde: vpc-0a1b2c3d',
    verdict: 'problem',
    fix: expect.stringMatching(
      /--resource-ids vpc-0a1b2c3d .*--log-destination arn:aws:s3:::example-flow-logs .*--region us-east-1$/,
    ),
  });
});

test('an interface is covered by a flow log of its own, its subnet or its VPC', async () => {
  const interfaces = ['a', 'b', 'c', 'd'].map((name) => ({
    NetworkInterfaceId: `eni-${name}`,
    SubnetId: `subnet-${name}`,
    VpcId: 'vpc-0a1b2c3d',
    OwnerId: ACCOUNT,
  }));
  const flowLogs = ['eni-a', 'subnet-b'].map((ResourceId, index) =>
    flowLog({ FlowLogId: `fl-0000000${index}`, ResourceId }),
  );
  const place = described('us-east-1', flowLogs);
  place.items.set('network_interface', interfaces);
  const { checks } = await check({ described: [place] });
  expect(checks.at(-1)?.found).toBe(
    'no flow log records 2 of its 4 interfaces in scope, such as eni-c',
  );
  place.items.set('flow_log', [flowLog()]);
  expect((await check({ described: [place] })).checks.at(-1)).toMatchObject({ verdict: 'ok' });
});

test('of a format with every field nothing is missing; each needed one is, where it is left out', async () => {
  const all = FLOW_LOG_FIELDS.map(({ name }) => name).filter((name) => !name.startsWith('tgw-'));
  const judge = async (fields: readonly string[]) => {
    const items = [flowLog({ LogFormat: format(fields) })];
    const { flowLogs, checks } = await check({ described: [described('us-east-1', items)] });
    return { details: flowLogs[0]?.details ?? [], verdict: checks[0]?.verdict };
  };
  const whole = await judge(all);
  expect(whole.details.flatMap((one) => one.missing_fields)).toEqual([]);
  expect(whole.verdict).toBe('ok');
  for (const field of ['action', 'log-status', 'srcport', 'start', 'protocol', 'tcp-flags']) {
    const { details, verdict } = await judge(all.filter((one) => one !== field));
    expect([field, ...new Set(details.flatMap((one) => one.missing_fields))]).toEqual([
      field,
      field,
    ]);
    expect(verdict).toBe('warning');
  }
});

test('of a transit gateway no new flow log is asked for, which would lack the same', async () => {
  const fields = ['version', 'resource-type', 'tgw-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport'];
  const LogFormat = format([...fields, 'protocol', 'start', 'end', 'tcp-flags', 'flow-direction']);
  const items = [flowLog({ LogFormat, ResourceId: 'tgw-0a1b2c3d' })];
  const { flowLogs } = await check({ described: [described('us-east-1', items)] });
  expect(flowLogs[0]?.create_command).toBeNull();
  expect(flowLogs[0]?.details.map(({ code }) => code)).toContain('FL_TGW_NO_OUTCOME');
});

describe('the header of an object', () => {
  const line = 'version account-id interface-id\n2 123456789012 eni-0a1b2c3d\n';

  test('is read plain, of gzip, and of gzip that is cut off', () => {
    const fields = ['version', 'account-id', 'interface-id'];
    expect(headerFields(Buffer.from(line))).toEqual(fields);
    expect(headerFields(gzipSync(line))).toEqual(fields);
    const long = gzipSync(line + Array.from({ length: 9999 }, (_, i) => `${i * 7919}\n`).join(''));
    expect(headerFields(long.subarray(0, 4096))).toEqual(fields);
  });

  test('is none of records alone, Parquet, damage, or what expands beyond measure', () => {
    for (const head of [
      Buffer.alloc(0),
      Buffer.from('2 123456789012 eni-0a1b2c3d\n'),
      Buffer.from('PAR1'),
      Buffer.from([0x1f, 0x8b, 1, 2, 3]),
      gzipSync(Buffer.alloc(64 * 1024 * 1024)),
    ]) {
      expect(headerFields(head)).toBeUndefined();
    }
  });
});
