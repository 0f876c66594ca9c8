/** Security groups and their rules as `describe-security-groups` and `-rules` print them. */
import { ACCOUNT_ID, REGION, type Rule, rulesAt, SECURITY_GROUPS } from './world.ts';

export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** Tags as the API lists them. */
export function tagsOf(tags: Readonly<Record<string, string>>): Json {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** `SecurityGroupRules`: one peer a rule, ports -1 where the protocol is -1. */
export function securityGroupRules(time: string): Json {
  return rulesAt(time).map((rule) => ({
    SecurityGroupRuleId: rule.id,
    GroupId: rule.groupId,
    GroupOwnerId: ACCOUNT_ID,
    IsEgress: rule.isEgress,
    IpProtocol: rule.protocol,
    FromPort: rule.port,
    ToPort: rule.port,
    ...rulePeer(rule),
    ...described(rule),
    Tags: [],
    SecurityGroupRuleArn: `arn:aws:ec2:${REGION}:${ACCOUNT_ID}:security-group-rule/${rule.id}`,
  }));
}

function described(rule: Rule): { Description?: string } {
  return rule.description === undefined ? {} : { Description: rule.description };
}

function rulePeer({ peer }: Rule): { readonly [key: string]: Json } {
  switch (peer.kind) {
    case 'ipv4':
      return { CidrIpv4: peer.cidr };
    case 'ipv6':
      return { CidrIpv6: peer.cidr };
    case 'prefix_list':
      return { PrefixListId: peer.id };
    case 'group':
      return { ReferencedGroupInfo: { GroupId: peer.id, UserId: ACCOUNT_ID } };
  }
}

/** `SecurityGroups`: the same rules as permissions, joined by protocol and ports. */
export function securityGroups(time: string): Json {
  const rules = rulesAt(time);
  return SECURITY_GROUPS.map(({ id, name, description, vpcId }) => {
    const own = rules.filter(({ groupId }) => groupId === id);
    return {
      GroupId: id,
      IpPermissionsEgress: permissions(own.filter(({ isEgress }) => isEgress)),
      Tags: [{ Key: 'Name', Value: name }],
      VpcId: vpcId,
      SecurityGroupArn: `arn:aws:ec2:${REGION}:${ACCOUNT_ID}:security-group/${id}`,
      OwnerId: ACCOUNT_ID,
      GroupName: name,
      Description: description,
      IpPermissions: permissions(own.filter(({ isEgress }) => !isEgress)),
    };
  });
}

function permissions(rules: readonly Rule[]): Json {
  const keys = [...new Set(rules.map(({ protocol, port }) => `${protocol} ${port}`))];
  return keys.map((key) => {
    const same = rules.filter(({ protocol, port }) => `${protocol} ${port}` === key);
    const first = same[0];
    // The API leaves the ports out where the protocol is -1.
    const ports: { readonly [key: string]: Json } =
      first === undefined || first.protocol === '-1'
        ? {}
        : { FromPort: first.port, ToPort: first.port };
    return {
      IpProtocol: first?.protocol ?? '-1',
      ...ports,
      UserIdGroupPairs: same.flatMap((rule): Json[] =>
        rule.peer.kind === 'group'
          ? [{ ...described(rule), UserId: ACCOUNT_ID, GroupId: rule.peer.id }]
          : [],
      ),
      IpRanges: same.flatMap((rule): Json[] =>
        rule.peer.kind === 'ipv4' ? [{ ...described(rule), CidrIp: rule.peer.cidr }] : [],
      ),
      Ipv6Ranges: same.flatMap((rule): Json[] =>
        rule.peer.kind === 'ipv6' ? [{ ...described(rule), CidrIpv6: rule.peer.cidr }] : [],
      ),
      PrefixListIds: same.flatMap((rule): Json[] =>
        rule.peer.kind === 'prefix_list'
          ? [{ ...described(rule), PrefixListId: rule.peer.id }]
          : [],
      ),
    };
  });
}
