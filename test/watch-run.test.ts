import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { DEFAULT_FORMAT } from '../src/flow-log-fields.ts';
import { openLakeForWriting } from '../src/lake.ts';
import { operationsPath } from '../src/operations.ts';
import { type Part, type RunOutcome, run } from '../src/run.ts';
import { type RunSummary, runSummarySchema } from '../src/run-summary-schema.ts';
import { watchRun } from '../src/watch-run.ts';
import { type DoubleAnswer, type HttpDouble, startHttpDouble } from './http-double.ts';

const HOUR = 3_600_000;
const SECRET = 'a-secret-of-the-tests';
const PARTS = ['ingest', 'enrich', 'report'] as const;
const PROGRESS = { step: () => {}, finish: () => {} };

let root = '';
let time = 0;
let hooks: HttpDouble;
let answer: DoubleAnswer;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-watch-'));
  time = Date.UTC(2026, 10, 20);
  answer = { status: 200 };
  hooks = await startHttpDouble(() => answer);
  for (const folder of ['logs', 'own/reports', 'own/packs']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(
    join(root, 'own', 'reports', 'remote_logon.sql'),
    `-- title: Remote logon
-- question: Which flows went to SSH?
-- requirements: none
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows
-- grain: one row a flow
-- limits: None.
select 'contradicts' as status, flow_id
from flow_enriched
where flow_date >= cast(cast($period_start as timestamp) as date)
  and flow_date < cast(cast($period_end as timestamp) as date)
  and dstport = 22
order by flow_id
`,
  );
  writeFileSync(
    join(root, 'own', 'packs', 'house.yaml'),
    `name: house
title: House rules
standard: Our own
requirements:
  - { id: H-1, title: No logon, asks: a, limits: l, manual: [], reports: [remote_logon] }
`,
  );
  writeLog('a', 443);
  writeConfig();
});

afterEach(async () => {
  await hooks.close();
  rmSync(root, { recursive: true });
});

function writeConfig(more = '', day = 1): void {
  writeFileSync(
    join(root, 'flowproof.yaml'),
    `lake: lake
output: evidence
organization: Example Shop
sources:
  flow_logs:
    - files: [logs/**]
scope:
  - { name: cde, match: { account: ["123456789012"] } }
period: { start: 2026-11-0${day}, end: 2026-11-0${day + 1} }
pack: house
queries: own
${more}`,
  );
}

const HOOK = (): string =>
  `notifications:\n  - { webhook: "${hooks.endpoint}/hook", secret_env: HOOK_SECRET }\n`;

/** A log with a flow to each port, on a day of November 2026. */
function writeLog(name: string, ...ports: readonly (number | string)[]): void {
  const begin = Date.UTC(2026, 10, 1, 12) / 1000;
  const lines = ports.map(
    (port, index) =>
      `2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 ${40_000 + index} ${port} 6 10 840 ${begin} ${begin + 60} ACCEPT OK`,
  );
  writeFileSync(
    join(root, 'logs', `${name}.log`),
    [DEFAULT_FORMAT.join(' '), ...lines, ''].join('\n'),
  );
}

type Watched = {
  summary: RunSummary;
  outcome: RunOutcome | undefined;
  thrown: unknown;
  stdout: string;
  stderr: string;
};

type More = { parts?: readonly Part[]; isTold?: boolean; work?: Parameters<typeof watchRun>[1] };

async function watch({ parts = PARTS, isTold = true, work }: More = {}): Promise<Watched> {
  const summaryPath = join(root, 'summary.json');
  rmSync(summaryPath, { force: true });
  const said = { stdout: '', stderr: '' };
  const command = parts.length > 1 ? 'run' : (parts[0] ?? 'run');
  let thrown: unknown;
  const watched = await watchRun(
    {
      command,
      configPath: join(root, 'flowproof.yaml'),
      readConfig: () => readConfig(join(root, 'flowproof.yaml')),
      summaryPath,
      isTold,
      now,
      environment: { HOOK_SECRET: SECRET },
      stdout: (text) => {
        said.stdout += text;
      },
      stderr: (text) => {
        said.stderr += text;
      },
    },
    work ??
      ((config, onBegin) => run({ config, parts, command, progress: PROGRESS, now, onBegin })),
  ).catch((error) => {
    thrown = error;
  });
  const summary = runSummarySchema.parse(JSON.parse(readFileSync(summaryPath, 'utf8')));
  return { summary, outcome: watched?.outcome, thrown, ...said };
}

function now(): Date {
  time += 1000;
  return new Date(time);
}

const told = (): string[] =>
  hooks.requests.map(({ body }) => (JSON.parse(body) as { event: string }).event);

describe('the summary of a run', () => {
  test('says what was read, made and found, and is private', async () => {
    writeLog('a', 443, 22, 'no port');
    const { summary, outcome, thrown } = await watch();
    expect(thrown).toBeUndefined();
    expect(outcome?.exitCode).toBe(3);
    expect(summary).toMatchObject({
      command: 'run',
      organization: 'Example Shop',
      started_at: expect.stringMatching(/^2026-11-20T00:00:0\d\.000Z$/),
      exit_code: 3,
      ingest: {
        object_count: 1,
        row_count: 2,
        rejected_count: 1,
        is_over_allowance: true,
        rejected: [{ uri: 'file:logs/a.log', line_count: 1, first_line_number: 4 }],
      },
      enrich: { day_count: 1, enriched_day_count: 1 },
      packs: [
        {
          name: 'house',
          folder: join(root, 'evidence', 'house_2026-11-01_2026-11-02'),
          is_changed: true,
          requirement_count: 1,
          requirements: [{ id: 'H-1', title: 'No logon', status: 'contradicts' }],
          compared_with: null,
          new_contradictions: [
            {
              requirement_id: 'H-1',
              reports: [{ name: 'remote_logon', row_count: 1, previous_row_count: null }],
            },
          ],
        },
      ],
      error: null,
      history: { last_success: null, unfinished_runs: [] },
      warnings: [],
    });
    expect(summary.packs[0]?.status_counts).toEqual({
      contradicts: 1,
      not_evidenced: 0,
      partial: 0,
      out_of_reach: 0,
      manual_evidence_required: 0,
      supports: 0,
    });
    expect(statSync(join(root, 'summary.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('of parts alone has nothing of the others', async () => {
    const { summary } = await watch({ parts: ['ingest'] });
    expect(summary).toMatchObject({ command: 'ingest', exit_code: 0, enrich: null, packs: [] });
    expect(summary.run_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is written of a configuration with mistakes, less what may be a secret', async () => {
    writeConfig(
      'notifications:\n  - { webhook: "https://u:p@example.com/t", secret_env: "the secret" }\n',
    );
    const { summary, thrown } = await watch();
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(summary).toMatchObject({
      exit_code: 2,
      run_id: null,
      config: { sha256: null },
      error: { code: 'CONFIG_INVALID', place: join(root, 'flowproof.yaml') },
    });
    expect(summary.error?.problem).toMatch(/notifications\[0\]\.webhook: must be an https URL/);
    expect(JSON.stringify(summary)).not.toMatch(/the secret|u:p@/);
    expect(existsSync(join(root, 'lake'))).toBe(false);
  });

  test('of a run that failed midway has what it had got to, and no secret', async () => {
    writeConfig(HOOK());
    const { summary, thrown } = await watch({
      work: (config, onBegin) =>
        run({
          config,
          parts: PARTS,
          command: 'run',
          now,
          onBegin,
          progress: {
            ...PROGRESS,
            step: (stage) => {
              if (stage === 'enrich') throw new Error(`broken\u202e near ${SECRET} at s3://a:b@c`);
            },
          },
        }),
    });
    expect(thrown).toBeInstanceOf(Error);
    expect(summary).toMatchObject({
      exit_code: 1,
      ingest: { row_count: 1 },
      enrich: null,
      error: { code: 'UNEXPECTED', problem: 'broken[U+202E] near [redacted] at s3://[redacted]@c' },
      notifications: { sent_count: 1 },
    });
    expect(told()).toEqual(['failed_run']);
    expect(hooks.requests[0]?.body).not.toContain(SECRET);
    expect(readFileSync(operationsPath(join(root, 'lake')), 'utf8')).not.toContain(SECRET);
  });

  test('that cannot be written is an error of a run that went well', async () => {
    const configPath = join(root, 'flowproof.yaml');
    const options = { command: 'run', configPath, readConfig: () => readConfig(configPath), now };
    const work = async (): Promise<RunOutcome> => ({ exitCode: 0, seconds: 0 });
    const summaryPath = join(root, 'nowhere', 'summary.json');
    await expect(watchRun({ ...options, summaryPath }, work)).rejects.toMatchObject({
      code: 'SUMMARY_UNWRITABLE',
      exitCode: 1,
    });
    const broken = async (): Promise<RunOutcome> => {
      throw new Error('the reason');
    };
    await expect(watchRun({ ...options, summaryPath }, broken)).rejects.toThrow('the reason');
  });
});

describe('new contradictions', () => {
  test('are told once, and again when there are more; not when they go', async () => {
    writeConfig(HOOK());
    expect((await watch()).summary.packs[0]?.new_contradictions).toEqual([]);
    expect(told()).toEqual([]);
    writeLog('b', 22);
    const second = await watch();
    expect(second.summary.packs[0]).toMatchObject({
      compared_with: 'house_2026-11-01_2026-11-02',
      new_contradictions: [
        { reports: [{ name: 'remote_logon', row_count: 1, previous_row_count: 0 }] },
      ],
    });
    expect(told()).toEqual(['contradicts']);
    expect((await watch()).summary.packs[0]?.new_contradictions).toEqual([]);
    writeLog('c', 22, 443);
    const fourth = await watch();
    expect(fourth.summary.packs[0]?.new_contradictions[0]?.reports).toEqual([
      { name: 'remote_logon', row_count: 2, previous_row_count: 1 },
    ]);
    expect(told()).toEqual(['contradicts', 'contradicts']);
    const text = JSON.parse(hooks.requests[1]?.body ?? '').text as string;
    expect(text).toContain('- H-1 No logon: ');
    expect(text).toContain('remote_logon: 2 contradicting rows (1 before)');
  });

  test('of a period are against the pack of the period before, though nothing is remembered', async () => {
    writeLog('a', 22);
    await watch();
    rmSync(operationsPath(join(root, 'lake')));
    writeConfig('', 2);
    const { summary } = await watch();
    expect(summary.packs[0]).toMatchObject({
      compared_with: 'house_2026-11-01_2026-11-02',
      new_contradictions: [],
    });
  });
});

describe('notifications', () => {
  test('that fail are a warning, and the next run sends them; the run is as it was', async () => {
    writeConfig(HOOK());
    writeLog('a', 'no port');
    answer = { status: 403 };
    const first = await watch({ parts: ['ingest'] });
    expect(first.outcome?.exitCode).toBe(3);
    expect(first.summary.notifications).toEqual({
      sent_count: 0,
      waiting_count: 1,
      dropped_count: 0,
    });
    expect(first.stderr).toMatch(/^warning: notifications\[0\] .*: HTTP 403\n$/);
    expect(first.summary.warnings).toHaveLength(1);
    answer = { status: 200 };
    const second = await watch({ parts: ['ingest'] });
    expect(second.summary.notifications).toMatchObject({ sent_count: 1, waiting_count: 0 });
    expect(second.stderr).toBe('');
    expect(told()).toEqual(['lost_data', 'lost_data']);
    await watch({ parts: ['ingest'] });
    expect(hooks.requests).toHaveLength(2);
  });

  test('a run that was killed is told of by the next', async () => {
    writeConfig(HOOK());
    const config = readConfig(join(root, 'flowproof.yaml'));
    await expect(
      run({
        config,
        parts: ['ingest', 'enrich'],
        command: 'run',
        now,
        progress: {
          ...PROGRESS,
          step: (stage) => {
            if (stage === 'enrich') throw new Error('as if it were killed');
          },
        },
      }),
    ).rejects.toThrow();
    const { summary } = await watch({ parts: ['ingest'] });
    expect(summary.history?.unfinished_runs).toMatchObject([{ command: 'run', rejected_count: 0 }]);
    expect(told()).toEqual(['failed_run']);
    expect((await watch({ parts: ['ingest'] })).summary.history?.unfinished_runs).toEqual([]);
    expect(hooks.requests).toHaveLength(1);
  });

  test('a missed schedule is told of by the run that ends the gap', async () => {
    writeConfig(`${HOOK()}expected_every_hours: 2\n`);
    await watch({ parts: ['ingest'] });
    time += HOUR;
    await watch({ parts: ['ingest'] });
    expect(told()).toEqual([]);
    time += 3 * HOUR;
    const { summary } = await watch({ parts: ['ingest'] });
    expect(summary.history?.last_success?.finished_at).toMatch(/^2026-11-20T01:/);
    expect(told()).toEqual(['missed_schedule']);
    // Another command has its own schedule.
    await watch({ parts: ['enrich'] });
    expect(hooks.requests).toHaveLength(1);
  });

  test('a lake that another run has is told of once, and its outbox is left alone', async () => {
    writeConfig(HOOK());
    const lock = await openLakeForWriting(join(root, 'lake'));
    try {
      expect((await watch()).thrown).toMatchObject({ code: 'LAKE_LOCKED' });
      await watch();
    } finally {
      await lock.release();
    }
    expect(told()).toEqual(['failed_run']);
    const body = JSON.parse(hooks.requests[0]?.body ?? '') as { subject: string };
    expect(body.subject).toBe('flowproof: "flowproof run" failed: LAKE_LOCKED');
  });

  test('nobody is told of a replay, and nothing is remembered of it', async () => {
    writeConfig(`${HOOK()}metrics: { prometheus: f.prom }\n`);
    writeLog('a', 22);
    const { summary } = await watch({ isTold: false });
    expect(summary.packs[0]?.new_contradictions).toHaveLength(1);
    expect(hooks.requests).toEqual([]);
    expect(existsSync(operationsPath(join(root, 'lake')))).toBe(false);
    expect(existsSync(join(root, 'f.prom'))).toBe(false);
  });

  test('what is remembered may be broken: it counts as nothing', async () => {
    await watch({ parts: ['ingest'] });
    writeFileSync(operationsPath(join(root, 'lake')), '{"format_version": 2}');
    expect((await watch({ parts: ['ingest'] })).thrown).toBeUndefined();
    expect(readFileSync(operationsPath(join(root, 'lake')), 'utf8')).toContain('"runs": 1');
  });
});

describe('metrics', () => {
  test('are written by every run, readable to the collectors, whatever it did', async () => {
    mkdirSync(join(root, 'metrics'));
    writeConfig('metrics: { prometheus: metrics/f.prom, cloudwatch_emf: metrics/f.emf }\n');
    writeLog('a', 22);
    await watch();
    writeLog('b', 443, 'no port');
    // It makes no pack: what the newest said stays.
    await watch({ parts: ['ingest'] });
    rmSync(join(root, 'logs'), { recursive: true });
    const failed = await watch();
    expect(failed.thrown).toMatchObject({ code: 'SOURCE_EMPTY' });
    const text = readFileSync(join(root, 'metrics', 'f.prom'), 'utf8');
    expect(text).toContain('\nflowproof_rows_total 2\n');
    expect(text).toContain('\nflowproof_rejected_lines_total 1\n');
    expect(text).toContain('\nflowproof_failed_runs_total 1\n');
    expect(text).toContain('\nflowproof_run_exit_code{command="ingest"} 3\n');
    expect(text).toContain('\nflowproof_run_exit_code{command="run"} 2\n');
    expect(text).toContain(
      '\nflowproof_requirement_status{pack="house",requirement="H-1",status="contradicts"} 1\n',
    );
    const lines = readFileSync(join(root, 'metrics', 'f.emf'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).ExitCode)).toEqual([0, 3, 2]);
    expect(readdirSync(join(root, 'metrics')).sort()).toEqual(['f.emf', 'f.prom']);
    for (const name of ['f.prom', 'f.emf']) {
      expect(statSync(join(root, 'metrics', name)).mode & 0o777).toBe(0o644);
    }
  });

  test('go to standard output, and cannot fail a run', async () => {
    writeConfig(
      'metrics: { prometheus: nowhere/f.prom, cloudwatch_emf: stdout, namespace: shop }\n',
    );
    const { thrown, stdout, stderr, summary } = await watch({ parts: ['ingest'] });
    expect(thrown).toBeUndefined();
    expect(JSON.parse(stdout)._aws.CloudWatchMetrics[0].Namespace).toBe('shop');
    expect(stderr).toMatch(/^warning: metrics\.prometheus was not written: ENOENT/);
    expect(summary.warnings).toHaveLength(1);
  });
});
