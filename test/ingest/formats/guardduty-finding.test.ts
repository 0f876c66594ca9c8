import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardDutyFinding } from '../../../src/ingest/formats/guardduty-finding.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const INTERFACE = {
  networkInterfaceId: 'eni-0a1b2c3d',
  privateIpAddress: '10.0.1.15',
  publicIp: '203.0.113.80',
  ipv6Addresses: ['2001:db8::15'],
  securityGroups: [{ groupId: 'sg-0a1b2c3d', groupName: 'web' }],
};

const CONNECTION = {
  connectionDirection: 'INBOUND',
  protocol: 'TCP',
  blocked: false,
  localPortDetails: { port: 22, portName: 'SSH' },
  localIpDetails: { ipAddressV4: '10.0.1.15' },
  remoteIpDetails: { ipAddressV4: '198.51.100.7', country: { countryName: 'Example' } },
  remotePortDetails: { port: 51_544, portName: 'Unknown' },
};

const finding = (action: object, resource: object = {}, more: object = {}) => ({
  schemaVersion: '2.0',
  accountId: '123456789012',
  region: 'eu-west-1',
  partition: 'aws',
  id: 'aac1f0a1b2c3d4e5f60718293a4b5c6d',
  arn: 'arn:aws:guardduty:eu-west-1:123456789012:detector/0a1b/finding/aac1',
  type: 'UnauthorizedAccess:EC2/SSHBruteForce',
  resource: {
    resourceType: 'Instance',
    instanceDetails: {
      instanceId: 'i-0123456789abcdef0',
      tags: [{ key: 'Name', value: 'web-1' }],
      networkInterfaces: [INTERFACE],
    },
    ...resource,
  },
  service: {
    serviceName: 'guardduty',
    action,
    resourceRole: 'TARGET',
    eventFirstSeen: '2026-11-18T05:00:00.000Z',
    eventLastSeen: '2026-11-18T06:13:41.000Z',
    archived: false,
    count: 43,
    ...more,
  },
  severity: 2,
  createdAt: '2026-11-18T05:10:00.123Z',
  updatedAt: '2026-11-18T06:20:00.456Z',
  title: '198.51.100.7 is performing SSH brute force attacks against i-0123456789abcdef0.',
});

const connection = (change: object = {}, resource: object = {}, more: object = {}) =>
  finding(
    { actionType: 'NETWORK_CONNECTION', networkConnectionAction: { ...CONNECTION, ...change } },
    resource,
    more,
  );

const probe = {
  actionType: 'PORT_PROBE',
  portProbeAction: {
    blocked: false,
    portProbeDetails: [
      { localPortDetails: { port: 80 }, remoteIpDetails: { ipAddressV4: '198.51.100.7' } },
      { localPortDetails: { port: 443 }, remoteIpDetails: { ipAddressV6: '2001:DB8::9' } },
    ],
  },
};

const json = JSON.stringify;
const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

async function rowsOf(document: unknown): Promise<Readonly<Record<string, Cell>>[]> {
  const { sink } = await readContent(guardDutyFinding, json(document));
  expect(sink.rejects).toEqual([]);
  return sink.rows.map(({ row }) => row);
}

/** As the API writes keys. */
function capitalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
      capitalised(item),
    ]),
  );
}

const COLUMNS = {
  event_id: 'aac1f0a1b2c3d4e5f60718293a4b5c6d/2026-11-18T06:20:00.456Z',
  product: 'guardduty',
  format: 'guardduty_finding',
  module: 'threat_detection',
  event_at: micros('2026-11-18T06:13:41Z'),
  time_source: 'record',
  host_id: 'i-0123456789abcdef0',
  host_name: 'web-1',
  host_address: '10.0.1.15',
  instance_id: 'i-0123456789abcdef0',
  account_id: '123456789012',
  signature_id: 'UnauthorizedAccess:EC2/SSHBruteForce',
  category: 'UnauthorizedAccess',
  severity: 'low',
  severity_raw: '2',
  action_raw: 'NETWORK_CONNECTION, blocked: false',
  disposition: 'detected',
  direction: 'inbound',
  protocol: 6,
  source_address: '198.51.100.7',
  source_port: 51_544,
  destination_address: '10.0.1.15',
  destination_port: 22,
  user_name: undefined,
  event_count: 43,
  line_number: 1,
};

describe('a connection', () => {
  it('fills the columns', async () => {
    const [row, ...others] = await rowsOf(connection());
    expect(row).toMatchObject(COLUMNS);
    expect(JSON.parse(String(row?.original))).toEqual(connection());
    expect(others).toEqual([]);
  });

  it('gives the same with the keys of the API', async () => {
    const [row] = await rowsOf({ Findings: [capitalised(connection())] });
    const spelt = { ...COLUMNS, original: json(capitalised(connection())) };
    expect(row).toMatchObject({ ...spelt, host_name: 'web-1' });
  });

  it.each([
    [
      'blocked by EC2',
      { blocked: true },
      { disposition: 'blocked', action_raw: 'NETWORK_CONNECTION, blocked: true' },
    ],
    ['blocked as a text, which is no flag', { blocked: 'true' }, { disposition: 'detected' }],
    [
      'outbound',
      { connectionDirection: 'OUTBOUND' },
      {
        direction: 'outbound',
        source_address: '10.0.1.15',
        source_port: 22,
        destination_address: '198.51.100.7',
        destination_port: 51_544,
      },
    ],
    [
      'of unknown direction',
      { connectionDirection: 'UNKNOWN' },
      { direction: undefined, source_address: '198.51.100.7' },
    ],
    [
      'without the local address',
      { localIpDetails: undefined },
      { destination_address: '10.0.1.15' },
    ],
    [
      'from an IPv6 address',
      { localIpDetails: undefined, remoteIpDetails: { ipAddressV6: '2001:db8:0::7' } },
      { source_address: '2001:db8::7', destination_address: '2001:db8::15' },
    ],
  ])('%s', async (_, change, expected) => {
    expect((await rowsOf(connection(change)))[0]).toMatchObject(expected);
  });

  it('of unknown direction goes by the role of the resource', async () => {
    const [row] = await rowsOf(
      connection({ connectionDirection: 'UNKNOWN' }, {}, { resourceRole: 'ACTOR' }),
    );
    expect(row).toMatchObject({ direction: undefined, source_address: '10.0.1.15' });
  });

  it('does not guess among interfaces', async () => {
    const second = { ...INTERFACE, networkInterfaceId: 'eni-1', privateIpAddress: '10.0.2.15' };
    const instanceDetails = { networkInterfaces: [INTERFACE, second] };
    const noAddress = { localIpDetails: undefined };
    const [row] = await rowsOf(connection(noAddress, { instanceDetails }));
    expect(row).toMatchObject({ destination_address: undefined, host_address: undefined });
    const [named] = await rowsOf(
      connection({ ...noAddress, localNetworkInterface: 'eni-1' }, { instanceDetails }),
    );
    expect(named).toMatchObject({ destination_address: '10.0.2.15', host_address: '10.0.2.15' });
  });
});

describe('port probes', () => {
  it('give a row for each remote side', async () => {
    const { sink, result } = await readContent(guardDutyFinding, json(finding(probe)));
    expect(sink.rows.map(({ isExtra }) => isExtra)).toEqual([false, true]);
    expect(result).toEqual({ lineCount: 1 });
    const id = COLUMNS.event_id;
    expect(sink.rows[0]?.row).toMatchObject({
      event_id: id,
      direction: 'inbound',
      protocol: undefined,
      source_address: '198.51.100.7',
      source_port: undefined,
      destination_address: '10.0.1.15',
      destination_port: 80,
    });
    expect(sink.rows[1]?.row).toMatchObject({
      event_id: `${id}/2`,
      source_address: '2001:db8::9',
      destination_address: '2001:db8::15',
      destination_port: 443,
    });
  });

  it('are blocked if EC2 did', async () => {
    const rows = await rowsOf(
      finding({ ...probe, portProbeAction: { ...probe.portProbeAction, blocked: true } }),
    );
    expect(rows.map(({ disposition }) => disposition)).toEqual(['blocked', 'blocked']);
  });

  it('give a row without any', async () => {
    const rows = await rowsOf(finding({ portProbeAction: { blocked: false } }));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ source_address: undefined, disposition: 'detected' });
  });
});

describe('other actions', () => {
  it('calls to AWS go through no host, and name a user', async () => {
    const action = {
      actionType: 'AWS_API_CALL',
      awsApiCallAction: {
        api: 'ListBuckets',
        errorCode: 'AccessDenied',
        remoteIpDetails: { ipAddressV4: '203.0.113.9' },
      },
    };
    const accessKeyDetails = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userName: 'admin' };
    const [row] = await rowsOf(finding(action, { accessKeyDetails }));
    expect(row).toMatchObject({
      action_raw: 'AWS_API_CALL',
      disposition: 'detected',
      source_address: '203.0.113.9',
      destination_address: undefined,
      host_address: undefined,
      user_name: 'admin',
    });
  });

  it('calls to Kubernetes name their user', async () => {
    const action = {
      actionType: 'KUBERNETES_API_CALL',
      kubernetesApiCallAction: { verb: 'list', sourceIps: ['203.0.113.9'] },
    };
    const resource = {
      instanceDetails: undefined,
      eksClusterDetails: { name: 'pay' },
      kubernetesDetails: { kubernetesUserDetails: { username: 'system:anonymous' } },
    };
    expect((await rowsOf(finding(action, resource)))[0]).toMatchObject({
      host_id: 'pay',
      instance_id: undefined,
      source_address: '203.0.113.9',
      user_name: 'system:anonymous',
    });
  });

  it('logons to a database give a row for each user', async () => {
    const action = {
      actionType: 'RDS_LOGIN_ATTEMPT',
      rdsLoginAttemptAction: {
        remoteIpDetails: { ipAddressV4: '203.0.113.9' },
        LoginAttributes: [
          { user: 'app', failedLoginAttempts: 7 },
          { user: 'admin', successfulLoginAttempts: 1 },
          { user: 'app' },
        ],
      },
    };
    const resource = { rdsDbInstanceDetails: { dbInstanceIdentifier: 'cards' } };
    const rows = await rowsOf(finding(action, { ...resource, instanceDetails: undefined }));
    expect(rows.map((row) => [row.user_name, row.source_address, row.host_id])).toEqual([
      ['app', '203.0.113.9', 'cards'],
      ['admin', '203.0.113.9', 'cards'],
    ]);
  });

  it('a blocked port of a DNS query is no blocked query', async () => {
    const action = {
      actionType: 'DNS_REQUEST',
      dnsRequestAction: { domain: 'x.example.com', protocol: 'UDP', blocked: true },
    };
    expect((await rowsOf(finding(action)))[0]).toMatchObject({
      action_raw: 'DNS_REQUEST',
      disposition: 'detected',
      protocol: 17,
      source_address: '10.0.1.15',
      destination_address: undefined,
    });
  });

  it('a process of a host names its user', async () => {
    const more = { action: undefined, runtimeDetails: { process: { user: 'root' } } };
    expect((await rowsOf(finding({}, {}, more)))[0]).toMatchObject({
      user_name: 'root',
      disposition: 'detected',
      source_address: undefined,
    });
  });
});

it.each([
  [9.5, 'critical'],
  [9, 'critical'],
  [8.9, 'high'],
  [7, 'high'],
  [6.9, 'medium'],
  [4, 'medium'],
  [3.9, 'low'],
  ['2', 'low'],
  [0, undefined],
  [11, undefined],
  [null, undefined],
])('severity %s is %s', async (severity, expected) => {
  expect((await rowsOf({ ...connection(), severity }))[0]).toMatchObject({ severity: expected });
});

it('takes no sample for evidence', async () => {
  const sample = connection({ blocked: true }, {}, { additionalInfo: { sample: true } });
  expect((await rowsOf(sample))[0]).toMatchObject({ category: 'sample', disposition: 'logged' });
  const titled = { ...connection({ blocked: true }), title: '[SAMPLE] x' };
  expect((await rowsOf(titled))[0]).toMatchObject({ category: 'sample', disposition: 'logged' });
});

describe('deliveries', () => {
  const event = {
    version: '0',
    id: '1',
    'detail-type': 'GuardDuty Finding',
    source: 'aws.guardduty',
    time: '2026-11-18T06:20:05Z',
    detail: connection(),
  };

  it.each([
    ['an export', json(connection()), undefined],
    ['an event of EventBridge', json(event), micros('2026-11-18T06:20:05Z')],
    [
      'an event of EventBridge, printed',
      JSON.stringify(event, null, 2),
      micros('2026-11-18T06:20:05Z'),
    ],
    [
      'an answer of the API, printed',
      JSON.stringify({ Findings: [capitalised(connection())] }, null, 4),
      undefined,
    ],
    ['a list', json([connection()]), undefined],
    [
      'a finding without its ARN, printed',
      JSON.stringify({ Findings: [{ ...connection(), arn: undefined }] }, null, 2),
      undefined,
    ],
  ])('as %s', async (_, content, received_at) => {
    const bytes = gzipSync(content);
    expect(guardDutyFinding.recognises(Buffer.from(content), memoryObject('', 0, {}))).toBe(true);
    const { sink, result } = await readContent(guardDutyFinding, bytes);
    expect(sink.rows.map(({ row }) => row.event_id)).toEqual([COLUMNS.event_id]);
    expect(sink.rows[0]?.row.received_at).toBe(received_at);
    expect(result).toEqual({ lineCount: 1 });
  });

  it('of a later state are an event of their own, and of the same state are not', async () => {
    const later = { ...connection(), updatedAt: '2026-11-18T12:00:00Z' };
    const { sink } = await readContent(
      guardDutyFinding,
      [connection(), connection(), later].map((one) => json(one)).join('\n'),
    );
    const [first, second, third] = sink.rows.map(({ row }) => row.event_id);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
  });

  it('longer than the head are recognised', () => {
    const long = json({ ...connection(), description: 'x'.repeat(100_000) });
    const head = Buffer.from(long).subarray(0, 65_536);
    expect(guardDutyFinding.recognises(head, memoryObject('', long.length, {}))).toBe(true);
  });
});

it('rejects what is no finding, with the value', async () => {
  const { sink, result } = await readContent(
    guardDutyFinding,
    [
      json(connection()),
      '',
      json({
        'detail-type': 'GuardDuty Runtime Protection Unhealthy',
        detail: { resourceType: 'EKS' },
      }),
      json({ ...connection({}, {}, { eventLastSeen: 'now' }), updatedAt: 'soon' }),
      '{"schemaVersion":"2.0","acc',
    ].join('\n'),
  );
  expect(sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
    '3: not a finding of GuardDuty (value is an object of keys "resourceType")',
    '4: neither eventLastSeen (value "now") nor updatedAt (value "soon") is an ISO 8601 time',
    '5: not a JSON object (value "{\\"schemaVersion\\":\\"2.0\\",\\"acc")',
  ]);
  expect(sink.accountedLines()).toBe(result.lineCount);
});

it('reads findings of any values, or says why not', async () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('10.0.1.15', true, 22));
  const details = fc.record({
    remoteIpDetails: fc.oneof(value, fc.record({ ipAddressV4: value })),
    localPortDetails: value,
  });
  const actions = fc.dictionary(
    fc.constantFrom(
      'networkConnectionAction',
      'PortProbeAction',
      'awsApiCallAction',
      'dnsRequestAction',
      'rdsLoginAttemptAction',
      'kubernetesApiCallAction',
    ),
    fc.oneof(value, details, fc.record({ portProbeDetails: fc.array(details, { maxLength: 3 }) })),
  );
  const resource = fc.oneof(
    value,
    fc.record({
      instanceDetails: fc.oneof(
        value,
        fc.record({ networkInterfaces: fc.array(value), tags: value }),
      ),
      accessKeyDetails: value,
    }),
  );
  await fc.assert(
    fc.asyncProperty(actions, resource, value, async (action, changed, title) => {
      const one = { ...finding(action), resource: changed, title };
      const { sink, result } = await readContent(guardDutyFinding, json(one));
      expect(result.lineCount).toBe(1);
      expect(sink.accountedLines()).toBe(1);
      const ids = sink.rows.map(({ row }) => row.event_id);
      expect(new Set(ids).size).toBe(ids.length);
    }),
    { numRuns: 150 },
  );
});
