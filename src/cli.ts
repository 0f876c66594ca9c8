#!/usr/bin/env node
/**
 * The command line. The one place that catches: expected failures are printed as "place: problem"
 * with their remedy and lead to a documented exit code; others keep their stack with --debug.
 */
import { Command, CommanderError } from 'commander';
import type { SetExitCode } from './commands/common.ts';
import { EXIT_CODES, FlowproofError, messageOf } from './errors.ts';
import { printedText } from './printed-text.ts';
import { TOOL_VERSION } from './version.ts';

type AddCommand = (program: Command, setExitCode: SetExitCode) => void;

/** The commands in the order of the help. A module is loaded when its command is called: the engine and all else take time. */
const MODULES: readonly { names: readonly string[]; load: () => Promise<AddCommand> }[] = [
  {
    names: ['run', 'ingest', 'enrich', 'report'],
    load: async () => (await import('./commands/job.ts')).addJobCommands,
  },
  {
    names: ['query'],
    load: async () => (await import('./commands/query.ts')).addQueryCommand,
  },
  {
    names: ['shell'],
    load: async () => (await import('./commands/shell.ts')).addShellCommand,
  },
  {
    names: ['connect'],
    load: async () => (await import('./commands/connect.ts')).addConnectCommand,
  },
  {
    names: ['explain'],
    load: async () => (await import('./commands/explain.ts')).addExplainCommand,
  },
  {
    names: ['status'],
    load: async () => (await import('./commands/status.ts')).addStatusCommand,
  },
  {
    names: ['serve'],
    load: async () => (await import('./commands/serve.ts')).addServeCommand,
  },
  {
    names: ['review'],
    load: async () => (await import('./commands/review.ts')).addReviewCommand,
  },
  {
    names: ['verify'],
    load: async () => (await import('./commands/verify.ts')).addVerifyCommand,
  },
  {
    names: ['compact'],
    load: async () => (await import('./commands/compact.ts')).addCompactCommand,
  },
  {
    names: ['retain'],
    load: async () => (await import('./commands/retain.ts')).addRetainCommand,
  },
  {
    names: ['schedule'],
    load: async () => (await import('./commands/schedule.ts')).addScheduleCommand,
  },
  {
    names: ['doctor'],
    load: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  },
  {
    names: ['init'],
    load: async () => (await import('./commands/init.ts')).addInitCommand,
  },
  {
    names: ['config-schema'],
    load: async () => (await import('./commands/config-schema.ts')).addConfigSchemaCommand,
  },
];

/** The modules that a call needs: that of its command, or all, of which the help and the errors of the program tell. */
function modulesFor([first]: readonly string[]): typeof MODULES {
  if (first === '--version' || first === '-V') return [];
  const called = MODULES.filter(({ names }) => first !== undefined && names.includes(first));
  return called.length > 0 ? called : MODULES;
}

/** The program as a call needs it. `setExitCode` is told the code of a command that ended without an error. */
async function createProgram(args: readonly string[], setExitCode: SetExitCode): Promise<Command> {
  const program = new Command('flowproof')
    .description(
      'Turns AWS network logs into PCI DSS v4.0.1 evidence, and says plainly where those logs are not enough.',
    )
    .version(TOOL_VERSION)
    .showHelpAfterError('(add --help for the valid options and an example)')
    .showSuggestionAfterError()
    .exitOverride();
  for (const add of await Promise.all(modulesFor(args).map(({ load }) => load()))) {
    add(program, setExitCode);
  }
  program.hook('preAction', async (_, command) => {
    const { refreshLake } = await import('./commands/remote.ts');
    await refreshLake(command);
  });
  const names = program.commands.map((command) => command.name()).join(', ');
  // Set last, so that it stands after errors of the program only: the commands keep the text above.
  return program.showHelpAfterError(`(commands: ${names}; add --help for what they do)`);
}

/** Whatever a command ends with, the records that it added to a lake in S3 are published. */
async function parseAndPublish(program: Command, args: readonly string[]): Promise<void> {
  let failure: { thrown: unknown } | undefined;
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    // Wrong usage, or help that was printed: no command began.
    if (thrown instanceof CommanderError) throw thrown;
    failure = { thrown };
  }
  const { asLakeError, publishLake } = await import('./commands/remote.ts');
  if (!failure) return publishLake();
  await publishLake().catch(() => {});
  throw asLakeError(failure.thrown);
}

/** Parses the arguments and runs the command. Returns the exit code; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  try {
    const program = await createProgram(args, (code) => {
      exitCode = code;
    });
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
