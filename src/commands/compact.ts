/** `flowproof compact`: many small files of the lake, merged. */
import { type Command, InvalidArgumentError } from 'commander';
import { compact } from '../compact/compact.ts';
import { compactText } from '../compact/compact-text.ts';
import { readConfig } from '../config.ts';
import { GRACE_HOURS } from '../lake-settle.ts';
import { createProgress } from '../progress.ts';
import { type CommonOptions, EXIT_CODE_HELP, withCommonOptions } from './common.ts';

const DEFAULT_DAYS = 2;

type CompactCommandOptions = CommonOptions & {
  olderThanDays: number;
  all?: boolean;
  graceHours: number;
};

export function addCompactCommand(program: Command): void {
  withCommonOptions(
    program
      .command('compact')
      .description('merge the small files that frequent runs leave; no result changes'),
  )
    .option(
      '--older-than-days <days>',
      'merge days that ended more than so many days ago',
      countOf,
      DEFAULT_DAYS,
    )
    .option('--all', 'merge every day, also those that still get data')
    .option(
      '--grace-hours <hours>',
      'how long files that were merged stay for readers that have them open',
      countOf,
      GRACE_HOURS,
    )
    .addHelpText(
      'after',
      `\nExample:\n  $ flowproof compact --config flowproof.yaml\n\n${EXIT_CODE_HELP}`,
    )
    .action(async (options: CompactCommandOptions) => {
      const config = readConfig(options.config);
      const progress = createProgress({
        stream: process.stderr,
        isQuiet: options.quiet ?? false,
      });
      const result = await compact({
        lake: config.lake,
        memoryLimit: config.memory_limit,
        now: new Date(),
        olderThanDays: options.all ? undefined : options.olderThanDays,
        graceHours: options.graceHours,
        onProgress: ({ table, merge, mergeCount }) =>
          progress.step('compact', `${table} (${merge} of ${mergeCount})`, {
            table,
            merge,
            merges: mergeCount,
          }),
      }).finally(() => progress.finish());
      process.stdout.write(compactText(result, options.graceHours));
    });
}

function countOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
