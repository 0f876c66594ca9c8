import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sizingDoc, withSizes } from '../scripts/sizing.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';

const read = (...path: string[]): string => readFileSync(join(PACKAGE_ROOT, ...path), 'utf8');

test('the page and the table of sizes are those of the figures: npm run sizing makes them', () => {
  expect(read('docs', 'sizing.md')).toBe(sizingDoc());
  expect(read('README.md')).toBe(withSizes(read('README.md')));
});

test('a README without a place for the table is refused', () => {
  expect(() => withSizes('# flowproof')).toThrow(
    'README.md has no <!-- made by npm run sizing: begin -->',
  );
});
