/** Administrators' SSH sessions: from an office to the bastion, and from there onward. */
import type { Exchange } from './flow-row.ts';
import { INTERFACES, type Interface, seconds } from './world.ts';

const { bastion, web1, web2, app1, app2Old, app2New } = INTERFACES;

type Session = {
  from: string;
  until: string;
  office: string;
  officePort: number;
  target: Interface;
  bastionPort: number;
};

/** The two networks of the prefix list that lets administrators in. */
const OFFICE = '203.0.113.10';
const VPN = '203.0.113.140';

/** Seconds by which the hop from the office opens before the hop onward. */
export const BASTION_FIRST = 70;

/** Every session, in order of time. */
export const SESSIONS: readonly Session[] = [
  session('2026-11-02T09:12:20Z', '2026-11-02T09:31:50Z', OFFICE, 53122, app1, 47210),
  session('2026-11-02T10:40:05Z', '2026-11-02T10:52:30Z', OFFICE, 53844, web1, 39114),
  session('2026-11-02T13:25:10Z', '2026-11-02T13:34:00Z', OFFICE, 54010, app2Old, 40388),
  session('2026-11-02T16:05:00Z', '2026-11-02T16:21:40Z', VPN, 54777, web2, 51992),
  session('2026-11-03T08:47:10Z', '2026-11-03T08:58:20Z', OFFICE, 50231, app2Old, 36650),
  session('2026-11-03T10:15:30Z', '2026-11-03T10:41:00Z', OFFICE, 51408, app2New, 58127),
  session('2026-11-03T14:02:15Z', '2026-11-03T14:19:30Z', OFFICE, 52660, app1, 44906),
  session('2026-11-03T19:30:45Z', '2026-11-03T19:38:20Z', VPN, 53019, web1, 33517),
];

function session(
  from: string,
  until: string,
  office: string,
  officePort: number,
  target: Interface,
  bastionPort: number,
): Session {
  return { from, until, office, officePort, target, bastionPort };
}

/** What passed in an interval; the hop from the office opens a little before the hop onward. */
export function sessionExchanges(start: number, length: number): Exchange[] {
  const end = start + length;
  return SESSIONS.flatMap((item) => {
    const from = seconds(item.from);
    const until = seconds(item.until);
    return [
      ...clipped(start, end, from - BASTION_FIRST, until + 20, {
        client: { address: item.office, port: item.officePort },
        server: { address: bastion.address, port: 22, interfaceId: bastion.id },
      }),
      ...clipped(start, end, from, until, {
        client: { address: bastion.address, port: item.bastionPort, interfaceId: bastion.id },
        server: { address: item.target.address, port: 22, interfaceId: item.target.id },
      }),
    ];
  });
}

function clipped(
  start: number,
  end: number,
  from: number,
  until: number,
  ends: Pick<Exchange, 'client' | 'server'>,
): Exchange[] {
  if (until <= start || from >= end) return [];
  const first = Math.max(from, start + 1);
  const last = Math.min(until, end - 2);
  if (last <= first) return [];
  const packets = Math.max(4, Math.round((last - first) / 4));
  return [{ ...ends, start: first, end: last, packets, bytesPerPacket: 118, answerRatio: 2 }];
}
