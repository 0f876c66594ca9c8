/** A line of a crontab (crontab(5)). */
import { secretVariables } from '../notify-schema.ts';
import { cronFields } from './every.ts';
import { shellWord } from './systemd.ts';
import type { UnitFile, UnitInput } from './unit-file.ts';

/** A command as a crontab has it: `%` would end it, and what follows would be its standard input. */
export function crontabCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ').replaceAll('%', '\\%');
}

export function cronFiles({ config, program, every }: UnitInput): UnitFile[] {
  const secrets = secretVariables(config.notifications);
  const command = crontabCommand([...program, 'run', '--config', config.path, '--quiet']);
  const text = `# flowproof. No flock is needed: the lake has a lock that a dead process does not hold, and a run
# that finds it taken stops at once. What cron mails is what went wrong: standard error alone.
${every.kind === 'daily' ? '# cron takes the time zone of the machine: the time below is meant as UTC.\n' : ''}${secrets.length === 0 ? '' : `# Set before this line, in a crontab that nobody else reads: ${secrets.join(', ')}.\n`}${cronFields(every)} umask 077; ${command} >/dev/null
`;
  return [{ name: 'flowproof.crontab', text }];
}
