/**
 * The summary of a run for programs (`run-summary-schema.ts`), made of what the run gave or threw. Text
 * of logs, names and errors has every hidden character shown, and no secret in it.
 */
import { basename } from 'node:path';
import type { Config } from './config.ts';
import type { Baseline } from './contradictions.ts';
import { newContradictions } from './contradictions.ts';
import { EXIT_CODES, FlowproofError, messageOf } from './errors.ts';
import type { IngestResult } from './ingest/ingest.ts';
import { STATUSES } from './reports/report.ts';
import type { ReportOutcome } from './reports/reports.ts';
import { visibleLines } from './reports/visible-text.ts';
import { retainWarning } from './retain/retain-text.ts';
import type { RunOutcome } from './run.ts';
import { MAX_SUMMARY_ITEMS, type PackSummary, type RunSummary } from './run-summary-schema.ts';
import { mapTexts } from './secrets.ts';
import { TOOL_VERSION } from './version.ts';

export type SummaryInput = {
  command: string;
  configPath: string;
  /** Undefined if it could not be read. */
  config: Pick<Config, 'sha256' | 'organization' | 'allowance'> | undefined;
  runId: string | undefined;
  startedAt: Date;
  finishedAt: Date;
  /** What the run gave, or had got to before it threw. */
  outcome: RunOutcome | undefined;
  thrown: unknown;
  history: RunSummary['history'];
  /** What the pack of a folder is compared with. */
  baselines: ReadonlyMap<string, Baseline>;
  redact: (text: string) => string;
};

/** The summary, without notifications and warnings: those come after it. */
export function summariseRun(input: SummaryInput): RunSummary {
  const { config, outcome, thrown } = input;
  const summary: RunSummary = {
    format_version: 1,
    command: input.command,
    tool: { name: 'flowproof', version: TOOL_VERSION },
    organization: config?.organization ?? null,
    config: { path: input.configPath, sha256: config?.sha256 ?? null },
    run_id: input.runId ?? null,
    started_at: input.startedAt.toISOString(),
    finished_at: input.finishedAt.toISOString(),
    duration_seconds: Math.max(0, input.finishedAt.getTime() - input.startedAt.getTime()) / 1000,
    exit_code: thrown === undefined ? (outcome?.exitCode ?? EXIT_CODES.ok) : exitCodeOf(thrown),
    ingest: outcome?.ingest ? summariseIngest(outcome.ingest, config?.allowance) : null,
    enrich: outcome?.enrich
      ? {
          day_count: outcome.enrich.dayCount,
          enriched_day_count: outcome.enrich.rebuiltDayCount,
          copy_count: outcome.enrich.copyCount,
          late_days: [...outcome.enrich.lateDates].slice(0, MAX_SUMMARY_ITEMS),
        }
      : null,
    scanned_bytes: outcome?.scanned?.bytes ?? null,
    packs: (outcome?.reports ?? []).map((made) =>
      summarisePack(made, input.baselines.get(made.folder)),
    ),
    retain: outcome?.retain
      ? {
          action: outcome.retain.action,
          kept_from: outcome.retain.keptFrom,
          tables: outcome.retain.tables.map(({ table, dayCount, rowCount, sizeBytes }) => ({
            table,
            day_count: dayCount,
            row_count: rowCount,
            size_bytes: sizeBytes,
          })),
          held: retainWarning(outcome.retain) ?? null,
        }
      : null,
    error: thrown === undefined ? null : summariseError(thrown),
    history: input.history,
    notifications: { sent_count: 0, waiting_count: 0, dropped_count: 0 },
    warnings: [],
  };
  return mapTexts(summary, (text) => visibleLines(input.redact(text))) as RunSummary;
}

function exitCodeOf(thrown: unknown): number {
  return thrown instanceof FlowproofError ? thrown.exitCode : EXIT_CODES.unexpected;
}

function summariseError(thrown: unknown): NonNullable<RunSummary['error']> {
  if (thrown instanceof FlowproofError) {
    const { code, place, problem, remedy } = thrown;
    return { code, place, problem, remedy };
  }
  return {
    code: 'UNEXPECTED',
    place: 'flowproof',
    problem: messageOf(thrown),
    remedy: 'This is a mistake in flowproof. Run again with --debug and report what it prints.',
  };
}

function summariseIngest(
  ingest: IngestResult,
  allowance: Config['allowance'] | undefined,
): NonNullable<RunSummary['ingest']> {
  const { rejected_lines = 0, damaged_objects = 0 } = allowance ?? {};
  return {
    listed_count: ingest.listedCount,
    known_count: ingest.skippedCount,
    object_count: ingest.objectCount,
    duplicate_count: ingest.duplicateCount,
    size_bytes: ingest.sizeBytes,
    row_count: ingest.rowCount,
    nodata_count: ingest.nodataCount,
    skipdata_count: ingest.skipdataCount,
    rejected_count: ingest.rejectedCount,
    rejected_object_count: ingest.rejected.length,
    damaged_count: ingest.damaged.length,
    unreachable_count: ingest.unreachable.length,
    is_over_allowance:
      ingest.rejectedCount > rejected_lines || ingest.damaged.length > damaged_objects,
    rejected: first(ingest.rejected).map((item) => ({
      uri: item.uri,
      line_count: item.count,
      first_line_number: item.lineNumber,
      first_reason: item.reason,
    })),
    damaged: first(ingest.damaged).map(({ uri, status, reason }) => ({ uri, status, reason })),
    unreachable: first(ingest.unreachable).map(({ uri, problem }) => ({ uri, problem })),
  };
}

/** The first of a list in order of its URIs: objects are read side by side, in no order. */
function first<Item extends { uri: string }>(items: readonly Item[]): Item[] {
  return [...items]
    .sort((one, other) => (one.uri < other.uri ? -1 : one.uri > other.uri ? 1 : 0))
    .slice(0, MAX_SUMMARY_ITEMS);
}

function summarisePack(made: ReportOutcome, baseline: Baseline | undefined): PackSummary {
  const { content, folder } = made;
  return {
    name: content.pack.name,
    folder,
    is_changed: made.isChanged,
    kept_folder: made.keptFolder ?? null,
    period: content.period,
    data_through: content.dataThrough,
    requirement_count: content.requirements.length,
    status_counts: Object.fromEntries(
      STATUSES.map((status) => [
        status,
        content.requirements.filter((requirement) => requirement.status === status).length,
      ]),
    ),
    requirements: content.requirements.map(({ id, title, status }) => ({ id, title, status })),
    compared_with: baseline ? basename(baseline.name) : null,
    new_contradictions: newContradictions(content, baseline?.contradictions),
  };
}
