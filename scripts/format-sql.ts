/**
 * Prints every SQL file in `queries/` as the project formats it: `npx tsx scripts/format-sql.ts`, or
 * with `--check` only says which files differ (exit code 1).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readLayer } from '../src/query-file.ts';
import { formatSql, SQL_LAYERS } from './sql-format.ts';

const isCheck = process.argv.includes('--check');
for (const file of SQL_LAYERS.flatMap((layer) => readLayer(layer))) {
  const text = readFileSync(file.path, 'utf8');
  const formatted = formatSql(text);
  if (formatted === text) continue;
  if (isCheck) process.exitCode = 1;
  else writeFileSync(file.path, formatted);
  process.stdout.write(`${isCheck ? 'differs' : 'formatted'}: ${file.layer}/${file.name}.sql\n`);
}
