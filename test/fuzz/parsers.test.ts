/**
 * Every parser, on any bytes: it throws nothing but what it may, accounts for every line, and takes no
 * longer than its input is long. FUZZ_RUNS draws more inputs for each; `npm run fuzz` looks for those
 * that reach new code, and what it kept in `test/corpus/` is run again here.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mutate, randomOf } from '../../scripts/fuzz/mutate.ts';
import { fuzzFolder, runTarget, TARGETS, type Target } from '../../scripts/fuzz/targets.ts';
import { type Database, openDatabase } from '../../src/database.ts';
import { flowLogParquet } from '../../src/ingest/formats/flow-log-parquet.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { DAMAGE_SAMPLES } from '../ingest/damage-samples.ts';
import { readContent } from '../memory-sink.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 40);

const CORPUS = join(PACKAGE_ROOT, 'test', 'corpus');

let folder = '';

beforeAll(() => {
  folder = fuzzFolder();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function corpusOf({ name }: Target): { name: string; bytes: Buffer }[] {
  const path = join(CORPUS, name);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .sort()
    .map((file) => ({ name: file, bytes: readFileSync(join(path, file)) }));
}

test('every parser has inputs to start from, and no folder is of none', () => {
  expect(TARGETS.filter((target) => corpusOf(target).length === 0).map(({ name }) => name)).toEqual(
    [],
  );
  const names = new Set(TARGETS.map(({ name }) => name));
  expect(readdirSync(CORPUS).filter((name) => !names.has(name))).toEqual([]);
});

describe.each(TARGETS.map((target) => ({ ...target })))('$name', (target) => {
  test('reads again what was kept', async () => {
    for (const { name, bytes } of corpusOf(target)) {
      await runTarget(target, bytes, folder).catch((thrown: unknown) => {
        throw new Error(`${target.name}/${name}: ${String(thrown)}`, { cause: thrown });
      });
    }
  });

  test('reads any bytes', async () => {
    const inputs = corpusOf(target).map(({ bytes }) => bytes);
    const drawn = fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .nat()
          .map((seed) =>
            mutate(inputs[seed % inputs.length] ?? Buffer.alloc(0), inputs, randomOf(seed)),
          ),
      },
      {
        weight: 2,
        arbitrary: fc.string({ unit: 'binary', maxLength: 400 }).map((text) => Buffer.from(text)),
      },
      { weight: 1, arbitrary: fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
    );
    await fc.assert(
      fc.asyncProperty(drawn, (bytes) => runTarget(target, bytes, folder)),
      { numRuns: RUNS },
    );
  });
});

describe('flow logs in Parquet', () => {
  let database: Database;
  let whole: Buffer;

  beforeAll(async () => {
    database = await openDatabase();
    whole =
      (await DAMAGE_SAMPLES.vpc_flow_log_parquet?.content(database, folder)) ?? Buffer.alloc(0);
  });

  afterAll(() => database.close());

  const read = async (bytes: Buffer) => {
    const { sink, result } = await readContent(flowLogParquet, bytes, {
      connection: database.connection,
    });
    expect(sink.accountedLines()).toBe(result.lineCount);
    return result;
  };

  test('are read where they are sound', async () => {
    expect(await read(whole)).toMatchObject({ lineCount: 12 });
  });

  test('say what is wrong where the description at the end lies', async () => {
    // Thrift in the footer: names, types, counts, offsets and sizes of all that is in the file.
    const footerLength = whole.readUInt32LE(whole.length - 8);
    const footerAt = whole.length - 8 - footerLength;
    let damagedCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) bytes[footerAt + (at % (footerLength + 4))] = byte;
          const began = performance.now();
          const { damage } = await read(bytes);
          if (damage !== undefined) damagedCount += 1;
          expect(performance.now() - began).toBeLessThan(5_000);
        },
      ),
      { numRuns: RUNS * 4 },
    );
    expect(damagedCount).toBeGreaterThan(RUNS / 2);
  }, 120_000);

  test.each([0, 1, 0x7fffffff, 0xffffffff])(
    'a footer that claims to have %i bytes',
    async (length) => {
      const bytes = Buffer.from(whole);
      bytes.writeUInt32LE(length, bytes.length - 8);
      expect((await read(bytes)).damage).toBeDefined();
    },
  );
});
