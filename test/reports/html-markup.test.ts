import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakable, cut, html, join, visible } from '../../src/reports/html-markup.ts';
import { readHtml } from './read-html.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 120 });

describe('html', () => {
  test('escapes text, leaves markup, and joins lists', () => {
    const parts = [html`<b>${'a&b'}</b>`, html`<i>${1}</i>`];
    expect(html`<p title="${'"\''}">${parts}${null}</p>`.markup).toBe(
      '<p title="&quot;&#39;"><b>a&amp;b</b><i>1</i></p>',
    );
    expect(join(parts, ' < ').markup).toBe('<b>a&amp;b</b> &lt; <i>1</i>');
  });

  test('any text is read back as its visible form, in an element and in an attribute', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const [element, ...others] = readHtml(html`<td title="${text}">${text}</td>`.markup);
        expect(others).toEqual([]);
        expect(element?.text).toBe(visible(text));
        expect(element?.attributes.get('title')).toBe(visible(text));
      }),
    );
  });
});

describe('visible', () => {
  test.each([
    ['a\u0000\u001b\u007f\u0085b', 'a[U+0000][U+001B][U+007F][U+0085]b'],
    ['\u202eevil\u202c \u2066x\u2069', '[U+202E]evil[U+202C] [U+2066]x[U+2069]'],
    ['a\u2028b\u2029c\r\nd\te', 'a[U+2028]b[U+2029]c[U+000D][U+000A]d[U+0009]e'],
    ['\u200b\u00ad\u2060\ufeff\u180e', '[U+200B][U+00AD][U+2060][U+FEFF][U+180E]'],
    ['a\u00a0b\u2003c\u3000d e', 'a[U+00A0]b[U+2003]c[U+3000]d e'],
    ['\u3164\u115f\u2800\u{e0041}\ufe0f', '[U+3164][U+115F][U+2800][U+E0041][U+FE0F]'],
    ['\ud800x\udfff', '[U+D800]x[U+DFFF]'],
    ['\ue000\ufffe\u{1ffff}', '[U+E000][U+FFFE][U+1FFFF]'],
    ['e\u0301\u0302\u0303\u0304\u0305\u0306', 'e\u0301\u0302\u0303\u0304[U+0305][U+0306]'],
    ['中文 שלום हिन्दी Ελληνικά 😀', '中文 שלום हिन्दी Ελληνικά 😀'],
  ])('%j', (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  test('what is visible stays as it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visible(visible(text))).toBe(visible(text));
      }),
    );
  });
});

describe('cut', () => {
  test('a text that fits is whole; a longer one ends between characters and says so', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('abc … (cut; the CSV has all of it)');
    expect(cut('a😀b', 2)).toBe('a … (cut; the CSV has all of it)');
  });

  test('no more is shown than was allowed, however the characters are shown', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 60 }), (text, limit) => {
        const shown = visible(cut(text, limit));
        if (visible(text).length <= limit) expect(shown).toBe(visible(text));
        else expect(shown.split(' … (cut;')[0]?.length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('breakable', () => {
  test('long words may end a line after punctuation, short ones not', () => {
    expect(breakable('a short-word').markup).toBe('a short-word');
    expect(
      breakable('arn:aws:ec2:eu-central-1:123456789012:network-interface/eni-0a00').markup,
    ).toBe('arn:aws:ec2:eu-central-1:<wbr>123456789012:network-interface/<wbr>eni-0a00');
    expect(breakable('x'.repeat(70)).markup).toBe(
      `${'x'.repeat(32)}<wbr>${'x'.repeat(32)}<wbr>${'x'.repeat(6)}`,
    );
  });

  test('without the places for the end of a line it is the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 30, maxLength: 300 }), (text) => {
        const [element] = readHtml(html`<td>${breakable(text)}</td>`.markup);
        expect(element?.text).toBe(visible(text));
      }),
    );
  });
});
