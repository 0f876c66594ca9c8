/** What comes before and after commands that only read, where the lake stands in S3. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { type RemotePlace, remoteOf, remotePlaces } from '../remote-lake/place.ts';
import {
  assertUnchanged,
  filesSeen,
  readingError,
  type SeenFiles,
} from '../remote-lake/unchanged.ts';

/** Commands that read the lake, and may add records to it. Those that write open it themselves. */
const READERS: ReadonlySet<string> = new Set([
  ...['connect', 'explain', 'query', 'review', 'serve', 'shell', 'status'],
]);

/** Those that read it by this process; statements of the others look after themselves. */
const READ_HERE: ReadonlySet<string> = new Set(['explain', 'status']);

let opened: { place: RemotePlace; copy: string; seen: SeenFiles | undefined } | undefined;

/** Brings the copy of a lake in S3 up to date before a command reads it. */
export async function refreshLake(command: Command): Promise<void> {
  const { config } = command.opts<{ config?: string }>();
  if (!READERS.has(command.name()) || config === undefined) return;
  const copy = lakeOf(config);
  if (copy === undefined) return;
  const place = remoteOf(copy);
  if (!place) return;
  const { refreshForReading } = await import('../remote-lake/remote-lake.ts');
  await refreshForReading(place, copy);
  const isReadHere = place.leavesLargeFiles === true && READ_HERE.has(command.name());
  opened = { place, copy, seen: isReadHere ? await filesSeen(place, copy) : undefined };
}

/** Undefined for a configuration that cannot be read: the command says so, after what is wrong with its own options. */
function lakeOf(config: string): string | undefined {
  try {
    return readConfig(config).lake;
  } catch (thrown) {
    if (thrown instanceof FlowproofError) return undefined;
    throw thrown;
  }
}

/** Publishes what the command recorded: who asked what, and reviews. */
export async function publishLake(): Promise<void> {
  if (!opened) return;
  const { place, copy, seen } = opened;
  const { publishRecords } = await import('../remote-lake/remote-lake.ts');
  // Before the records change the head.
  try {
    if (!seen || seen.files.size === 0) return;
    const { openStore } = await import('../remote-lake/object-store.ts');
    await assertUnchanged(await openStore(place), place, seen);
  } finally {
    await publishRecords(place, copy);
  }
}

/** What a command threw; of what the engine says of a lake in S3, an error that says what to do. */
export function asLakeError(thrown: unknown): unknown {
  const place = remotePlaces()[0];
  if (!place || thrown instanceof FlowproofError) return thrown;
  return readingError(messageOf(thrown), place.uri) ?? thrown;
}
