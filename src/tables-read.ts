/** What a query reads, as its text says it. */
import { join } from 'node:path';
import { QUERIES_ROOT, readQueryFile } from './query-file.ts';
import { TABLES } from './tables.ts';

/** Every name that stands after FROM or JOIN: of tables, and of steps of the query itself. */
export function namesRead(text: string): Set<string> {
  const code = text.replaceAll(/--[^\n]*/g, '');
  return new Set([...code.matchAll(/\b(?:from|join)\s+"?(\w+)/gi)].map((match) => match[1] ?? ''));
}

/** The tables of the lake that a query reads, by its text; those that views are made of included. */
export function tablesRead(text: string): Set<string> {
  const names = namesRead(text);
  const found = TABLES.filter(({ name }) => names.has(name));
  return new Set(
    found.flatMap(({ name, isView }) => [name, ...(isView ? tablesRead(textOfView(name)) : [])]),
  );
}

function textOfView(name: string): string {
  return readQueryFile('marts', join(QUERIES_ROOT, 'marts', `${name}.sql`)).text;
}
