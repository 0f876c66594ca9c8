/**
 * Events of Deep Security agents as syslog lines in CEF. Lines that the manager relayed have an
 * ISO 8601 header, those that an agent sent itself an RFC 3164 one, without year and zone. Every event
 * that a fact names has the first kind: its time does not depend on when the file is read.
 */
import { ENCOUNTERS } from './encounters.ts';
import { BASTION_FIRST, SESSIONS } from './ssh-sessions.ts';
import { FACTS, INTERFACES, type Interface, isoTime, seconds } from './world.ts';

type Agent = { name: string; address: string; hostId: number; instanceId: string };

function agentOf(item: Interface, hostId: number): Agent {
  const { id = '', name = '' } = item.instance ?? {};
  return { name, address: item.address, hostId, instanceId: id };
}

/** Hosts as the manager knows them: the successor of app-2 is another host at the same address. */
const AGENTS = {
  web2: agentOf(INTERFACES.web2, 42),
  app1: agentOf(INTERFACES.app1, 43),
  app2Old: agentOf(INTERFACES.app2Old, 44),
  app2New: agentOf(INTERFACES.app2New, 57),
  bastion: agentOf(INTERFACES.bastion, 45),
} as const satisfies Readonly<Record<string, Agent>>;

type Header = 'iso' | 'rfc3164';
type Event = { at: string; line: string };
type Pairs = readonly (readonly [string, string | number])[];

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function rfc3164(time: string): string {
  const date = new Date(time);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `${MONTHS[date.getUTCMonth()]} ${day} ${time.slice(11, 19)}`;
}

/** One line: syslog header, CEF header, and the extension with `\` and `=` escaped in its values. */
function cef(
  at: string,
  header: Header,
  host: string,
  product: string,
  signature: readonly [id: number | string, name: string, severity: number],
  pairs: Pairs,
): Event {
  const prefix =
    header === 'iso' ? `<190>${at.replace('Z', '+00:00')} ${host}` : `<190>${rfc3164(at)} ${host}`;
  const extension = pairs
    .map(([key, value]) => `${key}=${String(value).replace(/[\\=]/g, '\\$&')}`)
    .join(' ');
  const [id, name, severity] = signature;
  return {
    at,
    line: `${prefix} CEF:0|Trend Micro|${product}|20.0.1.690|${id}|${name}|${severity}|${extension}`,
  };
}

function agentEvent(
  at: string,
  header: Header,
  agent: Agent,
  signature: readonly [id: number | string, name: string, severity: number],
  pairs: Pairs,
): Event {
  const host: Pairs = [
    ['cn1', agent.hostId],
    ['cn1Label', 'Host ID'],
    ['dvc', agent.address],
    ['dvchost', `${agent.name}.example.com`],
    ['TrendMicroDsTenant', 'Primary'],
    ['TrendMicroDsTenantId', 0],
  ];
  return cef(at, header, agent.name, 'Deep Security Agent', signature, [...host, ...pairs]);
}

type Ends = {
  client: { address: string; port: number };
  server: { address: string; port: number };
};

function packet({ client, server }: Ends, act: string, size: number, isV6 = false): Pairs {
  return [
    ['act', act],
    ['dmac', '02:00:00:00:01:12'],
    ['smac', '02:00:00:00:01:01'],
    ['TrendMicroDsFrameType', isV6 ? 'IPv6' : 'IP'],
    ['src', client.address],
    ['dst', server.address],
    ['in', size],
    ['cs3', isV6 ? '' : 'DF 0'],
    ['cs3Label', 'Fragmentation Bits'],
    ['proto', 'TCP'],
    ['spt', client.port],
    ['dpt', server.port],
    ['cs2', '0x00 ACK PSH'],
    ['cs2Label', 'TCP Flags'],
    ['cnt', 1],
  ];
}

function dpi(note: string): Pairs {
  return [
    ['cn3', 16],
    ['cn3Label', 'DPI Packet Position'],
    ['cs5', 16],
    ['cs5Label', 'DPI Stream Position'],
    ['cs1', `"${note}"`],
    ['cs1Label', 'DPI Note'],
    ['cs6', 8],
    ['cs6Label', 'DPI Flags'],
  ];
}

const { attackDetected, attackBlocked, ipv6OnWeb2 } = ENCOUNTERS;

/** Deep Security writes IPv6 addresses without the `::` short form. */
const IPV6_ENDS: Ends = {
  client: { address: '2001:db8:f000:0:0:0:0:25', port: ipv6OnWeb2.client.port },
  server: { address: '2001:db8:a000:1:0:0:0:12', port: ipv6OnWeb2.server.port },
};

/** `GET /?q=...` in base64: what the agent caught, which may hold card numbers in real life. */
const PACKET_DATA = Buffer.from('GET /?q=<script>alert(1)</script> HTTP/1.1').toString('base64');

function special(): Event[] {
  const session = FACTS.user_session;
  return [
    agentEvent(
      session.at,
      'iso',
      AGENTS.app1,
      [3_002_828, 'Application - Secure Shell Daemon (SSHD)', 3],
      [
        ['cs1', 'SSHD authentication success.'],
        ['cs1Label', 'LI Description'],
        ['fname', '/var/log/secure'],
        ['src', session.sourceAddress],
        ['duser', session.userName],
        [
          'msg',
          `Nov  2 09:12:40 app-1 sshd[2214]: Accepted publickey for deploy from ${session.sourceAddress} port ${session.sourcePort} ssh2`,
        ],
      ],
    ),
    agentEvent(
      ipv6OnWeb2.at,
      'iso',
      AGENTS.web2,
      [20, 'Log for TCP Port 443', 0],
      packet(IPV6_ENDS, 'Log', 1280, true),
    ),
    agentEvent(
      attackDetected.at,
      'iso',
      AGENTS.web2,
      [FACTS.attack_detected.signatureId, 'Generic Cross Site Scripting(XSS) Prevention', 8],
      [
        ...packet(attackDetected, FACTS.attack_detected.action, 1460),
        ...dpi('CVE-0000-0000'),
        ['TrendMicroDsPacketData', PACKET_DATA],
      ],
    ),
    agentEvent(
      attackBlocked.at,
      'iso',
      AGENTS.web2,
      [FACTS.attack_blocked.signatureId, 'Generic SQL Injection Prevention', 10],
      [...packet(attackBlocked, FACTS.attack_blocked.action, 913), ...dpi('CVE-0000-0001')],
    ),
    cef(
      '2026-11-02T08:00:03Z',
      'iso',
      'dsm.example.com',
      'Deep Security Manager',
      [600, 'User Signed In', 3],
      [
        ['src', '10.0.1.50'],
        ['suser', 'security-operator'],
        ['target', 'security-operator'],
        ['msg', 'User signed in from 10.0.1.50'],
        ['TrendMicroDsTenant', 'Primary'],
      ],
    ),
  ];
}

/** Four events a day of each host, so that its agent is seen to live in the morning and in the evening. */
function routine(): Event[] {
  return Object.values(AGENTS).flatMap((agent, index) =>
    ['2026-11-02', '2026-11-03'].flatMap((day) =>
      [2, 7, 13, 21].flatMap((hour, turn) => {
        const at = isoTime(seconds(`${day}T00:00:00Z`) + hour * 3600 + index * 421 + turn * 67);
        return isPresent(agent, at) ? [routineEvent(agent, at, turn)] : [];
      }),
    ),
  );
}

function agentOn(instanceId: string | undefined): Agent | undefined {
  return Object.values(AGENTS).find((agent) => agent.instanceId === instanceId);
}

function isPresent(agent: Agent, time: string): boolean {
  if (agent.hostId === AGENTS.app2Old.hostId) return time < FACTS.instance_replaced.oldUntil;
  return agent.hostId !== AGENTS.app2New.hostId || time > FACTS.instance_replaced.newFrom;
}

function routineEvent(agent: Agent, at: string, turn: number): Event {
  if (turn === 0) {
    return agentEvent(
      at,
      'iso',
      agent,
      [2_002_874, 'Unix - Files attributes modified in /etc', 6],
      [
        ['act', 'updated'],
        ['filePath', '/etc/aide.conf'],
        ['suser', 'root'],
        ['sproc', '/usr/bin/yum'],
        ['msg', 'lastModified,sha1,size'],
      ],
    );
  }
  if (turn === 2) {
    return agentEvent(
      at,
      'rfc3164',
      agent,
      [3_003_013, 'Auditd', 3],
      [
        ['cs1', 'Audit service configuration read.'],
        ['cs1Label', 'LI Description'],
        ['fname', '/var/log/audit/audit.log'],
        ['shost', `${agent.name}.example.com`],
        ['msg', 'type=DAEMON_CONFIG msg=audit: op=reload res=success'],
      ],
    );
  }
  return agentEvent(
    at,
    turn === 1 ? 'iso' : 'rfc3164',
    agent,
    [2_002_875, 'Unix - Scheduled jobs modified', 3],
    [
      ['act', 'created'],
      ['filePath', '/etc/cron.d/rotate'],
      ['suser', 'root'],
      ['sproc', '/usr/bin/cp'],
      ['msg', 'lastModified,sha1,size'],
    ],
  );
}

/** The firewall module logs each SSH session that it lets in: at the bastion, and at its target. */
function sessionLogs(): Event[] {
  return SESSIONS.flatMap((session, index) => {
    const header = index % 2 === 0 ? 'iso' : 'rfc3164';
    const log = (at: string, agent: Agent, client: Ends['client']): Event =>
      agentEvent(
        at,
        header,
        agent,
        [20, 'Log for TCP Port 22', 0],
        packet({ client, server: { address: agent.address, port: 22 } }, 'Log', 74),
      );
    const entry = isoTime(seconds(session.from) - BASTION_FIRST);
    const agent = agentOn(session.target.instance?.id);
    return [
      log(entry, AGENTS.bastion, { address: session.office, port: session.officePort }),
      ...(agent
        ? [log(session.from, agent, { address: AGENTS.bastion.address, port: session.bastionPort })]
        : []),
    ];
  });
}

/** The text of `agents.log`, in order of time. */
export function agentsLog(): string {
  const events = [...special(), ...sessionLogs(), ...routine()].sort(
    (a, b) => seconds(a.at) - seconds(b.at),
  );
  return `${events.map(({ line }) => line).join('\n')}\n`;
}
