/** Summaries of runs for tests: one that went well, and changes to it. */
import type { PackSummary, RunSummary } from '../src/run-summary-schema.ts';

export const RUN_ID = '0b0e7b3c-0000-4000-8000-000000000001';

export function ingestSummary(
  changes: Partial<NonNullable<RunSummary['ingest']>> = {},
): NonNullable<RunSummary['ingest']> {
  return {
    listed_count: 3,
    known_count: 1,
    object_count: 2,
    duplicate_count: 0,
    size_bytes: 2048,
    row_count: 40,
    nodata_count: 1,
    skipdata_count: 0,
    rejected_count: 0,
    rejected_object_count: 0,
    damaged_count: 0,
    unreachable_count: 0,
    is_over_allowance: false,
    rejected: [],
    damaged: [],
    unreachable: [],
    ...changes,
  };
}

export function packSummary(changes: Partial<PackSummary> = {}): PackSummary {
  return {
    name: 'pci-dss-4.0.1',
    folder: '/srv/evidence/pci-dss-4.0.1_2026-11-01_2026-12-01',
    is_changed: true,
    kept_folder: null,
    period: { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
    data_through: '2026-11-20T09:00:00Z',
    requirement_count: 2,
    status_counts: { contradicts: 1, supports: 1 },
    requirements: [
      { id: '1.2.5', title: 'Allowed services', status: 'contradicts' },
      { id: '10.2.2', title: 'Six details', status: 'supports' },
    ],
    compared_with: null,
    new_contradictions: [],
    ...changes,
  };
}

export function runSummary(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    format_version: 1,
    command: 'run',
    tool: { name: 'flowproof', version: '0.1.0' },
    organization: 'Example Shop',
    config: { path: '/srv/flowproof.yaml', sha256: 'a'.repeat(64) },
    run_id: RUN_ID,
    started_at: '2026-11-20T10:00:00.000Z',
    finished_at: '2026-11-20T10:01:30.000Z',
    duration_seconds: 90,
    scanned_bytes: null,
    exit_code: 0,
    ingest: ingestSummary(),
    enrich: { day_count: 5, enriched_day_count: 2, copy_count: 0, late_days: [] },
    packs: [],
    retain: null,
    error: null,
    history: { last_success: null, unfinished_runs: [] },
    notifications: { sent_count: 0, waiting_count: 0, dropped_count: 0 },
    warnings: [],
    ...changes,
  };
}
