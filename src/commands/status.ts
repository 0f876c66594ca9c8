/** `flowproof status`: what the lake holds and what is missing. */
import { type Command, Option } from 'commander';
import { readConfig } from '../config.ts';
import { openDatabase } from '../database.ts';
import { createLakeViews } from '../lake.ts';
import { printedJson } from '../printed-text.ts';
import { withRecord } from '../query/access-log.ts';
import { readStatus, statusText } from '../status.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

export function addStatusCommand(program: Command): void {
  withCommonOptions(
    program
      .command('status')
      .description('what was ingested, from when to when, and what is missing'),
  )
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addHelpText('after', '\nExample:\n  $ flowproof status --config flowproof.yaml')
    .action(async (options: CommonOptions & { format: 'table' | 'json' }) => {
      const config = readConfig(options.config);
      const database = await openDatabase();
      try {
        await createLakeViews(database.connection, config.lake);
        const { connection } = database;
        const status = await withRecord(
          { lake: config.lake, command: 'status', statement: 'status' },
          () => readStatus(connection, config),
        );
        process.stdout.write(
          options.format === 'json' ? `${printedJson(status)}\n` : statusText(status, config),
        );
      } finally {
        database.close();
      }
    });
}
