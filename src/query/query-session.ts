/**
 * Statements on a lake, each run in a child process that can be stopped whatever it does
 * (`query-process.ts`), and each kept in the lake's record of access before it runs. This side parses no
 * SQL and loads no engine.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { FlowproofError, messageOf } from '../errors.ts';
import { recordAccess } from './access-log.ts';
import { startQueryProcess } from './child-process.ts';
import { type LakeInPlace, openInPlace } from './lake-in-place.ts';
import { limitError, type QueryLimits } from './limits.ts';
import type { ExplainKind, QueryFormat } from './query-format.ts';
import {
  type ChildMessage,
  errorOfMessage,
  type ParentMessage,
  RESULT_DESCRIPTOR,
} from './query-messages.ts';
import type { Sink } from './sink.ts';

export type Statement = {
  sql: string;
  /** Values of `$name` as text; each takes the type that the statement gives its parameter. */
  parameters?: Readonly<Record<string, string>>;
  format: QueryFormat;
  /** Shows how it is run, in place of the result. */
  explain?: ExplainKind | undefined;
  /** Where the result goes, in pieces. The caller finishes or abandons it. */
  sink: Sink;
  /** Rows that the table format shows; 200 if absent. */
  maxTableRows?: number;
};

export type QuerySession = {
  /**
   * Runs one statement; the next may come when it has ended. Throws QUERY_REFUSED, QUERY_FAILED, QUERY_LIMIT,
   * QUERY_INTERRUPTED, QUERY_CRASHED, ACCESS_UNRECORDED, LAKE_CHANGED, or what the sink throws. Whatever it throws, the
   * session goes on: a process that was killed is replaced by a new one.
   */
  run(statement: Statement): Promise<{ rowCount: number; milliseconds: number }>;
  /** Ends the statement that is running, which then throws QUERY_INTERRUPTED. */
  interrupt(): void;
  /**
   * Ends the process and deletes its temporary files. A statement after it starts a new process, which
   * sees what the lake holds by then.
   */
  close(): Promise<void>;
};

export type SessionOptions = {
  /** Folder of the lake. */
  lake: string;
  limits: QueryLimits;
  /** Which command asks, for the record of access. */
  command: 'query' | 'shell' | 'serve';
  /** Silence after which a process that was told to stop is killed. */
  graceMilliseconds?: number;
  now?: () => Date;
};

const GRACE_MILLISECONDS = 2000;
const TICK_MILLISECONDS = 50;

/** What the end of a statement depends on. */
type Running = {
  sink: Sink | undefined;
  receivedBytes: number;
  /** Set when the process has said that it ended. */
  answer: ChildMessage | undefined;
  isWriting: boolean;
  /** What the sink threw: it takes no more, and the statement ends with it. */
  sinkError: unknown;
  stoppedBy: 'time' | 'user' | undefined;
  settle(): void;
  fail(thrown: unknown): void;
};

type Child = { process: ChildProcess; tempFolder: string };

/** Opens a session. The process starts with the first statement, and sees the lake as it then is. */
export function openQuerySession(options: SessionOptions): QuerySession {
  const { lake, limits, graceMilliseconds = GRACE_MILLISECONDS, now = () => new Date() } = options;
  let child: Child | undefined;
  let running: Running | undefined;
  let inPlace: LakeInPlace | undefined;
  // Also between what is asked of the process for one statement, when nothing is running.
  let isInterrupted = false;

  const send = (message: ParentMessage): void => {
    // A process that has gone tells so by its exit, which ends the statement.
    if (child?.process.connected) child.process.send(message, () => {});
  };

  const start = async (): Promise<Child> => {
    const tempFolder = await mkdtemp(join(tmpdir(), 'flowproof-query-'));
    const process = startQueryProcess(tempFolder, limits);
    const started = { process, tempFolder };
    let lastWords = '';
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-4096);
    });
    const results = process.stdio[RESULT_DESCRIPTOR] as Readable;
    results.on('error', () => {});
    results.on('data', (bytes: Buffer) => {
      if (!running) return;
      running.receivedBytes += bytes.length;
      results.pause();
      void take(running, bytes).finally(() => results.resume());
    });
    process.on('message', (message: ChildMessage) => {
      if (!running) return;
      running.answer = message;
      running.settle();
    });
    process.on('error', (thrown) => running?.fail(crashed(messageOf(thrown))));
    process.on('exit', (code, signal) => {
      if (child === started) child = undefined;
      void rm(tempFolder, { recursive: true, force: true });
      const how = signal ? `by the signal ${signal}` : `with code ${code}`;
      running?.fail(crashed(`it ended ${how}`, lastWords));
    });
    return started;
  };

  /** Gives bytes to the sink; when its reader has gone, or it fails, the process is told to end. */
  const take = async (current: Running, bytes: Buffer): Promise<void> => {
    if (current.sink?.isOpen() && current.sinkError === undefined) {
      current.isWriting = true;
      try {
        if (!(await current.sink.write(bytes))) send({ kind: 'closed' });
      } catch (thrown) {
        current.sinkError = thrown;
        send({ kind: 'closed' });
      }
      current.isWriting = false;
    }
    current.settle();
  };

  /** Sends a message and waits for its answer, and for all bytes before it. */
  const ask = (message: ParentMessage, sink?: Sink): Promise<ChildMessage & { kind: 'done' }> =>
    new Promise((resolve, reject) => {
      let usedMilliseconds = 0;
      let graceUsed = 0;
      const finish = (act: () => void): void => {
        clearInterval(clock);
        running = undefined;
        act();
      };
      const current: Running = {
        sink,
        receivedBytes: 0,
        answer: undefined,
        isWriting: false,
        sinkError: undefined,
        stoppedBy: undefined,
        settle() {
          const { answer, isWriting, receivedBytes } = current;
          if (!answer || isWriting || receivedBytes < answer.byteCount) return;
          if (current.sinkError !== undefined) current.fail(current.sinkError);
          else if (answer.kind === 'done') finish(() => resolve(answer));
          else current.fail(errorOfMessage(answer.error));
        },
        fail(thrown) {
          const isStop =
            thrown instanceof FlowproofError &&
            ['QUERY_INTERRUPTED', 'QUERY_CRASHED'].includes(thrown.code);
          const { stoppedBy } = current;
          finish(() => {
            if (!isStop || stoppedBy === undefined) reject(thrown);
            else reject(stoppedBy === 'time' ? limitError('seconds', limits) : interrupted());
          });
        },
      };
      const clock = setInterval(() => {
        if (current.stoppedBy !== undefined || current.sinkError !== undefined) {
          graceUsed += TICK_MILLISECONDS;
          if (graceUsed > graceMilliseconds) child?.process.kill('SIGKILL');
          return;
        }
        // The time that a reader takes, as a pager at its first page, is not the statement's.
        if (!current.isWriting) usedMilliseconds += TICK_MILLISECONDS;
        if (usedMilliseconds <= limits.seconds * 1000) return;
        current.stoppedBy = 'time';
        send({ kind: 'interrupt' });
      }, TICK_MILLISECONDS);
      running = current;
      if (child?.process.connected) send(message);
      else current.fail(crashed('it could not be started'));
    });

  const close = async (): Promise<void> => {
    const last = child;
    if (!last) return;
    child = undefined;
    const { exitCode, signalCode } = last.process;
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((resolve) => last.process.once('exit', resolve));
      last.process.kill('SIGKILL');
      await ended;
    }
    await rm(last.tempFolder, { recursive: true, force: true });
  };

  return {
    async run(statement) {
      if (running) throw new Error('a statement of this session is still running');
      const { sql, parameters = {}, format, explain, sink, maxTableRows } = statement;
      isInterrupted = false;
      const startedAt = now().getTime();
      const recorded = await recordAccess({
        lake,
        command: explain ? `${options.command} --explain` : options.command,
        statement: sql,
        parameterNames: Object.keys(parameters),
        now,
      });
      try {
        if (!child) {
          inPlace = await openInPlace(lake, limits.seconds);
          const remote = inPlace && { place: inPlace.place, access: await inPlace.access() };
          child = await start();
          await ask({ kind: 'open', lake, tempFolder: child.tempFolder, limits, remote }).catch(
            async (thrown: unknown) => {
              await close();
              throw thrown;
            },
          );
        }
        if (isInterrupted) throw interrupted();
        const { isTerminal } = sink;
        const access = await inPlace?.access();
        const { rowCount } = await ask(
          { kind: 'statement', sql, parameters, format, explain, isTerminal, maxTableRows, access },
          sink,
        );
        await inPlace?.check();
        const milliseconds = now().getTime() - startedAt;
        await recorded.end({ outcome: 'answered', rowCount });
        return { rowCount, milliseconds };
      } catch (thrown) {
        await recorded.fail(thrown);
        if (thrown instanceof FlowproofError && thrown.code === 'LAKE_CHANGED') {
          // The next statement reads the lake as it is by then.
          await close();
          await inPlace?.refresh().catch(() => {});
        }
        throw thrown;
      }
    },
    interrupt() {
      isInterrupted = true;
      if (!running) return;
      running.stoppedBy ??= 'user';
      send({ kind: 'interrupt' });
    },
    close,
  };
}

function interrupted(): FlowproofError {
  return new FlowproofError('QUERY_INTERRUPTED', {
    place: 'query',
    problem: 'it was interrupted',
    remedy: 'Run it again when its result is wanted.',
  });
}

/** `lastWords` come from a process that worked on log content. */
function crashed(problem: string, lastWords = ''): FlowproofError {
  const words = lastWords
    .trim()
    .split('\n')[0]
    ?.replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
  return new FlowproofError('QUERY_CRASHED', {
    place: 'query',
    problem: `the process that ran the statement is gone: ${problem}${words ? ` (${words})` : ''}`,
    remedy:
      'Most often it ran out of memory: ask for fewer rows or columns, or allow more with query_limits: { memory: … } in the configuration. The lake is as it was.',
  });
}
