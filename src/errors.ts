/**
 * Expected failures. One class, one table of codes, and one catch (in `cli.ts`) that prints them.
 * Content that is bad is not an error: it becomes a row of `rejected_record`.
 */

import { withoutSecrets } from './secrets.ts';

/** Exit codes of the command, one place for each. */
export const EXIT_CODES = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  mismatch: 4,
  busy: 5,
  interrupted: 130,
  terminated: 143,
} as const;

/** Every stable error code with the exit code that it leads to. */
const ERROR_CODES = {
  CONFIG_INVALID: EXIT_CODES.usage,
  CONFIG_UNREADABLE: EXIT_CODES.usage,
  USAGE: EXIT_CODES.usage,
  SOURCE_UNREACHABLE: EXIT_CODES.unexpected,
  SOURCE_EMPTY: EXIT_CODES.usage,
  FLOW_UNKNOWN: EXIT_CODES.usage,
  LAKE_LOCKED: EXIT_CODES.busy,
  LAKE_LOCK_LOST: EXIT_CODES.unexpected,
  LAKE_UNUSABLE: EXIT_CODES.unexpected,
  LAKE_CHANGED: EXIT_CODES.unexpected,
  DISK_FULL: EXIT_CODES.unexpected,
  OUT_OF_MEMORY: EXIT_CODES.unexpected,
  QUERY_REFUSED: EXIT_CODES.usage,
  QUERY_FAILED: EXIT_CODES.usage,
  REPORT_INVALID: EXIT_CODES.unexpected,
  PACK_UNKNOWN: EXIT_CODES.usage,
  EXCEPTIONS_INVALID: EXIT_CODES.usage,
  PDF_FAILED: EXIT_CODES.unexpected,
  PACK_UNWRITABLE: EXIT_CODES.unexpected,
  PACK_CHAIN_BROKEN: EXIT_CODES.unexpected,
  SIGNING_KEY_UNUSABLE: EXIT_CODES.usage,
  SIGNING_FAILED: EXIT_CODES.unexpected,
  VERIFY_UNREADABLE: EXIT_CODES.usage,
  REVIEWS_CHANGED: EXIT_CODES.mismatch,
  QUERY_LIMIT: EXIT_CODES.unexpected,
  QUERY_CRASHED: EXIT_CODES.unexpected,
  QUERY_INTERRUPTED: EXIT_CODES.unexpected,
  ACCESS_UNRECORDED: EXIT_CODES.unexpected,
  ARCHIVE_UNUSABLE: EXIT_CODES.unexpected,
  STOPPED_BY_SIGINT: EXIT_CODES.interrupted,
  STOPPED_BY_SIGTERM: EXIT_CODES.terminated,
  SUMMARY_UNWRITABLE: EXIT_CODES.unexpected,
  ENGINE_FAILED: EXIT_CODES.unexpected,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export type ErrorDetail = {
  /** Where it happened: a file and key, a URI, a statement. */
  place: string;
  /** What is wrong, with the value found. */
  problem: string;
  /** What to do, in the imperative, with an example where one helps. */
  remedy: string;
  cause?: unknown;
};

/** A failure that flowproof expected and can explain. */
export class FlowproofError extends Error {
  readonly code: ErrorCode;
  readonly place: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(code: ErrorCode, detail: ErrorDetail) {
    const place = withoutSecrets(detail.place);
    const problem = withoutSecrets(detail.problem);
    super(`${place}: ${problem}\n  ${detail.remedy}`, { cause: detail.cause });
    this.name = 'FlowproofError';
    this.code = code;
    this.place = place;
    this.problem = problem;
    this.remedy = detail.remedy;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}

/** The text of anything that was thrown, without secrets. */
export function messageOf(thrown: unknown): string {
  return withoutSecrets(thrown instanceof Error ? thrown.message : String(thrown));
}
