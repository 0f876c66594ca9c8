/**
 * A run as one line in the CloudWatch Embedded Metric Format ("Specification: Embedded metric format",
 * Amazon CloudWatch User Guide): CloudWatch Logs makes metrics of it wherever the line arrives. One
 * dimension, the command; counts of requirements are summed over the newest pack of each name.
 */
import type { PackState } from '../operations.ts';
import type { RunSummary } from '../run-summary-schema.ts';

type Unit = 'Seconds' | 'Count' | 'Bytes' | 'None';

/** `contradicts` as `RequirementsContradicts`, `not_evidenced` as `RequirementsNotEvidenced`. */
function statusMetric(status: string): string {
  const words = status.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `Requirements${words.join('')}`;
}

export type EmfInput = {
  summary: RunSummary;
  namespace: string;
  packs: readonly PackState[];
  statuses: readonly string[];
};

/** The line, with its line end. */
export function emfLine({ summary, namespace, packs, statuses }: EmfInput): string {
  const { ingest, enrich } = summary;
  const metrics: [name: string, unit: Unit, value: number | undefined][] = [
    ['RunDuration', 'Seconds', summary.duration_seconds],
    ['ExitCode', 'None', summary.exit_code],
    ['FailedRuns', 'Count', summary.error ? 1 : 0],
    ['Objects', 'Count', ingest?.object_count],
    ['ObjectBytes', 'Bytes', ingest?.size_bytes],
    ['Rows', 'Count', ingest?.row_count],
    ['RejectedLines', 'Count', ingest?.rejected_count],
    ['DamagedObjects', 'Count', ingest?.damaged_count],
    ['SkipdataRecords', 'Count', ingest?.skipdata_count],
    ['UnreachablePlaces', 'Count', ingest?.unreachable_count],
    ['DaysEnriched', 'Count', enrich?.enriched_day_count],
    ['NotificationsWaiting', 'Count', summary.notifications.waiting_count],
    ...statuses.map((status): [string, Unit, number | undefined] => [
      statusMetric(status),
      'Count',
      packs.length === 0
        ? undefined
        : packs.flatMap((pack) => Object.values(pack.statuses)).filter((one) => one === status)
            .length,
    ]),
    [
      'NewContradictions',
      'Count',
      summary.packs.length === 0
        ? undefined
        : summary.packs.reduce((sum, pack) => sum + pack.new_contradictions.length, 0),
    ],
  ];
  const present = metrics.filter(([, , value]) => value !== undefined);
  return `${JSON.stringify({
    _aws: {
      Timestamp: Date.parse(summary.finished_at),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [['Command']],
          Metrics: present.map(([Name, Unit]) => ({ Name, Unit })),
        },
      ],
    },
    Command: summary.command,
    RunId: summary.run_id ?? '',
    Version: summary.tool.version,
    ErrorCode: summary.error?.code ?? '',
    ...Object.fromEntries(present.map(([name, , value]) => [name, value])),
  })}\n`;
}
