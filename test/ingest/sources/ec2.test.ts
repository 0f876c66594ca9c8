import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JsonObject, objectsOf } from '../../../src/ingest/json.ts';
import { type Ec2Options, ec2Source } from '../../../src/ingest/sources/ec2.ts';
import type { KnownContents } from '../../../src/ingest/sources/ec2-pull.ts';
import {
  DEFAULT_GROUP,
  EC2_ACTIONS,
  type Ec2Resources,
  ec2Account,
  VPC,
} from '../../ec2-double.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  ec2Fault,
  failingFirst,
  type HttpDouble,
  startHttpDouble,
} from '../../http-double.ts';

const NOW = new Date('2026-11-02T13:59:30.250Z');
const PERIOD = { start: new Date('2026-11-01T00:00Z'), end: new Date('2026-12-01T00:00Z') };
const NOTHING: KnownContents = new Map();

let folder = '';
let server: HttpDouble | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-ec2-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

type Pull = { uri: string; hints: unknown; document: JsonObject };

async function pullAll(
  answering: Answering,
  options: Partial<Ec2Options> & { accountIdOfCredentials?: string } = {},
): Promise<Pull[]> {
  const double = await startHttpDouble(answering);
  server = double;
  const { accountIdOfCredentials: accountId, ...rest } = options;
  const source = ec2Source({
    label: 'inventory[0]',
    regions: ['us-east-1'],
    knownContents: async () => NOTHING,
    createClient: (region) =>
      new EC2Client({
        region,
        endpoint: double.endpoint,
        credentials: { ...DOUBLE_CREDENTIALS, ...(accountId ? { accountId } : {}) },
        maxAttempts: 1,
      }),
    now: () => NOW,
    sleep: async () => {},
    ...rest,
  });
  const pulls: Pull[] = [];
  for await (const listed of source.list(PERIOD)) {
    const path = await listed.fetch(folder);
    const document = JSON.parse(await readFile(path ?? '', 'utf8'));
    pulls.push({ uri: listed.uri, hints: listed.hints, document });
  }
  return pulls;
}

const actions = (): string[] =>
  (server?.requests ?? []).map(({ body }) => new URLSearchParams(body).get('Action') ?? '');

const ACCOUNT: Ec2Resources = {
  DescribeVpcs: [VPC],
  DescribeSecurityGroups: [DEFAULT_GROUP],
  DescribeManagedPrefixLists: [
    '<prefixListId>pl-0a1b2c3d</prefixListId>',
    '<prefixListId>pl-0a1b2c3e</prefixListId>',
  ],
  'GetManagedPrefixListEntries pl-0a1b2c3d': ['<cidr>192.0.2.0/24</cidr>'],
};

describe('a pull', () => {
  test('makes every call and keeps each list under the key that the CLI gives it', async () => {
    const [pull, ...more] = await pullAll(ec2Account(ACCOUNT));
    expect(more).toEqual([]);
    expect(pull?.uri).toBe('ec2://123456789012/us-east-1/2026-11-02T13:59:30.250Z');
    expect(pull?.hints).toEqual({ accountId: '123456789012', region: 'us-east-1', takenAt: NOW });
    expect(pull?.document).toEqual({
      AccountId: '123456789012',
      Region: 'us-east-1',
      ...Object.fromEntries(
        [
          ...['Reservations', 'NetworkInterfaces', 'SecurityGroupRules', 'Subnets', 'NetworkAcls'],
          ...['FlowLogs', 'TransitGateways', 'TransitGatewayAttachments'],
        ].map((key) => [key, []]),
      ),
      Vpcs: [{ VpcId: 'vpc-0a1b2c3d', OwnerId: '123456789012' }],
      SecurityGroups: [
        {
          GroupId: 'sg-0a1b2c3d',
          GroupName: 'default',
          OwnerId: '123456789012',
          VpcId: 'vpc-0a1b2c3d',
        },
      ],
      PrefixLists: [{ PrefixListId: 'pl-0a1b2c3d' }, { PrefixListId: 'pl-0a1b2c3e' }],
      PrefixListEntries: [
        { PrefixListId: 'pl-0a1b2c3d', Entries: [{ Cidr: '192.0.2.0/24' }] },
        { PrefixListId: 'pl-0a1b2c3e', Entries: [] },
      ],
    });
    expect(new Set(actions())).toEqual(new Set(EC2_ACTIONS));
  });

  test('asks for what AWS services manage, too', async () => {
    await pullAll(ec2Account(ACCOUNT));
    const bodies = (server?.requests ?? []).map(({ body }) => new URLSearchParams(body));
    const managed = bodies.filter((form) => form.get('IncludeManagedResources') === 'true');
    expect(managed.map((form) => form.get('Action'))).toEqual([
      'DescribeInstances',
      'DescribeNetworkInterfaces',
    ]);
  });

  test('follows pages, also empty ones', async () => {
    const vpcs = Array.from({ length: 12 }, (_, index) => `<vpcId>vpc-${index}</vpcId>`);
    const [pull] = await pullAll(ec2Account({ ...ACCOUNT, DescribeVpcs: vpcs }), { pageSize: 5 });
    expect(objectsOf(pull?.document.Vpcs).map(({ VpcId }) => VpcId)).toEqual(
      vpcs.map((_, index) => `vpc-${index}`),
    );
    expect(actions().filter((action) => action === 'DescribeVpcs')).toHaveLength(3);

    await server?.close();
    let isFirst = true;
    const emptyFirst: Answering = (request) => {
      if (!isFirst || !request.body.includes('Action=DescribeVpcs')) {
        return ec2Account({ ...ACCOUNT, DescribeVpcs: ['', '<vpcId>vpc-1</vpcId>'] })(request);
      }
      isFirst = false;
      return {
        status: 200,
        headers: { 'content-type': 'text/xml' },
        body: '<DescribeVpcsResponse><vpcSet/><nextToken>1</nextToken></DescribeVpcsResponse>',
      };
    };
    const [second] = await pullAll(emptyFirst);
    expect(second?.document.Vpcs).toEqual([{ VpcId: 'vpc-1' }]);
  });

  test('is one object a role and region', async () => {
    const roleArns = [
      'arn:aws:iam::123456789012:role/flowproof',
      'arn:aws:iam::210987654321:role/flowproof',
    ];
    const pulls = await pullAll(ec2Account(ACCOUNT), {
      roleArns,
      regions: ['us-east-1', 'eu-west-1'],
    });
    expect(pulls.map(({ uri }) => uri.replace(/\/[^/]*$/, ''))).toEqual([
      'ec2://123456789012/us-east-1',
      'ec2://123456789012/eu-west-1',
      'ec2://210987654321/us-east-1',
      'ec2://210987654321/eu-west-1',
    ]);
  });

  test('takes the account from the credentials or the configuration, without a call', async () => {
    const options = { accountIdOfCredentials: '210987654321' };
    const [byCredentials] = await pullAll(ec2Account(ACCOUNT), options);
    expect(byCredentials?.uri).toContain('ec2://210987654321/');
    await server?.close();
    const [byConfig] = await pullAll(ec2Account(ACCOUNT), { accountId: '111122223333' });
    expect(byConfig?.uri).toContain('ec2://111122223333/');
    expect(actions().filter((action) => action === 'DescribeSecurityGroups')).toHaveLength(1);
  });

  test('says that the account is not known where nothing tells it', async () => {
    const [pull] = await pullAll(ec2Account({}));
    expect(pull?.uri).toMatch(/^ec2:\/\/unknown\/us-east-1\//);
    expect(pull?.hints).toEqual({ region: 'us-east-1', takenAt: NOW });
  });

  test('is none of a period that has not begun', async () => {
    const source = ec2Source({
      label: 'x',
      regions: ['us-east-1'],
      knownContents: async () => NOTHING,
      now: () => new Date('2026-10-31T23:59:59Z'),
    });
    for await (const listed of source.list(PERIOD)) throw new Error(listed.uri);
  });
});

describe('what the lake holds', () => {
  const keptAt = new Date('2026-11-02T09:00:00.500Z');
  const pullTwice = async (first: Ec2Resources, second: Ec2Resources, denied: string[] = []) => {
    const { contentSha256 } = await import('../../../src/ingest/inventory-state.ts');
    const [pull] = await pullAll(ec2Account(first));
    await server?.close();
    const hashOf = (items: unknown) => contentSha256(items as JsonObject[]);
    const document = pull?.document ?? {};
    const lists = document.PrefixListEntries as JsonObject[];
    const known: KnownContents = new Map([
      ['vpc 123456789012/us-east-1', { contentSha256: hashOf(document.Vpcs), takenAt: keptAt }],
      [
        'security_group 123456789012/us-east-1',
        { contentSha256: hashOf(document.SecurityGroups), takenAt: keptAt },
      ],
      [
        'prefix_list_entry 123456789012/us-east-1/pl-0a1b2c3d',
        { contentSha256: hashOf(lists[0]?.Entries), takenAt: keptAt },
      ],
    ]);
    const asked: string[] = [];
    const [next] = await pullAll(ec2Account(second, denied), {
      knownContents: async (series) => {
        asked.push(series);
        return known;
      },
      accountId: '123456789012',
    });
    expect(asked).toEqual(['123456789012/us-east-1']);
    return next?.document ?? {};
  };

  test('is not kept again: the list is named with its hash and the time that has it', async () => {
    const document = await pullTwice(ACCOUNT, ACCOUNT);
    const same = (Key: string, ItemCount: number) =>
      expect.objectContaining({ Key, ItemCount, SameAsAt: '2026-11-02T09:00:00.500Z' });
    expect(document.Unchanged).toEqual([
      same('SecurityGroups', 1),
      same('Vpcs', 1),
      expect.objectContaining({ Key: 'Entries', PrefixListId: 'pl-0a1b2c3d', ItemCount: 1 }),
    ]);
    expect(document.Vpcs).toBeUndefined();
    expect(document.PrefixListEntries).toEqual([{ PrefixListId: 'pl-0a1b2c3e', Entries: [] }]);
  });

  test('is kept again once a value is another', async () => {
    const tagged = `${VPC}<tagSet><item><key>Name</key><value>new</value></item></tagSet>`;
    const document = await pullTwice(ACCOUNT, { ...ACCOUNT, DescribeVpcs: [tagged] });
    expect(document.Vpcs).toEqual([expect.objectContaining({ VpcId: 'vpc-0a1b2c3d' })]);
  });

  test('of groups is not enough where the rules could not be read', async () => {
    const document = await pullTwice(ACCOUNT, ACCOUNT, ['DescribeSecurityGroupRules']);
    expect(document.SecurityGroups).toHaveLength(1);
  });
});

describe('failures', () => {
  test('a call without permission names it, and the others stand', async () => {
    const denied = ['DescribeNetworkAcls', 'GetManagedPrefixListEntries'];
    const [pull] = await pullAll(ec2Account(ACCOUNT, denied));
    expect(pull?.document.Vpcs).toHaveLength(1);
    expect(pull?.document.NetworkAcls).toBeUndefined();
    expect(pull?.document.Failures).toEqual([
      {
        Key: 'NetworkAcls',
        Operation: 'DescribeNetworkAcls',
        Problem:
          'DescribeNetworkAcls failed with UnauthorizedOperation (HTTP 403): You are not authorized to do this. The identity that runs flowproof needs ec2:DescribeNetworkAcls.',
      },
      {
        Key: 'Entries',
        PrefixListId: 'pl-0a1b2c3d',
        Operation: 'GetManagedPrefixListEntries',
        Problem: expect.stringContaining('needs ec2:GetManagedPrefixListEntries'),
      },
    ]);
    // Who may not read one list is not asked about the others.
    expect(actions().filter((action) => action.startsWith('Get'))).toHaveLength(1);
  });

  test('pages before a failure are kept', async () => {
    const vpcs = Array.from({ length: 7 }, (_, index) => `<vpcId>vpc-${index}</vpcId>`);
    const account = ec2Account({ ...ACCOUNT, DescribeVpcs: vpcs });
    const answering: Answering = (request) =>
      request.body.includes('DescribeVpcs') && request.body.includes('NextToken')
        ? ec2Fault(400, 'InvalidNextToken', 'The token has expired')
        : account(request);
    const [pull] = await pullAll(answering, { pageSize: 5 });
    expect(pull?.document.Vpcs).toHaveLength(5);
    expect(pull?.document.Failures).toMatchObject([{ Key: 'Vpcs' }]);
  });

  test('throttling is waited for', async () => {
    const fault = ec2Fault(503, 'RequestLimitExceeded', 'Request limit exceeded.');
    const isVpcs = ({ body }: { body: string }) => body.includes('Action=DescribeVpcs');
    const [pull] = await pullAll(failingFirst([fault, fault], ec2Account(ACCOUNT), isVpcs));
    expect(pull?.document.Vpcs).toHaveLength(1);
    expect(pull?.document.Failures).toBeUndefined();
  });

  test('a pull of which nothing succeeds is out of reach, and leaves no file', async () => {
    await expect(pullAll(ec2Account(ACCOUNT, EC2_ACTIONS))).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringContaining('DescribeInstances failed with UnauthorizedOperation'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('no credentials: listing says so', async () => {
    const options = {
      createClient: (region: string) =>
        new EC2Client({ region, credentials: () => Promise.reject(new Error('none found')) }),
    };
    await expect(pullAll(ec2Account(ACCOUNT), options)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringContaining('none found'),
    });
  });
});
