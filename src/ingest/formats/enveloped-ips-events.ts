/**
 * Events of IPS agents in an envelope of CloudWatch Logs or Firehose: each message is a line of the
 * format that it has without the envelope. The messages are put aside as a file of such lines, and
 * that format reads them; every line keeps its number and is counted once.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Envelope } from '../envelope.ts';
import type { Cell, Format, LocalObject, ReadResult, Sink } from '../format.ts';
import { readContentHead } from '../lines.ts';

/** Messages written at once. */
const WRITE_BYTES = 1024 * 1024;

/** The format of IPS events in an envelope, for messages that one of `formats` recognises. */
export function envelopedIpsEvents(envelope: Envelope, formats: readonly Format[]): Format {
  const formatOf = (messages: readonly string[], object: LocalObject): Format | undefined => {
    const lines = messages.map(lineOf).filter((line) => line.trim() !== '');
    const head = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    return formats.find((format) => format.recognises(head, object));
  };
  return {
    name: `${envelope.name}_ips_event`,
    kind: 'ips_events',
    recognises(head, object) {
      const messages = envelope.peek(head, object);
      if (messages === undefined) return false;
      const [first] = messages;
      if (first === undefined) return true;
      const isWhole = envelope.isWholeEvent?.(first) ?? true;
      return isWhole && formatOf(messages, object) !== undefined;
    },
    async read(object, sink) {
      const messages = envelope.peek(await readContentHead(object.path), object) ?? [];
      // Without a message there is nothing to recognise, and nothing but the envelope to count.
      const format = messages.length === 0 ? undefined : formatOf(messages, object);
      const folder = await mkdtemp(join(object.scratchFolder ?? tmpdir(), 'messages-'));
      try {
        return await readMessages(envelope, format, object, join(folder, 'messages'), sink);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A message within one line. JSON has line ends only between its values, where blanks do as well. */
function lineOf(message: string): string {
  return message.replace(/(?<![\r\n])[\r\n]+$/, '').replaceAll(/\r?\n|\r/g, ' ');
}

async function readMessages(
  envelope: Envelope,
  format: Format | undefined,
  object: LocalObject,
  path: string,
  sink: Sink,
): Promise<ReadResult> {
  /** Numbers of the records without a message, in order: what the lines of the file leave out. */
  const skipped: number[] = [];
  const file = await open(path, 'wx', 0o600);
  let pending: string[] = [];
  let pendingLength = 0;
  let messageCount = 0;
  const flush = async (): Promise<void> => {
    const text = pending.join('');
    pending = [];
    pendingLength = 0;
    await file.appendFile(text);
  };
  let result: ReadResult;
  try {
    result = await envelope.read(
      object,
      ({ number, bytes, sizeBytes, content, rows = [] }) => {
        for (const { table, row } of rows) sink.add(table, row, true);
        if (content.kind === 'message' && format) {
          const line = `${lineOf(content.message)}\n`;
          pending.push(line);
          pendingLength += line.length;
          messageCount += 1;
          return;
        }
        skipped.push(number);
        if (content.kind === 'problem') sink.reject(number, content.reason, bytes, sizeBytes);
        else if (content.kind !== 'message') sink.count(content.kind);
        else
          sink.reject(number, 'no IPS format recognises the messages before it', bytes, sizeBytes);
      },
      async () => {
        if (pendingLength >= WRITE_BYTES) await flush();
        await sink.drain();
      },
    );
    await flush();
  } finally {
    await file.close();
  }
  if (!format) return result;
  const read = await format.read({ ...object, path }, renumbered(sink, skipped));
  // A document over several messages counts as one line to its format: the others hold nothing more,
  // unless the format could not go on. One with several records counts as many.
  const restCount = read.damage === undefined ? Math.max(messageCount - read.lineCount, 0) : 0;
  if (restCount > 0) sink.count('blank', restCount);
  const damage = result.damage ?? read.damage;
  return {
    lineCount: skipped.length + read.lineCount + restCount,
    ...(damage === undefined ? {} : { damage }),
  };
}

/** A sink whose lines are those of the file of messages; their numbers become those of the records. */
function renumbered(sink: Sink, skipped: readonly number[]): Sink {
  let passed = 0;
  let latest = 0;
  const numberOf = (line: number): number => {
    // Formats go through lines in order; should one go back, the search starts anew.
    if (line < latest) passed = 0;
    latest = line;
    while (passed < skipped.length && (skipped[passed] as number) <= line + passed) passed += 1;
    return line + passed;
  };
  return {
    ...sink,
    add(table, row, isExtra) {
      const { line_number } = row as { line_number?: Cell };
      const isNumber = typeof line_number === 'number';
      sink.add(table, isNumber ? { ...row, line_number: numberOf(line_number) } : row, isExtra);
    },
    reject(line, reason, bytes, sizeBytes) {
      sink.reject(numberOf(line), reason, bytes, sizeBytes);
    },
  };
}
