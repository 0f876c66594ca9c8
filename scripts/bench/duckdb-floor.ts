/**
 * Floor: bare DuckDB reads the files with typed columns and writes Parquet, on all cores. Prints the
 * seconds of that statement alone. Arguments: format, target file, the files.
 */
import { availableParallelism } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';
import { findFlowLogField } from '../../src/flow-log-fields.ts';
import { PARQUET_OPTIONS } from '../../src/lake-batch.ts';
import { quoteName, quoteText } from '../../src/tables.ts';
import { type BenchFormat, fieldsOf } from './generate.ts';

const TYPES = {
  text: 'VARCHAR',
  address: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  seconds: 'BIGINT',
} as const;

const [, , format, target = '', ...paths] = process.argv;
const fields = fieldsOf(format as BenchFormat).flatMap((name) => findFlowLogField(name) ?? []);
const types = fields.map((field) => `${quoteText(field.name)}: ${quoteText(TYPES[field.type])}`);
const columns = fields.map((field) =>
  field.type === 'seconds'
    ? `make_timestamp(${quoteName(field.name)} * 1000000) as ${field.column}`
    : `${quoteName(field.name)} as ${field.column}`,
);
const instance = await DuckDBInstance.create(':memory:', { threads: `${availableParallelism()}` });
const connection = await instance.connect();
await connection.run('set preserve_insertion_order = false');
const began = performance.now();
await connection.run(
  `copy (select ${columns.join(', ')} from read_csv([${paths.map(quoteText).join(', ')}],
     delim = ' ', header = true, nullstr = '-', quote = '', escape = '', auto_detect = false,
     columns = {${types.join(', ')}}))
   to ${quoteText(target)} (${PARQUET_OPTIONS})`,
);
process.stdout.write(`${(performance.now() - began) / 1000}\n`);
