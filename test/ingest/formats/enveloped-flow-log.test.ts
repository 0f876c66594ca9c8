import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_FORMAT } from '../../../src/flow-log-fields.ts';
import { cloudWatchExport } from '../../../src/ingest/envelopes/cloudwatch-export.ts';
import { cloudWatchPull } from '../../../src/ingest/envelopes/cloudwatch-pull.ts';
import { cloudWatchSubscription } from '../../../src/ingest/envelopes/cloudwatch-subscription.ts';
import { firehose } from '../../../src/ingest/envelopes/firehose.ts';
import { envelopedFlowLog } from '../../../src/ingest/formats/enveloped-flow-log.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const cloudWatchFlowLog = envelopedFlowLog(cloudWatchPull);

const URI = 'cloudwatch-logs://us-east-1/vpc/flow-logs?date=2026-11-01&pulled=2026-11-02T00:00:00Z';

function event(eventId: string, message: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    eventId,
    timestamp: 1_793_491_200_000,
    ingestionTime: 1_793_491_290_123,
    logStreamName: 'eni-0123456789abcdef0-all',
    message,
    ...more,
  });
}

const read = (lines: readonly string[], fields: readonly string[] = DEFAULT_FORMAT) =>
  readContent(cloudWatchFlowLog, lines.join('\n'), { uri: URI, hints: { fields } });

describe('a pull from CloudWatch Logs', () => {
  test('reads messages by the declared format, and keeps each event', async () => {
    const { sink, result } = await read([
      event(
        'event-1',
        '2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 50000 443 6 10 840 1793491200 1793491260 ACCEPT OK',
      ),
      event(
        'event-2',
        '2 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491200 1793491260 - NODATA',
      ),
    ]);
    expect(result).toEqual({ lineCount: 2, fields: DEFAULT_FORMAT });
    expect(sink.accountedLines()).toBe(2);
    expect(sink.rows.filter(({ table }) => table === 'flow').map(({ row }) => row)).toMatchObject([
      { srcaddr: '10.0.0.5', bytes: 840, line_number: 1 },
    ]);
    expect(sink.rows.filter(({ table }) => table === 'cloudwatch_event')).toEqual(
      [1, 2].map((number) => ({
        table: 'cloudwatch_event',
        isExtra: true,
        row: {
          log_group: 'cloudwatch-logs://us-east-1/vpc/flow-logs',
          event_id: `event-${number}`,
          event_at: new Date('2026-11-01T00:00:00.000Z'),
          ingestion_at: new Date('2026-11-01T00:01:30.123Z'),
          line_number: number,
        },
      })),
    );
    expect(sink.counts.nodata).toBe(1);
  });

  test('rejects a message that does not fit the format, and takes the event for seen', async () => {
    const { sink } = await read([event('event-1', '2 10.0.0.5')]);
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      '2 fields found, 14 expected (version account-id interface-id srcaddr ...)',
    ]);
    expect(sink.rows.map(({ table }) => table)).toEqual(['cloudwatch_event']);
    expect(sink.accountedLines()).toBe(1);
  });

  test('rejects what is no event, with the key that is wrong', async () => {
    const { sink, result } = await read([
      'no JSON',
      event('', 'x'),
      event('event-2', 'x', { timestamp: 8.64e15 }),
      '[]',
    ]);
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      'not a JSON object (value "no JSON")',
      'not a CloudWatch Logs event: eventId does not fit (value "")',
      'not a CloudWatch Logs event: timestamp does not fit (value 8640000000000000)',
      'not a JSON object (value is a list)',
    ]);
    expect(sink.rows).toEqual([]);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });
});

test('recognises pulls from CloudWatch Logs, by their URI', () => {
  const head = Buffer.from(event('event-1', 'x'));
  const object = memoryObject('', head.length, { uri: URI });
  expect(cloudWatchFlowLog.recognises(head, object)).toBe(true);
  expect(cloudWatchFlowLog.recognises(head, { ...object, uri: 'file:events.json' })).toBe(false);
});

describe('the last line of a pull', () => {
  const trailer = JSON.stringify({
    pull: {
      logGroup: 'cloudwatch-logs://us-east-1/vpc/flow-logs',
      pulledAt: '2026-11-02T00:00:00.000Z',
      eventCount: 0,
      flowLogs: [
        {
          flowLogId: 'fl-0a1b2c3d',
          logFormat: `\${version} \${start}`,
          resourceId: 'vpc-0a1b2c3d',
          trafficType: 'ALL',
          createdAt: '2026-01-01T00:00:00.000Z',
        },
        { flowLogId: 'fl-0e1f2a3b', logFormat: `\${start}` },
      ],
    },
  });

  test('is a header, and keeps what the flow logs were', async () => {
    const { sink, result } = await read([trailer]);
    expect(result.lineCount).toBe(1);
    expect(sink.counts.header).toBe(1);
    expect(sink.rows.map(({ table, isExtra, row }) => [table, isExtra, row])).toEqual([
      [
        'flow_log_format',
        true,
        {
          log_group: 'cloudwatch-logs://us-east-1/vpc/flow-logs',
          flow_log_id: 'fl-0a1b2c3d',
          resource_id: 'vpc-0a1b2c3d',
          traffic_type: 'ALL',
          log_format: `\${version} \${start}`,
          created_at: new Date('2026-01-01T00:00:00.000Z'),
          seen_at: new Date('2026-11-02T00:00:00.000Z'),
        },
      ],
      ['flow_log_format', true, expect.objectContaining({ flow_log_id: 'fl-0e1f2a3b' })],
    ]);
  });

  test('is all of a pull that brought nothing, even where no format is known', async () => {
    const hints = { fieldsProblem: 'nobody knows' };
    const { sink, result } = await readContent(cloudWatchFlowLog, trailer, { uri: URI, hints });
    expect(result).toEqual({ lineCount: 1 });
    expect(sink.accountedLines()).toBe(1);
  });
});

test('records whose fields nobody knows are refused with their object, and their events not kept', async () => {
  const hints = { fieldsProblem: 'which flow log wrote this record cannot be told' };
  const content = event('event-1', '2 123456789012 eni-0123456789abcdef0');
  const { sink, result } = await readContent(cloudWatchFlowLog, content, { uri: URI, hints });
  expect(result).toEqual({ lineCount: 0, damage: hints.fieldsProblem });
  expect(sink.rows).toEqual([]);
});

const RECORD =
  '2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 50000 443 6 10 840 1793491200 1793491260 ACCEPT OK';
const NODATA = '2 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491200 1793491260 - NODATA';
const hints = { fields: DEFAULT_FORMAT };

/** A document of a subscription with these messages. */
const documentOf = (messages: readonly unknown[], more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: '/vpc/flow-logs',
    logStream: 'eni-0123456789abcdef0-all',
    subscriptionFilters: ['flow-logs'],
    logEvents: messages.map((message, index) => ({
      id: String(index),
      timestamp: 1_793_491_200_000,
      message,
      extractedFields: { action: 'ACCEPT' },
    })),
    ...more,
  });

const control = documentOf(['CWL CONTROL MESSAGE: Checking health of destination Firehose.'], {
  messageType: 'CONTROL_MESSAGE',
  owner: 'CloudwatchLogs',
});

describe('an export to S3', () => {
  const exported = envelopedFlowLog(cloudWatchExport);
  const line = (record: string): string => `2026-11-01T00:00:00.000Z ${record}`;

  test('has a time before each record, which is left out', async () => {
    const content = [line(RECORD), line(NODATA), '', line(''), 'no time', line('2 3')].join('\n');
    const { sink, result } = await readContent(exported, gzipSync(content), { hints });
    expect(result).toEqual({ lineCount: 6, fields: DEFAULT_FORMAT });
    expect(sink.rows.map(({ table, row }) => [table, row.line_number])).toEqual([
      ['flow', 1],
      ['flow_status', 2],
    ]);
    expect(sink.counts).toMatchObject({ nodata: 1, blank: 2 });
    expect(sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason])).toEqual([
      [5, 'the line does not open with the time of its event (value "no time")'],
      [6, '2 fields found, 14 expected (version account-id interface-id srcaddr ...)'],
    ]);
  });

  test('is refused whole, with what to do, where its fields are not declared', async () => {
    const { sink, result } = await readContent(exported, line(RECORD));
    expect(result).toEqual({
      lineCount: 0,
      damage:
        'its records have no header line, so nothing says which fields they have; declare the LogFormat of the flow log as `format` of the source',
    });
    expect(sink.accountedLines()).toBe(0);
  });

  test('is told from events of other kinds by what its lines hold', () => {
    const object = memoryObject('', 0, {});
    const recognises = (text: string): boolean => exported.recognises(Buffer.from(text), object);
    expect(recognises(line(RECORD))).toBe(true);
    expect(recognises(line('{"event_type":"alert"}'))).toBe(false);
    expect(recognises(line('CEF:0|Trend Micro|x'))).toBe(false);
    expect(recognises(RECORD)).toBe(false);
  });
});

describe('a subscription', () => {
  const subscribed = envelopedFlowLog(cloudWatchSubscription);

  test.each([
    ['one after the other', (documents: string[]) => Buffer.from(documents.join(''))],
    ['on lines', (documents: string[]) => Buffer.from(documents.map((d) => `${d}\n`).join(''))],
    ['in one gzip member', (documents: string[]) => gzipSync(documents.join(''))],
    ['in gzip members', (documents: string[]) => Buffer.concat(documents.map((d) => gzipSync(d)))],
  ])('gives each event of its documents, %s', async (_, join) => {
    const content = join([
      control,
      documentOf([RECORD, NODATA]),
      documentOf([]),
      documentOf(['2 3', 4, RECORD]),
      documentOf([], { logEvents: 'none' }),
      documentOf([], { messageType: 'OTHER' }),
    ]);
    const { sink, result } = await readContent(subscribed, content, { hints });
    expect(result).toEqual({ lineCount: 9, fields: DEFAULT_FORMAT });
    expect(sink.accountedLines()).toBe(9);
    expect(sink.rows.map(({ table, row }) => [table, row.line_number])).toEqual([
      ['flow', 2],
      ['flow_status', 3],
      ['flow', 7],
    ]);
    expect(sink.counts).toMatchObject({ header: 1, nodata: 1, blank: 1 });
    expect(sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason])).toEqual([
      [5, '2 fields found, 14 expected (version account-id interface-id srcaddr ...)'],
      [6, 'message of an event is no text (value 4)'],
      [8, 'logEvents is no list (value "none")'],
      [9, 'messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE (value "OTHER")'],
    ]);
    expect(sink.rejects[0]?.bytes.toString()).toBe('2 3');
  });

  test('goes on after a damaged document', async () => {
    const whole = documentOf([RECORD]);
    const content = `${whole}${whole.slice(0, -30)}\n${whole}${whole.slice(0, 50)}`;
    const { sink, result } = await readContent(subscribed, content, { hints });
    expect(sink.rows).toHaveLength(2);
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^not JSON /),
      'the object ends or is damaged within this record',
    ]);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  test('of nothing but health checks needs no fields', async () => {
    const object = memoryObject('', 0, {});
    expect(subscribed.recognises(Buffer.from(control), object)).toBe(true);
    const { sink, result } = await readContent(subscribed, control + control);
    expect([result, sink.counts.header]).toEqual([{ lineCount: 2 }, 2]);
  });

  test('is recognised by a document longer than the head', () => {
    const head = Buffer.from(documentOf(Array(2000).fill(RECORD))).subarray(0, 65_536);
    expect(subscribed.recognises(head, memoryObject('', head.length, {}))).toBe(true);
    const events = Buffer.from(documentOf(['{"event_type":"alert"}']));
    expect(subscribed.recognises(events, memoryObject('', events.length, {}))).toBe(false);
  });

  test('accounts for every event, however the object is damaged', async () => {
    const whole = Buffer.from(
      [control, documentOf([RECORD, NODATA, 'x']), documentOf([])].join(''),
    );
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(flips, fc.boolean(), async (marks, isGzip) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of marks) bytes[at] = byte;
        const content = isGzip ? gzipSync(bytes) : bytes;
        const { sink, result } = await readContent(subscribed, content, { hints });
        expect(sink.accountedLines()).toBe(result.lineCount);
      }),
      { numRuns: 100 },
    );
  });
});

describe('flow logs delivered to Firehose', () => {
  const delivered = envelopedFlowLog(firehose);

  test.each(['', '\n'])('have each record as a message (joined by %j)', async (between) => {
    const documents = [RECORD, NODATA, '', 5].map((message) => JSON.stringify({ message }));
    const content = [...documents, '{"other":1}', 'x'].join(between);
    const { sink, result } = await readContent(delivered, content, { hints });
    expect(result).toEqual({ lineCount: 6, fields: DEFAULT_FORMAT });
    expect(sink.rows.map(({ table, row }) => [table, row.line_number])).toEqual([
      ['flow', 1],
      ['flow_status', 2],
    ]);
    expect(sink.counts).toMatchObject({ nodata: 1, blank: 1 });
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      'message is no text (value 5)',
      'message is no text (no value)',
      'not JSON (value "x")',
    ]);
  });
});
