/**
 * Regular expressions are linear: every literal of the sources is checked by scslre, which finds the
 * quantifiers that make matching take more than linear time (it is what eslint-plugin-regexp uses), and
 * timed on texts that are made to keep it busy. Those of SQL are RE2's, which is linear by design.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyse } from 'scslre';
import { describe, expect, test } from 'vitest';
import { leefTime } from '../../src/ingest/formats/leef-time.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { readRegexes } from './regex-literals.ts';

const SOURCES = join(PACKAGE_ROOT, 'src');

const files = readdirSync(SOURCES, { recursive: true })
  .map(String)
  .filter((name) => /\.(?:ts|js)$/.test(name))
  .sort()
  .map((name) => ({ name, ...readRegexes(readFileSync(join(SOURCES, name), 'utf8')) }));

const all = files.flatMap(({ name, literals }) =>
  literals.map((found) => ({ ...found, place: `${name}:${found.line} /${found.source}/` })),
);

const reportsOf = (source: string, flags: string): number =>
  analyse({ source, flags }).reports.length;

describe('the check', () => {
  test('finds the literals, and nothing that is none', () => {
    const code = [
      'const a = b / c / d; // no /regex/',
      `const e = '/no/' + \`/no/ \${x.replace(/yes[/]1/g, \`\${y}\`)} /no/\`;`,
      'if (/yes\\/2/u.test(a)) return /yes3/;',
      'const f = (a + b) / 2 / list[1] / 3;',
      `const g = new RegExp(\`^\${f}$\`);`,
    ].join('\n');
    expect(readRegexes(code)).toEqual({
      literals: [
        { line: 2, source: 'yes[/]1', flags: 'g' },
        { line: 3, source: 'yes\\/2', flags: 'u' },
        { line: 3, source: 'yes3', flags: '' },
      ],
      made: [{ line: 5, code: `RegExp(\`^\${f}$\`);` }],
    });
  });

  test('has something to check', () => {
    expect(all.length).toBeGreaterThan(200);
  });

  test.each([
    ['quadratic by its start', '[\\r\\n]+$'],
    ['quadratic by two loops', '^\\s*,?\\s*$'],
    ['exponential', '^(?:a+)+$'],
  ])('finds what is %s', (_, source) => {
    expect(reportsOf(source, '')).toBeGreaterThan(0);
  });
});

test('no literal takes more than linear time', () => {
  const found = all.filter(({ source, flags }) => reportsOf(source, flags) > 0);
  expect(found.map(({ place }) => place)).toEqual([]);
});

test('what is made at run time is known, and made of literals or tested below', () => {
  const made = files.flatMap(({ name, made: calls }) => calls.map(() => name));
  expect(made).toEqual(['ingest/formats/leef-time.ts', 'reports/visible-text.ts']);
});

const PUMPS = [
  ...'\n \t"\\{[(<:=-./+,;a0Ae_%&@',
  ...['\r\n', '\\"', '{"', ' {', '[ ', 'a.', 'a=', 'a:', '0:', '0-', '/a', '../', '::', ': ', '=|'],
  ...['packetdata', 'body', '"message":"', '"data":"', 'AWSLogs/', '2026-11-20T', '=2026-11-20/'],
];

const PUMPED = 40_000;

test('no literal is kept busy by a text that repeats', { timeout: 120_000 }, () => {
  const texts = PUMPS.flatMap((pump) => {
    const pumped = pump.repeat(Math.ceil(PUMPED / pump.length));
    return [`${pumped}\u0001`, `"${pumped}\u0001`, `{${pumped}\u0001`];
  });
  const slow: string[] = [];
  for (const { place, source, flags } of all) {
    for (const text of texts) {
      // A quadratic one takes seconds; half a second leaves a busy machine its pauses.
      const began = performance.now();
      new RegExp(source, flags.replace(/[gy]/g, '')).test(text);
      const spent = performance.now() - began;
      if (spent > 500) slow.push(`${place} ${JSON.stringify(text.slice(0, 20))} ${spent} ms`);
    }
  }
  expect(slow).toEqual([]);
});

test.each([
  ['blanks beside blanks in quotes', `yyyy${" ' '".repeat(15)}`, `2026${' '.repeat(58)}x`],
  ['every letter', 'yyyyMMddHHhhmmssSSSaZzXE', `${'1'.repeat(63)}x`],
  ['quotes only', "'".repeat(64), "'".repeat(64)],
  ['signs of patterns', "'(a+)+$'yyyy", `${'a'.repeat(60)}!`],
])('a format of times that an event brings is matched at once: %s', (_, format, text) => {
  const began = performance.now();
  expect(leefTime(text, format, new Date('2026-11-20T12:00:00Z'), 0)).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(500);
});

test('blanks in quotes still stand for blanks', () => {
  const time = leefTime('2026-11-20 10:00:00', "yyyy-MM-dd' 'HH:mm:ss", new Date(), 0);
  expect(time?.at).toBe(BigInt(Date.UTC(2026, 10, 20, 10)) * 1000n);
});
