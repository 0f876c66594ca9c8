/**
 * A lake in S3 that DuckDB reads in place, by its extension httpfs: the built command with an engine of the
 * version that the extension is of.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { compact } from '../../src/compact/compact.ts';
import { noteRemote, parsePlace } from '../../src/remote-lake/place.ts';
import { restoreDay, retainLake } from '../../src/retain/retain-lake.ts';
import { makeBucket, REGION, s3 } from './aws.ts';
import { packageWith } from './duckdb-httpfs.ts';
import { SAMPLES } from './flowproof.ts';

const httpfs = process.env.FLOWPROOF_TEST_HTTPFS ?? '';
if (httpfs === '') {
  throw new Error('FLOWPROOF_TEST_HTTPFS is missing: use "npm run test:integration"');
}

const BUCKET = 'lake-in-place-example';
const LARGE_BYTES = 1_048_576;
const SECRET = 'integration-secret-0123456789';
/** Milliseconds; whole runs of two machines on a busy one. */
const PATIENCE = 300_000;

const base = mkdtempSync(join(tmpdir(), 'in-place-'));
const cli = packageWith(httpfs, join(base, 'package'));

type Finished = { exitCode: number; stdout: string; stderr: string };

/** A machine with a copy of its own; all have one configuration, but not all have the extension. */
function machine(hasExtension: boolean, changes: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(base, 'machine-'));
  const config = join(folder, 'flowproof.yaml');
  const samples = parse(readFileSync(join(SAMPLES, 'flowproof.yaml'), 'utf8'));
  const own = {
    output: 'evidence',
    exceptions: undefined,
    sources: {
      flow_logs: [
        { files: [join(SAMPLES, 'logs/**/*.log.gz')] },
        { files: [join(base, 'flows', '*.log.gz')] },
      ],
      inventory: [{ files: [join(SAMPLES, 'inventory/**/*.json')] }],
    },
    lake: `s3://${BUCKET}/lake`,
    lake_region: REGION,
    lake_copy: 'copy',
    duckdb_extensions: 'extensions',
  };
  if (hasExtension) symlinkSync(join(httpfs, 'extensions'), join(folder, 'extensions'));
  writeFileSync(config, stringify({ ...samples, ...own, ...changes }));
  const flowproof = async (...args: string[]): Promise<Finished> => {
    const child = spawn(process.execPath, [cli, ...args, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, AWS_SECRET_ACCESS_KEY: SECRET },
    });
    const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
    const [exitCode] = await once(child, 'close');
    return { exitCode, stdout: await stdout, stderr: await stderr };
  };
  return { folder, copy: join(folder, 'copy'), flowproof };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let result = '';
  for await (const part of stream.setEncoding('utf8')) result += part;
  return result;
}

/** Logs of many flows of a day, whose Parquet file is large: two flow logs recorded them, so that half are copies. */
function writeFlows(name: string, date: string, count: number): void {
  const start = Date.parse(date) / 1000;
  let state = 42;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const lines = Array.from({ length: count }, () => {
    const at = start + next(86_000);
    const from = `203.0.113.${next(256)} 10.0.1.11 ${1024 + next(60_000)} ${next(1024)}`;
    return `2 123456789012 eni-0a000000000000111 ${from} 6 ${1 + next(1000)} ${40 + next(1e9)} ${at} ${at + 59} ACCEPT OK`;
  });
  const header =
    'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
  mkdirSync(join(base, 'flows'), { recursive: true });
  const write = (file: string, rows: readonly string[]): void =>
    writeFileSync(join(base, 'flows', `${file}.log.gz`), gzipSync(`${rows.join('\n')}\n`));
  write(name, [header, ...lines]);
  write(`${name}-other`, [`${header} tcp-flags`, ...lines.map((line) => `${line} 2`)]);
}

/** Every file below a folder, by its path, with its size. */
function sizesBelow(folder: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
    const state = statSync(join(folder, name));
    if (state.isFile()) sizes.set(name, state.size);
  }
  return sizes;
}

/** Hash of every file of the newest pack, by its name. */
function packOf(folder: string): Record<string, string> {
  const evidence = join(folder, 'evidence');
  const [name = ''] = readdirSync(evidence).filter((entry) => entry[0] !== '.');
  const hashes: Record<string, string> = {};
  for (const file of sizesBelow(join(evidence, name)).keys()) {
    const content = readFileSync(join(evidence, name, file));
    hashes[file] = createHash('sha256').update(content).digest('hex');
  }
  return hashes;
}

/** Objects of the lake that a copy leaves in S3. */
async function largeObjects(): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return Contents.filter(({ Size = 0 }) => Size >= LARGE_BYTES)
    .map(({ Key = '' }) => Key.replace(/^lake\//, ''))
    .sort();
}

const FLOWS = `select flow_id, source_address, bytes, copy_count, rule_verdict from flow_enriched
  where flow_date = date '2026-11-02' order by all`;

const writer = machine(true);
const reader = machine(true);
const stager = machine(false);

beforeAll(async () => {
  await makeBucket(BUCKET);
  writeFlows('first', '2026-11-02', 115_000);
  expect(await writer.flowproof('run', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
}, PATIENCE);

test(
  'another machine makes the same answer and the same pack, and fetches none of the large files',
  async () => {
    const large = await largeObjects();
    expect(large.some((name) => name.startsWith('flow/'))).toBe(true);

    const args = ['query', '--format', 'csv', FLOWS];
    const [there, here] = [await reader.flowproof(...args), await stager.flowproof(...args)];
    expect(there).toMatchObject({ exitCode: 0, stderr: '' });
    expect(here.stdout.split('\n').length).toBeGreaterThan(115_000);
    expect(there.stdout === here.stdout).toBe(true);
    expect(await reader.flowproof('report', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await stager.flowproof('report', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(packOf(reader.folder)).toEqual(packOf(stager.folder));
    const sizes = sizesBelow(reader.copy);
    expect(large.map((name) => [name, sizes.get(name)])).toEqual(large.map((name) => [name, 0]));
    expect(
      [...sizesBelow(stager.copy).values()].filter((size) => size >= LARGE_BYTES),
    ).toHaveLength(large.length);
  },
  PATIENCE,
);

test(
  'a run of such a machine reads what is new, makes what follows from it, and leaves the past where it is',
  async () => {
    const before = await largeObjects();
    writeFlows('second', '2026-11-03', 400);
    const ended = await reader.flowproof('run', '--quiet');
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^Read +2 new objects/m);
    // The second run asks no file of the past again what it was made from.
    const inputs = readFileSync(join(reader.copy, '.flowproof', 'inputs.json'), 'utf8');
    expect(inputs).toContain('flow_copy/flow_date=2026-11-02/data.parquet');
    const sizes = sizesBelow(reader.copy);
    expect(before.filter((name) => sizes.get(name) !== 0)).toEqual([]);
    const counts = `select flow_date, count(*) as flows, count(distinct flow_id) as ids, sum(bytes) as bytes
    from flow_enriched group by all order by all`;
    const args = ['query', '--format', 'csv', counts];
    const there = await reader.flowproof(...args);
    expect(there.stdout).toMatch(/^2026-11-03,/m);
    expect(there.stdout).toBe((await stager.flowproof(...args)).stdout);
  },
  PATIENCE,
);

test('explain and status read in place, and doctor says so', async () => {
  const { stdout } = await reader.flowproof(
    ...[
      'query',
      '--format',
      'csv',
      "select flow_id from flow where flow_date = '2026-11-02' limit 1",
    ],
  );
  const id = stdout.trim().split('\n')[1] ?? '';
  const there = await reader.flowproof('explain', id);
  expect(there).toMatchObject({ exitCode: 0, stderr: '' });
  expect(there.stdout).toBe((await stager.flowproof('explain', id)).stdout);
  expect(await reader.flowproof('status')).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await reader.flowproof('doctor')).stdout).toMatch(/read in S3, by httpfs v1\.5\.5/);
  expect((await stager.flowproof('doctor')).stdout).toMatch(/read from the copy[\s\S]*is missing/);
});

test('where the extension must be and is not, an error says which to put where', async () => {
  const lost = machine(false, { lake_read: 'in_place' });
  const { exitCode, stderr } = await lost.flowproof('status');
  expect(exitCode).toBe(1);
  expect(stderr).toContain(join(lost.folder, 'extensions', 'v1.5.5'));
  expect(stderr).toMatch(/LAKE_UNUSABLE[\s\S]*duckdb-extension-httpfs==1\.5\.5/);
});

test('with a role, its session reads', async () => {
  const role = machine(true, { lake_role_arn: 'arn:aws:iam::123456789012:role/flowproof' });
  const args = ['query', '--format', 'csv', 'select count(*), sum(bytes) from flow'];
  const answer = await role.flowproof(...args);
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
  expect(answer.stdout).toBe((await stager.flowproof(...args)).stdout);
  expect([...sizesBelow(role.copy).values()].filter((size) => size >= LARGE_BYTES)).toEqual([]);
});

test.each([
  `select * from read_parquet('s3://${BUCKET}/lake/flow/x.parquet')`,
  'select * from duckdb_secrets()',
  `copy flow to 's3://${BUCKET}/lake/x.parquet'`,
])('a statement is refused: %s', async (sql) => {
  const { exitCode, stdout, stderr } = await reader.flowproof('query', sql);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain('QUERY_REFUSED');
});

test('behind that gate, a locked connection reads the files of the views and reaches nothing else', async () => {
  const [name = ''] = await largeObjects();
  const file = `s3://${BUCKET}/lake/${name}`;
  await makeBucket('beside-the-lake-example');
  const statements = {
    lake: `select count(*) > 0 from '${file}'`,
    other_object: `select * from read_text('s3://${BUCKET}/lake/.flowproof/head.json')`,
    other_bucket: "select * from 's3://beside-the-lake-example/x.parquet'",
    way_up: `select * from '${file.replace(/\/([^/]+)$/, '/../x/$1')}'`,
    other_host: `select * from '${file}?s3_endpoint=example.com'`,
    other_scheme: `select * from '${file.replace('s3:', 's3a:')}'`,
    https: "select * from read_csv('https://example.com/x.csv')",
    http: `select * from read_parquet('${process.env.AWS_ENDPOINT_URL}/${BUCKET}/lake/${name}')`,
    listing: `select * from glob('s3://${BUCKET}/**')`,
    pattern: `select * from read_parquet('${file.replace(/[^/]+$/, '*')}')`,
    writing: `copy (select 1) to 's3://${BUCKET}/lake/flow/new.parquet'`,
    writing_beside: "copy (select 1) to 's3://beside-the-lake-example/x.parquet'",
    endpoint: "set s3_endpoint = 'example.com'",
    key: "select current_setting('s3_secret_access_key') || current_setting('s3_access_key_id')",
    secrets: 'select * from duckdb_secrets(redact = false)',
    redacted: 'select secret_string from duckdb_secrets()',
  };
  const place = { uri: `s3://${BUCKET}/lake`, bucket: BUCKET, prefix: 'lake/', region: REGION };
  const access = {
    folder: join(httpfs, 'extensions'),
    credentials: { keyId: 'integration', secret: SECRET, sessionToken: SECRET },
    endpoint: process.env.AWS_ENDPOINT_URL,
  };
  const script = join(base, 'package', 'locked.mjs');
  writeFileSync(
    script,
    `import { openDatabase } from './dist/database.js';
    import { lockDown } from './dist/query/gate.js';
    import { openAccess } from './dist/remote-lake/reach.js';
    const { connection } = await openDatabase();
    await openAccess(connection, ${JSON.stringify(place)}, ${JSON.stringify(access)});
    await lockDown(connection, { folders: [], files: [${JSON.stringify(file)}] });
    const said = {};
    for (const [name, sql] of Object.entries(${JSON.stringify(statements)})) {
      said[name] = await connection.runAndReadAll(sql).then(
        (reader) => JSON.stringify(reader.getRowsJson()),
        (thrown) => thrown.message.split('\\n', 1)[0],
      );
    }
    console.log(JSON.stringify(said));`,
  );
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, AWS_SECRET_ACCESS_KEY: SECRET },
  });
  const { lake, key, redacted, ...refused } = JSON.parse(await text(child.stdout));
  expect([lake, key]).toEqual(['[[true]]', '[[""]]']);
  expect(redacted).toContain('secret=redacted;session_token=redacted');
  expect(redacted).not.toContain(SECRET);
  for (const [name_, said] of Object.entries(refused)) {
    expect([name_, said]).toEqual([
      name_,
      expect.stringMatching(/disabled by configuration|has been locked|secrets is disabled/),
    ]);
  }
});

test(
  'what needs files whole fetches them: compaction, retention, and what comes back',
  async () => {
    const counts = `select flow_date, count(*) as flows, sum(bytes) as bytes, sum(hash(flow_id)) as ids
    from flow group by all order by all`;
    const ask = async (one: typeof reader): Promise<string> =>
      (await one.flowproof('query', '--format', 'csv', counts)).stdout;
    const before = await ask(stager);
    const root = mkdtempSync(join(base, 'copy-'));
    const options = { region: REGION, roleArn: undefined, place: 'flowproof.yaml' };
    const place = parsePlace(`s3://${BUCKET}/lake`, options);
    noteRemote(root, { ...place, leavesLargeFiles: true });
    const onProgress = (): void => {};
    const merge = (now: string) =>
      compact({ lake: root, now: new Date(now), olderThanDays: 1, onProgress });
    const { tables } = await merge('2026-12-01');
    const [flows] = tables.filter(({ table }) => table === 'flow');
    expect(flows?.before.sizeBytes).toBeGreaterThan(2 * LARGE_BYTES);
    expect(flows?.after.sizeBytes).toBeGreaterThan(LARGE_BYTES);
    expect(await ask(reader)).toBe(before);
    // What was merged goes, and the merged file moves to its place: its name here, its content in S3.
    expect((await merge('2026-12-03')).removed.sizeBytes).toBeGreaterThan(2 * LARGE_BYTES);
    const merged = (await largeObjects()).filter((name) => name.startsWith('flow/'));
    expect(merged).toEqual([expect.stringMatching(/^flow\/flow_date=2026-11-02\/merged_/)]);
    expect(await ask(reader)).toBe(before);
    expect(await ask(stager)).toBe(before);

    const archive = mkdtempSync(join(base, 'archive-'));
    const retention = { raw_months: 12, archive };
    const config = { lake: root, retention, path: 'flowproof.yaml', sha256: '0' };
    const now = new Date('2028-01-10');
    const left = await retainLake({
      ...{ config, now, onProgress, isDryRun: false },
      isEnriched: async () => true,
    });
    expect(left.tables.map(({ table }) => table)).toContain('flow');
    expect(sizesBelow(archive).get(merged[0] ?? '')).toBeGreaterThan(LARGE_BYTES);
    expect(await ask(reader)).not.toContain('2026-11-02');
    await restoreDay({ config, now, date: '2026-11-02' });
    const day = (csv: string): string[] =>
      csv.split('\n').filter((row) => row.startsWith('2026-11-02'));
    expect(day(await ask(reader))).toEqual(day(before));
    expect([...sizesBelow(root).values()].filter((size) => size >= LARGE_BYTES)).toEqual([]);
  },
  PATIENCE,
);

test('a file that is gone is an error that says to run again; credentials are written nowhere', async () => {
  const [name = ''] = await largeObjects();
  const object = { Bucket: BUCKET, Key: `lake/${name}` };
  const { Body } = await s3.send(new GetObjectCommand(object));
  const content = Buffer.from((await Body?.transformToByteArray()) ?? []);
  await s3.send(new DeleteObjectCommand(object));
  const answers = [
    await reader.flowproof('query', `select sum(hash(flow_id)) from flow_copy`),
    await reader.flowproof('query', `select sum(bytes) from flow`),
    await reader.flowproof('explain', '--debug', 'f:1'),
  ];
  await s3.send(new PutObjectCommand({ ...object, Body: content }));
  expect(answers.map(({ exitCode }) => exitCode)).toContain(1);
  const said = answers.map(({ stderr }) => stderr).join('');
  expect(said).toMatch(/error LAKE_CHANGED[\s\S]*Run it again/);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  expect(Contents.map(({ Key }) => Key).join()).not.toContain(SECRET);
  expect(answers.map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(SECRET);
  for (const path of sizesBelow(reader.folder).keys()) {
    expect([path, readFileSync(join(reader.folder, path)).includes(SECRET)]).toEqual([path, false]);
  }
});
