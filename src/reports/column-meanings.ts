/**
 * What the columns of reports mean: `columns.yaml` beside the reports, the one place for it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { FlowproofError, messageOf } from '../errors.ts';
import { QUERIES_ROOT, type QueryFile } from '../query-file.ts';
import { checkYamlDepth } from '../yaml-depth.ts';

const meanings = z.record(z.string(), z.string().trim().min(1));

const fileSchema = z.strictObject({
  /** Names that mean the same in every report. */
  columns: meanings.default({}),
  /** By report: names that mean more or other there. */
  reports: z.record(z.string(), meanings).default({}),
});

export type ColumnMeanings = z.infer<typeof fileSchema>;

/** flowproof's own reports and their `columns.yaml`. */
export const REPORTS_FOLDER = join(QUERIES_ROOT, 'reports');

/** Reads `columns.yaml` of a folder. Throws REPORT_INVALID with every mistake. */
export function readColumnMeanings(folder: string): ColumnMeanings {
  const path = join(folder, 'columns.yaml');
  try {
    const text = readFileSync(path, 'utf8');
    checkYamlDepth(text);
    return fileSchema.parse(parse(text, { logLevel: 'error' }));
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

const known = new Map<string, ColumnMeanings>();

/** The meanings of a folder, read once; none if it has no such file. */
function meaningsOf(folder: string): ColumnMeanings {
  let found = known.get(folder);
  if (found === undefined) {
    const isThere = existsSync(join(folder, 'columns.yaml'));
    found = isThere ? readColumnMeanings(folder) : { columns: {}, reports: {} };
    known.set(folder, found);
  }
  return found;
}

/**
 * The meaning of a report's column: what the folder of the report says, of this report before all others,
 * else what flowproof's own says. Undefined if nobody wrote it down.
 */
export function columnMeaning(
  report: Pick<QueryFile, 'name' | 'path'>,
  column: string,
): string | undefined {
  for (const folder of [dirname(report.path), REPORTS_FOLDER]) {
    const { columns, reports } = meaningsOf(folder);
    const own = Object.hasOwn(reports, report.name) ? reports[report.name] : undefined;
    if (own && Object.hasOwn(own, column)) return own[column];
    if (Object.hasOwn(columns, column)) return columns[column];
  }
  return undefined;
}
