/** `flowproof serve`: the packs and the lake in a browser of this machine. */
import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../config.ts';
import { askLake } from '../serve/ask-lake.ts';
import { serve } from '../serve/server.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

export function addServeCommand(program: Command): void {
  withCommonOptions(
    program
      .command('serve')
      .description('show the packs, and ask the lake, in a browser of this machine'),
  )
    .option('-p, --port <port>', 'port to listen on; any free one if absent', parsePort, 0)
    .addHelpText(
      'after',
      `
It listens on 127.0.0.1 until it is stopped (Ctrl-C), and answers only whoever has the address that it
prints. Statements have the same limits as those of flowproof query.

Example:
  $ flowproof serve --config flowproof.yaml`,
    )
    .action(async (options: CommonOptions & { port: number }) => {
      const config = readConfig(options.config);
      const serving = await serve({
        config,
        port: options.port,
        ask: askLake(config),
      });
      process.stdout.write(`Open      ${serving.url}\nStop      Ctrl-C\n`);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await serving.close();
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('must be a number from 0 to 65535.');
  }
  return port;
}
