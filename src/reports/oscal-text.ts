/**
 * Texts in the forms that OSCAL's JSON asks for. Titles and descriptions are Markdown there, so that
 * what would be markup is escaped; a string has one line and no blanks at its ends; a token has letters,
 * digits, dots, dashes and underscores, and no digit first.
 */
import { visible } from './visible-text.ts';

/** What stands for an empty text, where OSCAL wants one. */
const EMPTY = '(empty)';

/** One line without blanks at its ends, never empty: OSCAL's `string`. */
export function oscalString(text: string): string {
  const line = visible(text.replaceAll(/\s+/g, ' ').trim());
  return line === '' ? EMPTY : line;
}

/** One paragraph of Markdown that shows the text as it is: OSCAL's `markup-line` and `markup-multiline`. */
export function oscalProse(text: string): string {
  const inline = oscalString(text)
    .replaceAll(/[\\`*[\]<>&{}~^|!]/g, '\\$&')
    // Within a word an underscore is no markup, and names of columns read better without backslashes.
    .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_');
  // At the start of a paragraph also the signs of headings, lists and rules are markup.
  return inline.replace(/^(\d{1,9})([.)])(?= |$)/, '$1\\$2').replace(/^[#+\-=]/, '\\$&');
}

/** The text as OSCAL's `token`: what one cannot hold becomes a dot. */
export function oscalToken(text: string): string {
  const token = text.replaceAll(/[^A-Za-z0-9._-]/g, '.').replace(/(?<!\.)\.+$/, '');
  return /^[A-Za-z_]/.test(token) ? token : `_${token}`;
}
