#!/usr/bin/env node
/**
 * The command line. The one place that catches: expected failures are printed as "place: problem"
 * with their remedy and lead to a documented exit code; others keep their stack with --debug.
 */
import { Command, CommanderError } from 'commander';
import type { SetExitCode } from './commands/common.ts';
import { addCompactCommand } from './commands/compact.ts';
import { addConfigSchemaCommand } from './commands/config-schema.ts';
import { addConnectCommand } from './commands/connect.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addInitCommand } from './commands/init.ts';
import { addJobCommands } from './commands/job.ts';
import { addQueryCommand } from './commands/query.ts';
import { asLakeError, publishLake, refreshLake } from './commands/remote.ts';
import { addRetainCommand } from './commands/retain.ts';
import { addReviewCommand } from './commands/review.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addServeCommand } from './commands/serve.ts';
import { addShellCommand } from './commands/shell.ts';
import { addStatusCommand } from './commands/status.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { EXIT_CODES, FlowproofError, messageOf } from './errors.ts';
import { printedText } from './printed-text.ts';
import { TOOL_VERSION } from './version.ts';

/** The program. `setExitCode` is told the code of a command that ended without an error. */
export function createProgram(setExitCode: SetExitCode): Command {
  const program = new Command('flowproof')
    .description(
      'Turns AWS network logs into PCI DSS v4.0.1 evidence, and says plainly where those logs are not enough.',
    )
    .version(TOOL_VERSION)
    .showHelpAfterError('(add --help for the valid options and an example)')
    .showSuggestionAfterError()
    .exitOverride();

  addJobCommands(program, setExitCode);
  addQueryCommand(program);
  addShellCommand(program);
  addConnectCommand(program);
  addExplainCommand(program);
  addStatusCommand(program);
  addServeCommand(program);
  addReviewCommand(program, setExitCode);
  addVerifyCommand(program, setExitCode);
  addCompactCommand(program);
  addRetainCommand(program);
  addScheduleCommand(program);
  addDoctorCommand(program, setExitCode);
  addInitCommand(program);
  addConfigSchemaCommand(program);
  program.hook('preAction', (_, command) => refreshLake(command));
  const names = program.commands.map((command) => command.name()).join(', ');
  // Set last, so that it stands after errors of the program only: the commands keep the text above.
  return program.showHelpAfterError(`(commands: ${names}; add --help for what they do)`);
}

/** Whatever a command ends with, the records that it added to a lake in S3 are published. */
async function parseAndPublish(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    await publishLake().catch(() => {});
    throw asLakeError(thrown);
  }
  await publishLake();
}

/** Parses the arguments and runs the command. Returns the exit code; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await parseAndPublish(program, args);
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      return thrown.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
    }
    const isExpected = thrown instanceof FlowproofError;
    process.stderr.write(
      isExpected
        ? `error ${thrown.code}\n${printedText(thrown.message)}\n`
        : `error UNEXPECTED\n${printedText(messageOf(thrown))}\n  This is a mistake in flowproof. Run again with --debug and report what it prints.\n`,
    );
    if (args.includes('--debug') && thrown instanceof Error)
      process.stderr.write(`${printedText(thrown.stack ?? '')}\n`);
    return isExpected ? thrown.exitCode : EXIT_CODES.unexpected;
  }
}

// Whatever a run makes, files of the engine among them, is for its user alone.
process.umask(0o077);
process.exitCode = await main(process.argv.slice(2));
// Of a run that was stopped, a connection or a thread may be left that would keep the process.
const { interrupted, terminated } = EXIT_CODES;
if (process.exitCode === interrupted || process.exitCode === terminated) process.exit();
