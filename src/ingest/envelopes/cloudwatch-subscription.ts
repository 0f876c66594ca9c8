/**
 * What a subscription filter of CloudWatch Logs sends: documents with several events each, as Firehose
 * stores them, one after the other, each in a gzip member of its own or none ("Log group-level
 * subscription filters", Amazon CloudWatch Logs User Guide).
 *
 * A record is an event. A CONTROL_MESSAGE, by which CloudWatch Logs sees whether the destination is
 * there, holds none and counts as a header; a document without events as blank.
 */
import { type Envelope, type EnvelopeRecord, recordProblem } from '../envelope.ts';
import { isJsonObject, shown } from '../formats/payload-keys.ts';
import { parseJson, rejectedBytes } from '../json.ts';
import { createDocumentSplitter } from '../json-documents.ts';
import { readLines } from '../lines.ts';
import { peekTexts } from './peek-texts.ts';

const OPENING = /^\s*\{[^[]{0,4096}?"messageType"\s*:\s*"(?:DATA|CONTROL)_MESSAGE"/;

/** The message of a CONTROL_MESSAGE's one event. */
const CONTROL = /^CWL CONTROL MESSAGE/;

export const cloudWatchSubscription: Envelope = {
  name: 'cloudwatch_subscription',
  peek(head) {
    const text = head.toString('utf8');
    if (!OPENING.test(text.slice(0, 8192))) return undefined;
    return peekTexts(text).filter((message) => !CONTROL.test(message));
  },
  async read(object, onRecord, drain) {
    let number = 0;
    const add = (
      bytes: Buffer,
      content: EnvelopeRecord['content'],
      sizeBytes = bytes.length,
    ): void => {
      number += 1;
      onRecord({ number, bytes, sizeBytes, content });
    };
    const result = await readLines(
      object,
      (document) => {
        const { bytes, sizeBytes } = document;
        const reason = recordProblem(document);
        if (reason === undefined) addDocument(bytes, add);
        else add(bytes, { kind: 'problem', reason }, sizeBytes);
      },
      drain,
      createDocumentSplitter,
    );
    return { ...result, lineCount: number };
  },
};

function addDocument(
  bytes: Buffer,
  add: (bytes: Buffer, content: EnvelopeRecord['content']) => void,
): void {
  const text = bytes.toString('utf8');
  const parsed = parseJson(text);
  const { messageType, logEvents } = isJsonObject(parsed) ? parsed : {};
  if (messageType === 'CONTROL_MESSAGE') {
    add(bytes, { kind: 'header' });
  } else if (messageType !== 'DATA_MESSAGE' || !Array.isArray(logEvents)) {
    add(bytes, { kind: 'problem', reason: problemOf(text, parsed) });
  } else if (logEvents.length === 0) {
    add(bytes, { kind: 'blank' });
  } else {
    for (const event of logEvents as unknown[]) addEvent(event, add);
  }
}

function addEvent(
  event: unknown,
  add: (bytes: Buffer, content: EnvelopeRecord['content']) => void,
): void {
  const message = isJsonObject(event) ? event.message : undefined;
  if (typeof message === 'string') {
    add(Buffer.from(message), { kind: 'message', message });
  } else {
    const reason = `message of an event is no text (${shown(message)})`;
    add(rejectedBytes(event), { kind: 'problem', reason });
  }
}

function problemOf(text: string, parsed: unknown): string {
  if (parsed === undefined) return `not JSON (${shown(text)})`;
  const { messageType, logEvents } = isJsonObject(parsed) ? parsed : {};
  return messageType === 'DATA_MESSAGE'
    ? `logEvents is no list (${shown(logEvents)})`
    : `messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE (${shown(messageType)})`;
}
