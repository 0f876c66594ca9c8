/**
 * The shape of the summary of a run: what `--summary FILE` writes, and what notifications and metrics
 * are made of. Keys are only ever added within a format version. Times are ISO 8601 UTC.
 */
import { z } from 'zod';

const count = z.number().int().min(0);
const time = z.iso.datetime();

/** Lists of objects hold this many entries at most; the counts beside them are of all. */
export const MAX_SUMMARY_ITEMS = 100;

const contradiction = z.strictObject({
  requirement_id: z.string(),
  title: z.string(),
  why: z.string(),
  /** Reports that contradict it, with their contradicting rows; of the pack before, null without one. */
  reports: z.array(
    z.strictObject({
      name: z.string(),
      row_count: count,
      previous_row_count: count.nullable(),
    }),
  ),
});

const pack = z.strictObject({
  name: z.string(),
  folder: z.string(),
  /** False if the pack was there already, with the same bytes. */
  is_changed: z.boolean(),
  /** Where a folder that somebody changed was moved to. */
  kept_folder: z.string().nullable(),
  period: z.strictObject({ start: z.string(), end: z.string() }),
  data_through: z.string().nullable(),
  requirement_count: count,
  /** Requirements by status; statuses that none has are 0. */
  status_counts: z.record(z.string(), count),
  requirements: z.array(z.strictObject({ id: z.string(), title: z.string(), status: z.string() })),
  /** Name of the pack that it is compared with: itself as it was before, else the one before it. */
  compared_with: z.string().nullable(),
  /** Requirements that did not contradict there, or with more contradicting rows of a report. */
  new_contradictions: z.array(contradiction),
});

export const runSummarySchema = z.strictObject({
  format_version: z.literal(1),
  command: z.string(),
  tool: z.strictObject({ name: z.literal('flowproof'), version: z.string() }),
  organization: z.string().nullable(),
  config: z.strictObject({
    path: z.string(),
    /** Null if it could not be read. */
    sha256: z.string().nullable(),
  }),
  /** Null if it failed before it had the lake. */
  run_id: z.string().nullable(),
  started_at: time,
  finished_at: time,
  duration_seconds: z.number().min(0),
  exit_code: z.number().int(),
  /** Null where the run did not get so far, or the command has no such part. */
  ingest: z
    .strictObject({
      listed_count: count,
      known_count: count,
      object_count: count,
      duplicate_count: count,
      size_bytes: count,
      row_count: count,
      nodata_count: count,
      skipdata_count: count,
      rejected_count: count,
      rejected_object_count: count,
      damaged_count: count,
      unreachable_count: count,
      /** True if more was rejected or damaged than the configuration allows. */
      is_over_allowance: z.boolean(),
      rejected: z.array(
        z.strictObject({
          uri: z.string(),
          line_count: count,
          first_line_number: count,
          first_reason: z.string(),
        }),
      ),
      damaged: z.array(z.strictObject({ uri: z.string(), status: z.string(), reason: z.string() })),
      unreachable: z.array(z.strictObject({ uri: z.string(), problem: z.string() })),
    })
    .nullable(),
  enrich: z
    .strictObject({
      day_count: count,
      enriched_day_count: count,
      copy_count: count,
      late_days: z.array(z.string()),
    })
    .nullable(),
  /** What another engine than DuckDB read for the run; null with DuckDB. */
  scanned_bytes: count.nullable(),
  packs: z.array(pack),
  /** What left the lake by the retention of the configuration; null without, and if the run got not so far. */
  retain: z
    .strictObject({
      action: z.enum(['archived', 'removed']),
      /** First UTC day that stays. */
      kept_from: z.string(),
      /** Tables with the days whose rows left now. */
      tables: z.array(
        z.strictObject({
          table: z.string(),
          day_count: count,
          row_count: count,
          size_bytes: count,
        }),
      ),
      /** Why days that are due stay; null if none does. */
      held: z.string().nullable(),
    })
    .nullable(),
  /** What stopped it; `code` as in src/errors.ts, or UNEXPECTED. */
  error: z
    .strictObject({
      code: z.string(),
      place: z.string(),
      problem: z.string(),
      remedy: z.string(),
    })
    .nullable(),
  /** What the lake knew of earlier runs when this one began; null if it did not get so far. */
  history: z
    .strictObject({
      /** The last run of this command that ended with 0. */
      last_success: z.strictObject({ run_id: z.string(), finished_at: time }).nullable(),
      /** Runs since the last one that ended, of which nothing more is known: killed, or failed. */
      unfinished_runs: z.array(
        z.strictObject({
          run_id: z.string(),
          command: z.string(),
          started_at: time,
          rejected_count: count,
          damaged_count: count,
          skipdata_count: count,
        }),
      ),
    })
    .nullable(),
  notifications: z.strictObject({
    sent_count: count,
    /** Kept for the next run. */
    waiting_count: count,
    /** Given up, as more waited than are kept. */
    dropped_count: count,
  }),
  /** What went wrong beside the run: notifications, metrics. */
  warnings: z.array(z.string()),
});

export type RunSummary = z.infer<typeof runSummarySchema>;
export type PackSummary = RunSummary['packs'][number];
