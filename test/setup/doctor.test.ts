import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import type { Check } from '../../src/setup/check.ts';
import { type DoctorOptions, type DoctorResult, doctor } from '../../src/setup/doctor.ts';
import { doctorJson, doctorText } from '../../src/setup/doctor-text.ts';
import { DEFAULT_GROUP, ec2Account } from '../ec2-double.ts';
import {
  type Answering,
  type DoubleRequest,
  ec2Fault,
  logGroup,
  logsFault,
  s3Bucket,
  s3Fault,
  stsRoles,
} from '../http-double.ts';
import { kmsAccount, kmsFault, kmsKey } from '../kms-double.ts';
import {
  ACCOUNT,
  type AwsDouble,
  answerAws,
  CALLER,
  callOf,
  EC2_DENIED,
  faultFirst,
  flowLogItem,
  interfaceItem,
  refusing,
  S3_DENIED,
  vpcItem,
  withAws,
} from './aws-double.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-doctor-'));
  path = join(folder, 'flowproof.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeConfig(sources: string, more = ''): void {
  writeFileSync(
    path,
    `lake: lake
output: evidence
sources:
${sources}
scope:
  - { name: cde, match: { tag: { pci: "true" } } }
period: { start: 2026-11-01, end: 2026-11-03 }
${more}`,
  );
}

const BUCKET = 'example-flow-logs';
const KEY = `AWSLogs/${ACCOUNT}/vpcflowlogs/us-east-1/2026/11/02/${ACCOUNT}_vpcflowlogs_us-east-1_fl-0123456789abcdef0_20261102T0005Z_0a1b.log.gz`;
const HEADER = DEFAULT_FORMAT.join(' ');
const FORMAT = DEFAULT_FORMAT.map((field) => `\${${field}}`).join(' ');
const LONG_FORMAT = [
  ...DEFAULT_FORMAT,
  ...['vpc-id', 'subnet-id', 'instance-id', 'tcp-flags', 'pkt-srcaddr', 'pkt-dstaddr'],
  'flow-direction',
]
  .map((field) => `\${${field}}`)
  .join(' ');

const IN_SCOPE = interfaceItem('eni-0a1b2c3d', 'vpc-0a1b2c3d', [['pci', 'true']]);

const objects = new Map([
  // A marker of a folder of another service is never read.
  [`AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/z.json.gz`, object('x')],
  [KEY.replace('/02/', '/01/'), object('old')],
  [KEY, object(gzipSync(`${HEADER}\n`))],
]);

function object(body: string | Buffer) {
  return { body: Buffer.from(body), modifiedAt: new Date('2026-11-02T00:10:00Z') };
}

const SOUND: AwsDouble = {
  s3: s3Bucket(BUCKET, objects),
  logs: logGroup('/vpc/flow-logs', []),
  ec2: ec2Account({
    DescribeFlowLogs: [flowLogItem({ logFormat: LONG_FORMAT, logGroupName: '/vpc/flow-logs' })],
    DescribeVpcs: [vpcItem()],
    DescribeSecurityGroups: [DEFAULT_GROUP],
    DescribeNetworkInterfaces: [IN_SCOPE],
    DescribeManagedPrefixLists: ['<prefixListId>pl-0a1b2c3d</prefixListId>'],
  }),
};

const S3_SOURCE = `  flow_logs:
    - { s3: "s3://${BUCKET}/AWSLogs/", region: us-east-1 }`;
const EC2_SOURCE = '  inventory: [{ ec2: [us-east-1] }]';
const LOGS_SOURCE = `  flow_logs:
    - { cloudwatch_logs: /vpc/flow-logs, region: us-east-1 }`;

type Asked = DoctorResult & { requests: readonly DoubleRequest[] };

const ask = (
  aws: Answering | undefined,
  options: Partial<DoctorOptions> = {},
  settings: Record<string, string | undefined> = {},
): Promise<Asked> =>
  withAws(
    aws,
    async (requests) => {
      const result = await doctor({ configPath: path, sleep: async () => {}, ...options });
      return { ...result, requests };
    },
    settings,
  );

const find = (result: DoctorResult, check: string, subject = ''): Check => {
  const found = result.checks.find((one) => one.check === check && one.subject.includes(subject));
  if (!found) throw new Error(`no check ${check} ${subject} in ${doctorText(result)}`);
  return found;
};

const problems = (result: DoctorResult): string[] =>
  result.checks.filter(({ verdict }) => verdict === 'problem').map(({ check }) => check);

describe('of a configuration that is sound', () => {
  test('every call is tried once and nothing is wrong', async () => {
    writeConfig(`${S3_SOURCE}
    - { cloudwatch_logs: /vpc/flow-logs, region: us-east-1 }
${EC2_SOURCE}`);
    const result = await ask(answerAws(SOUND));
    expect(result.checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(result.exitCode).toBe(0);
    expect(find(result, 'credentials').found).toBe(`account ${ACCOUNT}, ${CALLER}`);
    expect(find(result, 's3:GetObject').found).toBe(`allowed; tried on s3://${BUCKET}/${KEY}`);
    expect(find(result, 'ec2').found).toBe('all 12 calls are allowed');
    expect(find(result, 'ec2:DescribeFlowLogs').found).toContain('fl-0123456789abcdef0');
    expect(find(result, 'flow_log_coverage').found).toBe(
      'a flow log records each of the 1 interfaces in scope',
    );
  });

  test('no call is one that could change anything, and an object is read from its begin only', async () => {
    writeConfig(`${S3_SOURCE}\n${EC2_SOURCE}`);
    const { requests } = await ask(answerAws(SOUND));
    const calls = [...new Set(requests.map(callOf))].sort();
    expect(calls.filter((call) => !/^(s3 GET|(ec2|sts) (Describe|Get))/.test(call))).toEqual([]);
    const reads = requests.filter(({ path: at }) => at.endsWith('.gz'));
    expect(reads.map(({ headers }) => headers.range)).toEqual(['bytes=0-4095']);
  });

  test('of local files alone AWS is not asked', async () => {
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', 'a.log'), `${HEADER}\n`);
    writeConfig('  flow_logs: [{ files: ["logs/*.log"] }]');
    const result = await ask(answerAws({}));
    expect(result.requests).toEqual([]);
    expect(find(result, 'credentials').verdict).toBe('not_checked');
    expect(find(result, 'clock').verdict).toBe('not_checked');
    expect(find(result, 'files').found).toBe(
      '1 file of 115 bytes of the period, 1 of them not read yet',
    );
    expect(result.exitCode).toBe(0);
    expect(result.flowLogs).toMatchObject([
      { flow_log_id: 'header of file:logs/a.log', known_by: ['header'], traffic_type: null },
    ]);
  });
});

describe('of the configuration', () => {
  test('all mistakes are told, the machine is checked, and the exit code is 2', async () => {
    writeFileSync(path, 'lake: lake\nscope: []\nbogus: 1\n');
    const result = await doctor({ configPath: path, nodeVersion: '18.0.0' });
    expect(find(result, 'config').found).toMatch(/output[\s\S]*sources[\s\S]*bogus/);
    expect(find(result, 'node').verdict).toBe('problem');
    expect(result.exitCode).toBe(2);
  });

  test('one that is not there is made by init', async () => {
    const result = await doctor({ configPath: path });
    expect(find(result, 'config').fix).toBe(`flowproof init --config ${path}`);
    expect(result.exitCode).toBe(2);
  });

  test('a pattern without a file, an unknown pack and a key that is not there are problems', async () => {
    writeConfig(
      '  flow_logs: [{ files: ["logs/*.log"] }]',
      'pack: bogus\nsignature: { key_file: key.pem }',
    );
    const result = await doctor({ configPath: path });
    expect(problems(result)).toEqual(['packs', 'signing_key', 'files']);
    expect(result.exitCode).toBe(1);
  });
});

describe('what is denied', () => {
  test('in S3 is named with the statement that allows it', async () => {
    writeConfig(S3_SOURCE);
    const listing = await ask(refusing(S3_DENIED, ['s3 GET'], answerAws(SOUND)));
    expect(find(listing, 's3:ListBucket')).toMatchObject({
      verdict: 'problem',
      found: 'ListObjectsV2 failed with AccessDenied: Access Denied',
      fix: `Allow s3:ListBucket to ${CALLER}`,
      statements: [
        {
          Effect: 'Allow',
          Action: ['s3:ListBucket'],
          Resource: [`arn:aws:s3:::${BUCKET}`],
          Condition: { StringLike: { 's3:prefix': ['AWSLogs/*'] } },
        },
      ],
    });
    expect(find(listing, 's3:GetObject').verdict).toBe('not_checked');
    expect(listing.exitCode).toBe(1);
  });

  test('of a key is told from what is denied of the bucket', async () => {
    writeConfig(S3_SOURCE);
    const keyArn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d-0000-0000-0000-000000000000`;
    const denied = s3Fault(
      403,
      'AccessDenied',
      `User: ${CALLER} is not authorized to perform: kms:Decrypt on resource: ${keyArn} because no identity-based policy allows the kms:Decrypt action`,
    );
    const aws: Answering = (request) =>
      request.headers.range === undefined ? answerAws(SOUND)(request) : denied;
    expect(find(await ask(aws), 's3:GetObject')).toMatchObject({
      verdict: 'problem',
      fix: `Allow kms:Decrypt to ${CALLER}`,
      statements: [{ Action: ['kms:Decrypt'], Resource: [keyArn] }],
    });
  });

  test('of EC2 is one statement for all calls', async () => {
    writeConfig(`${S3_SOURCE}\n${EC2_SOURCE}`);
    const denied = ['ec2 DescribeSubnets', 'ec2 GetManagedPrefixListEntries'];
    const result = await ask(refusing(EC2_DENIED, denied, answerAws(SOUND)));
    expect(find(result, 'ec2')).toMatchObject({
      verdict: 'problem',
      statements: [
        {
          Effect: 'Allow',
          Action: ['ec2:DescribeSubnets', 'ec2:GetManagedPrefixListEntries'],
          Resource: ['*'],
          Condition: { StringEquals: { 'aws:RequestedRegion': ['us-east-1'] } },
        },
      ],
    });
  });

  test('of CloudWatch Logs names the log group', async () => {
    writeConfig(LOGS_SOURCE);
    const denied = logsFault(400, 'AccessDeniedException', 'not authorized');
    const result = await ask(refusing(denied, ['logs FilterLogEvents'], answerAws(SOUND)));
    expect(find(result, 'logs:FilterLogEvents').statements).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:FilterLogEvents'],
        Resource: [`arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/vpc/flow-logs:*`],
      },
    ]);
  });

  test('where nothing needs it is no problem: the header of the newest object is judged', async () => {
    writeConfig(S3_SOURCE);
    const result = await ask(refusing(EC2_DENIED, ['ec2 DescribeFlowLogs'], answerAws(SOUND)));
    expect(problems(result)).toEqual([]);
    expect(find(result, 'flow_log', 'us-east-1').verdict).toBe('not_checked');
    expect(result.flowLogs).toMatchObject([
      { flow_log_id: 'fl-0123456789abcdef0', known_by: ['header'], account_id: ACCOUNT },
    ]);
    expect(find(result, 'flow_log_coverage').verdict).toBe('not_checked');
  });

  test('of a role says what the role must trust, and what depends on it is not tried', async () => {
    const role = 'arn:aws:iam::210987654321:role/flowproof';
    writeConfig(`${S3_SOURCE}
  inventory: [{ ec2: [us-east-1], role_arn: "${role}", external_id: shop }]`);
    const aws = { ...SOUND, roles: stsRoles({ [role]: 'another' }) };
    const result = await ask(answerAws(aws));
    expect(find(result, 'sts:AssumeRole')).toMatchObject({
      subject: role,
      verdict: 'problem',
      statements: [{ Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: [role] }],
    });
    expect(find(result, 'sts:AssumeRole').fix).toContain(
      `{"Principal": {"AWS": "${CALLER}"}}, with sts:ExternalId "shop"`,
    );
    expect(find(result, 'ec2')).toMatchObject({
      verdict: 'not_checked',
      found: `the role ${role} could not be assumed`,
    });
    const allowed = await ask(answerAws({ ...SOUND, roles: stsRoles({ [role]: 'shop' }) }));
    expect(find(allowed, 'sts:AssumeRole').found).toBe('allowed; account 210987654321');
    expect(find(allowed, 'ec2').verdict).toBe('ok');
    const asRole = allowed.requests.filter((one) => one.headers['x-amz-security-token']);
    expect(new Set(asRole.map((one) => callOf(one).split(' ')[0]))).toEqual(new Set(['ec2']));
  });
});

describe('AWS', () => {
  test('that throttles is asked three times; then the permission is not known', async () => {
    writeConfig(S3_SOURCE);
    const slow = s3Fault(503, 'SlowDown', 'Please reduce your request rate.');
    const twice = await ask(faultFirst([slow, slow], 's3 GET', answerAws(SOUND)));
    expect(find(twice, 's3:ListBucket').verdict).toBe('ok');
    const always = await ask(refusing(slow, ['s3 GET'], answerAws(SOUND)));
    expect(find(always, 's3:ListBucket')).toMatchObject({
      verdict: 'warning',
      fix: 'flowproof doctor, again later',
    });
    expect(always.requests.filter((one) => callOf(one) === 's3 GET')).toHaveLength(3);
    expect(always.exitCode).toBe(0);
  });

  test('whose clock differs by more than five minutes is a problem, by more than five seconds a warning', async () => {
    writeConfig(S3_SOURCE);
    const date = new Date('2026-11-02T12:00:00Z');
    const at = (seconds: number) => ({ now: () => new Date(date.getTime() + seconds * 1000) });
    const aws = answerAws({ ...SOUND, date });
    expect(find(await ask(aws, at(0)), 'clock').verdict).toBe('ok');
    expect(find(await ask(aws, at(20)), 'clock')).toMatchObject({
      verdict: 'warning',
      found: '19.5 seconds ahead of the Date header of AWS',
    });
    const wrong = await ask(aws, at(-600));
    expect(find(wrong, 'clock')).toMatchObject({
      verdict: 'problem',
      fix: expect.stringContaining('timedatectl set-ntp true'),
    });
    expect(wrong.exitCode).toBe(1);
  });

  test('tells its time also where it refuses everything because of the clock', async () => {
    writeConfig(S3_SOURCE);
    const date = new Date('2026-11-02T12:00:00Z');
    const skewed = ec2Fault(403, 'SignatureDoesNotMatch', 'Signature expired');
    const aws: Answering = () => ({
      ...skewed,
      headers: { ...skewed.headers, date: date.toUTCString() },
    });
    const result = await ask(aws, { now: () => new Date('2026-11-02T13:00:00Z') });
    expect(find(result, 'clock').verdict).toBe('problem');
    expect(find(result, 'credentials').verdict).toBe('problem');
  });

  test('that says where a bucket is gives the line of the configuration', async () => {
    writeConfig(S3_SOURCE);
    const moved = s3Fault(301, 'PermanentRedirect', 'must be addressed using the endpoint');
    const elsewhere = {
      ...moved,
      headers: { ...moved.headers, 'x-amz-bucket-region': 'eu-west-1' },
    };
    expect(
      find(await ask(refusing(elsewhere, ['s3 GET'], answerAws(SOUND))), 's3:ListBucket'),
    ).toMatchObject({
      verdict: 'problem',
      found: 'the bucket is in eu-west-1',
      fix: 'region: eu-west-1   # of flow_logs[0]',
    });
  });

  test('without the bucket or the log group says so', async () => {
    writeConfig(`  flow_logs:
    - { s3: "s3://example-other/AWSLogs/", region: us-east-1 }
    - { cloudwatch_logs: /vpc/other, region: us-east-1, format: "${HEADER}" }`);
    const result = await ask(answerAws(SOUND));
    expect(find(result, 's3:ListBucket').found).toBe('there is no bucket example-other');
    expect(find(result, 'logs:FilterLogEvents').found).toBe(
      'there is no log group of this name in us-east-1',
    );
    // Its format is declared, so nothing needs the flow logs of the group.
    expect(result.checks.filter(({ check }) => check === 'ec2:DescribeFlowLogs')).toEqual([]);
  });

  test('with nothing below the prefix is a warning, and there is nothing to read', async () => {
    writeConfig('  flow_logs: [{ s3: "s3://example-flow-logs/other/", region: us-east-1 }]');
    const result = await ask(answerAws(SOUND));
    expect(find(result, 's3:ListBucket').verdict).toBe('warning');
    expect(find(result, 's3:GetObject').verdict).toBe('not_checked');
  });

  test('without flow logs of a log group is a problem: nothing says what its records are', async () => {
    writeConfig(LOGS_SOURCE);
    const result = await ask(answerAws({ ...SOUND, ec2: ec2Account({}) }));
    expect(find(result, 'ec2:DescribeFlowLogs')).toMatchObject({
      verdict: 'problem',
      found: 'no flow log writes to it, so nothing says which fields its records have',
    });
  });

  test('that cannot be reached is one problem; the rest is checked or says why not', async () => {
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', 'a.log'), `${HEADER}\n`);
    writeConfig(`${S3_SOURCE}\n    - files: ["logs/*.log"]\n${EC2_SOURCE}`);
    const result = await ask(undefined);
    expect(problems(result)).toEqual(['network']);
    expect(find(result, 'network').found).toContain('ECONNREFUSED');
    for (const check of ['clock', 'credentials', 's3:ListBucket', 's3:GetObject']) {
      expect(find(result, check).verdict).toBe('not_checked');
    }
    expect(find(result, 'ec2:DescribeInstances').verdict).toBe('not_checked');
    expect(find(result, 'files').verdict).toBe('ok');
    expect(result.flowLogs).toHaveLength(1);
    expect(result.exitCode).toBe(1);
  });

  test('that is silent is given up after the time that a call has', async () => {
    writeConfig(S3_SOURCE);
    const started = performance.now();
    const { createServer } = await import('node:net');
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    try {
      const settings = { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
      const result = await ask(answerAws({}), { timeoutMilliseconds: 200 }, settings);
      expect(find(result, 's3:ListBucket')).toMatchObject({
        verdict: 'not_checked',
        found: expect.stringContaining('TimeoutError'),
      });
      expect(problems(result)).toEqual(['network']);
    } finally {
      silent.close();
    }
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  test('is not asked without credentials', async () => {
    writeConfig(`${S3_SOURCE}\n${EC2_SOURCE}`);
    const settings = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const result = await ask(answerAws(SOUND), {}, settings);
    expect(result.requests).toEqual([]);
    expect(problems(result)).toEqual(['credentials']);
    expect(find(result, 'credentials').fix).toContain('AWS_PROFILE');
    expect(find(result, 'ec2').found).toBe('there are no credentials');
  });
});

describe('the key that signs', () => {
  const config = () =>
    writeConfig(S3_SOURCE, 'signature: { kms_key: alias/flowproof, region: us-east-1 }');

  test('is asked for its public half, and not to sign', async () => {
    config();
    const kms = kmsAccount({ 'alias/flowproof': kmsKey() });
    const result = await ask(answerAws({ ...SOUND, kms }));
    expect(find(result, 'kms:GetPublicKey').verdict).toBe('ok');
    expect(find(result, 'kms:Sign')).toMatchObject({
      verdict: 'not_checked',
      fix: expect.stringContaining(
        'aws kms sign --dry-run --region us-east-1 --key-id alias/flowproof',
      ),
    });
    expect(result.requests.filter((one) => callOf(one) === 'kms Sign')).toEqual([]);
  });

  test('that is of another kind, or denied, is a problem', async () => {
    config();
    const kms = kmsAccount({ 'alias/flowproof': kmsKey('ECC_NIST_P384') });
    const other = await ask(answerAws({ ...SOUND, kms }));
    expect(find(other, 'kms:GetPublicKey').found).toContain('ECC_NIST_P384');
    const denied = () => kmsFault('AccessDeniedException', 'not authorized');
    expect(find(await ask(answerAws({ ...SOUND, kms: denied })), 'kms:GetPublicKey')).toMatchObject(
      {
        verdict: 'problem',
        statements: [
          {
            Action: ['kms:GetPublicKey'],
            Condition: { StringEquals: { 'kms:RequestAlias': ['alias/flowproof'] } },
          },
        ],
      },
    );
  });
});

describe('the flow logs', () => {
  const judge = async (items: readonly string[], more: Record<string, string[]> = {}) => {
    writeConfig(`${S3_SOURCE}\n${EC2_SOURCE}`);
    const account = {
      DescribeFlowLogs: items,
      DescribeVpcs: [vpcItem()],
      DescribeNetworkInterfaces: [IN_SCOPE],
      ...more,
    };
    return ask(answerAws({ ...SOUND, ec2: ec2Account(account) }));
  };

  test('of the default format: which fields each detail lacks, and the commands', async () => {
    const result = await judge([flowLogItem({ logFormat: FORMAT, maxAggregationInterval: '600' })]);
    const [flowLog] = result.flowLogs;
    const missing = flowLog?.details.map((one) => [one.element, one.status, one.missing_fields]);
    expect(missing).toEqual([
      ['user_identification', 'missing', []],
      ['event_type', 'partial', []],
      ['event_time', 'met', []],
      ['outcome', 'partial', []],
      ['origination', 'partial', ['tcp-flags', 'pkt-srcaddr', 'flow-direction']],
      ['affected_resource', 'partial', ['vpc-id', 'instance-id', 'pkt-dstaddr']],
    ]);
    const { verdict, found, fix } = find(result, 'flow_log', 'fl-0123456789abcdef0');
    expect(verdict).toBe('warning');
    expect(found).toBe(
      'vpc-0a1b2c3d; traffic ALL; its format lacks flow-direction, instance-id, pkt-dstaddr, pkt-srcaddr, tcp-flags, vpc-id; aggregated over 600 seconds; delivers to arn:aws:s3:::example-flow-logs; delivery SUCCESS',
    );
    const lines = fix?.split('\n') ?? [];
    expect(lines[0]).toMatch(/^A flow log cannot be changed/);
    expect(lines[1]).toMatch(
      /^aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-0a1b2c3d --traffic-type ALL --max-aggregation-interval 60 --log-destination-type s3 --log-destination arn:aws:s3:::example-flow-logs --log-format '\$\{version\} .*\$\{flow-direction\}.*' --region us-east-1$/,
    );
    expect(lines[2]).toBe(
      'aws ec2 delete-flow-logs --flow-log-ids fl-0123456789abcdef0 --region us-east-1',
    );
    expect(result.exitCode).toBe(0);
  });

  test('that record rejected traffic only, or do not deliver', async () => {
    const rejected = await judge([flowLogItem({ logFormat: LONG_FORMAT, trafficType: 'REJECT' })]);
    expect(find(rejected, 'flow_log', 'fl-')).toMatchObject({
      verdict: 'warning',
      found: expect.stringContaining('traffic REJECT, not ALL'),
      fix: expect.stringContaining('--traffic-type ALL'),
    });
    const failed = await judge([
      flowLogItem({
        logFormat: LONG_FORMAT,
        deliverLogsStatus: 'FAILED',
        deliverLogsErrorMessage: 'Access error',
      }),
    ]);
    expect(find(failed, 'flow_log', 'fl-')).toMatchObject({
      verdict: 'problem',
      found: expect.stringContaining('delivery FAILED (Access error)'),
    });
  });

  test('of a format that suffices ask for nothing', async () => {
    const result = await judge([flowLogItem({ logFormat: LONG_FORMAT })]);
    expect(find(result, 'flow_log', 'fl-').verdict).toBe('ok');
    expect(result.flowLogs[0]?.create_command).toBeNull();
  });

  test('that deliver where nothing reads give the line that would', async () => {
    const result = await judge([
      flowLogItem({ logFormat: LONG_FORMAT, logDestination: 'arn:aws:s3:::example-other/vpc/' }),
    ]);
    expect(find(result, 'flow_log', 'fl-')).toMatchObject({
      verdict: 'warning',
      fix: 'Add to `flow_logs:` of the configuration: - { s3: "s3://example-other/vpc/AWSLogs/", region: us-east-1 }',
    });
  });

  test('that do not cover a network in scope: the command creates one where the configuration reads', async () => {
    const other = interfaceItem('eni-00000000000000009', 'vpc-00000000000000009', [
      ['pci', 'true'],
    ]);
    const outside = interfaceItem('eni-00000000000000008', 'vpc-00000000000000008');
    const result = await judge([flowLogItem({ logFormat: LONG_FORMAT })], {
      DescribeNetworkInterfaces: [IN_SCOPE, other, outside],
    });
    const checks = result.checks.filter(({ check }) => check === 'flow_log_coverage');
    expect(checks).toMatchObject([
      {
        subject: 'cde: vpc-00000000000000009',
        verdict: 'problem',
        found: 'no flow log records 1 of its 1 interfaces in scope, such as eni-00000000000000009',
        fix: expect.stringMatching(
          /^aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-00000000000000009 .* --log-destination arn:aws:s3:::example-flow-logs .* --region us-east-1$/,
        ),
      },
    ]);
    expect(result.exitCode).toBe(1);
  });

  test('that there are none of is a problem', async () => {
    writeConfig(
      `  flow_logs: [{ cloudwatch_logs: /vpc/flow-logs, region: us-east-1, format: "${HEADER}" }]\n${EC2_SOURCE}`,
    );
    const result = await ask(
      answerAws({ ...SOUND, ec2: ec2Account({ DescribeVpcs: [vpcItem()] }) }),
    );
    expect(find(result, 'flow_log').found).toBe(`no flow log in ${ACCOUNT} us-east-1`);
    expect(find(result, 'flow_log').verdict).toBe('problem');
  });

  test('with hostile names reach neither the shell nor the terminal', async () => {
    const result = await judge([
      flowLogItem({
        logFormat: FORMAT,
        resourceId: 'vpc-1; touch /tmp/x',
        logDestination: "arn:aws:s3:::example-flow-logs/$(id)'\u001b[2J",
      }),
    ]);
    const { fix = '' } = find(result, 'flow_log', 'fl-');
    expect(fix).toContain("--resource-ids 'vpc-1; touch /tmp/x' ");
    expect(fix).toContain("--log-destination 'arn:aws:s3:::example-flow-logs/$(id)'\\''");
    expect(doctorText(result)).not.toContain('\u001b');
    expect(JSON.parse(doctorJson(result)).flow_logs[0].destination).toContain('$(id)');
  });
});

test('the text has each check in a line with its fix below, and the JSON the same', async () => {
  writeConfig(`${S3_SOURCE}\n${EC2_SOURCE}`);
  const result = await ask(refusing(EC2_DENIED, ['ec2 DescribeSubnets'], answerAws(SOUND)));
  const text = doctorText(result);
  expect(text).toMatch(/^ok {11}node: Node\.js \d/);
  expect(text).toContain(
    `\nPROBLEM      ec2 inventory[0] account ${ACCOUNT}, us-east-1: denied: ec2:DescribeSubnets (`,
  );
  expect(text).toContain(
    `\n             → Allow ec2:DescribeSubnets to ${CALLER}\n               {"Effect":"Allow",`,
  );
  expect(text).toContain('\nThe six details of 10.2.2 in fl-0123456789abcdef0\n');
  expect(text.trimEnd().split('\n').at(-1)).toMatch(
    /^1 problem, 0 warnings, \d+ ok, 0 not checked$/,
  );
  const json = JSON.parse(doctorJson(result));
  expect(Object.keys(json)).toEqual(['config', 'exit_code', 'checks', 'flow_logs']);
  expect(json.exit_code).toBe(1);
  expect(json.checks).toHaveLength(result.checks.length);
});
