import { describe, expect, it } from 'vitest';
import type { ObjectHints } from '../../../src/ingest/format.ts';
import { deepSecurityCef } from '../../../src/ingest/formats/deep-security-cef.ts';
import { deepSecurityLeef } from '../../../src/ingest/formats/deep-security-leef.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const SYSLOG = '<182>Nov 19 13:36:47 dsm.example.com ';

const HOST = 'cn1=42\tcn1Label=Host ID\tdvchost=web-1.example.com\tTrendMicroDsTenant=Primary';

const PACKET =
  'dstMAC=02:00:00:00:00:01\tsrcMAC=02:00:00:00:00:02\tTrendMicroDsFrameType=IP\tsrc=198.51.100.7\tdst=10.0.1.15\tin=1460\tcs3=\tcs3Label=Fragmentation Bits\tproto=TCP\tsrcPort=51544\tdstPort=443\tcnt=3';

const line = (id: number, attributes: string, product = 'Deep Security Agent', version = '2.0') =>
  `${SYSLOG}LEEF:${version}|Trend Micro|${product}|20.0.463|${id}|${attributes}`;

async function rowOf(content: string, hints: ObjectHints = {}) {
  const { sink, result } = await readContent(deepSecurityLeef, content, { hints });
  expect(sink.rejects).toEqual([]);
  expect(sink.accountedLines()).toBe(result.lineCount);
  return sink.rows[0]?.row ?? ({} as Readonly<Record<string, Cell>>);
}

const at = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

const IPS = `cat=Intrusion Prevention\tname=Generic Cross Site Scripting(XSS) Prevention\tdesc=Generic\tsev=8\t${HOST}\t${PACKET}\tact=IDS:Reset\tcn3=16\tcn3Label=DPI Packet Position\tcs1="CVE-0000-0000"\tcs1Label=DPI Note\tTrendMicroDsPacketData=R0VUIC8=`;

it.each(['2.0', '1.0'])(
  'fills the columns of an intrusion prevention event, version %s',
  async (version) => {
    const row = await rowOf(line(1_000_552, IPS, 'Deep Security Agent', version));
    expect(row).toMatchObject({
      product: 'deep_security',
      format: 'deep_security_leef',
      module: 'intrusion_prevention',
      event_at: at('2026-11-19T13:36:47Z'),
      time_source: 'syslog_header_without_year',
      host_id: '42',
      host_name: 'web-1.example.com',
      signature_id: '1000552',
      signature_name: 'Generic Cross Site Scripting(XSS) Prevention',
      category: 'Intrusion Prevention',
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
    const original = JSON.parse(String(row.original));
    expect(original).toMatchObject({
      srcPort: '51544',
      srcMAC: '02:00:00:00:00:02',
      'DPI Note': 'CVE-0000-0000',
      _leef: { header: { product: 'Deep Security Agent', eventId: '1000552', delimiter: '\t' } },
    });
    expect(original.spt).toBeUndefined();
    expect(row.original).not.toContain('R0VUIC8');
  },
);

describe('modules', () => {
  it.each([
    ['Deep Security Manager', 851, 'cat=System\tusrName=admin', 'system', 'logged', 'admin'],
    ['Deep Security Agent', 21, 'cat=Firewall\tact=Deny', 'firewall', 'blocked', undefined],
    ['Deep Security Agent', 21, 'cat=Firewall\tact=IDS:Deny', 'firewall', 'detected', undefined],
    ['Deep Security Agent', 20, 'cat=Firewall\tact=Log', 'firewall', 'logged', undefined],
    [
      'Deep Security Agent',
      2_002_779,
      'cat=Integrity Monitor\tact=updated\tusrName=example\\\\admin',
      'integrity',
      'logged',
      'example\\admin',
    ],
    [
      'Deep Security Agent',
      3_003_486,
      'cat=Log Inspection\tduser=ops',
      'log_inspection',
      'logged',
      'ops',
    ],
    [
      'Deep Security Agent',
      4_000_030,
      'cat=Anti-Malware\tact=Terminate',
      'anti_malware',
      'blocked',
      undefined,
    ],
    [
      'Deep Security Agent',
      4_000_000,
      'cat=Anti-Malware\tact=Log',
      'anti_malware',
      'detected',
      undefined,
    ],
    [
      'Deep Security Agent',
      5_000_000,
      'cat=Web Reputation\trequest=a',
      'web_reputation',
      'blocked',
      undefined,
    ],
    [
      'Deep Security Agent',
      60,
      'cat=AppControl\tact=blocked\tsuser=root',
      'application_control',
      'blocked',
      'root',
    ],
    ['Deep Security Agent', 60, 'act=detectOnly', 'application_control', 'detected', undefined],
    [
      'Deep Security Agent',
      7_000_000,
      'cat=Device Control\tpermission=0',
      'device_control',
      'unknown',
      undefined,
    ],
    // The manager passed on what an agent saw, under its own name.
    ['Deep Security Manager', 21, 'cat=Firewall\tact=Deny', 'firewall', 'blocked', undefined],
    ['Deep Security Manager', 100, 'usrName=admin', 'system', 'logged', 'admin'],
    ['Deep Security Agent', 100, 'act=Deny', 'firewall', 'blocked', undefined],
  ])('%s %s with %s is %s', async (product, id, attributes, module, disposition, user) => {
    const row = await rowOf(line(id, `name=A rule\t${attributes}`, product));
    expect([row.module, row.disposition, row.user_name]).toEqual([module, disposition, user]);
  });
});

describe('time', () => {
  it('is devTime where there is one, with its format', async () => {
    const attributes = 'cat=System\tdevTime=2026-11-18 06:13:41\tdevTimeFormat=yyyy-MM-dd HH:mm:ss';
    expect(await rowOf(line(600, attributes), { utcOffset: '+02:00' })).toMatchObject({
      event_at: at('2026-11-18T04:13:41Z'),
      time_source: 'record',
    });
    expect(await rowOf(line(600, 'devTime=1795068421123'))).toMatchObject({
      event_at: 1_795_068_421_123_000n,
    });
  });

  it('is the header where devTime cannot be read', async () => {
    expect(await rowOf(line(600, 'cat=System\tdevTime=soon'))).toMatchObject({
      event_at: at('2026-11-19T13:36:47Z'),
      time_source: 'syslog_header_without_year',
    });
  });

  it('is missed with both values', async () => {
    const { sink } = await readContent(
      deepSecurityLeef,
      'LEEF:2.0|Trend Micro|Deep Security Manager|20|600|cat=System\tdevTime=soon',
    );
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      'no readable time: neither devTime (value "soon") nor the syslog header (value "")',
    ]);
  });
});

describe('lines', () => {
  const cef = `${SYSLOG}CEF:0|Trend Micro|Deep Security Agent|20|21|A rule|5|act=Deny msg=LEEF:2.0|Trend Micro|a|b|c|d`;

  it('may be of both formats in one object', async () => {
    const content = [line(21, 'cat=Firewall\tact=Deny\tmsg=CEF:0|x'), cef].join('\n');
    for (const format of [deepSecurityCef, deepSecurityLeef]) {
      const { sink, result } = await readContent(format, content);
      expect(sink.rejects).toEqual([]);
      expect(sink.rows.map(({ row }) => [row.format, row.disposition])).toEqual([
        ['deep_security_leef', 'blocked'],
        ['deep_security_cef', 'blocked'],
      ]);
      expect(result).toEqual({ lineCount: 2 });
    }
  });

  it('are rejected with the value found', async () => {
    const content = [
      line(21, 'act=Deny').replace('Trend Micro|', 'Example|'),
      `${SYSLOG}LEEF:2.0|Trend Micro|Deep`,
      line(21, 'words'),
      'words',
    ].join('\n');
    const { sink, result } = await readContent(deepSecurityLeef, content);
    expect(sink.rows).toEqual([]);
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      'not an event of Deep Security (value "Example|Deep Security Agent")',
      '3 header fields found, 5 expected',
      'no key among the attributes (value "words")',
      'neither "CEF:" nor "LEEF:" and a version number in the line',
    ]);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  it('are recognised by the vendor, and not where another format quotes them', () => {
    const recognises = (text: string): boolean =>
      deepSecurityLeef.recognises(Buffer.from(text), memoryObject('', text.length, {}));
    expect(recognises(`\n${line(21, 'act=Deny')}\n`)).toBe(true);
    expect(recognises(cef)).toBe(false);
    expect(recognises(line(21, 'act=Deny').replace('Trend Micro', 'Example'))).toBe(false);
    expect(recognises(JSON.stringify({ message: line(21, 'act=Deny') }))).toBe(false);
  });
});
