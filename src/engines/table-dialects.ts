/**
 * How Trino, Athena and Spark write a table over files, and what a view needs of its files: the place
 * where they differ in DDL. Athena has Hive's words for tables, and Trino's for views.
 * source: Trino documentation, "Hive connector"; Amazon Athena User Guide, "CREATE TABLE" and "Partition
 * projection"; Spark SQL reference, "CREATE DATASOURCE TABLE"
 */
import { type Column, quoteName, quoteText, type Table } from '../tables.ts';

export const TABLE_ENGINES = ['trino', 'athena', 'spark'] as const;

export type TableEngine = (typeof TABLE_ENGINES)[number];

export type TableDialect = {
  /** The name of a type of the catalogue, in a view. */
  viewType(type: string): string;
  quote(name: string): string;
  /** The statements that make a table over the files in `location`, and find its partitions. */
  externalTable(table: Table, name: string, location: string, schema: string): string[];
  /** The path of the file that a row comes from. */
  filePath: string;
  /** True of a line that is JSON. */
  isJson: string;
  /** The value of a column at its path in `line`. */
  jsonValue(column: Pick<Column, 'name' | 'type'>): string;
  /** Whether the queries of `queries/marts` can be views. */
  hasQueryViews: boolean;
};

const TRINO_TYPES: Readonly<Record<string, string>> = {
  TIMESTAMP: 'timestamp(6)',
  BLOB: 'varbinary',
};

/** Trino's name of a type of the catalogue. */
export function trinoType(type: string): string {
  if (type.endsWith('[]')) return `array(${trinoType(type.slice(0, -2))})`;
  if (!type.startsWith('STRUCT(')) return TRINO_TYPES[type] ?? type.toLowerCase();
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

const HIVE_TYPES: Readonly<Record<string, string>> = {
  VARCHAR: 'string',
  INTEGER: 'int',
  BLOB: 'binary',
  'VARCHAR[]': 'array<string>',
  'BIGINT[]': 'array<bigint>',
  'INTEGER[]': 'array<int>',
  'MAP(VARCHAR, VARCHAR)': 'map<string, string>',
};

function hiveType(type: string): string {
  return HIVE_TYPES[type] ?? type.toLowerCase();
}

/** Times of Parquet files without a zone are `timestamp_ntz` from Spark 3.4 on. */
function sparkType(type: string): string {
  return type === 'TIMESTAMP' ? 'timestamp_ntz' : hiveType(type);
}

const backticks = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** Hive and Spark take a backslash in a text for the beginning of a sign. */
const hiveText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function trinoJsonValue({ name, type }: Pick<Column, 'name' | 'type'>): string {
  const path = quoteText(`$.${name}`);
  const scalar = `json_extract_scalar(line, ${path})`;
  if (type === 'VARCHAR') return scalar;
  if (type === 'TIMESTAMP') return `cast(from_iso8601_timestamp(${scalar}) as timestamp(6))`;
  const value = type.endsWith('[]') ? `json_extract(line, ${path})` : scalar;
  return `try_cast(${value} as ${trinoType(type)})`;
}

function sparkJsonValue({ name, type }: Pick<Column, 'name' | 'type'>): string {
  const value = `get_json_object(line, ${hiveText(`$.${name}`)})`;
  if (type.endsWith('[]')) return `from_json(${value}, ${hiveText(hiveType(type))})`;
  return type === 'VARCHAR' ? value : `cast(${value} as ${sparkType(type)})`;
}

/** Columns as `name type`, those of the files first. */
function columnLines(
  columns: readonly Column[],
  quote: (name: string) => string,
  type: (type: string) => string,
): string {
  return columns.map((column) => `  ${quote(column.name)} ${type(column.type)}`).join(',\n');
}

const LINE: readonly Column[] = [{ name: 'line', type: 'VARCHAR', description: '' }];

function storedColumns(table: Table): { inFiles: readonly Column[]; inFolders: Column[] } {
  if (table.isJsonLines) return { inFiles: LINE, inFolders: [] };
  return {
    inFiles: table.columns.filter(({ name }) => name !== table.partition),
    inFolders: table.columns.filter(({ name }) => name === table.partition),
  };
}

function trinoTable(table: Table, name: string, location: string, schema: string): string[] {
  const { inFiles, inFolders } = storedColumns(table);
  const properties = [
    `external_location = ${quoteText(location)}`,
    `format = '${table.isJsonLines ? 'TEXTFILE' : 'PARQUET'}'`,
    ...inFolders.map((column) => `partitioned_by = array[${quoteText(column.name)}]`),
  ];
  const columns = columnLines([...inFiles, ...inFolders], quoteName, trinoType);
  return [
    `create table ${quoteName(name)} (\n${columns}\n) with (\n  ${properties.join(',\n  ')}\n)`,
    ...inFolders.map(
      () => `call system.sync_partition_metadata(${quoteText(schema)}, ${quoteText(name)}, 'FULL')`,
    ),
  ];
}

function athenaTable(table: Table, name: string, location: string): string[] {
  const { inFiles, inFolders } = storedColumns(table);
  const format = table.isJsonLines ? 'textfile' : 'parquet';
  const lines = [
    `create external table ${backticks(name)} (\n${columnLines(inFiles, backticks, hiveType)}\n)`,
    ...inFolders.map((column) => `partitioned by (${backticks(column.name)} date)`),
    `stored as ${format}`,
    `location ${hiveText(`${location}/`)}`,
    // Partitions are computed from the query, so that no crawler has to find new days.
    ...inFolders.map((column) => {
      const key = `projection.${column.name}`;
      return `tblproperties (\n  'projection.enabled' = 'true',\n  '${key}.type' = 'date',\n  '${key}.format' = 'yyyy-MM-dd',\n  '${key}.range' = '2015-01-01,NOW+1DAYS'\n)`;
    }),
  ];
  return [lines.join('\n')];
}

function sparkTable(table: Table, name: string, location: string): string[] {
  const { inFiles, inFolders } = storedColumns(table);
  const columns = columnLines([...inFiles, ...inFolders], backticks, sparkType);
  const lines = [
    `create table ${backticks(name)} (\n${columns}\n)`,
    `using ${table.isJsonLines ? 'text' : 'parquet'}`,
    ...inFolders.map((column) => `partitioned by (${backticks(column.name)})`),
    `location ${hiveText(location)}`,
  ];
  const repair = inFolders.map(() => `msck repair table ${backticks(name)}`);
  return [lines.join('\n'), ...repair];
}

const TRINO: TableDialect = {
  viewType: trinoType,
  quote: quoteName,
  externalTable: trinoTable,
  filePath: '"$path"',
  isJson: 'try(json_parse(line)) is not null',
  jsonValue: trinoJsonValue,
  hasQueryViews: true,
};

export const DIALECTS: Readonly<Record<TableEngine, TableDialect>> = {
  trino: TRINO,
  athena: { ...TRINO, externalTable: athenaTable },
  spark: {
    viewType: sparkType,
    quote: backticks,
    externalTable: sparkTable,
    filePath: 'input_file_name()',
    isJson: "get_json_object(line, '$') is not null",
    jsonValue: sparkJsonValue,
    hasQueryViews: false,
  },
};
