/**
 * Running one report: its query, and its rows as every writer shows them.
 */
import type { Engine, EngineType, EngineValue } from '../engines/engine.ts';
import { FlowproofError, messageOf } from '../errors.ts';
import { listOf, type QueryFile } from '../query-file.ts';
import { columnMeaning } from './column-meanings.ts';
import {
  type ReportCell,
  type ReportColumn,
  type ReportResult,
  STATUSES,
  type Status,
} from './report.ts';

/**
 * Runs one report. `hadData` says whether there was anything that it could have looked at: if not, that
 * it has no rows proves nothing. Throws REPORT_INVALID if the query fails, wants a parameter that there
 * is not, or has a row with an unknown status.
 */
export async function runReport(
  engine: Engine,
  file: QueryFile,
  parameters: Readonly<Record<string, string>>,
  hadData: boolean,
): Promise<ReportResult> {
  const names = listOf(file.header.parameters);
  const unknown = names.find((name) => !(name in parameters));
  if (unknown !== undefined) {
    throw invalid(
      file,
      `its header names the parameter "${unknown}"`,
      `Use "none", or some of: ${Object.keys(parameters).join(', ')}.`,
    );
  }
  const values = Object.fromEntries(names.map((name) => [name, parameters[name] ?? '']));
  const result = await engine.run(file.text, values).catch((thrown: unknown) => {
    throw invalid(
      file,
      messageOf(thrown),
      'Correct the query; `flowproof query` runs it alone.',
      thrown,
    );
  });
  const columns: ReportColumn[] = result.columns.map((name, index) => {
    const meaning = columnMeaning(file, name);
    return {
      name,
      type: columnType(result.types[index]),
      ...(meaning === undefined ? {} : { meaning }),
    };
  });
  const rows = result.rows.map((row) =>
    row.map((value, index) => reportCell(value, result.types[index])),
  );
  const statusIndex = columns.findIndex((column) => column.name === 'status');
  const statusCounts: Partial<Record<Status, number>> = {};
  for (const row of statusIndex < 0 ? [] : rows) {
    const said = row[statusIndex] ?? null;
    if (said === null) continue;
    const status = STATUSES.find((known) => known === said);
    if (status === undefined) {
      throw invalid(
        file,
        `a row has the status ${JSON.stringify(said)}`,
        `Use one of: ${STATUSES.join(', ')}.`,
      );
    }
    statusCounts[status] = (statusCounts[status] ?? 0) + 1;
  }
  return {
    name: file.name,
    title: file.header.title ?? file.name,
    question: file.header.question ?? '',
    requirements: listOf(file.header.requirements),
    rowKind: (file.header.rows ?? 'evidence') as ReportResult['rowKind'],
    grain: file.header.grain ?? '',
    limits: file.header.limits ?? '',
    querySha256: file.sha256,
    parameters: values,
    columns,
    rows,
    hadData,
    statusCounts,
  };
}

function invalid(
  file: QueryFile,
  problem: string,
  remedy: string,
  cause?: unknown,
): FlowproofError {
  return new FlowproofError('REPORT_INVALID', {
    place: file.path,
    problem,
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

function columnType(type: EngineType | undefined): ReportColumn['type'] {
  return type === 'boolean' || type === 'time' || type === 'number' ? type : 'text';
}

/** Lists are joined; times are told to the second. */
function reportCell(value: EngineValue, type: EngineType | undefined): ReportCell {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return value.map(String).join(', ');
  return type === 'time' ? `${value.slice(0, 19).replace(' ', 'T')}Z` : value;
}
