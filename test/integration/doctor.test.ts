import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateFlowLogsCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeFlowLogsCommand,
} from '@aws-sdk/client-ec2';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import { type DoctorResult, doctor } from '../../src/setup/doctor.ts';
import { init } from '../../src/setup/init.ts';
import { ec2, logs, makeBucket, putObjects, REGION, s3 } from './aws.ts';

const ACCOUNT = '123456789012';
const BUCKET = 'amzn-s3-demo-doctor';
const GROUP = '/doctor/flow-logs';
const TAGS = [{ Key: 'doctor', Value: 'true' }];

let bucketFlowLog = '';
let groupFlowLog = '';
let vpcs: string[] = [];

async function makeVpc(number: number): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: `10.${number}.0.0/16` }));
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: `10.${number}.1.0/24` }),
  );
  await ec2.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: Subnet?.SubnetId,
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: TAGS }],
    }),
  );
  return Vpc?.VpcId ?? '';
}

beforeAll(async () => {
  await makeBucket(BUCKET);
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  vpcs = [await makeVpc(40), await makeVpc(41), await makeVpc(42)];
  const [first = '', second = ''] = vpcs;
  const toBucket = await ec2.send(
    new CreateFlowLogsCommand({
      ResourceType: 'VPC',
      ResourceIds: [first],
      TrafficType: 'ALL',
      LogDestinationType: 's3',
      LogDestination: `arn:aws:s3:::${BUCKET}`,
      MaxAggregationInterval: 600,
    }),
  );
  const toGroup = await ec2.send(
    new CreateFlowLogsCommand({
      ResourceType: 'VPC',
      ResourceIds: [second],
      TrafficType: 'REJECT',
      LogGroupName: GROUP,
      DeliverLogsPermissionArn: `arn:aws:iam::${ACCOUNT}:role/flow-logs`,
    }),
  );
  [bucketFlowLog = '', groupFlowLog = ''] = [
    ...(toBucket.FlowLogIds ?? []),
    ...(toGroup.FlowLogIds ?? []),
  ];
  const header = `${DEFAULT_FORMAT.join(' ')}\n`;
  const name = `${ACCOUNT}_vpcflowlogs_${REGION}_${bucketFlowLog}_20261102T0005Z_0a1b.log.gz`;
  const key = `AWSLogs/${ACCOUNT}/vpcflowlogs/${REGION}/2026/11/02/${name}`;
  await putObjects(BUCKET, new Map([[key, gzipSync(header)]]));
});

const stateOf = async (): Promise<string> => {
  const [flowLogs, buckets] = await Promise.all([
    ec2.send(new DescribeFlowLogsCommand({})),
    s3.send(new ListBucketsCommand({})),
  ]);
  return JSON.stringify([flowLogs.FlowLogs, buckets.Buckets]);
};

describe('init and then doctor, against S3, EC2, CloudWatch Logs and STS', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'doctor-')), 'flowproof.yaml');
  let result: DoctorResult;
  let before = '';

  beforeAll(async () => {
    before = await stateOf();
    const options = { regions: [REGION], files: [], vpcs: [], period: '2026-11', isForced: false };
    await init({ ...options, path, scopeTag: 'doctor=true' });
    result = await doctor({ configPath: path });
  });

  test('the configuration names what there is', () => {
    const { sources, scope } = readConfig(path);
    expect(sources.flow_logs).toEqual(
      expect.arrayContaining([
        { cloudwatch_logs: GROUP, region: REGION },
        { s3: `s3://${BUCKET}/AWSLogs/`, region: REGION },
      ]),
    );
    expect(sources.inventory).toEqual([{ ec2: [REGION] }]);
    expect(scope).toEqual([{ name: 'cde', match: { tag: { doctor: 'true' } } }]);
    expect(readFileSync(path, 'utf8')).toContain(bucketFlowLog);
  });

  test('every call that it needs is allowed', () => {
    const calls = result.checks.filter(({ check }) =>
      /^(s3|logs|ec2|credentials|clock)/.test(check),
    );
    const own = calls.filter(
      ({ subject }) => !subject.startsWith('flow_logs') || /doctor/.test(subject),
    );
    expect(own.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    const find = (check: string) => own.find((one) => one.check === check);
    expect(find('credentials')?.found).toContain(`account ${ACCOUNT}`);
    expect(find('s3:GetObject')?.found).toContain(bucketFlowLog);
    expect(find('ec2')?.found).toMatch(/^all 1[12] calls are allowed$/);
  });

  test('each flow log is judged, and the networks in scope without one are named', () => {
    const ofBucket = result.flowLogs.find((one) => one.flow_log_id === bucketFlowLog);
    expect(ofBucket).toMatchObject({
      traffic_type: 'ALL',
      aggregation_seconds: 600,
      destination: `arn:aws:s3:::${BUCKET}`,
      account_id: ACCOUNT,
      known_by: ['describe'],
    });
    const missing = ofBucket?.details.find(({ element }) => element === 'origination');
    expect(missing?.missing_fields).toEqual(['tcp-flags', 'pkt-srcaddr', 'flow-direction']);
    const ofGroup = result.checks.find(({ subject }) => subject.startsWith(groupFlowLog));
    expect(ofGroup?.found).toContain('traffic REJECT, not ALL');
    const uncovered = result.checks.filter(({ check }) => check === 'flow_log_coverage');
    expect(uncovered.map(({ subject, verdict }) => [subject, verdict])).toEqual([
      [`cde: ${vpcs[2]}`, 'problem'],
    ]);
    expect(result.exitCode).toBe(1);
  });

  test('nothing was changed', async () => {
    expect(await stateOf()).toBe(before);
  });
});
