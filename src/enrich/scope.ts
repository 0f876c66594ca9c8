/**
 * The scopes of the configuration as a table, so that SQL decides what is in scope.
 */
import type { Config } from '../config.ts';
import type { Engine } from '../engines/engine.ts';

/** (Re)creates the table `scope_match`: one row a scope, key and value that may match. */
export async function createScopeTable(
  engine: Engine,
  config: Pick<Config, 'scope'>,
): Promise<void> {
  await engine.give({
    name: 'scope_match',
    columns: [
      { name: 'scope_name', type: 'VARCHAR' },
      { name: 'scope_order', type: 'INTEGER' },
      { name: 'match_kind', type: 'VARCHAR' },
      { name: 'match_key', type: 'VARCHAR' },
      { name: 'match_value', type: 'VARCHAR' },
    ],
    rows: config.scope.flatMap(({ name, match: { tag, ...lists } }, order) => [
      ...Object.entries(lists).flatMap(([kind, values]) =>
        (values ?? []).map((value) => [name, order, kind, '', value]),
      ),
      ...Object.entries(tag ?? {}).map(([key, value]) => [name, order, 'tag', key, value]),
    ]),
  });
}
