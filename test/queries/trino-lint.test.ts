/**
 * Every query that Trino is to run, as it is sent there, is Trino's SQL: its grammar, and no function that
 * Trino has not. That the results are equal is for test/integration/trino.test.ts.
 */
import { TrinoSQL } from 'dt-sql-parser';
import { expect, test } from 'vitest';
import { nextToken, sqlTokens } from '../../src/engines/sql-tokens.ts';
import { trinoSql } from '../../src/engines/trino-sql.ts';
import { listOf, type QueryFile, readLayer } from '../../src/query-file.ts';

/** What an engine other than DuckDB is never asked: which days to make anew is for DuckDB's own files. */
const DUCKDB_ONLY = ['inventory_slice'];

const FILES = (['reports', 'parts', 'packs', 'status', 'marts', 'staging'] as const)
  .flatMap((layer) => readLayer(layer))
  .filter(({ name }) => !DUCKDB_ONLY.includes(name));

/** Trino's functions that the queries use; source: Trino documentation, "List of functions and operators". */
const FUNCTIONS = new Set(
  `abs array_agg array_distinct array_join array_max array_min array_sort bitwise_and bitwise_or bool_and
  bool_or cardinality cast chr coalesce concat contains count date_add date_diff date_format date_trunc
  dense_rank element_at filter first_value flatten floor from_iso8601_timestamp if json_extract
  json_extract_scalar lag last_value lead length lower lpad map map_concat map_keys max max_by millisecond
  min min_by nullif power reduce regexp_extract regexp_extract_all regexp_like regexp_replace replace
  row row_number rpad sequence sha256 split split_part starts_with strpos substr sum to_base to_hex to_unixtime
  to_utf8 transform trim try try_cast unnest upper`.split(/\s+/),
);

/** Words that a bracket may follow and that are no functions. */
const NO_FUNCTIONS = new Set(
  'and any as between by case distinct else end exists from in is join not on or over select then union values when where with'.split(
    ' ',
  ),
);

function sentTo(file: QueryFile): string {
  const day = '2026-11-02T00:00:00Z';
  const parameters = listOf(file.header.parameters).map((name) => [name, day] as const);
  return trinoSql(file.text, Object.fromEntries(parameters));
}

/** Names before a bracket, but for those that name columns: `as change (changed_at)`, `detail (a, b) as (`. */
function functionsOf(sql: string): string[] {
  const tokens = sqlTokens(sql).filter(({ kind }) => kind !== 'blank');
  return tokens.flatMap(({ kind, text }, index) => {
    if (kind !== 'word' || tokens[nextToken(tokens, index + 1)]?.text !== '(') return [];
    const before = tokens[index - 1]?.text ?? '';
    const names = ['as', 'with', 'cross', 'timestamp'].includes(before) || text === 'timestamp';
    const isStep = before === ',' && isColumnList(tokens.slice(index + 1).map((one) => one.text));
    return names || isStep || NO_FUNCTIONS.has(text) ? [] : [text];
  });
}

/** `(a, b) as (`: the columns of a step. */
function isColumnList(texts: readonly string[]): boolean {
  const close = texts.indexOf(')');
  return texts[close + 1] === 'as' && texts[close + 2] === '(';
}

const parser = new TrinoSQL();

test.each(FILES.map((file) => [`${file.layer}/${file.name}`, file] as const))(
  '%s is a statement of Trino',
  (_, file) => {
    const sql = sentTo(file);
    const mistakes = parser
      .validate(sql)
      .map(({ startLine, message }) => `${startLine}: ${message}`);
    expect(mistakes).toEqual([]);
    expect(functionsOf(sql).filter((name) => !FUNCTIONS.has(name))).toEqual([]);
  },
);

test.each([
  ['a clause that Trino has not', 'select * exclude (a) from t order by a'],
  [
    'a condition that the rows are chosen by',
    'select a from t qualify row_number() over (order by a) = 1',
  ],
  ['a cast in short', 'select a::bigint from t'],
])('%s is refused', (_, sql) => {
  expect(parser.validate(trinoSql(sql))).not.toEqual([]);
});

test('a function that Trino has not is found', () => {
  const sql =
    'with steps (a) as (select 1) select list_slice(a, 1, 2), max(b) from steps as t (a, b)';
  expect(functionsOf(trinoSql(sql)).filter((name) => !FUNCTIONS.has(name))).toEqual(['list_slice']);
});
