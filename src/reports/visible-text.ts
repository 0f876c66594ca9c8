/**
 * Text for files that people and programs read, with every character in it visible: a control character,
 * one that turns the direction of reading, one that takes no room, and half of a character pair are each
 * shown as `[U+XXXX]`. Log content is hostile, and such characters make it read as something that it is
 * not; some of them are also refused by XML and by strict readers of JSON. The CSV files keep the text.
 *
 * The ranges are listed rather than asked of the engine's Unicode tables, which differ between versions
 * of Node: the same text must give the same bytes.
 */

const HIDDEN_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x0000, 0x001f],
  [0x007f, 0x009f],
  [0x00ad, 0x00ad],
  // Joiners and fillers that show as nothing.
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180e, 0x180e],
  // Zero-width and bidirectional characters, line and paragraph separators.
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  // Halves of pairs: a whole pair is one code point beyond them.
  [0xd800, 0xdfff],
  [0xfdd0, 0xfdef],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0xfffe, 0xffff],
  [0xe0000, 0xe007f],
];

const escaped = (code: number): string => `\\u{${code.toString(16)}}`;

const HIDDEN = new RegExp(
  `[${HIDDEN_RANGES.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join('')}]`,
  'gu',
);

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** The text with every hidden character shown as `[U+XXXX]`, line ends among them. */
export function visible(text: string): string {
  return text.replace(HIDDEN, shown);
}

/** The same for text of several lines: line feeds stay. */
export function visibleLines(text: string): string {
  return text.replace(HIDDEN, (character) => (character === '\n' ? '\n' : shown(character)));
}

/** A value as JSON with a final line end, every text in it visible; line feeds stay. */
export function visibleJson(value: unknown): string {
  const json = JSON.stringify(
    value,
    (_key, part: unknown) => (typeof part === 'string' ? visibleLines(part) : part),
    2,
  );
  return `${json}\n`;
}
