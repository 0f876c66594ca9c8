import { describe, expect, test } from 'vitest';
import { prometheusText } from '../../src/metrics/prometheus.ts';
import { emptyOperations, noteRun, type Operations } from '../../src/operations.ts';
import type { RunSummary } from '../../src/run-summary-schema.ts';
import { ingestSummary, packSummary, runSummary } from '../summary-sample.ts';

const STATUSES = ['contradicts', 'partial', 'supports'];

type Sample = { name: string; labels: Record<string, string>; value: number };
type Exposition = { types: Map<string, string>; samples: Sample[] };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;

/** Reads the text by the rules of version 0.0.4 of the format, and throws where they are broken. */
function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed');
  const [types, helps] = [new Map<string, string>(), new Set<string>()];
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const ended = new Set<string>();
  let family = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (helps.has(name)) throw new Error(`second HELP of ${name}`);
      helps.add(name);
      if (family !== '') ended.add(family);
      family = name;
      continue;
    }
    if (keyword === 'TYPE') {
      if (types.has(name) || !['counter', 'gauge'].includes(rest)) throw new Error(line);
      if (samples.some((sample) => sample.name === name)) throw new Error(`TYPE after ${name}`);
      types.set(name, rest);
      continue;
    }
    const sample = parseSample(line);
    if (sample.name !== family || ended.has(family)) throw new Error(`out of its group: ${line}`);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    samples.push(sample);
  }
  return { types, samples };
}

function parseSample(line: string): Sample {
  const name = NAME.exec(line)?.[0] ?? '';
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const [all = '', label = '', value = ''] =
        /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|(?=\}))/.exec(rest) ?? [];
      if (all === '' || label in labels) throw new Error(`no label: ${line}`);
      labels[label] = value.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
      rest = rest.slice(all.length);
    }
    rest = rest.slice(1);
  }
  if (!/^ -?\d+(\.\d+)?(e[+-]?\d+)?$/.test(rest) || name === '')
    throw new Error(`no sample: ${line}`);
  return { name, labels, value: Number(rest) };
}

function exposed(operations: Operations): Exposition & { get: (name: string) => Sample[] } {
  const parsed = parseExposition(
    prometheusText({ operations, waitingCount: 2, statuses: STATUSES }),
  );
  return { ...parsed, get: (name) => parsed.samples.filter((sample) => sample.name === name) };
}

function operationsAfter(...summaries: readonly RunSummary[]): Operations {
  return summaries.reduce<Operations>(
    (operations, summary) => noteRun(operations, summary, new Map()),
    emptyOperations(),
  );
}

describe('the Prometheus text', () => {
  test('of a lake without runs is well formed', () => {
    expect(exposed(emptyOperations()).get('flowproof_runs_total')).toEqual([
      { name: 'flowproof_runs_total', labels: {}, value: 0 },
    ]);
  });

  test('has a type for each family, units in its names, and _total for counters alone', () => {
    const { types, samples } = exposed(operationsAfter(runSummary({ packs: [packSummary()] })));
    for (const { name } of samples) {
      expect(name).toMatch(/^flowproof_[a-z_]+$/);
      expect(types.get(name)).toBe(name.endsWith('_total') ? 'counter' : 'gauge');
    }
    expect([...types.keys()].every((name) => samples.some((one) => one.name === name))).toBe(true);
  });

  test('says of the last run of each command how it went', () => {
    const { get } = exposed(
      operationsAfter(
        runSummary(),
        runSummary({ command: 'ingest', exit_code: 3, duration_seconds: 1.5 }),
      ),
    );
    expect(
      get('flowproof_run_exit_code').map(({ labels, value }) => [labels.command, value]),
    ).toEqual([
      ['ingest', 3],
      ['run', 0],
    ]);
    expect(get('flowproof_run_duration_seconds').map(({ value }) => value)).toEqual([1.5, 90]);
    expect(get('flowproof_last_success_timestamp_seconds')).toEqual([
      {
        name: 'flowproof_last_success_timestamp_seconds',
        labels: { command: 'run' },
        value: Date.UTC(2026, 10, 20, 10, 1, 30) / 1000,
      },
    ]);
  });

  test('keeps the last success while runs fail, by the lake or by what was remembered', () => {
    const error = { code: 'LAKE_UNUSABLE', place: 'x', problem: 'y', remedy: 'z' };
    const failed = runSummary({ exit_code: 1, error, ingest: null, history: null });
    const value = (operations: Operations) =>
      exposed(operations).get('flowproof_last_success_timestamp_seconds')[0]?.value;
    expect(value(operationsAfter(runSummary(), failed))).toBe(
      Date.UTC(2026, 10, 20, 10, 1, 30) / 1000,
    );
    const success = { run_id: 'x', finished_at: '2026-11-19T00:00:00.000Z' };
    const history = { last_success: success, unfinished_runs: [] };
    expect(value(operationsAfter({ ...failed, history }))).toBe(Date.UTC(2026, 10, 19) / 1000);
  });

  test('counters add up', () => {
    const { get } = exposed(
      operationsAfter(
        runSummary(),
        runSummary({
          ingest: ingestSummary({ row_count: 2, rejected_count: 5, skipdata_count: 1 }),
        }),
      ),
    );
    expect(get('flowproof_rows_total')[0]?.value).toBe(42);
    expect(get('flowproof_rejected_lines_total')[0]?.value).toBe(5);
    expect(get('flowproof_skipdata_records_total')[0]?.value).toBe(1);
    expect(get('flowproof_days_enriched_total')[0]?.value).toBe(4);
    expect(get('flowproof_runs_total')[0]?.value).toBe(2);
  });

  test('shows each requirement of the newest pack of each name, also after a run without packs', () => {
    const older = packSummary({
      folder: '/srv/evidence/pci-dss-4.0.1_2026-10-01_2026-11-01',
      period: { start: '2026-10-01T00:00:00Z', end: '2026-11-01T00:00:00Z' },
      requirements: [{ id: '1.2.5', title: 'x', status: 'partial' }],
    });
    const other = packSummary({ name: 'soc2', folder: '/srv/evidence/soc2_x' });
    const { get } = exposed(
      operationsAfter(runSummary({ packs: [packSummary(), older, other] }), runSummary()),
    );
    const statuses = get('flowproof_requirement_status');
    expect(statuses).toHaveLength(2 * 2 * STATUSES.length);
    expect(
      statuses.filter(({ value }) => value === 1).map(({ labels }) => Object.values(labels)),
    ).toEqual([
      ['pci-dss-4.0.1', '1.2.5', 'contradicts'],
      ['pci-dss-4.0.1', '10.2.2', 'supports'],
      ['soc2', '1.2.5', 'contradicts'],
      ['soc2', '10.2.2', 'supports'],
    ]);
  });

  test('a name of a pack cannot break out of its label', () => {
    const name = 'a"} 1\nevil_metric 2\\';
    const { get, samples } = exposed(
      operationsAfter(runSummary({ packs: [packSummary({ name })] })),
    );
    expect(get('flowproof_requirements')[0]?.labels.pack).toBe(name);
    expect(samples.some((sample) => sample.name.startsWith('evil'))).toBe(false);
  });
});
