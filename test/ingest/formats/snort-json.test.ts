import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snortJson } from '../../../src/ingest/formats/snort-json.ts';
import { snortTime } from '../../../src/ingest/formats/snort-time.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, type ReadOptions, readContent } from '../../memory-sink.ts';

/** With the fields that Snort writes unless it is told others. */
const DEFAULT =
  '{ "timestamp" : "11/18-06:13:41.532140", "pkt_num" : 5, "proto" : "TCP", "pkt_gen" : "stream_tcp", "pkt_len" : 97, "dir" : "C2S", "src_ap" : "198.51.100.7:51544", "dst_ap" : "10.0.1.15:443", "rule" : "1:1000000:0", "action" : "would_drop" }';

const ALERT = JSON.parse(DEFAULT);

const json = JSON.stringify;
const micros = (iso: string, rest = 0n): bigint => BigInt(Date.parse(iso)) * 1000n + rest;

async function rowOf(
  alert: unknown,
  options: ReadOptions = {},
): Promise<Readonly<Record<string, Cell>>> {
  const text = typeof alert === 'string' ? alert : json(alert);
  const { sink } = await readContent(snortJson, text, options);
  expect(sink.rejects).toEqual([]);
  return sink.rows[0]?.row ?? {};
}

it('fills the columns of an alert with the default fields', async () => {
  const row = await rowOf(DEFAULT);
  expect(row).toMatchObject({
    product: 'snort',
    format: 'snort_alert_json',
    module: 'intrusion_prevention',
    event_at: micros('2026-11-18T06:13:41.532Z', 140n),
    time_source: 'record_without_year',
    signature_id: '1:1000000',
    signature_name: undefined,
    severity: undefined,
    action_raw: 'would_drop',
    disposition: 'detected',
    protocol: 6,
    source_address: '198.51.100.7',
    source_port: 51_544,
    destination_address: '10.0.1.15',
    destination_port: 443,
    event_count: 1,
    line_number: 1,
  });
  expect(JSON.parse(String(row.original))).toEqual(ALERT);
});

it('fills the columns of an alert with other fields', async () => {
  const row = await rowOf({
    seconds: 1_794_982_421,
    action: 'block',
    class: 'attempted-admin',
    b64_data: 'U0VDUkVU',
    src_addr: '2001:0db8:0:0:0:0:0:7',
    src_port: 51_544,
    dst_addr: '2001:db8::15',
    dst_port: 443,
    proto: 'TCP',
    gid: 116,
    sid: 45,
    rev: 2,
    msg: '(ipv4) EXAMPLE',
    priority: 1,
    service: 'http',
  });
  expect(row).toMatchObject({
    event_at: 1_794_982_421_000_000n,
    time_source: 'record',
    signature_id: '116:45',
    signature_name: '(ipv4) EXAMPLE',
    category: 'attempted-admin',
    severity: 'high',
    severity_raw: '1',
    disposition: 'blocked',
    source_address: '2001:db8::7',
    destination_address: '2001:db8::15',
    dropped_keys: ['b64_data'],
  });
  expect(row.original).not.toContain('U0VDUkVU');
});

it.each([
  ['allow', 'detected'],
  ['trust', 'detected'],
  ['rewrite', 'detected'],
  ['drop', 'blocked'],
  ['block', 'blocked'],
  ['reset', 'blocked'],
  ['force_drop', 'blocked'],
  ['force_block', 'blocked'],
  ['force_reset', 'blocked'],
  ['would_drop', 'detected'],
  ['would_block', 'detected'],
  ['would_reset', 'detected'],
  ['would_rewrite', 'detected'],
  ['cant_drop', 'detected'],
  ['cant_block', 'detected'],
  ['cant_reset', 'detected'],
  ['retry', 'unknown'],
  ['error', 'unknown'],
  ['constructor', 'unknown'],
  [undefined, 'unknown'],
])('action %s is %s', async (action, disposition) => {
  expect(await rowOf({ ...ALERT, action })).toMatchObject({ disposition, action_raw: action });
});

it.each([
  [
    'IPv6 without brackets',
    { src_ap: 'fe80:0:0:0:0:0:0:7:443' },
    { source_address: 'fe80::7', source_port: 443 },
  ],
  [
    'no port of ICMP',
    { proto: 'ICMP', src_ap: '198.51.100.7:0' },
    { protocol: 1, source_port: undefined },
  ],
  [
    'ICMP of IPv6',
    { proto: 'ICMP', src_ap: '2001:db8::7:0', dst_ap: '2001:db8::15:0' },
    { protocol: 58, source_address: '2001:db8::7' },
  ],
  ['port 0 of TCP', { src_ap: '198.51.100.7:0' }, { source_port: 0 }],
  [
    'no address',
    { src_ap: ':0', proto: 'ARP' },
    { source_address: undefined, protocol: undefined },
  ],
  [
    'what is no address',
    { src_ap: 'x', dst_ap: 7 },
    { source_address: undefined, destination_address: undefined },
  ],
  ['no class', { class: 'none' }, { category: undefined }],
  ['a rule without generator', { rule: undefined, sid: 7, gid: 1 }, { signature_id: '1:7' }],
  ['the least priority', { priority: 4 }, { severity: 'low' }],
])('reads %s', async (_, change, expected) => {
  expect(await rowOf({ ...ALERT, ...change })).toMatchObject(expected);
});

describe('time', () => {
  const received = new Date('2026-11-20T12:00:00Z');
  const read = (timestamp: unknown, seconds?: unknown, receivedAt = received, offset = 0) =>
    snortTime(timestamp, seconds, receivedAt, offset);

  it.each([
    [
      'without a year',
      '11/18-06:13:41.532140',
      '2026-11-18T06:13:41.532Z',
      140n,
      'record_without_year',
    ],
    ['of the year before', '12/31-23:59:59', '2025-12-31T23:59:59Z', 0n, 'record_without_year'],
    ['a little ahead', '11/21-00:00:00', '2026-11-21T00:00:00Z', 0n, 'record_without_year'],
    ['with a year', '26/11/18-06:13:41.532140', '2026-11-18T06:13:41.532Z', 140n, 'record'],
    [
      'with the year last, as early releases',
      '11/18/26-06:13:41.5',
      '2026-11-18T06:13:41.500Z',
      0n,
      'record',
    ],
    [
      'that both orders could be, of late',
      '11/12/10-06:00:00',
      '2011-12-10T06:00:00Z',
      0n,
      'record',
    ],
    ['with a year, ahead of the object', '27/01/02-00:00:00', '2027-01-02T00:00:00Z', 0n, 'record'],
    ['of ISO 8601', '2026-11-18 06:13:41.532140', '2026-11-18T06:13:41.532Z', 140n, 'record'],
  ])('%s', (_, text, iso, rest, source) => {
    expect(read(text)).toEqual({ at: micros(iso, rest), source });
  });

  it('takes seconds, and their fraction from the timestamp', () => {
    expect(read('07/16-09:23:39.153899', 1_794_982_421)).toEqual({
      at: 1_794_982_421_153_899n,
      source: 'record',
    });
    expect(read(undefined, 1_794_982_421)?.at).toBe(1_794_982_421_000_000n);
  });

  it('is in the zone of the source', async () => {
    expect(read('11/18-06:13:41', undefined, received, 120)?.at).toBe(
      micros('2026-11-18T04:13:41Z'),
    );
    const row = await rowOf(DEFAULT, { hints: { utcOffset: '+02:00' } });
    expect(row.event_at).toBe(micros('2026-11-18T04:13:41.532Z', 140n));
  });

  it('goes by the time of the object', async () => {
    const row = await rowOf(DEFAULT, { modifiedAt: new Date('2020-01-03T00:00:00Z') });
    expect(row.event_at).toBe(micros('2019-11-18T06:13:41.532Z', 140n));
  });

  it.each([
    ['11/31-00:00:00'],
    ['13/01-00:00:00'],
    ['26/13/01-00:00:00'],
    ['soon'],
    [''],
    [7],
    [null],
  ])('is none in %j', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('is that of every day, with and without its year', () => {
    const day = fc.date({
      min: new Date('2013-01-01'),
      max: new Date('2026-11-20'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(day, (date) => {
        const [, year = '', month = '', dayOfMonth = '', clock = ''] =
          /^(\d+)-(\d\d)-(\d\d)T([\d:.]+)Z$/.exec(date.toISOString()) ?? [];
        const at = BigInt(date.getTime()) * 1000n;
        expect(read(`${month}/${dayOfMonth}-${clock}`, undefined, date)).toEqual({
          at,
          source: 'record_without_year',
        });
        expect(read(`${year.slice(2)}/${month}/${dayOfMonth}-${clock}`, undefined, date)?.at).toBe(
          at,
        );
      }),
    );
  });
});

it('rejects what is no alert, with the value', async () => {
  const { sink, result } = await readContent(
    snortJson,
    [
      DEFAULT,
      ' ',
      json({ ...ALERT, timestamp: 'yesterday' }),
      json({ rule: '1:7:1' }),
      '{ "rule" : 7 }',
      DEFAULT.slice(0, 40),
    ].join('\n'),
  );
  expect(sink.rows).toHaveLength(1);
  expect(sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
    '3: neither seconds (no value) nor timestamp (value "yesterday") is a time of Snort',
    '4: neither seconds (no value) nor timestamp (no value) is a time of Snort',
    '5: not an alert of Snort (value is an object of keys "rule")',
    `6: not a JSON object (value ${json(DEFAULT.slice(0, 40))})`,
  ]);
  expect(sink.accountedLines()).toBe(result.lineCount);
});

describe('recognises', () => {
  const recognises = (text: string): boolean =>
    snortJson.recognises(Buffer.from(text).subarray(0, 65_536), memoryObject('', text.length, {}));

  it.each([
    ['the default fields', DEFAULT],
    ['a rule alone', json({ rule: '1:7:1' })],
    ['generator and signature', json({ seconds: 1, gid: 1, sid: 7 })],
    ['addresses and an action', json({ timestamp: 'x', src_addr: '10.0.1.15', action: 'allow' })],
    [
      'a packet longer than the head',
      DEFAULT.replace(' }', `, "b64_data" : "${'A'.repeat(90_000)}" }`),
    ],
  ])('%s', (_, text) => {
    expect(recognises(text)).toBe(true);
  });

  it.each([
    ['an event of Suricata', json({ event_type: 'alert', timestamp: 'x', rule: '1:7:1' })],
    ['a rule of another kind', json({ timestamp: 'x', rule: 'allow-all' })],
    ['a list', '[1:7:1]'],
  ])('not %s', (_, text) => {
    expect(recognises(text)).toBe(false);
  });
});

it('reads alerts of any values, or says why not', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('TCP', '10.0.1.15:443', '1:7:1', 'drop', 1),
  );
  const keys = [
    ...Object.keys(ALERT),
    'seconds',
    'gid',
    'sid',
    'msg',
    'src_addr',
    'src_port',
    'priority',
  ];
  const alert = fc.record(Object.fromEntries(keys.map((key) => [key, value])), {
    requiredKeys: [],
  });
  await fc.assert(
    fc.asyncProperty(alert, async (one) => {
      const { sink, result } = await readContent(snortJson, json({ ...one, rule: '1:7:1' }));
      expect(result.lineCount).toBe(1);
      expect(sink.accountedLines()).toBe(1);
    }),
    { numRuns: 100 },
  );
});
