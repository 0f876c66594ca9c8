/**
 * What is still to be told: `<lake>/.flowproof/outbox/`, one file an event, until everyone has it. Bounded:
 * when more waits than it holds, the oldest is given up.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';
import { EVENT_KINDS } from '../notify-schema.ts';
import type { Message } from './message.ts';

export const MAX_WAITING = 100;

const entrySchema = z.object({
  format_version: z.literal(1),
  message: z.object({
    id: z.string(),
    kind: z.enum(EVENT_KINDS),
    at: z.string(),
    subject: z.string(),
    text: z.string(),
  }),
  /** Ids of the channels that have yet to take it. */
  channels: z.array(z.string()),
});

export type Waiting = { file: string; message: Message; channels: readonly string[] };

const folderOf = (lake: string): string => join(lake, '.flowproof', 'outbox');

/** `2026-11-20T10-00-00-000Z-<id>.json`: by name in order of time, the same event in the same file. */
const nameOf = (message: Message): string =>
  `${message.at.replace(/[:.]/g, '-')}-${message.id}.json`;

export async function keepWaiting(
  lake: string,
  message: Message,
  channels: readonly string[],
): Promise<Waiting> {
  const folder = folderOf(lake);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, nameOf(message));
  await replaceFile(file, `${JSON.stringify({ format_version: 1, message, channels }, null, 2)}\n`);
  return { file, message, channels };
}

/** Everything that waits, oldest first; what cannot be understood is taken away. */
export async function readWaiting(lake: string): Promise<Waiting[]> {
  const folder = folderOf(lake);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d.*\.json$/.test(name));
  const waiting: Waiting[] = [];
  for (const name of names.sort()) {
    const file = join(folder, name);
    try {
      const { message, channels } = entrySchema.parse(JSON.parse(await readFile(file, 'utf8')));
      waiting.push({ file, message, channels });
    } catch {
      await removeWaiting(file);
    }
  }
  return waiting;
}

export async function removeWaiting(file: string): Promise<void> {
  await rm(file, { force: true });
}
