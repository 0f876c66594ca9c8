import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { localDays } from '../../src/enrich/local-days.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import { openBatch } from '../../src/lake-batch.ts';
import { columnDefinitions, quoteName, TABLES } from '../../src/tables.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from './fixture.ts';

const NEXT_DAY = '2026-11-03';
const DERIVED = TABLES.filter((table) => table.layer !== 'ingest');
const STORED = DERIVED.filter((table) => !table.isView);
const DAILY = STORED.filter((table) => table.partition === 'flow_date');

let lake: string;
let lock: Awaited<ReturnType<typeof openLakeForWriting>>;
let database: Database;
let staged: Database;

beforeEach(async () => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-enrich-'));
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
  await createLakeViews(database.connection, lake);
  staged = await openTables(['ingest']);
  await fixture.addSnapshot(staged, '2026-11-02 00:00:00', [fixture.networkInterface()]);
  await fixture.addRows(staged, 'source_object', [fixture.flowObject('o')]);
  await fixture.addRows(staged, 'flow', [
    fixture.flow(1),
    fixture.flow(2, {
      start_at: `${NEXT_DAY} 10:00:00`,
      end_at: `${NEXT_DAY} 10:00:30`,
      flow_date: NEXT_DAY,
    }),
  ]);
  await fixture.addRows(staged, 'ips_event', [fixture.ipsEvent('e1')]);
});

afterEach(async () => {
  staged.close();
  database.close();
  await lock.release();
  rmSync(lake, { recursive: true });
});

/** Writes what was staged as one committed batch of the lake, and empties the stage. */
async function commit(name: string): Promise<void> {
  const batch = await openBatch(database.connection, lake, name);
  for (const table of TABLES.filter(({ layer }) => layer === 'ingest')) {
    const file = join(lake, `.${table.name}.parquet`);
    const columns = table.columns.map((column) => column.name);
    await staged.connection.run(`copy ${quoteName(table.name)} to '${file}' (format parquet)`);
    const list = columns.map(quoteName).join(', ');
    await batch.insertRows(table.name, columns, `select ${list} from read_parquet('${file}')`);
    await staged.connection.run(`truncate ${quoteName(table.name)}`);
    rmSync(file);
  }
  await batch.commit();
  await createLakeViews(database.connection, lake);
}

async function run(maxAgeHours = 24) {
  const dates: string[] = [];
  const result = await enrich({
    connection: database.connection,
    lake,
    days: localDays({ connection: database.connection, lake }),
    config: {
      scope: [{ name: 'cde', match: { vpc: ['vpc-a'] } }],
      metadata_max_age_hours: maxAgeHours,
      metadata_backdate_hours: 0,
      event_clock_tolerance_seconds: 60,
    },
    onProgress: ({ date }) => dates.push(date),
  });
  return { ...result, dates };
}

/** Where the lake of the first batch stands, enriched: made by the first test that wants it, as it takes seconds. */
let enriched: string | undefined;
afterAll(() => {
  if (enriched) rmSync(enriched, { recursive: true });
});

/** Commits what `beforeEach` staged, and enriches it. */
async function startEnriched(): Promise<void> {
  // A lock is its lake's own.
  const copy = (from: string, to: string): void =>
    cpSync(from, to, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => basename(path) !== 'lock',
    });
  if (enriched) {
    copy(enriched, lake);
    for (const table of TABLES.filter(({ layer }) => layer === 'ingest')) {
      await staged.connection.run(`truncate ${quoteName(table.name)}`);
    }
    await createLakeViews(database.connection, lake);
    return;
  }
  await commit('first');
  await run();
  enriched = mkdtempSync(join(tmpdir(), 'flowproof-enriched-'));
  copy(lake, enriched);
}

/** File and time of last change of every daily mart: which of them a run wrote. */
function writtenAt(): Record<string, number> {
  return Object.fromEntries(
    [fixture.DAY, NEXT_DAY].flatMap((date) =>
      DAILY.map((table) => {
        const file = join(table.name, `flow_date=${date}`, 'data.parquet');
        return [file, statSync(join(lake, file)).mtimeMs];
      }),
    ),
  );
}

test('every derived table has the columns and types of the catalogue', async () => {
  await commit('first');
  expect(await run()).toEqual({
    dayCount: 2,
    rebuiltDayCount: 2,
    copyCount: 0,
    lateDates: [],
    dates: [fixture.DAY, NEXT_DAY],
  });
  for (const table of DERIVED) {
    const described = await fixture.read(
      database,
      `select column_name, column_type from (describe ${quoteName(table.name)})`,
    );
    const definitions = described.map((row) => `${row.column_name} ${row.column_type}`).join(', ');
    // The engine quotes members of structs that are words of SQL.
    const plain = (text: string): string => text.replaceAll('"', '');
    expect([table.name, plain(definitions)]).toEqual([table.name, plain(columnDefinitions(table))]);
  }
});

test('a step that needs more memory than it may take runs once more, on one thread', async () => {
  await commit('first');
  const { connection } = database;
  const plain = connection.run.bind(connection);
  const threads: unknown[] = [];
  let failures = 1;
  const spy = vi.spyOn(connection, 'run').mockImplementation(async (sql, ...values) => {
    if (sql.startsWith('copy') && sql.includes('flow_verdict-')) {
      threads.push(
        ...(await fixture.read(database, `select current_setting('threads') as threads`)),
      );
      failures -= 1;
      if (failures >= 0) throw new Error('Out of Memory Error: could not allocate block');
    }
    return plain(sql, ...values);
  });
  const [before] = await fixture.read(database, `select current_setting('threads') as threads`);
  expect(await run()).toMatchObject({ rebuiltDayCount: 2 });
  expect(threads).toEqual([before, { threads: 1 }, before]);
  expect(await fixture.read(database, 'select count(*) as flows from flow_verdict')).toEqual([
    { flows: 2 },
  ]);
  failures = 2;
  await expect(run(48)).rejects.toThrow('Out of Memory Error');
  expect(await fixture.read(database, `select current_setting('threads') as threads`)).toEqual([
    before,
  ]);
  spy.mockRestore();
  expect(await run(48)).toMatchObject({ rebuiltDayCount: 2 });
});

test('one row a flow, in each mart that has one row a flow', async () => {
  await startEnriched();
  const counts = await fixture.read(
    database,
    `select (select count(*) from flow) as flows,
       (select count(distinct flow_id) from flow_enriched) as ids,
       (select count(*) from flow_enriched) as enriched,
       (select count(*) from flow_detail) as details,
       (select count(*) from flow_event) as pairs`,
  );
  expect(counts).toEqual([{ flows: 2, ids: 2, enriched: 2, details: 2, pairs: 1 }]);
  const scopes = await fixture.read(
    database,
    'select flow_id, scope_name, flow_date from flow_detail order by flow_id',
  );
  expect(scopes).toMatchObject([
    { flow_id: 'o:1', scope_name: 'cde' },
    { flow_id: 'o:2', scope_name: null },
  ]);
});

test('a flow that two flow logs recorded is one row, with the richer record, and says so', async () => {
  await fixture.addRows(staged, 'source_object', [
    fixture.flowObject('rich', { flow_log_id: 'fl-rich', fields: fixture.FULL_FIELDS }),
  ]);
  await fixture.addRows(staged, 'flow', [fixture.flow(5, { object_id: 'rich', tcp_flags: 2 })]);
  await commit('first');
  expect(await run()).toMatchObject({ copyCount: 1 });
  const rows = await fixture.read(
    database,
    `select flow_id, copy_count, copy_flow_ids, copy_flow_logs, event_ids
     from flow_enriched order by flow_id`,
  );
  expect(rows).toEqual([
    { flow_id: 'o:2', copy_count: 0, copy_flow_ids: [], copy_flow_logs: [], event_ids: [] },
    {
      flow_id: 'rich:5',
      copy_count: 1,
      copy_flow_ids: ['o:1'],
      copy_flow_logs: ['flow_logs[0]'],
      event_ids: ['e1'],
    },
  ]);
  const counts = await fixture.read(
    database,
    `select (select count(*) from flow) as records, (select count(*) from flow_detail) as details,
       (select string_agg(flow_id) from flow_event) as pairs`,
  );
  expect(counts).toEqual([{ records: 3, details: 2, pairs: 'rich:5' }]);
});

test('a flow whose object the ledger does not have is kept', async () => {
  await fixture.addRows(staged, 'flow', [fixture.flow(7, { object_id: 'unlisted' })]);
  await commit('first');
  await run();
  expect(
    await fixture.read(
      database,
      "select flow_id, source, log_format from flow_enriched where object_id = 'unlisted'",
    ),
  ).toEqual([{ flow_id: 'unlisted:7', source: null, log_format: null }]);
});

test('a second run makes nothing again', async () => {
  await startEnriched();
  const before = writtenAt();
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 0 });
  expect(writtenAt()).toEqual(before);
});

test('a late flow file makes only its day again', async () => {
  await startEnriched();
  const before = writtenAt();
  await fixture.addRows(staged, 'source_object', [fixture.flowObject('late')]);
  await fixture.addRows(staged, 'flow', [fixture.flow(1, { object_id: 'late' })]);
  await commit('second');
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 1 });
  const changed = Object.entries(writtenAt())
    .filter(([file, time]) => before[file] !== time)
    .map(([file]) => file);
  expect(changed.sort()).toEqual(
    DAILY.map((table) => join(table.name, `flow_date=${fixture.DAY}`, 'data.parquet')).sort(),
  );
  const rows = await fixture.read(database, 'select flow_id from flow_enriched order by flow_id');
  expect(rows.map((row) => row.flow_id)).toEqual(['late:1', 'o:1', 'o:2']);
});

test('late events make the days around them again', async () => {
  await startEnriched();
  const event = fixture.ipsEvent('e2', {
    event_at: '2026-11-01 23:00:00',
    event_date: '2026-11-01',
  });
  await fixture.addRows(staged, 'source_object', [
    fixture.flowObject('events', { kind: 'ips_events' }),
  ]);
  await fixture.addRows(staged, 'ips_event', [event]);
  await commit('second');
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 1 });
});

/** Event, day and reason of each row of event_match. */
function eventMatches() {
  return fixture.read(
    database,
    "select event_id, event_date, match_count, coalesce(reason, 'none') as reason from event_match order by event_id",
  );
}

test('an event has a row on its own day, also where no flow log was read', async () => {
  await fixture.addRows(staged, 'ips_event', [
    fixture.ipsEvent('e0', { event_at: '2026-10-01 00:00:00', event_date: '2026-10-01' }),
    // It belongs to the flow of the day after.
    fixture.ipsEvent('e2', { event_at: '2026-11-02 23:59:30' }),
  ]);
  await fixture.addRows(staged, 'flow', [
    fixture.flow(3, {
      start_at: `${NEXT_DAY} 00:00:00`,
      end_at: `${NEXT_DAY} 00:00:05`,
      flow_date: NEXT_DAY,
    }),
  ]);
  await commit('first');
  await run();
  expect(await eventMatches()).toMatchObject([
    { event_id: 'e0', event_date: '2026-10-01 00:00:00', reason: 'no_interface_known' },
    { event_id: 'e1', event_date: `${fixture.DAY} 00:00:00`, match_count: 1, reason: 'none' },
    { event_id: 'e2', event_date: `${fixture.DAY} 00:00:00`, match_count: 1, reason: 'none' },
  ]);
});

test('a day without traffic has its NODATA records, and only they make its rollup again', async () => {
  const quietDay = '2026-11-05';
  const commitQuiet = async (hour: string) => {
    const object_id = `quiet-${hour}`;
    await fixture.addRows(staged, 'source_object', [fixture.flowObject(object_id)]);
    await fixture.addRows(staged, 'flow_status', [
      {
        interface_id: fixture.INTERFACE,
        log_status: 'NODATA',
        start_at: `${quietDay} ${hour}:00:00`,
        end_at: `${quietDay} ${hour}:10:00`,
        object_id,
        line_number: 1,
        flow_date: quietDay,
      },
    ]);
    await commit(object_id);
  };
  const seen = () =>
    fixture.read(
      database,
      `select cast(flow_date as varchar) as day, record_count, nodata_count,
         array_to_string(seen_hours, ' ') as hours
       from interface_day order by day`,
    );
  await startEnriched();
  const written = writtenAt();
  await commitQuiet('07');
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 0 });
  expect(writtenAt()).toEqual(written);
  expect((await seen()).map((row) => Object.values(row))).toEqual([
    [fixture.DAY, 1, 0, '10'],
    [NEXT_DAY, 1, 0, '10'],
    [quietDay, 0, 1, '7'],
  ]);
  await commitQuiet('09');
  await run();
  expect((await seen()).at(-1)).toMatchObject({ nodata_count: 2, hours: '7 9' });
});

test('what becomes of events is made again when flows of the days around them change', async () => {
  await startEnriched();
  const file = join(lake, 'event_match', `event_date=${fixture.DAY}`, 'data.parquet');
  const before = statSync(file).mtimeMs;
  await run();
  expect(statSync(file).mtimeMs).toBe(before);
  await fixture.addRows(staged, 'source_object', [
    fixture.flowObject('late', {
      first_at: `${NEXT_DAY} 00:00:00`,
      last_at: `${NEXT_DAY} 01:00:00`,
    }),
  ]);
  await fixture.addRows(staged, 'flow', [
    fixture.flow(1, {
      object_id: 'late',
      srcport: null,
      start_at: `${NEXT_DAY} 00:00:00`,
      end_at: null,
      flow_date: NEXT_DAY,
    }),
  ]);
  await commit('second');
  await run();
  expect(statSync(file).mtimeMs).not.toBe(before);
});

/** Every stored file of enrichment, by name. */
function derivedFiles(): Record<string, string> {
  return Object.fromEntries(
    STORED.filter((table) => existsSync(join(lake, table.name))).flatMap((table) =>
      readdirSync(join(lake, table.name), { recursive: true })
        .map((name) => join(table.name, String(name)))
        .filter((name) => name.endsWith('.parquet'))
        .map((name) => [name, readFileSync(join(lake, name)).toString('base64')]),
    ),
  );
}

/** Removes all that enrichment made, and makes it again. */
async function rebuild(): Promise<void> {
  for (const table of STORED) rmSync(join(lake, table.name), { recursive: true, force: true });
  await run();
}

/** A later snapshot, with the ledger row that makes it part of the lake. */
async function addLaterSnapshot(takenAt: string, items: fixture.Item[]): Promise<void> {
  await fixture.addRows(staged, 'source_object', [
    fixture.flowObject('inventory', { kind: 'inventory' }),
  ]);
  await fixture.addSnapshot(staged, takenAt, items);
}

const group = fixture.tagged('security_group', 'sg-a');
const rule = (id: string, parts: Partial<fixture.RuleParts> = {}) =>
  fixture.rule({ id, cidr: '198.51.100.0/24', ports: [443, 443], ...parts });

test('tables that grew are those of a lake that is enriched at once, byte for byte', async () => {
  const first = [group, rule('sgr-1'), rule('sgr-2', { reference: 'sg-a', isEgress: true })];
  await fixture.addSnapshot(staged, '2026-11-02 00:00:00', first);
  await commit('first');
  await run();
  await fixture.addRows(staged, 'source_object', [fixture.flowObject('late')]);
  await fixture.addRows(staged, 'flow', [
    fixture.flow(1, { object_id: 'late', srcport: null }),
    fixture.flow(2, { object_id: 'late', srcaddr: '203.0.113.9', action: 'REJECT' }),
  ]);
  await fixture.addRows(staged, 'ips_event', [
    fixture.ipsEvent('e3', { source_port: null, event_at: `${fixture.DAY} 23:59:59` }),
    fixture.ipsEvent('e4', { event_at: '2026-11-03 00:00:01', event_date: NEXT_DAY }),
  ]);
  // It changes a rule within the second day, and what is known of the first.
  const second = [fixture.networkInterface(), group, rule('sgr-3', { cidr: '0.0.0.0/0' })];
  await addLaterSnapshot('2026-11-03 12:00:00', second);
  await commit('second');
  expect(await run()).toMatchObject({ rebuiltDayCount: 2 });
  const grown = derivedFiles();
  expect(Object.keys(grown).length).toBeGreaterThan(STORED.length);
  await rebuild();
  expect(derivedFiles()).toEqual(grown);
});

test('a snapshot that says nothing new of a day leaves the day as it is', async () => {
  const items = [group, rule('sgr-1'), fixture.networkInterface()];
  await fixture.addSnapshot(staged, '2026-11-02 00:00:00', items.slice(0, 2));
  await fixture.addSnapshot(staged, '2026-11-03 09:00:00', items);
  await fixture.addSnapshot(staged, '2026-11-04 12:00:00', items);
  await commit('first');
  await run();
  const before = writtenAt();
  const other = [group, rule('sgr-9'), fixture.networkInterface({ groups: ['sg-b'] })];
  await addLaterSnapshot('2026-11-05 12:00:00', other);
  await commit('second');
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 0 });
  expect(writtenAt()).toEqual(before);
  const grown = derivedFiles();
  await rebuild();
  expect(derivedFiles()).toEqual(grown);
});

test('a snapshot that says more of one day makes that day again', async () => {
  const items = [group, rule('sgr-1'), fixture.networkInterface()];
  await fixture.addSnapshot(staged, '2026-11-02 00:00:00', items.slice(0, 2));
  await fixture.addSnapshot(staged, '2026-11-03 09:00:00', items);
  await commit('first');
  await run();
  const changed = [group, rule('sgr-9'), fixture.networkInterface()];
  await addLaterSnapshot('2026-11-03 12:00:00', changed);
  await commit('second');
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 1 });
});

test('a new inventory snapshot that says more of all days makes all again', async () => {
  await startEnriched();
  await fixture.addRows(staged, 'source_object', [
    fixture.flowObject('inventory', { kind: 'inventory' }),
  ]);
  await fixture.addSnapshot(staged, '2026-11-03 12:00:00', [fixture.networkInterface()]);
  await commit('second');
  expect(await run()).toMatchObject({ dayCount: 2, rebuiltDayCount: 2 });
  const rows = await fixture.read(
    database,
    'select as_of_precision from flow_enriched order by flow_id',
  );
  expect(rows).toEqual([{ as_of_precision: 'observed' }, { as_of_precision: 'observed' }]);
});

test('another age of metadata makes everything again', async () => {
  await startEnriched();
  expect(await run(48)).toMatchObject({ rebuiltDayCount: 2 });
  const rows = await fixture.read(
    database,
    'select as_of_precision from flow_enriched order by flow_id',
  );
  expect(rows).toEqual([
    { as_of_precision: 'carried_forward' },
    { as_of_precision: 'carried_forward' },
  ]);
});

test('content that replaces an object takes its flows, and a day that has none left, away', async () => {
  await startEnriched();
  await fixture.addRows(staged, 'source_object', [
    fixture.flowObject('longer', { supersedes_object_id: 'o' }),
  ]);
  await fixture.addRows(staged, 'flow', [fixture.flow(1, { object_id: 'longer' })]);
  await commit('second');
  await run();
  const rows = await fixture.read(database, 'select flow_id from flow_enriched');
  expect(rows).toEqual([{ flow_id: 'longer:1' }]);
});

test('an empty lake gives empty tables', async () => {
  expect(await run()).toEqual({
    dayCount: 0,
    rebuiltDayCount: 0,
    copyCount: 0,
    lateDates: [],
    dates: [],
  });
  expect(await fixture.read(database, 'select count(*) as n from flow_enriched')).toEqual([
    { n: 0 },
  ]);
});
