/**
 * What flow logs delivered to Amazon Data Firehose become: a JSON document a record, with the record
 * as its `message`, line by line or without line ends ("Publish flow logs to Amazon Data Firehose",
 * Amazon VPC User Guide).
 */
import { type Envelope, type EnvelopeRecord, recordProblem } from '../envelope.ts';
import { isJsonObject, shown } from '../formats/payload-keys.ts';
import { parseJson } from '../json.ts';
import { createDocumentSplitter } from '../json-documents.ts';
import { readLines } from '../lines.ts';
import { peekTexts } from './peek-texts.ts';

export const firehose: Envelope = {
  name: 'firehose',
  peek(head) {
    const text = head.toString('utf8');
    return /^\s*\{\s*"message"\s*:\s*"/.test(text) ? peekTexts(text) : undefined;
  },
  read(object, onRecord, drain) {
    return readLines(
      object,
      (document) => {
        const { number, bytes, sizeBytes } = document;
        const reason = recordProblem(document);
        const content: EnvelopeRecord['content'] =
          reason === undefined ? contentOf(bytes.toString('utf8')) : { kind: 'problem', reason };
        onRecord({ number, bytes, sizeBytes, content });
      },
      drain,
      createDocumentSplitter,
    );
  },
};

function contentOf(text: string): EnvelopeRecord['content'] {
  const document = parseJson(text);
  if (document === undefined) return { kind: 'problem', reason: `not JSON (${shown(text)})` };
  const message = isJsonObject(document) ? document.message : undefined;
  return typeof message === 'string'
    ? { kind: 'message', message }
    : { kind: 'problem', reason: `message is no text (${shown(message)})` };
}
