import { describe, expect, it } from 'vitest';
import { suricataEve } from '../../../src/ingest/formats/suricata-eve.ts';
import type { Cell } from '../../../src/tables.ts';
import { readContent } from '../../memory-sink.ts';

const ALERT = {
  timestamp: '2026-11-18T06:13:41.532140+0000',
  flow_id: 1_234_567_890_123_456,
  host: 'sensor-1',
  event_type: 'alert',
  src_ip: 'fe80:0000:0000:0000:fc50:a94f:4328:e94c',
  src_port: 51_544,
  dest_ip: '10.0.1.15',
  dest_port: 443,
  proto: 'TCP',
  alert: {
    action: 'allowed',
    gid: 1,
    signature_id: 2_000_001,
    rev: 3,
    signature: 'EXAMPLE scan',
    category: '',
    severity: 1,
  },
};

async function read(...events: unknown[]) {
  return readContent(suricataEve, events.map((event) => JSON.stringify(event)).join('\n'));
}

async function rowOf(event: unknown): Promise<Readonly<Record<string, Cell>>> {
  const { sink } = await read(event);
  expect(sink.rejects).toEqual([]);
  return sink.rows[0]?.row ?? {};
}

it('fills the columns of an alert', async () => {
  const row = await rowOf({ ...ALERT, xff: '203.0.113.9' });
  expect(row).toMatchObject({
    product: 'suricata',
    format: 'suricata_eve',
    module: 'intrusion_prevention',
    event_at: BigInt(Date.parse('2026-11-18T06:13:41Z')) * 1000n + 532_140n,
    time_source: 'record',
    host_name: 'sensor-1',
    signature_id: '2000001',
    signature_name: 'EXAMPLE scan',
    category: undefined,
    severity: 'high',
    severity_raw: '1',
    action_raw: 'allowed',
    disposition: 'detected',
    protocol: 6,
    source_address: 'fe80::fc50:a94f:4328:e94c',
    source_port: 51_544,
    destination_address: '10.0.1.15',
    destination_port: 443,
    client_address: '203.0.113.9',
    event_count: 1,
    dropped_keys: [],
    line_number: 1,
  });
  expect(row.event_id).toBeUndefined();
  expect(JSON.parse(String(row.original))).toEqual({ ...ALERT, xff: '203.0.113.9' });
});

describe('disposition', () => {
  const alert = (action: unknown, verdict?: unknown) => ({
    ...ALERT,
    alert: { ...ALERT.alert, action },
    ...(verdict === undefined ? {} : { verdict: { action: verdict } }),
  });

  it.each([
    ['an alert that let the packet through', alert('allowed'), 'detected', 'allowed'],
    ['an alert that blocked', alert('blocked'), 'blocked', 'blocked'],
    ['allowed, dropped by verdict', alert('allowed', 'drop'), 'blocked', 'drop'],
    ['allowed, rejected by verdict', alert('allowed', 'reject'), 'blocked', 'reject'],
    ['blocked, let through by verdict', alert('blocked', 'alert'), 'detected', 'alert'],
    ['blocked, passed by verdict', alert('blocked', 'pass'), 'detected', 'pass'],
    ['blocked, a verdict of another kind', alert('blocked', 'other'), 'blocked', 'other'],
    ['no action', alert(undefined), 'unknown', undefined],
    ['a drop', { ...ALERT, event_type: 'drop', alert: undefined }, 'blocked', 'drop'],
    [
      'a drop, let through by its own verdict',
      { ...ALERT, event_type: 'drop', drop: { verdict: { action: 'pass' } } },
      'detected',
      'pass',
    ],
    [
      'a drop of packets read from a file',
      { ...ALERT, event_type: 'drop', pcap_cnt: 5, alert: undefined },
      'detected',
      'drop',
    ],
    [
      'an alert that blocked packets read from a file',
      { ...alert('blocked', 'drop'), pcap_filename: 'a.pcap' },
      'detected',
      'drop',
    ],
    ['a flow', { ...ALERT, event_type: 'flow', flow: { action: 'drop' } }, 'logged', 'drop'],
    ['dns', { ...ALERT, event_type: 'dns' }, 'logged', undefined],
  ])('of %s', async (_, event, disposition, action_raw) => {
    expect(await rowOf(event)).toMatchObject({ disposition, action_raw });
  });
});

it.each([
  ['alert', 'intrusion_prevention', 1],
  ['drop', 'intrusion_prevention', 1],
  ['flow', 'flow', undefined],
  ['netflow', 'flow', undefined],
  ['anomaly', 'anomaly', undefined],
  ['http', 'protocol', undefined],
  ['fileinfo', 'protocol', undefined],
  ['constructor', 'protocol', undefined],
  ['engine', 'other', undefined],
  ['stats', 'heartbeat', undefined],
])('event_type %s is of module %s', async (event_type, module, event_count) => {
  expect(await rowOf({ ...ALERT, event_type })).toMatchObject({ module, event_count });
});

describe('user', () => {
  it.each([
    [
      'Kerberos',
      { krb5: { msg_type: 'KRB_AS_REP', cname: 'svc-pay', realm: 'EXAMPLE.COM' } },
      'svc-pay',
    ],
    [
      'SMB',
      {
        smb: {
          command: 'SMB2_COMMAND_SESSION_SETUP',
          ntlmssp: { domain: 'EXAMPLE', user: 'clerk' },
        },
      },
      'clerk',
    ],
    ['FTP', { ftp: { command: 'USER', command_data: 'backup' } }, 'backup'],
    ['no password of FTP', { ftp: { command: 'PASS', command_data: 'SECRET' } }, undefined],
    ['POP3', { pop3: { request: { command: 'USER', args: ['clerk'] } } }, 'clerk'],
    [
      'no password of POP3',
      { pop3: { request: { command: 'PASS', args: ['SECRET'] } } },
      undefined,
    ],
    [
      'PostgreSQL',
      { pgsql: { request: { startup_parameters: { user: 'app' }, password: 'SECRET' } } },
      'app',
    ],
    ['MQTT', { mqtt: { connect: { username: 'meter', password: 'SECRET' } } }, 'meter'],
    ['LDAP', { ldap: { request: { bind_request: { name: 'cn=app' } } } }, 'cn=app'],
    ['SNMP', { snmp: { version: 3, usm: 'monitor' } }, 'monitor'],
    ['RDP', { rdp: { event_type: 'initial_request', cookie: 'clerk' } }, 'clerk'],
    ['nobody', { http: { hostname: 'example.com', authorization: 'Basic SECRET' } }, undefined],
    [
      'nobody in a key of another type',
      { krb5: 'x', smb: { ntlmssp: null }, pop3: { request: { command: 'USER' } } },
      undefined,
    ],
  ])('of %s', async (_, keys, user_name) => {
    const row = await rowOf({ ...ALERT, ...keys });
    expect(row).toMatchObject({ user_name });
    expect(row.original).not.toContain('SECRET');
  });
});

it('names an anomaly', async () => {
  const { alert: _, ...rest } = ALERT;
  const anomaly = { type: 'decode', event: 'decoder.udp.pkt_too_small' };
  expect(await rowOf({ ...rest, event_type: 'anomaly', anomaly })).toMatchObject({
    signature_id: undefined,
    signature_name: 'decoder.udp.pkt_too_small',
    category: 'decode',
    disposition: 'logged',
  });
});

it.each([
  ['2026-11-01T12:00:00.123456+0200', '2026-11-01T10:00:00.123Z', 456n],
  ['2026-11-01T12:00:00.123456', '2026-11-01T11:00:00.123Z', 456n],
])(
  'reads the time %s, in the zone of the source where it has none',
  async (timestamp, iso, micros) => {
    const { sink } = await readContent(suricataEve, JSON.stringify({ ...ALERT, timestamp }), {
      hints: { utcOffset: '+01:00' },
    });
    expect(sink.rows[0]?.row.event_at).toBe(BigInt(Date.parse(iso)) * 1000n + micros);
  },
);

it('reads stats, which have no addresses and no protocol', async () => {
  const row = await rowOf({
    timestamp: ALERT.timestamp,
    event_type: 'stats',
    stats: { uptime: 8 },
  });
  expect(row).toMatchObject({ disposition: 'logged', protocol: null, source_address: undefined });
});

it.each([
  [1, 'high'],
  [2, 'medium'],
  [3, 'low'],
  [4, 'low'],
  [9, undefined],
  ['constructor', undefined],
])('severity %s is %s', async (number, severity) => {
  const row = await rowOf({ ...ALERT, alert: { ...ALERT.alert, severity: number } });
  expect(row).toMatchObject({ severity, severity_raw: String(number) });
});

it('drops payloads at any depth and says which', async () => {
  const row = await rowOf({
    ...ALERT,
    payload: 'SECRET',
    payload_printable: 'SECRET',
    packet: 'SECRET',
    packet_info: { linktype: 1 },
    metadata: { flowbits: ['kept'], flowvars: [{ card: 'SECRET' }] },
    http: { hostname: 'example.com', http_request_body: 'SECRET', http_response_body: 'SECRET' },
    frame: [{ type: 'data', payload: 'SECRET' }],
  });
  expect(row.dropped_keys).toEqual([
    'frame.payload',
    'http.http_request_body',
    'http.http_response_body',
    'metadata.flowvars',
    'packet',
    'payload',
    'payload_printable',
  ]);
  expect(row.original).not.toContain('SECRET');
  expect(JSON.parse(String(row.original))).toMatchObject({
    packet_info: { linktype: 1 },
    metadata: { flowbits: ['kept'] },
    http: { hostname: 'example.com' },
    frame: [{ type: 'data' }],
  });
});

it('keeps keys that objects have, and makes halves of characters whole', async () => {
  const { sink } = await readContent(
    suricataEve,
    '{"timestamp":"2026-11-18T06:13:41Z","event_type":"dns","__proto__":{"a":"\\ud800"},"proto":"__proto__"}',
  );
  expect(sink.rows[0]?.row).toMatchObject({ protocol: undefined });
  expect(sink.rows[0]?.row.original).toContain('"__proto__":{"a":"\ufffd"}');
});

it('reads lines with a leading blank or a byte order mark, and rejects the rest with the value', async () => {
  const { sink, result } = await readContent(
    suricataEve,
    [
      `\ufeff${JSON.stringify(ALERT)}`,
      `  ${JSON.stringify(ALERT)}`,
      ' ',
      '{"timestamp":"2026-11-18T06:13:41Z"}',
      '{"timestamp":"yesterday","event_type":"alert"}',
      '{"event_type":"alert"}',
      '[1]',
      '{"timestamp":"2026-11-1',
      `{"timestamp":"2026-11-18T06:13:41Z","event_type":"x","a":${'['.repeat(9000)}${']'.repeat(9000)}}`,
    ].join('\n'),
  );
  expect(sink.rows.map(({ row }) => row.line_number)).toEqual([1, 2]);
  expect(sink.counts.blank).toBe(1);
  expect(sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
    '4: no event_type (no value)',
    '5: timestamp is not an ISO 8601 time (value "yesterday")',
    '6: timestamp is not an ISO 8601 time (no value)',
    '7: not a JSON object (value 1)',
    '8: not a JSON object (value "{\\"timestamp\\":\\"2026-11-1")',
    '9: the event is nested too deeply',
  ]);
  expect(result).toEqual({ lineCount: 9 });
});

it('recognises an object whose first event is longer than its head', () => {
  const long = JSON.stringify({ ...ALERT, payload: 'A'.repeat(100_000) });
  const object = {
    objectId: 'o',
    uri: 'file:///o',
    path: '',
    sizeBytes: 0,
    modifiedAt: new Date(0),
    hints: {},
  };
  expect(suricataEve.recognises(Buffer.from(long).subarray(0, 65_536), object)).toBe(true);
});
