/**
 * What a run tells while it works: one line that is rewritten on a terminal, a JSON object a line
 * elsewhere, nothing with --quiet. Always on standard error: standard output is for results.
 */

import { visibleText } from './text-table.ts';

export type Progress = {
  /** Says what is going on. Terminals see the newest only, at most ten times a second. */
  step(stage: string, message: string, details?: Readonly<Record<string, string | number>>): void;
  /** Says what somebody should look into, though the run goes on. */
  warn?(message: string, details?: Readonly<Record<string, string | number>>): void;
  /** Ends the rewritten line. */
  finish(): void;
};

export type ProgressOptions = {
  stream: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  isQuiet: boolean;
  now?: () => number;
};

const TERMINAL_INTERVAL_MILLISECONDS = 100;
const LOG_INTERVAL_MILLISECONDS = 2000;

/** Opens the progress of a run on a stream. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, isQuiet, now = Date.now } = options;
  if (isQuiet) return { step: () => {}, finish: () => {} };
  let lastTime = 0;
  let lastStage = '';
  const isDue = (stage: string, interval: number): boolean => {
    if (stage === lastStage && now() - lastTime < interval) return false;
    lastTime = now();
    lastStage = stage;
    return true;
  };
  if (!stream.isTTY) {
    return {
      step(stage, message, details = {}) {
        if (!isDue(stage, LOG_INTERVAL_MILLISECONDS)) return;
        const line = JSON.stringify({ level: 'info', stage, message, ...details });
        stream.write(`${visibleText(line)}\n`);
      },
      warn(message, details = {}) {
        stream.write(`${JSON.stringify({ level: 'warn', message, ...details })}\n`);
      },
      finish: () => {},
    };
  }
  return {
    step(stage, message) {
      if (!isDue(stage, TERMINAL_INTERVAL_MILLISECONDS)) return;
      // Names of objects come from outside: no escape sequence of theirs may reach the terminal.
      const text = visibleText(`${stage.padEnd(8)} ${message}`).slice(
        0,
        (stream.columns ?? 80) - 1,
      );
      stream.write(`\r\u001b[K${text}`);
    },
    warn(message) {
      stream.write(`\r\u001b[Kwarning: ${visibleText(message)}\n`);
    },
    finish() {
      if (lastStage !== '') stream.write('\r\u001b[K');
    },
  };
}
