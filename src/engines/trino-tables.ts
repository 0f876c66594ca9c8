/**
 * The tables of a lake for Trino: external tables over its Parquet files, and views that show of them
 * what DuckDB's views show (`src/lake.ts`): without files that the ledger does not know, without rows of
 * objects that later content replaced, with the columns that are computed.
 *
 * A table whose files are not shown as they are has them in `<table>_files`, and is a view of it.
 */
import { join } from 'node:path';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { type Column, quoteName, quoteText, TABLES, type Table } from '../tables.ts';
import type { EngineValue } from './engine.ts';
import { trinoSql } from './trino-sql.ts';

export type TrinoTableOptions = {
  /** URI of the lake, as `s3://bucket/lake` or `file:///data/lake`. */
  location: string;
  /** Names of the tables that have files; the others are empty views. */
  present: ReadonlySet<string>;
  /** The schema that the statements run in; what finds the partitions wants its name. */
  schema: string;
  /** The tables to make: those of the catalogue, or some of them. */
  tables?: readonly Table[];
};

const TYPES: Readonly<Record<string, string>> = {
  TIMESTAMP: 'timestamp(6)',
  BLOB: 'varbinary',
};

/** Trino's name of a type of the catalogue. */
export function trinoType(type: string): string {
  if (type.endsWith('[]')) return `array(${trinoType(type.slice(0, -2))})`;
  if (!type.startsWith('STRUCT(')) return TYPES[type] ?? type.toLowerCase();
  const members = membersOf(type.slice('STRUCT('.length, -1)).map((member) => {
    const end = member.indexOf(' ');
    return `${quoteName(member.slice(0, end))} ${trinoType(member.slice(end + 1))}`;
  });
  return `row(${members.join(', ')})`;
}

/** The members of a struct: parted by the commas that stand in no parentheses. */
function membersOf(text: string): string[] {
  const members: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    else if (text[at] === ',' && depth === 0) {
      members.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...members, text.slice(start).trim()];
}

/** The statements that make every table of the catalogue, in the order in which they must run. */
export function trinoTableStatements(options: TrinoTableOptions): string[] {
  const { tables = TABLES } = options;
  const stored = tables.filter(({ isView }) => !isView);
  const views = tables.filter(({ isView }) => isView);
  // A view of another's rows asks the ledger which of them count.
  const ordered = [
    ...stored.filter(({ name }) => name === 'source_object'),
    ...stored.filter(({ name }) => name !== 'source_object'),
  ];
  return [
    ...ordered.flatMap((table) => storedTable(table, options)),
    ...views.map((table) => queryView(table)),
  ];
}

function storedTable(table: Table, options: TrinoTableOptions): string[] {
  if (!options.present.has(table.name)) return [emptyView(table)];
  const name = isShownAsItIs(table) ? table.name : `${table.name}_files`;
  const statements = [externalTable(table, name, options.location)];
  if (table.partition) {
    statements.push(
      `call system.sync_partition_metadata(${quoteText(options.schema)}, ${quoteText(name)}, 'FULL')`,
    );
  }
  if (!isShownAsItIs(table)) statements.push(filesView(table));
  return statements;
}

function isShownAsItIs(table: Table): boolean {
  return table.layer !== 'ingest' && !table.isJsonLines && !table.computed;
}

function externalTable(table: Table, name: string, location: string): string {
  const columns = table.isJsonLines
    ? ['  line varchar']
    : // A column that the folders are named by comes last.
      [
        ...table.columns.filter((column) => column.name !== table.partition),
        ...table.columns.filter((column) => column.name === table.partition),
      ].map((column) => `  ${quoteName(column.name)} ${trinoType(column.type)}`);
  const properties = [
    `external_location = ${quoteText(`${location}/${table.name}`)}`,
    `format = '${table.isJsonLines ? 'TEXTFILE' : 'PARQUET'}'`,
    ...(table.partition ? [`partitioned_by = array[${quoteText(table.partition)}]`] : []),
  ];
  return `create table ${quoteName(name)} (\n${columns.join(',\n')}\n) with (\n  ${properties.join(',\n  ')}\n)`;
}

function emptyView(table: Table): string {
  const nulls = [...table.columns, ...(table.computed ?? [])].map(
    ({ name, type }) => `  cast(null as ${trinoType(type)}) as ${quoteName(name)}`,
  );
  return `create or replace view ${quoteName(table.name)} as select\n${nulls.join(',\n')}\nwhere false`;
}

function filesView(table: Table): string {
  const files = `${table.name}_files`;
  const columns = table.columns.map((column) =>
    table.isJsonLines ? `  ${jsonColumn(column)}` : `  ${quoteName(column.name)}`,
  );
  const computed = (table.computed ?? []).map(
    ({ name, sql }) => `  ${trinoSql(sql)} as ${quoteName(name)}`,
  );
  const conditions = rowConditions(table);
  return [
    `create or replace view ${quoteName(table.name)} as select`,
    [...columns, ...computed].join(',\n'),
    `from ${quoteName(files)}`,
    ...(conditions.length > 0 ? [`where ${conditions.join('\n  and ')}`] : []),
  ].join('\n');
}

/** The batch that a file belongs to, as `batchOf` of `src/lake.ts`. */
const BATCH = `regexp_extract("$path", '([^/.-]+)[.-][^/]*$', 1)`;

function rowConditions(table: Table): string[] {
  // Lines that were torn while they were written, and empty ones, are no JSON and no rows.
  if (table.isJsonLines) return ['try(json_parse(line)) is not null'];
  if (table.layer !== 'ingest') return [];
  const conditions: string[] = [];
  if (table.name !== 'run' && table.name !== 'source_object') {
    conditions.push(`${BATCH} in (select ${BATCH} from source_object_files)`);
  }
  if (table.columns.some(({ name }) => name === 'object_id')) {
    conditions.push(
      'object_id not in (select supersedes_object_id from source_object_files where supersedes_object_id is not null)',
    );
  }
  return conditions;
}

function jsonColumn({ name, type }: Column): string {
  const path = quoteText(`$.${name}`);
  const scalar = `json_extract_scalar(line, ${path})`;
  if (type === 'VARCHAR') return `${scalar} as ${quoteName(name)}`;
  if (type === 'TIMESTAMP') {
    return `cast(from_iso8601_timestamp(${scalar}) as timestamp(6)) as ${quoteName(name)}`;
  }
  const value = type.endsWith('[]') ? `json_extract(line, ${path})` : scalar;
  return `try_cast(${value} as ${trinoType(type)}) as ${quoteName(name)}`;
}

function queryView(table: Table): string {
  const file = readQueryFile('marts', join(QUERIES_ROOT, 'marts', `${table.name}.sql`));
  const columns = table.columns.map(
    ({ name, type }) => `  cast(${quoteName(name)} as ${trinoType(type)}) as ${quoteName(name)}`,
  );
  return `create or replace view ${quoteName(table.name)} as select\n${columns.join(',\n')}\nfrom (${trinoSql(file.text)})`;
}

/** A view of rows that come from the configuration and stand in no file. */
export function literalTableView(
  name: string,
  columns: readonly Pick<Column, 'name' | 'type'>[],
  rows: readonly (readonly EngineValue[])[],
): string {
  const select = (row: readonly EngineValue[]): string =>
    columns
      .map(
        (column, index) =>
          `cast(${literal(row[index] ?? null)} as ${trinoType(column.type)}) as ${quoteName(column.name)}`,
      )
      .join(', ');
  const selects =
    rows.length > 0
      ? rows.map((row) => `select ${select(row)}`)
      : [`select ${select([])} where false`];
  return `create or replace view ${quoteName(name)} as\n${selects.join('\nunion all\n')}`;
}

function literal(value: EngineValue): string {
  return typeof value === 'string' ? quoteText(value) : String(value);
}
