import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonSplitter } from '../../src/ingest/json-splitter.ts';
import { jsonValuesIn, readJsonValues } from '../../src/ingest/json-values.ts';

type Found = { line: number; text: string; value: unknown; isPrinted: boolean; isCut: boolean };

async function read(content: string | Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), 'flowproof-json-'));
  try {
    const path = join(folder, 'object');
    await writeFile(path, content);
    const records: Found[] = [];
    let blankCount = 0;
    const result = await readJsonValues(
      { path: path },
      {
        onRecord({ lineNumber: line, bytes, value, isPrinted, isCut }) {
          records.push({ line, text: bytes.toString(), value, isPrinted, isCut });
        },
        onBlankLine() {
          blankCount += 1;
        },
      },
    );
    return { records, blankCount, result };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const values = (text: string): unknown[] => jsonValuesIn(text).values;

describe('arrangements', () => {
  it.each([
    ['one a line', '{"a":1}\n{"a":2}\n'],
    ['one after the other', '{"a":1}{"a":2}'],
    ['several a line', '{"a":1} {"a":2}\n'],
    ['lists', '[{"a":1}][{"a":2}]'],
    ['printed', '{\n  "a": 1\n}\n{\n  "a": 2\n}\n'],
    ['printed without spaces at the end of one', '{\n"a":1}{"a":2}'],
    ['with brackets and quotes in texts', '{"a":"}{\\"]["}{"a":2}'],
    ['with a byte order mark and CRLF', '\ufeff{"a":1}\r\n{"a":2}\r\n'],
  ])('%s', (_, text) => {
    expect(values(text)).toHaveLength(2);
    expect(jsonValuesIn(text).broken).toEqual([]);
  });

  it('knows the line in which each starts, and blank lines outside of values', async () => {
    const { records, blankCount, result } = await read('{"a":1}{"a":2}\n\n \t\n{\n\n"a":3}\n[4]\n');
    expect(records.map(({ line, isPrinted }) => [line, isPrinted])).toEqual([
      [1, false],
      [1, false],
      [4, true],
      [7, false],
    ]);
    expect(blankCount).toBe(2);
    expect(result).toEqual({ lineCount: 6 });
  });
});

describe('what is broken', () => {
  it.each([
    ['a cut line, in a text', '{"a":"x\n{"a":2}\n', ['{"a":"x'], 1],
    ['a cut line, between keys', '{"a":1,\n{"a":2}\n{"a":3}\n', ['{"a":1,'], 2],
    ['words', 'no event\n{"a":2}', ['no event'], 1],
    ['words after a value', '{"a":1}x{"a":2}', ['x{"a":2}'], 1],
    ['a value that is none', '{a}\n{"a":2}', ['{a}'], 1],
    ['one that was cut, and the next at once', '{"a":"x{"a":2}{"a":3}', ['{"a":"x{"a":2}'], 1],
    ['a lost quote', '{"a":x"}{"a":2}{"a":3}\n{"a":4}', ['{"a":x"}'], 3],
    ['a lost bracket', '{"a":{"b":1}{"a":2}\n{"a":3}', ['{"a":{"b":1}'], 2],
    [
      'a printed document that was cut',
      '[\n {"a":1},\n {"a":2},\n {"a"',
      ['[\n {"a":1},\n {"a":2},\n {"a"'],
      0,
    ],
  ])('%s', (_, text, broken, count) => {
    const found = jsonValuesIn(text);
    expect(found.broken).toEqual(broken);
    expect(found.values).toHaveLength(count);
  });

  it('says what damage cut, and delivers what came before it once', async () => {
    const text = Array.from({ length: 3000 }, (_, index) => `{"a":${index * 7919}}`).join('');
    const whole = gzipSync(text);
    const { records, result } = await read(whole.subarray(0, whole.length - 60));
    expect(result.damage).toContain('gzip');
    expect(records.length).toBe(result.lineCount);
    expect(records.length).toBeGreaterThan(1000);
    const last = records.at(-1);
    expect(last?.isCut === true || last?.value !== undefined).toBe(true);
    expect(records.slice(0, -1).map(({ value }) => value)).toEqual(
      records.slice(0, -1).map((_, index) => ({ a: index * 7919 })),
    );
  });

  it('takes no longer than reading for what an attacker could write', () => {
    const started = performance.now();
    for (const piece of ['[\n', '{"a":\n', '}{"', '{"}{', ']{"a":[', '{}x{}{"']) {
      const { values: found, broken } = jsonValuesIn(piece.repeat(200_000));
      expect(found.length + broken.length).toBeGreaterThan(0);
    }
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

const document = fc.oneof(
  fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
  fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }),
);

it('finds every document that was written, however they stand', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(document, fc.constantFrom(undefined, 1), fc.constantFrom('', '\n', ' ', '\r\n\n')),
      ),
      (parts) => {
        const text = parts
          .map(([value, indent, end]) => JSON.stringify(value, null, indent) + end)
          .join('');
        expect(jsonValuesIn(text)).toEqual({
          values: parts.map(([value]) => JSON.parse(JSON.stringify(value))),
          broken: [],
        });
      },
    ),
  );
});

it('gives the same records whatever the chunks, and loses no byte but blanks', async () => {
  const piece = fc.constantFrom(
    ...['{', '}', '[', ']', '"', '\\', '\n', ',', ':', ' ', 'x', '{"a":1}', '{"b":"}{"}'],
  );
  const cut = (text: string, size: number): Omit<Found, 'isCut'>[] => {
    const found: Omit<Found, 'isCut'>[] = [];
    const splitter = createJsonSplitter({
      onRecord({ lineNumber: line, bytes, value, isPrinted }) {
        found.push({ line, text: bytes.toString(), value, isPrinted });
      },
      onBlankLine() {},
    });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
    splitter.finish(false);
    return found;
  };
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (parts, size) => {
        const text = parts.join('');
        const found = cut(text, text.length + 1);
        expect(cut(text, size)).toEqual(found);
        const bare = (kept: string): string => kept.replace(/[\s,]/g, '');
        expect(bare(found.map((record) => record.text).join(''))).toBe(bare(text));
      },
    ),
    { numRuns: 300 },
  );
});
