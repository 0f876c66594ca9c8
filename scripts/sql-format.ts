/** How the SQL of the project is printed; the lint test holds every file to it. */
import { format } from 'sql-formatter';
import type { Layer } from '../src/query-file.ts';

/** Every layer of `queries/`, in the order of the data. */
export const SQL_LAYERS: readonly Layer[] = [
  'functions',
  'staging',
  'marts',
  'reports',
  'packs',
  'status',
  'explain',
  'parts',
  'setup',
  'examples',
];

/** The text as it should stand in its file, with a final line end. */
export function formatSql(text: string): string {
  const formatted = format(text, {
    language: 'duckdb',
    keywordCase: 'lower',
    functionCase: 'lower',
    dataTypeCase: 'lower',
    paramTypes: { named: ['$'] },
  });
  return `${formatted}\n`;
}
