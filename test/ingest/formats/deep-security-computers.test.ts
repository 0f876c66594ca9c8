import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deepSecurityComputers } from '../../../src/ingest/formats/deep-security-computers.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, type ReadOptions, readContent } from '../../memory-sink.ts';

const CONTACT = Date.parse('2026-11-02T13:40:00Z');

const COMPUTER = {
  ID: 42,
  hostName: 'ip-10-0-1-12.example.com',
  displayName: 'web-2',
  lastIPUsed: '10.0.1.12',
  platform: 'Amazon Linux 2023 (64 bit)',
  agentVersion: '20.0.1.690',
  agentFingerPrint: '00:11:22:33',
  policyID: 9,
  lastAgentCommunication: CONTACT,
  lastSendPolicySuccess: Date.parse('2026-10-01T00:00:00Z'),
  computerStatus: { agentStatus: 'active', agentStatusMessages: ['Managed (Online)', 'Sending'] },
  computerSettings: { platformSettingAgentSelfProtectionPassword: { value: 'SECRET' } },
  intrusionPrevention: {
    state: 'prevent',
    moduleStatus: { agentStatus: 'active', agentStatusMessage: 'On, Prevent, 3 rules' },
    ruleIDs: [2013, 2285, 2289],
  },
  firewall: { state: 'off' },
  antiMalware: { state: 'on' },
  securityUpdates: {
    updateStatus: { status: 'warning', statusMessage: 'Out-of-Date' },
    lastChanged: Date.parse('2026-11-01T02:00:00Z'),
  },
  ec2VirtualMachineSummary: {
    accountID: '123456789012',
    instanceID: 'i-0a000000000000112',
    privateIPAddress: '10.0.1.12',
  },
};

const PATH = { uri: 'file:///agents/2026-11-02T13-59-30Z/computers.json' };

async function read(content: string | Uint8Array, options: ReadOptions = PATH) {
  const { sink, result } = await readContent(deepSecurityComputers, content, options);
  expect(sink.accountedLines()).toBe(result.lineCount);
  const of = (table: string) => sink.rows.filter((one) => one.table === table);
  return {
    agents: of('ips_agent').map(({ row }) => row),
    lists: of('ips_agent_list').map(({ row }) => row),
    rejects: sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`),
    result,
  };
}

const list = (...computers: unknown[]): string => JSON.stringify({ computers });

async function agentOf(change: object): Promise<Readonly<Record<string, Cell>>> {
  const { agents, rejects } = await read(list({ ...COMPUTER, ...change }));
  expect(rejects).toEqual([]);
  return agents[0] ?? {};
}

it('fills the columns, and takes the time from the path', async () => {
  const { agents, lists, result } = await read(list(COMPUTER));
  expect(agents).toHaveLength(1);
  expect(agents[0]).toMatchObject({
    product: 'deep_security',
    format: 'deep_security_computers',
    series: 'file:///agents/*/computers.json',
    host_id: '42',
    host_name: 'ip-10-0-1-12.example.com',
    display_name: 'web-2',
    host_address: '10.0.1.12',
    instance_id: 'i-0a000000000000112',
    account_id: '123456789012',
    platform: 'Amazon Linux 2023 (64 bit)',
    agent_version: '20.0.1.690',
    agent_status: 'active',
    agent_message: 'Managed (Online); Sending',
    ips_mode: 'prevent',
    ips_status: 'active',
    ips_message: 'On, Prevent, 3 rules',
    module_states: new Map([
      ['intrusion_prevention', 'prevent'],
      ['firewall', 'off'],
      ['anti_malware', 'on'],
    ]),
    policy_id: '9',
    rule_count: 3,
    update_status: 'Out-of-Date',
    has_agent: true,
    last_contact_at: new Date(CONTACT),
    policy_sent_at: new Date('2026-10-01T00:00:00Z'),
    rules_updated_at: new Date('2026-11-01T02:00:00Z'),
    reported_at: new Date('2026-11-02T13:59:30Z'),
    time_source: 'stated',
    line_number: 1,
  });
  expect(lists).toEqual([
    {
      product: 'deep_security',
      series: 'file:///agents/*/computers.json',
      reported_at: new Date('2026-11-02T13:59:30Z'),
      time_source: 'stated',
      is_complete: true,
      agent_count: 1,
    },
  ]);
  expect(result).toEqual({ lineCount: 1 });
});

it('keeps the original, but no settings: they hold passwords', async () => {
  const { original } = await agentOf({ unknownKey: 7 });
  const { computerSettings: _, ...rest } = COMPUTER;
  expect(JSON.parse(String(original))).toEqual({ ...rest, unknownKey: 7 });
  expect(original).not.toContain('SECRET');
});

describe('an entry', () => {
  const none = { agentFingerPrint: undefined, agentVersion: undefined };
  it.each([
    ['without an agent', { agentFingerPrint: null, agentVersion: '0.0.0.0' }, { has_agent: false }],
    ['with a version only', { agentFingerPrint: null }, { has_agent: true }],
    ['that was in contact', none, { has_agent: true }],
    [
      'of which nothing is told',
      { ...none, lastAgentCommunication: undefined },
      { has_agent: undefined, last_contact_at: undefined },
    ],
    ['never in contact', { lastAgentCommunication: 0 }, { last_contact_at: undefined }],
    [
      'with a contact that is no time',
      { lastAgentCommunication: 'x' },
      { last_contact_at: undefined },
    ],
    [
      'that the agent describes itself',
      {
        ec2VirtualMachineSummary: null,
        noConnectorVirtualMachineSummary: {
          accountID: '123456789012',
          instanceID: 'i-05767245e59a59bec',
        },
      },
      { instance_id: 'i-05767245e59a59bec', account_id: '123456789012' },
    ],
    [
      'of a WorkSpace',
      { ec2VirtualMachineSummary: { instanceID: 'ws-1', accountID: '1' } },
      { instance_id: undefined, account_id: undefined },
    ],
    [
      'known by its address',
      { hostName: '10.0.1.12', lastIPUsed: null },
      { host_name: undefined, host_address: '10.0.1.12' },
    ],
    [
      'without the module',
      { intrusionPrevention: null },
      { ips_mode: undefined, rule_count: undefined },
    ],
    [
      'with rules in words only',
      {
        intrusionPrevention: {
          state: 'detect',
          moduleStatus: { agentStatus: 'warning', agentStatusMessage: 'On, Detect, 50 rules' },
        },
      },
      { ips_mode: 'detect', ips_status: 'warning', rule_count: 50 },
    ],
    [
      'with no rules, in words',
      {
        intrusionPrevention: {
          state: 'off',
          ruleIDs: null,
          moduleStatus: { agentStatus: 'inactive', agentStatusMessage: 'Off, installed, no rules' },
        },
      },
      { ips_mode: 'off', ips_status: 'inactive', rule_count: 0 },
    ],
  ])('%s', async (_, change, expected) => {
    expect(await agentOf(change)).toMatchObject(expected);
  });
});

describe('when it was taken', () => {
  const modified = { uri: 's3://bucket/computers.json' };

  it.each([
    [
      'content',
      { ...PATH },
      { taken_at: '2026-11-02T10:00:00Z' },
      '2026-11-02T10:00:00.000Z',
      'stated',
    ],
    [
      'configuration',
      { ...PATH, hints: { takenAt: new Date('2026-11-02T11:00:00Z') } },
      {},
      '2026-11-02T11:00:00.000Z',
      'stated',
    ],
    ['path', PATH, {}, '2026-11-02T13:59:30.000Z', 'stated'],
    ['modification', modified, {}, '2026-11-20T12:00:00.000Z', 'modified_at'],
  ])('is told by the %s', async (_, options, keys, iso, source) => {
    const { lists } = await read(JSON.stringify({ ...keys, computers: [] }), options);
    expect(lists).toMatchObject([{ reported_at: new Date(iso), time_source: source }]);
  });
});

it.each([
  ['s3://bucket/dsm/2026/11/02/computers.json', 's3://bucket/dsm/*/computers.json'],
  ['s3://bucket/dsm/2026/11/02/13/computers.json', 's3://bucket/dsm/*/computers.json'],
  ['file:///a/computers-20261102T135930Z.json', 'file:///a/computers-*.json'],
  ['file:///a/2026-11-02/computers.json', 'file:///a/*/computers.json'],
  [
    's3://bucket/123456789012/dsm-1/computers.json',
    's3://bucket/123456789012/dsm-1/computers.json',
  ],
])('lists at %s are of series %s', async (uri, series) => {
  expect((await read(list(), { uri })).lists[0]?.series).toBe(series);
});

describe('accounting', () => {
  it('takes an empty list for a list', async () => {
    const { agents, lists, result } = await read('{ "computers": [ ] }');
    expect(agents).toEqual([]);
    expect(lists).toMatchObject([{ is_complete: true, agent_count: 0 }]);
    expect(result).toEqual({ lineCount: 0 });
  });

  it('does not count hosts without an agent', async () => {
    const bare = { ID: 43, agentVersion: '0.0.0.0' };
    expect((await read(list(COMPUTER, bare))).lists).toMatchObject([{ agent_count: 1 }]);
  });

  it('rejects what is no computer, and keeps the rest', async () => {
    const { agents, rejects, lists } = await read(list(7, COMPUTER, { displayName: 'x' }, null));
    expect(agents.map((agent) => agent.line_number)).toEqual([2]);
    expect(rejects).toEqual([
      '1: not a computer (value 7)',
      '3: neither ID nor hostName (value is an object of keys "displayName")',
      '4: not a computer (value null)',
    ]);
    expect(lists).toHaveLength(1);
  });

  it.each([
    ['one after the other', (pages: string[]) => pages.join('')],
    ['one a line', (pages: string[]) => pages.join('\n')],
    ['one a line, compressed', (pages: string[]) => gzipSync(pages.join('\n'))],
  ])('reads pages %s as one list', async (_, join) => {
    const { agents, lists } = await read(join([list(COMPUTER), list({ ID: 43 }, { ID: 44 })]));
    expect(agents.map((agent) => agent.host_id)).toEqual(['42', '43', '44']);
    expect(lists).toMatchObject([{ is_complete: true, agent_count: 3 }]);
  });

  it('knows that a full page may have a next one', async () => {
    const full = list(...Array.from({ length: 5000 }, (_, ID) => ({ ID: ID + 1 })));
    expect((await read(full)).lists).toMatchObject([{ is_complete: false }]);
    expect((await read(full + list({ ID: 9000 }))).lists).toMatchObject([
      { is_complete: true, agent_count: 5001 },
    ]);
  });

  it('does not call a list complete of which a page is broken', async () => {
    const { agents, lists, rejects } = await read(`${list(COMPUTER)}\n{"computers":[{"ID"`);
    expect(agents).toHaveLength(1);
    expect(lists).toMatchObject([{ is_complete: false }]);
    expect(rejects).toEqual(['2: not JSON (value "{\\"computers\\":[{\\"ID\\"")']);
  });

  it.each([
    ['cut', '{"computers":[{"ID":1', 'not JSON (value'],
    ['another document', '{"computers":{}}', 'no list of computers (value is an object'],
    ['cut gzip', gzipSync(list(COMPUTER)).subarray(0, 40), 'not readable: '],
  ])('says why it is damaged: %s', async (_, content, reason) => {
    const { agents, lists, result } = await read(content);
    expect([agents, lists]).toEqual([[], []]);
    expect(result.lineCount).toBe(0);
    expect(result.damage).toContain(reason);
  });
});

describe('recognises', () => {
  const recognises = (text: string): boolean =>
    deepSecurityComputers.recognises(
      Buffer.from(text).subarray(0, 65_536),
      memoryObject('', text.length, {}),
    );

  it.each([
    ['a list', list(COMPUTER)],
    ['a printed list', JSON.stringify({ computers: [COMPUTER] }, null, 2)],
    ['a list with its time', JSON.stringify({ taken_at: 'x', computers: [COMPUTER] })],
    ['an empty list', list()],
    ['a byte order mark', `\ufeff${list(COMPUTER)}`],
  ])('%s', (_, text) => {
    expect(recognises(text)).toBe(true);
  });

  it.each([
    ['computers of another product', list({ name: 'x' })],
    ['an event that quotes one', JSON.stringify({ EventType: 'x', note: list(COMPUTER) })],
    ['words', `computers ${list(COMPUTER)}`],
  ])('not %s', (_, text) => {
    expect(recognises(text)).toBe(false);
  });
});
