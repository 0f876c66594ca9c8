/**
 * Which rows of which days leave the lake: those of tables with a row a flow or event, of days that ended
 * longer ago than the configuration keeps them. What is counted by day stays, and so does the ledger.
 */
import { dateOfFile, listTable, type TableFile } from '../lake-files.ts';
import type { Manifest, RestoredDay } from '../lake-manifest.ts';
import type { Retention } from '../retention-schema.ts';
import { plannedPacks, startOfDay } from '../schedule.ts';
import type { Schedule } from '../schedule-schema.ts';
import { findTable, TABLES, type Table } from '../tables.ts';

const DAY = 86_400_000;

/** How long a day that was brought back stays. */
export const RESTORED_DAYS = 30;

/**
 * The tables, and how many days longer each stays. Flows of a day may match events of the day before it,
 * and events of a day flows of the day before: both must be there for as long as that day can be made anew.
 */
export const RAW_TABLES: readonly { name: string; moreDays: number }[] = [
  { name: 'flow', moreDays: 0 },
  { name: 'flow_verdict', moreDays: 0 },
  { name: 'flow_event_detail', moreDays: 0 },
  { name: 'ips_event', moreDays: 1 },
  { name: 'flow_event', moreDays: 2 },
];

/** Tables by day that must be there before the raw rows of the day go. */
export const DAY_TABLES: readonly Table[] = TABLES.filter(
  ({ name, layer, partition, isView }) =>
    layer !== 'ingest' &&
    partition !== undefined &&
    !isView &&
    !RAW_TABLES.some((raw) => raw.name === name),
);

/** Files of one table and day that leave together. */
export type RetiringDay = { table: Table; date: string; files: readonly TableFile[] };

/** A day that stays although it is due; all days after it stay too. */
export type HeldDay = { date: string; why: string };

export type RetentionPlan = { days: readonly RetiringDay[]; held: HeldDay | undefined };

/** The first UTC date that stays, whatever is in it. */
export function firstKeptDate(
  { raw_months: months }: Pick<Retention, 'raw_months'>,
  schedule: Schedule | undefined,
  now: Date,
): string {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth() - months];
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const limit = Date.UTC(year, month, Math.min(now.getUTCDate(), lastOfMonth));
  // A pack that is not due yet needs its whole period.
  const open = schedule
    ? plannedPacks(schedule, now)
        .filter(({ dueAt }) => dueAt > now)
        .map(({ period }) => period.start.getTime())
    : [];
  const yesterday = startOfDay(now).getTime() - DAY;
  return dateText(Math.min(limit, yesterday, ...open));
}

/** What leaves by now, in the order of days. `kept` is the first date that stays. */
export async function planDays(
  root: string,
  manifest: Manifest,
  { kept, now }: { kept: string; now: Date },
): Promise<RetentionPlan> {
  const counted = new Map<string, Set<string>>();
  for (const table of DAY_TABLES) counted.set(table.name, await datesOf(root, table));
  const days: RetiringDay[] = [];
  const held: HeldDay[] = [];
  for (const { name, moreDays } of RAW_TABLES) {
    const table = findTable(name);
    const until = dateText(Date.parse(kept) - moreDays * DAY);
    for (const [date, listed] of await filesByDate(root, table)) {
      if (date >= until) continue;
      const files = filesToGo(manifest, table, { date, listed, now });
      if (files.length === 0) continue;
      const why = whyHeld(manifest, table, { date, files, counted });
      if (why === undefined) days.push({ table, date, files });
      else held.push({ date, why });
    }
  }
  held.sort((a, b) => (a.date < b.date ? -1 : 1));
  const [first] = held;
  const order = (day: RetiringDay): string =>
    `${day.date} ${RAW_TABLES.findIndex(({ name }) => name === day.table.name)}`;
  return {
    days: days
      // A day that can be made anew needs those beside it.
      .filter(
        ({ date }) => first === undefined || date < dateText(Date.parse(first.date) - 2 * DAY),
      )
      .sort((a, b) => (order(a) < order(b) ? -1 : 1)),
    held: first,
  };
}

/** The files of a day, less those that came after it had left once: nothing was made of them. */
function filesToGo(
  manifest: Manifest,
  table: Table,
  { date, listed, now }: { date: string; listed: readonly TableFile[]; now: Date },
): readonly TableFile[] {
  const isOfDate = (one: { date: string }): boolean => one.date === date;
  if (manifest.retired[table.name]?.some(isOfDate)) return [];
  const restored = manifest.restored[table.name]?.find(isOfDate);
  if (restored === undefined) return listed;
  return isDue(restored, now) ? listed.filter(({ file }) => restored.files.includes(file)) : [];
}

function isDue({ since }: RestoredDay, now: Date): boolean {
  return Date.parse(since) + RESTORED_DAYS * DAY <= now.getTime();
}

function whyHeld(
  manifest: Manifest,
  table: Table,
  day: {
    date: string;
    files: readonly TableFile[];
    counted: ReadonlyMap<string, ReadonlySet<string>>;
  },
): string | undefined {
  const partition = table.name === 'ips_event' ? 'event_date' : 'flow_date';
  const missing = DAY_TABLES.find(
    (one) => one.partition === partition && !day.counted.get(one.name)?.has(day.date),
  );
  if (missing) return `${missing.name} has nothing of it: it is not enriched`;
  const merged = manifest.merged[table.name] ?? [];
  const isWaiting = merged.some(
    ({ file, leaving }) => leaving.length > 0 && day.files.some((one) => one.file === file),
  );
  return isWaiting
    ? 'its files were merged just now, and readers may have the old ones open'
    : undefined;
}

async function filesByDate(root: string, table: Table): Promise<[string, TableFile[]][]> {
  const dates = new Map<string, TableFile[]>();
  for (const one of await listTable(root, table)) {
    const date = dateOfFile(one.file);
    if (date === undefined) continue;
    dates.set(date, [...(dates.get(date) ?? []), one]);
  }
  return [...dates].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function datesOf(root: string, table: Table): Promise<Set<string>> {
  return new Set((await filesByDate(root, table)).map(([date]) => date));
}

function dateText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
