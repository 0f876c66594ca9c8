/**
 * What to say of a report that reads raw rows of a period of which some have left the lake: it sees nothing
 * of them, and that it finds nothing there shows nothing.
 */
import { join } from 'node:path';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { TABLES } from '../tables.ts';

/** A row of `queries/packs/gone_days.sql`. */
export type GoneDays = {
  table_name: string;
  action: string;
  day_count: number;
  first_date: string;
  last_date: string;
};

/** The tables of the lake that a query reads, by its text; those that views are made of included. */
export function tablesRead(text: string): Set<string> {
  const code = text.replaceAll(/--[^\n]*/g, '');
  const names = new Set([...code.matchAll(/\b(?:from|join)\s+"?(\w+)/gi)].map((match) => match[1]));
  const found = TABLES.filter(({ name }) => names.has(name));
  return new Set(
    found.flatMap(({ name, isView }) => [name, ...(isView ? tablesRead(textOfView(name)) : [])]),
  );
}

function textOfView(name: string): string {
  return readQueryFile('marts', join(QUERIES_ROOT, 'marts', `${name}.sql`)).text;
}

/** One sentence on the days that a query cannot see, or undefined if it sees all. */
export function goneText(text: string, gone: readonly GoneDays[]): string | undefined {
  const read = tablesRead(text);
  const parts = gone
    .filter(({ table_name }) => read.has(table_name))
    .map(
      ({ table_name, action, day_count, first_date, last_date }) =>
        `${table_name} of ${day_count} ${day_count === 1 ? 'day' : 'days'} (${first_date === last_date ? first_date : `${first_date} to ${last_date}`}, ${action})`,
    );
  if (parts.length === 0) return undefined;
  return `Raw rows of the period have left the lake by its retention, and this report sees nothing of them: ${parts.join('; ')}.`;
}
