import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cloudWatchExport } from '../../../src/ingest/envelopes/cloudwatch-export.ts';
import { cloudWatchPull } from '../../../src/ingest/envelopes/cloudwatch-pull.ts';
import { cloudWatchSubscription } from '../../../src/ingest/envelopes/cloudwatch-subscription.ts';
import { deepSecurityCef } from '../../../src/ingest/formats/deep-security-cef.ts';
import { deepSecurityComputers } from '../../../src/ingest/formats/deep-security-computers.ts';
import { deepSecuritySns } from '../../../src/ingest/formats/deep-security-sns.ts';
import { envelopedIpsEvents } from '../../../src/ingest/formats/enveloped-ips-events.ts';
import { suricataEve } from '../../../src/ingest/formats/suricata-eve.ts';
import { createMemorySink, memoryObject, readContent } from '../../memory-sink.ts';

const FORMATS = [deepSecurityCef, deepSecuritySns, suricataEve];
const URI = 'cloudwatch-logs://us-east-1/suricata?date=2026-11-01&pulled=2026-11-02T00:00:00Z';
const pulled = envelopedIpsEvents(cloudWatchPull, FORMATS);

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-enveloped-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const alert = (signature: number): string =>
  JSON.stringify({
    timestamp: '2026-11-01T12:00:00.123456+0000',
    event_type: 'alert',
    src_ip: '198.51.100.7',
    payload: 'R0VUIC8=',
    alert: { action: 'allowed', signature_id: signature, severity: 2 },
  });

const eventOf = (message: string, index: number): string =>
  JSON.stringify({
    eventId: `e${index}`,
    timestamp: 1_793_491_200_000,
    ingestionTime: 1_793_491_290_123,
    logStreamName: 'web-1',
    message,
  });

const TRAILER = JSON.stringify({ pull: { pulledAt: '2026-11-02T00:00:00.000Z', flowLogs: [] } });

describe('a pull of events', () => {
  test('is read by the format of its messages, each under the number of its line', async () => {
    const lines = [
      eventOf(alert(1), 1),
      'broken',
      '',
      eventOf(alert(2), 2),
      eventOf('{', 3),
      TRAILER,
    ];
    const { sink, result } = await readContent(pulled, lines.join('\n'), { uri: URI });
    expect(result).toEqual({ lineCount: 6 });
    expect(sink.accountedLines()).toBe(6);
    const events = sink.rows.filter(({ table }) => table === 'ips_event').map(({ row }) => row);
    expect(events).toMatchObject([
      { signature_id: '1', line_number: 1, disposition: 'detected', dropped_keys: ['payload'] },
      { signature_id: '2', line_number: 4 },
    ]);
    expect(sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason])).toEqual([
      [2, 'not a JSON object (value "broken")'],
      [5, 'not a JSON object (value "{")'],
    ]);
    const ids = sink.rows.filter(({ table }) => table === 'cloudwatch_event');
    expect(ids.map(({ row, isExtra }) => [row.event_id, row.line_number, isExtra])).toEqual([
      ['e1', 1, true],
      ['e2', 4, true],
      ['e3', 5, true],
    ]);
  });

  test('takes a message over several lines for one line', async () => {
    const printed = JSON.stringify(JSON.parse(alert(1)), null, 2);
    const content = [eventOf(`${printed}\r\n`, 1), eventOf(alert(2), 2)].join('\n');
    const { sink, result } = await readContent(pulled, content, { uri: URI });
    const events = sink.rows.filter(({ table }) => table === 'ips_event');
    expect(events.map(({ row }) => row.line_number)).toEqual([1, 2]);
    expect([sink.accountedLines(), result.lineCount]).toEqual([2, 2]);
  });

  test.each([
    ['{"computers":[{"ID":1,"hostName":"a"},{"ID":2,"hostName":"b"}]}', 2, undefined],
    ['{"computers":[{"ID":1,"hostName":"a"', 0, 'not JSON (value "{\\"computers\\":[{'],
  ])('counts the records of a document, and says why one is none: %s', async (list, rows, why) => {
    const format = envelopedIpsEvents(cloudWatchPull, [deepSecurityComputers]);
    const content = ['broken', eventOf(list, 1)].join('\n');
    const { sink, result } = await readContent(format, `${eventOf(list, 0)}\n${content}`, {
      uri: URI,
    });
    const computers = sink.rows.filter(({ table }) => table === 'ips_agent');
    expect(computers).toHaveLength(2 * rows);
    expect(result.damage?.slice(0, 30)).toBe(why?.slice(0, 30));
    expect(sink.accountedLines()).toBe(result.lineCount);
    expect(sink.rejects.map(({ lineNumber }) => lineNumber)).toContain(2);
  });

  test('that brought nothing is its last line', async () => {
    const object = memoryObject('', 0, { uri: URI });
    expect(pulled.recognises(Buffer.from(TRAILER), object)).toBe(true);
    const { sink, result } = await readContent(pulled, TRAILER, { uri: URI });
    expect([result.lineCount, sink.counts.header]).toEqual([1, 1]);
  });

  test('is not recognised where no format knows its messages, so that no event counts as seen', () => {
    const object = memoryObject('', 0, { uri: URI });
    const content = [eventOf('2 123456789012 eni-0a1b2c3d', 1), TRAILER].join('\n');
    expect(pulled.recognises(Buffer.from(content), object)).toBe(false);
  });

  test('gives each event a line whatever stands between them', async () => {
    const kind = fc.constantFrom('event', 'blank', 'broken', 'message');
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { maxLength: 12 }), async (kinds) => {
        const lines = ['event', ...kinds].map((one, index) => {
          if (one === 'event') return eventOf(alert(index + 1), index);
          if (one === 'blank') return eventOf(' ', index);
          return one === 'message' ? eventOf('x', index) : '{';
        });
        const { sink, result } = await readContent(pulled, lines.join('\n'), { uri: URI });
        expect(sink.accountedLines()).toBe(lines.length);
        expect(result.lineCount).toBe(lines.length);
        for (const { row } of sink.rows.filter(({ table }) => table === 'ips_event')) {
          expect(String(row.line_number)).toBe(row.signature_id);
        }
      }),
      { numRuns: 30 },
    );
  });
});

test('messages are put aside in the scratch folder, and nothing of them is left there', async () => {
  const path = join(folder, 'object');
  const scratchFolder = join(folder, 'scratch-that-does-not-exist');
  writeFileSync(path, eventOf(alert(1), 1));
  const object = { ...memoryObject(path, 1, { uri: URI }), scratchFolder };
  await expect(pulled.read(object, createMemorySink())).rejects.toThrow(
    'scratch-that-does-not-exist',
  );
  expect(existsSync(scratchFolder)).toBe(false);
  await pulled.read({ ...object, scratchFolder: folder }, createMemorySink());
  expect(readdirSync(folder)).toEqual(['object']);
});

describe('other envelopes', () => {
  const CEF =
    '<190>Nov 19 13:36:47 web-1 CEF:0|Trend Micro|Deep Security Agent|20.0.1.690|1000552|A rule|8|cn1=42 cn1Label=Host ID src=198.51.100.7 dst=10.0.1.15 in=0 proto=TCP spt=51544 dpt=443 act=IDS:Reset';

  test('an export holds events after their time', async () => {
    const exported = envelopedIpsEvents(cloudWatchExport, FORMATS);
    const content = `2026-11-19T13:36:48.000Z ${CEF}\n\n2026-11-19T13:36:49.000Z x\n`;
    const head = Buffer.from(content);
    expect(exported.recognises(head, memoryObject('', head.length, {}))).toBe(true);
    const { sink, result } = await readContent(exported, content);
    expect(sink.rows.map(({ row }) => [row.line_number, row.disposition])).toEqual([
      [1, 'detected'],
    ]);
    expect(sink.rejects.map(({ lineNumber }) => lineNumber)).toEqual([3]);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  test('syslog that opens with a time is no export: its events have no other', () => {
    const exported = envelopedIpsEvents(cloudWatchExport, FORMATS);
    const bare = CEF.slice(CEF.indexOf('CEF:'));
    for (const rest of [`web-1 ${bare}`, bare]) {
      const head = Buffer.from(`2026-11-19T13:36:48.000Z ${rest}\n`);
      expect(exported.recognises(head, memoryObject('', head.length, {}))).toBe(false);
      expect(deepSecurityCef.recognises(head, memoryObject('', head.length, {}))).toBe(true);
    }
  });

  test('a subscription holds several in a document', async () => {
    const subscribed = envelopedIpsEvents(cloudWatchSubscription, FORMATS);
    const document = (messageType: string, messages: string[]): string =>
      JSON.stringify({ messageType, logEvents: messages.map((message) => ({ id: '1', message })) });
    const content = [
      document('CONTROL_MESSAGE', ['CWL CONTROL MESSAGE: Checking health of destination.']),
      document('DATA_MESSAGE', [alert(2), alert(3)]),
      document('DATA_MESSAGE', [alert(4)]),
    ].join('');
    const { sink, result } = await readContent(subscribed, content);
    expect(sink.rows.map(({ row }) => [row.line_number, row.signature_id])).toEqual([
      [2, '2'],
      [3, '3'],
      [4, '4'],
    ]);
    expect([sink.counts.header, result.lineCount]).toEqual([1, 4]);
  });
});
