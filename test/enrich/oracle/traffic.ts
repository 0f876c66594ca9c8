/** Whether what a rule or an entry says of protocol, ports and peer is so of a record. */
import { rangeOf, toNumber } from '../addresses.ts';

/** `maybe`: the record lacks the field that would tell. */
export type Answer = 'yes' | 'no' | 'maybe';

const NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

/** The number of a protocol as the API writes it; null for all; NaN, which equals nothing, if unreadable. */
export function protocolNumber(text: string): number | null {
  if (text === '-1') return null;
  return NUMBERS[text] ?? (/^\d+$/.test(text) ? Number(text) : Number.NaN);
}

export const hasPorts = (protocol: number | null): boolean => protocol === 6 || protocol === 17;
export const isIcmp = (protocol: number | null): boolean => protocol === 1 || protocol === 58;

/** All answers must be yes. */
export function all(...answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no';
  return answers.includes('maybe') ? 'maybe' : 'yes';
}

export function isProtocol(wanted: number | null, protocol: number | null): Answer {
  if (wanted === null) return 'yes';
  if (protocol === null) return 'maybe';
  return wanted === protocol ? 'yes' : 'no';
}

/** Only TCP and UDP have ports; a range that starts at -1 is all of them. */
export function isPort(
  protocol: number | null,
  range: readonly [number, number] | undefined,
  port: number | null,
): Answer {
  if (!hasPorts(protocol) || range === undefined || range[0] === -1) return 'yes';
  if (port === null) return 'maybe';
  return range[0] <= port && port <= range[1] ? 'yes' : 'no';
}

/** No flow log says the type of an ICMP message, so that a rule for one type leaves it open. */
export function isIcmpType(protocol: number | null, type: number | undefined): Answer {
  return isIcmp(protocol) && type !== undefined && type !== -1 ? 'maybe' : 'yes';
}

const answers = new Map<string, boolean>();

/** A range holds only addresses of its own family. */
export function isIn(cidr: string, address: string): boolean {
  if (cidr.includes(':') !== address.includes(':')) return false;
  const key = `${cidr} ${address}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const { first, last } = rangeOf(cidr);
  const number = toNumber(address);
  const answer = first <= number && number <= last;
  answers.set(key, answer);
  return answer;
}
