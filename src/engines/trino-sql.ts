/**
 * The statements of `queries/` as Trino (and so Athena) reads them. They are written in what both engines
 * share; all that differs is here and in `queries/trino/functions`:
 *
 * - calls of flowproof's functions become their text, as Athena has no functions of one's own;
 * - functions that both have under one name and with another meaning become what DuckDB means by them;
 * - `is true` and `is not true` become `is not distinct from true` and `is distinct from true`;
 * - `timestamp` becomes `timestamp(6)`: Trino's own has milliseconds;
 * - `timestamp 'infinity'` becomes the last moment of the year 9999;
 * - `[a, b]` becomes `array[a, b]`, and `type[]` becomes `array(type)`;
 * - parameters become literals.
 */
import { join } from 'node:path';
import { QUERIES_ROOT, readLayer } from '../query-file.ts';
import { quoteText } from '../tables.ts';
import type { EngineParameters } from './engine.ts';
import { expandMacro, type Macro, readMacro } from './sql-macros.ts';
import {
  closingToken,
  nextToken,
  splitAtCommas,
  sqlText,
  sqlTokens,
  type Token,
  trimBlanks,
} from './sql-tokens.ts';

/** Functions of DuckDB that only give Trino's functions their names. */
const TRINO_HAS = ['array_join', 'bitwise_and', 'cardinality', 'element_at', 'json_extract_scalar'];

let macros: ReadonlyMap<string, Macro> | undefined;

/** By name, what a call becomes. Trino's own text comes before that for DuckDB. */
function trinoMacros(): ReadonlyMap<string, Macro> {
  macros ??= new Map(
    [
      ...readLayer('functions').filter(({ name }) => !TRINO_HAS.includes(name)),
      ...readLayer('functions', join(QUERIES_ROOT, 'trino')),
    ].map((file) => [file.name, readMacro(file.text)]),
  );
  return macros;
}

/** A statement for Trino. Throws if it names a parameter that is not given. */
export function trinoSql(statement: string, parameters: EngineParameters = {}): string {
  return sqlText(trimBlanks(rewrite(sqlTokens(statement), parameters, new Set())));
}

/** `calling`: the functions whose text this is, in which their own names are Trino's. */
function rewrite(
  tokens: readonly Token[],
  parameters: EngineParameters,
  calling: ReadonlySet<string>,
): Token[] {
  const output: Token[] = [];
  let index = 0;
  while (index < tokens.length) {
    const token = tokens[index] as Token;
    const next = nextToken(tokens, index + 1);
    const before = output.findLast(({ kind }) => kind !== 'blank');
    const macro =
      token.kind === 'word' && tokens[next]?.text === '(' && before?.text !== '.'
        ? trinoMacros().get(token.text.toLowerCase())
        : undefined;
    if (macro && !calling.has(macro.name)) {
      const close = closingToken(tokens, next);
      const given = splitAtCommas(tokens.slice(next + 1, close)).map((item) =>
        rewrite(item, parameters, calling),
      );
      // What is given is Trino's already; only the body is still to be read.
      const body = { ...macro, body: rewrite(macro.body, {}, new Set([...calling, macro.name])) };
      output.push(...expandMacro(body, given));
      index = close + 1;
      continue;
    }
    const taken = rewriteAt(tokens, index, parameters, before);
    output.push(...taken.tokens);
    index = taken.next;
  }
  return output;
}

/** What stands for the time that comes after all others, which Trino has not. */
const LAST_MOMENT = "timestamp '9999-12-31 23:59:59.999999'";

type Taken = { tokens: Token[]; next: number };

/** What stands before a `[` that opens a list, and not the place in one. */
const BEFORE_A_LIST = new Set(
  'select distinct then else when in and or not on by case as between'.split(' '),
);

const symbol = (text: string): Token => ({ kind: 'symbol', text });
const word = (text: string): Token => ({ kind: 'word', text });
const BLANK: Token = { kind: 'blank', text: ' ' };

/** The token at `index`, and with it those that become something else together with it. */
function rewriteAt(
  tokens: readonly Token[],
  index: number,
  parameters: EngineParameters,
  before: Token | undefined,
): Taken {
  const token = tokens[index] as Token;
  const next = nextToken(tokens, index + 1);
  const following = tokens[next]?.text.toLowerCase();
  const said = token.kind === 'word' ? token.text.toLowerCase() : token.text;
  if (token.kind === 'parameter') {
    return { tokens: [literal(token.text, parameters)], next: index + 1 };
  }
  if (said === 'cast' || said === 'try_cast') {
    const time = timeParameter(tokens, next, parameters);
    if (time) return time;
  }
  if (said === 'timestamp' && before?.text.toLowerCase() === 'as' && following !== '(') {
    return { tokens: [word('timestamp'), symbol('(6)')], next: index + 1 };
  }
  if (said === 'timestamp' && following === "'infinity'") {
    return { tokens: sqlTokens(LAST_MOMENT), next: next + 1 };
  }
  if (said === 'is') return truthTest(tokens, index, next);
  if (said === '[' && token.kind === 'symbol') {
    const isList =
      before === undefined ||
      (before.kind === 'word' && BEFORE_A_LIST.has(before.text.toLowerCase())) ||
      (before.kind === 'symbol' && ![')', ']'].includes(before.text));
    if (isList) {
      return { tokens: [word('array'), symbol('[')], next: index + 1 };
    }
  }
  return { tokens: [token], next: index + 1 };
}

/** `is true` has no null, and so is another word for `is not distinct from true`. */
function truthTest(tokens: readonly Token[], index: number, next: number): Taken {
  const isNot = tokens[next]?.text.toLowerCase() === 'not';
  const at = isNot ? nextToken(tokens, next + 1) : next;
  const truth = tokens[at]?.text.toLowerCase();
  if (truth !== 'true' && truth !== 'false') return { tokens: [word('is')], next: index + 1 };
  const words = isNot
    ? ['is', 'distinct', 'from', truth]
    : ['is', 'not', 'distinct', 'from', truth];
  return { tokens: words.flatMap((text) => [word(text), BLANK]).slice(0, -1), next: at + 1 };
}

/** `cast($name as timestamp)`: a literal, in the one way that Trino writes times. */
function timeParameter(
  tokens: readonly Token[],
  open: number,
  parameters: EngineParameters,
): Taken | undefined {
  if (tokens[open]?.text !== '(') return undefined;
  const close = closingToken(tokens, open);
  const inside = tokens.slice(open + 1, close).filter(({ kind }) => kind !== 'blank');
  const [parameter, as, type, ...rest] = inside;
  if (parameter?.kind !== 'parameter' || as?.text !== 'as' || rest.length > 0) return undefined;
  if (type?.text !== 'timestamp') return undefined;
  const value = literal(parameter.text, parameters).text;
  const written = /^'(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)Z?)?'$/.exec(
    value,
  );
  const text = written ? `'${written[1]} ${written[2] ?? '00:00:00'}'` : value;
  return { tokens: sqlTokens(`cast(${text} as timestamp(6))`), next: close + 1 };
}

function literal(name: string, parameters: EngineParameters): Token {
  const value = parameters[name.slice(1)];
  if (value === undefined) throw new Error(`the parameter ${name} is not given`);
  if (typeof value === 'string') return { kind: 'text', text: quoteText(value) };
  return { kind: 'word', text: String(value) };
}
