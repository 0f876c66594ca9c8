/**
 * Every regular expression that a TypeScript or JavaScript file has: its literals, and what is given to
 * `new RegExp`. A tokenizer of its own, as far as it must be to tell a literal from a division, a text or
 * a comment; what it takes for a literal must compile.
 */
export type FoundRegex = { line: number; source: string; flags: string };

/** What is given to `new RegExp`: its code, as it cannot be known without running it. */
export type MadeRegex = { line: number; code: string };

/** Words after which a slash opens a literal; after any other word or number it divides. */
const OPERATOR_WORDS = new Set(['return', 'typeof', 'case', 'in', 'of', 'do', 'else', 'void']);

export function readRegexes(code: string): { literals: FoundRegex[]; made: MadeRegex[] } {
  const literals: FoundRegex[] = [];
  const made: MadeRegex[] = [];
  /** Depth of braces at which each open `${` of a template ends. */
  const templates: number[] = [];
  let depth = 0;
  let last = '';
  let at = code.startsWith('#!') ? code.indexOf('\n') : 0;
  const lineAt = (index: number): number => code.slice(0, index).split('\n').length;

  /** Goes behind the text of a template, up to its end or the next `${`. */
  const skipTemplate = (): void => {
    while (at < code.length && code[at] !== '`') {
      if (code[at] === '$' && code[at + 1] === '{') {
        templates.push(depth);
        at += 2;
        last = '{';
        return;
      }
      at += code[at] === '\\' ? 2 : 1;
    }
    at += 1;
    last = 'text';
  };

  while (at < code.length) {
    const letter = code[at] ?? '';
    const next = code[at + 1];
    if (/\s/.test(letter)) at += 1;
    else if (letter === '/' && next === '/') at = endOf(code, '\n', at);
    else if (letter === '/' && next === '*') at = endOf(code, '*/', at);
    else if (letter === '"' || letter === "'") {
      at += 1;
      while (code[at] !== letter) at += code[at] === '\\' ? 2 : 1;
      at += 1;
      last = 'text';
    } else if (letter === '`') {
      at += 1;
      skipTemplate();
    } else if (letter === '}' && templates.at(-1) === depth) {
      templates.pop();
      at += 1;
      skipTemplate();
    } else if (/[\w$]/.test(letter)) {
      const word = /^[\w$]+/.exec(code.slice(at, at + 200))?.[0] ?? letter;
      if (word === 'RegExp' && last === 'new') {
        made.push({ line: lineAt(at), code: code.slice(at, endOf(code, '\n', at)).trim() });
      }
      at += word.length;
      last = word;
    } else if (letter === '/' && opensRegex(last)) {
      const end = literalEnd(code, at);
      const flags = /^[a-z]*/.exec(code.slice(end, end + 10))?.[0] ?? '';
      const source = code.slice(at + 1, end - 1);
      new RegExp(source, flags);
      literals.push({ line: lineAt(at), source, flags });
      at = end + flags.length;
      last = 'text';
    } else {
      if (letter === '{') depth += 1;
      if (letter === '}') depth -= 1;
      last = letter;
      at += 1;
    }
  }
  return { literals, made };
}

function endOf(code: string, mark: string, from: number): number {
  const found = code.indexOf(mark, from);
  return found < 0 ? code.length : found + mark.length;
}

function opensRegex(last: string): boolean {
  if (/^[\w$]/.test(last)) return OPERATOR_WORDS.has(last);
  return last !== ')' && last !== ']' && last !== '}';
}

function literalEnd(code: string, start: number): number {
  let isInClass = false;
  let at = start + 1;
  for (; code[at] !== '/' || isInClass; at += 1) {
    if (code[at] === '\n' || at >= code.length) throw new Error(`no end of a literal at ${start}`);
    if (code[at] === '\\') at += 1;
    else if (code[at] === '[') isInClass = true;
    else if (code[at] === ']') isInClass = false;
  }
  return at + 1;
}
