/** `flowproof shell`: statements, one after the other. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { limitsOf } from '../query/limits.ts';
import { openQuerySession } from '../query/query-session.ts';
import { runShell } from '../query/shell.ts';
import { type CommonOptions, withCommonOptions } from './common.ts';

const MAX_HISTORY_LINES = 1000;

export function addShellCommand(program: Command): void {
  withCommonOptions(
    program.command('shell').description('ask statements one after the other; \\? says what else'),
  )
    .option('--no-history', 'keep no file of what was typed')
    .addHelpText(
      'after',
      `
Statements have the limits of flowproof query, and each is kept in the record of access. From a pipe they
are a script, which ends at its first error. What was typed is kept in $XDG_STATE_HOME/flowproof/history.

Examples:
  $ flowproof shell --config flowproof.yaml
  $ flowproof shell < questions.sql`,
    )
    .action(async (options: CommonOptions & { history: boolean }) => {
      const config = readConfig(options.config);
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      const session = openQuerySession({
        lake: config.lake,
        limits: limitsOf(config),
        command: 'shell',
      });
      const file = isTerminal && options.history ? historyFile() : undefined;
      try {
        const problem = await runShell({
          session,
          input: process.stdin,
          output: process.stdout,
          errors: process.stderr,
          isTerminal,
          history: file === undefined ? [] : readHistory(file),
          ...(file === undefined
            ? {}
            : { onHistory: (lines: readonly string[]) => writeHistory(file, lines) }),
          pager: process.env.PAGER ?? 'less',
          lakeFolder: config.lake,
        });
        if (problem !== undefined) throw problem;
      } finally {
        await session.close();
      }
    });
}

function historyFile(): string {
  const state = process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return join(state, 'flowproof', 'history');
}

/** Lines, the newest first. A file that cannot be read is none. */
function readHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).reverse();
  } catch {
    return [];
  }
}

/** What cannot be kept is no reason to stop asking. */
function writeHistory(file: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const kept = lines.slice(0, MAX_HISTORY_LINES).toReversed();
    writeFileSync(file, kept.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  } catch {}
}
