import { createHash } from 'node:crypto';
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
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDatabase, readRows } from '../src/database.ts';
import { DEFAULT_FORMAT } from '../src/flow-log-fields.ts';
import type { IngestResult } from '../src/ingest/ingest.ts';
import { createLakeViews, openLakeForWriting } from '../src/lake.ts';
import { ingestExitCode, type Part, type RunOutcome, run } from '../src/run.ts';
import { TOOL_VERSION } from '../src/version.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-run-'));
  mkdirSync(join(root, 'logs'));
  mkdirSync(join(root, 'inventory'));
  writeConfig();
  writeLog(3);
  writeFileSync(
    join(root, 'inventory', '2026-11-01T00-00-00Z.json'),
    JSON.stringify({ Vpcs: [{ VpcId: 'vpc-0123456789abcdef0', OwnerId: '123456789012' }] }),
  );
});

afterEach(() => rmSync(root, { recursive: true }));

function writeConfig(more = ''): void {
  writeFileSync(
    join(root, 'flowproof.yaml'),
    `lake: lake
output: evidence
sources:
  flow_logs:
    - files: [logs/**]
  inventory:
    - files: [inventory/**]
scope:
  - { name: cde, match: { vpc: [vpc-0123456789abcdef0] } }
period: { start: 2026-11-01, end: 2026-11-02 }
${more}`,
  );
}

function writeLog(count: number, ...more: string[]): void {
  const lines = Array.from(
    { length: count },
    (_, index) =>
      `2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 ${50_000 + index} 443 6 10 840 1793491200 1793491260 ACCEPT OK`,
  );
  writeFileSync(
    join(root, 'logs', 'a.log.gz'),
    gzipSync([DEFAULT_FORMAT.join(' '), ...lines, ...more].join('\n')),
  );
}

let time = Date.UTC(2026, 10, 20);

async function runParts(
  parts: readonly Part[],
): Promise<{ outcome: RunOutcome; stages: Set<string>; isFinished: boolean }> {
  const stages = new Set<string>();
  let isFinished = false;
  const outcome = await run({
    config: readConfig(join(root, 'flowproof.yaml')),
    parts,
    command: parts[0] ?? 'run',
    progress: {
      step: (stage) => stages.add(stage),
      finish: () => {
        isFinished = true;
      },
    },
    now: () => {
      time += 1000;
      return new Date(time);
    },
  });
  return { outcome, stages, isFinished };
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, join(root, 'lake'));
    return await readRows(database.connection, sql);
  } finally {
    database.close();
  }
}

/** Every file of the lake with its hash, less the records of runs. */
function listLake(): string[] {
  const lake = join(root, 'lake');
  return readdirSync(lake, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(lake, name)).isFile() && !name.startsWith('run/'))
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(lake, name)))
          .digest('hex')}`,
    )
    .sort();
}

describe('run', () => {
  test('ingests, keeps a record of itself, and leaves the lake open to the next', async () => {
    const { outcome, stages, isFinished } = await runParts(['ingest']);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.ingest).toMatchObject({ objectCount: 2, rowCount: 4 });
    expect(outcome.enrich).toBeUndefined();
    expect(outcome.reports).toBeUndefined();
    expect([...stages]).toEqual(['ingest']);
    expect(isFinished).toBe(true);
    const records = await query('select * exclude (run_id, started_at, finished_at) from run');
    expect(records).toEqual([
      {
        command: 'ingest',
        tool_version: TOOL_VERSION,
        config_sha256: createHash('sha256')
          .update(readFileSync(join(root, 'flowproof.yaml')))
          .digest('hex'),
        object_count: 2n,
        row_count: 4n,
        rejected_count: 0n,
        damaged_count: 0n,
        exit_code: 0,
      },
    ]);
    expect(
      await query('select count(*) as runs from run join source_object using (run_id)'),
    ).toEqual([{ runs: 2n }]);
    expect(await query('select finished_at > started_at as is_later from run')).toEqual([
      { is_later: true },
    ]);
    await (await openLakeForWriting(join(root, 'lake'))).release();
  });

  test('enriches what was ingested; a second run changes no file but the record', async () => {
    const { outcome, stages } = await runParts(['ingest', 'enrich']);
    expect(outcome.enrich).toBeDefined();
    expect([...stages]).toEqual(['ingest', 'enrich']);
    expect(await query('select count(*) as flows from flow_detail')).toEqual([{ flows: 3n }]);
    const before = listLake();
    const again = await runParts(['ingest', 'enrich']);
    expect(again.outcome.ingest).toMatchObject({ objectCount: 0, skippedCount: 2 });
    expect(listLake()).toEqual(before);
    expect(await query('select count(*) as runs from run')).toEqual([{ runs: 2n }]);
  });

  test('exits with 3 for more than is allowed to be refused, and still keeps the rest', async () => {
    writeLog(3, 'broken line');
    const { outcome } = await runParts(['ingest']);
    expect(outcome.exitCode).toBe(3);
    expect(await query('select count(*) as flows from flow')).toEqual([{ flows: 3n }]);
    expect(await query('select exit_code, rejected_count from run')).toEqual([
      { exit_code: 3, rejected_count: 1n },
    ]);
  });

  test('keeps a record without an end of a run that failed', async () => {
    const failing = run({
      config: readConfig(join(root, 'flowproof.yaml')),
      parts: ['ingest'],
      command: 'ingest',
      progress: {
        step: () => {
          throw new Error('stopped');
        },
        finish: () => {},
      },
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(await query('select command, finished_at, exit_code from run')).toEqual([
      { command: 'ingest', finished_at: null, exit_code: null },
    ]);
    // What it had not committed is read by the next.
    await runParts(['ingest']);
    expect(await query('select count(*) as flows from flow')).toEqual([{ flows: 3n }]);
  });

  test('tries again what was refused once the configuration has changed', async () => {
    writeFileSync(join(root, 'inventory', 'vpcs.json'), JSON.stringify({ Vpcs: [] }));
    expect((await runParts(['ingest'])).outcome.ingest?.damaged).toHaveLength(1);
    expect((await runParts(['ingest'])).outcome.ingest?.damaged).toEqual([]);
    const path = join(root, 'flowproof.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text.replace('[inventory/**]', '[inventory/**]\n      taken_at: 2026-11-01T06:00:00Z'),
    );
    expect((await runParts(['ingest'])).outcome.ingest).toMatchObject({
      objectCount: 1,
      damaged: [],
    });
    expect(
      await query("select status from source_object where uri = 'file:inventory/vpcs.json'"),
    ).toEqual([{ status: 'loaded' }]);
  });

  test('gives the lock back when a part fails', async () => {
    rmSync(join(root, 'inventory'), { recursive: true });
    await expect(runParts(['ingest'])).rejects.toMatchObject({ code: 'SOURCE_EMPTY' });
    await (await openLakeForWriting(join(root, 'lake'))).release();
  });

  test('misses an unknown pack before anything is read', async () => {
    writeConfig('pack: pci-dss-3.2.1\n');
    await expect(runParts(['ingest', 'enrich', 'report'])).rejects.toMatchObject({
      code: 'PACK_UNKNOWN',
    });
    expect(existsSync(join(root, 'lake'))).toBe(false);
  });

  test('own reports and packs work like the built-in ones, and exceptions hold in all packs', async () => {
    mkdirSync(join(root, 'own', 'reports'), { recursive: true });
    mkdirSync(join(root, 'own', 'packs'));
    writeFileSync(
      join(root, 'own', 'reports', 'busy_interface.sql'),
      `-- title: Interfaces with flows
-- question: Which interfaces have flows?
-- requirements: none
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows
-- grain: one row an interface
-- limits: None.
select 'contradicts' as status, interface_id, count(*) as flows
from flow_enriched
where flow_date >= cast(cast($period_start as timestamp) as date)
  and flow_date < cast(cast($period_end as timestamp) as date)
group by interface_id
order by interface_id
`,
    );
    const requirement = (id: string, reports: string) =>
      `  - { id: ${id}, title: t, asks: a, limits: l, manual: [], reports: [${reports}] }\n`;
    writeFileSync(
      join(root, 'own', 'packs', 'house-rules.yaml'),
      `name: house-rules\ntitle: House rules\nstandard: Our own\nrequirements:\n${requirement('H-1', 'busy_interface')}${requirement('H-2', 'coverage_gaps')}`,
    );
    writeFileSync(
      join(root, 'exceptions.yaml'),
      `exceptions:
  - id: EX-1
    report: busy_interface
    match: { interface_id: eni-0123456789abcdef0 }
    what: It is busy.
    why: It must be.
    compensating_control: It is watched.
    owner: network team
    approved_by: head of security
    expires: 2026-11-01
`,
    );
    writeConfig('pack: [house-rules, soc2]\nqueries: own\nexceptions: exceptions.yaml\n');
    const { outcome } = await runParts(['ingest', 'enrich', 'report']);
    const [own, soc2] = outcome.reports ?? [];
    expect(own?.folder).toBe(join(root, 'evidence', 'house-rules_2026-11-01_2026-11-02'));
    expect(soc2?.folder).toBe(join(root, 'evidence', 'soc2_2026-11-01_2026-11-02'));
    const busy = own?.content.reports.find(({ name }) => name === 'busy_interface');
    expect(busy?.rows).toEqual([['accepted', 'eni-0123456789abcdef0', 3, 'EX-1']]);
    expect(busy?.requirements).toEqual(['H-1']);
    expect(own?.content.requirements[0]).toMatchObject({ id: 'H-1', status: 'partial' });
    expect(own?.content.exceptions?.uses).toMatchObject([{ id: 'EX-1', rowCount: 1 }]);
    expect(soc2?.content.exceptions?.uses).toEqual([]);
    const gaps = (pack: typeof own) =>
      pack?.content.reports.find(({ name }) => name === 'coverage_gaps');
    expect(gaps(own)?.requirements).toEqual(['H-2']);
    expect(gaps(soc2)?.requirements).toEqual(['CC7.2']);
    expect(gaps(soc2)?.rows).toEqual(gaps(own)?.rows);
    expect(readFileSync(join(own?.folder ?? '', 'busy_interface.csv'), 'utf8')).toContain('EX-1');
  });

  test.each([
    ['a folder without reports or packs', 'queries: logs\n', 'REPORT_INVALID', /neither reports/],
    ['no file of exceptions', 'exceptions: no.yaml\n', 'EXCEPTIONS_INVALID', /no\.yaml/],
  ])('%s stops the run before anything is read', async (_, more, code, message) => {
    writeConfig(more);
    await expect(runParts(['ingest', 'report'])).rejects.toMatchObject({ code });
    await expect(runParts(['ingest', 'report'])).rejects.toThrow(message);
    expect(existsSync(join(root, 'lake'))).toBe(false);
  });

  test('a report with the name of a built-in one is refused', async () => {
    mkdirSync(join(root, 'own', 'reports'), { recursive: true });
    writeFileSync(join(root, 'own', 'reports', 'coverage_gaps.sql'), 'select 1');
    writeConfig('queries: own\n');
    await expect(runParts(['ingest', 'report'])).rejects.toThrow(/its name is taken by .*queries/);
  });

  test('refuses to run while another run writes to the lake', async () => {
    const lock = await openLakeForWriting(join(root, 'lake'));
    await expect(runParts(['ingest'])).rejects.toMatchObject({ code: 'LAKE_LOCKED' });
    await lock.release();
  });
});

describe('ingestExitCode', () => {
  const none: IngestResult = {
    listedCount: 0,
    skippedCount: 0,
    objectCount: 0,
    duplicateCount: 0,
    rowCount: 0,
    rejectedCount: 0,
    nodataCount: 0,
    skipdataCount: 0,
    sizeBytes: 0,
    rejected: [],
    damaged: [],
    unreachable: [],
  };
  const damaged = [{ uri: 'file:a', status: 'damaged', reason: 'cut' }];
  const unreachable = [{ uri: 'file:a', problem: 'access is denied' }];
  const allowing = (rejected_lines: number, damaged_objects: number) => ({
    allowance: { rejected_lines, damaged_objects },
  });

  test.each([
    ['nothing wrong', {}, allowing(0, 0), 0],
    ['a rejected line', { rejectedCount: 1 }, allowing(0, 0), 3],
    ['as many as allowed', { rejectedCount: 1, damaged }, allowing(1, 1), 0],
    ['a damaged object', { damaged }, allowing(9, 0), 3],
    ['something out of reach', { unreachable, rejectedCount: 9 }, allowing(0, 0), 1],
  ])('%s', (_, result, config, code) => {
    expect(ingestExitCode({ ...none, ...result }, config)).toBe(code);
  });
});
