/** `flowproof query`: one SELECT on the tables of the lake. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../config.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { limitsOf } from '../query/limits.ts';
import {
  EXPLAIN_KINDS,
  type ExplainKind,
  QUERY_FORMATS,
  type QueryFormat,
} from '../query/query-format.ts';
import { openQuerySession } from '../query/query-session.ts';
import { fileSink, streamSink } from '../query/sink.ts';
import { listOf, readLayer } from '../query-file.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

type QueryOptions = CommonOptions & {
  file?: string;
  example?: string;
  param: Readonly<Record<string, string>>;
  format: QueryFormat;
  explain?: true | ExplainKind;
  output?: string;
  timeout?: number;
};

export function addQueryCommand(program: Command): void {
  withCommonOptions(
    program.command('query').description('run one SELECT on the tables of the lake'),
  )
    .argument('[sql]', 'the statement')
    .option('-f, --file <file>', 'read the statement from a file; "-" is standard input')
    .option('--example <name>', 'ask a worked question of queries/examples; with "list" print them')
    .option(
      '-p, --param <name=value>',
      'value of $name, of the type that the statement gives it; again for a further one',
      addParameter,
      {},
    )
    .addOption(
      new Option('--format <format>', 'how to print the result')
        .choices(QUERY_FORMATS)
        .default('table'),
    )
    .addOption(
      new Option(
        '--explain [kind]',
        'print how it would be run; analyze: how it was run, with times and counts',
      )
        .choices(EXPLAIN_KINDS)
        .preset('plan'),
    )
    .option('-o, --output <file>', 'write the result to a file instead of standard output')
    .option(
      '--timeout <seconds>',
      'end it after this time; query_limits.seconds of the configuration if absent',
      parseSeconds,
    )
    .addHelpText(
      'after',
      `
Examples:
  $ flowproof query "select rule_verdict, count(*) as flows from flow_enriched group by all order by all"
  $ flowproof query "show tables"
  $ flowproof query "describe flow_detail"
  $ flowproof query --param port=22 "select * from flow where destination_port = $port"
  $ flowproof query --format arrow --output flows.arrows "select * from flow_enriched"
  $ flowproof query --explain --file question.sql
  $ flowproof query --example who_talked_to --param address=203.0.113.7 --param day=2026-11-02`,
    )
    .action(async (sql: string | undefined, options: QueryOptions) => {
      if (options.example === 'list') {
        process.stdout.write(exampleList());
        return;
      }
      await query(sql ?? readStatement(options), options);
    });
}

function addParameter(
  text: string,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, name, value] = /^\$?(\w+)=(.*)$/su.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('It must look like port=22.');
  }
  if (Object.hasOwn(given, name)) throw new InvalidArgumentError(`${name} has a value already.`);
  return { ...given, [name]: value };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new InvalidArgumentError('It must be a number of seconds above 0, up to 86400.');
  }
  return seconds;
}

/** Every worked question, a line each. */
function exampleList(): string {
  return readLayer('examples')
    .map(({ name, header }) => {
      const parameters = listOf(header.parameters).map((one) => ` --param ${one}=…`);
      return `${name}${parameters.join('')}\n          ${header.question}\n`;
    })
    .join('');
}

function readStatement({ file, example }: Pick<QueryOptions, 'file' | 'example'>): string {
  if (example !== undefined) {
    const found = readLayer('examples').find(({ name }) => name === example);
    if (found) return found.text;
    throw new FlowproofError('USAGE', {
      place: `--example ${example}`,
      problem: 'there is no example of that name',
      remedy: 'List them: flowproof query --example list',
    });
  }
  if (file !== undefined) {
    try {
      return readFileSync(file === '-' ? 0 : file, 'utf8');
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

async function query(sql: string, options: QueryOptions): Promise<void> {
  const { param: parameters, format, explain, output } = options;
  const config = readConfig(options.config);
  const session = openQuerySession({
    lake: config.lake,
    limits: limitsOf(config, options.timeout),
    command: 'query',
  });
  // The first signal ends the statement and notes that; a second one ends this process.
  const stop = (): void => session.interrupt();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const sink = output ? await fileSink(output, config.lake) : streamSink(process.stdout);
    try {
      await session.run({
        sql,
        parameters,
        format,
        explain: explain === true ? 'plan' : explain,
        sink,
      });
      await sink.finish();
    } catch (thrown) {
      await sink.abandon();
      throw thrown;
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await session.close();
  }
}
