/**
 * What a CloudWatch Logs export to S3 holds: each event on a line, after its time, as in
 * `2026-11-01T12:00:00.000Z 2 123456789012 eni-...` ("Exporting log data to Amazon S3", Amazon
 * CloudWatch Logs User Guide).
 */
import { type Envelope, type EnvelopeRecord, PEEKED_MESSAGES, recordProblem } from '../envelope.ts';
import { shown } from '../formats/payload-keys.ts';
import { readLines } from '../lines.ts';

const LINE = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z)(?:[ \t](.*))?$/s;

/** JSON, or syslog with a priority or a time of its own. */
const OWN_OPENING = /^(?:[[{<]|[A-Z][a-z]{2} [ \d]\d |\d{4}-\d{2}-\d{2}T)/;

export const cloudWatchExport: Envelope = {
  name: 'cloudwatch_export',
  peek(head) {
    const lines = head
      .toString('utf8')
      .split('\n', PEEKED_MESSAGES * 5)
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .slice(0, PEEKED_MESSAGES);
    if (!LINE.test(lines[0] ?? '')) return undefined;
    return lines.flatMap((line) => LINE.exec(line)?.[2]?.trim() ?? []);
  },
  isWholeEvent: (message) => OWN_OPENING.test(message),
  read(object, onRecord, drain) {
    return readLines(
      object,
      (line) => {
        const { number, bytes, sizeBytes } = line;
        const reason = recordProblem(line);
        const content: EnvelopeRecord['content'] =
          reason === undefined ? contentOf(bytes.toString('utf8')) : { kind: 'problem', reason };
        onRecord({ number, bytes, sizeBytes, content });
      },
      drain,
    );
  },
};

function contentOf(text: string): EnvelopeRecord['content'] {
  if (text.trim() === '') return { kind: 'blank' };
  const match = LINE.exec(text);
  if (!match || Number.isNaN(Date.parse(match[1] ?? ''))) {
    const reason = `the line does not open with the time of its event (${shown(text)})`;
    return { kind: 'problem', reason };
  }
  const message = match[2] ?? '';
  return message.trim() === '' ? { kind: 'blank' } : { kind: 'message', message };
}
