/** `flowproof run` and its parts: `ingest`, `enrich`, `report`. */
import type { Command } from 'commander';
import { parseAsOf } from '../as-of.ts';
import { readConfig } from '../config.ts';
import { createProgress } from '../progress.ts';
import { type Part, run } from '../run.ts';
import { listenForStop } from '../stop.ts';
import { summaryText } from '../summary.ts';
import { watchRun } from '../watch-run.ts';
import {
  type CommonOptions,
  EXIT_CODE_HELP,
  type SetExitCode,
  withCommonOptions,
} from './common.ts';

type JobOptions = CommonOptions & { asOf?: string; remake?: boolean; summary?: string };

const AS_OF_HELP = `--as-of TIME replays a past moment (UTC, as 2026-11-02T06:00:00Z): objects that hold records later than
it are left to later runs, packs that were not due then are not made, and the EC2 API, which only knows
the present, is not asked. What cannot be known is when an object appeared: one that arrived late counts
as having been there. What the lake already holds stays. The run's own record says when it really ran.
`;

export function addJobCommands(program: Command, setExitCode: SetExitCode): void {
  const job = (
    name: 'run' | Part,
    parts: readonly Part[],
    description: string,
    example: string,
  ) => {
    const command = withCommonOptions(program.command(name).description(description))
      .option('--as-of <time>', 'replay a past moment, UTC (default: now)')
      .option('--summary <file>', 'write a summary of the run as JSON, also if it fails');
    if (parts.includes('report')) {
      command.option(
        '--remake',
        'make packs of the schedule again that lack rows which arrived later, or were made under another configuration, and those that follow them',
      );
    }
    command
      .addHelpText('after', `\nExample:\n  $ ${example}\n\n${AS_OF_HELP}\n${EXIT_CODE_HELP}`)
      .action(async (options: JobOptions) => {
        const asOf = options.asOf === undefined ? undefined : parseAsOf(options.asOf);
        const progress = createProgress({
          stream: process.stderr,
          isQuiet: options.quiet ?? false,
        });
        const { config, outcome } = await watchRun(
          {
            command: name,
            configPath: options.config,
            readConfig: () => readConfig(options.config, asOf),
            summaryPath: options.summary,
            // A replay of a past moment is no news.
            isTold: asOf === undefined,
          },
          async (checked, onBegin) => {
            const stop = listenForStop();
            try {
              return await run({
                config: checked,
                parts,
                command: name,
                progress,
                asOf,
                isRemake: options.remake ?? false,
                signal: stop.signal,
                onBegin,
              });
            } finally {
              stop.close();
            }
          },
        );
        process.stdout.write(summaryText(outcome, config.lake));
        setExitCode(outcome.exitCode);
      });
  };
  job(
    'run',
    ['ingest', 'enrich', 'report'],
    'read what is new, join it, and write the evidence pack',
    'flowproof run --config flowproof.yaml',
  );
  job(
    'ingest',
    ['ingest'],
    'read what is new from the sources into the lake',
    'flowproof ingest --config flowproof.yaml --quiet',
  );
  job(
    'enrich',
    ['enrich'],
    'join flows with interfaces, rules and IPS events as of their time',
    'flowproof enrich --config flowproof.yaml',
  );
  job(
    'report',
    ['report'],
    "write the evidence pack of the configuration's period",
    'flowproof report --config flowproof.yaml',
  );
}
