/** What is far larger, longer or deeper than it should be costs bounded memory and time, and is told of. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTarget, TARGETS } from '../../scripts/fuzz/targets.ts';
import { parseConfig } from '../../src/config.ts';
import { FlowproofError } from '../../src/errors.ts';
import { describeJson } from '../../src/ingest/formats/describe-json.ts';
import { flowLogText } from '../../src/ingest/formats/flow-log-text.ts';
import { FORMATS } from '../../src/ingest/formats.ts';
import { MAX_LINE_BYTES } from '../../src/ingest/line-splitter.ts';
import { readLines } from '../../src/ingest/lines.ts';
import { readColumnMeanings } from '../../src/reports/column-meanings.ts';
import { readExceptions } from '../../src/reports/exceptions.ts';
import { loadPackDefinition } from '../../src/reports/pack-definition.ts';
import { rowsOf } from '../../src/reports/row-hashes.ts';
import { createMemorySink, memoryObject, readContent } from '../memory-sink.ts';

const MIB = 1024 * 1024;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-sizes-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file of the text, many times over, without holding it in memory. */
function writeRepeated(name: string, piece: string, bytes: number, head = ''): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  const block = Buffer.from(piece.repeat(Math.ceil(MIB / piece.length)));
  writeSync(file, head);
  for (let size = 0; size < bytes; size += block.length) writeSync(file, block);
  closeSync(file);
  return path;
}

/** Runs something and returns the most memory that it took beyond what there was, in MiB. */
async function memoryOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let most = before;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().rss);
  };
  const timer = setInterval(look, 5);
  await run();
  clearInterval(timer);
  look();
  return (most - before) / MIB;
}

/** One of each way of reading: lines, JSON values, envelopes, documents. */
const LONG_LINE_FORMATS: ReadonlySet<string> = new Set([
  'vpc_flow_log_text',
  'cloudwatch_subscription_flow_log',
  'cloudwatch_export_ips_event',
  'deep_security_cef',
  'suricata_eve',
  'deep_security_computers',
  'aws_config',
  'aws_describe_json',
]);

describe('a line of 100 MB without an end', () => {
  test('is cut short by the line reader, and its length is told', async () => {
    const path = writeRepeated('line', 'x', 100 * MIB);
    const lines: { sizeBytes: number; kept: number }[] = [];
    const memory = await memoryOf(() =>
      readLines({ path }, ({ sizeBytes, bytes }) => lines.push({ sizeBytes, kept: bytes.length })),
    );
    expect(lines).toEqual([{ sizeBytes: 100 * MIB, kept: MAX_LINE_BYTES }]);
    expect(memory).toBeLessThan(150);
  });

  test.each(
    FORMATS.filter(({ name }) => LONG_LINE_FORMATS.has(name)).map((format) => ({ ...format })),
  )(
    'is one reject or damage of $name',
    async (format) => {
      const path = writeRepeated(
        'value',
        'x',
        100 * MIB,
        format.name.includes('flow_log') ? '' : '{"a":"',
      );
      const sink = createMemorySink();
      const object = { ...memoryObject(path, 100 * MIB, {}), scratchFolder: folder };
      const began = performance.now();
      const { lineCount, damage } = await format.read(object, sink);
      expect(sink.accountedLines()).toBe(lineCount);
      expect(sink.rejects.length + (damage === undefined ? 0 : 1)).toBeGreaterThan(0);
      expect(sink.rows).toEqual([]);
      expect(performance.now() - began).toBeLessThan(20_000);
    },
    60_000,
  );
});

describe('compressed content', () => {
  test('of a hundred thousand members is read in time', async () => {
    const member = gzipSync('a line\n');
    const { path } = { path: join(folder, 'members.gz') };
    writeFileSync(path, Buffer.concat(Array.from({ length: 100_000 }, () => member)));
    let count = 0;
    const result = await readLines({ path }, () => {
      count += 1;
    });
    expect([count, result]).toEqual([100_000, { lineCount: 100_000 }]);
  });

  test('of empty members has no lines', async () => {
    const path = join(folder, 'empty.gz');
    writeFileSync(path, Buffer.concat(Array.from({ length: 50_000 }, () => gzipSync(''))));
    expect(await readLines({ path }, () => {})).toEqual({ lineCount: 0 });
  });

  test('that expands a thousandfold stops at the limit', async () => {
    const path = join(folder, 'bomb.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(200 * MIB, 'a line\n'), { level: 9 }));
    const memory = await memoryOf(async () => {
      const { damage } = await readLines({ path }, () => {});
      expect(damage).toMatch(/expands to over \d{8} bytes/);
    });
    expect(memory).toBeLessThan(300);
  }, 60_000);
});

const DEEP = 200_000;
const DEEP_TEXTS = [
  `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
  `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`,
  '['.repeat(DEEP),
  `{"Reservations":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`,
  `{"Vpcs":[{"VpcId":"vpc-1","Tags":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}]}`,
  `{"configurationItems":[{"resourceType":"AWS::EC2::VPC","resourceId":"vpc-1","configuration":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}]}`,
  `{"timestamp":"2026-11-20T12:00:00.000000+0000","event_type":"alert","alert":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`,
  `{"computers":[{"hostName":"a","x":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}]}`,
  '- '.repeat(DEEP),
  '? '.repeat(DEEP),
  Array.from({ length: 1_500 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
  `{"Message":${JSON.stringify(`{"Message":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`)}}`,
];

test.each(TARGETS.map((target) => ({ ...target })))(
  'documents nested $name deep, two hundred thousand levels',
  async (target) => {
    for (const text of DEEP_TEXTS) await runTarget(target, Buffer.from(text), folder);
  },
);

describe('a million', () => {
  test('columns in a table of a pack are hashed', () => {
    const line = `${'a,'.repeat(999_999)}a\r\n`;
    const began = performance.now();
    rowsOf('records', Buffer.from(line + line));
    expect(performance.now() - began).toBeLessThan(20_000);
  }, 60_000);

  test('fields in the header of a flow log are one reject', async () => {
    const header = `version ${'srcaddr '.repeat(1_000_000)}dstaddr\n`;
    const { sink, result } = await readContent(flowLogText, `${header}2 a b\n`);
    expect(sink.accountedLines()).toBe(result.lineCount);
    expect(sink.rows).toEqual([]);
    expect(sink.rejects.length).toBeGreaterThan(0);
  });

  test('tokens in a flow record, and unknown fields in a header', async () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `new-field-${index}`).join(' ');
    const { sink, result } = await readContent(
      flowLogText,
      `version interface-id ${names}\n2 eni-1 ${'a '.repeat(50_000)}\n2 ${'a '.repeat(400_000)}\n`,
    );
    expect(sink.accountedLines()).toBe(result.lineCount);
  });
});

test('an inventory that is larger than a document may be is refused with its size', async () => {
  const path = join(folder, 'vpcs.json');
  writeFileSync(path, '{"Vpcs":[');
  truncateSync(path, 513 * MIB);
  const sink = createMemorySink();
  const memory = await memoryOf(async () => {
    const { lineCount, damage } = await describeJson.read(memoryObject(path, 513 * MIB, {}), sink);
    expect(lineCount).toBe(0);
    expect(damage).toBe(`inventory file of ${513 * MIB} bytes is over ${512 * MIB}`);
  });
  expect(sink.rows).toEqual([]);
  expect(memory).toBeLessThan(50);
});

/** Each list stands for nine of the one before: a few lines, and billions of values. */
const ALIASES = Array.from({ length: 12 }, (_, index) =>
  index === 0
    ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
    : `a${index}: &a${index} [${`*a${index - 1}, `.repeat(9)}]`,
).join('\n');

describe('aliases that stand for billions of values are refused', () => {
  const expectRefused = (run: () => unknown): void => {
    const began = performance.now();
    expect(run).toThrow(FlowproofError);
    expect(performance.now() - began).toBeLessThan(2_000);
  };
  const put = (name: string, text: string): string => {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  };

  test('in a configuration', () => expectRefused(() => parseConfig(ALIASES, 'flowproof.yaml')));
  test('in exceptions', () =>
    expectRefused(() => readExceptions(put('e/exceptions.yaml', ALIASES))));
  test('in meanings of columns', () =>
    expectRefused(() => readColumnMeanings(join(put('c/columns.yaml', ALIASES), '..'))));
  test('in a pack', () => {
    put('p/reports/none.sql', '');
    put('p/packs/own.yaml', ALIASES);
    expectRefused(() => loadPackDefinition('own', [join(folder, 'p')]));
  });
});
