/**
 * Flow log records in an envelope of CloudWatch Logs or Firehose. None has a header: the fields are
 * those of the flow log, or those that the configuration declares.
 */
import type { Envelope } from '../envelope.ts';
import type { Format } from '../format.ts';
import { readContentHead } from '../lines.ts';
import { addRecord, layoutOf, tokensOf } from './flow-log-record.ts';

const UNDECLARED =
  'its records have no header line, so nothing says which fields they have; declare the LogFormat ' +
  'of the flow log as `format` of the source';

/** The format of flow logs in an envelope; it keeps the rows that the envelope gives. */
export function envelopedFlowLog(envelope: Envelope): Format {
  return {
    name: `${envelope.name}_flow_log`,
    kind: 'flow_logs',
    recognises(head, object) {
      const messages = envelope.peek(head, object);
      return messages?.every(isRecord) ?? false;
    },
    async read(object, sink) {
      const { fields, fieldsProblem = UNDECLARED } = object.hints;
      if (fields === undefined) {
        // Refused whole, it is tried again once the configuration says more; its lines would not be.
        const messages = envelope.peek(await readContentHead(object.path), object) ?? [];
        if (messages.length > 0) return { lineCount: 0, damage: fieldsProblem };
      }
      const layout = fields && layoutOf(fields);
      const result = await envelope.read(
        object,
        ({ number, bytes, sizeBytes, content, rows = [] }) => {
          for (const { table, row } of rows) sink.add(table, row, true);
          if (content.kind === 'problem') {
            sink.reject(number, content.reason, bytes, sizeBytes);
          } else if (content.kind !== 'message') {
            sink.count(content.kind);
          } else {
            const tokens = tokensOf(content.message.trim());
            if (tokens.length === 0) return sink.count('blank');
            const reason = layout ? addRecord(layout, tokens, number, sink) : fieldsProblem;
            if (reason !== undefined) sink.reject(number, reason, bytes, sizeBytes);
          }
        },
        sink.drain,
      );
      return { ...result, ...(fields ? { fields } : {}) };
    },
  };
}

/** True for what may be a record: words with blanks between them, and nothing of a JSON or CEF event. */
function isRecord(message: string): boolean {
  return !/[{|=]/.test(message);
}
