#!/usr/bin/env node
/**
 * The command line. The one place that catches: expected failures are printed as "place: problem"
 * with their remedy and lead to a documented exit code; others keep their stack with --debug.
 *
 * The file is long because it is a list: of the commands with their options, examples and help.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { readConfig } from './config.ts';
import { configJsonSchema } from './config-schema.ts';
import { openDatabase } from './database.ts';
import { EXIT_CODES, FlowproofError, messageOf } from './errors.ts';
import { explain } from './explain/explain.ts';
import { explanationText } from './explain/explanation-text.ts';
import { createLakeViews } from './lake.ts';
import { createProgress } from './progress.ts';
import { QUERY_FORMATS, type QueryFormat, runQuery } from './query.ts';
import { lockDown } from './query-gate.ts';
import { type Part, run } from './run.ts';
import { readStatus, statusText } from './status.ts';
import { summaryText } from './summary.ts';
import { verify } from './verify.ts';
import { TOOL_VERSION } from './version.ts';

const DEFAULT_CONFIG = 'flowproof.yaml';

type CommonOptions = { config: string; quiet?: boolean; debug?: boolean };

type VerifyOptions = {
  publicKey: string[];
  chain?: boolean;
  sources?: boolean;
  config: string;
  quiet?: boolean;
};

function withCommonOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('-q, --quiet', 'no progress')
    .option('--debug', 'print the stack of a failure');
}

/** The program. `setExitCode` is told the code of a command that ended without an error. */
export function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('flowproof')
    .description(
      'Turns AWS network logs into PCI DSS v4.0.1 evidence, and says plainly where those logs are not enough.',
    )
    .version(TOOL_VERSION)
    .showHelpAfterError('(add --help for the valid options and an example)')
    .showSuggestionAfterError()
    .exitOverride();

  const job = (name: 'run' | Part, parts: readonly Part[], description: string, example: string) =>
    withCommonOptions(program.command(name).description(description))
      .addHelpText('after', `\nExample:\n  $ ${example}\n\n${EXIT_CODE_HELP}`)
      .action(async (options: CommonOptions) => {
        const config = readConfig(options.config);
        const progress = createProgress({
          stream: process.stderr,
          isQuiet: options.quiet ?? false,
        });
        const outcome = await run({ config, parts, command: name, progress });
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

  withCommonOptions(
    program.command('query').description('run one SELECT on the tables of the lake'),
  )
    .argument('[sql]', 'the statement')
    .option('-f, --file <file>', 'read the statement from a file')
    .addOption(
      new Option('--format <format>', 'how to print the result')
        .choices(QUERY_FORMATS)
        .default('table'),
    )
    .option('-o, --output <file>', 'write the result to a file instead of standard output')
    .addHelpText(
      'after',
      `
Examples:
  $ flowproof query "select rule_verdict, count(*) as flows from flow_enriched group by all order by all"
  $ flowproof query "show tables"
  $ flowproof query "describe flow_detail"
  $ flowproof query --format arrow --output flows.arrows "select * from flow_enriched"`,
    )
    .action(
      async (
        sql: string | undefined,
        options: CommonOptions & { file?: string; format: QueryFormat; output?: string },
      ) => {
        await query(sql ?? readStatement(options.file), options);
      },
    );

  withCommonOptions(
    program
      .command('explain')
      .description(
        'one flow: its record, interface, rules, events and details, each with its reason',
      ),
  )
    .argument('<flow_id>', 'id of the flow: the column flow_id of flow')
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ flowproof explain 1df778edd8be0f97:1
  $ flowproof query "select flow_id from flow_enriched where rule_verdict = 'unexplained'"`,
    )
    .action(async (flowId: string, options: CommonOptions & { format: 'text' | 'json' }) => {
      const config = readConfig(options.config);
      const database = await openDatabase();
      try {
        await createLakeViews(database.connection, config.lake);
        const explanation = await explain({ connection: database.connection, flowId, config });
        const { stdout } = process;
        const layout = {
          width: Math.min(stdout.columns ?? 100, 100),
          isTerminal: stdout.isTTY ?? false,
        };
        stdout.write(
          options.format === 'json'
            ? `${JSON.stringify(explanation, null, 2)}\n`
            : explanationText(explanation, layout),
        );
      } finally {
        database.close();
      }
    });

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
        const status = await readStatus(database.connection, config);
        process.stdout.write(
          options.format === 'json'
            ? `${JSON.stringify(status, null, 2)}\n`
            : statusText(status, config),
        );
      } finally {
        database.close();
      }
    });

  program
    .command('verify')
    .description('check an evidence pack: files, signature, the chain of packs, the originals')
    .argument('<pack_dir>', 'folder of the pack')
    .option(
      '--public-key <file>',
      'check the signature with this public key (PEM); again for a further key',
      (file: string, files: string[]) => [...files, file],
      [],
    )
    .option('--chain', 'check the other packs of its name in its folder, and how they are chained')
    .option('--sources', 'read the originals again, by the sources of the configuration')
    .option('-c, --config <file>', 'configuration file; with --sources', DEFAULT_CONFIG)
    .option('-q, --quiet', 'no progress')
    .option('--debug', 'print the stack of a failure')
    .addHelpText(
      'after',
      `
Examples:
  $ flowproof verify evidence/pci-dss-4.0.1_2026-11-01_2026-12-01
  $ flowproof verify evidence/pci-dss-4.0.1_2026-11-01_2026-12-01 --chain --public-key flowproof.pub.pem

${EXIT_CODE_HELP}`,
    )
    .action(async (folder: string, options: VerifyOptions) => {
      const progress = createProgress({
        stream: process.stderr,
        isQuiet: options.quiet ?? false,
      });
      const exitCode = await verify({
        folder,
        publicKeys: options.publicKey,
        hasChain: options.chain ?? false,
        config: options.sources ? readConfig(options.config) : undefined,
        write: (text) => process.stdout.write(text),
        onProgress: (original, originals) =>
          progress.step('verify', `original ${original} of ${originals}`, { original, originals }),
      }).finally(() => progress.finish());
      setExitCode(exitCode);
    });

  program
    .command('config-schema')
    .description('print the JSON Schema of the configuration, for editors')
    .addHelpText('after', '\nExample:\n  $ flowproof config-schema > flowproof.schema.json')
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
  const names = program.commands.map((command) => command.name()).join(', ');
  // Set last, so that it stands after errors of the program only: the commands keep the text above.
  return program.showHelpAfterError(`(commands: ${names}; add --help for what they do)`);
}

const EXIT_CODE_HELP = `Exit codes:
  0  done
  1  failed, or a source could not be reached
  2  wrong usage or configuration
  3  more was rejected or damaged than the configuration allows
  4  a pack differs from its manifest`;

function readStatement(file: string | undefined): string {
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8');
    } catch (thrown) {
      throw new FlowproofError('USAGE', {
        place: file,
        problem: `the statement cannot be read (${messageOf(thrown)})`,
        remedy: 'Name an existing file: flowproof query --file question.sql',
      });
    }
  }
  throw new FlowproofError('USAGE', {
    place: 'flowproof query',
    problem: 'no statement was given',
    remedy: 'Give one: flowproof query "select count(*) from flow", or --file question.sql',
  });
}

async function query(
  sql: string,
  options: CommonOptions & { format: QueryFormat; output?: string },
): Promise<void> {
  const config = readConfig(options.config);
  // The statement may read the lake; Parquet results pass through a folder of their own.
  const tempFolder = await mkdtemp(join(tmpdir(), 'flowproof-query-'));
  const database = await openDatabase({ tempDirectory: join(tempFolder, 'spill') });
  try {
    await createLakeViews(database.connection, config.lake);
    await lockDown(database.connection, {
      folders: [config.lake, tempFolder],
      memoryLimit: config.memory_limit,
    });
    await runQuery({
      connection: database.connection,
      sql,
      format: options.format,
      output: options.output,
      stdout: process.stdout,
      lakeFolder: config.lake,
      tempFolder,
    });
  } finally {
    database.close();
    await rm(tempFolder, { recursive: true, force: true });
  }
}

/** Parses the arguments and runs the command. Returns the exit code; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      return thrown.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
    }
    const isExpected = thrown instanceof FlowproofError;
    process.stderr.write(
      isExpected
        ? `error ${thrown.code}\n${thrown.message}\n`
        : `error UNEXPECTED\n${messageOf(thrown)}\n  This is a mistake in flowproof. Run again with --debug and report what it prints.\n`,
    );
    if (args.includes('--debug') && thrown instanceof Error)
      process.stderr.write(`${thrown.stack}\n`);
    return isExpected ? thrown.exitCode : EXIT_CODES.unexpected;
  }
}

process.exitCode = await main(process.argv.slice(2));
