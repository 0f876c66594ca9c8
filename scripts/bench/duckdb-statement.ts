/** The statement by which bare DuckDB does the same: typed columns from the files, and Parquet. */
import { findFlowLogField } from '../../src/flow-log-fields.ts';
import { PARQUET_OPTIONS } from '../../src/lake-batch.ts';
import { quoteName, quoteText } from '../../src/tables.ts';
import { fieldsOf } from './generate.ts';
import type { BenchFormat } from './topology.ts';

const TYPES = {
  text: 'VARCHAR',
  address: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  seconds: 'BIGINT',
} as const;

export function duckdbStatement(
  format: BenchFormat,
  paths: readonly string[],
  target: string,
): string {
  const fields = fieldsOf(format).flatMap((name) => findFlowLogField(name) ?? []);
  const types = fields.map((field) => `${quoteText(field.name)}: ${quoteText(TYPES[field.type])}`);
  const columns = fields.map((field) =>
    field.type === 'seconds'
      ? `make_timestamp(${quoteName(field.name)} * 1000000) as ${field.column}`
      : `${quoteName(field.name)} as ${field.column}`,
  );
  return `copy (select ${columns.join(', ')} from read_csv([${paths.map(quoteText).join(', ')}],
     delim = ' ', header = true, nullstr = '-', quote = '', escape = '', auto_detect = false,
     columns = {${types.join(', ')}}))
   to ${quoteText(target)} (${PARQUET_OPTIONS})`;
}
