/** What comes before and after commands that only read, where the lake stands in S3. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { FlowproofError } from '../errors.ts';
import { type RemotePlace, remoteOf } from '../remote-lake/place.ts';

/** Commands that read the lake, and may add records to it. Those that write open it themselves. */
const READERS: ReadonlySet<string> = new Set([
  ...['connect', 'explain', 'query', 'review', 'serve', 'shell', 'status'],
]);

let opened: { place: RemotePlace; copy: string } | undefined;

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
  opened = { place, copy };
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
  const { place, copy } = opened;
  const { publishRecords } = await import('../remote-lake/remote-lake.ts');
  await publishRecords(place, copy);
}
