import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesSource } from '../../../src/ingest/sources/files.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-line-ends-'));
  mkdirSync(join(folder, 'logs', 'a\nfolder'), { recursive: true });
  for (const name of [
    'plain.log',
    'one\ntwo.log',
    '\r.log',
    'a\u2028b\u2029c.log',
    'a\nfolder/in.log',
  ]) {
    writeFileSync(join(folder, 'logs', name), name);
  }
  symlinkSync('plain.log', join(folder, 'logs', 'li\nnk.log'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(['logs/**', 'logs/**/*.log', 'logs'])(
  'names with line ends are found by %s',
  async (pattern) => {
    const source = filesSource({
      label: 'flow_logs[0]',
      patterns: [pattern],
      baseFolder: folder,
      hints: {},
    });
    const listed: string[] = [];
    for await (const { uri, fetch } of source.list({
      start: new Date('2026-01-01'),
      end: new Date('2027-01-01'),
    })) {
      listed.push(uri);
      expect(await fetch(folder)).toBe(join(folder, uri.slice('file:'.length)));
    }
    // The link leads to a file that is listed already.
    expect(listed.filter((uri) => !/plain|li\nnk/.test(uri)).sort()).toEqual(
      [
        'file:logs/\r.log',
        'file:logs/a\nfolder/in.log',
        'file:logs/a\u2028b\u2029c.log',
        'file:logs/one\ntwo.log',
      ].sort(),
    );
    expect(listed).toHaveLength(5);
  },
);
