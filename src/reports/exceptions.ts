/**
 * Exceptions: findings that the entity has accepted, in a YAML file that the configuration names. A row
 * that one matches becomes `accepted`: it is listed with the exception's id, never hidden, and counts
 * again in packs whose period ends after the exception does.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { FlowproofError, messageOf } from '../errors.ts';
import { checkYamlDepth } from '../yaml-depth.ts';
import type { ExceptionUse, ReportCell, ReportColumn, ReportResult, RowStatus } from './report.ts';

const text = z.string().trim().min(1);
const value = z.union([z.string(), z.number(), z.boolean()]);
const day = z.iso.date('must be a date such as 2026-12-31');

const exceptionSchema = z.strictObject({
  id: text.describe('Shown beside each row that it accepts'),
  report: text.describe('Name of the report whose rows it accepts'),
  match: z
    .record(z.string(), z.union([value, z.array(value).min(1)]))
    .refine((match) => Object.keys(match).length > 0, 'needs at least one column')
    .describe('All columns must hold the value, or one of the values, as the CSV shows them'),
  what: text.describe('What is accepted'),
  why: text.describe('Why it is needed'),
  compensating_control: text.describe('What lowers the risk meanwhile'),
  owner: text.describe('Who answers for it: a role, not a person'),
  approved_by: text.describe('Who approved it: a role, not a person'),
  expires: day.describe('Last day on which it counts'),
});

const fileSchema = z
  .strictObject({ exceptions: z.array(exceptionSchema) })
  .refine(
    ({ exceptions }) => new Set(exceptions.map(({ id }) => id)).size === exceptions.length,
    'an id stands twice',
  );

export type Exception = z.infer<typeof exceptionSchema>;

export type Exceptions = { path: string; sha256: string; list: readonly Exception[] };

/** Reads the file. Throws EXCEPTIONS_INVALID with every mistake in it. */
export function readExceptions(path: string): Exceptions {
  let content: string;
  let parsed: unknown;
  try {
    content = readFileSync(path, 'utf8');
    checkYamlDepth(content);
    // Dates stay texts, as the schema wants them.
    parsed = parse(content, { schema: 'core', logLevel: 'error' });
  } catch (thrown) {
    throw invalid(path, `cannot be read: ${messageOf(thrown)}`, thrown);
  }
  const checked = fileSchema.safeParse(parsed);
  if (!checked.success) throw invalid(path, z.prettifyError(checked.error));
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path, sha256, list: checked.data.exceptions };
}

function invalid(path: string, problem: string, cause?: unknown): FlowproofError {
  return new FlowproofError('EXCEPTIONS_INVALID', {
    place: path,
    problem,
    remedy: 'Correct the file: its keys are in the README under "Exceptions".',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Throws EXCEPTIONS_INVALID if an exception names a report that there is not. */
export function checkReportNames(
  { path, list }: Exceptions,
  reports: ReadonlyMap<string, unknown>,
): void {
  for (const { id, report } of list.filter((one) => !reports.has(one.report))) {
    throw invalid(path, `exception ${id} names the report "${report}", which there is not`);
  }
}

const EXCEPTION_COLUMN: ReportColumn = {
  name: 'exception',
  type: 'text',
  meaning: 'Id of the exception that accepts the row, or that did until it expired.',
};

const ACCEPTABLE: readonly ReportCell[] = ['contradicts', 'partial', 'not_evidenced'];

/**
 * The report with a column `exception` and its accepted rows, and how each exception was used. Throws
 * EXCEPTIONS_INVALID if an exception names a column that the report has not. `lastDay` is the last day of
 * the period.
 */
export function applyExceptions(
  report: ReportResult,
  { path, list }: Exceptions,
  lastDay: string,
): { report: ReportResult; uses: ExceptionUse[] } {
  const statusIndex = report.columns.findIndex(({ name }) => name === 'status');
  const own = list
    .filter((one) => one.report === report.name)
    .map((one) => ({
      ...one,
      isInForce: one.expires >= lastDay,
      rowCount: 0,
      tests: testsOf(path, one, report),
    }));
  if (statusIndex < 0) return { report, uses: [] };
  const statusCounts: Partial<Record<RowStatus, number>> = { ...report.statusCounts };
  const rows = report.rows.map((row) => {
    const status = row[statusIndex] as RowStatus;
    const matching = ACCEPTABLE.includes(status)
      ? own.filter(({ tests }) => tests.every((test) => test(row)))
      : [];
    const found = matching.find(({ isInForce }) => isInForce) ?? matching[0];
    if (found === undefined) return [...row, null];
    found.rowCount += 1;
    if (!found.isInForce) return [...row, `${found.id} (expired ${found.expires})`];
    const left = (statusCounts[status] ?? 0) - 1;
    if (left > 0) statusCounts[status] = left;
    else delete statusCounts[status];
    statusCounts.accepted = (statusCounts.accepted ?? 0) + 1;
    return [...row.with(statusIndex, 'accepted'), found.id];
  });
  return {
    report: {
      ...report,
      columns: [...report.columns, EXCEPTION_COLUMN],
      rows,
      statusCounts,
    },
    uses: own.map(({ tests: _, match: __, isInForce, ...one }) => ({
      ...one,
      state: isInForce ? 'in_force' : 'expired',
    })),
  };
}

/** What must hold of a row for the exception to match it. */
function testsOf(
  path: string,
  exception: Exception,
  report: ReportResult,
): ((row: readonly ReportCell[]) => boolean)[] {
  return Object.entries(exception.match).map(([column, wanted]) => {
    const index = report.columns.findIndex(({ name }) => name === column);
    if (index < 0) {
      const names = report.columns.map(({ name }) => name).join(', ');
      throw invalid(
        path,
        `exception ${exception.id} matches column "${column}", which ${report.name} has not (it has ${names})`,
      );
    }
    const values = new Set([wanted].flat().map(String));
    return (row) => row[index] !== null && values.has(String(row[index]));
  });
}
