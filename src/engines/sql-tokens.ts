/** The words of a statement: enough of SQL to tell names, texts, comments and brackets apart. */

export type Token = {
  kind: 'word' | 'quoted' | 'text' | 'number' | 'parameter' | 'symbol' | 'blank';
  text: string;
};

const PATTERNS: readonly [Token['kind'], RegExp][] = [
  ['blank', /(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/y],
  ['text', /'(?:[^']|'')*'/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['parameter', /\$[a-z_][a-z0-9_]*/iy],
  ['word', /[a-z_][a-z0-9_]*/iy],
  ['number', /[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?/iy],
  ['symbol', /->>|->|<>|<=|>=|!=|\|\||::|\/\/|<<|>>|:=|[\s\S]/y],
];

/** The tokens of a statement; comments and white space become one blank. Nothing is refused. */
export function sqlTokens(sql: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < sql.length) {
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = position;
      const text = pattern.exec(sql)?.[0];
      if (text === undefined) continue;
      position += text.length;
      tokens.push({ kind, text: kind === 'blank' ? (text.includes('\n') ? '\n' : ' ') : text });
      break;
    }
  }
  return tokens;
}

export function sqlText(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

/** Index of the first token from `start` on that is not blank; the length if there is none. */
export function nextToken(tokens: readonly Token[], start: number): number {
  let index = start;
  while (tokens[index]?.kind === 'blank') index += 1;
  return index;
}

/** Index of the bracket that closes the one at `open`. Throws for a statement without it. */
export function closingToken(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index += 1) {
    const { kind, text } = tokens[index] as Token;
    if (kind !== 'symbol') continue;
    if ('([{'.includes(text)) depth += 1;
    if (')]}'.includes(text)) depth -= 1;
    if (depth === 0) return index;
  }
  throw new Error('a bracket is not closed');
}

/** What stands between commas that are in no bracket, without blanks around it. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const items: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth += 1;
    if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth -= 1;
    if (depth === 0 && token.kind === 'symbol' && token.text === ',') items.push([]);
    else items.at(-1)?.push(token);
  }
  const trimmed = items.map(trimBlanks);
  return trimmed.length === 1 && trimmed[0]?.length === 0 ? [] : trimmed;
}

export function trimBlanks(tokens: readonly Token[]): Token[] {
  const first = nextToken(tokens, 0);
  let last = tokens.length;
  while (last > first && tokens[last - 1]?.kind === 'blank') last -= 1;
  return tokens.slice(first, last);
}
