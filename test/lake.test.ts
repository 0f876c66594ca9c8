import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, readRows } from '../src/database.ts';
import { DEFAULT_FORMAT } from '../src/flow-log-fields.ts';
import { ingest } from '../src/ingest/ingest.ts';
import { filesSource } from '../src/ingest/sources/files.ts';
import { createLakeViews, openLakeForWriting } from '../src/lake.ts';
import { openBatch } from '../src/lake-batch.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { TABLES } from '../src/tables.ts';

let root = '';
let lake = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-lake-'));
  lake = join(root, 'lake');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Rows of a query on the views of a lake, as a reader sees them who takes no lock. */
async function query(folder: string, sql: string): Promise<Record<string, unknown>[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, folder);
    return await readRows(database.connection, sql);
  } finally {
    database.close();
  }
}

async function writeBatch(folder: string, objectId: string, name = objectId): Promise<void> {
  const lock = await openLakeForWriting(folder);
  const database = await openDatabase();
  try {
    const batch = await openBatch(database.connection, folder, name);
    for (const [line, date] of [
      [1, '2026-11-02'],
      [2, '2026-11-03'],
    ] as const) {
      batch.addRow('flow', { object_id: objectId, line_number: line, flow_date: new Date(date) });
    }
    batch.addRow('source_object', { object_id: objectId, uri: `file:${objectId}` });
    await batch.commit();
  } finally {
    database.close();
    await lock.release();
  }
}

const FLOWS = 'select object_id, line_number from flow order by all';

describe('openLakeForWriting', () => {
  test('lets one in at a time, and the next after it', async () => {
    const lock = await openLakeForWriting(lake);
    await expect(openLakeForWriting(lake)).rejects.toMatchObject({
      code: 'LAKE_LOCKED',
      place: lake,
      problem: expect.stringContaining(`process ${process.pid}`),
      remedy: expect.stringContaining('lock'),
    });
    await lock.release();
    await (await openLakeForWriting(lake)).release();
    expect(readdirSync(join(lake, '.flowproof')).sort()).toEqual([
      'catalogues',
      'scratch',
      'staging',
    ]);
  });

  test('keeps out while another process lives, and takes over from one that is dead', async () => {
    mkdirSync(join(lake, '.flowproof'), { recursive: true });
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeFileSync(join(lake, '.flowproof', 'lock'), `${child.pid}\n`);
    await expect(openLakeForWriting(lake)).rejects.toMatchObject({ code: 'LAKE_LOCKED' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await openLakeForWriting(lake)).release();
  });

  test.each(['', 'no number', '-1', String(process.pid)])(
    'takes over a lock that says %j: nobody lives who holds it',
    async (text) => {
      mkdirSync(join(lake, '.flowproof'), { recursive: true });
      writeFileSync(join(lake, '.flowproof', 'lock'), text);
      await (await openLakeForWriting(lake)).release();
      expect(existsSync(join(lake, '.flowproof', 'lock'))).toBe(false);
    },
  );

  test('lets one of many in that come at once', async () => {
    mkdirSync(join(lake, '.flowproof'), { recursive: true });
    writeFileSync(join(lake, '.flowproof', 'lock'), 'no number');
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => openLakeForWriting(lake)),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'LAKE_LOCKED' });
    }
  });

  test('says what to do about a folder that cannot be one', async () => {
    writeFileSync(lake, 'a file');
    await expect(openLakeForWriting(lake)).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      place: lake,
      problem: expect.stringMatching(/ENOTDIR|EEXIST/),
    });
  });

  test('empties the scratch folder, and lets nobody else look into the lake', async () => {
    mkdirSync(join(lake, '.flowproof', 'scratch'), { recursive: true });
    writeFileSync(join(lake, '.flowproof', 'scratch', 'left'), 'x');
    chmodSync(lake, 0o700);
    const lock = await openLakeForWriting(lake);
    expect(readdirSync(join(lake, '.flowproof', 'scratch'))).toEqual([]);
    await lock.release();
  });
});

describe('a batch that a dead run left', () => {
  /** Puts a whole batch back to where it was staged, and gives the files of it. */
  async function stage(): Promise<{ staged: string; files: string[] }> {
    await writeBatch(lake, 'first');
    const other = join(root, 'other');
    await writeBatch(other, 'second');
    const staged = join(lake, '.flowproof', 'staging', 'batch');
    for (const table of ['flow', 'source_object']) {
      cpSync(join(other, table), join(staged, table), { recursive: true });
    }
    const files = readdirSync(staged, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.parquet'));
    expect(files).toHaveLength(3);
    return { staged, files };
  }

  const FIRST = [1n, 2n].map((line) => ({ object_id: 'first', line_number: line }));
  const BOTH = [...FIRST, ...[1n, 2n].map((line) => ({ object_id: 'second', line_number: line }))];
  const recover = async () => (await openLakeForWriting(lake)).release();

  test('vanishes if it was not committed', async () => {
    const { staged } = await stage();
    await recover();
    expect(existsSync(staged)).toBe(false);
    expect(await query(lake, FLOWS)).toEqual(FIRST);
  });

  test('is finished if it was', async () => {
    const { staged } = await stage();
    writeFileSync(join(staged, 'COMMIT'), '');
    expect(await query(lake, FLOWS)).toEqual(FIRST);
    await recover();
    expect(existsSync(staged)).toBe(false);
    expect(await query(lake, FLOWS)).toEqual(BOTH);
  });

  test.each([1, 2, 3])('is finished if %i of its 3 files had been moved', async (count) => {
    const { staged, files } = await stage();
    writeFileSync(join(staged, 'COMMIT'), '');
    const inOrder = [...files.filter((file) => file.startsWith('flow/')), ...files].slice(0, 3);
    for (const file of new Set(inOrder.slice(0, count))) {
      mkdirSync(dirname(join(lake, file)), { recursive: true });
      renameSync(join(staged, file), join(lake, file));
    }
    // A reader sees all of the batch or nothing: the ledger is moved last.
    expect(await query(lake, FLOWS)).toEqual(count === 3 ? BOTH : FIRST);
    await recover();
    expect(existsSync(staged)).toBe(false);
    expect(await query(lake, FLOWS)).toEqual(BOTH);
  });

  test('stays out of sight until all its files are in place', async () => {
    const { staged, files } = await stage();
    writeFileSync(join(staged, 'COMMIT'), '');
    const [, blocked = ''] = files.filter((file) => file.startsWith('flow/')).sort();
    mkdirSync(join(lake, blocked, 'in the way'), { recursive: true });
    await expect(recover()).rejects.toMatchObject({
      code: 'LAKE_UNUSABLE',
      problem: expect.stringContaining('cannot be written to'),
    });
    expect(await query(lake, FLOWS)).toEqual(FIRST);
    rmSync(join(lake, blocked), { recursive: true });
    await recover();
    expect(await query(lake, FLOWS)).toEqual(BOTH);
  });
});

describe('createLakeViews', () => {
  test('makes an empty view of each table of a lake that is not there yet', async () => {
    for (const table of TABLES) {
      expect(await query(lake, `select * from "${table.name}"`)).toEqual([]);
    }
    expect(existsSync(lake)).toBe(false);
  });

  test('leaves out files that the ledger does not know', async () => {
    await writeBatch(lake, 'first');
    const partition = join(lake, 'flow', 'flow_date=2026-11-02');
    const [file = ''] = readdirSync(partition);
    cpSync(join(partition, file), join(partition, 'stranger-0.parquet'));
    expect(await query(lake, FLOWS)).toHaveLength(2);
    expect(await query(lake, 'select * from source_object')).toHaveLength(1);
  });

  test.each(['before the newer files', 'alone'])(
    'a lake of an earlier version, whose files lack columns, is read %s',
    async (which) => {
      await writeBatch(lake, 'old');
      const database = await openDatabase();
      for (const date of ['2026-11-02', '2026-11-03']) {
        const partition = join(lake, 'flow', `flow_date=${date}`);
        const file = join(partition, readdirSync(partition)[0] ?? '');
        await database.connection.run(
          `copy (select * exclude (tgw_id, srcaddr, flow_date) from read_parquet('${file}')) to '${file}.new' (format parquet)`,
        );
        renameSync(`${file}.new`, file);
      }
      database.close();
      rmSync(join(lake, '.flowproof', 'catalogues'));
      if (which === 'before the newer files') {
        await writeBatch(lake, 'new');
        await writeBatch(lake, 'newer');
      }
      const rows = await query(lake, 'select object_id, tgw_id, srcaddr from flow order by all');
      expect(rows).toHaveLength(which === 'alone' ? 2 : 6);
      expect(rows[0]).toEqual({
        object_id: which === 'alone' ? 'old' : 'new',
        tgw_id: null,
        srcaddr: null,
      });
      expect(rows.map((row) => row.object_id)).toContain('old');
    },
  );

  test('reads a lake whose path holds characters of patterns', async () => {
    const folder = join(root, 'lake[1]*');
    await writeBatch(folder, 'first', 'same');
    await writeBatch(join(root, 'lake1'), 'second', 'same');
    expect(await query(folder, 'select distinct object_id from flow')).toEqual([
      { object_id: 'first' },
    ]);
  });
});

describe('killing a run', () => {
  const OBJECTS = 60;

  /** 60 objects: flow logs of several days with bad lines, NODATA, copies, and inventory. */
  function writeObjects(base: string): void {
    mkdirSync(base);
    for (let index = 0; index < OBJECTS - 10; index += 1) {
      const content = index % 12 === 11 ? 0 : index;
      const lines = Array.from({ length: 40 }, (_, line) => {
        const start = 1_793_491_200 + content * 10_000 + line * 60;
        if (line === 7) return `2 broken ${content}`;
        const [ports, status] = line % 13 === 5 ? ['- - -', 'NODATA'] : ['50000 443 6', 'OK'];
        return `2 123456789012 eni-0123456789abcdef0 10.0.0.${content} 198.51.100.7 ${ports} 1 40 ${start} ${start + 60} ACCEPT ${status}`;
      });
      const text = [DEFAULT_FORMAT.join(' '), ...lines].join('\n');
      const name = `flow-${String(index).padStart(2, '0')}.log.gz`;
      writeFileSync(join(base, name), gzipSync(index === 20 ? 'no flow log' : text));
    }
    for (let index = 0; index < 10; index += 1) {
      writeFileSync(
        join(base, `2026-11-0${index % 9}T00-0${index}-00Z.json`.replace('-00T', '-09T')),
        JSON.stringify({ Vpcs: [{ VpcId: 'vpc-0123456789abcdef0', OwnerId: '123456789012' }] }),
      );
    }
  }

  const PERIOD = { start: new Date('2026-10-01T00:00Z'), end: new Date('2027-01-01T00:00Z') };

  async function ingestAll(base: string, folder: string): Promise<void> {
    const lock = await openLakeForWriting(folder);
    const database = await openDatabase();
    try {
      await createLakeViews(database.connection, folder);
      const source = (pattern: string) =>
        filesSource({ label: pattern, patterns: [pattern], baseFolder: base, hints: {} });
      await ingest({
        connection: database.connection,
        lake: folder,
        sources: [
          { kind: 'inventory', source: source('*.json') },
          { kind: 'flow_logs', source: source('*.gz') },
        ],
        period: PERIOD,
        runId: 'whole',
        now: () => new Date(),
        onProgress: () => {},
      });
    } finally {
      database.close();
      await lock.release();
    }
  }

  const CHILD = `
    import { pathToFileURL } from 'node:url';
    import { writeSync } from 'node:fs';
    const [source, base, lake, runId] = process.argv.slice(1);
    const load = (name) => import(pathToFileURL(source + '/' + name).href);
    const { openDatabase } = await load('database.ts');
    const { ingest } = await load('ingest/ingest.ts');
    const { filesSource } = await load('ingest/sources/files.ts');
    const { createLakeViews, openLakeForWriting } = await load('lake.ts');
    await openLakeForWriting(lake);
    const { connection } = await openDatabase();
    await createLakeViews(connection, lake);
    const entry = (kind, pattern) => ({
      kind,
      source: filesSource({ label: pattern, patterns: [pattern], baseFolder: base, hints: {} }),
    });
    await ingest({
      connection, lake, runId, batchObjects: 4,
      sources: [entry('inventory', '*.json'), entry('flow_logs', '*.gz')],
      period: { start: new Date('2026-10-01T00:00Z'), end: new Date('2027-01-01T00:00Z') },
      now: () => new Date(),
      onProgress: () => writeSync(1, '.'),
    });
    writeSync(1, 'done');
    setInterval(() => {}, 1000);
  `;

  /** Starts a run and kills it `delay` milliseconds after its `count`th object. */
  async function runAndKill(
    base: string,
    runId: string,
    count: number,
    delay: number,
  ): Promise<boolean> {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        CHILD,
        join(PACKAGE_ROOT, 'src'),
        base,
        lake,
        runId,
      ],
      { cwd: PACKAGE_ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const exited = once(child, 'exit');
    let output = '';
    let errors = '';
    let isKilling = false;
    child.stderr.on('data', (data) => {
      errors += data;
    });
    child.stdout.on('data', (data) => {
      output += data;
      const isDue = output.replace('done', '').length >= count || output.endsWith('done');
      if (!isDue || isKilling) return;
      isKilling = true;
      setTimeout(() => child.kill('SIGKILL'), delay);
    });
    const [, signal] = (await exited) as [number | null, string | null];
    expect([signal, errors]).toEqual(['SIGKILL', '']);
    return output.endsWith('done');
  }

  const COMPARED = TABLES.filter((table) => table.layer === 'ingest' && table.name !== 'run');

  async function contentOf(folder: string): Promise<Record<string, string[]>> {
    const content: Record<string, string[]> = {};
    for (const table of COMPARED) {
      const columns = table.columns
        .map((column) => column.name)
        .filter((name) => name !== 'ingested_at' && name !== 'run_id')
        .map((name) => `"${name}"`)
        .join(', ');
      const rows = await query(
        folder,
        `select cast(row(${columns}) as varchar) as content from ${table.name} order by content`,
      );
      content[table.name] = rows.map((row) => String(row.content));
    }
    return content;
  }

  /** Objects whose rows in the lake are not as many as the ledger says, and rows of no object. */
  const INCONSISTENT = `
    with counted as (
      select object_id, count(*) as row_count from flow group by object_id
      union all
      select object_id, count(*) from inventory_item group by object_id
    )
    select object_id, source_object.row_count as said, counted.row_count as found
    from source_object full join counted using (object_id)
    where coalesce(source_object.row_count, -1) <> coalesce(counted.row_count, 0)
    order by all`;

  test('at any moment leaves all of an object or nothing, and a last run makes it whole', async () => {
    const base = join(root, 'objects');
    writeObjects(base);
    const whole = join(root, 'whole');
    await ingestAll(base, whole);
    const expected = await contentOf(whole);
    expect(expected.source_object).toHaveLength(OBJECTS);
    expect(expected.flow?.length).toBeGreaterThan(1000);
    expect(expected.rejected_record?.length).toBeGreaterThan(30);

    let midwayCount = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let kill = 0; kill < 4; kill += 1) {
        const count = 1 + Math.floor(Math.random() * 14);
        const delay = Math.random() * 40;
        const isDone = await runAndKill(base, `${round}-${kill}`, count, delay);
        if (!isDone) midwayCount += 1;
        expect(await query(lake, INCONSISTENT)).toEqual([]);
      }
      await ingestAll(base, lake);
      expect(await contentOf(lake)).toEqual(expected);
      expect(readdirSync(join(lake, '.flowproof', 'staging'))).toEqual([]);
      rmSync(lake, { recursive: true });
    }
    expect(midwayCount).toBeGreaterThan(0);
  });
});

test('the file of the lock is in the folder that its remedy names', async () => {
  const lock = await openLakeForWriting(lake);
  expect(readFileSync(join(lake, '.flowproof', 'lock'), 'utf8')).toBe(`${process.pid}\n`);
  await lock.release();
});
