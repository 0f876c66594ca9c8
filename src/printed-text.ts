/** Texts on standard output and standard error: without secrets, and nothing in them drives a terminal. */
import { withoutSecrets } from './secrets.ts';
import { visibleText } from './text-table.ts';

/** Lines stay lines; every other control or invisible character becomes visible. */
export function printedText(text: string): string {
  return withoutSecrets(text).split('\n').map(visibleText).join('\n');
}

const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A value as indented JSON of the same meaning, whose texts have no invisible character as it is. */
export function printedJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
