/** `eve.json` of Suricata on web-1: alerts, a drop, flows, and `stats` every hour as its heartbeat. */
import { createHash } from 'node:crypto';
import { ENCOUNTERS } from './encounters.ts';
import { isoTime, PERIOD, seconds } from './world.ts';

type Ends = {
  client: { address: string; port: number };
  server: { address: string; port: number };
};
type Json = { [key: string]: string | number | boolean | Json | Json[] };
type Line = { at: string; micros: number; fields: Json };

/** `2026-11-02T15:30:10.532140+0000`: microseconds, and an offset without a colon. */
function timestamp(at: string, micros: number): string {
  return `${at.slice(0, 19)}.${String(micros).padStart(6, '0')}+0000`;
}

/** An id of 48 bits made of the tuple; Suricata's have at most 51, so that JSON numbers hold them. */
function flowId({ client, server }: Ends): number {
  const text = `${client.address} ${client.port} ${server.address} ${server.port}`;
  return Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 12), 16);
}

function tuple(ends: Ends): Json {
  return {
    flow_id: flowId(ends),
    in_iface: 'ens5',
    src_ip: ends.client.address,
    src_port: ends.client.port,
    dest_ip: ends.server.address,
    dest_port: ends.server.port,
    proto: 'TCP',
  };
}

function alertFields(
  action: 'allowed' | 'blocked',
  id: number,
  signature: string,
  category: string,
  severity: number,
): Json {
  return { action, gid: 1, signature_id: id, rev: 2, signature, category, severity };
}

function alert(ends: Ends & { at: string }, micros: number, fields: Json, verdict: string): Line {
  return {
    at: ends.at,
    micros,
    fields: {
      ...tuple(ends),
      event_type: 'alert',
      alert: fields,
      verdict: { action: verdict },
      host: 'web-1',
    },
  };
}

function flow(
  ends: Ends & { at: string },
  length: number,
  packets: number,
  isAlerted: boolean,
): Line {
  const end = isoTime(seconds(ends.at) + length);
  return {
    at: end,
    micros: 104_422,
    fields: {
      ...tuple(ends),
      event_type: 'flow',
      app_proto: ends.server.port === 443 ? 'tls' : 'failed',
      flow: {
        pkts_toserver: packets,
        pkts_toclient: packets + 4,
        bytes_toserver: packets * 140,
        bytes_toclient: packets * 600,
        start: timestamp(ends.at, 1),
        end: timestamp(end, 3_005),
        age: length,
        state: 'closed',
        reason: 'timeout',
        alerted: isAlerted,
      },
      tcp: { tcp_flags: '1b', syn: true, fin: true, psh: true, ack: true, state: 'closed' },
      host: 'web-1',
    },
  };
}

function drop(ends: Ends & { at: string }, micros: number): Line {
  return {
    at: ends.at,
    micros,
    fields: {
      ...tuple(ends),
      event_type: 'drop',
      drop: {
        len: 617,
        tos: 0,
        ttl: 49,
        ipid: 31_822,
        tcpseq: 2_201_118_733,
        tcpack: 1_187_220_013,
        tcpwin: 501,
        syn: false,
        ack: true,
        psh: true,
        rst: false,
        urg: false,
        fin: false,
        tcpres: 0,
        tcpurgp: 0,
        reason: 'rules',
      },
      host: 'web-1',
    },
  };
}

function heartbeats(): Line[] {
  const lines: Line[] = [];
  const first = seconds(PERIOD.start);
  for (let time = first; time < seconds(PERIOD.end); time += 3600) {
    const hours = (time - first) / 3600;
    lines.push({
      at: isoTime(time + 8),
      micros: 532_140,
      fields: {
        event_type: 'stats',
        stats: {
          uptime: 86_400 + hours * 3600,
          capture: { kernel_packets: 1_000_000 + hours * 41_250, kernel_drops: 0 },
          decoder: { pkts: 1_000_000 + hours * 41_250, invalid: 0, ipv4: 800_000, ipv6: 200_000 },
          detect: {
            engines: [
              {
                id: 0,
                last_reload: '2026-11-01T00:00:04.118207+0000',
                rules_loaded: 41_277,
                rules_failed: 0,
              },
            ],
            alert: hours < 16 ? 0 : 1,
          },
        },
        host: 'web-1',
      },
    });
  }
  return lines;
}

/** The text of `eve.json`, in order of time. */
export function eveJson(): string {
  const { suricataRdp, suricataIpv6, suricataDropped } = ENCOUNTERS;
  const lines = [
    ...heartbeats(),
    alert(
      suricataRdp,
      532_140,
      alertFields('allowed', 1_000_101, 'RDP connection from outside', 'Misc activity', 2),
      'alert',
    ),
    alert(
      suricataIpv6,
      41_007,
      alertFields('allowed', 1_000_102, 'Suspicious user agent', 'Potentially Bad Traffic', 3),
      'alert',
    ),
    alert(
      suricataDropped,
      871_932,
      alertFields(
        'blocked',
        1_000_103,
        'Remote code execution attempt',
        'Attempted Administrator Privilege Gain',
        1,
      ),
      'drop',
    ),
    drop(suricataDropped, 871_950),
    flow(suricataRdp, 560, 90, true),
    flow(suricataIpv6, 45, 20, true),
  ].sort((a, b) => seconds(a.at) - seconds(b.at) || a.micros - b.micros);
  return lines
    .map(
      ({ at, micros, fields }) =>
        `${JSON.stringify({ timestamp: timestamp(at, micros), ...fields })}\n`,
    )
    .join('');
}
