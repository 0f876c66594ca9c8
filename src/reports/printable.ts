/**
 * Text made safe for the PDF: every character is one that the embedded fonts can draw and a reader can
 * see, and long ids get places where a line may end.
 *
 * Log content is hostile. A character without a glyph fails the PDF/A export; a control, bidirectional
 * or invisible character makes a line read as something that it is not. Both are shown as `[U+XXXX]`.
 * The CSV files keep the text as it was.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The font files of the PDF. Every text of the template uses one of these weights. */
export const FONT_PATHS: readonly string[] = [
  '400Regular/NotoSans_400Regular.ttf',
  '400Regular_Italic/NotoSans_400Regular_Italic.ttf',
  '500Medium/NotoSans_500Medium.ttf',
  '600SemiBold/NotoSans_600SemiBold.ttf',
  '700Bold/NotoSans_700Bold.ttf',
].map((file) => require.resolve(`@expo-google-fonts/noto-sans/${file}`));

/** Marks a place where a line may end. Never part of printable text, which shows it as `[U+200B]`. */
export const BREAK = '\u200b';

/**
 * Characters that need no shaping, do not combine, and run from left to right. Spaces other than the
 * plain one are left out: they make two different texts look alike.
 */
const READABLE = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}]$/u;
const UNREADABLE = /^[\p{C}\p{M}\p{Z}]$/u;

let characters: ReadonlySet<number> | undefined;

/** Code points that `printable` leaves as they are: those that every font of the PDF can draw. */
export function printableCharacters(): ReadonlySet<number> {
  if (characters) return characters;
  let shared: Set<number> | undefined;
  for (const path of FONT_PATHS) {
    const own = mappedCharacters(readFileSync(path));
    shared = shared ? new Set([...shared].filter((code) => own.has(code))) : own;
  }
  const kept = [...(shared ?? [])].filter((code) => {
    if (code === 0x20) return true;
    if (code >= 0xd800 && code <= 0xdfff) return false;
    const character = String.fromCodePoint(code);
    return READABLE.test(character) && !UNREADABLE.test(character);
  });
  characters = new Set(kept);
  return characters;
}

/** The text with every character that cannot be drawn, or not be seen, replaced by `[U+XXXX]`. */
export function printable(text: string): string {
  const known = printableCharacters();
  let result = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    result += known.has(code)
      ? character
      : `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  }
  return result;
}

/** Prose that flowproof or its configuration wrote: line ends and runs of blanks become one blank. */
export function printableProse(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim());
}

/**
 * Adds places where a line may end (`BREAK`) to words longer than `run` characters: after punctuation,
 * and after every `run` characters without any. The text must be printable already.
 */
export function breakable(text: string, run = 12): string {
  return text
    .split(' ')
    .map((word) => (word.length > run ? breakWord(word, run) : word))
    .join(' ');
}

function breakWord(word: string, run: number): string {
  let result = '';
  let length = 0;
  const letters = Array.from(word);
  for (const [index, character] of letters.entries()) {
    result += character;
    length += 1;
    const isLast = index === letters.length - 1;
    // A break after two characters saves no room and tears prefixes such as `i-` from their id.
    const isPlace = length >= 3 && /[-_/:.,;@=?&#|\])]/.test(character);
    if (!isLast && (isPlace || length >= run)) {
      result += BREAK;
      length = 0;
    }
  }
  return result;
}

/**
 * Code points with a glyph, from a TrueType file's `cmap` table, formats 4 and 12 (OpenType
 * specification, "cmap: Character to Glyph Index Mapping Table").
 */
export function mappedCharacters(font: Buffer): Set<number> {
  const found = new Set<number>();
  const cmap = tableOffset(font, 'cmap');
  const count = font.readUInt16BE(cmap + 2);
  for (let index = 0; index < count; index += 1) {
    const subtable = cmap + font.readUInt32BE(cmap + 4 + index * 8 + 4);
    const format = font.readUInt16BE(subtable);
    if (format === 4) addFormat4(font, subtable, found);
    if (format === 12) addFormat12(font, subtable, found);
  }
  return found;
}

function tableOffset(font: Buffer, tag: string): number {
  const count = font.readUInt16BE(4);
  for (let index = 0; index < count; index += 1) {
    const record = 12 + index * 16;
    if (font.toString('latin1', record, record + 4) === tag) return font.readUInt32BE(record + 8);
  }
  throw new Error(`font has no ${tag} table`);
}

function addFormat4(font: Buffer, subtable: number, found: Set<number>): void {
  const doubled = font.readUInt16BE(subtable + 6);
  const ends = subtable + 14;
  const starts = ends + doubled + 2;
  const deltas = starts + doubled;
  const ranges = deltas + doubled;
  for (let at = 0; at < doubled; at += 2) {
    const end = font.readUInt16BE(ends + at);
    const start = font.readUInt16BE(starts + at);
    const delta = font.readUInt16BE(deltas + at);
    const range = font.readUInt16BE(ranges + at);
    for (let code = start; code <= end && code !== 0xffff; code += 1) {
      const place = ranges + at + range + (code - start) * 2;
      const listed = range === 0 ? code : font.readUInt16BE(place);
      const glyph = listed === 0 && range !== 0 ? 0 : (listed + delta) & 0xffff;
      if (glyph !== 0) found.add(code);
    }
  }
}

function addFormat12(font: Buffer, subtable: number, found: Set<number>): void {
  const groups = font.readUInt32BE(subtable + 12);
  for (let index = 0; index < groups; index += 1) {
    const group = subtable + 16 + index * 12;
    const end = font.readUInt32BE(group + 4);
    const glyph = font.readUInt32BE(group + 8);
    const start = font.readUInt32BE(group);
    for (let code = start; code <= end; code += 1) {
      if (glyph + code - start !== 0) found.add(code);
    }
  }
}
