/**
 * The Prometheus text format (version 0.0.4), for the textfile collector of node_exporter. It shows the
 * state after the last run of each command, and the newest pack of each name, whichever run made it.
 */
import type { Counter, Operations, PackState } from '../operations.ts';
import { TOOL_VERSION } from '../version.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = { labels: Labels; value: number };
type Family = { name: string; type: 'gauge' | 'counter'; help: string; samples: Sample[] };

const COUNTERS: Readonly<Record<Counter, readonly [name: string, help: string]>> = {
  runs: ['runs', 'Runs that ended or failed.'],
  failed_runs: ['failed_runs', 'Runs that failed.'],
  objects: ['objects', 'Objects read.'],
  rows: ['rows', 'Rows added to the lake.'],
  rejected_lines: ['rejected_lines', 'Lines that could not be read, kept in rejected_record.'],
  damaged_objects: ['damaged_objects', 'Objects damaged or refused.'],
  skipdata_records: ['skipdata_records', 'Records of flow data that AWS skipped.'],
  days_enriched: ['days_enriched', 'Days whose derived tables were made anew.'],
};

export type PrometheusInput = {
  operations: Operations;
  waitingCount: number;
  /** Statuses of requirements, each of which is shown as 0 or 1. */
  statuses: readonly string[];
};

/** The whole file; families and samples in a fixed order. */
export function prometheusText(input: PrometheusInput): string {
  return families(input)
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples
          .map(({ labels, value }) => `${name}${labelText(labels)} ${value}\n`)
          .join('')}`,
    )
    .join('');
}

function families({ operations, waitingCount, statuses }: PrometheusInput): Family[] {
  const commands = sortedEntries(operations.commands);
  const packs = newestPacks(operations);
  const gauge = (name: string, help: string, samples: readonly (Sample | undefined)[]): Family => ({
    name: `flowproof_${name}`,
    type: 'gauge',
    help,
    samples: samples.filter((sample) => sample !== undefined),
  });
  const ofCommands = (value: (run: (typeof commands)[number][1]) => number | undefined) =>
    commands.map(([command, run]) => sample({ command }, value(run)));
  return [
    gauge('build_info', 'The version of flowproof.', [sample({ version: TOOL_VERSION }, 1)]),
    gauge(
      'run_start_timestamp_seconds',
      'When the last run of a command began.',
      ofCommands((run) => seconds(run.started_at)),
    ),
    gauge(
      'run_end_timestamp_seconds',
      'When the last run of a command ended.',
      ofCommands((run) => seconds(run.finished_at)),
    ),
    gauge(
      'run_duration_seconds',
      'How long the last run of a command took.',
      ofCommands((run) => run.duration_seconds),
    ),
    gauge(
      'run_exit_code',
      'Exit code of the last run of a command.',
      ofCommands((run) => run.exit_code),
    ),
    gauge(
      'last_success_timestamp_seconds',
      'When the last run of a command with exit code 0 ended.',
      ofCommands((run) => seconds(run.last_success_at)),
    ),
    gauge(
      'unreachable_places',
      'Places that the last run of a command could not read.',
      ofCommands((run) => run.unreachable_count),
    ),
    ...sortedEntries(COUNTERS).map(
      ([key, [name, help]]): Family => ({
        name: `flowproof_${name}_total`,
        type: 'counter',
        help,
        samples: [{ labels: {}, value: operations.totals[key as Counter] }],
      }),
    ),
    gauge('notifications_waiting', 'Notifications that could not be sent yet.', [
      sample({}, waitingCount),
    ]),
    gauge(
      'pack_data_through_timestamp_seconds',
      'Time of the latest record in the newest pack.',
      packs.map((pack) => sample({ pack: pack.pack }, seconds(pack.data_through))),
    ),
    gauge(
      'new_contradictions',
      'Requirements that the newest pack contradicts and the one before it did not, or less.',
      packs.map((pack) => sample({ pack: pack.pack }, pack.new_contradiction_count)),
    ),
    gauge(
      'requirements',
      'Requirements of the newest pack by status.',
      packs.flatMap((pack) =>
        statuses.map((status) => {
          const all = Object.values(pack.statuses);
          return sample({ pack: pack.pack, status }, all.filter((one) => one === status).length);
        }),
      ),
    ),
    gauge(
      'requirement_status',
      '1 for the status that a requirement has in the newest pack, 0 for the others.',
      packs.flatMap((pack) =>
        sortedEntries(pack.statuses).flatMap(([requirement, current]) =>
          statuses.map((status) =>
            sample({ pack: pack.pack, requirement, status }, status === current ? 1 : 0),
          ),
        ),
      ),
    ),
  ];
}

/** Of each name of a pack the one that ends last; of those the longest. */
export function newestPacks({ packs }: Pick<Operations, 'packs'>): PackState[] {
  const newest = new Map<string, PackState>();
  for (const [, pack] of sortedEntries(packs)) {
    const known = newest.get(pack.pack);
    const isNewer =
      known === undefined ||
      pack.period_end > known.period_end ||
      (pack.period_end === known.period_end && pack.period_start < known.period_start);
    if (isNewer) newest.set(pack.pack, pack);
  }
  return [...newest.values()].sort((one, other) => (one.pack < other.pack ? -1 : 1));
}

function sample(labels: Labels, value: number | undefined): Sample | undefined {
  return value === undefined ? undefined : { labels, value };
}

function seconds(time: string | null): number | undefined {
  const milliseconds = Date.parse(time ?? '');
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

function sortedEntries<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Backslash, quote and line feed are all that a label value must not hold as they are. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
