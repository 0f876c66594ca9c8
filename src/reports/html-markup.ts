/**
 * Markup that is safe by the way it is made: text becomes markup in one place only, the template tag
 * `html`, which escapes it. Log content is hostile, and a name such as `<script>` must be read, not run.
 *
 * Scripts of every language survive. What a reader cannot see is shown as `[U+XXXX]`, as in the PDF.
 */

/** A piece of HTML. Only `html`, `join` and `trusted` make one. */
export type Markup = { readonly markup: string };

/** What may stand in a template: text is escaped, markup is not, null leaves nothing. */
export type Part = Markup | string | number | null | readonly Part[];

/**
 * Controls, bidirectional and other format characters, lone surrogates, private and impossible
 * characters, ends of lines, spaces that look like the plain one, and letters that draw nothing. The
 * blank of Braille draws nothing either. Plain emoji stay; the invisible selectors behind them show.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** More marks on one letter than any language sets grow out of their line and over other text. */
const MARKS = /(\p{M}{4})(\p{M}+)/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Places for the end of a line, in words longer than this. */
const LONG_WORD = 40;
const WORD_PART = 32;

/** The text with every character that cannot be seen replaced by `[U+XXXX]`. */
export function visible(text: string): string {
  return text
    .replace(UNSEEN, codePoint)
    .replace(MARKS, (_, few: string, rest: string) => few + Array.from(rest, codePoint).join(''));
}

function codePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** The text as it may stand in an element or in a quoted attribute. */
function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A template whose parts are escaped, unless they are markup already. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  let markup = strings[0] ?? '';
  for (const [index, part] of parts.entries()) markup += textOf(part) + (strings[index + 1] ?? '');
  return { markup };
}

function textOf(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeText(part);
  if ('markup' in part) return part.markup;
  return part.map(textOf).join('');
}

export function join(parts: readonly Markup[], separator: string): Markup {
  return { markup: parts.map((part) => part.markup).join(escapeText(separator)) };
}

/** Text of flowproof's own files as markup: style and script. Never for anything that was read. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Text of a configuration or a query's header: line ends and runs of blanks become one blank. */
export function prose(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Text cut to so many characters of the page, never within one, with a word that says so. */
export function cut(text: string, limit: number): string {
  // A character becomes at least one on the page, so what follows cannot be needed.
  const shown = visible(text.slice(0, limit + 1));
  if (text.length <= limit && shown.length <= limit) return text;
  let kept = '';
  let length = 0;
  for (const letter of text) {
    length += visible(letter).length;
    if (length > limit) break;
    kept += letter;
  }
  return `${kept} … (cut; the CSV has all of it)`;
}

/** Text whose long words, such as ARNs, may end a line after punctuation; copied, it is unchanged. */
export function breakable(text: string): Markup {
  const words = visible(text).split(' ');
  return join(
    words.map((word) => (word.length > LONG_WORD ? breakWord(word) : html`${word}`)),
    ' ',
  );
}

function breakWord(word: string): Markup {
  const pieces = word.match(/[^-_/:.,;@=?&#|]{1,32}[-_/:.,;@=?&#|]*|[-_/:.,;@=?&#|]+/gu) ?? [word];
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + piece.length <= WORD_PART) {
      lines[lines.length - 1] = last + piece;
    } else lines.push(piece);
  }
  return { markup: lines.map((line) => html`${line}`.markup).join('<wbr>') };
}
