import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tablesDoc } from '../scripts/tables-doc.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { TABLES } from '../src/tables.ts';

test('docs/tables.md is that of the catalogue: npm run tables-doc makes it', () => {
  expect(readFileSync(join(PACKAGE_ROOT, 'docs', 'tables.md'), 'utf8')).toBe(tablesDoc());
});

test('every column has a description', () => {
  const bare = TABLES.flatMap((table) =>
    table.columns.filter(({ description }) => description.trim().length < 3),
  );
  expect(bare).toEqual([]);
});
