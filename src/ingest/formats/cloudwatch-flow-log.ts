/**
 * VPC flow logs pulled from CloudWatch Logs: one JSON object a line, as `sources/cloudwatch-logs.ts`
 * writes them, with the record in `message` and no header anywhere. The format comes from the flow
 * log's own `LogFormat` (hints.fields).
 */
import { z } from 'zod';
import type { Format } from '../format.ts';
import { readLines } from '../lines.ts';
import { addRecord, layoutOf, tokensOf } from './flow-log-record.ts';

/** Milliseconds since 1970, up to the last date that every engine can write. */
const time = z.number().int().min(0).max(253_402_300_799_999);

const event = z.object({
  eventId: z.string().min(1),
  timestamp: time,
  ingestionTime: time,
  logStreamName: z.string(),
  message: z.string(),
});

export const cloudWatchFlowLog: Format = {
  name: 'cloudwatch_flow_log',
  kind: 'flow_logs',
  recognises(head, object) {
    return object.uri.startsWith('cloudwatch-logs://') && head.toString('latin1', 0, 1) === '{';
  },
  async read(object, sink) {
    const fields = object.hints.fields ?? [];
    const layout = layoutOf(fields);
    const group = object.uri.replace(/[?].*$/, '');
    const result = await readLines(
      object.path,
      (line) => {
        const parsed = parseEvent(line.bytes.toString('utf8'));
        if (typeof parsed === 'string') return sink.reject(line.number, parsed, line.bytes);
        sink.add(
          'cloudwatch_event',
          {
            log_group: group,
            event_id: parsed.eventId,
            event_at: new Date(parsed.timestamp),
            ingestion_at: new Date(parsed.ingestionTime),
            line_number: line.number,
          },
          true,
        );
        const reason = addRecord(layout, tokensOf(parsed.message), line.number, sink);
        if (reason !== undefined) sink.reject(line.number, reason, line.bytes);
      },
      sink.drain,
    );
    return { ...result, fields };
  },
};

function parseEvent(text: string): z.infer<typeof event> | string {
  try {
    const parsed = event.safeParse(JSON.parse(text));
    return parsed.success
      ? parsed.data
      : `not a CloudWatch Logs event: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`;
  } catch {
    return 'not a JSON object';
  }
}
