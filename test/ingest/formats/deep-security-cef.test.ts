import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ObjectHints } from '../../../src/ingest/format.ts';
import { deepSecurityCef } from '../../../src/ingest/formats/deep-security-cef.ts';
import type { Cell } from '../../../src/tables.ts';
import { readContent } from '../../memory-sink.ts';

const SYSLOG = '<190>Nov 19 13:36:47 web-1.example.com ';

const IPS_KEYS =
  'cn1=42 cn1Label=Host ID dvchost=web-1.example.com TrendMicroDsTenant=Primary TrendMicroDsTenantId=0 dmac=02:00:00:00:00:01 smac=02:00:00:00:00:02 TrendMicroDsFrameType=IP src=198.51.100.7 dst=10.0.1.15 in=1460 proto=TCP spt=51544 dpt=443 cnt=3 act=IDS:Reset cn3=16 cn3Label=DPI Packet Position cs5=16 cs5Label=DPI Stream Position cs1="CVE-0000-0000" cs1Label=DPI Note cs3= cs3Label=Fragmentation Bits cs6=8 cs6Label=DPI Flags TrendMicroDsPacketData=R0VUIC8\\=';

const line = (id: string | number, keys: string, product = 'Deep Security Agent', severity = 8) =>
  `${SYSLOG}CEF:0|Trend Micro|${product}|20.0.1.690|${id}|A rule|${severity}|${keys}`;

async function rowsOf(content: string, hints: ObjectHints = {}) {
  const { sink, result } = await readContent(deepSecurityCef, content, { hints });
  return {
    rows: sink.rows.map(({ row }) => row),
    rejects: sink.rejects,
    counts: sink.counts,
    result,
  };
}

async function rowOf(content: string): Promise<Readonly<Record<string, Cell>>> {
  const { rows, rejects } = await rowsOf(content);
  expect(rejects).toEqual([]);
  return rows[0] ?? {};
}

const at = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

describe('an intrusion prevention event', () => {
  it('fills the columns', async () => {
    expect(await rowOf(line(1_000_552, IPS_KEYS))).toMatchObject({
      product: 'deep_security',
      format: 'deep_security_cef',
      module: 'intrusion_prevention',
      event_at: at('2026-11-19T13:36:47Z'),
      time_source: 'syslog_header_without_year',
      host_id: '42',
      host_name: 'web-1.example.com',
      signature_id: '1000552',
      signature_name: 'A rule',
      severity: 'high',
      severity_raw: '8',
      action_raw: 'IDS:Reset',
      disposition: 'detected',
      direction: 'inbound',
      protocol: 6,
      source_address: '198.51.100.7',
      source_port: 51_544,
      destination_address: '10.0.1.15',
      destination_port: 443,
      event_count: 3,
      dropped_keys: ['TrendMicroDsPacketData'],
      line_number: 1,
    });
  });

  it('keeps every key but the payload, raw and under its label', async () => {
    const row = await rowOf(line(1_000_552, IPS_KEYS));
    const original = JSON.parse(String(row.original));
    expect(original).toMatchObject({
      cs1: '"CVE-0000-0000"',
      'DPI Note': 'CVE-0000-0000',
      'DPI Packet Position': '16',
      cs3: '',
      'Fragmentation Bits': '',
      dmac: '02:00:00:00:00:01',
      _cef: {
        header: { product: 'Deep Security Agent', productVersion: '20.0.1.690' },
        syslogHeader: SYSLOG.trim(),
      },
    });
    expect(row.original).not.toContain('R0VUIC8');
  });

  it('leaves the event id to the sink, and knows no user', async () => {
    const row = await rowOf(line(1_000_552, `${IPS_KEYS} suser=example\\\\user`));
    expect(row.event_id).toBeUndefined();
    expect(row.user_name).toBeUndefined();
  });

  it.each([
    ['bare padding', 'TrendMicroDsPacketData=R0VUIC8== act=Reset'],
    ['a second payload', 'act=Reset TrendMicroDsPacketData=QQ== TrendMicroDsPacketData=R0VUIC8='],
    ['a payload under a label', 'act=Reset cs1=R0VUIC8= cs1Label=Packet Data cs1=x'],
  ])('drops %s', async (_, keys) => {
    const row = await rowOf(line(1_000_552, keys));
    expect(row.disposition).toBe('blocked');
    if (keys.includes('Label')) expect(row.dropped_keys).toEqual(['Packet Data']);
    else expect(row.original).not.toContain('R0VUIC8');
  });

  it('does not let a value forge an action', async () => {
    const row = await rowOf(line(1_000_552, 'act=Log request=/a act=Reset src=192.0.2.1'));
    expect(row).toMatchObject({ action_raw: 'Log', disposition: 'logged' });
    expect(JSON.parse(String(row.original))._cef.duplicates).toEqual([{ act: 'Reset' }]);
  });

  it('keeps a key that has the name of its own member', async () => {
    const row = await rowOf(line(1_000_552, 'act=Log _cef=forged'));
    expect(JSON.parse(String(row.original))._cef).toMatchObject({
      key: 'forged',
      header: { vendor: 'Trend Micro' },
    });
  });

  it.each([
    [
      'uncompressed IPv6',
      'src=fe80:0:0:0:fc50:a94f:4328:e94c',
      { source_address: 'fe80::fc50:a94f:4328:e94c' },
    ],
    ['an address that is none', 'src=999.1.1.1', { source_address: undefined }],
    ['outbound traffic of no bytes', 'out=0', { direction: 'outbound' }],
    ['both directions', 'in=1 out=1', { direction: undefined }],
    ['another protocol', 'proto=Other: 132', { protocol: 132 }],
    ['a protocol that objects have', 'proto=constructor', { protocol: undefined }],
    ['ICMP', 'proto=ICMP spt=0 dpt=0', { protocol: 1, source_port: 0, destination_port: 0 }],
    [
      'a port that is none',
      'spt=65536 dpt=-1',
      { source_port: undefined, destination_port: undefined },
    ],
    ['a forwarded client', 'xff=203.0.113.9, 10.0.0.1', { client_address: '203.0.113.9' }],
    [
      'an address in dvchost',
      'dvchost=2001:db8:0:0:0:0:0:1',
      { host_address: '2001:db8::1', host_name: undefined },
    ],
    ['a name in dvc', 'dvc=db-1', { host_name: 'db-1', host_address: undefined }],
    [
      'both',
      'dvc=10.0.1.15 dvchost=web-1 [i-0bbafc95]',
      { host_name: 'web-1 [i-0bbafc95]', host_address: '10.0.1.15', instance_id: 'i-0bbafc95' },
    ],
    ['a host id without its label', 'cn1=42', { host_id: '42' }],
    ['a number that is no host id', 'cn1=42 cn1Label=Other', { host_id: undefined }],
    ['pipes and an equal sign', 'msg=a|b=c proto=UDP', { protocol: 17 }],
  ])('reads %s', async (_, keys, expected) => {
    expect(await rowOf(line(1_000_552, keys))).toMatchObject(expected);
  });
});

describe('module', () => {
  it.each([
    ['Deep Security Agent', 10, 'intrusion_prevention'],
    ['Deep Security Agent', 20, 'firewall'],
    ['Deep Security Agent', 21, 'firewall'],
    ['Deep Security Agent', 30, 'integrity'],
    ['Deep Security Agent', 40, 'log_inspection'],
    ['Deep Security Agent', 100, 'firewall'],
    ['Deep Security Agent', 199, 'firewall'],
    ['Deep Security Agent', 200, 'intrusion_prevention'],
    ['Deep Security Agent', 399, 'intrusion_prevention'],
    ['Deep Security Agent', 400, 'other'],
    ['Deep Security Agent', 500, 'intrusion_prevention'],
    ['Deep Security Agent', 850, 'intrusion_prevention'],
    ['Deep Security Agent', 899, 'intrusion_prevention'],
    ['Deep Security Agent', 900, 'other'],
    ['Deep Security Agent', 1_999_999, 'intrusion_prevention'],
    ['Deep Security Agent', 2_002_779, 'integrity'],
    ['Deep Security Agent', 3_002_795, 'log_inspection'],
    ['Deep Security Agent', 4_000_000, 'anti_malware'],
    ['Deep Security Agent', 5_000_000, 'web_reputation'],
    ['Deep Security Agent', 6_001_200, 'application_control'],
    ['Deep Security Agent', 7_000_000, 'device_control'],
    ['Deep Security Agent', 'x', 'other'],
    ['Deep Security Manager', 100, 'system'],
    ['Deep Security Manager', 600, 'system'],
    ['Deep Security Manager', 851, 'system'],
    ['Workload Security Manager', 600, 'system'],
    ['Deep Security Manager', 1_000_552, 'intrusion_prevention'],
  ])('%s %s is %s', async (product, id, module) => {
    expect(await rowOf(line(id, 'act=Log', product))).toMatchObject({ module });
  });
});

describe('disposition', () => {
  it.each([
    [1_000_552, 'act=Block', 'blocked'],
    [1_000_552, 'act=Reset', 'blocked'],
    [1_000_552, 'act=Insert', 'blocked'],
    [1_000_552, 'act=Delete', 'blocked'],
    [1_000_552, 'act=Replace', 'blocked'],
    [1_000_552, 'act=Log', 'logged'],
    [1_000_552, 'act=IDS:Reset', 'detected'],
    [1_000_552, 'act=IDS:Delete', 'detected'],
    [1_000_552, 'act=', 'unknown'],
    [21, 'act=Deny', 'blocked'],
    [21, 'act=IDS:Deny', 'detected'],
    [20, 'act=Log', 'logged'],
    [20, 'act=Bypass', 'allowed'],
    [20, 'act=Force Allow', 'allowed'],
    [2_002_779, 'act=deleted', 'logged'],
    [3_002_795, 'cs1=x', 'logged'],
    [4_000_000, 'act=Quarantine result=Quarantined', 'blocked'],
    [4_000_000, 'act=Quarantine result=Quarantine Failed', 'detected'],
    [4_000_000, 'act=Quarantine result=Quarantined (Scan Failed)', 'blocked'],
    [4_000_000, 'act=Pass result=Passed', 'detected'],
    [4_000_000, 'act=Delete', 'blocked'],
    [4_000_000, 'act=DenyAccess', 'blocked'],
    [4_000_000, 'act=Terminate result=words', 'blocked'],
    [5_000_000, 'request=http://example.com/', 'blocked'],
    [5_000_001, 'request=http://example.com/', 'detected'],
    [6_001_100, 'act=blocked', 'detected'],
    [6_001_200, '', 'detected'],
    [6_002_100, '', 'blocked'],
    [6_002_200, 'act=blocked', 'blocked'],
    [7_000_000, 'permission=0', 'unknown'],
  ])('of %s with %s is %s', async (id, keys, disposition) => {
    expect(await rowOf(line(id, keys))).toMatchObject({ disposition });
  });
});

it.each([
  [0, 'low'],
  [3, 'low'],
  [5, 'medium'],
  [6, 'medium'],
  [8, 'high'],
  [10, 'critical'],
  [11, undefined],
])('severity %s is %s', async (number, severity) => {
  expect(await rowOf(line(20, 'act=Log', 'Deep Security Agent', number))).toMatchObject({
    severity,
  });
});

it.each([
  [2_002_779, 'suser=example\\\\admin', 'example\\admin'],
  [3_002_795, 'duser=(no user) suser=x', '(no user)'],
  [6_001_100, 'suser=root', 'root'],
  [21, 'suser=root', undefined],
])('the user of %s with %s is %s', async (id, keys, user) => {
  expect((await rowOf(line(id, keys))).user_name).toBe(user);
});

describe('time', () => {
  it('takes the zone of its source for headers without one', async () => {
    const { rows } = await rowsOf(line(20, 'act=Log'), { utcOffset: '+02:00' });
    expect(rows[0]?.event_at).toBe(at('2026-11-19T11:36:47Z'));
  });

  it('reads an ISO time with priority and without version', async () => {
    const text = line(600, 'suser=x', 'Workload Security Manager').replace(
      SYSLOG,
      '<190>2021-10-06T01:29:43-07:00 10.0.1.20 ',
    );
    expect(await rowOf(text)).toMatchObject({
      event_at: at('2021-10-06T08:29:43Z'),
      time_source: 'syslog_header',
    });
  });

  it('refuses an object whose declared zone is none, before it reads a line', async () => {
    const { rows, result } = await rowsOf(line(20, 'act=Log'), { utcOffset: 'CET' });
    expect(rows).toEqual([]);
    expect(result).toEqual({
      lineCount: 0,
      damage: 'the zone of its source is not like +02:00 (value "CET")',
    });
  });
});

describe('lines', () => {
  it('rejects what it cannot read, with the value found', async () => {
    const long = line(20, `msg=${'x'.repeat(1024 * 1024)}`);
    const content = [
      'CEF:0|Trend Micro|Deep Security Agent|20|21|A|5|act=Deny',
      line(20, 'act=Log').replace('Trend Micro|', 'Example|'),
      line(20, 'act=Log').replace('Deep Security Agent', 'Other Product'),
      '<190>Nov 19 13:36:47 web-1 sshd[1]: no event',
      '<190>Nov 19 13:36:47 web-1 CEF:0|Trend Micro|Deep',
      long,
    ].join('\n');
    const { rejects, rows, result } = await rowsOf(content);
    expect(rows).toEqual([]);
    expect(result.lineCount).toBe(6);
    expect(rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
      '1: no readable time in the syslog header, and CEF has no other (value "")',
      '2: not an event of Deep Security (value "Example|Deep Security Agent")',
      '3: not an event of Deep Security (value "Trend Micro|Other Product")',
      '4: neither "CEF:" nor "LEEF:" and a version number in the line',
      '5: 3 header fields found, 7 expected',
      `6: line of ${long.length} bytes is longer than a record may be (1048576)`,
    ]);
  });

  it('counts blank lines, and reads a byte order mark, CEF: 0 and CRLF', async () => {
    const content = `\ufeff${line(20, 'act=Log')}\r\n\r\n${line(20, 'act=Log').replace('CEF:0', 'CEF: 0')}\r\n`;
    const { rows, counts, result } = await rowsOf(content);
    expect(rows.map((row) => [row.line_number, row.action_raw])).toEqual([
      [1, 'Log'],
      [3, 'Log'],
    ]);
    expect(counts.blank).toBe(1);
    expect(result).toEqual({ lineCount: 3 });
  });

  it('reads gzip, and rejects the line that damage cut', async () => {
    const text = Array.from({ length: 400 }, (_, index) =>
      line(20, `act=Log cnt=${index * 7919}`),
    ).join('\n');
    const whole = gzipSync(text);
    const { sink, result } = await readContent(
      deepSecurityCef,
      whole.subarray(0, whole.length - 40),
    );
    expect(result.damage).toContain('gzip');
    expect(sink.rows.length).toBeGreaterThan(100);
    expect(sink.rejects.at(-1)?.reason).toBe('the object ends or is damaged within this line');
    expect(sink.accountedLines()).toBe(result.lineCount);
  });
});
