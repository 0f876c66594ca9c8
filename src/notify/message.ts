/**
 * An event as plain text. What comes from logs, names and answers cannot drive a terminal, begin a
 * header, or pass for a line of its own: hidden characters are shown, and long lines cut.
 */
import { visibleText } from '../text-table.ts';
import { TOOL_VERSION } from '../version.ts';
import type { NotifiedEvent } from './events.ts';

export type Message = {
  id: string;
  kind: NotifiedEvent['kind'];
  at: string;
  /** One line of printable ASCII, at most 100 characters: what SNS takes as a subject. */
  subject: string;
  /** Lines end with a line feed. */
  text: string;
};

const MAX_SUBJECT = 100;
const MAX_LINE = 500;
/** SNS takes 262,144 bytes; a text is far below. */
const MAX_TEXT = 32_000;

/** `owner` says whose lake it is: the organization and the place of the configuration. */
export function messageOfEvent(event: NotifiedEvent, owner: string): Message {
  const { command, run_id: runId, exit_code: code } = event.run;
  const lines = [
    `flowproof: ${event.title}`,
    '',
    ...event.lines.flatMap((line) => line.split('\n')),
    '',
    `Of       ${owner}`,
    `Found    ${event.at}`,
    `By       flowproof ${command}, version ${TOOL_VERSION}, run ${runId ?? '(had not begun)'}, exit code ${code}`,
    'flowproof supplies evidence; the assessor decides.',
  ];
  const text = lines.map((line) => cut(visibleText(line), MAX_LINE)).join('\n');
  return {
    id: event.id,
    kind: event.kind,
    at: event.at,
    subject: cut(
      visibleText(`flowproof: ${event.title}`).replace(/[^\x20-\x7e]/g, '?'),
      MAX_SUBJECT,
      '...',
    ),
    text: `${cut(text, MAX_TEXT)}\n`,
  };
}

function cut(text: string, length: number, mark = '…'): string {
  return text.length <= length ? text : `${text.slice(0, length - mark.length)}${mark}`;
}
