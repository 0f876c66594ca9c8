/** The embedded engine behind the interface of all engines. */
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  version,
} from '@duckdb/node-api';
import { FlowproofError, messageOf } from '../errors.ts';
import { quoteName } from '../tables.ts';
import {
  type Engine,
  type EngineParameters,
  type EngineResult,
  type EngineType,
  type EngineValue,
  wholeNumber,
} from './engine.ts';

/** The engine behind an open connection, which whoever opened it closes. */
export function duckdbEngine(connection: DuckDBConnection): Engine {
  const run = async (
    statement: string,
    parameters: EngineParameters = {},
  ): Promise<EngineResult> => {
    const named = Object.keys(parameters).length > 0;
    const reader = await connection
      .runAndReadAll(statement, ...(named ? [{ ...parameters }] : []))
      .catch((thrown: unknown) => {
        throw new FlowproofError('ENGINE_FAILED', {
          place: 'duckdb',
          problem: messageOf(thrown),
          remedy: 'Correct the statement; `flowproof query` runs it alone.',
          cause: thrown,
        });
      });
    return {
      columns: reader.columnNames(),
      types: reader.columnTypes().map(engineType),
      rows: reader.getRows().map((row) => row.map(duckdbValue)),
    };
  };
  return {
    name: 'duckdb',
    // One connection, and all cores for each statement.
    atOnce: 1,
    version: async () => `DuckDB ${version()}`,
    run,
    store: async (table, statement, parameters = {}, { columns = [] } = {}) => {
      const select = columns.map(
        ({ name, type }) => `cast(${quoteName(name)} as ${type}) as ${quoteName(name)}`,
      );
      const rows =
        columns.length > 0 ? `select ${select.join(', ')} from (${statement})` : statement;
      await run(`create or replace temporary table ${quoteName(table)} as ${rows}`, parameters);
    },
    storeView: async (name, statement, parameters = {}) => {
      await run(`create or replace temporary view ${quoteName(name)} as ${statement}`, parameters);
    },
    give: async ({ name, columns, rows }) => {
      const definitions = columns.map((column) => `${quoteName(column.name)} ${column.type}`);
      await run(`create or replace temporary table ${quoteName(name)} (${definitions.join(', ')})`);
      const places = columns.map((_, index) => `$value_${index}`).join(', ');
      for (const row of rows) {
        const values = Object.fromEntries(row.map((value, index) => [`value_${index}`, value]));
        await run(`insert into ${quoteName(name)} values (${places})`, values);
      }
    },
    runOwn: (statement) => run(statement),
  };
}

function engineType({ typeId }: DuckDBType): EngineType {
  switch (typeId) {
    case DuckDBTypeId.BOOLEAN:
      return 'boolean';
    case DuckDBTypeId.TIMESTAMP:
      return 'time';
    case DuckDBTypeId.DATE:
      return 'date';
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.ENUM:
      return 'text';
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
      return 'other';
  }
}

function duckdbValue(value: DuckDBValue): EngineValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof DuckDBTimestampValue) {
    const second = new Date(Number(value.micros / 1_000_000n) * 1000).toISOString().slice(0, 19);
    const fraction = String(value.micros % 1_000_000n).padStart(6, '0');
    return `${second.replace('T', ' ')}.${fraction}`;
  }
  if (value instanceof DuckDBDateValue) return value.toString();
  if (value instanceof DuckDBDecimalValue) return value.toString();
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex');
  if (value instanceof DuckDBListValue) return value.items.map(duckdbValue);
  // By position: the names of members are those of the column's type.
  if (value instanceof DuckDBStructValue) return Object.values(value.entries).map(duckdbValue);
  if (value instanceof DuckDBMapValue) {
    return value.entries
      .map(({ key, value: item }) => [String(key), duckdbValue(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
  return String(value);
}
