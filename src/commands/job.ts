/** `flowproof run` and its parts: `ingest`, `enrich`, `report`. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { createProgress } from '../progress.ts';
import { type Part, run } from '../run.ts';
import { summaryText } from '../summary.ts';
import { watchRun } from '../watch-run.ts';
import {
  type CommonOptions,
  EXIT_CODE_HELP,
  type SetExitCode,
  withCommonOptions,
} from './common.ts';

export function addJobCommands(program: Command, setExitCode: SetExitCode): void {
  const job = (name: 'run' | Part, parts: readonly Part[], description: string, example: string) =>
    withCommonOptions(program.command(name).description(description))
      .option('--summary <file>', 'write a summary of the run as JSON, also if it fails')
      .addHelpText('after', `\nExample:\n  $ ${example}\n\n${EXIT_CODE_HELP}`)
      .action(async (options: CommonOptions & { summary?: string }) => {
        const progress = createProgress({
          stream: process.stderr,
          isQuiet: options.quiet ?? false,
        });
        const { config, outcome } = await watchRun(
          {
            command: name,
            configPath: options.config,
            readConfig: () => readConfig(options.config),
            summaryPath: options.summary,
          },
          (checked, onBegin) => run({ config: checked, parts, command: name, progress, onBegin }),
        );
        process.stdout.write(summaryText(outcome, config.lake));
        setExitCode(outcome.exitCode);
      });
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
