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
 * Reads `create or replace macro name (a, b) as body;`. In those for Trino the last parameter may be
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

/** Functions over many rows: what is given to them cannot be named for one row. */
const AGGREGATES = ['max_by', 'min_by'];

/**
 * The body of a function with its arguments in their places. A long argument that the body uses more
 * than once is named by a lambda, or nested calls would grow beyond what an engine compiles. Throws for a
 * wrong number of arguments.
 */
export function expandMacro(macro: Macro, given: readonly (readonly Token[])[]): Token[] {
  const { parameters, takesRest } = macro;
  const last = parameters.length - 1;
  const named = AGGREGATES.includes(macro.name)
    ? []
    : parameters.flatMap((parameter, index) => {
        const isLong = given[index]?.some(({ text }) => text === '(');
        const isRest = takesRest && index === last;
        if (!isLong || isRest || usesOf(macro, parameter) < 2) return [];
        return [{ parameter, index, name: `${macro.name}_${parameter}` }];
      });
  if (named.length > 0) {
    const short = given.map((argument, index): readonly Token[] => {
      const name = named.find((one) => one.index === index)?.name;
      return name === undefined ? argument : [{ kind: 'word', text: name }];
    });
    let body = expandMacro(macro, short);
    for (const { name, index } of named) {
      body = [
        ...sqlTokens('element_at(transform(array['),
        ...(given[index] ?? []),
        ...sqlTokens(`], ${name} -> `),
        ...body,
        ...sqlTokens('), 1)'),
      ];
    }
    return body;
  }
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
    macro.body.flatMap(
      (token, index) => (isName(macro, index) ? values.get(token.text) : undefined) ?? [token],
    ),
  );
}

function isName({ body }: Macro, index: number): boolean {
  return (
    body[index]?.kind === 'word' &&
    body[index - 1]?.text !== '.' &&
    body[nextToken(body, index + 1)]?.text !== '('
  );
}

function usesOf(macro: Macro, parameter: string): number {
  return macro.body.filter(({ text }, index) => text === parameter && isName(macro, index)).length;
}

function joined(items: readonly (readonly Token[])[]): Token[] {
  return items.flatMap((item, index): Token[] =>
    index === 0
      ? [...item]
      : [{ kind: 'symbol', text: ',' }, { kind: 'blank', text: ' ' }, ...item],
  );
}
