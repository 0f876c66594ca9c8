/** `flowproof config-schema`: the JSON Schema of the configuration. */
import type { Command } from 'commander';
import { configJsonSchema } from '../config-schema.ts';

export function addConfigSchemaCommand(program: Command): void {
  program
    .command('config-schema')
    .description('print the JSON Schema of the configuration, for editors')
    .addHelpText('after', '\nExample:\n  $ flowproof config-schema > flowproof.schema.json')
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}
