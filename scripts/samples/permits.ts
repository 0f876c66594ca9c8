/**
 * What the security groups of the world permit: a plain reading of the rules, apart from flowproof's
 * own SQL, so that the samples can be checked without the thing that they are to test.
 */
import { BlockList, isIPv6 } from 'node:net';
import {
  existedAt,
  INTERFACES,
  type Interface,
  isoTime,
  type Peer,
  PREFIX_LIST,
  rulesAt,
} from './world.ts';

/** A flow log record by AWS's field names, every value a text. */
export type TextRecord = Readonly<Record<string, string>>;

const interfaces: readonly Interface[] = Object.values(INTERFACES);

/**
 * The ids of the rules that permit a record which opens a connection. Undefined for answers, which
 * need no rule, and for interfaces without groups. Throws if the record belongs to no interface of the
 * world at its time, or has none of the interface's addresses on its side.
 */
export function permittingRules(row: TextRecord): string[] | undefined {
  const { srcaddr = '', dstaddr = '' } = row;
  const time = isoTime(Number(row.start));
  const item = interfaces.find(({ id }) => id === row['interface-id']);
  if (!item || !existedAt(item, time)) {
    throw new Error(`no interface ${row['interface-id']} at ${time}`);
  }
  const own = [item.address, item.ipv6Address];
  const isEgress = own.includes(srcaddr);
  if (!isEgress && !own.includes(dstaddr)) {
    throw new Error(`${item.id} has neither ${srcaddr} nor ${dstaddr}`);
  }
  // In this world servers listen below 32768 and clients send from above.
  const isAnswer = Number(row.srcport) < Number(row.dstport);
  if (isAnswer || item.groupIds.length === 0) return undefined;
  return rulesAt(time)
    .filter(
      (rule) =>
        item.groupIds.includes(rule.groupId) &&
        rule.isEgress === isEgress &&
        (rule.protocol === '-1' || (row.protocol === '6' && String(rule.port) === row.dstport)) &&
        includes(rule.peer, isEgress ? dstaddr : srcaddr, time),
    )
    .map(({ id }) => id);
}

/** A reference to a group stands for the private addresses of the interfaces in it. */
function includes(peer: Peer, address: string, time: string): boolean {
  if (peer.kind === 'group') {
    return interfaces.some(
      (item) =>
        item.groupIds.includes(peer.id) &&
        existedAt(item, time) &&
        (item.address === address || item.ipv6Address === address),
    );
  }
  const cidrs =
    peer.kind === 'prefix_list' ? PREFIX_LIST.entries.map(({ cidr }) => cidr) : [peer.cidr];
  return cidrs.some((cidr) => isInside(address, cidr));
}

function isInside(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  if (isIPv6(address) !== (family === 'ipv6')) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}
