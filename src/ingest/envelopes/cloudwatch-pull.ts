/**
 * What `sources/cloudwatch-logs.ts` writes: one event a line as JSON with the record in `message`, and
 * a last line that says what was pulled and which flow logs were known.
 */
import { z } from 'zod';
import { type Envelope, type EnvelopeRecord, PEEKED_MESSAGES, recordProblem } from '../envelope.ts';
import { isJsonObject, shown } from '../formats/payload-keys.ts';
import { readLines } from '../lines.ts';

/** Milliseconds since 1970, up to the last date that every engine can write. */
const time = z.number().int().min(0).max(253_402_300_799_999);

const event = z.object({
  eventId: z.string().min(1),
  timestamp: time,
  ingestionTime: time,
  logStreamName: z.string(),
  message: z.string(),
});

const flowLog = z.object({
  flowLogId: z.string(),
  logFormat: z.string(),
  resourceId: z.string().optional(),
  trafficType: z.string().optional(),
  createdAt: z.iso.datetime().optional(),
});

const trailer = z.object({
  pull: z.object({ pulledAt: z.iso.datetime(), flowLogs: z.array(flowLog) }),
});

export const cloudWatchPull: Envelope = {
  name: 'cloudwatch',
  peek(head, object) {
    if (!object.uri.startsWith('cloudwatch-logs://') || head[0] !== 0x7b) return undefined;
    return head
      .toString('utf8')
      .split('\n', PEEKED_MESSAGES)
      .flatMap((line) => {
        const content = readLine(line, '');
        return content.content.kind === 'message' ? [content.content.message] : [];
      });
  },
  read(object, onRecord, drain) {
    const group = object.uri.split('?', 1)[0] ?? '';
    return readLines(
      object,
      (line) => {
        const { number, bytes, sizeBytes } = line;
        const problem = recordProblem(line);
        const read: Pick<EnvelopeRecord, 'content' | 'rows'> =
          problem === undefined
            ? readLine(bytes.toString('utf8'), group, number)
            : { content: { kind: 'problem', reason: problem } };
        onRecord({ number, bytes, sizeBytes, ...read });
      },
      drain,
    );
  },
};

function readLine(
  text: string,
  group: string,
  number = 0,
): Pick<EnvelopeRecord, 'content' | 'rows'> {
  if (text.trim() === '') return { content: { kind: 'blank' } };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { content: { kind: 'problem', reason: `not a JSON object (${shown(text)})` } };
  }
  const last = trailer.safeParse(value);
  if (last.success) return { content: { kind: 'header' }, rows: rowsOf(last.data, group) };
  const parsed = event.safeParse(value);
  if (!parsed.success) {
    return { content: { kind: 'problem', reason: eventProblem(value, parsed.error.issues) } };
  }
  const row = {
    log_group: group,
    event_id: parsed.data.eventId,
    event_at: new Date(parsed.data.timestamp),
    ingestion_at: new Date(parsed.data.ingestionTime),
    line_number: number,
  };
  return {
    content: { kind: 'message', message: parsed.data.message },
    rows: [{ table: 'cloudwatch_event', row }],
  };
}

/** Which key of an event does not fit, with its value. */
function eventProblem(value: unknown, issues: readonly z.core.$ZodIssue[]): string {
  if (!isJsonObject(value)) return `not a JSON object (${shown(value)})`;
  const key = String(issues[0]?.path[0] ?? '');
  return `not a CloudWatch Logs event: ${key} does not fit (${shown(value[key])})`;
}

function rowsOf(
  { pull }: z.infer<typeof trailer>,
  group: string,
): NonNullable<EnvelopeRecord['rows']> {
  return pull.flowLogs.map((known) => ({
    table: 'flow_log_format',
    row: {
      log_group: group,
      flow_log_id: known.flowLogId,
      resource_id: known.resourceId,
      traffic_type: known.trafficType,
      log_format: known.logFormat,
      created_at: known.createdAt === undefined ? undefined : new Date(known.createdAt),
      seen_at: new Date(pull.pulledAt),
    },
  }));
}
