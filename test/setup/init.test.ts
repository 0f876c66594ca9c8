import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig, readConfig } from '../../src/config.ts';
import type { FoundDestination } from '../../src/setup/ask-aws.ts';
import { type FirstConfig, firstConfigText } from '../../src/setup/first-config.ts';
import { type InitOptions, init } from '../../src/setup/init.ts';
import { ec2Account } from '../ec2-double.ts';
import { type Answering, s3Fault } from '../http-double.ts';
import {
  ACCOUNT,
  answerAws,
  callOf,
  EC2_DENIED,
  flowLogItem,
  refusing,
  vpcItem,
  withAws,
} from './aws-double.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-init-'));
  path = join(folder, 'flowproof.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const now = () => new Date('2026-11-20T12:00:00Z');
const OPTIONS: Omit<InitOptions, 'path'> = {
  regions: [],
  files: [],
  vpcs: [],
  isForced: false,
  now,
  sleep: async () => {},
};

const run = (aws: Answering | undefined, options: Partial<InitOptions> = {}) =>
  withAws(aws, async (requests) => ({
    ...(await init({ ...OPTIONS, path, ...options })),
    requests,
  }));

/** A bucket that is in another Region, whoever asks. */
const inIreland: Answering = () => ({
  ...s3Fault(301, 'PermanentRedirect', 'elsewhere'),
  headers: { 'x-amz-bucket-region': 'eu-west-1' },
});

const FLOW_LOGS = [
  flowLogItem({
    flowLogId: 'fl-00000000000000001',
    logDestination: 'arn:aws:s3:::example-logs/shop/',
  }),
  flowLogItem({
    flowLogId: 'fl-00000000000000002',
    logDestination: 'arn:aws:s3:::example-logs/shop/',
  }),
  flowLogItem({
    flowLogId: 'fl-00000000000000003',
    logDestinationType: 'cloud-watch-logs',
    logDestination: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/vpc/flow-logs:*`,
  }),
  flowLogItem({
    flowLogId: 'fl-00000000000000004',
    logDestinationType: 'kinesis-data-firehose',
    logDestination: `arn:aws:firehose:us-east-1:${ACCOUNT}:deliverystream/logs`,
  }),
];

const AWS = answerAws({
  s3: inIreland,
  ec2: ec2Account({
    DescribeFlowLogs: FLOW_LOGS,
    DescribeVpcs: [vpcItem(), vpcItem('vpc-00000000000000009', 'shop')],
  }),
});

describe('with AWS', () => {
  test('what there is becomes sources, scope and period, and the file is a configuration', async () => {
    const { text, requests } = await run(AWS);
    const config = readConfig(path);
    expect(config.sources).toMatchObject({
      flow_logs: [
        { cloudwatch_logs: '/vpc/flow-logs', region: 'us-east-1' },
        { s3: 's3://example-logs/shop/AWSLogs/', region: 'eu-west-1' },
      ],
      inventory: [{ ec2: ['us-east-1'] }],
    });
    expect(config.scope).toEqual([
      { name: 'cde', match: { vpc: ['vpc-00000000000000009', 'vpc-0a1b2c3d'] } },
    ]);
    expect(config.period).toEqual({ start: new Date('2026-10-01'), end: new Date('2026-11-01') });
    expect(text).toContain('# Flow logs fl-00000000000000001, fl-00000000000000002\n');
    expect(text).toContain(
      '# Not read directly: fl-00000000000000004 to kinesis-data-firehose arn:',
    );
    expect(text).toContain('vpc-00000000000000009 us-east-1 shop\n');
    const changing = requests.map(callOf).filter((call) => !/ (Describe|Get|HEAD)/.test(call));
    expect(changing).toEqual([]);
  });

  test('each Region that is named is asked', async () => {
    const { requests } = await run(AWS, { regions: ['us-east-1', 'eu-west-1'] });
    expect(readConfig(path).sources.inventory).toMatchObject([{ ec2: ['us-east-1', 'eu-west-1'] }]);
    const asked = requests.filter((one) => callOf(one) === 'ec2 DescribeFlowLogs');
    expect(asked).toHaveLength(2);
  });

  test('a tag and a VPC that are chosen are the scope', async () => {
    await run(AWS, { scopeTag: 'pci=true=yes', vpcs: ['vpc-0a1b2c3d'] });
    expect(readConfig(path).scope).toEqual([
      { name: 'cde', match: { vpc: ['vpc-0a1b2c3d'], tag: { pci: 'true=yes' } } },
    ]);
  });

  test('what is denied stands as a comment, and what could be asked as a value', async () => {
    const denied = refusing(EC2_DENIED, ['ec2 DescribeFlowLogs', 'ec2 DescribeVpcs'], AWS);
    const { text, facts } = await run(denied);
    expect(facts?.unasked).toEqual([
      'the flow logs of us-east-1: UnauthorizedOperation: You are not authorized to perform this operation.',
      'the VPCs of us-east-1: UnauthorizedOperation: You are not authorized to perform this operation.',
    ]);
    expect(text).toContain('#   the VPCs of us-east-1: UnauthorizedOperation');
    expect(text).toContain('# - s3: s3://example-flow-logs/AWSLogs/');
    const config = readConfig(path);
    expect(config.sources.flow_logs).toMatchObject([{ files: ['logs/**/*.log.gz'] }]);
    expect(config.scope).toEqual([{ name: 'cde', match: { account: [ACCOUNT] } }]);
  });

  test('that does not answer, or without a Region, leaves a file with examples', async () => {
    const { facts } = await run(undefined);
    expect(facts?.unasked).toHaveLength(3);
    expect(readConfig(path).scope).toEqual([{ name: 'cde', match: { tag: { pci: 'true' } } }]);
    const { facts: none } = await withAws(
      AWS,
      () => init({ ...OPTIONS, path: join(folder, 'other.yaml') }),
      { AWS_REGION: undefined },
    );
    expect(none?.unasked).toEqual([
      'AWS was not asked: no Region; use --region, or set AWS_REGION',
    ]);
    expect(readConfig(join(folder, 'other.yaml')).sources.inventory).toEqual([]);
  });
});

describe('without AWS', () => {
  test('files are the source, and nothing is asked', async () => {
    const { requests, text } = await run(AWS, { files: ['logs/**', 'more logs/*.gz'] });
    expect(requests).toEqual([]);
    expect(readConfig(path).sources.flow_logs).toEqual([{ files: ['logs/**', 'more logs/*.gz'] }]);
    expect(text).toContain('# inventory:\n');
    expect(text).toMatch(/# allowed_services: /);
  });

  test('its examples are right: each can be a line of the file', async () => {
    const { text } = await run(AWS, { files: ['logs/**'] });
    const all = text
      .replace(
        /^# (?=(organization|allowed_services|memory_limit|signature|exceptions|pack):| {2}- \{ scope)/gm,
        '',
      )
      .replace(/^ {2}# (?=(inventory|ips_events):|( {2}- (ec2|files):))/gm, '  ');
    const config = parseConfig(all, 'all');
    expect(config).toMatchObject({
      organization: 'Example Shop',
      sources: { inventory: [{ ec2: ['us-east-1'] }], ips_events: [{ files: ['ips/**/*'] }] },
      allowed_services: [{ scope: 'cde' }],
      signature: { key_file: 'flowproof-key.pem' },
      memory_limit: '2GB',
    });
  });

  test.each([
    [undefined, '2026-10-01', '2026-11-01'],
    ['2026-01', '2026-01-01', '2026-02-01'],
    ['2026-12', '2026-12-01', '2027-01-01'],
    ['2026-02-10/2026-03-01', '2026-02-10', '2026-03-01'],
  ])('the period %s is %s to %s', async (period, start, end) => {
    await run(undefined, { files: ['logs/**'], period });
    expect(readConfig(path).period).toEqual({ start: new Date(start), end: new Date(end) });
  });

  test('in January the last month is December', async () => {
    await run(undefined, { files: ['logs/**'], now: () => new Date('2027-01-01T00:00:00Z') });
    expect(readConfig(path).period.start).toEqual(new Date('2026-12-01'));
  });
});

describe('the file', () => {
  test('is not overwritten unless that is forced, and only its owner can read it', async () => {
    writeFileSync(path, 'mine');
    await expect(run(undefined, { files: ['logs/**'] })).rejects.toMatchObject({
      code: 'USAGE',
      problem: 'it exists, and would be overwritten',
      remedy: expect.stringContaining('--force'),
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    await run(undefined, { files: ['logs/**'], isForced: true });
    expect(readConfig(path).lake).toBe(join(folder, 'lake'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['flowproof.yaml']);
  });

  test('that cannot be written says so', async () => {
    const place = join(folder, 'none', 'flowproof.yaml');
    for (const isForced of [false, true]) {
      await expect(run(undefined, { files: ['a'], path: place, isForced })).rejects.toMatchObject({
        code: 'USAGE',
        problem: expect.stringContaining('ENOENT'),
      });
    }
  });

  test.each<[string, Partial<InitOptions>]>([
    ['--period', { period: '2026-13' }],
    ['--period', { period: '2026-02-30/2026-03-10' }],
    ['--period', { period: '2026-03-10/2026-03-10' }],
    ['--scope-tag', { scopeTag: 'pci' }],
    ['--scope-tag', { scopeTag: '=true' }],
    ['--region', { regions: ['us-east'] }],
    ['--vpc', { vpcs: ['sg-0a1b2c3d'] }],
  ])('is not written for a wrong %s', async (option, options) => {
    await expect(run(undefined, { files: ['logs/**'], ...options })).rejects.toMatchObject({
      code: 'USAGE',
      place: `flowproof init ${option}`,
    });
    expect(existsSync(path)).toBe(false);
  });
});

test('whatever AWS answers, the file is a configuration that holds it as it is', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.constantFrom(
      ...['a: b', '- x', '# c', '*a', '&a', '!!js', '"', "'", '{', 'true', '~', '123', '\u2028'],
      ...['a\nlake: /etc', 'a\r\n- files: [/etc/passwd]', '%', '@', '`', '\u0000', '|'],
    ),
  );
  const destination: fc.Arbitrary<FoundDestination> = fc.oneof(
    fc.record({
      of: fc.constant('s3' as const),
      bucket: fc.oneof(name, fc.constant('example-logs')),
      prefix: name,
      region: fc.constant('us-east-1'),
      isRegionKnown: fc.boolean(),
      flowLogIds: fc.array(name, { minLength: 1, maxLength: 7 }),
    }),
    fc.record({
      of: fc.constant('log_group' as const),
      logGroup: name,
      region: fc.constant('us-east-1'),
      flowLogIds: fc.array(name, { minLength: 1 }),
    }),
    fc.record({ of: fc.constant('other' as const), what: name, flowLogIds: fc.array(name) }),
  );
  fc.assert(
    fc.property(
      fc.array(destination, { maxLength: 4 }),
      fc.array(fc.record({ vpcId: name, name, region: name }), { maxLength: 3 }),
      fc.array(name, { maxLength: 3 }),
      fc.record({ key: name, value: name }),
      fc.boolean(),
      fc.boolean(),
      (destinations, vpcs, unasked, tag, hasTag, hasVpcs) => {
        const first: FirstConfig = {
          facts: {
            accountId: ACCOUNT,
            regions: ['us-east-1'],
            destinations,
            vpcs: hasVpcs ? vpcs : undefined,
            unasked,
          },
          files: [],
          scopeTag: hasTag ? tag : undefined,
          vpcs: [],
          period: { start: '2026-10-01', end: '2026-11-01' },
        };
        const config = parseConfig(firstConfigText(first), 'flowproof.yaml');
        expect([config.lake, config.output, config.pack]).toEqual([
          './lake',
          './evidence',
          'pci-dss-4.0.1',
        ]);
        const groups = config.sources.flow_logs.flatMap((one) => one.cloudwatch_logs ?? []);
        const given = destinations.flatMap((one) => (one.of === 'log_group' ? [one.logGroup] : []));
        expect(groups).toEqual(given);
        expect(config.sources.ips_events).toEqual([]);
        const [scope] = config.scope;
        if (hasTag) expect(scope?.match.tag).toEqual({ [tag.key]: tag.value });
        else if (hasVpcs && vpcs.length > 0) {
          expect(scope?.match.vpc).toEqual(vpcs.map(({ vpcId }) => vpcId));
        }
      },
    ),
    { numRuns: Number(process.env.FLOWPROOF_INIT_RUNS ?? 100) },
  );
});
