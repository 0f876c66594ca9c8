/** `flowproof status`: what the lake holds, what is missing, and which packs are made and due. */
import { type Command, Option } from 'commander';
import { readConfig } from '../config.ts';
import { openDatabase } from '../database.ts';
import { createLakeViews } from '../lake.ts';
import { printedJson } from '../printed-text.ts';
import { withRecord } from '../query/access-log.ts';
import { scheduleStatusLines } from '../reports/schedule-words.ts';
import { readSchedule } from '../reports/scheduled-packs.ts';
import { readStatus, statusText } from '../status.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

export function addStatusCommand(program: Command): void {
  withCommonOptions(
    program
      .command('status')
      .description(
        'what was ingested, from when to when, what is missing, and which packs are due',
      ),
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
        const schedule = config.schedule
          ? await readSchedule({
              connection,
              config,
              schedule: config.schedule,
              asOf: new Date(),
            })
          : undefined;
        if (options.format === 'json') {
          process.stdout.write(`${printedJson(schedule ? { ...status, schedule } : status)}\n`);
          return;
        }
        const lines = schedule ? ['', ...scheduleStatusLines(schedule), ''] : [];
        process.stdout.write(`${statusText(status, config)}${lines.join('\n')}`);
      } finally {
        database.close();
      }
    });
}
