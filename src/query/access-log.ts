/**
 * The lake's record of who asked what of it and when (pci-dss-4.0.1:10.2.1.3): the table `access_event`.
 *
 *   <lake>/access_event/<UTC date>.<host and user, hashed>.jsonl
 *
 * A line is appended before a statement runs and one after it, and none is ever changed: what has no
 * second line was killed, or still runs. Each user appends to files of their own, beside a run that holds
 * the lake's lock. The queries/marts file `query_access.sql` makes one row a statement of them.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, stat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, FlowproofError, messageOf } from '../errors.ts';
import { TOOL_VERSION } from '../version.ts';

/** Longest statement kept, in UTF-16 code units; of a longer one the start, and the hash of the whole. */
export const MAX_STATEMENT_LENGTH = 16_384;

const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 200;

export type AccessRequest = {
  /** Folder of the lake. One that does not exist holds nothing, and nothing is recorded. */
  lake: string;
  /** The command that asks: query, shell, serve, explain, status, connect. */
  command: string;
  /** What is asked: the statement, or the argument of the command. */
  statement: string;
  parameterNames?: readonly string[];
  now?: () => Date;
  /** Who asks; this process's user on this machine if absent. */
  asker?: Asker;
};

export type Asker = { userId: number; userName: string; hostName: string; processId: number };

export type Access = {
  /** Notes how it ended. */
  end(outcome: {
    outcome: 'answered' | 'refused' | 'limited' | 'interrupted' | 'failed';
    errorCode?: ErrorCode | 'UNEXPECTED' | undefined;
    rowCount?: number | undefined;
  }): Promise<void>;
  /** Notes what it ended with. Throws nothing, so that the error itself is what is shown. */
  fail(thrown: unknown): Promise<void>;
};

const OUTCOMES: Partial<Record<ErrorCode, 'refused' | 'limited' | 'interrupted'>> = {
  QUERY_REFUSED: 'refused',
  QUERY_LIMIT: 'limited',
  QUERY_INTERRUPTED: 'interrupted',
};

/**
 * Records that somebody is about to read the lake; to be called before they do. Throws ACCESS_UNRECORDED
 * where the record cannot be written: what is not recorded is not answered.
 */
export async function recordAccess(request: AccessRequest): Promise<Access> {
  const { lake, now = () => new Date(), asker = ownAsker() } = request;
  const isThere = await access(lake).then(
    () => true,
    () => false,
  );
  if (!isThere) return { end: async () => {}, fail: async () => {} };
  const accessId = randomUUID();
  const askedAt = now();
  const day = askedAt.toISOString().slice(0, 10);
  const file = join(lake, 'access_event', `${day}.${nameOf(asker)}.jsonl`);
  const { statement, parameterNames = [] } = request;
  await append(lake, file, {
    access_id: accessId,
    step: 'asked',
    recorded_at: timestamp(askedAt),
    user_id: asker.userId,
    user_name: asker.userName,
    host_name: asker.hostName,
    process_id: asker.processId,
    tool_version: TOOL_VERSION,
    command: request.command,
    statement: wellFormed(statement.slice(0, MAX_STATEMENT_LENGTH)),
    statement_sha256: createHash('sha256').update(statement).digest('hex'),
    parameter_names: parameterNames
      .slice(0, MAX_NAMES)
      .map((name) => wellFormed(name.slice(0, MAX_NAME_LENGTH))),
  });
  const end: Access['end'] = async ({ outcome, errorCode, rowCount }) => {
    const endedAt = now();
    await append(lake, file, {
      access_id: accessId,
      step: 'ended',
      recorded_at: timestamp(endedAt),
      outcome,
      error_code: errorCode ?? null,
      row_count: rowCount ?? null,
    });
  };
  return {
    end,
    async fail(thrown) {
      const errorCode = thrown instanceof FlowproofError ? thrown.code : 'UNEXPECTED';
      const outcome = (errorCode !== 'UNEXPECTED' && OUTCOMES[errorCode]) || 'failed';
      await end({ outcome, errorCode }).catch(() => {});
    },
  };
}

/** Records an access, does it, and records how it ended: for commands that ask one thing of the lake. */
export async function withRecord<Result>(
  request: AccessRequest,
  act: () => Promise<Result>,
): Promise<Result> {
  const record = await recordAccess(request);
  let result: Result;
  try {
    result = await act();
  } catch (thrown) {
    await record.fail(thrown);
    throw thrown;
  }
  await record.end({ outcome: 'answered' });
  return result;
}

function ownAsker(): Asker {
  const host = { hostName: hostname(), processId: process.pid };
  try {
    const { uid, username } = userInfo();
    return { ...host, userId: uid, userName: username };
  } catch {
    // A container may run as a user that its system has no name for.
    const userId = process.getuid?.() ?? -1;
    return { ...host, userId, userName: String(userId) };
  }
}

/** Files of one user on one host, whose names may hold anything. */
function nameOf(asker: Asker): string {
  const who = JSON.stringify([asker.hostName, asker.userId, asker.userName]);
  return createHash('sha256').update(who).digest('hex').slice(0, 16);
}

function timestamp(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '');
}

/** JSON in ASCII alone: a line that was torn within a character would make its file unreadable. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The text without halves of characters, which JSON readers refuse. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/**
 * Appends one line and waits for the disk. The line end comes first too: after a line that was torn by a
 * full disk or a power cut, this one is still a line of its own.
 */
async function append(lake: string, path: string, line: Record<string, unknown>): Promise<void> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    const folder = join(lake, 'access_event');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
    try {
      // In a folder that a group shares, the group must be able to read what its members asked.
      const isShared = ((await stat(folder)).mode & 0o040) !== 0;
      if (isShared && (await file.stat()).size === 0) await file.chmod(0o640);
      const bytes = Buffer.from(`\n${asciiJson(line)}\n`);
      const { bytesWritten } = await file.write(bytes);
      if (bytesWritten !== bytes.length) throw new Error('the disk took only a part of the record');
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw new FlowproofError('ACCESS_UNRECORDED', {
      place: join(lake, 'access_event'),
      problem: `access to the lake cannot be recorded, so nothing is read (${messageOf(thrown)})`,
      remedy:
        'Let those who query write to this one folder of the lake: make it, give it to a group of theirs and of the user that runs flowproof (chgrp), and chmod 3770. The rest of the lake may stay read-only.',
      cause: thrown,
    });
  }
}
