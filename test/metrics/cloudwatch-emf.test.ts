import { describe, expect, test } from 'vitest';
import { emfLine } from '../../src/metrics/cloudwatch-emf.ts';
import { newestPacks } from '../../src/metrics/prometheus.ts';
import { emptyOperations, noteRun } from '../../src/operations.ts';
import { STATUSES } from '../../src/reports/report.ts';
import type { RunSummary } from '../../src/run-summary-schema.ts';
import { packSummary, runSummary } from '../summary-sample.ts';

/** Units that CloudWatch knows ("MetricDatum", Amazon CloudWatch API Reference), as far as they serve here. */
const UNITS = ['Seconds', 'Milliseconds', 'Bytes', 'Count', 'Percent', 'None'];

type Emf = Record<string, unknown> & {
  _aws: {
    Timestamp: number;
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string; Unit?: string }[];
    }[];
  };
};

/** Reads a line by the rules of the specification of the format, and throws where they are broken. */
function parseEmf(line: string): Emf {
  if (!/^[^\n]+\n$/.test(line) || Buffer.byteLength(line) > 256 * 1024) throw new Error('no line');
  const document = JSON.parse(line) as Emf;
  const fail = (problem: string): never => {
    throw new Error(problem);
  };
  const { Timestamp: time, CloudWatchMetrics: directives, ...rest } = document._aws;
  if (!Number.isInteger(time) || time < 1e12 || Object.keys(rest).length > 0) fail('metadata');
  if (directives.length === 0) fail('no directive');
  for (const { Namespace, Dimensions, Metrics, ...more } of directives) {
    if (Object.keys(more).length > 0 || Namespace.length < 1 || Namespace.length > 1024)
      fail('directive');
    if (Dimensions.length === 0 || Dimensions.some((set) => set.length > 30)) fail('dimensions');
    for (const name of Dimensions.flat()) {
      const value = document[name];
      if (name.length < 1 || name.length > 250) fail(name);
      if (typeof value !== 'string' || value.length < 1 || value.length > 1024) fail(name);
    }
    if (Metrics.length === 0 || Metrics.length > 100) fail('metrics');
    if (new Set(Metrics.map(({ Name }) => Name)).size < Metrics.length) fail('a name twice');
    for (const { Name, Unit, ...other } of Metrics) {
      if (Object.keys(other).length > 0 || Name.length < 1 || Name.length > 1024) fail(Name);
      if (Unit !== undefined && !UNITS.includes(Unit)) fail(Unit);
      if (typeof document[Name] !== 'number' || !Number.isFinite(document[Name])) fail(Name);
    }
  }
  return document;
}

function emfOf(summary: RunSummary, before: readonly RunSummary[] = []): Emf {
  const operations = [...before, summary].reduce(
    (known, run) => noteRun(known, run, new Map()),
    emptyOperations(),
  );
  return parseEmf(
    emfLine({
      summary,
      namespace: 'flowproof',
      packs: newestPacks(operations),
      statuses: STATUSES,
    }),
  );
}

describe('the line in the Embedded Metric Format', () => {
  test('of a run has its figures, by command', () => {
    const emf = emfOf(runSummary({ packs: [packSummary()] }));
    expect(emf._aws.CloudWatchMetrics[0]).toMatchObject({
      Namespace: 'flowproof',
      Dimensions: [['Command']],
    });
    expect(emf).toMatchObject({
      Command: 'run',
      RunDuration: 90,
      ExitCode: 0,
      FailedRuns: 0,
      Rows: 40,
      RequirementsContradicts: 1,
      RequirementsSupports: 1,
      RequirementsNotEvidenced: 0,
      NewContradictions: 0,
    });
    expect(emf._aws.Timestamp).toBe(Date.UTC(2026, 10, 20, 10, 1, 30));
  });

  test('of a failed run has no figures of what it did not do', () => {
    const error = { code: 'DISK_FULL', place: '/srv', problem: 'no room', remedy: 'make some' };
    const emf = emfOf(
      runSummary({ ingest: null, enrich: null, exit_code: 1, error, run_id: null }),
    );
    expect(emf).toMatchObject({ FailedRuns: 1, ExitCode: 1, ErrorCode: 'DISK_FULL' });
    expect(emf).not.toHaveProperty('Rows');
    expect(emf).not.toHaveProperty('RequirementsContradicts');
    // Places and texts of errors are in the summary, not in a log that more people read.
    expect(JSON.stringify(emf)).not.toContain('/srv');
  });

  test('of a run without packs keeps what the newest packs say', () => {
    const emf = emfOf(runSummary(), [runSummary({ packs: [packSummary()] })]);
    expect(emf).toMatchObject({ RequirementsContradicts: 1 });
    expect(emf).not.toHaveProperty('NewContradictions');
  });
});
