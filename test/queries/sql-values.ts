/**
 * The texts that a column can have, read from the queries themselves: every expression that is named so
 * is followed through CASE, coalesce and the columns that it takes, to the literals that stand there.
 */
import type { Database } from '../../src/database.ts';
import type { QueryFile } from '../../src/query-file.ts';

type Node = Readonly<Record<string, unknown>>;

/** Functions whose result is one of their arguments. */
const PASSING = new Set(['min', 'max', 'min_by', 'max_by', 'any_value', 'first', 'nullif']);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Every expression of the queries by the name that it is given. */
async function namedExpressions(
  database: Database,
  files: readonly QueryFile[],
): Promise<Map<string, Node[]>> {
  const named = new Map<string, Node[]>();
  const add = (name: unknown, expressions: readonly Node[]): void => {
    if (typeof name !== 'string' || name === '') return;
    named.set(name, [...(named.get(name) ?? []), ...expressions]);
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isNode(value)) return;
    add(value.alias, [value]);
    for (const [index, name] of (Array.isArray(value.aliases) ? value.aliases : []).entries()) {
      add(name, listedValues(value.query, index));
    }
    Object.values(value).forEach(visit);
  };
  for (const file of files) {
    const reader = await database.connection.runAndReadAll(
      'select json_serialize_sql($sql::varchar)::varchar',
      { sql: file.text },
    );
    const tree: unknown = JSON.parse(String(reader.getRows()[0]?.[0]));
    if (isNode(tree) && tree.error === true) throw new Error(`${file.path} does not parse`);
    visit(tree);
  }
  return named;
}

/** What stands in one place of each row of `name (columns) as (values (...), (...))`. */
function listedValues(query: unknown, index: number): Node[] {
  if (!isNode(query)) return [];
  if (query.type !== 'EXPRESSION_LIST') {
    return Object.values(query).flatMap((part) => listedValues(part, index));
  }
  const rows: readonly unknown[] = Array.isArray(query.values) ? query.values : [];
  return rows.flatMap((row) => nodes(row).slice(index, index + 1));
}

/** A function that gives the texts that a column of that name can have in the queries. */
export async function valueReader(
  database: Database,
  files: readonly QueryFile[],
): Promise<(column: string) => string[]> {
  const named = await namedExpressions(database, files);
  return (column) => {
    const followed = new Set<string>();
    const valuesOfName = (name: string): string[] => {
      if (followed.has(name)) return [];
      followed.add(name);
      return (named.get(name) ?? []).flatMap(valuesOf);
    };
    const valuesOf = (node: Node): string[] => {
      if (node.class === 'CONSTANT') {
        const { value, is_null: isNull } = node.value as Node;
        return isNull !== true && typeof value === 'string' ? [value] : [];
      }
      if (node.class === 'CASE') return caseValues(node);
      if (node.class === 'COLUMN_REF') return valuesOfName(nameOf(node));
      if (node.type === 'OPERATOR_COALESCE' || PASSING.has(String(node.function_name))) {
        return nodes(node.children).flatMap(valuesOf);
      }
      return [];
    };
    // `case when said = 'a' then 'b' else said end` gives what `said` can be, less `a`.
    const caseValues = (node: Node): string[] => {
      const checks = nodes(node.case_checks);
      const otherwise = isNode(node.else_expr) ? node.else_expr : {};
      const replaced = checks.flatMap((check) => comparedTo(check.when_expr, nameOf(otherwise)));
      return [
        ...checks.flatMap((check) => (isNode(check.then_expr) ? valuesOf(check.then_expr) : [])),
        ...valuesOf(otherwise).filter((value) => !replaced.includes(value)),
      ];
    };
    return [...new Set(valuesOfName(column))].sort();
  };
}

function nameOf(node: Node): string {
  return Array.isArray(node.column_names) ? String(node.column_names.at(-1)) : '';
}

/** The text that a condition compares the column with, if that is all that it does. */
function comparedTo(condition: unknown, column: string): string[] {
  if (!isNode(condition) || condition.type !== 'COMPARE_EQUAL' || column === '') return [];
  const { left, right } = condition;
  if (!isNode(left) || !isNode(right) || nameOf(left) !== column) return [];
  return right.class === 'CONSTANT' ? [String((right.value as Node).value)] : [];
}
