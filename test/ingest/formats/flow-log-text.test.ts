import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DEFAULT_FORMAT } from '../../../src/flow-log-fields.ts';
import { flowLogText } from '../../../src/ingest/formats/flow-log-text.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const HEADER = DEFAULT_FORMAT.join(' ');

function record(port: number, status = 'OK'): string {
  return `2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 ${port} 443 6 10 840 1793491200 1793491260 ACCEPT ${status}`;
}

describe('flowLogText', () => {
  test('reads plain and gzip content alike, and accounts for each line', async () => {
    const lines = [
      HEADER,
      record(1),
      '',
      record(2, 'NODATA'),
      '2 too short',
      record(3, 'SKIPDATA'),
    ];
    for (const bytes of [Buffer.from(lines.join('\n')), gzipSync(`${lines.join('\r\n')}\r\n`)]) {
      const { sink, result } = await readContent(flowLogText, bytes);
      expect(result).toEqual({ lineCount: 6, fields: DEFAULT_FORMAT });
      expect(sink.accountedLines()).toBe(6);
      expect(sink.counts).toEqual({ nodata: 1, skipdata: 1, header: 1, blank: 1 });
      expect(sink.rows.map(({ table, row }) => [table, row.line_number])).toEqual([
        ['flow', 2],
        ['flow_status', 4],
        ['flow_status', 6],
      ]);
      expect(sink.rejects.map(({ lineNumber, bytes }) => [lineNumber, bytes.toString()])).toEqual([
        [5, '2 too short'],
      ]);
    }
  });

  test('takes a header midway for the layout of the lines after it', async () => {
    const { sink, result } = await readContent(
      flowLogText,
      [
        'srcaddr dstaddr',
        '10.0.0.1 10.0.0.2',
        'srcaddr dstaddr',
        '10.0.0.3 10.0.0.4',
        'dstport dstaddr srcaddr',
        '443 10.0.0.5 10.0.0.6',
        '10.0.0.7 10.0.0.8',
      ].join('\n'),
    );
    expect(sink.rows.map(({ row }) => [row.srcaddr, row.dstaddr, row.dstport])).toEqual([
      ['10.0.0.1', '10.0.0.2', undefined],
      ['10.0.0.3', '10.0.0.4', undefined],
      ['10.0.0.6', '10.0.0.5', 443],
    ]);
    expect(sink.counts.header).toBe(3);
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      '2 fields found, 3 expected (dstport dstaddr srcaddr ...)',
    ]);
    expect(result.fields).toEqual(['dstport', 'dstaddr', 'srcaddr']);
  });

  test('rejects records before a header, unless a format is declared', async () => {
    const text = `${record(1)}\n${HEADER}\n${record(2)}\n`;
    const without = await readContent(flowLogText, text);
    expect(without.sink.rows.map(({ row }) => row.srcport)).toEqual([2]);
    expect(without.sink.rejects[0]).toMatchObject({ lineNumber: 1 });
    expect(without.sink.rejects[0]?.reason).toContain('no header line stands before');
    const declared = await readContent(flowLogText, text, { hints: { fields: DEFAULT_FORMAT } });
    expect(declared.sink.rows.map(({ row }) => row.srcport)).toEqual([1, 2]);
  });

  test('rejects the fragment that damage leaves, and says what the damage is', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => record((index * 7919) % 65_536));
    const whole = gzipSync([HEADER, ...lines].join('\n'));
    const { sink, result } = await readContent(flowLogText, whole.subarray(0, whole.length / 2));
    expect(result.damage).toMatch(/^gzip: /);
    expect(result.lineCount).toBeGreaterThan(500);
    expect(sink.accountedLines()).toBe(result.lineCount);
    expect(sink.rejects.length).toBeLessThanOrEqual(1);
    for (const { reason } of sink.rejects) expect(reason).toContain('damaged within this line');
  });

  test('rejects a line that is too long, whatever it holds', async () => {
    const { sink } = await readContent(
      flowLogText,
      `${HEADER}\n${'x '.repeat(600_000)}\n${record(1)}`,
    );
    expect(sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason])).toEqual([
      [2, 'line of 1200000 bytes is too long for a flow log record'],
    ]);
    expect(sink.rows).toHaveLength(1);
  });
});

describe('flowLogText.recognises', () => {
  const recognises = (text: string, fields?: readonly string[]): boolean =>
    flowLogText.recognises(
      Buffer.from(text),
      memoryObject('', text.length, { hints: fields ? { fields } : {} }),
    );

  test('a header, also after blank lines and cut off', () => {
    expect(recognises(`${HEADER}\n`)).toBe(true);
    expect(recognises(`\r\n\n${HEADER}\r\n${record(1)}`)).toBe(true);
  });

  test('records without a header only if a format of as many fields is declared', () => {
    expect(recognises(record(1))).toBe(false);
    expect(recognises(record(1), DEFAULT_FORMAT)).toBe(true);
    expect(recognises(record(1), DEFAULT_FORMAT.slice(1))).toBe(false);
  });

  test('no other content', () => {
    expect(recognises('{"Records": []}')).toBe(false);
    expect(recognises('PAR1')).toBe(false);
    expect(recognises('')).toBe(false);
    expect(recognises('', DEFAULT_FORMAT)).toBe(true);
  });
});
