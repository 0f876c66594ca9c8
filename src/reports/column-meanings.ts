/**
 * What the columns of reports mean: `queries/reports/columns.yaml`, the one place for it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { FlowproofError, messageOf } from '../errors.ts';
import { QUERIES_ROOT } from '../query-file.ts';

const meanings = z.record(z.string(), z.string().trim().min(1));

const fileSchema = z.strictObject({
  /** Names that mean the same in every report. */
  columns: meanings,
  /** By report: names that mean more or other there. */
  reports: z.record(z.string(), meanings),
});

export type ColumnMeanings = z.infer<typeof fileSchema>;

/** Reads `reports/columns.yaml` below `root`. Throws REPORT_INVALID with every mistake. */
export function loadColumnMeanings(root = QUERIES_ROOT): ColumnMeanings {
  const path = join(root, 'reports', 'columns.yaml');
  try {
    return fileSchema.parse(parse(readFileSync(path, 'utf8')));
  } catch (thrown) {
    const problem = thrown instanceof z.ZodError ? z.prettifyError(thrown) : messageOf(thrown);
    throw new FlowproofError('REPORT_INVALID', {
      place: path,
      problem: `is no list of columns: ${problem}`,
      remedy: 'Write one line a column, as in "columns: {first_at: When the first was seen.}".',
      cause: thrown,
    });
  }
}

/** The meaning of a report's column, its own before the common one; undefined if none is written down. */
export function meaningOf(
  known: ColumnMeanings,
  report: string,
  column: string,
): string | undefined {
  const own = known.reports[report];
  if (own && Object.hasOwn(own, column)) return own[column];
  return Object.hasOwn(known.columns, column) ? known.columns[column] : undefined;
}
