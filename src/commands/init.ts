/** `flowproof init`: a first configuration, by asking AWS what there is. */
import type { Command } from 'commander';
import { shellWord } from '../setup/check.ts';
import { visibleText } from '../text-table.ts';
import { DEFAULT_CONFIG } from './common.ts';

type InitCommandOptions = {
  config: string;
  region: string[];
  files: string[];
  scopeTag?: string;
  vpc: string[];
  period?: string;
  force?: boolean;
};

const collect = (value: string, values: string[]): string[] => [...values, value];

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .description('write a first configuration, by asking AWS what there is')
    .option('-c, --config <file>', 'file to write', DEFAULT_CONFIG)
    .option(
      '--region <region>',
      "Region to ask, again for a further one; else the SDK's",
      collect,
      [],
    )
    .option(
      '--files <glob>',
      'flow logs in local files, again for more; AWS is not asked',
      collect,
      [],
    )
    .option('--scope-tag <key=value>', 'what carries this tag is in scope')
    .option('--vpc <id>', 'this VPC is in scope, again for a further one', collect, [])
    .option('--period <month>', 'such as 2026-10, or 2026-10-01/2026-11-01; else the last month')
    .option('--force', 'overwrite the file')
    .option('--debug', 'print the stack of a failure')
    .addHelpText(
      'after',
      `
Asks for the account, flow logs, VPCs and the Regions of buckets (sts:GetCallerIdentity, ec2:DescribeFlowLogs,
ec2:DescribeVpcs, HeadBucket); changes nothing in AWS.

Examples:
  $ flowproof init --region us-east-1 --scope-tag pci=true
  $ flowproof init --files 'logs/**/*.log.gz' --vpc vpc-0123456789abcdef0 --period 2026-10`,
    )
    .action(async (options: InitCommandOptions) => {
      const { init } = await import('../setup/init.ts');
      const { path, facts } = await init({
        path: options.config,
        regions: options.region,
        files: options.files,
        scopeTag: options.scopeTag,
        vpcs: options.vpc,
        period: options.period,
        isForced: options.force ?? false,
      });
      const argument = path === DEFAULT_CONFIG ? '' : ` --config ${shellWord(path)}`;
      const lines = [
        `Wrote ${path}`,
        ...(facts?.unasked ?? []).map((why) => `Could not be asked: ${why}`),
        'Read it through, then run:',
        `  flowproof doctor${argument}`,
        `  flowproof run${argument}`,
      ];
      process.stdout.write(`${lines.map(visibleText).join('\n')}\n`);
    });
}
