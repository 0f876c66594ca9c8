/**
 * Card numbers in free text: found by their length, the ranges of the card brands and the Luhn check, and
 * masked to the first six and last four digits, which may be shown (pci-dss-4.0.1:3.4.1).
 *
 * Only texts are looked at, never numbers of a format, such as byte counts or epoch times. One in
 * thirty of other numbers of 16 digits in a text has the range and the check digit of a card by chance.
 */

/** Digit groups in which card numbers are written, with a blank or a dash between them. */
const GROUPINGS: readonly (readonly number[])[] = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4, 2],
  [4, 4, 4, 4, 1],
  [4, 4, 4, 4],
  [4, 4, 4, 3],
  [4, 4, 4, 2],
  [4, 4, 4, 1],
  [4, 6, 5],
  [4, 6, 4],
  [4, 4, 5],
  [4, 3, 3, 3],
  [8, 8],
  [6, 13],
  [6, 10],
  [6, 9],
  [6, 8],
];

const SHORTEST = 13;
const LONGEST = 19;

/** Without this a text holds no card number. */
const POSSIBLE = /\d{13}|\d{4}[ -]\d{3}/;

/** The same of JSON, whose numbers, behind `":`, are no texts. */
const POSSIBLE_IN_JSON = /(?<!\d)(?<!(?<!\\)":)\d{13}|\d{4}[ -]\d{3}/;

/** True if the texts of a JSON document must be looked at one by one. */
export function mayHoldCardNumber(json: string): boolean {
  return POSSIBLE_IN_JSON.test(json);
}

export type Masked = { text: string; count: number };

/** The text with its card numbers masked, of the same length, and how many there were. */
export function maskCardNumbers(text: string): Masked {
  if (!POSSIBLE.test(text)) return { text, count: 0 };
  const groups = [...text.matchAll(/\d+/g)];
  let masked = '';
  let taken = 0;
  let count = 0;
  for (let first = 0; first < groups.length; first += 1) {
    const size = cardGroups(text, groups, first);
    if (size === 0) continue;
    const start = groups[first]?.index ?? 0;
    const last = groups[first + size - 1];
    const end = (last?.index ?? 0) + (last?.[0].length ?? 0);
    masked += text.slice(taken, start) + maskedDigits(text.slice(start, end));
    taken = end;
    count += 1;
    first += size - 1;
  }
  return { text: masked + text.slice(taken), count };
}

/** How many groups of digits, from this one on, are a card number; 0 if they are none. */
function cardGroups(text: string, groups: readonly RegExpExecArray[], first: number): number {
  const length = groups[first]?.[0].length ?? 0;
  if (length >= SHORTEST) return length <= LONGEST && isCard(text, groups, first, 1) ? 1 : 0;
  const grouping = GROUPINGS.find(
    (sizes) =>
      sizes.every((size, index) => groups[first + index]?.[0].length === size) &&
      sizes.every((_, index) => index === 0 || isNext(text, groups, first + index)) &&
      isCard(text, groups, first, sizes.length),
  );
  return grouping?.length ?? 0;
}

/** True if one blank or dash alone stands between this group and the one before it. */
function isNext(text: string, groups: readonly RegExpExecArray[], index: number): boolean {
  const before = groups[index - 1];
  const between = text.slice(
    (before?.index ?? 0) + (before?.[0].length ?? 0),
    groups[index]?.index,
  );
  return between === ' ' || between === '-';
}

function isCard(
  text: string,
  groups: readonly RegExpExecArray[],
  first: number,
  size: number,
): boolean {
  const part = groups.slice(first, first + size);
  const digits = part.map(([one]) => one).join('');
  if (!isOfBrand(digits) || !hasCheckDigit(digits)) return false;
  const last = part.at(-1);
  const start = part[0]?.index ?? 0;
  const end = (last?.index ?? 0) + (last?.[0].length ?? 0);
  // A part of a decimal number.
  if (/\d[.]$/.test(text.slice(Math.max(start - 2, 0), start))) return false;
  if (/^[.]\d/.test(text.slice(end, end + 2))) return false;
  // The id of an AWS resource whose 17 hexadecimal digits happen to have no letter.
  if (end - start === 17 && /[a-z]-$/.test(text.slice(Math.max(start - 2, 0), start))) return false;
  return !HEX_WORD.test(wordBefore(text, start) + wordBehind(text, end));
}

/** Letters around the digits that make them hexadecimal, as in a hash. */
const HEX_WORD = /^(?:0[xX][0-9a-fA-F]*|[0-9]*[a-fA-F][0-9a-fA-F]*)$/;

/** Longest part of a word that is looked at: a SHA-512 has 128 digits. */
const WORD_LENGTH = 128;

function wordBefore(text: string, start: number): string {
  let at = start;
  while (at > start - WORD_LENGTH && isWordLetter(text[at - 1])) at -= 1;
  return text.slice(at, start);
}

function wordBehind(text: string, end: number): string {
  let at = end;
  while (at < end + WORD_LENGTH && isWordLetter(text[at])) at += 1;
  return text.slice(end, at);
}

const isWordLetter = (letter: string | undefined): boolean =>
  letter !== undefined && /[0-9A-Za-z]/.test(letter);

/** First digits and lengths of the brands; the first two columns are a range of the first four digits. */
const BRANDS: readonly (readonly [first: number, last: number, lengths: readonly number[]])[] = [
  // Visa.
  [4000, 4999, [13, 16, 19]],
  // Mastercard, then Mir below its second range.
  [5100, 5599, [16]],
  [2221, 2720, [16]],
  [2200, 2204, [16, 17, 18, 19]],
  // American Express.
  [3400, 3499, [15]],
  [3700, 3799, [15]],
  // Diners Club.
  [3000, 3059, [14, 16, 17, 18, 19]],
  [3095, 3095, [14, 16, 17, 18, 19]],
  [3600, 3699, [14, 16, 17, 18, 19]],
  [3800, 3999, [14, 16, 17, 18, 19]],
  // JCB.
  [3528, 3589, [16, 17, 18, 19]],
  // Discover and RuPay.
  [6000, 6099, [16, 17, 18, 19]],
  [6440, 6599, [16, 17, 18, 19]],
  [5080, 5089, [16]],
  [8100, 8299, [16, 17, 18, 19]],
  // UnionPay.
  [6200, 6299, [16, 17, 18, 19]],
  // Maestro.
  ...[5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763].map(
    (start) => [start, start, [13, 14, 15, 16, 17, 18, 19]] as const,
  ),
];

function isOfBrand(digits: string): boolean {
  const start = Number(digits.slice(0, 4));
  return BRANDS.some(
    ([first, last, lengths]) => start >= first && start <= last && lengths.includes(digits.length),
  );
}

/** The Luhn check (ISO/IEC 7812-1, annex B). */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

const FIRST_SHOWN = 6;
const LAST_SHOWN = 4;

function maskedDigits(text: string): string {
  const length = text.replaceAll(/\D/g, '').length;
  let index = -1;
  return text.replaceAll(/\d/g, (digit) => {
    index += 1;
    return index < FIRST_SHOWN || index >= length - LAST_SHOWN ? digit : '*';
  });
}

/** How a found value is shown in a reason: its start, in quotes, with no part of a card number. */
export function quotedStart(value: string, length = 80): string {
  // What is cut off could be the end of a number, without which it would not be known for one.
  const { text } = maskCardNumbers(value.slice(0, length + LONGEST + 4));
  return JSON.stringify(text.slice(0, length));
}
