import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/ingest/json.ts';
import * as fixture from './fixture.ts';

const COLUMNS = 'owner_kind, owner_kind_basis, is_owner_inferred, owner_id';

/** The owner of one interface; `parts` are keys of DescribeNetworkInterfaces. */
async function ownerOf(parts: JsonObject): Promise<unknown[]> {
  const item = fixture.networkInterface();
  const rows = await fixture.enrichAndRead(
    (database) =>
      fixture.addSnapshot(database, '2026-11-02 00:00:00', [
        { ...item, configuration: { ...item.configuration, ...parts } },
      ]),
    `select ${COLUMNS} from network_interface`,
  );
  expect(rows).toHaveLength(1);
  return Object.values(rows[0] ?? {});
}

describe('an interface is of', () => {
  test.each<[string, JsonObject, string | null]>([
    ['application_load_balancer', { Description: 'ELB app/shop/50dc6c495c0c9188' }, 'shop'],
    ['network_load_balancer', { Description: 'ELB net/shop-net/50dc6c495c0c9188' }, 'shop-net'],
    ['gateway_load_balancer', { Description: 'ELB gwy/inspect/50dc6c495c0c9188' }, 'inspect'],
    ['classic_load_balancer', { Description: 'ELB old-shop' }, 'old-shop'],
    ['nat_gateway', { Description: 'Interface for NAT Gateway nat-0a1b' }, 'nat-0a1b'],
    [
      'lambda',
      { Description: 'AWS Lambda VPC ENI-pay-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809' },
      null,
    ],
    ['rds', { Description: 'RDSNetworkInterface' }, null],
    ['rds_proxy', { Description: 'Network interface for DBProxy orders' }, 'orders'],
    [
      'ecs_task',
      { Description: 'arn:aws:ecs:us-east-1:123456789012:attachment/0c1d-2e3f' },
      '0c1d-2e3f',
    ],
    [
      'ecs_task',
      {
        InterfaceType: 'branch',
        Description: 'arn:aws-us-gov:ecs:us-gov-west-1:123456789012:attachment/0c1d',
      },
      '0c1d',
    ],
    ['vpc_endpoint', { Description: 'VPC Endpoint Interface vpce-0a1b' }, 'vpce-0a1b'],
    ['vpc_endpoint', { Description: 'VPC Endpoint Interface: vpce-0a1b' }, 'vpce-0a1b'],
    ['efs', { Description: 'EFS mount target for fs-0a1b (fsmt-0c1d)' }, 'fs-0a1b'],
    ['elasticache', { Description: 'ElastiCache sessions-001' }, 'sessions-001'],
    ['elasticache', { Description: 'ElastiCache+sessions-001' }, 'sessions-001'],
    ['redshift', { Description: 'RedshiftNetworkInterface' }, null],
    ['dms', { Description: 'DMSNetworkInterface' }, null],
    [
      'directory_service',
      { Description: 'AWS created network interface for directory d-90670a1b2c' },
      'd-90670a1b2c',
    ],
    [
      'transit_gateway',
      { Description: 'Network Interface for Transit Gateway Attachment tgw-attach-0a1b' },
      'tgw-attach-0a1b',
    ],
    ['eks_pod', { InterfaceType: 'branch', Description: 'aws-k8s-branch-eni' }, null],
    ['eks_node', { Description: 'aws-K8S-i-0a1b2c3d' }, 'i-0a1b2c3d'],
    ['eks_control_plane', { Description: 'Amazon EKS shop' }, 'shop'],
    ['api_gateway', { Description: 'ENI managed by APIGateway' }, null],
    [
      'route53_resolver',
      { Description: 'Route 53 Resolver: rslvr-in-0a1b:rni-0c1d' },
      'rslvr-in-0a1b',
    ],
    ['resource_gateway', { Description: 'Resource Gateway Interface rgw-0a1b' }, 'rgw-0a1b'],
    [
      'msk',
      {
        Description:
          'DO NOT DELETE - Amazon MSK network interface for cluster arn:aws:kafka:us-east-1:123456789012:cluster/orders/0a1b-2.',
      },
      'orders',
    ],
    [
      'client_vpn',
      { Description: 'ClientVPN Endpoint resource cvpn-endpoint-0a1b' },
      'cvpn-endpoint-0a1b',
    ],
    ['opensearch', { Description: 'ES search' }, 'search'],
    ['dax', { Description: 'DAX orders' }, 'orders'],
    [
      'glue',
      { Description: 'Attached to Glue using role: arn:aws:iam::123456789012:role/etl' },
      null,
    ],
    [
      'workspaces',
      { Description: 'Created By Amazon Workspaces for AWS Account ID 123456789012' },
      null,
    ],
    ['codestar_connections', { Description: 'AWS CodeStar Connections-0a1b' }, null],
  ])('%s by its description %j, which is inferred', async (kind, parts, owner) => {
    expect(await ownerOf(parts)).toEqual([kind, 'description', true, owner]);
  });

  test.each<[string, JsonObject, string | null]>([
    [
      'nat_gateway',
      { InterfaceType: 'nat_gateway', Description: 'Interface for NAT Gateway nat-0a1b' },
      'nat-0a1b',
    ],
    ['nat_gateway', { InterfaceType: 'natGateway' }, null],
    [
      'network_load_balancer',
      { InterfaceType: 'network_load_balancer', Description: 'ELB net/shop/50dc' },
      'shop',
    ],
    [
      'gateway_load_balancer',
      { InterfaceType: 'gateway_load_balancer', Description: 'ELB gwy/inspect/50dc' },
      'inspect',
    ],
    [
      'gateway_load_balancer_endpoint',
      {
        InterfaceType: 'gateway_load_balancer_endpoint',
        Description: 'VPC Endpoint Interface vpce-0a1b',
      },
      'vpce-0a1b',
    ],
    [
      'vpc_endpoint',
      { InterfaceType: 'vpc_endpoint', Description: 'VPC Endpoint Interface vpce-0a1b' },
      'vpce-0a1b',
    ],
    ['lambda', { InterfaceType: 'lambda' }, null],
    [
      'efs',
      { InterfaceType: 'efs', Description: 'EFS mount target for fs-0a1b (fsmt-0)' },
      'fs-0a1b',
    ],
    ['transit_gateway', { InterfaceType: 'transit_gateway' }, null],
    ['global_accelerator', { InterfaceType: 'global_accelerator_managed' }, null],
    ['api_gateway', { InterfaceType: 'api_gateway_managed' }, null],
    ['iot_rules', { InterfaceType: 'iot_rules_managed' }, null],
    ['codestar_connections', { InterfaceType: 'aws_codestar_connections_managed' }, null],
    ['quicksight', { InterfaceType: 'quicksight' }, null],
    ['a_type_of_next_year', { InterfaceType: 'a_type_of_next_year' }, null],
    // A description that speaks of something else than the type names no owner of that type.
    ['lambda', { InterfaceType: 'lambda', Description: 'ELB app/shop/50dc' }, null],
  ])('%s by its type %j', async (kind, parts, owner) => {
    expect(await ownerOf(parts)).toEqual([kind, 'interface_type', false, owner]);
  });

  test.each<[string, JsonObject]>([
    ['load_balancer', { RequesterId: 'amazon-elb' }],
    ['rds', { RequesterId: 'amazon-rds' }],
    [
      'elasticache',
      { RequesterId: '123456789012', Attachment: { InstanceOwnerId: 'amazon-elasticache' } },
    ],
    ['redshift', { Attachment: { InstanceOwnerId: 'amazon-redshift' } }],
  ])('%s by who requested it, %j, which is inferred', async (kind, parts) => {
    expect(await ownerOf(parts)).toEqual([kind, 'requester', true, null]);
  });

  test('an instance, whatever else it says', async () => {
    const parts = { Attachment: { InstanceId: 'i-1' }, Description: 'aws-K8S-i-1' };
    expect(await ownerOf(parts)).toEqual(['ec2_instance', 'attachment', false, 'i-1']);
  });

  test.each<[JsonObject]>([
    [{ Description: 'my ELB app/shop/50dc' }],
    [{ Description: 'RDSNetworkInterface of mine' }],
    [{ InterfaceType: 'efa' }],
    [{ RequesterId: 'amazon-aws' }],
    [{ Description: null, InterfaceType: null }],
  ])('nobody known: %j', async (parts) => {
    expect(await ownerOf(parts)).toEqual(['unknown', null, false, null]);
  });
});

describe('a workload', () => {
  const profile = (name: string) => ({
    Arn: `arn:aws:iam::123456789012:instance-profile/${name}`,
  });
  const instance = (name: string): fixture.Item => {
    const item = fixture.tagged('instance', 'i-1');
    return { ...item, configuration: { ...item.configuration, IamInstanceProfile: profile(name) } };
  };

  test('has the instance profile of the time of the flow', async () => {
    const rows = await fixture.enrichAndRead(async (database) => {
      for (const [time, name] of [
        ['06:00:00', 'old'],
        ['09:00:00', 'old'],
        ['09:30:00', 'new'],
        ['12:00:00', 'new'],
      ] as const) {
        await fixture.addSnapshot(database, `${fixture.DAY} ${time}`, [
          fixture.networkInterface({ instance: 'i-1' }),
          instance(name),
        ]);
      }
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(
        database,
        'flow',
        ['07:00:00', '10:00:00'].map((time, index) => {
          const at = `${fixture.DAY} ${time}`;
          return fixture.flow(index + 1, { start_at: at, end_at: at });
        }),
      );
    }, 'select user_identification, workload_identity from flow_detail order by line_number');
    expect(rows).toEqual([
      {
        user_identification: 'missing',
        workload_identity: `instance profile ${profile('old').Arn}`,
      },
      {
        user_identification: 'missing',
        workload_identity: `instance profile ${profile('new').Arn}`,
      },
    ]);
  });

  test.each<[string, fixture.Row, string]>([
    ['the attachment', {}, 'ECS task of attachment 0c1d'],
    ['the flow before the attachment', { ecs_task_id: '9f8e' }, 'ECS task 9f8e'],
  ])('is an ECS task by %s', async (_, parts, expected) => {
    const rows = await fixture.enrichAndRead(async (database) => {
      await fixture.addSnapshot(database, `${fixture.DAY} 09:00:00`, [
        fixture.networkInterface({
          description: 'arn:aws:ecs:us-east-1:123456789012:attachment/0c1d',
        }),
      ]);
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(database, 'flow', [fixture.flow(1, parts)]);
    }, 'select user_identification, workload_identity from flow_detail');
    expect(rows).toEqual([{ user_identification: 'missing', workload_identity: expected }]);
  });
});
