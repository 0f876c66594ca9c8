import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/ingest/json.ts';
import * as fixture from './fixture.ts';

const TAKEN = '2026-11-02 00:00:00';

const ACL: JsonObject = {
  NetworkAclId: 'acl-1',
  VpcId: 'vpc-a',
  IsDefault: true,
  Associations: [
    { NetworkAclAssociationId: 'aclassoc-2', NetworkAclId: 'acl-1', SubnetId: 'subnet-b' },
    { NetworkAclAssociationId: 'aclassoc-1', NetworkAclId: 'acl-1', SubnetId: 'subnet-a' },
  ],
  Entries: [
    { RuleNumber: 100, Egress: false, RuleAction: 'allow', Protocol: '-1', CidrBlock: '0.0.0.0/0' },
    {
      RuleNumber: 101,
      Egress: false,
      RuleAction: 'deny',
      Protocol: '6',
      CidrBlock: '198.51.100.0/24',
      PortRange: { From: 22, To: 23 },
    },
    {
      RuleNumber: 102,
      Egress: false,
      RuleAction: 'allow',
      Protocol: '58',
      Ipv6CidrBlock: '2001:db8::/32',
      IcmpTypeCode: { Type: 128, Code: -1 },
    },
    {
      RuleNumber: 100,
      Egress: true,
      RuleAction: 'allow',
      Protocol: '17',
      CidrBlock: '10.0.0.0/8',
      PortRange: { From: 53, To: 53 },
    },
    {
      RuleNumber: 32767,
      Egress: true,
      RuleAction: 'deny',
      Protocol: 'odd',
      CidrBlock: '0.0.0.0/0',
    },
  ],
  Tags: [{ Key: 'Name', Value: 'cde' }],
};

const acl = (id: string, changes: JsonObject = {}): fixture.Item => ({
  type: 'network_acl',
  id,
  configuration: { ...ACL, NetworkAclId: id, ...changes },
});

test('a network ACL has its subnets, its VPC and its tags', async () => {
  const rows = await fixture.enrichAndRead(
    (database) =>
      fixture.addSnapshot(database, TAKEN, [
        acl('acl-1'),
        acl('acl-2', { IsDefault: false, Associations: [], Entries: [], Tags: [] }),
      ]),
    `select network_acl_id, vpc_id, is_default, subnet_ids, map_keys(tags) as tag_keys, valid_from
     from network_acl order by network_acl_id`,
  );
  const common = { vpc_id: 'vpc-a', valid_from: TAKEN };
  expect(rows).toEqual([
    {
      ...common,
      network_acl_id: 'acl-1',
      is_default: true,
      subnet_ids: ['subnet-a', 'subnet-b'],
      tag_keys: ['Name'],
    },
    { ...common, network_acl_id: 'acl-2', is_default: false, subnet_ids: [], tag_keys: [] },
  ]);
});

test('its entries have numbers, protocols, ports or ICMP types, and ranges', async () => {
  const rows = await fixture.enrichAndRead(
    (database) =>
      fixture.addSnapshot(database, TAKEN, [acl('acl-1'), acl('acl-2', { Entries: [] })]),
    `select network_acl_id, rule_number, is_egress, action, protocol, from_port, to_port,
       icmp_type, icmp_code, cidr
     from network_acl_entry order by is_egress, rule_number`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['acl-1', 100, false, 'allow', null, null, null, null, null, '0.0.0.0/0'],
    ['acl-1', 101, false, 'deny', 6, 22, 23, null, null, '198.51.100.0/24'],
    ['acl-1', 102, false, 'allow', 58, null, null, 128, null, '2001:db8::/32'],
    ['acl-1', 100, true, 'allow', 17, 53, 53, null, null, '10.0.0.0/8'],
    // A protocol that cannot be read is not taken for all protocols.
    ['acl-1', 32767, true, 'deny', 256, null, null, null, null, '0.0.0.0/0'],
  ]);
});

test('a change of an entry is a new state of the network ACL and of its entries', async () => {
  const later = '2026-11-03 00:00:00';
  const entries = ACL.Entries as JsonObject[];
  const rows = await fixture.enrichAndRead(async (database) => {
    await fixture.addSnapshot(database, TAKEN, [acl('acl-1', { Entries: entries.slice(0, 1) })]);
    await fixture.addSnapshot(database, later, [acl('acl-1', { Entries: entries.slice(0, 2) })]);
  }, 'select rule_number, valid_from, valid_to from network_acl_entry order by valid_from, rule_number');
  expect(rows.map((row) => Object.values(row))).toEqual([
    [100, TAKEN, later],
    [100, later, null],
    [101, later, null],
  ]);
});

/** An inbound entry for IPv4, TCP and the given ports. */
const inbound = (number: number, action: string, cidr: string, ports?: [number, number]) => ({
  RuleNumber: number,
  RuleAction: action,
  Egress: false,
  Protocol: ports ? '6' : '-1',
  CidrBlock: cidr,
  ...(ports ? { PortRange: { From: ports[0], To: ports[1] } } : {}),
});
const SUBNET: fixture.Item = {
  type: 'subnet',
  id: 'subnet-a',
  configuration: { SubnetId: 'subnet-a', CidrBlock: '10.0.1.0/24' },
};
const REST = inbound(32_767, 'deny', '0.0.0.0/0');

describe('a rejected record', () => {
  test.each<[string, JsonObject[], fixture.Row, string, string[]]>([
    [
      'denied by the entry with the lowest number that matches',
      [
        inbound(90, 'deny', '198.51.100.0/24', [443, 443]),
        inbound(100, 'allow', '0.0.0.0/0'),
        REST,
      ],
      {},
      'denied',
      ['acl-1 inbound 90'],
    ],
    [
      'allowed by an entry before the one that denies',
      [inbound(90, 'deny', '198.51.100.0/24', [443, 443]), inbound(80, 'allow', '0.0.0.0/0'), REST],
      {},
      'permitted',
      ['acl-1 inbound 80'],
    ],
    [
      'at the port behind the range',
      [
        inbound(90, 'deny', '198.51.100.0/24', [400, 442]),
        inbound(100, 'allow', '0.0.0.0/0'),
        REST,
      ],
      {},
      'permitted',
      ['acl-1 inbound 100'],
    ],
    ['denied by the last entry', [REST], {}, 'denied', ['acl-1 inbound 32767']],
    [
      'not decided without a port',
      [inbound(90, 'deny', '0.0.0.0/0', [443, 443]), inbound(100, 'allow', '0.0.0.0/0'), REST],
      { dstport: null },
      'undecidable',
      ['acl-1 inbound 90'],
    ],
    ['not of an ACL within the subnet', [REST], { srcaddr: '10.0.1.99' }, 'not_applicable', []],
    ['not of an ACL if it was accepted', [REST], { action: 'ACCEPT' }, 'not_applicable', []],
  ])('%s', async (_, entries, parts, verdict, ids) => {
    const rows = await fixture.enrichAndRead(async (database) => {
      const items = [
        fixture.networkInterface(),
        fixture.tagged('security_group', 'sg-a'),
        SUBNET,
        acl('acl-1', { Entries: entries }),
      ];
      for (const at of [`${fixture.DAY} 06:00:00`, `${fixture.DAY} 12:00:00`])
        await fixture.addSnapshot(database, at, items);
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(database, 'flow', [fixture.flow(1, { action: 'REJECT', ...parts })]);
    }, 'select acl_verdict, acl_entry_ids from flow_enriched');
    expect(rows).toMatchObject([{ acl_verdict: verdict, acl_entry_ids: ids }]);
  });
});
