/** `flowproof schedule`: units that start `flowproof run`, for a scheduler. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { replaceFile } from '../atomic-file.ts';
import { readConfig } from '../config.ts';
import { FlowproofError } from '../errors.ts';
import { PACKAGE_ROOT } from '../query-file.ts';
import { EVERY_FORMS, parseEvery } from '../units/every.ts';
import type { UnitInput } from '../units/unit-file.ts';
import { SCHEDULERS, type Scheduler, unitFiles, unitText } from '../units/units.ts';
import { DEFAULT_CONFIG } from './common.ts';

type ScheduleOptions = {
  print: Scheduler;
  config: string;
  every: string;
  image?: string;
  output?: string;
};

export function addScheduleCommand(program: Command): void {
  program
    .command('schedule')
    .description('print units that start flowproof run regularly, for a scheduler')
    .addOption(
      new Option('--print <scheduler>', 'for which scheduler')
        .choices(SCHEDULERS)
        .makeOptionMandatory(),
    )
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--every <time>', EVERY_FORMS, 'hourly')
    .option('--image <image>', 'container image with flowproof on its path; needed with k8s')
    .option('-o, --output <folder>', 'write the files into this folder instead of printing them')
    .option('--debug', 'print the stack of a failure')
    .addHelpText(
      'after',
      `
Examples:
  $ flowproof schedule --print systemd --config /etc/flowproof/flowproof.yaml --output /etc/systemd/system
  $ flowproof schedule --print cron --every "daily at 02:30"
  $ flowproof schedule --print k8s --image registry.example.com/flowproof:0.1.0 | kubectl apply -f -`,
    )
    .action(async (options: ScheduleOptions) => {
      const files = unitFiles(options.print, readInput(options));
      if (options.output === undefined) {
        process.stdout.write(unitText(files));
        return;
      }
      const folder = resolve(options.output);
      await mkdir(folder, { recursive: true });
      // Units hold no secret, and other users' programs read them.
      for (const { name, text } of files) await replaceFile(join(folder, name), text, 0o644);
      process.stdout.write(files.map(({ name }) => `${join(folder, name)}\n`).join(''));
    });
}

function readInput({ config: path, every: text, image }: ScheduleOptions): UnitInput {
  const every = parseEvery(text);
  if (!every) {
    throw new FlowproofError('USAGE', {
      place: '--every',
      problem: `${JSON.stringify(text)} is no schedule`,
      remedy: `Give ${EVERY_FORMS}, such as --every "daily at 02:30".`,
    });
  }
  const config = readConfig(path);
  const { exceptions } = config;
  return {
    config,
    configText: readFileSync(config.path, 'utf8'),
    fileTexts: new Map(
      exceptions === undefined ? [] : [[exceptions, readFileSync(exceptions, 'utf8')]],
    ),
    program: [process.execPath, join(PACKAGE_ROOT, 'dist', 'cli.js')],
    every,
    image,
  };
}
