/** `flowproof retain`: raw rows that are older than the configuration keeps them. */
import { type Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../config.ts';
import { isEnriched } from '../enrich/enrich.ts';
import { GRACE_HOURS } from '../lake-settle.ts';
import { createProgress } from '../progress.ts';
import { RESTORED_DAYS } from '../retain/plan-days.ts';
import { restoreDay, retainLake } from '../retain/retain-lake.ts';
import { restoreText, retainLines } from '../retain/retain-text.ts';
import { type CommonOptions, EXIT_CODE_HELP, withCommonOptions } from './common.ts';

type RetainCommandOptions = CommonOptions & {
  dryRun?: boolean;
  restore?: string;
  graceHours: number;
};

export function addRetainCommand(program: Command): void {
  withCommonOptions(
    program
      .command('retain')
      .description(
        'take raw rows out of the lake that are older than `retention` of the configuration says',
      ),
  )
    .option('--dry-run', 'say what would leave, and change nothing')
    .option('--restore <day>', 'bring the raw rows of a UTC day back from the archive', dayOf)
    .option(
      '--grace-hours <hours>',
      'how long files that left stay for readers that have them open',
      hoursOf,
      GRACE_HOURS,
    )
    .addHelpText(
      'after',
      `\nExamples:\n  $ flowproof retain --dry-run\n  $ flowproof retain --restore 2025-10-31\n\n${EXIT_CODE_HELP}`,
    )
    .action(async (options: RetainCommandOptions) => {
      const config = readConfig(options.config);
      const now = new Date();
      if (options.restore !== undefined) {
        const restored = await restoreDay({ config, now, date: options.restore });
        process.stdout.write(restoreText(restored, RESTORED_DAYS));
        return;
      }
      const progress = createProgress({
        stream: process.stderr,
        isQuiet: options.quiet ?? false,
      });
      const result = await retainLake({
        config,
        now,
        isDryRun: options.dryRun ?? false,
        graceHours: options.graceHours,
        isEnriched: () => isEnriched({ lake: config.lake, config }),
        onProgress: ({ table, date, day, dayCount }) =>
          progress.step('retain', `${table} of ${date} (${day} of ${dayCount})`, {
            table,
            date,
            day,
            days: dayCount,
          }),
      }).finally(() => progress.finish());
      process.stdout.write(`${retainLines(result).join('\n')}\n`);
    });
}

function dayOf(text: string): string {
  const time = new Date(`${text}T00:00:00Z`);
  const isDay = !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 10) === text;
  if (!isDay) throw new InvalidArgumentError('It must be a UTC day such as 2025-10-31.');
  return text;
}

function hoursOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
