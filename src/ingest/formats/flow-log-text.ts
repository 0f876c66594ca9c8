/**
 * VPC flow logs as text: what S3 delivers (a header line first, gzip), and the same lines without a
 * header where the configuration declares the format.
 *
 * A header line anywhere sets the layout for the lines after it: files get concatenated. Lines before
 * any header and without a declared format are rejected, never read by position.
 */
import type { Format, LocalObject, ReadAhead, ReadResult, Sink } from '../format.ts';
import { type Line, MAX_LINE_BYTES } from '../line-splitter.ts';
import { type LinesResult, readLines } from '../lines.ts';
import { addRecord, isHeader, layoutOf, type RecordLayout, tokensOf } from './flow-log-record.ts';

export const flowLogText: Format = {
  name: 'vpc_flow_log_text',
  kind: 'flow_logs',
  recognises(head, object) {
    const first = head
      .toString('latin1')
      .split('\n', 50)
      .map((line) => line.trim())
      .find((line) => line !== '');
    if (first === undefined) return head.length === 0 && object.hints.fields !== undefined;
    const tokens = tokensOf(first);
    if (isHeader(tokens)) return true;
    if (first.startsWith('{')) return false;
    return object.hints.fields !== undefined && tokens.length === object.hints.fields.length;
  },
  isReadAhead: true,
  read: readFlowLogText,
};

async function readFlowLogText(
  object: LocalObject,
  sink: Sink,
  ahead?: ReadAhead,
): Promise<ReadResult> {
  let layout = object.hints.fields ? layoutOf(object.hints.fields) : undefined;
  if (ahead) {
    const layouts = ahead.layouts.map(layoutOf);
    sink.countAhead(ahead);
    for (const { lineNumber, bytes, layout: index } of ahead.undecided) {
      const line = asLine(lineNumber, bytes);
      readLine(line, layouts[index], sink);
    }
    await sink.drain();
    layout = layouts.at(-1) ?? layout;
    if (ahead.isWhole) return resultOf({ lineCount: ahead.lineCount }, layout);
  }
  const taken = ahead?.lineCount ?? 0;
  const result = await readLines(
    object,
    (line) => {
      if (line.number > taken) layout = readLine(line, layout, sink);
    },
    sink.drain,
  );
  return resultOf(result, layout);
}

function asLine(number: number, bytes: Uint8Array): Line {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    number,
    bytes: whole.subarray(0, MAX_LINE_BYTES),
    sizeBytes: bytes.length,
    isCut: false,
  };
}

function resultOf(result: LinesResult, layout: RecordLayout | undefined): ReadResult {
  return { ...result, ...(layout ? { fields: layout.names } : {}) };
}

/** Reads one line and returns the layout that holds after it. */
function readLine(
  line: Line,
  layout: RecordLayout | undefined,
  sink: Sink,
): RecordLayout | undefined {
  const reject = (reason: string): void =>
    sink.reject(line.number, reason, line.bytes, line.sizeBytes);
  if (line.isCut) {
    reject('the object ends or is damaged within this line');
    return layout;
  }
  if (line.sizeBytes > line.bytes.length) {
    reject(`line of ${line.sizeBytes} bytes is too long for a flow log record`);
    return layout;
  }
  const text = line.bytes.toString('latin1');
  const tokens = tokensOf(text);
  if (tokens.length === 0) {
    sink.count('blank');
    return layout;
  }
  if (isHeader(tokens)) {
    sink.count('header');
    return layoutOf(tokens);
  }
  if (layout === undefined) {
    reject('no header line stands before this record, and no format is declared for the source');
    return layout;
  }
  const reason = addRecord(layout, tokens, line.number, sink);
  if (reason !== undefined) reject(reason);
  return layout;
}
