import { describe, expect, test } from 'vitest';
import { findEvents } from '../../src/notify/events.ts';
import { messageOfEvent } from '../../src/notify/message.ts';
import { emptyOperations, type Operations } from '../../src/operations.ts';
import type { RunSummary } from '../../src/run-summary-schema.ts';
import { ingestSummary, packSummary, RUN_ID, runSummary } from '../summary-sample.ts';

const OTHER_RUN = '0b0e7b3c-0000-4000-8000-000000000002';

const NEW_CONTRADICTION = {
  requirement_id: '1.2.5',
  title: 'Allowed services',
  why: 'of 5 rows, 2 contradict',
  reports: [{ name: 'inbound_services', row_count: 2, previous_row_count: 0 }],
};

function kindsOf(summary: RunSummary, operations = emptyOperations(), hours?: number): string[] {
  return findEvents(summary, operations, hours).events.map(({ kind }) => kind);
}

/** Kinds told by each of several runs that follow each other. */
function kindsInTurn(summaries: readonly RunSummary[], hours?: number): string[][] {
  let operations: Operations = emptyOperations();
  return summaries.map((summary) => {
    const found = findEvents(summary, operations, hours);
    operations = found.operations;
    return found.events.map(({ kind }) => kind);
  });
}

const failed = (place: string, changes: Partial<RunSummary> = {}): RunSummary =>
  runSummary({
    exit_code: 1,
    ingest: null,
    run_id: null,
    error: { code: 'LAKE_UNUSABLE', place, problem: 'it is read-only', remedy: 'Mend it.' },
    ...changes,
  });

describe('a run that went well', () => {
  test('is nothing to tell of', () => {
    expect(kindsOf(runSummary({ packs: [packSummary()] }))).toEqual([]);
  });
});

describe('lost data', () => {
  test.each<[string, Partial<NonNullable<RunSummary['ingest']>>, string[]]>([
    ['rejected within the allowance', { rejected_count: 3 }, []],
    ['rejected beyond it', { rejected_count: 3, is_over_allowance: true }, ['lost_data']],
    ['damaged beyond it', { damaged_count: 1, is_over_allowance: true }, ['lost_data']],
    ['SKIPDATA', { skipdata_count: 1 }, ['lost_data']],
    [
      'a place out of reach',
      { unreachable_count: 1, unreachable: [{ uri: 's3://a/', problem: 'AccessDenied' }] },
      ['lost_data'],
    ],
  ])('%s', (_, changes, kinds) => {
    expect(kindsOf(runSummary({ ingest: ingestSummary(changes) }))).toEqual(kinds);
  });

  test('a place out of reach is told once, and again when it was in reach between', () => {
    const away = runSummary({
      ingest: ingestSummary({ unreachable: [{ uri: 's3://a/', problem: 'AccessDenied' }] }),
    });
    const turns = [away, away, runSummary(), away].map((summary, index) => ({
      ...summary,
      run_id: `run-${index}`,
    }));
    expect(kindsInTurn(turns)).toEqual([['lost_data'], [], [], ['lost_data']]);
  });

  test('a second place is told of alone', () => {
    const [one, two] = ['s3://a/', 's3://b/'].map((uri) => ({ uri, problem: `${uri} is denied` }));
    const first = findEvents(
      runSummary({ ingest: ingestSummary({ unreachable: one ? [one] : [] }) }),
      emptyOperations(),
      undefined,
    );
    const both = runSummary({
      run_id: OTHER_RUN,
      ingest: ingestSummary({ unreachable: one && two ? [one, two] : [] }),
    });
    const text = findEvents(both, first.operations, undefined).events[0]?.lines.join('\n');
    expect(text).toContain('s3://b/ is denied');
    expect(text).not.toContain('s3://a/');
  });
});

describe('failed runs', () => {
  test('the same failure is told once until a run comes through', () => {
    const again = failed('/srv/lake');
    const turns = [again, again, failed('/srv/other'), runSummary(), again];
    const timed = turns.map((summary, index) => ({ ...summary, started_at: `t${index}` }));
    expect(kindsInTurn(timed)).toEqual([['failed_run'], [], ['failed_run'], [], ['failed_run']]);
  });

  test('one that was told to stop is no failure, ends none, and is not one without an end', () => {
    const stopped = failed('flowproof', {
      run_id: OTHER_RUN,
      error: { code: 'STOPPED_BY_SIGTERM', place: 'flowproof', problem: 'p', remedy: 'r' },
    });
    const next = runSummary({ history: unfinished });
    expect(kindsInTurn([stopped, next])).toEqual([[], []]);
    const again = failed('/srv/lake');
    expect(kindsInTurn([again, stopped, again])).toEqual([['failed_run'], [], []]);
  });

  test('another command that comes through does not end it', () => {
    const again = failed('/srv/lake');
    expect(kindsInTurn([again, runSummary({ command: 'ingest' }), again])).toEqual([
      ['failed_run'],
      [],
      [],
    ]);
  });

  const unfinished = {
    last_success: null,
    unfinished_runs: [
      {
        run_id: OTHER_RUN,
        command: 'run',
        started_at: '2026-11-20T09:00:00.000Z',
        rejected_count: 0,
        damaged_count: 0,
        skipdata_count: 0,
      },
    ],
  };

  test('a run that was killed is told of once, by the next', () => {
    const next = runSummary({ history: unfinished });
    expect(kindsInTurn([next, { ...next, run_id: 'x' }])).toEqual([['failed_run'], []]);
  });

  test('what a killed run had lost is told too', () => {
    const [run] = unfinished.unfinished_runs;
    const history = { ...unfinished, unfinished_runs: run ? [{ ...run, rejected_count: 4 }] : [] };
    const { events } = findEvents(runSummary({ history }), emptyOperations(), undefined);
    expect(events.map(({ kind }) => kind)).toEqual(['failed_run', 'lost_data']);
    expect(events[1]?.lines.join('\n')).toContain('lines rejected: 4');
  });

  test('a run that told of its own failure is not told of again as one without an end', () => {
    const first = failed('/srv/lake', { run_id: OTHER_RUN });
    expect(kindsInTurn([first, runSummary({ history: unfinished })])).toEqual([['failed_run'], []]);
  });
});

describe('missed schedules', () => {
  const successBefore = (hours: number): RunSummary =>
    runSummary({
      history: {
        last_success: {
          run_id: OTHER_RUN,
          finished_at: new Date(Date.UTC(2026, 10, 20, 10) - hours * 3_600_000).toISOString(),
        },
        unfinished_runs: [],
      },
    });

  test.each<[string, RunSummary, number | undefined, string[]]>([
    ['no expectation', successBefore(99), undefined, []],
    ['in time, to the second', successBefore(2), 2, []],
    ['later', successBefore(2.001), 2, ['missed_schedule']],
    ['never a success', runSummary(), 2, []],
  ])('%s', (_, summary, hours, kinds) => {
    expect(kindsOf(summary, emptyOperations(), hours)).toEqual(kinds);
  });

  test('the same gap is told once, though the runs in it fail', () => {
    const late = successBefore(3);
    expect(kindsInTurn([late, { ...late, run_id: 'x' }], 2)).toEqual([['missed_schedule'], []]);
  });
});

describe('new contradictions', () => {
  test('are one event a pack', () => {
    const packs = [
      packSummary({ new_contradictions: [NEW_CONTRADICTION] }),
      packSummary({ name: 'soc2', folder: '/srv/evidence/soc2_x' }),
    ];
    const { events } = findEvents(runSummary({ packs }), emptyOperations(), undefined);
    expect(events.map(({ kind, title }) => [kind, title])).toEqual([
      ['contradicts', '1 requirement is newly contradicted (pci-dss-4.0.1)'],
    ]);
    expect(events[0]?.lines).toContain('    inbound_services: 2 contradicting rows (0 before)');
  });

  test('have the same id whichever run finds them', () => {
    const packs = [packSummary({ new_contradictions: [NEW_CONTRADICTION] })];
    const idOf = (runId: string) =>
      findEvents(runSummary({ run_id: runId, packs }), emptyOperations(), undefined).events[0]?.id;
    expect(idOf(RUN_ID)).toBe(idOf(OTHER_RUN));
    expect(idOf(RUN_ID)).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the text of an event', () => {
  const hostile = 'a\u001b[2Jb\u202ec\r\nBcc: x@example.com\u0000<script>=1+1';

  test('shows hidden characters, keeps lines its own, and has no markup of its own', () => {
    const summary = runSummary({
      ingest: ingestSummary({
        is_over_allowance: true,
        damaged_count: 1,
        damaged: [{ uri: hostile, status: 'damaged', reason: 'x'.repeat(9999) }],
      }),
    });
    const [event] = findEvents(summary, emptyOperations(), undefined).events;
    if (!event) throw new Error('no event');
    const { subject, text } = messageOfEvent(event, 'Example Shop');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text.split('\n').every((line) => line.length <= 500)).toBe(true);
    expect(text).toMatch(/^Of {7}Example Shop$/m);
    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });

  test('a hostile title stays one line of ASCII as a subject', () => {
    const event = findEvents(failed('/srv/lake'), emptyOperations(), undefined).events[0];
    if (!event) throw new Error('no event');
    const { subject } = messageOfEvent({ ...event, title: `${hostile}é`.repeat(9) }, 'x');
    expect(subject).toMatch(/^[\x20-\x7e]{100}$/);
  });
});
