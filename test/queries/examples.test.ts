import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvCell } from '../../src/query/output.ts';
import { listOf, readLayer } from '../../src/query-file.ts';
import { plainText } from '../../src/value-text.ts';
import { openSampleLake, type SampleLake } from '../sample-lake.ts';

const EXAMPLES = readLayer('examples');
const GOLDEN = join(import.meta.dirname, 'examples');

/** Values that the samples have something to say of. */
const PARAMETERS: Readonly<Record<string, string>> = {
  address: '203.0.113.224',
  day: '2026-11-02',
};

let sample: SampleLake;

beforeAll(async () => {
  sample = await openSampleLake();
}, 240_000);

afterAll(() => sample?.close());

test('each example has its result beside the tests, and no other is there', () => {
  expect(readdirSync(GOLDEN).sort()).toEqual(EXAMPLES.map(({ name }) => `${name}.csv`));
});

test.each(EXAMPLES.map((file) => [file.name, file] as const))('%s', async (name, file) => {
  const names = listOf(file.header.parameters);
  const values = Object.fromEntries(names.map((one) => [one, PARAMETERS[one] ?? '']));
  const reader = await sample.database.connection.runAndReadAll(
    file.text,
    ...(names.length > 0 ? [values] : []),
  );
  const columns = reader.columnNames();
  const lines = [
    columns,
    ...reader.getRows().map((row) =>
      row.map((value, index) => {
        // Ids of objects are those of their place, which is another in each run of the tests.
        if (/^(?:flow|object)_id$/.test(columns[index] ?? '')) return 'id';
        return value === null ? '' : plainText(value);
      }),
    ),
  ].map((cells) => cells.map((cell) => csvCell(cell, false)).join(','));
  expect(lines.length).toBeGreaterThan(1);
  expect(`${lines.join('\n')}\n`).toBe(readFileSync(join(GOLDEN, `${name}.csv`), 'utf8'));
});
