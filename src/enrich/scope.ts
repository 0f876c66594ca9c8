/**
 * The scopes of the configuration as a table, so that SQL decides what is in scope.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';

/** (Re)creates the temporary table `scope_match`: one row a scope, key and value that may match. */
export async function createScopeTable(
  connection: DuckDBConnection,
  config: Pick<Config, 'scope'>,
): Promise<void> {
  await connection.run(
    `create or replace temporary table scope_match (
      scope_name varchar, scope_order integer, match_kind varchar, match_key varchar, match_value varchar
    )`,
  );
  for (const [order, scope] of config.scope.entries()) {
    const { tag, ...lists } = scope.match;
    const rows = [
      ...Object.entries(lists).flatMap(([kind, values]) =>
        (values ?? []).map((value) => [kind, '', value] as const),
      ),
      ...Object.entries(tag ?? {}).map(([key, value]) => ['tag', key, value] as const),
    ];
    for (const [kind, key, value] of rows) {
      await connection.run('insert into scope_match values ($name, $order, $kind, $key, $value)', {
        name: scope.name,
        order,
        kind,
        key,
        value,
      });
    }
  }
}
