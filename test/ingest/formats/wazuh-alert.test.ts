import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wazuhAlert } from '../../../src/ingest/formats/wazuh-alert.ts';
import { FORMATS } from '../../../src/ingest/formats.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const ALERT = {
  timestamp: '2026-11-18T06:13:41.532+0100',
  rule: {
    level: 5,
    description: 'sshd: authentication failed.',
    id: '5760',
    firedtimes: 3,
    groups: ['syslog', 'sshd', 'authentication_failed'],
    pci_dss: ['10.2.4', '10.2.5'],
  },
  agent: { id: '001', name: 'web-1', ip: '10.0.1.15' },
  manager: { name: 'siem-1' },
  id: '1794978821.24106',
  full_log:
    'Nov 18 06:13:41 web-1 sshd[4711]: Failed password for clerk from 198.51.100.7 port 51544',
  predecoder: { program_name: 'sshd', timestamp: 'Nov 18 06:13:41', hostname: 'web-1' },
  decoder: { parent: 'sshd', name: 'sshd' },
  data: { srcip: '198.51.100.7', srcport: '51544', dstuser: 'clerk' },
  location: '/var/log/auth.log',
};

const json = JSON.stringify;

async function rowOf(alert: unknown): Promise<Readonly<Record<string, Cell>>> {
  const { sink } = await readContent(wazuhAlert, json(alert));
  expect(sink.rejects).toEqual([]);
  return sink.rows[0]?.row ?? {};
}

const withGroups = (...groups: string[]) => ({ ...ALERT, rule: { ...ALERT.rule, groups } });

it('fills the columns of an alert', async () => {
  const row = await rowOf(ALERT);
  expect(row).toMatchObject({
    event_id: 'siem-1/1794978821.24106',
    product: 'wazuh',
    format: 'wazuh_alerts',
    module: 'log_inspection',
    event_at: BigInt(Date.parse('2026-11-18T05:13:41.532Z')) * 1000n,
    time_source: 'record',
    host_id: '001',
    host_name: 'web-1',
    host_address: '10.0.1.15',
    instance_id: undefined,
    signature_id: '5760',
    signature_name: 'sshd: authentication failed.',
    category: 'syslog, sshd, authentication_failed',
    severity: 'low',
    severity_raw: '5',
    action_raw: undefined,
    disposition: 'logged',
    source_address: '198.51.100.7',
    source_port: 51_544,
    destination_address: undefined,
    user_name: 'clerk',
    dropped_keys: [],
    line_number: 1,
  });
  expect(JSON.parse(String(row.original))).toEqual(ALERT);
});

it.each([
  [0, 'low'],
  [6, 'low'],
  [7, 'medium'],
  [11, 'medium'],
  [12, 'high'],
  [14, 'high'],
  [15, 'critical'],
  [16, 'critical'],
  [17, undefined],
])('level %s is %s', async (level, severity) => {
  const row = await rowOf({ ...ALERT, rule: { ...ALERT.rule, level } });
  expect(row).toMatchObject({ severity, severity_raw: String(level) });
});

it.each([
  [['ids', 'snort'], 'intrusion_prevention'],
  [['syslog', 'iptables', 'firewall'], 'firewall'],
  [['ossec', 'syscheck', 'syscheck_entry_modified'], 'integrity'],
  [['ossec', 'rootcheck'], 'integrity'],
  [['virustotal'], 'anti_malware'],
  [['ossec', 'active_response'], 'active_response'],
  [['amazon', 'amazon-vpcflow'], 'firewall'],
  [['sca'], 'other'],
  [['wazuh', 'agent_flooding'], 'system'],
  [['web', 'accesslog', 'attack'], 'log_inspection'],
  [[], 'log_inspection'],
])('groups %j are of module %s', async (groups, module) => {
  expect(await rowOf(withGroups(...groups))).toMatchObject({ module });
});

describe('disposition', () => {
  it.each([
    ['DROP', 'blocked'],
    ['deny', 'blocked'],
    ['Blocked', 'blocked'],
    ['ACCEPT', 'allowed'],
    ['passthrough', 'allowed'],
    ['detected', 'detected'],
    ['would block', 'detected'],
    ['login', 'logged'],
    ['constructor', 'logged'],
    [undefined, 'logged'],
  ])('of the action %s of a firewall is %s', async (action, disposition) => {
    const row = await rowOf({ ...withGroups('firewall'), data: { srcip: '198.51.100.7', action } });
    expect(row).toMatchObject({ disposition, action_raw: action });
  });

  it('of an active response is never blocked', async () => {
    const data = { srcip: '198.51.100.7', action: 'block', command: 'add' };
    expect(await rowOf({ ...withGroups('ossec', 'active_response'), data })).toMatchObject({
      module: 'active_response',
      action_raw: 'block',
      disposition: 'logged',
    });
  });
});

describe('events of Suricata', () => {
  /** Wazuh turns numbers into texts. */
  const data = {
    timestamp: '2026-11-18T05:13:41.100000+0000',
    event_type: 'alert',
    src_ip: '198.51.100.7',
    src_port: '51544',
    dest_ip: '10.0.1.15',
    dest_port: '443',
    proto: 'TCP',
    payload: 'SECRET',
    alert: { action: 'allowed', signature_id: '2000001', signature: 'EXAMPLE', severity: '2' },
  };
  const alert = { ...withGroups('ids', 'suricata'), data, full_log: json(data) };

  it('are alerts of intrusion prevention, under the rule of Wazuh', async () => {
    const row = await rowOf(alert);
    expect(row).toMatchObject({
      module: 'intrusion_prevention',
      signature_id: '5760',
      severity: 'low',
      disposition: 'detected',
      action_raw: 'allowed',
      protocol: 6,
      source_port: 51_544,
      destination_address: '10.0.1.15',
      destination_port: 443,
      user_name: undefined,
      dropped_keys: ['data.payload', 'full_log'],
    });
    expect(row.original).not.toContain('SECRET');
    expect(JSON.parse(String(row.original)).data.alert).toEqual(data.alert);
  });

  it.each([
    [
      'blocked, without an event type',
      { event_type: undefined, alert: { action: 'blocked' } },
      'intrusion_prevention',
      'blocked',
    ],
    [
      'let through by verdict',
      { alert: { action: 'blocked' }, verdict: { action: 'alert' } },
      'intrusion_prevention',
      'detected',
    ],
    [
      'a log of a protocol',
      { event_type: 'smb', alert: undefined, smb: { ntlmssp: { user: 'clerk' } } },
      'protocol',
      'logged',
    ],
  ])('%s', async (_, change, module, disposition) => {
    const row = await rowOf({ ...alert, data: { ...data, ...change } });
    expect(row).toMatchObject({ module, disposition });
    if (module === 'protocol') expect(row.user_name).toBe('clerk');
  });
});

describe('what was fetched from AWS', () => {
  const fromAws = (aws: object, ...groups: string[]) => ({
    ...withGroups('amazon', ...groups),
    agent: { id: '000', name: 'siem-1' },
    data: { integration: 'aws', aws },
    location: 'Wazuh-AWS',
  });

  it('is a record of a flow log', async () => {
    const aws = {
      source: 'vpc',
      srcaddr: '198.51.100.7',
      dstaddr: '10.0.1.15',
      srcport: '51544',
      dstport: '22',
      protocol: '6',
      action: 'REJECT',
    };
    expect(await rowOf(fromAws(aws, 'amazon-vpcflow'))).toMatchObject({
      module: 'firewall',
      disposition: 'blocked',
      protocol: 6,
      source_address: '198.51.100.7',
      destination_port: 22,
      host_id: undefined,
      host_name: undefined,
    });
  });

  it('is a call to the API', async () => {
    const aws = { sourceIPAddress: '203.0.113.9', userIdentity: { userName: 'admin' } };
    expect(await rowOf(fromAws(aws))).toMatchObject({
      source_address: '203.0.113.9',
      user_name: 'admin',
      disposition: 'logged',
    });
  });

  it('is a finding of GuardDuty', async () => {
    const aws = {
      source: 'guardduty',
      id: '0a1b',
      type: 'UnauthorizedAccess:EC2/SSHBruteForce',
      accountId: '123456789012',
      resource: {
        instanceDetails: {
          instanceId: 'i-0123456789abcdef0',
          networkInterfaces: [{ privateIpAddress: '10.0.1.15' }],
        },
      },
      service: {
        action: {
          actionType: 'NETWORK_CONNECTION',
          networkConnectionAction: {
            blocked: 'false',
            connectionDirection: 'INBOUND',
            protocol: 'TCP',
            localPortDetails: { port: '22' },
            remoteIpDetails: { ipAddressV4: '203.0.113.9' },
            remotePortDetails: { port: '40000' },
          },
        },
      },
    };
    expect(await rowOf(fromAws(aws, 'aws_guardduty'))).toMatchObject({
      product: 'wazuh',
      module: 'threat_detection',
      signature_id: '5760',
      instance_id: 'i-0123456789abcdef0',
      account_id: '123456789012',
      disposition: 'detected',
      direction: 'inbound',
      source_address: '203.0.113.9',
      source_port: 40_000,
      destination_address: '10.0.1.15',
      destination_port: 22,
    });
  });
});

describe('Windows', () => {
  const win = (eventdata: object, ...groups: string[]) => ({
    ...withGroups('windows', ...groups),
    data: { win: { system: { eventID: '4625' }, eventdata } },
  });

  it.each([
    [
      'a logon',
      win(
        {
          targetUserName: 'clerk',
          subjectUserName: 'WEB-1$',
          ipAddress: '::ffff:198.51.100.7',
          ipPort: '51544',
        },
        'authentication_failed',
      ),
      { user_name: 'clerk', source_address: '198.51.100.7', source_port: 51_544 },
    ],
    [
      'a change by somebody',
      win({ targetUserName: 'new', subjectUserName: 'admin' }),
      { user_name: 'admin', source_address: undefined },
    ],
    [
      'nobody',
      win({ targetUserName: '-', subjectUserName: 'WEB-1$', ipAddress: '-' }),
      { user_name: undefined, source_address: undefined },
    ],
    [
      'a connection',
      win({
        sourceIp: '10.0.1.15',
        sourcePort: '49152',
        destinationIp: '198.51.100.7',
        destinationPort: '443',
        protocol: 'tcp',
      }),
      { source_address: '10.0.1.15', destination_port: 443, protocol: 6 },
    ],
  ])('says %s', async (_, alert, expected) => {
    expect(await rowOf(alert)).toMatchObject(expected);
  });
});

describe('host', () => {
  it.each([
    [
      'an agent named by its instance',
      { agent: { id: '7', name: 'i-0123456789abcdef0', ip: '10.0.1.15' } },
      { host_id: '7', instance_id: 'i-0123456789abcdef0' },
    ],
    [
      'an agent with any address',
      { agent: { id: '7', name: 'web-1', ip: 'any' } },
      { host_name: 'web-1', host_address: undefined },
    ],
    [
      'the manager itself',
      { agent: { id: '000', name: 'siem-1' } },
      { host_id: '000', host_name: 'siem-1', host_address: undefined },
    ],
    [
      'who sent it by syslog',
      {
        agent: { id: '000', name: 'siem-1' },
        location: '192.0.2.7',
        predecoder: { hostname: 'fw-1' },
      },
      { host_id: undefined, host_name: 'fw-1', host_address: '192.0.2.7' },
    ],
  ])('is %s', async (_, change, expected) => {
    expect(await rowOf({ ...ALERT, ...change })).toMatchObject(expected);
  });
});

describe('user', () => {
  it.each([
    ['who became root', { data: { srcuser: 'admin', dstuser: 'root' } }, 'admin'],
    ['who was logged on to', { data: { dstuser: 'clerk' } }, 'clerk'],
    [
      'who changed a file',
      {
        data: undefined,
        syscheck: {
          path: '/etc/x',
          audit: { login_user: { name: 'admin' }, user: { name: 'root' } },
        },
      },
      'admin',
    ],
    ['nobody', { data: undefined }, undefined],
  ])('is %s', async (_, change, user_name) => {
    expect(await rowOf({ ...ALERT, ...change })).toMatchObject({ user_name });
  });
});

describe('raw logs', () => {
  it.each([
    ['{"payload":"SECRET"}'],
    ['Nov 18 06:13:41 ids suricata[7]: {"event_type":"alert","packet":"SECRET"}'],
    ['{\\"a\\":\\"SECRET\\"}'],
    ['CEF:0|x|y|1|2|z|3|TrendMicroDsPacketData=SECRET'],
    ['httpd: request_body=SECRET'],
  ])('that may hold a payload are dropped: %s', async (text) => {
    const row = await rowOf({ ...ALERT, full_log: text, previous_output: text });
    expect(row.original).not.toContain('SECRET');
    expect(row.dropped_keys).toEqual(['full_log', 'previous_output']);
  });

  it('of other kinds are kept', async () => {
    const full_log = 'sshd[7]: Invalid user nobody: 198.51.100.7';
    const row = await rowOf({ ...ALERT, full_log });
    expect(JSON.parse(String(row.original)).full_log).toBe(full_log);
  });

  it('never hide in the decoded fields', async () => {
    const row = await rowOf({ ...ALERT, data: { data: 'SECRET', body: 'SECRET', url: '/x' } });
    expect(JSON.parse(String(row.original)).data).toEqual({ url: '/x' });
    expect(row.dropped_keys).toEqual(['data.body', 'data.data']);
    expect((await rowOf({ ...ALERT, data: 'SECRET' })).dropped_keys).toEqual(['data']);
  });
});

it('rejects what is no alert, with the value', async () => {
  const { sink, result } = await readContent(
    wazuhAlert,
    [
      json(ALERT),
      '',
      json({ ...ALERT, timestamp: '2016 Nov 18 06:13:41' }),
      json({ ...ALERT, rule: 'x' }),
      '{"timestamp":"2026-11-1',
      json(ALERT).replace('"srcip"', `"a":${'['.repeat(200)}${']'.repeat(200)},"srcip"`),
    ].join('\n'),
  );
  expect(sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
    '3: timestamp is not an ISO 8601 time (value "2016 Nov 18 06:13:41")',
    '4: not an alert of Wazuh (value is an object of keys "timestamp, rule, agent, manager, id")',
    '5: not a JSON object (value "{\\"timestamp\\":\\"2026-11-1")',
    '6: the event is nested too deeply',
  ]);
  expect(sink.accountedLines()).toBe(result.lineCount);
});

it('gives an alert without an id none, rather than one that two managers share', async () => {
  expect((await rowOf({ ...ALERT, id: undefined })).event_id).toBeUndefined();
  expect((await rowOf({ ...ALERT, manager: {} })).event_id).toBeUndefined();
});

it('recognises an alert that is longer than the head, though it holds an event of Suricata', () => {
  const data = { event_type: 'alert', src_ip: '198.51.100.7', alert: { action: 'allowed' } };
  const { full_log: _, ...rest } = ALERT;
  const long = json({ ...rest, data, full_log: 'x'.repeat(100_000) });
  const head = Buffer.from(long).subarray(0, 65_536);
  const names = FORMATS.filter((format) =>
    format.recognises(head, memoryObject('', long.length, {})),
  ).map(({ name }) => name);
  expect(names).toEqual(['wazuh_alerts']);
});

it('reads alerts of any values, or says why not', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('10.0.1.15', '22', 'alert', 'clerk', 'DROP'),
  );
  const data = fc.dictionary(
    fc.constantFrom(
      'srcip',
      'dstip',
      'srcport',
      'protocol',
      'action',
      'alert',
      'event_type',
      'src_ip',
      'aws',
      'win',
      'dstuser',
    ),
    value,
  );
  const alert = fc.record({
    rule: fc.record({ level: fc.nat(20), groups: value }),
    agent: fc.record({ id: value, name: value, ip: value }),
    data: fc.oneof(data, value),
    location: value,
    id: value,
    syscheck: value,
  });
  await fc.assert(
    fc.asyncProperty(alert, async (one) => {
      const { sink, result } = await readContent(wazuhAlert, json({ ...ALERT, ...one }));
      expect(result.lineCount).toBe(1);
      expect(sink.accountedLines()).toBe(1);
    }),
    { numRuns: 150 },
  );
});
