/** `flowproof doctor`: whether a run would work, and whether what AWS logs suffices. */
import { type Command, Option } from 'commander';
import { DEFAULT_CONFIG, type SetExitCode } from './common.ts';

type DoctorCommandOptions = { config: string; format: 'text' | 'json' };

export function addDoctorCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('doctor')
    .description('check machine, configuration, permissions and flow logs, and say each fix')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'),
    )
    .option('--debug', 'print the stack of a failure')
    .addHelpText(
      'after',
      `
Tries each call to AWS that the configuration needs, once; nothing is changed, and nothing is signed.

Examples:
  $ flowproof doctor --config flowproof.yaml
  $ flowproof doctor --format json

Exit codes:
  0  no problem, whatever the warnings
  1  a problem: a run would fail, or evidence is being lost
  2  the configuration cannot be read, or has mistakes`,
    )
    .action(async (options: DoctorCommandOptions) => {
      const [{ doctor }, { doctorJson, doctorText }] = await Promise.all([
        import('../setup/doctor.ts'),
        import('../setup/doctor-text.ts'),
      ]);
      const result = await doctor({ configPath: options.config });
      process.stdout.write(options.format === 'json' ? doctorJson(result) : doctorText(result));
      setExitCode(result.exitCode);
    });
}
