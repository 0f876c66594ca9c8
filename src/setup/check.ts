/** What one check of the doctor says. */
import { EXIT_CODES } from '../errors.ts';
import type { Statement } from '../permissions.ts';

/**
 * `problem`: a run would fail, or evidence is being lost now. `warning`: a run works, and something is
 * less than it could be. `not_checked`: nothing can be said, and why.
 */
export type Verdict = 'ok' | 'warning' | 'problem' | 'not_checked';

export type Check = {
  /** What was checked: a word that stays the same. */
  check: string;
  /** Which one of them: a path, an entry of the configuration, an id. Empty where there is one only. */
  subject: string;
  verdict: Verdict;
  found: string;
  /** What to do: a command, or a line of the configuration. */
  fix?: string;
  /** Entries of an IAM policy that would allow what was denied. */
  statements?: readonly Statement[];
};

/** 0 without a problem, 2 if the configuration is one, else 1. */
export function exitCodeOf(checks: readonly Check[]): number {
  const problems = checks.filter(({ verdict }) => verdict === 'problem');
  if (problems.length === 0) return EXIT_CODES.ok;
  return problems.some(({ check }) => check === 'config')
    ? EXIT_CODES.usage
    : EXIT_CODES.unexpected;
}

/** A word for a POSIX shell: as it is if it is plain, else in quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Bytes as people read them: `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
