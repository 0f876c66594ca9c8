/** `flowproof verify`: an evidence pack, checked. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { createProgress } from '../progress.ts';
import { verify } from '../verify.ts';
import { DEFAULT_CONFIG, EXIT_CODE_HELP, type SetExitCode } from './common.ts';

type VerifyOptions = {
  publicKey: string[];
  chain?: boolean;
  sources?: boolean;
  config: string;
  quiet?: boolean;
};

export function addVerifyCommand(program: Command, setExitCode: SetExitCode): void {
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
}
