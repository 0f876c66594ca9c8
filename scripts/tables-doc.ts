/** Prints docs/tables.md: every table and column of the lake, from the catalogue. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { TABLES } from '../src/tables.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The page, as it must stand in the repository. */
export function tablesDoc(): string {
  return [
    '# Tables of the lake',
    '',
    'Made from `src/tables.ts` by `npm run tables-doc`. Timestamps are UTC. `flowproof query "describe flow"` shows the types,',
    '`flowproof connect` gives any DuckDB the same tables with these descriptions.',
    ...TABLES.flatMap((table) => [
      '',
      `## ${table.name}`,
      '',
      cell(table.description),
      '',
      '| Column | Type | Meaning |',
      '|---|---|---|',
      ...[...table.columns, ...(table.computed ?? [])].map(
        ({ name, type, description }) =>
          `| \`${name}\` | ${type.toLowerCase()} | ${cell(description)} |`,
      ),
    ]),
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(PACKAGE_ROOT, 'docs', 'tables.md'), tablesDoc());
}
