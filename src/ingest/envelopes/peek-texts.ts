/** The first messages in the start of JSON documents, which may be longer than that start. */
import { PEEKED_MESSAGES } from '../envelope.ts';

const MESSAGE = /"message"\s*:\s*("(?:[^"\\\n]|\\.)*")/g;

export function peekTexts(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(MESSAGE)) {
    if (found.length === PEEKED_MESSAGES) break;
    try {
      found.push(JSON.parse(match[1] ?? '') as string);
    } catch {
      // An escape that JSON does not have: the document will be rejected when it is read.
    }
  }
  return found;
}
