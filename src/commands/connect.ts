/** `flowproof connect`: a script with which any DuckDB sees the tables of the lake. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { withRecord } from '../query/access-log.ts';
import { connectScript } from '../query/connect-script.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

export function addConnectCommand(program: Command): void {
  withCommonOptions(
    program
      .command('connect')
      .description('print a script with which any DuckDB sees the tables of the lake'),
  )
    .addHelpText(
      'after',
      `
The script names the files that the lake has now: print it again after a run. What another program asks of
the lake is not kept in the record of access, and has no limits.

Examples:
  $ flowproof connect > lake.sql && duckdb -init lake.sql
  $ python -c "import duckdb; c = duckdb.connect(); c.execute(open('lake.sql').read()); print(c.sql('from flow limit 5'))"`,
    )
    .action(async (options: CommonOptions) => {
      const { lake } = readConfig(options.config);
      const script = await withRecord({ lake, command: 'connect', statement: 'connect' }, () =>
        connectScript(lake),
      );
      process.stdout.write(script);
    });
}
