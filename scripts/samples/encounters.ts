/**
 * Exchanges that an IPS agent saw as well: each stands in the flow log and in an event, so that the
 * two can be joined on addresses, ports, protocol and time.
 */
import type { Exchange } from './flow-row.ts';
import { FACTS, INTERFACES, type Interface, seconds } from './world.ts';

const { web1, web2, app1, data1 } = INTERFACES;

type Encounter = { client: Exchange['client']; server: Exchange['server']; at: string };

/** From an address outside to port 443, or another, of a monitored interface. */
function outside(at: string, address: string, port: number, server: Interface): Encounter {
  return {
    at,
    client: { address, port },
    server: { address: server.address, port: 443, interfaceId: server.id },
  };
}

/** Each with the time of its event. */
export const ENCOUNTERS = {
  attackDetected: outside(
    FACTS.attack_detected.at,
    FACTS.attack_detected.sourceAddress,
    FACTS.attack_detected.sourcePort,
    web2,
  ),
  attackBlocked: outside(
    FACTS.attack_blocked.at,
    FACTS.attack_blocked.sourceAddress,
    FACTS.attack_blocked.sourcePort,
    web2,
  ),
  ipv6OnWeb2: {
    at: '2026-11-02T11:20:15Z',
    client: { address: '2001:db8:f000::25', port: 40525 },
    server: { address: web2.ipv6Address ?? '', port: 443, interfaceId: web2.id },
  },
  snsDetected: outside('2026-11-02T18:22:31Z', '198.51.100.88', 50110, web2),
  snsBlocked: {
    at: '2026-11-03T15:04:18Z',
    client: { address: web1.address, port: 41877, interfaceId: web1.id },
    server: { address: app1.address, port: 8443, interfaceId: app1.id },
  },
  suricataRdp: {
    at: '2026-11-02T15:10:13Z',
    client: { address: FACTS.rdp_open.sourceAddress, port: 50266 },
    server: { address: web1.address, port: 3389, interfaceId: web1.id },
  },
  suricataIpv6: {
    at: '2026-11-02T17:45:30Z',
    client: { address: '2001:db8:f000::77', port: 42424 },
    server: { address: web1.ipv6Address ?? '', port: 443, interfaceId: web1.id },
  },
  suricataDropped: outside('2026-11-03T16:12:09Z', '198.51.100.91', 43991, web1),
} as const satisfies Readonly<Record<string, Encounter>>;

/** The flows of the encounters, and the flow that no rule explains. */
export const SPECIAL_EXCHANGES: readonly Exchange[] = [
  special(ENCOUNTERS.attackDetected, 5, 31, 18, 410),
  special(ENCOUNTERS.attackBlocked, 2, 2, 5, 290),
  special(ENCOUNTERS.ipv6OnWeb2, 3, 24, 14, 220),
  special(ENCOUNTERS.snsDetected, 6, 39, 16, 380),
  special(ENCOUNTERS.snsBlocked, 8, 7, 6, 300),
  special(ENCOUNTERS.suricataRdp, 1, 567, 96, 140),
  special(ENCOUNTERS.suricataIpv6, 4, 50, 22, 260),
  special(ENCOUNTERS.suricataDropped, 1, 3, 4, 210),
  // The scanner comes back on a second connection while the port is open.
  {
    client: { address: FACTS.rdp_open.sourceAddress, port: 50911 },
    server: ENCOUNTERS.suricataRdp.server,
    start: seconds('2026-11-02T15:20:31Z'),
    end: seconds('2026-11-02T15:29:12Z'),
    packets: 71,
    bytesPerPacket: 133,
  },
  {
    client: {
      address: FACTS.unexplained_flow.sourceAddress,
      port: FACTS.unexplained_flow.sourcePort,
      interfaceId: app1.id,
    },
    server: {
      address: FACTS.unexplained_flow.destinationAddress,
      port: FACTS.unexplained_flow.destinationPort,
      interfaceId: data1.id,
    },
    start: seconds('2026-11-03T13:20:04Z'),
    end: seconds('2026-11-03T13:24:50Z'),
    packets: 42,
    bytesPerPacket: 188,
    answerRatio: 6,
  },
];

/** An exchange that starts and ends so many seconds before and after the event. */
function special(
  encounter: Encounter,
  before: number,
  after: number,
  packets: number,
  bytesPerPacket: number,
): Exchange {
  const at = seconds(encounter.at);
  const { client, server } = encounter;
  return { client, server, start: at - before, end: at + after, packets, bytesPerPacket };
}
