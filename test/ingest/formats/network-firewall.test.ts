import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkFirewall } from '../../../src/ingest/formats/network-firewall.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const ALERT = {
  firewall_name: 'edge',
  availability_zone: 'eu-west-1a',
  event_timestamp: '1794982421',
  event: {
    timestamp: '2026-11-18T06:13:41.532140+0000',
    flow_id: 1_582_438_383_425_873,
    event_type: 'alert',
    src_ip: '203.0.113.4',
    src_port: 55_555,
    dest_ip: '10.0.1.15',
    dest_port: 443,
    proto: 'TCP',
    tls_inspected: true,
    alert: {
      action: 'allowed',
      signature_id: 5,
      rev: 0,
      signature: 'EXAMPLE scan',
      category: '',
      severity: 1,
    },
    verdict: { action: 'alert' },
  },
};

const NETFLOW = {
  ...ALERT,
  event: {
    timestamp: '2026-11-18T06:14:41.000001+0000',
    event_type: 'netflow',
    src_ip: '10.0.1.15',
    src_port: 443,
    dest_ip: '203.0.113.4',
    dest_port: 55_555,
    proto: 'TCP',
    netflow: { pkts: 8, bytes: 4000, start: '2026-11-18T06:13:40.1+0000', age: 61 },
    tcp: { tcp_flags: '1b' },
  },
};

/** As the guide shows them: no event type, ports as texts, the outer time as a number. */
const TLS = {
  firewall_name: 'egress',
  availability_zone: 'eu-west-1a',
  event_timestamp: 1_794_982_421,
  event: {
    timestamp: '2026-11-18T06:13:41.441824Z',
    src_ip: '10.0.2.53',
    src_port: '55930',
    dest_ip: '198.51.100.72',
    dest_port: '443',
    sni: 'revoked.example.com',
  },
};

const json = JSON.stringify;

async function rowOf(record: unknown, hints = {}): Promise<Readonly<Record<string, Cell>>> {
  const { sink } = await readContent(networkFirewall, json(record), { hints });
  expect(sink.rejects).toEqual([]);
  return sink.rows[0]?.row ?? {};
}

const withEvent = (event: object) => ({ ...ALERT, event: { ...ALERT.event, ...event } });

it('fills the columns of an alert', async () => {
  const row = await rowOf(ALERT, { accountId: '123456789012' });
  expect(row).toMatchObject({
    product: 'aws_network_firewall',
    format: 'aws_network_firewall',
    module: 'intrusion_prevention',
    event_at: BigInt(Date.parse('2026-11-18T06:13:41Z')) * 1000n + 532_140n,
    received_at: undefined,
    time_source: 'record',
    host_name: 'edge',
    account_id: '123456789012',
    signature_id: '5',
    signature_name: 'EXAMPLE scan',
    category: undefined,
    severity: 'high',
    action_raw: 'alert',
    disposition: 'detected',
    protocol: 6,
    source_address: '203.0.113.4',
    source_port: 55_555,
    destination_address: '10.0.1.15',
    destination_port: 443,
    event_count: 1,
    line_number: 1,
  });
  expect(JSON.parse(String(row.original))).toEqual(ALERT);
});

it('reads flow records, one a direction', async () => {
  expect(await rowOf(NETFLOW)).toMatchObject({
    module: 'flow',
    disposition: 'logged',
    source_address: '10.0.1.15',
    destination_port: 55_555,
    event_count: undefined,
  });
});

describe('disposition', () => {
  const alert = (action: string, verdict?: string, signature = 'x') =>
    withEvent({
      alert: { ...ALERT.event.alert, action, signature },
      verdict: verdict === undefined ? undefined : { action: verdict },
    });

  it.each([
    ['a rule that alerts', alert('allowed', 'alert'), 'detected'],
    ['a rule that drops', alert('blocked', 'drop'), 'blocked'],
    ['a rule that rejects', alert('blocked', 'reject'), 'blocked'],
    ['a rule that passes', alert('allowed', 'pass'), 'detected'],
    ['a rule that drops, without a verdict', alert('blocked'), 'blocked'],
    ['an alert on a packet that another rule dropped', alert('allowed', 'drop'), 'blocked'],
    [
      'the default action that drops',
      alert('blocked', 'drop', 'aws:drop_established action'),
      'blocked',
    ],
    [
      'the default action that only alerts',
      alert('blocked', undefined, 'aws:alert_established action'),
      'detected',
    ],
    [
      'the same beside one that drops',
      alert('blocked', 'drop', 'aws:alert_established action'),
      'blocked',
    ],
    [
      'the default action that only alerts, for all packets',
      alert('blocked', undefined, 'aws:alert_strict action'),
      'detected',
    ],
  ])('of %s', async (_, record, disposition) => {
    expect(await rowOf(record)).toMatchObject({ disposition });
  });

  it('tells rules from default actions', async () => {
    const row = await rowOf(alert('blocked', 'drop', 'aws:drop_strict action'));
    expect(row).toMatchObject({ module: 'firewall' });
  });
});

describe('TLS records', () => {
  const check = (action: unknown) => ({
    ...TLS,
    event: {
      ...TLS.event,
      revocation_check: { leaf_cert_fpr: '12AB', status: 'REVOKED', action },
    },
  });

  it.each([
    ['DROP', 'blocked'],
    ['REJECT', 'blocked'],
    ['PASS', 'detected'],
    ['OTHER', 'unknown'],
    [undefined, 'unknown'],
  ])('with a failed check of revocation and the action %s', async (action, disposition) => {
    expect(await rowOf(check(action))).toMatchObject({
      module: 'tls_inspection',
      event_at: BigInt(Date.parse('2026-11-18T06:13:41.441Z')) * 1000n + 824n,
      signature_id: undefined,
      signature_name: 'certificate revocation check: REVOKED',
      category: 'revocation_check',
      action_raw: action,
      disposition,
      source_port: 55_930,
      destination_port: 443,
      protocol: undefined,
    });
  });

  it('with an error, which the firewall reset the connection for', async () => {
    const tls_error = { error_message: 'Server name is not found in client hello.' };
    expect(await rowOf({ ...TLS, event: { ...TLS.event, tls_error } })).toMatchObject({
      module: 'tls_inspection',
      signature_name: 'Server name is not found in client hello.',
      category: 'tls_error',
      action_raw: undefined,
      disposition: 'blocked',
    });
  });
});

it.each([
  ['1794982421', 1_794_982_421_000_000n],
  [1_794_982_421, 1_794_982_421_000_000n],
  ['2026-11-18T06:13:41Z', BigInt(Date.parse('2026-11-18T06:13:41Z')) * 1000n],
])('takes the time from outside (%j) if the event has none', async (event_timestamp, expected) => {
  const row = await rowOf({ ...withEvent({ timestamp: undefined }), event_timestamp });
  expect(row.event_at).toBe(expected);
});

it('drops payloads within the event', async () => {
  const row = await rowOf(withEvent({ payload: 'SECRET', http: { http_request_body: 'SECRET' } }));
  expect(row.original).not.toContain('SECRET');
  expect(row.dropped_keys).toEqual(['event.http.http_request_body', 'event.payload']);
});

it('rejects what is no record, with the value', async () => {
  const { sink, result } = await readContent(
    networkFirewall,
    gzipSync(
      [
        json(ALERT),
        '',
        json({ firewall_name: 'edge' }),
        json(withEvent({ event_type: undefined })),
        json({ ...withEvent({ timestamp: 'soon' }), event_timestamp: 'now' }),
        '{"firewall_name":"ed',
        `{"firewall_name":"edge","event":{"event_type":"x","timestamp":"2026-11-18T06:13:41Z","a":${'['.repeat(200)}${']'.repeat(200)}}}`,
      ].join('\n'),
    ),
  );
  expect(sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
    '3: no event of a firewall (value is an object of keys "firewall_name")',
    '4: no event_type (no value)',
    '5: neither timestamp (value "soon") nor event_timestamp (value "now") is a time',
    '6: not a JSON object (value "{\\"firewall_name\\":\\"ed")',
    '7: the event is nested too deeply',
  ]);
  expect(sink.accountedLines()).toBe(result.lineCount);
});

it('reads the messages of CloudWatch Logs, and keeps when they were received', async () => {
  const pulled = {
    eventId: '37',
    timestamp: 1_794_982_421_532,
    ingestionTime: 1_794_982_430_000,
    logStreamName: '/aws/network-firewall/alert/edge_2026-11-18-06',
    message: json(ALERT),
  };
  expect(await rowOf(pulled)).toMatchObject({
    event_at: BigInt(Date.parse('2026-11-18T06:13:41Z')) * 1000n + 532_140n,
    received_at: 1_794_982_430_000_000n,
  });
});

it('recognises a record that is longer than the head', () => {
  const long = json(withEvent({ http: { url: 'a'.repeat(100_000) } }));
  const head = Buffer.from(long).subarray(0, 65_536);
  expect(networkFirewall.recognises(head, memoryObject('', long.length, {}))).toBe(true);
});

it('reads records of any values, or says why not', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('alert', '10.0.1.15', '2026-11-18T06:13:41Z', 443),
  );
  const event = fc.record(
    Object.fromEntries(
      [...Object.keys(ALERT.event), 'tls_error', 'revocation_check'].map((key) => [key, value]),
    ),
    { requiredKeys: [] },
  );
  const record = fc.record({ firewall_name: fc.string(), event_timestamp: value, event });
  await fc.assert(
    fc.asyncProperty(record, async (one) => {
      const { sink, result } = await readContent(networkFirewall, json(one));
      expect(result.lineCount).toBe(1);
      expect(sink.accountedLines()).toBe(1);
      for (const { row } of sink.rows) {
        expect(row.event_at).toBeTypeOf('bigint');
        expect(['blocked', 'detected', 'logged', 'unknown']).toContain(row.disposition);
      }
    }),
    { numRuns: 100 },
  );
});
