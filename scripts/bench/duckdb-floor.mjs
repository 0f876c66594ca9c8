/**
 * Floor: bare DuckDB runs one statement, on all cores. Plain Node, so that nothing but the engine has to
 * start. Prints the seconds of the statement alone. Argument: the statement.
 */
import { availableParallelism } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';

const [, , statement = ''] = process.argv;
const instance = await DuckDBInstance.create(':memory:', { threads: `${availableParallelism()}` });
const connection = await instance.connect();
await connection.run('set preserve_insertion_order = false');
const began = performance.now();
await connection.run(statement);
process.stdout.write(`${(performance.now() - began) / 1000}\n`);
