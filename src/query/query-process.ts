/**
 * The entry of the process in which statements run: it opens the lake, locks the engine down, and then
 * does what its parent says, one statement after another. It has no credentials (the parent starts it with
 * an environment of nothing) but those that read a lake in S3 in place, writes results to a descriptor of their
 * own, and ends with its parent.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { type Database, openDatabase } from '../database.ts';
import { createLakeViews } from '../lake.ts';
import { urisInS3 } from '../lake-files.ts';
import { MERGED_FOLDER } from '../lake-manifest.ts';
import { giveSecret } from '../remote-lake/httpfs.ts';
import { noteRemote } from '../remote-lake/place.ts';
import { openAccess } from '../remote-lake/reach.ts';
import { TABLES } from '../tables.ts';
import { lockDown } from './gate.ts';
import { runQuery } from './query.ts';
import {
  type ChildMessage,
  errorMessage,
  type OpenMessage,
  type ParentMessage,
  RESULT_DESCRIPTOR,
  type StatementMessage,
} from './query-messages.ts';
import { type Sink, streamSink } from './sink.ts';

const results = streamSink(new Socket({ fd: RESULT_DESCRIPTOR, readable: false, writable: true }));

let opened: { database: Database; message: OpenMessage } | undefined;
let stopped: 'interrupt' | 'closed' | undefined;
let work = Promise.resolve();

function answer(message: ChildMessage): void {
  process.send?.(message);
}

async function open(message: OpenMessage): Promise<void> {
  try {
    opened = { database: await openLocked(message), message };
    answer({ kind: 'done', rowCount: 0, byteCount: 0 });
  } catch (thrown) {
    answer({ kind: 'failed', error: errorMessage(thrown), byteCount: 0 });
  }
}

async function openLocked({ lake, tempFolder, limits, remote }: OpenMessage): Promise<Database> {
  const database = await openDatabase({ tempDirectory: join(tempFolder, 'spill') });
  if (remote) noteRemote(lake, remote.place);
  if (remote?.access) await openAccess(database.connection, remote.place, remote.access);
  await createLakeViews(database.connection, lake);
  await lockDown(database.connection, {
    // Not the lake as a whole: beside its tables lie the lock, and what waits to be sent.
    folders: [
      ...TABLES.map(({ name }) => join(lake, name)),
      join(lake, ...MERGED_FOLDER.split('/')),
      tempFolder,
    ],
    // Of S3, each file by its name: below a folder, a name may lead to another host or up and away.
    files: remote?.access ? await urisInS3(lake) : [],
    memoryLimit: limits.memory,
    tempDiskLimit: limits.temp_disk,
  });
  return database;
}

async function run(statement: StatementMessage): Promise<void> {
  stopped = undefined;
  let byteCount = 0;
  const sink: Sink = {
    ...results,
    isTerminal: statement.isTerminal,
    isOpen: () => stopped !== 'closed' && results.isOpen(),
    write: async (data) => {
      byteCount += Buffer.byteLength(data);
      return (await results.write(data)) && stopped !== 'closed';
    },
  };
  try {
    if (!opened) throw new Error('a statement came before the lake was opened');
    const { database, message } = opened;
    if (statement.access && message.remote) {
      await giveSecret(database.connection, message.remote.place, statement.access);
    }
    const { rowCount } = await runQuery({
      connection: database.connection,
      sql: statement.sql,
      parameterTexts: statement.parameters,
      format: statement.format,
      explain: statement.explain,
      maxTableRows: statement.maxTableRows,
      sink,
      tempFolder: message.tempFolder,
      limits: message.limits,
      lakeUri: message.remote?.place.uri,
      isStopped: () => stopped === 'interrupt',
    });
    answer({ kind: 'done', rowCount, byteCount });
  } catch (thrown) {
    answer({ kind: 'failed', error: errorMessage(thrown), byteCount });
  }
}

/** The parent is gone, or wants this process to be: nothing of it may go on or stay. */
function end(): void {
  if (opened) rmSync(opened.message.tempFolder, { recursive: true, force: true });
  process.kill(process.pid, 'SIGKILL');
}

process.on('disconnect', end);
// Control-C of a terminal goes to both; the parent decides what it means.
process.on('SIGINT', () => {});
try {
  // Where the machine runs out of memory, this process goes first.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Only Linux has it.
}

process.on('message', (message: ParentMessage) => {
  switch (message.kind) {
    case 'open':
      work = work.then(() => open(message));
      return;
    case 'statement':
      work = work.then(() => run(message));
      return;
    default:
      stopped = message.kind;
      opened?.database.connection.interrupt();
  }
});
