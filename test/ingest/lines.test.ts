import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_LINE_BYTES } from '../../src/ingest/line-splitter.ts';
import { readContentHead, readLines } from '../../src/ingest/lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowproof-lines-'));
let fileNumber = 0;

function write(bytes: Uint8Array): string {
  fileNumber += 1;
  const path = join(folder, `object-${fileNumber}`);
  writeFileSync(path, bytes);
  return path;
}

async function collect(bytes: Uint8Array, maxExpansion?: number) {
  const lines: { number: number; text: string; isCut: boolean; sizeBytes: number }[] = [];
  const result = await readLines(
    { path: write(bytes), hints: maxExpansion === undefined ? {} : { maxExpansion } },
    (line) => {
      lines.push({
        number: line.number,
        text: line.bytes.toString('latin1'),
        isCut: line.isCut,
        sizeBytes: line.sizeBytes,
      });
    },
  );
  return { lines, ...result };
}

describe('readLines', () => {
  test('gives the lines of plain and of gzip content alike, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string().map((text) => text.replace(/[\n\r]/g, '')),
          { minLength: 1 },
        ),
        fc.boolean(),
        async (texts, hasLastEnd) => {
          const body = Buffer.from(`${texts.join('\n')}${hasLastEnd ? '\n' : ''}`);
          const expected = body.toString('latin1').split('\n');
          if (expected.at(-1) === '') expected.pop();
          for (const bytes of [body, gzipSync(body)]) {
            const { lines, lineCount, damage } = await collect(bytes);
            expect(lines.map((line) => line.text)).toEqual(expected);
            expect(lineCount).toBe(expected.length);
            expect(damage).toBeUndefined();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('takes CRLF for a line end', async () => {
    const { lines } = await collect(Buffer.from('one\r\ntwo\r\n'));
    expect(lines.map((line) => line.text)).toEqual(['one', 'two']);
  });

  test('delivers what stands before the cut of a gzip file, and marks the fragment', async () => {
    const texts = Array.from(
      { length: 2000 },
      (_, index) => `${index} ${randomBytes(12).toString('hex')}`,
    );
    const whole = gzipSync(Buffer.from(`${texts.join('\n')}\n`));
    const { lines, damage } = await collect(whole.subarray(0, Math.floor(whole.length / 2)));
    expect(damage).toMatch(/^gzip: /);
    expect(lines.length).toBeGreaterThan(800);
    expect(lines.length).toBeLessThan(1200);
    const complete = lines.filter((line) => !line.isCut);
    expect(complete.map((line) => line.text)).toEqual(texts.slice(0, complete.length));
    expect(lines.map((line) => line.number)).toEqual(lines.map((_, index) => index + 1));
    expect(lines.filter((line) => line.isCut).length).toBeLessThanOrEqual(1);
  });

  test('says so when the checksum of a gzip file is wrong, and keeps its lines', async () => {
    const bytes = gzipSync(Buffer.from('one\ntwo\n'));
    bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 0xff;
    const { lines, damage } = await collect(bytes);
    expect(damage).toMatch(/incorrect data check/);
    expect(lines.map((line) => line.text)).toEqual(['one', 'two']);
  });

  test('reads several gzip members one after the other', async () => {
    const { lines } = await collect(Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]));
    expect(lines.map((line) => line.text)).toEqual(['one', 'two']);
  });

  test('keeps the start of a line that is too long, and its full size', async () => {
    const long = 'x'.repeat(MAX_LINE_BYTES * 3);
    const { lines } = await collect(Buffer.from(`a\n${long}\nb`));
    expect(lines.map((line) => line.sizeBytes)).toEqual([1, long.length, 1]);
    expect(lines[1]?.text.length).toBe(MAX_LINE_BYTES);
  });

  test('stops a gzip bomb at the given ratio, says so, and goes on for a higher one', async () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from('one\n'), Buffer.alloc(80 * 1024 * 1024)]));
    const { damage, lines } = await collect(bomb);
    expect(damage).toBe(
      `gzip: expands to over ${64 * 1024 * 1024} bytes, more than 250 times its ${bomb.length}; stopped there (limits.max_expansion in the config allows more)`,
    );
    expect(lines.map(({ isCut }) => isCut)).toEqual([false, true]);
    expect(lines[1]?.sizeBytes).toBeGreaterThan(63 * 1024 * 1024);
    expect(lines[1]?.sizeBytes).toBeLessThanOrEqual(64 * 1024 * 1024);
    const all = await collect(bomb, 1200);
    expect(all.damage).toBeUndefined();
    expect(all.lines[1]?.sizeBytes).toBe(80 * 1024 * 1024);
  });

  test('takes zeros after gzip content for padding, and says so of anything behind them', async () => {
    const padding = Buffer.alloc(100_000);
    const padded = Buffer.concat([gzipSync('one\n'), gzipSync('two\n'), padding]);
    const { lines, damage } = await collect(padded);
    expect(lines.map((line) => line.text)).toEqual(['one', 'two']);
    expect(damage).toBeUndefined();
    const more = await collect(Buffer.concat([padded, gzipSync('three\n')]));
    expect(more.lines.map((line) => line.text)).toEqual(['one', 'two']);
    expect(more.damage).toMatch(/^gzip: data after the padding at byte 48 was not read/);
  });

  test('says so of other bytes after gzip content, and keeps its lines', async () => {
    const { lines, damage } = await collect(
      Buffer.concat([gzipSync('one\n'), Buffer.from('two\n')]),
    );
    expect(lines.map((line) => line.text)).toEqual(['one']);
    expect(damage).toMatch(/^gzip: incorrect header check/);
  });

  test('never throws for bytes of any kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const { lines, lineCount } = await collect(
          Buffer.concat([Buffer.from([0x1f, 0x8b]), bytes]),
        );
        expect(lineCount).toBe(lines.length);
      }),
      { numRuns: 100 },
    );
  });
});

test('readContentHead gives the start of the content, also of a cut gzip file', async () => {
  expect((await readContentHead(write(Buffer.from('plain')))).toString()).toBe('plain');
  const bytes = gzipSync(Buffer.from(randomBytes(4000).toString('hex')));
  const head = await readContentHead(write(bytes.subarray(0, 1000)), 100);
  expect(head.length).toBe(100);
});
