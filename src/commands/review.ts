/** `flowproof review`: the record of who looked at the logs of which day. */
import { hostname, userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { readConfig } from '../config.ts';
import { EXIT_CODES, FlowproofError } from '../errors.ts';
import { appendReview, readReviews } from '../review/review-log.ts';
import {
  DISPOSITIONS,
  LOG_CLASSES,
  type ReviewInput,
  type ReviewRecord,
} from '../review/review-record.ts';
import { tableLines } from '../text-table.ts';
import { type CommonOptions, type SetExitCode, withCommonOptions } from './common.ts';

type ReviewOptions = CommonOptions & {
  day: string[];
  reviewer?: string;
  me?: boolean;
  finding?: string;
  disposition: ReviewInput['disposition'];
  class: ReviewInput['log_class'];
  reference?: string;
  corrects?: string;
  closes?: string;
  list?: boolean;
  verify?: boolean;
  format: 'table' | 'json';
};

export function addReviewCommand(program: Command, setExitCode: SetExitCode): void {
  withCommonOptions(
    program
      .command('review')
      .description('record who looked at the logs of which day, what they found, and what follows'),
  )
    .option(
      '--day <date>',
      'UTC day that was looked at; again for a further one',
      (day: string, days: string[]) => [...days, day],
      [],
    )
    .option('--reviewer <role>', 'who looked: a role or an id rather than a name')
    .option('--me', 'the reviewer is the user of the operating system')
    .option('--finding <text>', 'what was found, in one line; "nothing" is a finding too')
    .addOption(
      new Option('--disposition <word>', 'what becomes of it; a ticket or incident stays open')
        .choices(DISPOSITIONS)
        .default('no_action'),
    )
    .addOption(
      new Option('--class <class>', 'which logs were looked at')
        .choices(LOG_CLASSES)
        .default('all'),
    )
    .option('--reference <id>', 'the ticket, incident or change that it led to')
    .option('--corrects <id>', 'the record that this one corrects; it stays, and counts no more')
    .option('--closes <id>', 'the record whose follow-up is done; with --disposition closed')
    .option('--list', 'print every record')
    .option('--verify', 'check that no record was changed, taken out or put in')
    .addOption(
      new Option('--format <format>', 'how to print the list')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Records are only ever added, each with the hash of the one before it; they are part of the pack.

Examples:
  $ flowproof review --day 2026-11-02 --reviewer soc-analyst-1 --finding "nothing unusual"
  $ flowproof review --day 2026-11-03 --reviewer soc-analyst-1 --finding "SSH from a new network" --disposition ticket --reference INC-7
  $ flowproof review --day 2026-11-03 --reviewer soc-analyst-2 --finding "a new office" --disposition closed --closes R000002
  $ flowproof review --list`,
    )
    .action(async (options: ReviewOptions) => {
      const { lake } = readConfig(options.config);
      if (options.list || options.verify) setExitCode(await show(lake, options));
      else await record(lake, options);
    });
}

async function show(lake: string, options: ReviewOptions): Promise<number> {
  const { records, problems } = await readReviews(lake);
  if (options.list) process.stdout.write(listText(records, options.format));
  if (options.verify) {
    for (const { file, problem } of problems) process.stdout.write(`${file}: ${problem}\n`);
    process.stdout.write(
      problems.length === 0
        ? `Sound     ${records.length} records, each follows the one before\n`
        : '',
    );
  }
  return problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.mismatch;
}

function listText(records: readonly ReviewRecord[], format: 'table' | 'json'): string {
  if (format === 'json') return `${JSON.stringify(records, null, 2)}\n`;
  const names = ['review_id', 'day', 'log_class', 'reviewer', 'disposition', 'finding'] as const;
  const { lines } = tableLines({
    columns: names.map((name) => ({ name, isNumber: false })),
    rows: records.map((one) => names.map((name) => one[name])),
    isTerminal: process.stdout.isTTY ?? false,
  });
  return lines.map((line) => `${line}\n`).join('');
}

async function record(lake: string, options: ReviewOptions): Promise<void> {
  const reviewer = options.reviewer ?? (options.me ? userInfo().username : undefined);
  const { finding, day: days } = options;
  const missing = [
    ...(days.length === 0 ? ['--day'] : []),
    ...(reviewer === undefined ? ['--reviewer'] : []),
    ...(finding === undefined ? ['--finding'] : []),
  ];
  if (reviewer === undefined || finding === undefined || missing.length > 0) {
    throw new FlowproofError('USAGE', {
      place: 'flowproof review',
      problem: `needs ${missing.join(', ')}`,
      remedy:
        'An example: flowproof review --day 2026-11-02 --reviewer soc-analyst-1 --finding "nothing unusual"',
    });
  }
  for (const day of days) {
    const made = await appendReview(
      lake,
      {
        ...{ day, reviewer, finding, disposition: options.disposition, log_class: options.class },
        reference: options.reference ?? null,
        corrects_review_id: options.corrects ?? null,
        closes_review_id: options.closes ?? null,
      },
      { recordedBy: `${userInfo().username}@${hostname()}`, now: () => new Date() },
    );
    process.stdout.write(`Recorded  ${made.review_id} of ${made.day}\n`);
  }
}
