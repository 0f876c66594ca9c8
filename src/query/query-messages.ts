/** What the process that runs statements and the one that started it say to each other, as JSON. */
import { type ErrorCode, FlowproofError } from '../errors.ts';
import type { S3Access } from '../remote-lake/httpfs.ts';
import type { RemotePlace } from '../remote-lake/place.ts';
import type { QueryLimits } from './limits.ts';
import type { ExplainKind, QueryFormat } from './query-format.ts';

/** The file descriptor on which the child writes the bytes of results, and nothing else. */
export const RESULT_DESCRIPTOR = 3;

export type OpenMessage = {
  kind: 'open';
  /** Folder of the lake. */
  lake: string;
  /** Folder of its own for temporary files; the child deletes it if its parent dies. */
  tempFolder: string;
  limits: QueryLimits;
  /** Of a lake in S3, where it is, and what reads it there if this machine does. */
  remote?: { place: RemotePlace; access: S3Access | undefined } | undefined;
};

export type StatementMessage = {
  kind: 'statement';
  sql: string;
  /** Values of `$name`, as text. */
  parameters: Readonly<Record<string, string>>;
  format: QueryFormat;
  explain?: ExplainKind | undefined;
  /** True if a terminal shows the result. */
  isTerminal: boolean;
  maxTableRows?: number | undefined;
  /** Credentials for the lake in S3, in the place of those before. */
  access?: S3Access | undefined;
};

/** `interrupt`: end with an error. `closed`: the reader has gone away, end quietly. */
export type StopMessage = { kind: 'interrupt' | 'closed' };

export type ParentMessage = OpenMessage | StatementMessage | StopMessage;

export type ErrorMessage = {
  code?: ErrorCode;
  place: string;
  problem: string;
  remedy: string;
  stack?: string | undefined;
};

export type ChildMessage =
  /** The lake is open; or the end of a statement, after `byteCount` bytes of result. */
  | { kind: 'done'; rowCount: number; byteCount: number }
  | { kind: 'failed'; error: ErrorMessage; byteCount: number };

export function errorMessage(thrown: unknown): ErrorMessage {
  if (thrown instanceof FlowproofError) {
    const { code, place, problem, remedy } = thrown;
    return { code, place, problem, remedy };
  }
  const { message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { place: 'query', problem: message, remedy: '', stack };
}

/** The error that `errorMessage` was made of. */
export function errorOfMessage(message: ErrorMessage): Error {
  if (message.code) return new FlowproofError(message.code, message);
  return Object.assign(new Error(message.problem), message.stack ? { stack: message.stack } : {});
}
