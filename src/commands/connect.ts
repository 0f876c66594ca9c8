/** `flowproof connect`: a script with which any DuckDB, or another engine, sees the tables of the lake. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { engineScript } from '../engines/engine-script.ts';
import { rawScript } from '../engines/raw-script.ts';
import { FlowproofError } from '../errors.ts';
import { withRecord } from '../query/access-log.ts';
import { connectScript } from '../query/connect-script.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

type ConnectOptions = CommonOptions & {
  engine: string;
  location?: string;
  schema: string;
  raw?: true;
};

export function addConnectCommand(program: Command): void {
  withCommonOptions(
    program
      .command('connect')
      .description('print a script with which any DuckDB sees the tables of the lake'),
  )
    .option('--engine <name>', 'for DuckDB, or DDL for trino, athena or spark', 'duckdb')
    .option('--location <uri>', 'where the engine finds the files of the lake, as s3://bucket/lake')
    .option('--schema <name>', 'schema or database of the engine', 'flowproof')
    .option('--raw', 'for athena: tables of the flow logs as AWS delivered them, not of the lake')
    .addHelpText(
      'after',
      `
The script names the files that the lake has now: print it again after a run. What another program asks of
the lake is not kept in the record of access, and has no limits.

Examples:
  $ flowproof connect > lake.sql && duckdb -init lake.sql
  $ flowproof connect --engine trino --location s3://bucket/lake > lake.sql
  $ flowproof connect --engine athena --raw > raw.sql
  $ python -c "import duckdb; c = duckdb.connect(); c.execute(open('lake.sql').read()); print(c.sql('from flow limit 5'))"`,
    )
    .action(async (options: ConnectOptions) => {
      const { lake } = readConfig(options.config);
      const script = await withRecord({ lake, command: 'connect', statement: 'connect' }, () =>
        scriptOf(lake, options),
      );
      process.stdout.write(script);
    });
}

async function scriptOf(lake: string, options: ConnectOptions): Promise<string> {
  const { engine, raw } = options;
  if (raw && engine !== 'athena') {
    throw new FlowproofError('USAGE', {
      place: '--raw',
      problem: `only Athena finds the days of raw flow logs by itself (found: --engine ${engine})`,
      remedy: 'Use: flowproof connect --engine athena --raw',
    });
  }
  if (raw) return rawScript(lake);
  return engine === 'duckdb' ? connectScript(lake) : engineScript({ lake, ...options });
}
