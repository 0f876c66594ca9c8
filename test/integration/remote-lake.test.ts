/** A lake in S3: runs and questions of two machines over one bucket, by the built command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { makeBucket, REGION, s3 } from './aws.ts';
import { createWorkspace, SAMPLES } from './flowproof.ts';

const BUCKET = 'remote-lake-example';
const SOURCES = {
  flow_logs: [{ files: [join(SAMPLES, 'logs/**/*.log.gz')] }],
  ips_events: [{ files: [join(SAMPLES, 'ips/**/*')] }],
  inventory: [{ files: [join(SAMPLES, 'inventory/**/*.json')] }],
};

type Finished = { exitCode: number; stdout: string; stderr: string };

/** A machine with a copy of its own; `flow_logs` are what it reads. */
function machine(changes: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  const config = join(folder, 'flowproof.yaml');
  const samples = parse(readFileSync(join(SAMPLES, 'flowproof.yaml'), 'utf8'));
  const lake = { lake: `s3://${BUCKET}/lake`, lake_region: REGION, lake_copy: 'copy' };
  writeFileSync(
    config,
    stringify({
      ...samples,
      output: 'evidence',
      exceptions: undefined,
      pack: 'soc2',
      sources: SOURCES,
      ...lake,
      ...changes,
    }),
  );
  const flowproof = async (...args: string[]): Promise<Finished> => {
    const child = spawn(
      process.execPath,
      [join(PACKAGE_ROOT, 'dist', 'cli.js'), ...args, '--config', config],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
    const [exitCode] = await once(child, 'close');
    return { exitCode, stdout: await stdout, stderr: await stderr };
  };
  return { folder, flowproof };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let result = '';
  for await (const part of stream.setEncoding('utf8')) result += part;
  return result;
}

async function keys(): Promise<string[]> {
  const answer = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return (answer.Contents ?? []).map(({ Key }) => Key ?? '');
}

const FLOWS = `select count(*) as flows, count(distinct object_id) as objects, sum(bytes) as bytes,
  count(*) filter (rule_verdict = 'permitted') as permitted from flow_enriched`;

const one = machine();
const two = machine();

beforeAll(async () => {
  await makeBucket(BUCKET);
  expect(await one.flowproof('run', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
});

test('another machine asks, and hears what a lake on disk says', async () => {
  const local = createWorkspace(SOURCES, { exceptions: undefined, pack: 'soc2' });
  expect(await local.flowproof('run')).toMatchObject({ exitCode: 0 });
  const [expected] = await local.query(FLOWS);
  const { stdout, stderr } = await two.flowproof('query', '--format', 'jsonl', FLOWS);
  expect(stderr).toBe('');
  const plain = Object.entries(expected ?? {}).map(([name, value]) => [name, Number(value)]);
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(plain));
  const pack = (folder: string): Buffer => {
    const [name = ''] = readdirSync(join(folder, 'evidence')).filter((entry) => entry[0] !== '.');
    return readFileSync(join(folder, 'evidence', name, 'inbound_to_scope.csv'));
  };
  expect(pack(one.folder)).toEqual(pack(join(local.lake, '..')));
});

test('files stand in their folders as on a disk, for whatever reads Parquet from S3', async () => {
  const found = (await keys()).map((key) => key.replace(/^lake\//, ''));
  expect(found).toContain('.flowproof/head.json');
  expect(found.filter((key) => /^flow\/flow_date=2026-11-02\/.*\.parquet$/.test(key))).not.toEqual(
    [],
  );
  expect(found.filter((key) => /\/(?:lock|next\/|staging\/|scratch\/)/.test(key))).toEqual([]);
});

test('what the other machine asked is in the record of the lake', async () => {
  const { stdout } = await one.flowproof(
    ...['query', '--format', 'jsonl'],
    "select count(*) as asked from query_access where statement like '%rule_verdict%' and outcome = 'answered'",
  );
  expect(JSON.parse(stdout.trim().split('\n')[0] ?? '').asked).toBeGreaterThan(0);
});

test('a review on one machine is read on the other', async () => {
  const day = ['--day', '2026-11-02', '--reviewer', 'soc-analyst-1', '--finding', 'nothing'];
  expect(await two.flowproof('review', ...day)).toMatchObject({ exitCode: 0 });
  expect((await one.flowproof('review', '--list')).stdout).toContain('soc-analyst-1');
});

test('the other machine runs next, reads nothing again, and its packs follow', async () => {
  const before = await one.flowproof('query', '--format', 'csv', FLOWS);
  const ended = await two.flowproof('run', '--quiet');
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(ended.stdout).toMatch(/^Read +0 new objects/m);
  const after = await one.flowproof('query', '--format', 'csv', FLOWS);
  expect(after.stdout).toBe(before.stdout);
});

test('of two runs at once one does the work, and the other says so', async () => {
  const ended = await Promise.all([
    one.flowproof('run', '--quiet'),
    two.flowproof('run', '--quiet'),
  ]);
  expect(ended.map(({ exitCode }) => exitCode).sort()).toEqual([0, 5]);
  expect(ended.find(({ exitCode }) => exitCode === 5)?.stderr).toContain('is writing to this lake');
  const after = await two.flowproof('query', '--format', 'csv', FLOWS);
  expect(after.exitCode).toBe(0);
});

test('a bucket that is not there is an error that names it and the permission', async () => {
  const lost = machine({ lake: 's3://remote-lake-missing/lake' });
  const ended = await lost.flowproof('status');
  expect(ended.exitCode).toBe(1);
  expect(ended.stderr).toMatch(/LAKE_UNUSABLE[\s\S]*s3:\/\/remote-lake-missing[\s\S]*s3:GetObject/);
});
