import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  AssociateVpcCidrBlockCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateFlowLogsCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTransitGatewayCommand,
  CreateVpcCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeBucket, putObjects, REGION } from './aws.ts';
import { createWorkspace, type Finished, SAMPLES, type Workspace } from './flowproof.ts';

const ACCOUNT = '123456789012';
const OTHER_REGION = 'eu-west-1';
const BUCKET = 'amzn-s3-demo-config';

/** More than the calls give in one page of a thousand would take moto minutes; of prefix lists, 100. */
const ENTRIES = 130;

const flow_logs = [{ files: [join(SAMPLES, 'logs/**/*_fl-0b00000000000000b_20261102T10*')] }];

const clients = {
  [REGION]: new EC2Client({ region: REGION }),
  [OTHER_REGION]: new EC2Client({ region: OTHER_REGION }),
};

type Network = {
  vpcId: string;
  subnetId: string;
  groupId: string;
  prefixListId: string;
  aclId: string;
  instanceId: string;
};

/** A VPC with one of everything that inventory looks at. */
async function buildNetwork(client: EC2Client): Promise<Network> {
  const vpc = await client.send(new CreateVpcCommand({ CidrBlock: '10.20.0.0/16' }));
  const vpcId = vpc.Vpc?.VpcId ?? '';
  await client.send(new AssociateVpcCidrBlockCommand({ VpcId: vpcId, CidrBlock: '10.21.0.0/16' }));
  const subnet = await client.send(
    new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.20.1.0/24' }),
  );
  const subnetId = subnet.Subnet?.SubnetId ?? '';
  const group = await client.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId: vpcId }),
  );
  const groupId = group.GroupId ?? '';
  const list = await client.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: 'offices',
      AddressFamily: 'IPv4',
      MaxEntries: ENTRIES,
      Entries: Array.from({ length: ENTRIES }, (_, index) => ({ Cidr: `198.51.100.${index}/32` })),
    }),
  );
  const prefixListId = list.PrefixList?.PrefixListId ?? '';
  await client.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [
        {
          IpProtocol: 'tcp',
          FromPort: 443,
          ToPort: 443,
          IpRanges: [{ CidrIp: '192.0.2.0/24', Description: 'office' }],
          Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
          PrefixListIds: [{ PrefixListId: prefixListId }],
        },
      ],
    }),
  );
  const acl = await client.send(new CreateNetworkAclCommand({ VpcId: vpcId }));
  const aclId = acl.NetworkAcl?.NetworkAclId ?? '';
  await client.send(
    new CreateNetworkAclEntryCommand({
      NetworkAclId: aclId,
      RuleNumber: 100,
      Protocol: '6',
      RuleAction: 'deny',
      Egress: false,
      CidrBlock: '203.0.113.0/24',
      PortRange: { From: 22, To: 23 },
    }),
  );
  await client.send(
    new CreateFlowLogsCommand({
      ResourceIds: [vpcId],
      ResourceType: 'VPC',
      TrafficType: 'ALL',
      LogDestinationType: 's3',
      LogDestination: `arn:aws:s3:::${BUCKET}`,
      LogFormat: ['version', 'srcaddr', 'dstaddr'].map((field) => `\${${field}}`).join(' '),
      MaxAggregationInterval: 60,
    }),
  );
  const instances = await client.send(
    new RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnetId,
      SecurityGroupIds: [groupId],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web-1' }] }],
    }),
  );
  const instanceId = instances.Instances?.[0]?.InstanceId ?? '';
  return { vpcId, subnetId, groupId, prefixListId, aclId, instanceId };
}

const networks = new Map<string, Network>();
let workspace: Workspace;
let first: Finished;

beforeAll(async () => {
  await makeBucket(BUCKET);
  for (const [region, client] of Object.entries(clients)) {
    networks.set(region, await buildNetwork(client));
  }
  await clients[REGION].send(new CreateTransitGatewayCommand({ Description: 'hub' }));
  workspace = createWorkspace(
    { flow_logs, inventory: [{ ec2: [REGION, OTHER_REGION] }] },
    { ...PACK, period: { start: '2026-01-01', end: '2099-01-01' } },
  );
  first = await workspace.flowproof('run');
});

/** A pack of few reports: what is asked here is of the lake. */
const PACK = { pack: 'soc2' } as const;

const network = (region: string): Network => networks.get(region) as Network;

/** Bytes of every file of the lake that holds inventory. */
function inventoryBytes(lake: string): number {
  return ['inventory_item', 'inventory_snapshot']
    .flatMap((table) => readdirSync(join(lake, table)).map((name) => join(lake, table, name)))
    .reduce((sum, path) => sum + statSync(path).size, 0);
}

test('each region is an object of its own, complete, in the ledger', async () => {
  expect([first.exitCode, first.stderr]).toEqual([0, '']);
  const objects = await workspace.query(
    `select uri, status, format, account_id, region, line_count, row_count, rejected_count
     from source_object where kind = 'inventory' order by region`,
  );
  expect(objects).toMatchObject(
    [OTHER_REGION, REGION].map((region) => ({
      uri: expect.stringMatching(`^ec2://${ACCOUNT}/${region}/\\d{4}-\\d{2}-\\d{2}T[\\d:.]+Z$`),
      status: 'loaded',
      format: 'aws_describe_json',
      account_id: ACCOUNT,
      region,
      rejected_count: 0n,
    })),
  );
  for (const { line_count, row_count } of objects) expect(row_count).toBe(line_count);
  expect(
    await workspace.query('select count(*) as n from inventory_snapshot where not is_complete'),
  ).toEqual([{ n: 0n }]);
});

describe.each([REGION, OTHER_REGION])('in %s', (region) => {
  const read = async (sql: string) => (await workspace.query(sql))[0];

  test('the interface of the instance has its group, subnet and VPC', async () => {
    const { instanceId, subnetId, vpcId, groupId } = network(region);
    expect(
      await read(
        `select subnet_id, vpc_id, group_ids, account_id, region, known_by, start_precision, end_precision
         from network_interface where instance_id = '${instanceId}'`,
      ),
    ).toMatchObject({
      subnet_id: subnetId,
      vpc_id: vpcId,
      group_ids: [groupId],
      account_id: ACCOUNT,
      region,
      known_by: ['describe'],
      start_precision: 'observed',
      end_precision: null,
    });
    expect(
      await read(`select instance_name, state from instance where instance_id = '${instanceId}'`),
    ).toEqual({ instance_name: 'web-1', state: 'running' });
  });

  test('the rules are known by their ids alone', async () => {
    const { groupId, prefixListId } = network(region);
    const rows = await workspace.query(
      `select rule_id, protocol, from_port, coalesce(cidr, prefix_list_id) as peer
       from security_group_rule where group_id = '${groupId}' and not is_egress order by peer`,
    );
    const rule = { rule_id: expect.stringMatching(/^sgr-/), protocol: 6, from_port: 443 };
    expect(rows).toEqual([
      { ...rule, peer: '192.0.2.0/24' },
      { ...rule, peer: '2001:db8::/32' },
      { ...rule, peer: prefixListId },
    ]);
  });

  test('the prefix list has all its entries, and AWS has lists of its own', async () => {
    const { prefixListId } = network(region);
    expect(
      await read(
        `select count(*) as n from prefix_list_entry where prefix_list_id = '${prefixListId}'`,
      ),
    ).toEqual({ n: BigInt(ENTRIES) });
  });

  test('the VPC has both ranges, the flow log its format', async () => {
    const { vpcId } = network(region);
    expect(await read(`select cidrs from vpc where vpc_id = '${vpcId}'`)).toMatchObject({
      cidrs: ['10.20.0.0/16', '10.21.0.0/16'],
    });
    expect(
      await read(
        `select log_format, traffic_type, max_aggregation_interval_seconds as seconds
         from flow_log where resource_id = '${vpcId}'`,
      ),
    ).toEqual({ log_format: 'version srcaddr dstaddr', traffic_type: 'ALL', seconds: 60 });
  });

  test('the network ACL has its entry, the default one the subnet', async () => {
    const { aclId, vpcId, subnetId } = network(region);
    expect(
      await read(
        `select is_egress, action, protocol, from_port, to_port, cidr
         from network_acl_entry where network_acl_id = '${aclId}' and rule_number = 100`,
      ),
    ).toEqual({
      is_egress: false,
      action: 'deny',
      protocol: 6,
      from_port: 22,
      to_port: 23,
      cidr: '203.0.113.0/24',
    });
    expect(
      await read(`select subnet_ids from network_acl where vpc_id = '${vpcId}' and is_default`),
    ).toMatchObject({ subnet_ids: [subnetId] });
  });
});

test('transit gateways are kept', async () => {
  const rows = await workspace.query(
    `select region from inventory_item where resource_type = 'transit_gateway'`,
  );
  expect(rows).toEqual([{ region: REGION }]);
});

test('an unchanged network is not kept again, and a change is', async () => {
  const itemsOf = async () =>
    workspace.query(
      'select resource_type, count(*) as n from inventory_item group by all order by all',
    );
  const before = { items: await itemsOf(), bytes: inventoryBytes(workspace.lake) };
  expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
  expect(await itemsOf()).toEqual(before.items);
  // One small file, most of it the footer, whatever there is in the network.
  expect(inventoryBytes(workspace.lake) - before.bytes).toBeLessThan(6000);
  const { groupId } = network(REGION);
  await clients[REGION].send(
    new RevokeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [
        {
          IpProtocol: 'tcp',
          FromPort: 443,
          ToPort: 443,
          IpRanges: [{ CidrIp: '192.0.2.0/24' }],
        },
      ],
    }),
  );
  expect((await workspace.flowproof('run')).exitCode).toBe(0);
  const states = await workspace.query(
    `select cidr, valid_to is not null as has_ended, valid_from < known_until as was_seen_again
     from security_group_rule where group_id = '${groupId}' and cidr is not null and not is_egress
     order by cidr`,
  );
  expect(states).toEqual([
    { cidr: '192.0.2.0/24', has_ended: true, was_seen_again: true },
    { cidr: '2001:db8::/32', has_ended: false, was_seen_again: true },
  ]);
});

test('roles are assumed, one an account', async () => {
  // Accounts of this test alone: the server keeps what other files of the suite made.
  const accounts = ['111122223333', '444455556666'];
  const own = createWorkspace(
    {
      flow_logs,
      inventory: [
        {
          ec2: [REGION],
          role_arn: accounts.map((account) => `arn:aws:iam::${account}:role/flowproof`),
          external_id: 'example',
        },
      ],
    },
    PACK,
  );
  const finished = await own.flowproof('run');
  expect([finished.exitCode, finished.stderr]).toEqual([0, '']);
  // Every account has a default VPC of its own.
  const rows = await own.query(
    'select account_id, count(*) as n from vpc group by all order by all',
  );
  expect(rows).toEqual(accounts.map((account_id) => ({ account_id, n: 1n })));
  const objects = await own.query(
    `select uri from source_object where kind = 'inventory' order by uri`,
  );
  expect(objects.map(({ uri }) => String(uri).split('/').slice(0, 4).join('/'))).toEqual(
    accounts.map((account) => `ec2://${account}/${REGION}`),
  );
});

test('AWS Config in S3: what was delivered is read, and what is no inventory is not', async () => {
  const folder = `AWSLogs/${ACCOUNT}/Config/${REGION}/2026/11/2`;
  const item = {
    resourceType: 'AWS::EC2::NetworkInterface',
    resourceId: 'eni-0a1b2c3d',
    awsAccountId: ACCOUNT,
    awsRegion: REGION,
    configurationItemCaptureTime: '2026-11-01T08:00:00.000Z',
    configurationItemStatus: 'OK',
    tags: { Name: 'web' },
    configuration: { networkInterfaceId: 'eni-0a1b2c3d', groups: [{ groupId: 'sg-0a1b2c3d' }] },
  };
  const changed = {
    ...item,
    configurationItemCaptureTime: '2026-11-02T10:00:00.000Z',
    configuration: { networkInterfaceId: 'eni-0a1b2c3d', groups: [{ groupId: 'sg-0a1b2c3e' }] },
  };
  const pack = (document: unknown) =>
    gzipSync(JSON.stringify({ fileVersion: '1.0', ...(document as object) }));
  const name = `${ACCOUNT}_Config_${REGION}`;
  const times = '20261102T090000Z_20261102T140000Z_1.json.gz';
  await putObjects(
    BUCKET,
    new Map<string, string | Uint8Array>([
      [`AWSLogs/${ACCOUNT}/Config/ConfigWritabilityCheckFile`, ''],
      [
        `${folder}/ConfigSnapshot/${name}_ConfigSnapshot_20261102T060000Z_0a1b2c3d.json.gz`,
        pack({ configSnapshotId: '0a1b2c3d', configurationItems: [item] }),
      ],
      [
        `${folder}/ConfigHistory/${name}_ConfigHistory_AWS::EC2::NetworkInterface_${times}`,
        pack({ configurationItems: [changed] }),
      ],
      [
        `${folder}/ConfigHistory/${name}_ConfigHistory_AWS::S3::Bucket_${times}`,
        pack({ configurationItems: [] }),
      ],
    ]),
  );
  const own = createWorkspace(
    {
      flow_logs,
      inventory: [{ s3: `s3://${BUCKET}/AWSLogs/${ACCOUNT}/Config/`, region: REGION }],
    },
    PACK,
  );
  const finished = await own.flowproof('run');
  expect([finished.exitCode, finished.stderr]).toEqual([0, '']);
  const objects = await own.query(
    `select status, format, row_count from source_object where kind = 'inventory'`,
  );
  const loaded = { status: 'loaded', format: 'aws_config', row_count: 1n };
  expect(objects).toEqual([loaded, loaded]);
  const states = await own.query(
    `select group_ids[1] as group_id, strftime(valid_from, '%d %H:%M') as valid_from,
       strftime(known_until, '%d %H:%M') as known_until, known_by[1] as known_by, end_precision
     from network_interface order by valid_from`,
  );
  expect(states).toEqual([
    {
      group_id: 'sg-0a1b2c3d',
      valid_from: '01 08:00',
      known_until: '02 10:00',
      known_by: 'config_snapshot',
      end_precision: 'recorded',
    },
    {
      group_id: 'sg-0a1b2c3e',
      valid_from: '02 10:00',
      known_until: '02 10:00',
      known_by: 'config_history',
      end_precision: null,
    },
  ]);
});
