/**
 * Security group rules from `describe-security-groups`, whose permissions have no ids: each peer of a
 * permission becomes one rule, as `describe-security-group-rules` would list it, with an id made of
 * its values.
 */
import { isObject, type Json, type JsonObject, objectsOf } from '../json.ts';

/** Rules of a group that the snapshot describes by permissions only: one a peer, as AWS splits them. */
export function rulesOf(group: JsonObject, groupId: string): { id: string; item: JsonObject }[] {
  const rules: { id: string; item: JsonObject }[] = [];
  for (const [list, isEgress] of [
    [group.IpPermissions, false],
    [group.IpPermissionsEgress, true],
  ] as const) {
    for (const permission of Array.isArray(list) ? list : []) {
      if (!isObject(permission)) continue;
      const base = {
        GroupId: groupId,
        GroupOwnerId: group.OwnerId ?? null,
        IsEgress: isEgress,
        IpProtocol: permission.IpProtocol ?? '-1',
        FromPort: permission.FromPort ?? -1,
        ToPort: permission.ToPort ?? -1,
      };
      const add = (key: string, value: Json | undefined, peer: Json): void => {
        if (typeof value !== 'string') return;
        const id = `${groupId}/${isEgress ? 'egress' : 'ingress'}/${base.IpProtocol}/${base.FromPort}-${base.ToPort}/${value}`;
        const item: JsonObject = {
          ...base,
          SecurityGroupRuleId: id,
          ...(key === 'ReferencedGroupInfo' ? { [key]: peer } : { [key]: value }),
          ...(isObject(peer) && peer.Description !== undefined
            ? { Description: peer.Description }
            : {}),
        };
        rules.push({ id, item });
      };
      for (const peer of objectsOf(permission.IpRanges)) add('CidrIpv4', peer.CidrIp, peer);
      for (const peer of objectsOf(permission.Ipv6Ranges)) add('CidrIpv6', peer.CidrIpv6, peer);
      for (const peer of objectsOf(permission.PrefixListIds))
        add('PrefixListId', peer.PrefixListId, peer);
      for (const peer of objectsOf(permission.UserIdGroupPairs))
        add('ReferencedGroupInfo', peer.GroupId, peer);
    }
  }
  return rules;
}
