/**
 * Units that start `flowproof run`, ready for a scheduler, made from the configuration. This
 * folder owns their text; nothing is installed by it.
 */
import { FlowproofError } from '../errors.ts';
import { cronFiles } from './cron.ts';
import { eventbridgeFiles } from './eventbridge.ts';
import { kubernetesFiles } from './kubernetes.ts';
import { readFolders, writtenFolders } from './places.ts';
import { systemdFiles } from './systemd.ts';
import type { UnitFile, UnitInput } from './unit-file.ts';

export const SCHEDULERS = ['systemd', 'cron', 'k8s', 'eventbridge'] as const;

export type Scheduler = (typeof SCHEDULERS)[number];

const WRITERS: Readonly<Record<Scheduler, (input: UnitInput) => UnitFile[]>> = {
  systemd: systemdFiles,
  cron: cronFiles,
  k8s: kubernetesFiles,
  eventbridge: eventbridgeFiles,
};

/** The files of a scheduler. Throws USAGE for paths that no unit can hold, or a missing image. */
export function unitFiles(scheduler: Scheduler, input: UnitInput): UnitFile[] {
  const { config, program } = input;
  const folders = [...writtenFolders(config), ...readFolders(config)];
  for (const path of [...program, config.path, ...folders]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the line of a unit.
    if (!/[\u0000-\u001f\u007f]/.test(path)) continue;
    throw new FlowproofError('USAGE', {
      place: JSON.stringify(path),
      problem: 'the path holds a line end or another control character, which no unit can',
      remedy: 'Rename the folder or file.',
    });
  }
  return WRITERS[scheduler](input);
}

/** All files one after the other, each below its name where there are several. */
export function unitText(files: readonly UnitFile[]): string {
  if (files.length === 1) return files[0]?.text ?? '';
  return files.map(({ name, text }) => `# ${name}\n${text}`).join('\n');
}
