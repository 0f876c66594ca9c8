/** `flowproof query`: one SELECT on the tables of the lake. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { readConfig } from '../config.ts';
import { openDatabase } from '../database.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { createLakeViews } from '../lake.ts';
import { lockDown } from '../query/gate.ts';
import { QUERY_FORMATS, type QueryFormat, runQuery } from '../query/query.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

export function addQueryCommand(program: Command): void {
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
}

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
