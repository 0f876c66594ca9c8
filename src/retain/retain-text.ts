/** What retention did, in plain text. */
import type { RestoreResult } from './restore.ts';
import type { RetainedTable, RetainResult } from './retain.ts';

const VERBS: Readonly<Record<string, string>> = { archived: 'Archived', removed: 'Removed' };

/** The lines of a summary. */
export function retainLines(result: RetainResult): string[] {
  const { tables, action, isDryRun, keptFrom, removed } = result;
  const word = isDryRun ? 'Would go' : (VERBS[action] ?? action);
  const lines = tables.map(
    (table, index) => `${(index === 0 ? word : '').padEnd(8)}  ${tableText(table)}`,
  );
  if (isDryRun && tables.length > 0) {
    lines.push(
      `          ${action === 'archived' ? 'to the archive' : 'for good: the configuration names no archive'}; nothing was changed`,
    );
  }
  if (tables.length === 0) {
    lines.push(`Retained  raw rows since ${keptFrom}; nothing older was there to leave`);
  }
  const warning = retainWarning(result);
  if (warning !== undefined) lines.push(`Held      ${warning}`);
  if (removed.fileCount > 0) {
    lines.push(
      `Deleted   ${countText(removed.fileCount, 'file')} (${bytesText(removed.sizeBytes)}) that left before`,
    );
  }
  return lines;
}

/** Why days that are due stay, or undefined if none does. */
export function retainWarning({ held }: RetainResult): string | undefined {
  if (!held) return undefined;
  const what =
    held.date === undefined ? 'raw rows that are due stay' : `raw rows since ${held.date} stay`;
  return `${what}: ${held.why}; flowproof run takes them out once that is settled`;
}

/** Ends with a line break. */
export function restoreText({ tables }: RestoreResult, restoredDays: number): string {
  const lines = tables.map(
    (table, index) => `${index === 0 ? 'Restored' : '        '}  ${tableText(table)}`,
  );
  lines.push(`          for ${restoredDays} days; then retention takes them out again`);
  return `${lines.join('\n')}\n`;
}

function tableText({
  table,
  fromDate,
  untilDate,
  dayCount,
  rowCount,
  sizeBytes,
}: RetainedTable): string {
  const days = fromDate === untilDate ? fromDate : `${fromDate} to ${untilDate}`;
  return `${table}: ${countText(rowCount, 'row')} of ${countText(dayCount, 'day')} (${days}, ${bytesText(sizeBytes)})`;
}

function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

function bytesText(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
