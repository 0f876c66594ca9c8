/**
 * Values for the parameters of a statement that come as text, as from a command line: a value takes the
 * type that the statement gives its parameter, so that an account id stays text and a port is a number.
 */
import { type DuckDBConnection, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';
import { messageOf } from '../errors.ts';
import { failed, parseStatement } from './gate.ts';

const INTEGER = /^-?(?:0|[1-9]\d{0,17})$/;
const DECIMAL = /^-?\d{1,15}\.\d{1,15}$/;

/** Throws QUERY_FAILED unless the names are those of the statement's parameters. */
export async function checkNames(
  connection: DuckDBConnection,
  sql: string,
  given: readonly string[],
): Promise<void> {
  const parsed = await parseStatement(connection, sql);
  const [statement] = (parsed.statements ?? []) as { named_param_map: { key: string }[] }[];
  const wanted = (statement?.named_param_map ?? []).map(({ key }) => key);
  const missing = wanted.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !wanted.includes(name));
  if (missing.length > 0) {
    throw failed(
      `no value for the parameter ${missing.map((name) => `$${name}`).join(', ')}`,
      `Give a value for each, such as --param ${missing[0]}=value.`,
    );
  }
  if (unknown.length > 0) {
    throw failed(
      `the statement has no parameter ${unknown.map((name) => `$${name}`).join(', ')}`,
      'Leave the value out, or use it in the statement.',
    );
  }
}

/**
 * The texts as values. Where the statement leaves the type open (`select $x`, `1 + $x`), true, false, integers
 * without leading zeros and decimals are what they look like, and all else is text. Throws QUERY_FAILED for a
 * text that its type does not take.
 */
export async function typeParameters(
  connection: DuckDBConnection,
  sql: string,
  texts: Readonly<Record<string, string>>,
): Promise<Record<string, DuckDBValue>> {
  const names = Object.keys(texts);
  const types = new Map(await declaredTypes(connection, sql));
  const open = names.filter((name) => !types.has(name));
  // DuckDB stops at the first parameter whose type is open, so that others seem to be open too. Each is
  // looked at with the rest settled: a number in one place makes no number of an account id in another.
  for (const name of open.length > 1 ? open : []) {
    const settled = new Map(
      open.filter((one) => one !== name).map((one) => [one, guess(texts[one] ?? '').type]),
    );
    // A statement that cannot be written anew, as SHOW cannot, leaves its types open.
    const found = await withCasts(connection, sql, settled)
      .then((rewritten) => declaredTypes(connection, rewritten))
      .then((declared) => declared.get(name))
      .catch(() => undefined);
    if (found !== undefined) types.set(name, found);
  }
  const values: Record<string, DuckDBValue> = {};
  for (const [name, text] of Object.entries(texts)) {
    const type = types.get(name);
    values[name] = type ? await cast(connection, { name, text, type }) : guess(text).value;
  }
  return values;
}

/** The types that the statement gives its parameters, where it does. */
async function declaredTypes(
  connection: DuckDBConnection,
  sql: string,
): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  const prepared = await connection.prepare(sql);
  try {
    for (let index = 1; index <= prepared.parameterCount; index += 1) {
      if (prepared.parameterTypeId(index) === DuckDBTypeId.INVALID) continue;
      types.set(prepared.parameterName(index), prepared.parameterType(index).toString());
    }
  } finally {
    prepared.destroySync();
  }
  return types;
}

/** A parameter in the tree of a statement, as JSON; within a text of it the quotes would be escaped. */
const PARAMETER = /\{"class":"PARAMETER",[^{}]*"identifier":"(\w+)"\}/g;

/**
 * The statement with some of its parameters cast, for looking at the types of the others. The tree stays
 * text: JavaScript would round its large numbers.
 */
async function withCasts(
  connection: DuckDBConnection,
  sql: string,
  types: ReadonlyMap<string, string>,
): Promise<string> {
  const serialized = await connection.runAndReadAll(
    'select json_serialize_sql($sql::varchar)::varchar',
    { sql },
  );
  const tree = String(serialized.getRows()[0]?.[0]).replace(PARAMETER, (node, name: string) => {
    const type = types.get(name);
    return type === undefined
      ? node
      : `{"class":"CAST","type":"OPERATOR_CAST","alias":"","query_location":0,"child":${node},"cast_type":{"id":"${type}","type_info":null},"try_cast":false}`;
  });
  const reader = await connection.runAndReadAll('select json_deserialize_sql($tree::json)', {
    tree,
  });
  return String(reader.getRows()[0]?.[0]);
}

async function cast(
  connection: DuckDBConnection,
  parameter: { name: string; text: string; type: string },
): Promise<DuckDBValue> {
  const { name, text, type } = parameter;
  try {
    // The name of the type is DuckDB's own, of a statement that it has bound.
    const reader = await connection.runAndReadAll(`select cast($text::varchar as ${type})`, {
      text,
    });
    return reader.getRows()[0]?.[0] ?? null;
  } catch (thrown) {
    throw failed(
      `the parameter $${name} is of type ${type}, which its value is not (${messageOf(thrown).split('\n')[0]})`,
      `Give a value of that type, or cast it in the statement: $${name}::varchar.`,
    );
  }
}

function guess(text: string): { value: DuckDBValue; type: string } {
  if (text === 'true' || text === 'false') return { value: text === 'true', type: 'BOOLEAN' };
  if (INTEGER.test(text)) return { value: BigInt(text), type: 'BIGINT' };
  if (DECIMAL.test(text)) return { value: Number(text), type: 'DOUBLE' };
  return { value: text, type: 'VARCHAR' };
}
