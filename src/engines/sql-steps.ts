/**
 * The steps of a long statement. Trino plans what stands under `with` anew wherever it is read, so that
 * steps that read each other twice grow beyond what it plans; they become tables instead.
 */
import {
  closingToken,
  nextToken,
  sqlText,
  sqlTokens,
  type Token,
  trimBlanks,
} from './sql-tokens.ts';

type Step = { name: string; columns: string; body: Token[]; reads: ReadonlyMap<string, number> };

/** Statements in their order: all but the last make a table of that name. */
export type SplitStatement = { tables: { name: string; text: string }[]; last: string };

/** So many parts of a statement are planned in a second or two. */
const PLANNED_AT_ONCE = 200;

/**
 * The statement as it is, or, if it would be planned as more than 200 parts, with a table for each step
 * that is read more than once. `tableOf` names the table of a step.
 */
export function splitStatement(sql: string, tableOf: (step: string) => string): SplitStatement {
  const { steps, last } = readSteps(trimBlanks(sqlTokens(sql)));
  const read = (tokens: readonly Token[]) =>
    readsOf(tokens, new Set(steps.map(({ name }) => name)));
  const lastReads = read(last);
  const sizes = new Map<string, number>();
  const sizeOf = (reads: ReadonlyMap<string, number>): number =>
    [...reads].reduce((sum, [name, count]) => sum + count * (sizes.get(name) ?? 0), 1);
  for (const { name, reads } of steps) sizes.set(name, sizeOf(reads));
  if (sizeOf(lastReads) <= PLANNED_AT_ONCE) return { tables: [], last: sql };

  const uses = (name: string): number =>
    [...steps.map(({ reads }) => reads), lastReads].reduce(
      (sum, reads) => sum + (reads.get(name) ?? 0),
      0,
    );
  const before: string[] = [];
  const tables: { name: string; text: string }[] = [];
  const statement = (body: readonly Token[]): string =>
    before.length > 0 ? `with\n${before.join(',\n')}\n${sqlText(body)}` : sqlText(body);
  for (const { name, columns, body } of steps) {
    if (uses(name) < 2) {
      before.push(`${name} ${columns} as (${sqlText(body)})`);
    } else {
      tables.push({ name: tableOf(name), text: statement(body) });
      before.push(`${name} ${columns} as (select * from ${tableOf(name)})`);
    }
  }
  return { tables, last: statement(last) };
}

/** `with a as (...), b (c, d) as (...) select ...`; without a `with` there are no steps. */
function readSteps(tokens: readonly Token[]): { steps: Step[]; last: Token[] } {
  const steps: Step[] = [];
  if (tokens[0]?.text !== 'with') return { steps, last: [...tokens] };
  let index = 0;
  do {
    const name = nextToken(tokens, index + 1);
    const next = nextToken(tokens, name + 1);
    // The names of its columns, where they are given.
    const as =
      tokens[next]?.text === '(' ? nextToken(tokens, closingToken(tokens, next) + 1) : next;
    const open = nextToken(tokens, as + 1);
    if (tokens[open]?.text !== '(') throw new Error('a step is written "name as (select ...)"');
    const close = closingToken(tokens, open);
    const columns = sqlText(tokens.slice(name + 1, as)).trim();
    const body = tokens.slice(open + 1, close);
    const known = new Set(steps.map((step) => step.name));
    steps.push({ name: tokens[name]?.text ?? '', columns, body, reads: readsOf(body, known) });
    index = nextToken(tokens, close + 1);
  } while (tokens[index]?.text === ',');
  return { steps, last: tokens.slice(index) };
}

/** How often each of the steps is read: its name after `from` or `join`. */
function readsOf(tokens: readonly Token[], names: ReadonlySet<string>): Map<string, number> {
  const reads = new Map<string, number>();
  const words = tokens.filter(({ kind }) => kind !== 'blank');
  for (const [index, { text }] of words.entries()) {
    const before = words[index - 1]?.text;
    if (names.has(text) && (before === 'from' || before === 'join')) {
      reads.set(text, (reads.get(text) ?? 0) + 1);
    }
  }
  return reads;
}
