import { describe, expect, test } from 'vitest';
import { DEFAULT_FORMAT } from '../../../src/flow-log-fields.ts';
import { cloudWatchFlowLog } from '../../../src/ingest/formats/cloudwatch-flow-log.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

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

describe('cloudWatchFlowLog', () => {
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
      'not a JSON object',
      expect.stringMatching(/^not a CloudWatch Logs event: eventId: /),
      expect.stringMatching(/^not a CloudWatch Logs event: timestamp: /),
      expect.stringMatching(/^not a CloudWatch Logs event: /),
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
