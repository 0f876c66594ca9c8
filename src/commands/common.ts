/** What commands share: options that all of them have, and the exit codes as their help lists them. */
import type { Command } from 'commander';

export const DEFAULT_CONFIG = 'flowproof.yaml';

export type CommonOptions = { config: string; quiet?: boolean; debug?: boolean };

/** Told the exit code of a command that ended without an error. */
export type SetExitCode = (code: number) => void;

export function withCommonOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('-q, --quiet', 'no progress')
    .option('--debug', 'print the stack of a failure');
}

export const EXIT_CODE_HELP = `Exit codes:
  0  done
  1  failed, or a source could not be reached
  2  wrong usage or configuration
  3  more was rejected or damaged than the configuration allows
  4  a pack differs from its manifest
  5  another run is writing to the lake: nothing was done
  130, 143  stopped by SIGINT (Ctrl+C) or SIGTERM: run it again to go on`;
