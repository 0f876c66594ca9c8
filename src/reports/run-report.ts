/**
 * Running one report: its query, and its rows as every writer shows them.
 */
import {
  type DuckDBConnection,
  DuckDBListValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { listOf, type QueryFile } from '../query-file.ts';
import { type ColumnMeanings, loadColumnMeanings, meaningOf } from './column-meanings.ts';
import {
  type ReportCell,
  type ReportColumn,
  type ReportResult,
  STATUSES,
  type Status,
} from './report.ts';

/**
 * Runs one report. `hadData` says whether there was anything that it could have looked at: if not, that
 * it has no rows proves nothing.
 */
export async function runReport(
  connection: DuckDBConnection,
  file: QueryFile,
  parameters: Readonly<Record<string, string>>,
  hadData: boolean,
): Promise<ReportResult> {
  const names = listOf(file.header.parameters);
  const values = Object.fromEntries(names.map((name) => [name, parameters[name] ?? '']));
  const reader = await connection.runAndReadAll(file.text, values);
  const types = reader.columnTypes();
  const columns: ReportColumn[] = reader
    .columnNames()
    .map((name, index) => withMeaning(file.name, { name, type: columnType(types[index]) }));
  const rows = reader.getRows().map((row) => row.map(toCell));
  const statusIndex = columns.findIndex((column) => column.name === 'status');
  const statusCounts: Partial<Record<Status, number>> = {};
  for (const row of rows) {
    const status = STATUSES.find((known) => known === row[statusIndex]);
    if (status) statusCounts[status] = (statusCounts[status] ?? 0) + 1;
  }
  return {
    name: file.name,
    title: file.header.title ?? file.name,
    question: file.header.question ?? '',
    requirements: listOf(file.header.requirements),
    rowKind: (file.header.rows ?? 'evidence') as ReportResult['rowKind'],
    grain: file.header.grain ?? '',
    limits: file.header.limits ?? '',
    querySha256: file.sha256,
    parameters: values,
    columns,
    rows,
    hadData,
    statusCounts,
  };
}

let knownMeanings: ColumnMeanings | undefined;

function withMeaning(report: string, column: ReportColumn): ReportColumn {
  knownMeanings ??= loadColumnMeanings();
  const meaning = meaningOf(knownMeanings, report, column.name);
  return meaning === undefined ? column : { ...column, meaning };
}

function columnType(type: DuckDBType | undefined): ReportColumn['type'] {
  switch (type?.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return 'boolean';
    case DuckDBTypeId.TIMESTAMP:
      return 'time';
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.DECIMAL:
      return 'number';
    default:
      return 'text';
  }
}

function toCell(value: DuckDBValue): ReportCell {
  if (value === null) return null;
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (value instanceof DuckDBTimestampValue) {
    return `${new Date(Number(value.micros / 1000n)).toISOString().slice(0, 19)}Z`;
  }
  if (value instanceof DuckDBListValue) return value.items.map((item) => String(item)).join(', ');
  return String(value);
}
