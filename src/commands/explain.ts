/** `flowproof explain`: one flow with its reasons. */
import { type Command, Option } from 'commander';
import { readConfig } from '../config.ts';
import { openDatabase } from '../database.ts';
import { explain } from '../explain/explain.ts';
import { explanationText } from '../explain/explanation-text.ts';
import { createLakeViews } from '../lake.ts';
import { printedJson } from '../printed-text.ts';
import { withRecord } from '../query/access-log.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

export function addExplainCommand(program: Command): void {
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
        const { connection } = database;
        const explanation = await withRecord(
          { lake: config.lake, command: 'explain', statement: flowId },
          () => explain({ connection, flowId, config }),
        );
        const { stdout } = process;
        const layout = {
          width: Math.min(stdout.columns ?? 100, 100),
          isTerminal: stdout.isTTY ?? false,
        };
        stdout.write(
          options.format === 'json'
            ? `${printedJson(explanation)}\n`
            : explanationText(explanation, layout),
        );
      } finally {
        database.close();
      }
    });
}
