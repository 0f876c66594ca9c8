/**
 * Functions of `queries/functions` as text: a call is replaced by the body of its function, for engines
 * that know no macros and in which nothing may be created.
 */
import {
  closingToken,
  nextToken,
  splitAtCommas,
  sqlTokens,
  type Token,
  trimBlanks,
} from './sql-tokens.ts';

export type Macro = {
  name: string;
  parameters: readonly string[];
  /** The last parameter stands for all arguments from its place on, with commas between them. */
  takesRest: boolean;
  body: readonly Token[];
};

/**
 * Reads `create or replace macro name (a, b) as body;`. For `other_engine` the last parameter may be
 * written `rest...`, which DuckDB does not know. Throws for any other statement.
 */
export function readMacro(sql: string): Macro {
  const tokens = sqlTokens(sql).filter(
    ({ kind, text }, index, all) => !(kind === 'symbol' && text === ';' && index > all.length - 3),
  );
  const words = ['create', 'or', 'replace', 'macro'];
  let index = nextToken(tokens, 0);
  for (const word of words) {
    if (tokens[index]?.text.toLowerCase() !== word) throw new Error(`no macro: ${sql}`);
    index = nextToken(tokens, index + 1);
  }
  const name = tokens[index]?.text ?? '';
  const open = nextToken(tokens, index + 1);
  const close = closingToken(tokens, open);
  const as = nextToken(tokens, close + 1);
  if (tokens[as]?.text.toLowerCase() !== 'as') throw new Error(`no macro: ${sql}`);
  const written = splitAtCommas(tokens.slice(open + 1, close)).map((item) =>
    item.map(({ text }) => text).join(''),
  );
  return {
    name,
    parameters: written.map((parameter) => parameter.replace('...', '')),
    takesRest: written.at(-1)?.endsWith('...') ?? false,
    body: trimBlanks(tokens.slice(as + 1)),
  };
}

/** True of what needs no brackets wherever it is put: one token, or a call. */
function isClosed(tokens: readonly Token[]): boolean {
  if (tokens.length <= 1) return true;
  const first = tokens[0]?.kind === 'word' ? nextToken(tokens, 1) : 0;
  if (tokens[first]?.text === '.' || tokens[first]?.text === undefined) {
    return tokens.every(({ kind, text }) => kind === 'word' || kind === 'quoted' || text === '.');
  }
  return tokens[first]?.text === '(' && closingToken(tokens, first) === tokens.length - 1;
}

export function bracketed(tokens: readonly Token[]): Token[] {
  if (isClosed(tokens)) return [...tokens];
  return [{ kind: 'symbol', text: '(' }, ...tokens, { kind: 'symbol', text: ')' }];
}

/** The body of a function with its arguments in their places. Throws for a wrong number of them. */
export function expandMacro(macro: Macro, given: readonly (readonly Token[])[]): Token[] {
  const { parameters, takesRest } = macro;
  const last = parameters.length - 1;
  if (takesRest ? given.length <= last : given.length !== parameters.length) {
    throw new Error(`${macro.name} takes ${parameters.join(', ')} and is given ${given.length}`);
  }
  const values = new Map(
    parameters.map((name, index): [string, Token[]] => [
      name,
      takesRest && index === last ? joined(given.slice(last)) : bracketed(given[index] ?? []),
    ]),
  );
  return bracketed(
    macro.body.flatMap((token, index) => {
      const isName =
        token.kind === 'word' &&
        macro.body[index - 1]?.text !== '.' &&
        macro.body[nextToken(macro.body, index + 1)]?.text !== '(';
      return (isName ? values.get(token.text) : undefined) ?? [token];
    }),
  );
}

function joined(items: readonly (readonly Token[])[]): Token[] {
  return items.flatMap((item, index): Token[] =>
    index === 0 ? [...item] : [{ kind: 'symbol', text: ',' }, { kind: 'blank', text: ' ' }, ...item],
  );
}
