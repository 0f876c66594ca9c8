/**
 * Words about reports that every written form of a pack uses, so that PDF and HTML say the same.
 */
import { type ReportResult, ROW_STATUSES } from './report.ts';

export const ROW_KINDS: Readonly<Record<ReportResult['rowKind'], string>> = {
  findings: 'Findings: a row is a gap',
  evidence: 'Evidence: a row is a fact',
  summary: 'Summary: one row for each thing looked at',
};

/** `flow_count` becomes `Flow count`. */
export function columnTitle(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a row is, to stand behind the words "A row is". */
export function grainText(grain: string): string {
  return grain.replaceAll(/\bone row (?=an? )/gi, '');
}

/** Why a report has no rows: nothing to look at, or nothing found. */
export function emptyText(report: Pick<ReportResult, 'hadData' | 'rowKind'>): string {
  if (!report.hadData) {
    return 'No rows, because there was no data that this report could have looked at. That nothing is listed shows nothing.';
  }
  return report.rowKind === 'findings'
    ? 'No rows: there was data to look at, and this report found nothing in it to list.'
    : 'No rows: there was data to look at, and none of it is what this report lists.';
}

/**
 * Rows by what stands in their `status` column, the known statuses first and in their order, then any
 * other value. A report without that column gives none.
 */
export function countStatuses(
  report: Pick<ReportResult, 'columns' | 'rows'>,
): { status: string; count: number }[] {
  const index = report.columns.findIndex((column) => column.name === 'status');
  const counts = new Map<string, number>();
  for (const row of report.rows) {
    const status = row[index];
    if (typeof status === 'string' && status !== '') {
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  }
  const known: readonly string[] = ROW_STATUSES;
  return [
    ...known.filter((status) => counts.has(status)),
    ...[...counts.keys()].filter((status) => !known.includes(status)).sort(),
  ].map((status) => ({ status, count: counts.get(status) ?? 0 }));
}
