import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { describeJson } from '../../../src/ingest/formats/describe-json.ts';
import { memoryObject, type ReadOptions, readContent } from '../../memory-sink.ts';

const URI = 'file:inventory/123456789012/us-east-1/2026-11-02T13-59-30Z/describe.json';
const TAKEN = new Date('2026-11-02T13:59:30Z');

async function read(document: unknown, options: ReadOptions = {}) {
  const content = typeof document === 'string' ? document : JSON.stringify(document);
  const { sink, result } = await readContent(describeJson, content, { uri: URI, ...options });
  return {
    result,
    rejects: sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason]),
    items: sink.rows.filter(({ table }) => table === 'inventory_item').map(({ row }) => row),
    snapshots: sink.rows
      .filter(({ table }) => table === 'inventory_snapshot')
      .map(({ row }) => row),
    accounted: sink.accountedLines(),
  };
}

const GROUP = {
  GroupId: 'sg-0123456789abcdef0',
  OwnerId: '123456789012',
  IpPermissions: [
    {
      IpProtocol: 'tcp',
      FromPort: 443,
      ToPort: 443,
      IpRanges: [{ CidrIp: '198.51.100.0/24', Description: 'office' }, { CidrIp: '10.0.0.0/8' }],
      Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
      PrefixListIds: [{ PrefixListId: 'pl-0123456789abcdef0' }],
      UserIdGroupPairs: [{ GroupId: 'sg-0123456789abcdef1', UserId: '123456789012' }],
    },
  ],
  IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
};

describe('describeJson', () => {
  test.each([
    [
      'instance',
      {
        Reservations: [
          { OwnerId: '123456789012', Instances: [{ InstanceId: 'i-0123456789abcdef0' }] },
        ],
      },
      'i-0123456789abcdef0',
    ],
    [
      'network_interface',
      { NetworkInterfaces: [{ NetworkInterfaceId: 'eni-0123456789abcdef0' }] },
      'eni-0123456789abcdef0',
    ],
    [
      'security_group',
      { SecurityGroups: [{ GroupId: 'sg-0123456789abcdef0' }] },
      'sg-0123456789abcdef0',
    ],
    [
      'security_group_rule',
      { SecurityGroupRules: [{ SecurityGroupRuleId: 'sgr-0123456789abcdef0' }] },
      'sgr-0123456789abcdef0',
    ],
    ['subnet', { Subnets: [{ SubnetId: 'subnet-0123456789abcdef0' }] }, 'subnet-0123456789abcdef0'],
    ['vpc', { Vpcs: [{ VpcId: 'vpc-0123456789abcdef0' }] }, 'vpc-0123456789abcdef0'],
    ['flow_log', { FlowLogs: [{ FlowLogId: 'fl-0123456789abcdef0' }] }, 'fl-0123456789abcdef0'],
    [
      'network_acl',
      { NetworkAcls: [{ NetworkAclId: 'acl-0123456789abcdef0' }] },
      'acl-0123456789abcdef0',
    ],
    [
      'transit_gateway',
      { TransitGateways: [{ TransitGatewayId: 'tgw-0123456789abcdef0' }] },
      'tgw-0123456789abcdef0',
    ],
    [
      'transit_gateway_attachment',
      {
        TransitGatewayAttachments: [{ TransitGatewayAttachmentId: 'tgw-attach-0123456789abcdef0' }],
      },
      'tgw-attach-0123456789abcdef0',
    ],
    [
      'prefix_list',
      { PrefixLists: [{ PrefixListId: 'pl-0123456789abcdef0' }] },
      'pl-0123456789abcdef0',
    ],
  ])('reads a list of type %s', async (resourceType, document, resourceId) => {
    const { result, items, snapshots, accounted } = await read(document);
    expect(result).toEqual({ lineCount: 1 });
    expect(accounted).toBe(1);
    expect(items).toMatchObject([
      {
        resource_type: resourceType,
        resource_id: resourceId,
        account_id: '123456789012',
        region: 'us-east-1',
        series: '123456789012/us-east-1',
        taken_at: TAKEN,
        line_number: 1,
      },
    ]);
    expect(snapshots[0]).toEqual({
      resource_type: resourceType,
      series: '123456789012/us-east-1',
      taken_at: TAKEN,
      known_by: 'describe',
      is_complete: true,
      item_count: 1,
      content_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(
      describeJson.recognises(Buffer.from(JSON.stringify(document)), memoryObject('', 0, {})),
    ).toBe(true);
  });

  test('reads several lists of one document, also gzipped and with a byte order mark', async () => {
    const document = { Vpcs: [{ VpcId: 'vpc-0123456789abcdef0' }], Subnets: [] };
    const text = `\uFEFF${JSON.stringify(document)}`;
    const plain = await read(text);
    const packed = await readContent(describeJson, gzipSync(text), { uri: URI });
    expect(plain.snapshots.map((row) => [row.resource_type, row.item_count])).toEqual([
      ['subnet', 0],
      ['vpc', 1],
    ]);
    expect(packed.sink.rows.map(({ row }) => row)).toEqual([
      ...plain.snapshots.slice(0, 1),
      ...plain.items,
      ...plain.snapshots.slice(1),
    ]);
  });

  test('takes the entries of a prefix list by the id in the file name', async () => {
    const document = { Entries: [{ Cidr: '198.51.100.0/24' }, { Cidr: '2001:db8::/32' }] };
    const uri = URI.replace('describe.json', 'entries-pl-0123456789abcdef0.json');
    const { items, snapshots } = await read(document, { uri });
    expect(items.map((row) => row.resource_id)).toEqual([
      'pl-0123456789abcdef0/198.51.100.0/24',
      'pl-0123456789abcdef0/2001:db8::/32',
    ]);
    expect(String(items[0]?.configuration)).toContain('"PrefixListId":"pl-0123456789abcdef0"');
    expect(snapshots[0]?.series).toBe('123456789012/us-east-1/pl-0123456789abcdef0');

    const without = await read(document);
    expect(without.items).toEqual([]);
    expect(without.snapshots).toEqual([]);
    expect(without.rejects).toEqual([
      [1, expect.stringContaining('put its id (pl-...) into the file name')],
      [2, expect.stringContaining('put its id (pl-...) into the file name')],
    ]);
    expect(without.accounted).toBe(2);
  });

  test('makes a rule of each peer of a permission', async () => {
    const { items, snapshots, result, accounted } = await read({ SecurityGroups: [GROUP] });
    const rules = items.filter((row) => row.resource_type === 'security_group_rule');
    const name = (rest: string) => `sg-0123456789abcdef0/${rest}`;
    expect(rules.map((row) => row.resource_id)).toEqual([
      name('ingress/tcp/443-443/198.51.100.0/24'),
      name('ingress/tcp/443-443/10.0.0.0/8'),
      name('ingress/tcp/443-443/2001:db8::/32'),
      name('ingress/tcp/443-443/pl-0123456789abcdef0'),
      name('ingress/tcp/443-443/sg-0123456789abcdef1'),
      name('egress/-1/-1--1/0.0.0.0/0'),
    ]);
    expect(JSON.parse(String(rules[0]?.configuration))).toEqual({
      GroupId: 'sg-0123456789abcdef0',
      GroupOwnerId: '123456789012',
      IsEgress: false,
      IpProtocol: 'tcp',
      FromPort: 443,
      ToPort: 443,
      SecurityGroupRuleId: name('ingress/tcp/443-443/198.51.100.0/24'),
      CidrIpv4: '198.51.100.0/24',
      Description: 'office',
    });
    expect(JSON.parse(String(rules[4]?.configuration)).ReferencedGroupInfo.GroupId).toBe(
      'sg-0123456789abcdef1',
    );
    expect(snapshots.map((row) => [row.resource_type, row.series, row.item_count])).toEqual([
      ['security_group', '123456789012/us-east-1', 1],
      ['security_group_rule', '123456789012/us-east-1#permissions', 6],
    ]);
    // Rules made of a group are not lines of their own.
    expect(result.lineCount).toBe(1);
    expect(accounted).toBe(1);
  });

  test('a page with more to come is no complete snapshot', async () => {
    const vpc = { VpcId: 'vpc-0123456789abcdef0' };
    expect((await read({ Vpcs: [vpc], NextToken: 'x' })).snapshots[0]?.is_complete).toBe(false);
    expect((await read({ Vpcs: [vpc], NextToken: null })).snapshots[0]?.is_complete).toBe(true);
  });

  test('an empty list is a snapshot of nothing', async () => {
    const { items, snapshots, result } = await read({ NetworkInterfaces: [] });
    expect(items).toEqual([]);
    expect(snapshots).toMatchObject([{ resource_type: 'network_interface', item_count: 0 }]);
    expect(result).toEqual({ lineCount: 0 });
  });

  test('rejects items without an id, of no shape, or nested without end', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const { rejects, items, snapshots, accounted, result } = await read(
      `{"Vpcs": [{"CidrBlock": "10.0.0.0/8"}, "vpc", {"VpcId": "vpc-0123456789abcdef1", "Tags": ${deep}}, ${deep}, {"VpcId": "vpc-0123456789abcdef0"}]}`,
    );
    expect(rejects).toEqual([
      [1, 'Vpcs[] item has no id'],
      [2, 'Vpcs[] item has no id'],
      [3, 'Vpcs[] item is nested deeper than 100'],
      [4, 'Vpcs[] item has no id'],
    ]);
    expect(items.map((row) => row.resource_id)).toEqual(['vpc-0123456789abcdef0']);
    expect(snapshots[0]?.item_count).toBe(1);
    expect(accounted).toBe(result.lineCount);
  });

  test.each(['{"Vpcs": [', '{"Vpcs": null}', '{"Vpcs": {}}'])('refuses %s', async (text) => {
    const { result, items, snapshots } = await read(text);
    expect(result.lineCount).toBe(0);
    expect(result.damage).toMatch(/not readable as JSON|none of the known lists/);
    expect([...items, ...snapshots]).toEqual([]);
  });
});

describe('a pull, with every answer in one document', () => {
  const RULE = { SecurityGroupRuleId: 'sgr-0123456789abcdef0', GroupId: GROUP.GroupId };
  const SINCE = '2026-11-02T09:00:00.500Z';

  test('takes the rules themselves, and not those of the groups', async () => {
    const { items, snapshots } = await read({
      SecurityGroups: [GROUP],
      SecurityGroupRules: [RULE],
    });
    expect(items.map((row) => row.resource_id)).toEqual([GROUP.GroupId, RULE.SecurityGroupRuleId]);
    expect(snapshots.map((row) => row.series)).not.toContain('123456789012/us-east-1#permissions');
  });

  test('takes the rules of the groups where the rules themselves could not be read', async () => {
    const { items, snapshots, rejects } = await read({
      SecurityGroups: [GROUP],
      SecurityGroupRules: [RULE],
      Failures: [{ Key: 'SecurityGroupRules', Problem: 'page 2 failed' }],
    });
    const rules = items.filter((row) => row.resource_type === 'security_group_rule');
    expect(rules).toHaveLength(7);
    expect(rejects).toEqual([[3, 'page 2 failed']]);
    expect(snapshots.map((row) => [row.resource_type, row.series, row.is_complete])).toEqual([
      ['security_group', '123456789012/us-east-1', true],
      ['security_group_rule', '123456789012/us-east-1#permissions', true],
      ['security_group_rule', '123456789012/us-east-1', false],
    ]);
  });

  test('takes the entries of each prefix list', async () => {
    const { items, snapshots, rejects, accounted, result } = await read({
      PrefixListEntries: [
        { PrefixListId: 'pl-0a1b2c3d', Entries: [{ Cidr: '192.0.2.0/24' }] },
        { PrefixListId: 'pl-0a1b2c3e', Entries: [] },
        { Entries: [] },
      ],
      Failures: [{ Key: 'Entries', PrefixListId: 'pl-0a1b2c3e', Problem: 'denied' }],
    });
    expect(items).toMatchObject([
      { resource_id: 'pl-0a1b2c3d/192.0.2.0/24', parent_id: 'pl-0a1b2c3d' },
    ]);
    expect(snapshots.map((row) => [row.series, row.is_complete])).toEqual([
      ['123456789012/us-east-1/pl-0a1b2c3d', true],
      ['123456789012/us-east-1/pl-0a1b2c3e', false],
    ]);
    expect(rejects).toEqual([
      [2, 'PrefixListEntries[] item has no prefix list id, or no entries'],
      [3, 'denied'],
    ]);
    expect(accounted).toBe(result.lineCount);
  });

  test('says of a list that the lake has whose items it has', async () => {
    const unchanged = { ItemCount: 3, ContentSha256: 'abc', SameAsAt: SINCE };
    const { snapshots, items, rejects, accounted, result } = await read({
      Unchanged: [
        { Key: 'Reservations', ...unchanged },
        { Key: 'Entries', PrefixListId: 'pl-0a1b2c3d', ...unchanged },
        { Key: 'Reservations', ...unchanged, SameAsAt: 'before' },
      ],
    });
    const row = {
      taken_at: TAKEN,
      is_complete: true,
      item_count: 3,
      content_sha256: 'abc',
      same_as_at: new Date(SINCE),
    };
    expect(items).toEqual([]);
    expect(snapshots).toMatchObject([
      { ...row, resource_type: 'instance', series: '123456789012/us-east-1' },
      {
        ...row,
        resource_type: 'prefix_list_entry',
        series: '123456789012/us-east-1/pl-0a1b2c3d',
      },
    ]);
    expect(rejects).toEqual([[3, expect.stringContaining('Unchanged[] item does not say')]]);
    expect(result.lineCount).toBe(3);
    expect(accounted).toBe(3);
  });

  test('is not complete for a call that failed, and keeps why', async () => {
    const { snapshots, rejects, result } = await read({
      Vpcs: [],
      Failures: [{ Key: 'NetworkAcls', Problem: 'needs ec2:DescribeNetworkAcls' }, 7],
    });
    expect(snapshots.map((row) => [row.resource_type, row.is_complete])).toEqual([
      ['vpc', true],
      ['network_acl', false],
    ]);
    expect(rejects).toEqual([
      [1, 'needs ec2:DescribeNetworkAcls'],
      [2, 'Failures[] item does not say what failed'],
    ]);
    expect(result.lineCount).toBe(2);
  });
});

test('the hash of a list follows its values, not their order or what changes without meaning', async () => {
  const hashOf = async (...items: unknown[]) =>
    (await read({ NetworkInterfaces: items })).snapshots[0]?.content_sha256;
  const one = { NetworkInterfaceId: 'eni-1', Groups: [{ GroupId: 'a' }, { GroupId: 'b' }] };
  const two = { NetworkInterfaceId: 'eni-2', Status: 'in-use' };
  const same = await hashOf(
    { ...two, Status: 'available' },
    { ...one, Groups: one.Groups.toReversed() },
  );
  expect(await hashOf(one, two)).toBe(same);
  expect(await hashOf(one, two, two)).not.toBe(same);
  expect(await hashOf(one, { ...two, Description: 'x' })).not.toBe(same);
});

describe('the state of a resource', () => {
  const stateOf = async (item: Record<string, unknown>) =>
    (await read({ NetworkInterfaces: [{ NetworkInterfaceId: 'eni-0123456789abcdef0', ...item }] }))
      .items[0]?.state_sha256;

  test('is the same whatever the order of lists and keys, and the spelling of addresses', async () => {
    const one = await stateOf({
      Groups: [
        { GroupId: 'sg-0123456789abcdef0', GroupName: 'a' },
        { GroupId: 'sg-0123456789abcdef1' },
      ],
      Ipv6Addresses: [{ Ipv6Address: '2001:0db8::0001' }],
      Status: 'available',
    });
    const two = await stateOf({
      Status: 'in-use',
      Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }],
      Groups: [
        { GroupId: 'sg-0123456789abcdef1' },
        { GroupName: 'a', GroupId: 'sg-0123456789abcdef0' },
      ],
    });
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(two).toBe(one);
  });

  test('is another once a value is', async () => {
    expect(await stateOf({ SubnetId: 'subnet-0123456789abcdef0' })).not.toBe(
      await stateOf({ SubnetId: 'subnet-0123456789abcdef1' }),
    );
  });

  test('of a group does not follow its permissions: rules have states of their own', async () => {
    const one = await read({ SecurityGroups: [GROUP] });
    const two = await read({ SecurityGroups: [{ ...GROUP, IpPermissions: [] }] });
    expect(two.items[0]?.state_sha256).toBe(one.items[0]?.state_sha256);
    expect(two.items[0]?.configuration).not.toBe(one.items[0]?.configuration);
  });
});

describe('the time of a snapshot', () => {
  const takenAt = async (document: Record<string, unknown>, options: ReadOptions) =>
    (await read({ Vpcs: [], ...document }, options)).snapshots[0]?.taken_at;

  test.each([
    'file:a/2026-11-02T13-59-30Z/vpcs.json',
    'file:a/20261102T135930Z/vpcs.json',
    'file:a/vpcs-2026-11-02T13:59:30Z.json',
    'file:a/2026-11-02T135930.250Z.json',
    'file:2025-01-01T00-00-00Z/2026-11-02T13-59-30Z.json',
  ])('is read from the path %s', async (uri) => {
    expect(await takenAt({}, { uri })).toEqual(TAKEN);
  });

  test('may lack seconds', async () => {
    expect(await takenAt({}, { uri: 'file:2026-11-02T13-59Z.json' })).toEqual(
      new Date('2026-11-02T13:59:00Z'),
    );
  });

  test('comes from the document first, then the configuration, then the path', async () => {
    const hints = { takenAt: new Date('2026-11-03T00:00:00Z') };
    expect(await takenAt({ taken_at: '2026-11-04T01:00:00+01:00' }, { hints })).toEqual(
      new Date('2026-11-04T00:00:00Z'),
    );
    expect(await takenAt({}, { hints })).toEqual(hints.takenAt);
    expect(await takenAt({ taken_at: 'yesterday' }, {})).toEqual(TAKEN);
  });

  test('is never the local time of the machine', async () => {
    expect(await takenAt({ taken_at: '2026-11-04 01:00:00' }, {})).toEqual(TAKEN);
  });

  test.each([
    'file:a/vpcs.json',
    'file:a/2026-02-30T13-59-30Z/vpcs.json',
    'file:a/2026-11-02/vpcs.json',
  ])('is needed: %s is refused, with what to do', async (uri) => {
    const { result, items, snapshots } = await read({ Vpcs: [] }, { uri });
    expect(result.lineCount).toBe(0);
    expect(result.damage).toContain('put the time into the path (.../2026-11-02T13-59-30Z/...)');
    expect([...items, ...snapshots]).toEqual([]);
  });
});

test('recognises no other JSON', () => {
  const object = memoryObject('', 0, {});
  for (const text of ['{"Records": []}', '["Vpcs"]', 'Vpcs', '']) {
    expect(describeJson.recognises(Buffer.from(text), object)).toBe(false);
  }
});
