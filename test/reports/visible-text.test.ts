import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { visible, visibleJson, visibleLines } from '../../src/reports/visible-text.ts';
import { ALL_HOSTILE_TEXTS, HIDDEN } from './hostile-pack.ts';

describe('visible', () => {
  test.each([
    [
      'plain, “quoted”, 中文, Ελληνικά, e\u0301, 😀',
      'plain, “quoted”, 中文, Ελληνικά, e\u0301, 😀',
    ],
    ['a\u202eb\u200bc', 'a[U+202E]b[U+200B]c'],
    ['\u0000\u001b[31m', '[U+0000][U+001B][31m'],
    ['a\r\n\tb', 'a[U+000D][U+000A][U+0009]b'],
    ['\ud800 \udc00 \ud83d\ude00', '[U+D800] [U+DC00] 😀'],
    ['\u{e0041}', '[U+E0041]'],
    ['\ufeff\uffff', '[U+FEFF][U+FFFF]'],
    ['', ''],
  ])('%j is shown as %j', (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  test('nothing hidden is left of any text, and nothing else is touched', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visible(text);
        expect(shown).not.toMatch(HIDDEN);
        expect(shown).not.toContain('\n');
        fc.pre(!text.includes('[U+'));
        const back = shown.replaceAll(/\[U\+([0-9A-F]{4,6})\]/g, (_, code: string) =>
          String.fromCodePoint(Number.parseInt(code, 16)),
        );
        expect(back).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

test('lines stay lines where they are wanted', () => {
  expect(visibleLines('a\nb\rc')).toBe('a\nb[U+000D]c');
});

test('every text in JSON is visible, at any depth, and the JSON parses', () => {
  const value = { a: [ALL_HOSTILE_TEXTS, { b: '\ud800' }], c: 1, d: null, e: true };
  const parsed = JSON.parse(visibleJson(value));
  expect(parsed.a[1].b).toBe('[U+D800]');
  expect(parsed.a[0].filter((text: string) => HIDDEN.test(text))).toEqual([]);
  expect(parsed).toMatchObject({ c: 1, d: null, e: true });
  expect(visibleJson(value).endsWith('}\n')).toBe(true);
});
