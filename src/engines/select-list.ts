/**
 * The list of columns of a statement. Athena tells lists and maps as text from which they cannot be had back with
 * certainty (`[a, b]`), so a statement that gives them is sent so that it gives JSON.
 */
import {
  closingToken,
  nextToken,
  splitAtCommas,
  sqlText,
  sqlTokens,
  type Token,
} from './sql-tokens.ts';

/** What ends the list of columns of a SELECT. */
const LIST_ENDS = new Set([
  ...['from', 'where', 'group', 'having', 'window', 'union', 'intersect', 'except'],
  ...['order', 'limit', 'offset', 'fetch'],
]);

/**
 * The statement with the columns at `places` as JSON, in their places and order of rows; undefined if its list of
 * columns is not one that can be rewritten: of several SELECTs, or of `*` beside others.
 */
export function asJson(
  sql: string,
  names: readonly string[],
  places: readonly number[],
): string | undefined {
  const tokens = sqlTokens(sql);
  const start = mainSelect(tokens);
  if (start === undefined) return undefined;
  let first = nextToken(tokens, start + 1);
  if (tokens[first]?.text.toLowerCase() === 'distinct') first = nextToken(tokens, first + 1);
  const end = endOfList(tokens, first);
  if (hasSetOperation(tokens, end)) return undefined;
  const items = splitAtCommas(tokens.slice(first, end));
  const [only] = items;
  const isStar = items.length === 1 && only?.length === 1 && only[0]?.text === '*';
  const texts = isStar ? names.map(quoted) : items.map(sqlText);
  if (texts.length !== names.length) return undefined;
  const list = texts.map((text, index) =>
    places.includes(index) ? jsonItem(text, isStar, names[index] ?? '') : text,
  );
  return `${sqlText(tokens.slice(0, first))}${list.join(', ')} ${sqlText(tokens.slice(end))}`;
}

/** Index of the SELECT that stands in no bracket, after what `with` names. */
function mainSelect(tokens: readonly Token[]): number | undefined {
  for (let index = 0; index < tokens.length; index += 1) {
    const { kind, text } = tokens[index] as Token;
    if (kind === 'symbol' && text === '(') index = closingToken(tokens, index);
    else if (kind === 'word' && text.toLowerCase() === 'select') return index;
  }
  return undefined;
}

function endOfList(tokens: readonly Token[], first: number): number {
  for (let index = first; index < tokens.length; index += 1) {
    const { kind, text } = tokens[index] as Token;
    if (kind === 'symbol' && '([{'.includes(text)) index = closingToken(tokens, index);
    // `distinct from` stands in a comparison.
    else if (kind === 'word' && LIST_ENDS.has(text.toLowerCase()) && !isDistinctFrom(tokens, index))
      return index;
  }
  return tokens.length;
}

function isDistinctFrom(tokens: readonly Token[], index: number): boolean {
  const before = tokens.slice(0, index).findLast(({ kind }) => kind !== 'blank');
  return before?.text.toLowerCase() === 'distinct';
}

function hasSetOperation(tokens: readonly Token[], from: number): boolean {
  for (let index = from; index < tokens.length; index += 1) {
    const { kind, text } = tokens[index] as Token;
    if (kind === 'symbol' && '([{'.includes(text)) index = closingToken(tokens, index);
    else if (kind === 'word' && ['union', 'intersect', 'except'].includes(text.toLowerCase()))
      return true;
  }
  return false;
}

/** `expression as name`, or a column by its name. */
function jsonItem(text: string, isColumn: boolean, name: string): string {
  const tokens = sqlTokens(text);
  let as: number | undefined;
  for (let index = 0; index < tokens.length; index += 1) {
    const { kind, text: said } = tokens[index] as Token;
    if (kind === 'symbol' && '([{'.includes(said)) index = closingToken(tokens, index);
    else if (kind === 'word' && said.toLowerCase() === 'as') as = index;
  }
  const expression = isColumn || as === undefined ? text : sqlText(tokens.slice(0, as)).trim();
  return `json_format(cast(${expression} as json)) as ${quoted(name)}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
