import { expect, test } from 'vitest';
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
