import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { QUERIES_ROOT, readQueryFile } from '../src/query-file.ts';

const root = mkdtempSync(join(tmpdir(), 'flowproof-query-file-'));

afterAll(() => rmSync(root, { recursive: true }));

const HEADER = [
  ...['title: A', 'question: B?', 'requirements: none', 'parameters: none', 'rows: evidence'],
  ...['needs: flows', 'grain: one row', 'limits: None.'],
].map((line) => `-- ${line}\n`);

function report(lines: string): string {
  mkdirSync(join(root, 'reports'), { recursive: true });
  const path = join(root, 'reports', 'own.sql');
  writeFileSync(path, HEADER.join('') + lines);
  return path;
}

test('a report with a part is the part and its own select, in one statement', () => {
  const path = report('-- with: scope_service\nselect\n  direction\nfrom\n  scope_service\n');
  const { text, written, header } = readQueryFile('reports', path);
  expect(header.with).toBe('scope_service');
  expect(text).toContain('-- with: scope_service\nwith\n  scope_service as (\n    with\n');
  expect(text).toMatch(/\n {2}\)\nselect\n {2}direction\nfrom\n {2}scope_service\n$/);
  expect(text.match(/^-- title/gm)).toHaveLength(1);
  expect(written).not.toContain('edge_day');
  const part = readQueryFile('parts', join(QUERIES_ROOT, 'parts', 'scope_service.sql'));
  const statement = part.written.replace(/^(--.*\n)+/, '');
  expect(text.replaceAll(/\s+/g, ' ')).toContain(statement.replaceAll(/\s+/g, ' ').trim());
});

test.each([
  ['-- with: nothing_of_the_kind\nselect 1\n', 'there is no part "nothing_of_the_kind"'],
  ['-- with: scope_service\nwith a as (select 1) select 1\n', 'must begin with "select"'],
])('%j is refused', (lines, problem) => {
  expect(() => readQueryFile('reports', report(lines))).toThrow(problem);
});
