/**
 * Expected failures. One class, one table of codes, and one catch (in `cli.ts`) that prints them.
 * Content that is bad is not an error: it becomes a row of `rejected_record`.
 */

/** Exit codes of the command, one place for each. */
export const EXIT_CODES = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  mismatch: 4,
} as const;

/** Every stable error code with the exit code that it leads to. */
const ERROR_CODES = {
  CONFIG_INVALID: EXIT_CODES.usage,
  CONFIG_UNREADABLE: EXIT_CODES.usage,
  USAGE: EXIT_CODES.usage,
  SOURCE_UNREACHABLE: EXIT_CODES.unexpected,
  SOURCE_EMPTY: EXIT_CODES.usage,
  FLOW_UNKNOWN: EXIT_CODES.usage,
  LAKE_LOCKED: EXIT_CODES.unexpected,
  LAKE_LOCK_LOST: EXIT_CODES.unexpected,
  LAKE_UNUSABLE: EXIT_CODES.unexpected,
  DISK_FULL: EXIT_CODES.unexpected,
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
  SUMMARY_UNWRITABLE: EXIT_CODES.unexpected,
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
    super(`${detail.place}: ${detail.problem}\n  ${detail.remedy}`, { cause: detail.cause });
    this.name = 'FlowproofError';
    this.code = code;
    this.place = detail.place;
    this.problem = detail.problem;
    this.remedy = detail.remedy;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
