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
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
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
  writeFlows('first', '2026-11-02', 110_000);
  expect(await writer.flowproof('run', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
});

test('another machine makes the same answer and the same pack, and fetches none of the large files', async () => {
  const large = await largeObjects();
  expect(large.some((name) => name.startsWith('flow/'))).toBe(true);

  const args = ['query', '--format', 'csv', FLOWS];
  const [there, here] = [await reader.flowproof(...args), await stager.flowproof(...args)];
  expect(there).toMatchObject({ exitCode: 0, stderr: '' });
  expect(here.stdout.split('\n').length).toBeGreaterThan(110_000);
  expect(there.stdout === here.stdout).toBe(true);
  expect(await reader.flowproof('report', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await stager.flowproof('report', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(packOf(reader.folder)).toEqual(packOf(stager.folder));
  const sizes = sizesBelow(reader.copy);
  expect(large.map((name) => [name, sizes.get(name)])).toEqual(large.map((name) => [name, 0]));
  expect([...sizesBelow(stager.copy).values()].filter((size) => size >= LARGE_BYTES)).toHaveLength(
    large.length,
  );
});
