/**
 * What happened that somebody should be told of: made from the summary of a run, less what was told
 * before. An event is told once; what lasts (a source out of reach, a failure) once as long as it lasts.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { EventKind } from '../notify-schema.ts';
import type { Operations } from '../operations.ts';
import type { RunSummary } from '../run-summary-schema.ts';

export type NotifiedEvent = {
  /** The same for the same event, whoever finds it and however often. */
  id: string;
  kind: EventKind;
  /** When it was found. */
  at: string;
  title: string;
  /** Plain text, one entry a line. */
  lines: readonly string[];
  run: { command: string; run_id: string | null; exit_code: number };
};

/** Lines that one list of an event may have. */
const MAX_LINES = 20;

type Found = { key: string; kind: EventKind; title: string; lines: readonly string[] };

/** The new events of a run, and what is then known to have been told. */
export function findEvents(
  summary: RunSummary,
  operations: Operations,
  expectedEveryHours: number | undefined,
): { events: NotifiedEvent[]; operations: Operations } {
  const told = new Set(operations.told);
  const places = unreachablePlaces(summary, operations);
  const failure = failureKey(summary);
  const found = [
    ...missedSchedule(summary, expectedEveryHours),
    ...unfinishedRuns(summary),
    ...(failure === undefined || operations.failures.includes(failure) ? [] : failedRun(summary)),
    ...lostData(summary, places.fresh),
    ...contradictions(summary),
  ].filter(({ key }) => !told.has(key));
  const { run_id: runId } = summary;
  return {
    events: found.map((event) => ({
      id: createHash('sha256').update(event.key).digest('hex').slice(0, 32),
      kind: event.kind,
      at: summary.finished_at,
      title: event.title,
      lines: event.lines,
      run: { command: summary.command, run_id: runId, exit_code: summary.exit_code },
    })),
    operations: {
      ...operations,
      unreachable: places.all,
      failures: failuresAfter(summary, operations, failure),
      told: [
        ...operations.told,
        ...found.map(({ key }) => key),
        // The next run finds no end of it in the lake; that it failed is known.
        ...(summary.error && runId !== null ? [unfinishedKey(runId)] : []),
        ...(summary.error && summary.ingest && runId !== null ? [lostKey(runId)] : []),
      ],
    },
  };
}

/** True for the code of a run that was told to stop, as by SIGTERM: that is no failure. */
export function isStop(code: string): boolean {
  return code.startsWith('STOPPED_BY_');
}

const unfinishedKey = (runId: string): string => `unfinished ${runId}`;
const lostKey = (runId: string): string => `lost ${runId}`;

function failureKey({ error, command }: RunSummary): string | undefined {
  return error && !isStop(error.code) ? `${command} ${error.code} ${error.place}` : undefined;
}

function failuresAfter(
  { command, error }: RunSummary,
  { failures }: Operations,
  failure: string | undefined,
): string[] {
  // One that came through ends the failures of its command; one that was stopped says nothing.
  if (failure === undefined && error) return failures;
  if (failure === undefined) return failures.filter((key) => !key.startsWith(`${command} `));
  return failures.includes(failure) ? failures : [...failures, failure];
}

/** Places out of reach: those that were in reach before, and all of now. */
function unreachablePlaces(
  { ingest }: RunSummary,
  operations: Operations,
): { fresh: ReadonlySet<string>; all: string[] } {
  // A run that did not get to its sources knows nothing of them.
  if (!ingest) return { fresh: new Set(), all: operations.unreachable };
  const all = ingest.unreachable.map(({ uri }) => uri);
  const fresh = all.filter((uri) => !operations.unreachable.includes(uri));
  return { fresh: new Set(fresh), all };
}

function missedSchedule(summary: RunSummary, hours: number | undefined): Found[] {
  const last = summary.history?.last_success;
  if (hours === undefined || !last) return [];
  const age = Date.parse(summary.started_at) - Date.parse(last.finished_at);
  if (age <= hours * 3_600_000) return [];
  return [
    {
      key: `missed ${summary.command} ${last.run_id}`,
      kind: 'missed_schedule',
      title: `no run succeeded for ${Math.floor(age / 3_600_000)} hours`,
      lines: [
        `When this run began, at ${summary.started_at}, the last "flowproof ${summary.command}" that`,
        `ended with exit code 0 had ended at ${last.finished_at}. One is expected every ${hours} hours`,
        '(expected_every_hours). See whether the scheduler starts it, and what earlier runs said.',
      ],
    },
  ];
}

function unfinishedRuns({ history }: RunSummary): Found[] {
  return (history?.unfinished_runs ?? []).flatMap((run) => {
    const lost = lostCounts(run);
    return [
      {
        key: unfinishedKey(run.run_id),
        kind: 'failed_run' as const,
        title: 'an earlier run never ended',
        lines: [
          `Run ${run.run_id} ("flowproof ${run.command}") began at ${run.started_at}, and there is no end`,
          'of it: it was killed, or the machine stopped. What it committed is in the lake; this run went on from there.',
        ],
      },
      ...(lost.length === 0
        ? []
        : [
            {
              key: lostKey(run.run_id),
              kind: 'lost_data' as const,
              title: 'data was lost in a run that never ended',
              lines: [
                `Run ${run.run_id} ("flowproof ${run.command}") of ${run.started_at} has no end. What it read:`,
                ...lost,
              ],
            },
          ]),
    ];
  });
}

function lostCounts(counts: {
  rejected_count: number;
  damaged_count: number;
  skipdata_count: number;
}): string[] {
  return [
    ...(counts.rejected_count > 0
      ? [`- lines rejected: ${counts.rejected_count} (kept in rejected_record)`]
      : []),
    ...(counts.damaged_count > 0 ? [`- objects damaged or refused: ${counts.damaged_count}`] : []),
    ...(counts.skipdata_count > 0
      ? [`- SKIPDATA records: ${counts.skipdata_count} (AWS skipped flow records then)`]
      : []),
  ];
}

function failedRun({ error, command, started_at, run_id }: RunSummary): Found[] {
  if (!error) return [];
  return [
    {
      key: `failed ${run_id ?? started_at} ${error.code}`,
      kind: 'failed_run',
      title: `"flowproof ${command}" failed: ${error.code}`,
      lines: [
        `${error.place}: ${error.problem}`,
        error.remedy,
        'The same failure is not told again until a run of this command has come through.',
      ],
    },
  ];
}

function lostData(summary: RunSummary, fresh: ReadonlySet<string>): Found[] {
  const { ingest } = summary;
  if (!ingest) return [];
  const isOver = ingest.is_over_allowance;
  if (!isOver && ingest.skipdata_count === 0 && fresh.size === 0) return [];
  return [
    {
      key: lostKey(summary.run_id ?? summary.started_at),
      kind: 'lost_data',
      title: 'data was lost, or could not be reached',
      lines: [
        ...lostCounts({
          rejected_count: isOver ? ingest.rejected_count : 0,
          damaged_count: isOver ? ingest.damaged_count : 0,
          skipdata_count: ingest.skipdata_count,
        }),
        ...(isOver
          ? [
              ...listed(ingest.rejected, (item) => [
                `${item.uri} line ${item.first_line_number}: ${item.first_reason}`,
              ]),
              ...listed(ingest.damaged, (item) => [`${item.uri} (${item.status}): ${item.reason}`]),
            ]
          : []),
        ...(fresh.size > 0
          ? [
              `- places out of reach since this run: ${fresh.size}; each run tries again`,
              ...listed(
                ingest.unreachable.filter(({ uri }) => fresh.has(uri)),
                (item) => [item.problem],
              ),
            ]
          : []),
      ],
    },
  ];
}

function contradictions({ packs }: RunSummary): Found[] {
  return packs
    .filter(({ new_contradictions: fresh }) => fresh.length > 0)
    .map((pack) => {
      const fresh = pack.new_contradictions;
      const counts = fresh.map(({ requirement_id: id, reports }) => [
        id,
        ...reports.map(({ name, row_count: rows }) => `${name} ${rows}`),
      ]);
      return {
        key: `contradicts ${basename(pack.folder)} ${JSON.stringify(counts)}`,
        kind: 'contradicts',
        title: `${fresh.length} ${fresh.length === 1 ? 'requirement is' : 'requirements are'} newly contradicted (${pack.name})`,
        lines: [
          `Pack ${pack.folder}`,
          pack.compared_with === null
            ? 'There is no earlier pack of this name to compare it with: all that contradicts is new.'
            : `Compared with ${pack.compared_with}.`,
          ...listed(fresh, (item) => [
            `${item.requirement_id} ${item.title}: ${item.why}`,
            ...item.reports.map(
              ({ name, row_count: rows, previous_row_count: before }) =>
                `  ${name}: ${rows} contradicting rows${before === null ? '' : ` (${before} before)`}`,
            ),
          ]),
        ],
      };
    });
}

function listed<Item>(items: readonly Item[], text: (item: Item) => readonly string[]): string[] {
  const lines = items
    .slice(0, MAX_LINES)
    .flatMap((item) => text(item).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`));
  return items.length > MAX_LINES ? [...lines, `- and ${items.length - MAX_LINES} more`] : lines;
}
