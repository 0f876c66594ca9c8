import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/reports/pdf.ts';
import {
  BREAK,
  breakable,
  FONT_PATHS,
  mappedCharacters,
  printable,
  printableCharacters,
  printableProse,
} from '../../src/reports/printable.ts';

const WEIGHTS = ['regular', 'medium', 'semibold', 'bold'];

describe('printable', () => {
  test.each([
    ['a line end', 'a\r\nb', 'a[U+000D][U+000A]b'],
    ['a tab', 'a\tb', 'a[U+0009]b'],
    ['NUL, BEL, ESC and DEL', '\0\u0007\u001b[31m\u007f', '[U+0000][U+0007][U+001B][31m[U+007F]'],
    ['a control character of C1', '\u009b', '[U+009B]'],
    ['bidirectional marks', '\u202eevil\u202c \u2066x\u2069 \u200f', null],
    ['invisible characters', '\u200b\u200d\u2060\ufeff\u00ad', null],
    ['blanks that are not the blank', '\u00a0\u2003\u3000\u2028\u2029', null],
    ['combining marks', 'e\u0301', 'e[U+0301]'],
    ['CJK', '中文', '[U+4E2D][U+6587]'],
    ['Arabic and Hebrew', 'ا א', '[U+0627] [U+05D0]'],
    ['letters that need shaping, though the fonts have them', 'क', '[U+0915]'],
    ['emoji', '😀', '[U+1F600]'],
    ['full-width signs', '＝', '[U+FF1D]'],
    ['lone surrogates', 'a\ud800b\udc00', 'a[U+D800]b[U+DC00]'],
    ['private use', '\ue000', '[U+E000]'],
    ['noncharacters', '\uffff\u{10ffff}', '[U+FFFF][U+10FFFF]'],
  ])('shows %s', (_what, text, expected) => {
    const shown = printable(text);
    expect(shown).toBe(
      expected ??
        Array.from(text, (one) =>
          /[a-z ]/.test(one)
            ? one
            : `[U+${one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
        ).join(''),
    );
  });

  test.each([
    'eni-0a1b2c3d, 198.51.100.7:443 -> 10.0.0.1',
    '#set page() $x$ *bold* _it_ `code` <label> @ref \\ // /* ~ = - + [u] {v}',
    '<b onclick="x">&amp;</b>',
    'žluťoučký kůň, Grüße, Ελληνικά, Кириллица, ş € … – ’',
  ])('leaves %j as it is', (text) => {
    expect(printable(text)).toBe(text);
  });

  test('never gives anything but printable characters, and is done after one pass', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text);
        const known = printableCharacters();
        expect(Array.from(shown).every((one) => known.has(one.codePointAt(0) ?? 0))).toBe(true);
        expect(printable(shown)).toBe(shown);
      }),
      { numRuns: 500 },
    );
  });

  test('every character that a reader might take for another place or order is left out', () => {
    const suspect = [...printableCharacters()].filter(
      (code) => code !== 0x20 && /[\p{C}\p{M}\p{Z}]/u.test(String.fromCodePoint(code)),
    );
    expect(suspect).toEqual([]);
    for (let code = 0x21; code < 0x7f; code += 1) {
      expect(printableCharacters().has(code)).toBe(true);
    }
  });

  test('prose loses line ends and runs of blanks, and nothing else', () => {
    expect(printableProse('  one\r\n  two\tthree\u00a0four \u202e')).toBe(
      'one two three four [U+202E]',
    );
  });
});

describe('the fonts of the PDF', () => {
  test('draw every printable character in every weight, under the strict standard', async () => {
    const characters = [...printableCharacters()].map((code) => String.fromCodePoint(code));
    expect(characters.length).toBeGreaterThan(1000);
    const template = `
#set document(title: "Characters")
#set text(font: "Noto Sans", fallback: false, lang: "en")
#for weight in (${WEIGHTS.map((weight) => `"${weight}"`).join(', ')}) {
  text(weight: weight, json("data.json").join(" "))
}
#emph(json("data.json").join(" "))`;
    const pdf = await compile(Buffer.from(template), 0, [
      ['data.json', Buffer.from(JSON.stringify(characters))],
    ]);
    expect(pdf.toString('latin1', 0, 8)).toBe('%PDF-1.7');
  });

  test('cannot draw what printable replaces: the strict standard refuses it', async () => {
    const template = Buffer.from(
      '#set document(title: "x")\n#set text(font: "Noto Sans", fallback: false)\n中',
    );
    await expect(compile(template, 0, [])).rejects.toMatchObject({ code: 'PDF_FAILED' });
  });

  test('map the characters that their tables list', () => {
    for (const path of FONT_PATHS) {
      const mapped = mappedCharacters(readFileSync(path));
      expect(mapped.has(0x41)).toBe(true);
      expect(mapped.has(0x20ac)).toBe(true);
      expect(mapped.has(0x4e2d)).toBe(false);
      expect(mapped.has(0xffff)).toBe(false);
    }
  });

  test('that are no fonts are refused', () => {
    expect(() => mappedCharacters(Buffer.alloc(64))).toThrow('font has no cmap table');
  });
});

describe('breakable', () => {
  test('takes nothing but the breaks to give the text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (raw, run) => {
        const text = printable(raw);
        expect(breakable(text, run).replaceAll(BREAK, '')).toBe(text);
      }),
    );
  });

  test('no part is longer than the run, and none of one or two characters is torn off', () => {
    const anyWord = fc.stringMatching(/^[a-f0-9:/._-]{1,80}$/);
    fc.assert(
      fc.property(anyWord, fc.integer({ min: 3, max: 24 }), (word, run) => {
        const parts = breakable(word, run).split(BREAK);
        expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(run);
        expect(parts.slice(0, -1).every((part) => part.length >= 3)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['i-0a1b2c3d4e5f60718', 12, ['i-0a1b2c3d4e', '5f60718']],
    ['short', 12, ['short']],
    ['two words', 4, ['two word', 's']],
    ['2001:db8:85a3:1234:5678:8a2e:370:7334', 12, null],
  ])('%j breaks where it may', (text, run, expected) => {
    const parts = breakable(text, run).split(BREAK);
    expect(parts).toEqual(expected ?? text.split(/(?<=:)/));
  });
});
