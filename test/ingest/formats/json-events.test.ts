import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Format } from '../../../src/ingest/format.ts';
import { eventsIn } from '../../../src/ingest/formats/event-envelope.ts';
import {
  headEvents,
  openingText,
  readJsonEvents,
} from '../../../src/ingest/formats/json-events.ts';
import type { JsonObject } from '../../../src/ingest/formats/payload-keys.ts';
import { readContent } from '../../memory-sink.ts';

const json = JSON.stringify;
const isEvent = (event: JsonObject): boolean => typeof event.n === 'number';

/** A format of events `{"n": 1}`, with as many rows as `n` says. */
function formatOf(mayBePrinted: boolean): Format {
  return {
    name: 'numbers',
    kind: 'ips_events',
    recognises: () => true,
    read: (object, sink) =>
      readJsonEvents(object, sink, {
        isEvent,
        mayBePrinted,
        rowsOf({ event, receivedAt }, line_number) {
          const count = typeof event.n === 'number' ? event.n : -1;
          if (count < 0 || count > 100) return `no number (${json(event.n)})`;
          return Array.from({ length: count }, () => ({ line_number, received_at: receivedAt }));
        },
      }),
  };
}

async function read(content: string | Uint8Array, mayBePrinted = false) {
  const { sink, result } = await readContent(formatOf(mayBePrinted), content);
  expect(sink.accountedLines()).toBe(result.lineCount);
  return {
    rows: sink.rows.map(({ row, isExtra }) => `${row.line_number}${isExtra ? '+' : ''}`),
    received: sink.rows.map(({ row }) => row.received_at),
    rejects: sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`),
    counts: sink.counts,
    lineCount: result.lineCount,
  };
}

it('counts a line once, whatever it gives', async () => {
  const found = await read(
    [
      json({ n: 1 }),
      '',
      json([{ n: 2 }, { n: 1 }]),
      json([{ n: 1 }, {}, 7]),
      '[]',
      json({ n: 0 }),
    ].join('\n'),
  );
  expect(found.rows).toEqual(['1', '3', '3+', '3+', '4+']);
  expect(found.rejects).toEqual([
    '4: a part was not read (rows read: 1): not a JSON object (value 7); event 2 of 2: no number (undefined)',
    '5: no event in it',
    '6: no event in it',
  ]);
  expect(found.counts.blank).toBe(1);
});

describe('envelopes', () => {
  const event = json({ n: 1 });
  const ingestionTime = Date.parse('2026-11-18T06:14:02Z');
  const micros = BigInt(ingestionTime) * 1000n;
  const sns = { Type: 'Notification', Message: event, Timestamp: '2026-11-18T06:14:02.000Z' };

  it.each([
    [
      'a pulled event of CloudWatch Logs',
      { eventId: '1', timestamp: 1, ingestionTime, message: event },
      micros,
    ],
    [
      'a subscription message',
      { messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', timestamp: 1, message: event }] },
      undefined,
    ],
    ['a record of Firehose', { message: { n: 1 } }, undefined],
    ['a notification', sns, micros],
    ['a notification in SQS by Lambda', { Records: [{ body: json(sns) }] }, micros],
    ['a notification by Lambda', { Records: [{ Sns: sns }] }, micros],
    ['SQS by the API', { Messages: [{ Body: event }] }, undefined],
    ['EventBridge', { 'detail-type': 'x', time: '2026-11-18T06:14:02Z', detail: { n: 1 } }, micros],
    ['an event with the key of an envelope', { n: 1, message: 'not JSON' }, undefined],
  ])('opens %s', async (_, document, received) => {
    const found = await read(json(document));
    expect(found.rejects).toEqual([]);
    expect(found.rows).toEqual(['1']);
    expect(found.received).toEqual([received]);
    expect(headEvents(Buffer.from(json(document)), isEvent)).toHaveLength(1);
  });

  it('reads exports of CloudWatch Logs, with the time before each message', async () => {
    const found = await read(gzipSync(`2026-11-18T06:13:41.532Z ${event}\n2026-11-18 ${event}\n`));
    expect(found.rows).toEqual(['1']);
    expect(found.rejects).toEqual([`2: not a JSON object (value ${json(`2026-11-18 ${event}`)})`]);
    expect(headEvents(Buffer.from(`2026-11-18T06:13:41.532Z ${event}`), isEvent)).toHaveLength(1);
  });

  it('counts what CloudWatch Logs sends to try a destination as a header', async () => {
    const found = await read(
      json({ messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'CWL CONTROL MESSAGE' }] }),
    );
    expect(found).toMatchObject({ rows: [], rejects: [], counts: { header: 1 } });
  });

  it('rejects what they hold if it is no event, with the value', async () => {
    const found = await read(
      ['{"message":"CEF:0|x"}', '{"message":7}', json({ body: json({ message: '"[' }) })].join(
        '\n',
      ),
    );
    expect(found.rejects).toEqual([
      '1: message is not JSON (value "CEF:0|x")',
      '2: no number (undefined)',
      '3: message is not JSON (value "\\"[")',
    ]);
  });

  it('gives up on envelopes without end', () => {
    let document: unknown = { n: 1 };
    for (let level = 0; level < 20; level += 1) document = { message: document };
    expect(eventsIn(document)).toEqual({
      events: [],
      problems: ['envelopes are nested too deeply'],
    });
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
    expect(eventsIn(deep).problems).toEqual(['envelopes are nested too deeply']);
  });
});

describe('printed documents', () => {
  const printed = JSON.stringify({ Findings: [{ n: 1 }, { n: 2 }, {}] }, null, 2);

  it('are one line, and their events are numbered', async () => {
    const found = await read(printed, true);
    expect(found.rows).toEqual(['1+', '2+', '2+']);
    expect(found.rejects).toEqual([
      '1: a part was not read (rows read: 3): event 3 of 3: no number (undefined)',
    ]);
    expect(found.lineCount).toBe(1);
  });

  it('are one reject if they were cut', async () => {
    const found = await read(printed.slice(0, -5), true);
    expect(found.rows).toEqual([]);
    expect(found.rejects).toHaveLength(1);
    expect(found.lineCount).toBe(1);
  });

  it('are not what lines are after a broken one', async () => {
    const found = await read(`{"n":1,\n${json({ n: 1 })}\n`, true);
    expect(found.rows).toEqual(['2']);
    expect(found.rejects).toEqual(['1: not a JSON object (value "{\\"n\\":1,")']);
  });
});

it('gives the opening of a first line that the head does not hold whole', () => {
  expect(openingText(Buffer.from('\ufeff {"n":1, "a": "bc'))).toBe('{"n":1, "a": "bc');
  expect(openingText(Buffer.from('{"n":1}\n{"n"'))).toBe('');
  expect(openingText(Buffer.from('text {'))).toBe('');
});

it('accounts for any documents in any envelopes', async () => {
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { maxDepth: 4 },
      fc.constant({ n: 1 }),
      fc.constant({ n: 3 }),
      fc.jsonValue(),
      fc.record({ message: tie('document') }),
      fc.record({ message: tie('document').map((value) => json(value)) }),
      fc.array(tie('document'), { maxLength: 3 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { maxLength: 5 }),
      fc.boolean(),
      async (lines, isPrinted) => {
        const text = lines.map((line) => JSON.stringify(line, null, isPrinted ? 1 : 0)).join('\n');
        const { rows, rejects, lineCount } = await read(text, isPrinted);
        expect(
          rows.filter((row) => !row.endsWith('+')).length + rejects.length,
        ).toBeLessThanOrEqual(lineCount);
      },
    ),
    { numRuns: 60 },
  );
});
