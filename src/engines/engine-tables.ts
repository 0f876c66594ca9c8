/**
 * The tables of a lake for engines other than DuckDB: tables over its files, and views that show of them
 * what DuckDB's views show (`src/lake.ts`): without files that the ledger does not know, without rows of
 * objects that later content replaced, with the columns that are computed.
 *
 * A table whose files are not shown as they are has them in `<table>_files`, and is a view of it.
 */
import { join } from 'node:path';
import { type LakeFolders, MERGED_PREFIX } from '../lake-files.ts';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { type Column, quoteName, quoteText, TABLES, type Table } from '../tables.ts';
import type { EngineValue } from './engine.ts';
import { DIALECTS, type TableDialect, type TableEngine, trinoType } from './table-dialects.ts';
import { trinoSql } from './trino-sql.ts';

export type EngineTableOptions = {
  /** URI of the lake, as `s3://bucket/lake` or `file:///data/lake`. */
  location: string;
  /** Tables without files are empty views. */
  folders: LakeFolders;
  /** The schema that the statements run in; what finds the partitions wants its name. */
  schema: string;
  /** The tables to make: those of the catalogue, or some of them. */
  tables?: readonly Table[];
};

/** The statements that make every table of the catalogue, in the order in which they must run. */
export function tableStatements(engine: TableEngine, options: EngineTableOptions): string[] {
  const dialect = DIALECTS[engine];
  const { tables = TABLES } = options;
  const stored = tables.filter(({ isView }) => !isView);
  const views = tables.filter(({ isView }) => isView);
  // A view of another's rows asks the ledger which of them count.
  const ordered = [
    ...stored.filter(({ name }) => name === 'source_object'),
    ...stored.filter(({ name }) => name !== 'source_object'),
  ];
  return [
    ...ordered.flatMap((table) => storedTable(dialect, table, options)),
    ...(dialect.hasQueryViews ? views.map((table) => queryView(dialect, table)) : []),
  ];
}

function storedTable(
  dialect: TableDialect,
  table: Table,
  { location, folders, schema }: EngineTableOptions,
): string[] {
  if (!folders.present.has(table.name)) return [emptyView(dialect, table)];
  const isAsItIs = table.layer !== 'ingest' && !table.isJsonLines && !table.computed;
  const name = isAsItIs ? table.name : `${table.name}_files`;
  const statements = dialect.externalTable(table, name, `${location}/${table.name}`, schema);
  return isAsItIs ? statements : [...statements, filesView(dialect, table, folders.batches)];
}

function emptyView({ quote, viewType }: TableDialect, table: Table): string {
  const nulls = [...table.columns, ...(table.computed ?? [])].map(
    ({ name, type }) => `  cast(null as ${viewType(type)}) as ${quote(name)}`,
  );
  return `create or replace view ${quote(table.name)} as select\n${nulls.join(',\n')}\nwhere false`;
}

function filesView(dialect: TableDialect, table: Table, batches: readonly string[]): string {
  const { quote } = dialect;
  const columns = table.columns.map((column) =>
    table.isJsonLines
      ? `  ${dialect.jsonValue(column)} as ${quote(column.name)}`
      : `  ${quote(column.name)}`,
  );
  const computed = (table.computed ?? []).map(
    ({ name, type, sql }) =>
      `  cast(${trinoSql(sql).replaceAll('varchar', dialect.viewType('VARCHAR'))} as ${dialect.viewType(type)}) as ${quote(name)}`,
  );
  const conditions = rowConditions(dialect, table, batches);
  return [
    `create or replace view ${quote(table.name)} as select`,
    [...columns, ...computed].join(',\n'),
    `from ${quote(`${table.name}_files`)}`,
    ...(conditions.length > 0 ? [`where ${conditions.join('\n  and ')}`] : []),
  ].join('\n');
}

function rowConditions(
  { filePath, isJson, quote }: TableDialect,
  table: Table,
  batches: readonly string[],
): string[] {
  // Lines that were torn while they were written, and empty ones, are no JSON and no rows.
  if (table.isJsonLines) return [isJson];
  if (table.layer !== 'ingest') return [];
  const conditions: string[] = [];
  const ledger = quote('source_object_files');
  if (table.name !== 'run' && table.name !== 'source_object') {
    // The batch that a file belongs to, as `batchOf` of `src/lake.ts`.
    const batch = `regexp_extract(${filePath}, '([^/.-]+)[.-][^/]*$', 1)`;
    const named = [
      `${batch} in (select ${batch} from ${ledger})`,
      `substr(${batch}, 1, ${MERGED_PREFIX.length}) = ${quoteText(MERGED_PREFIX)}`,
      ...(batches.length > 0 ? [`${batch} in (${batches.map(quoteText).join(', ')})`] : []),
    ];
    conditions.push(`(${named.join(' or ')})`);
  }
  if (table.columns.some(({ name }) => name === 'object_id')) {
    conditions.push(
      `object_id not in (select supersedes_object_id from ${ledger} where supersedes_object_id is not null)`,
    );
  }
  return conditions;
}

function queryView({ quote, viewType }: TableDialect, table: Table): string {
  const file = readQueryFile('marts', join(QUERIES_ROOT, 'marts', `${table.name}.sql`));
  const columns = table.columns.map(
    ({ name, type }) => `  cast(${quote(name)} as ${viewType(type)}) as ${quote(name)}`,
  );
  return `create or replace view ${quote(table.name)} as select\n${columns.join(',\n')}\nfrom (${trinoSql(file.text)})`;
}

/** A view of rows that come from the configuration and stand in no file, for Trino and Athena. */
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
