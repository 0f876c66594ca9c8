import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { awsConfig } from '../../../src/ingest/formats/aws-config.ts';
import { describeJson } from '../../../src/ingest/formats/describe-json.ts';
import { memoryObject, type ReadOptions, readContent } from '../../memory-sink.ts';

const FOLDER = 's3://amzn-s3-demo-bucket/AWSLogs/123456789012/Config/us-east-1/2026/11/2';
const SNAPSHOT = `${FOLDER}/ConfigSnapshot/123456789012_Config_us-east-1_ConfigSnapshot_20261102T183939Z_16da64e4-cb65-4846-b061-e6c3ba43cb96.json.gz`;
const HISTORY = `${FOLDER}/ConfigHistory/123456789012_Config_us-east-1_ConfigHistory_AWS::EC2::NetworkInterface_20261102T120000Z_20261102T175900Z_1.json.gz`;

const MADE = new Date('2026-11-02T18:39:39Z');
const CAPTURED = '2026-11-01T10:05:07.918Z';
const SERIES = '123456789012/us-east-1';

const INTERFACE = {
  configurationItemVersion: '1.3',
  configurationItemCaptureTime: CAPTURED,
  configurationItemStatus: 'OK',
  configurationStateId: 1793527507918,
  awsAccountId: '123456789012',
  ARN: 'arn:aws:ec2:us-east-1:123456789012:network-interface/eni-0a1b2c3d',
  awsRegion: 'us-east-1',
  availabilityZone: 'us-east-1a',
  resourceType: 'AWS::EC2::NetworkInterface',
  resourceId: 'eni-0a1b2c3d',
  relationships: [
    { resourceId: 'sg-0a1b2c3d', resourceType: 'AWS::EC2::SecurityGroup', name: 'Is associated' },
  ],
  tags: { Name: 'web' },
  configuration: {
    networkInterfaceId: 'eni-0a1b2c3d',
    ownerId: '123456789012',
    description: '',
    interfaceType: 'interface',
    requesterManaged: false,
    subnetId: 'subnet-0a1b2c3d',
    vpcId: 'vpc-0a1b2c3d',
    privateIpAddress: '10.0.1.15',
    privateIpAddresses: [{ primary: true, privateIpAddress: '10.0.1.15', association: null }],
    ipv6Addresses: [{ ipv6Address: '2001:0db8::0001' }],
    groups: [{ groupId: 'sg-0a1b2c3d', groupName: 'web' }],
    attachment: { instanceId: 'i-0a1b2c3d', attachTime: '2026-11-01T10:00:00.000Z' },
    tagSet: [{ key: 'Name', value: 'web' }],
  },
  supplementaryConfiguration: {},
};

const GROUP = {
  ...INTERFACE,
  resourceType: 'AWS::EC2::SecurityGroup',
  resourceId: 'sg-0a1b2c3d',
  relationships: [],
  configuration: {
    groupId: 'sg-0a1b2c3d',
    groupName: 'web',
    ownerId: '123456789012',
    vpcId: 'vpc-0a1b2c3d',
    ipPermissions: [
      {
        ipProtocol: 'tcp',
        fromPort: 443,
        toPort: 443,
        ipRanges: ['198.51.100.0/24', '10.0.0.0/8'],
        ipv4Ranges: [
          { cidrIp: '198.51.100.0/24', description: 'office' },
          { cidrIp: '10.0.0.0/8' },
        ],
        ipv6Ranges: [{ cidrIpv6: '2001:db8::/32' }],
        prefixListIds: [{ prefixListId: 'pl-0a1b2c3d' }],
        userIdGroupPairs: [{ groupId: 'sg-0a1b2c3e', userId: '123456789012' }],
      },
      { ipProtocol: 'udp', fromPort: 53, toPort: 53, ipRanges: ['10.0.0.2/32'] },
    ],
    ipPermissionsEgress: [{ ipProtocol: '-1', fromPort: null, ipRanges: ['0.0.0.0/0'] }],
  },
};

const PREFIX_LIST = {
  ...INTERFACE,
  resourceType: 'AWS::EC2::PrefixList',
  resourceId: 'pl-0a1b2c3d',
  configuration: {
    PrefixListId: 'pl-0a1b2c3d',
    Version: '1',
    Entries: [{ Cidr: '192.0.2.0/24' }, { Cidr: '198.51.100.0/24' }],
  },
};

const DELETED = {
  ...INTERFACE,
  configurationItemStatus: 'ResourceDeleted',
  configuration: null,
  tags: {},
};

const BUCKET = { ...INTERFACE, resourceType: 'AWS::S3::Bucket', resourceId: 'amzn-s3-demo-bucket' };

const snapshotOf = (...configurationItems: unknown[]) => ({
  fileVersion: '1.0',
  configSnapshotId: '16da64e4-cb65-4846-b061-e6c3ba43cb96',
  configurationItems,
});
const historyOf = (...configurationItems: unknown[]) => ({
  fileVersion: '1.0',
  configurationItems,
});

async function read(document: unknown, options: ReadOptions = {}) {
  const content = typeof document === 'string' ? document : JSON.stringify(document);
  const { sink, result } = await readContent(awsConfig, content, { uri: HISTORY, ...options });
  expect(sink.accountedLines()).toBe(result.lineCount);
  const rowsOf = (table: string) =>
    sink.rows.filter((row) => row.table === table).map(({ row }) => row);
  return {
    result,
    items: rowsOf('inventory_item'),
    snapshots: rowsOf('inventory_snapshot'),
    nodata: sink.counts.nodata,
    rejects: sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason]),
  };
}

describe('an item', () => {
  test('has the shape of the EC2 API, and the state of its answer', async () => {
    const { items } = await read(historyOf(INTERFACE));
    const described = await readContent(
      describeJson,
      JSON.stringify({
        NetworkInterfaces: [
          {
            NetworkInterfaceId: 'eni-0a1b2c3d',
            OwnerId: '123456789012',
            InterfaceType: 'interface',
            Status: 'in-use',
            SubnetId: 'subnet-0a1b2c3d',
            VpcId: 'vpc-0a1b2c3d',
            PrivateIpAddress: '10.0.1.15',
            PrivateIpAddresses: [{ PrivateIpAddress: '10.0.1.15', Primary: true }],
            Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }],
            Ipv4Prefixes: [],
            Groups: [{ GroupName: 'web', GroupId: 'sg-0a1b2c3d' }],
            Attachment: { InstanceId: 'i-0a1b2c3d', AttachTime: '2026-11-01T10:00:00+00:00' },
            TagSet: [{ Key: 'Name', Value: 'web' }],
          },
        ],
      }),
      { uri: 'file:2026-11-02T13-59-30Z.json' },
    );
    const ofApi = described.sink.rows.find(({ table }) => table === 'inventory_item')?.row;
    expect(items).toMatchObject([
      {
        resource_type: 'network_interface',
        resource_id: 'eni-0a1b2c3d',
        account_id: '123456789012',
        region: 'us-east-1',
        series: SERIES,
        state_sha256: ofApi?.state_sha256,
      },
    ]);
    expect(JSON.parse(String(items[0]?.configuration))).toMatchObject({
      Attachment: { InstanceId: 'i-0a1b2c3d' },
      Groups: [{ GroupId: 'sg-0a1b2c3d', GroupName: 'web' }],
      Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }],
      TagSet: [{ Key: 'Name', Value: 'web' }],
      Relationships: INTERFACE.relationships,
    });
  });

  test('may hold its configuration as a text, and its account and version under other names', async () => {
    const { configurationItemVersion: version, awsAccountId: accountId, ...rest } = INTERFACE;
    const other = {
      ...rest,
      version,
      accountId,
      configuration: JSON.stringify(INTERFACE.configuration),
    };
    const [one] = (await read(historyOf(INTERFACE))).items;
    const [two] = (await read(historyOf(other))).items;
    expect(two).toEqual(one);
  });

  test('without groups of its own has those that it is related to', async () => {
    const { groups: _, ...configuration } = INTERFACE.configuration;
    const { items } = await read(historyOf({ ...INTERFACE, configuration }));
    expect(JSON.parse(String(items[0]?.configuration)).Groups).toEqual([
      { GroupId: 'sg-0a1b2c3d' },
    ]);
  });

  test.each([
    ['AWS::EC2::Instance', 'instance', { instanceId: 'i-0a1b2c3d', state: { name: 'running' } }],
    ['AWS::EC2::Subnet', 'subnet', { subnetId: 'subnet-0a1b2c3d' }],
    ['AWS::EC2::VPC', 'vpc', { vpcId: 'vpc-0a1b2c3d', cidrBlock: '10.0.0.0/16' }],
    ['AWS::EC2::NetworkAcl', 'network_acl', { networkAclId: 'acl-0a1b2c3d' }],
    ['AWS::EC2::FlowLog', 'flow_log', { flowLogId: 'fl-0a1b2c3d', logFormat: 'x' }],
  ])('of type %s is read', async (resourceType, type, configuration) => {
    const { items } = await read(
      historyOf({ ...INTERFACE, resourceType, configuration, relationships: [] }),
    );
    expect(items).toMatchObject([{ resource_type: type }]);
    expect(JSON.parse(String(items[0]?.configuration)).Tags).toEqual([
      { Key: 'Name', Value: 'web' },
    ]);
  });

  test('of a VPC from before it could have several ranges names its one in the list', async () => {
    const configuration = { vpcId: 'vpc-0a1b2c3d', cidrBlock: '10.0.0.0/16' };
    const { items } = await read(
      historyOf({ ...INTERFACE, resourceType: 'AWS::EC2::VPC', configuration }),
    );
    expect(JSON.parse(String(items[0]?.configuration)).CidrBlockAssociationSet).toEqual([
      { CidrBlock: '10.0.0.0/16' },
    ]);
  });
});

describe('a group', () => {
  test('makes a rule of each range once, though it names ranges twice', async () => {
    const { items, snapshots, result } = await read(historyOf(GROUP));
    const rules = items.filter((row) => row.resource_type === 'security_group_rule');
    const name = (rest: string) => `sg-0a1b2c3d/${rest}`;
    expect(rules.map((row) => row.resource_id)).toEqual([
      name('ingress/tcp/443-443/198.51.100.0/24'),
      name('ingress/tcp/443-443/10.0.0.0/8'),
      name('ingress/tcp/443-443/2001:db8::/32'),
      name('ingress/tcp/443-443/pl-0a1b2c3d'),
      name('ingress/tcp/443-443/sg-0a1b2c3e'),
      name('ingress/udp/53-53/10.0.0.2/32'),
      name('egress/-1/-1--1/0.0.0.0/0'),
    ]);
    expect(JSON.parse(String(rules[0]?.configuration)).Description).toBe('office');
    expect(new Set(rules.map((row) => row.parent_id))).toEqual(new Set(['sg-0a1b2c3d']));
    const at = new Date(CAPTURED);
    expect(snapshots).toEqual([
      {
        resource_type: 'security_group_rule',
        series: `${SERIES}#permissions`,
        parent_id: 'sg-0a1b2c3d',
        taken_at: at,
        recorded_at: at,
        known_by: 'config_history',
        is_complete: true,
        item_count: 7,
      },
    ]);
    expect(result.lineCount).toBe(1);
  });

  test('that is deleted has no rules any more', async () => {
    const { items, snapshots } = await read(
      historyOf({ ...GROUP, configurationItemStatus: 'ResourceDeleted', configuration: null }),
    );
    expect(items).toMatchObject([{ resource_type: 'security_group', item_status: 'deleted' }]);
    expect(snapshots).toMatchObject([{ parent_id: 'sg-0a1b2c3d', item_count: 0 }]);
  });
});

test('a prefix list makes an item of each entry', async () => {
  const { items, snapshots, result } = await read(historyOf(PREFIX_LIST));
  expect(items.map((row) => [row.resource_type, row.resource_id, row.series])).toEqual([
    ['prefix_list', 'pl-0a1b2c3d', SERIES],
    ['prefix_list_entry', 'pl-0a1b2c3d/192.0.2.0/24', `${SERIES}/pl-0a1b2c3d`],
    ['prefix_list_entry', 'pl-0a1b2c3d/198.51.100.0/24', `${SERIES}/pl-0a1b2c3d`],
  ]);
  expect(snapshots).toMatchObject([{ parent_id: 'pl-0a1b2c3d', item_count: 2 }]);
  expect(result.lineCount).toBe(1);
});

describe('a history', () => {
  test('has the time of each capture, and proves no absence', async () => {
    const { items, snapshots, result } = await read(
      historyOf(
        { ...INTERFACE, configurationItemStatus: 'ResourceDiscovered' },
        INTERFACE,
        DELETED,
      ),
    );
    const at = new Date(CAPTURED);
    expect(items.map((row) => [row.taken_at, row.recorded_at, row.item_status])).toEqual([
      [at, at, 'discovered'],
      [at, at, 'ok'],
      [at, at, 'deleted'],
    ]);
    expect(items[2]).toMatchObject({ configuration: undefined, state_sha256: undefined });
    expect(items.map((row) => row.known_by)).toEqual(Array(3).fill('config_history'));
    expect(snapshots).toEqual([]);
    expect(result).toEqual({ lineCount: 3 });
  });

  test.each([
    [{ recordingFrequency: 'DAILY' }, 'ok'],
    [{ configurationItemDeliveryTime: '2026-11-02T00:10:00.000Z' }, 'ok'],
    [{ configurationItemStatus: 'ResourceDeletedNotRecorded' }, 'deleted'],
  ])('with %o states no time of a change', async (parts, status) => {
    const { items } = await read(historyOf({ ...INTERFACE, ...parts }));
    expect(items).toMatchObject([
      { taken_at: new Date(CAPTURED), recorded_at: undefined, item_status: status },
    ]);
  });

  test('printed by the AWS CLI may have its times as numbers', async () => {
    const { items } = await read({
      configurationItems: [{ ...INTERFACE, configurationItemCaptureTime: 1793527507.918 }],
    });
    expect(items[0]?.taken_at).toEqual(new Date(CAPTURED));
  });
});

describe('a snapshot', () => {
  const inSnapshot = { uri: SNAPSHOT };

  test('has its own time and that of each capture, and is complete for the types that it has', async () => {
    const { items, snapshots, nodata, result } = await read(
      snapshotOf(INTERFACE, BUCKET, GROUP),
      inSnapshot,
    );
    expect(items.map((row) => [row.resource_type, row.taken_at, row.recorded_at])).toEqual(
      items.map((row) => [row.resource_type, MADE, new Date(CAPTURED)]),
    );
    const complete = snapshots.filter((row) => row.parent_id === undefined);
    expect(complete.map((row) => [row.resource_type, row.item_count, row.is_complete])).toEqual([
      ['network_interface', 1, true],
      ['security_group', 1, true],
    ]);
    expect(new Set(complete.map((row) => row.taken_at))).toEqual(new Set([MADE]));
    expect(nodata).toBe(1);
    expect(result.lineCount).toBe(3);
  });

  test('is read gzipped, and known by its name where it has no id', async () => {
    const { sink } = await readContent(awsConfig, gzipSync(JSON.stringify(historyOf(INTERFACE))), {
      uri: SNAPSHOT,
    });
    expect(sink.rows[0]?.row).toMatchObject({ known_by: 'config_snapshot', taken_at: MADE });
  });

  test('without a time has that of each capture, and is not complete', async () => {
    const { items, snapshots } = await read(snapshotOf(INTERFACE), { uri: 'file:snapshot.json' });
    expect(items).toMatchObject([{ taken_at: new Date(CAPTURED), known_by: 'config_snapshot' }]);
    expect(snapshots).toEqual([]);
  });

  test('may have been captured while it was made, not long after', async () => {
    const soon = { ...INTERFACE, configurationItemCaptureTime: '2026-11-02T18:39:41.500Z' };
    const late = { ...GROUP, configurationItemCaptureTime: '2026-11-03T18:39:41.500Z' };
    const { items, snapshots, rejects } = await read(snapshotOf(soon, late), inSnapshot);
    expect(items).toMatchObject([{ taken_at: new Date('2026-11-02T18:39:41.500Z') }]);
    expect(snapshots.map((row) => [row.resource_type, row.is_complete])).toEqual([
      ['network_interface', true],
      ['security_group', false],
    ]);
    expect(rejects).toEqual([
      [2, expect.stringContaining('captured at 2026-11-03T18:39:41.500Z, after its snapshot')],
    ]);
  });

  test('of a type with what is recorded once a day, or cannot be read, is not complete', async () => {
    const daily = { ...INTERFACE, recordingFrequency: 'DAILY' };
    const { items, snapshots } = await read(
      snapshotOf(daily, { ...GROUP, configuration: 'x' }),
      inSnapshot,
    );
    expect(items).toMatchObject([{ taken_at: new Date(CAPTURED), recorded_at: undefined }]);
    expect(snapshots.map((row) => [row.resource_type, row.is_complete])).toEqual([
      ['network_interface', false],
      ['security_group', false],
    ]);
  });
});

describe('a change notification', () => {
  const message = {
    messageType: 'ConfigurationItemChangeNotification',
    configurationItemDiff: null,
    configurationItem: INTERFACE,
  };
  const sns = { Type: 'Notification', Message: JSON.stringify(message) };
  const eventBridge = {
    'detail-type': 'Config Configuration Item Change',
    source: 'aws.config',
    detail: message,
  };

  test.each([
    ['as it is', message],
    ['with a list of items', { ...message, configurationItem: [INTERFACE] }],
    ['in SNS', sns],
    ['in SNS in SQS', { Records: [{ body: JSON.stringify(sns) }] }],
    ['in EventBridge', eventBridge],
    ['in a list', [eventBridge]],
  ])('is read %s', async (_, document) => {
    const { items, result } = await read(document, { uri: 'file:notifications.json' });
    expect(items).toMatchObject([
      { resource_id: 'eni-0a1b2c3d', known_by: 'config_notification', series: SERIES },
    ]);
    expect(result.lineCount).toBe(1);
    const head = Buffer.from(JSON.stringify(document));
    expect(awsConfig.recognises(head, memoryObject('', 0, {}))).toBe(true);
  });

  test('may be one of several, a line each, with others that tell of no resource', async () => {
    const delivered = { messageType: 'ConfigurationHistoryDeliveryCompleted', s3Bucket: 'b' };
    const lines = [JSON.stringify(sns), '', JSON.stringify(delivered), 'no JSON', '{"a":1}'];
    const { items, nodata, rejects, result } = await read(`${lines.join('\n')}\n`);
    expect(items).toHaveLength(1);
    expect(nodata).toBe(1);
    expect(rejects).toEqual([
      [4, 'line is not JSON (value "no JSON")'],
      [5, 'neither a message nor an envelope'],
    ]);
    expect(result.lineCount).toBe(5);
  });

  test('that is oversized says where its item is', async () => {
    const { rejects } = await read({
      configurationItemSummary: { resourceId: 'i-0a1b2c3d' },
      s3DeliverySummary: { s3BucketLocation: 'amzn-s3-demo-bucket/key' },
      messageType: 'OversizedConfigurationItemChangeNotification',
    });
    expect(rejects).toEqual([[1, expect.stringContaining('amzn-s3-demo-bucket/key')]]);
  });
});

test.each([
  [
    { ...INTERFACE, configurationItemCaptureTime: 'noon' },
    'configurationItemCaptureTime is no time (value "noon")',
  ],
  [{ ...INTERFACE, configurationItemStatus: 'Odd' }, 'configurationItemStatus "Odd" is not known'],
  [{ ...INTERFACE, configuration: '[1]' }, 'eni-0a1b2c3d: its configuration is no JSON object'],
  [{ ...INTERFACE, resourceId: '' }, 'AWS::EC2::NetworkInterface item has no resourceId'],
  [{ ...INTERFACE, resourceType: 7 }, 'configuration item has no resourceType'],
  ['text', 'configuration item is no JSON object'],
])('rejects %o', async (item, reason) => {
  const { rejects, items } = await read(historyOf(item));
  expect(items).toEqual([]);
  expect(rejects).toEqual([[1, expect.stringContaining(reason)]]);
});

test('rejects what is nested without end', async () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const text = JSON.stringify(historyOf(INTERFACE)).replace(
    '"awsRegion"',
    `"x":${deep},"awsRegion"`,
  );
  const { rejects } = await read(text);
  expect(rejects).toEqual([[1, expect.stringContaining('nested deeper than 100')]]);
});

test('refuses a file that is cut', async () => {
  const { result } = await read(JSON.stringify(historyOf(INTERFACE), null, 2).slice(0, 300));
  expect(result).toEqual({ lineCount: 0, damage: 'not readable as JSON, nor as JSON a line' });
});

test('accounts for every item, whatever its values', async () => {
  const value = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }));
  const keys = Object.keys(INTERFACE) as (keyof typeof INTERFACE)[];
  const changes = fc.dictionary(fc.constantFrom(...keys), value);
  await fc.assert(
    fc.asyncProperty(fc.array(changes), fc.boolean(), async (list, isSnapshot) => {
      const items = list.map((change) => ({ ...INTERFACE, ...change }));
      const { result } = await read(isSnapshot ? snapshotOf(...items) : historyOf(...items));
      expect(result.lineCount).toBe(items.length);
    }),
    { numRuns: 100 },
  );
});
