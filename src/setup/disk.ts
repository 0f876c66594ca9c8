/**
 * Free disk against what is still to be read. How much the lake needs for a byte of input is measured
 * on what it holds; without that, it is unknown, and said to be.
 */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { readRows } from '../database.ts';
import { messageOf } from '../errors.ts';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { bytesText, type Check } from './check.ts';
import { nearestFolder } from './machine.ts';

const DAY = 86_400_000;

/** Less than this is worth a word whatever the sources need: a PDF or a sort may take it. */
const LOW_BYTES = 1024 ** 3;

export type FileAmount = {
  source: string;
  /** Of files in the period, those that the lake has not read. */
  newBytes: number;
  isReadable: boolean;
};

type Ingested = {
  source: string;
  size_bytes: number;
  first_at: Date | null;
  last_at: Date | null;
};

export type DiskOptions = {
  config: Pick<Config, 'lake' | 'period' | 'sources'>;
  /** With the views of the lake. */
  connection: DuckDBConnection;
  /** Entries of local files, with what of them is new. */
  files: readonly FileAmount[];
  now: () => Date;
  /** Bytes free to this user where the folder is, or would be. */
  freeBytes?: (folder: string) => Promise<number>;
};

export async function checkDisk(options: DiskOptions): Promise<Check> {
  const { config, connection, freeBytes = freeBytesOf } = options;
  const about = { check: 'disk', subject: config.lake };
  let free: number;
  try {
    free = await freeBytes(config.lake);
  } catch (thrown) {
    return { ...about, verdict: 'not_checked', found: messageOf(thrown) };
  }
  const { text } = readQueryFile('setup', join(QUERIES_ROOT, 'setup', 'ingested_bytes.sql'));
  const ingested = await readRows<Ingested>(connection, text);
  const readBytes = ingested.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const lakeBytes = await folderBytes(config.lake);
  const { newBytes, unknown } = stillToCome(options, ingested);
  const said = `${bytesText(free)} free`;
  if (readBytes === 0) {
    const known = newBytes > 0 ? ` for ${bytesText(newBytes)} of local files` : '';
    return {
      ...about,
      verdict: free < Math.max(LOW_BYTES, newBytes) ? 'warning' : 'ok',
      found: `${said}; what the sources need${known} is unknown until something was read`,
      ...(free < Math.max(LOW_BYTES, newBytes) ? { fix: MORE_ROOM } : {}),
    };
  }
  const ratio = lakeBytes / readBytes;
  const need = newBytes * ratio;
  const found =
    `${said}; the lake has ${ratio.toFixed(2)} bytes for each byte read (measured on ${bytesText(readBytes)}), ` +
    `and about ${bytesText(Math.round(newBytes))} are still to come: ${bytesText(Math.round(need))}` +
    (unknown.length > 0 ? `; unknown for ${unknown.join(', ')}, of which nothing was read` : '');
  if (need > free) return { ...about, verdict: 'problem', found, fix: MORE_ROOM };
  // Sorting and joining need room beside what they make.
  if (need * 2 > free || free < LOW_BYTES) {
    return { ...about, verdict: 'warning', found, fix: MORE_ROOM };
  }
  return { ...about, verdict: 'ok', found };
}

const MORE_ROOM =
  'Make room, or name a folder on a larger disk in the configuration: lake: /data/lake';

/** Of local files the size is known; of others, a day to come is taken to be as large as those read. */
function stillToCome(
  { config, files, now }: DiskOptions,
  ingested: readonly Ingested[],
): { newBytes: number; unknown: string[] } {
  const unknown: string[] = [];
  let newBytes = 0;
  const end = Math.min(config.period.end.getTime(), now().getTime());
  for (const [kind, entries] of Object.entries(config.sources)) {
    for (const [index, entry] of entries.entries()) {
      const source = `${kind}[${index}]`;
      const file = files.find((one) => one.source === source);
      if (entry.files) {
        if (file?.isReadable) newBytes += file.newBytes;
        else unknown.push(source);
        continue;
      }
      const known = ingested.find((one) => one.source === source);
      if (!known?.first_at || !known.last_at) {
        unknown.push(source);
        continue;
      }
      const [first, last] = [known.first_at.getTime(), known.last_at.getTime()];
      const days = Math.max(1, (last - first) / DAY);
      newBytes += (known.size_bytes / days) * Math.max(0, (end - last) / DAY);
    }
  }
  return { newBytes, unknown };
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs((await nearestFolder(folder)).path);
  return bavail * bsize;
}

/** Bytes of all files below a folder; 0 if it does not exist. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries.filter((one) => one.isFile())) {
    sum += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      // A run may be moving files meanwhile.
      () => 0,
    );
  }
  return sum;
}
