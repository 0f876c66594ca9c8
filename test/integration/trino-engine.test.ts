/** `engine: trino` over a lake in S3, by the built command: its packs and answers are DuckDB's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { ENDPOINT, makeBucket, REGION } from './aws.ts';
import { SAMPLES } from './flowproof.ts';
import { startTrino, type TrinoServer } from './trino-server.ts';

const BUCKET = 'trino-engine-example';
const FLOW_LOGS = [{ files: [join(SAMPLES, 'logs/**/*.log.gz')] }];
const REST = {
  ips_events: [{ files: [join(SAMPLES, 'ips/**/*')] }],
  inventory: [{ files: [join(SAMPLES, 'inventory/**/*.json')] }],
};

let server: TrinoServer;

beforeAll(async () => {
  const { FLOWPROOF_TEST_PYTHON: interpreter, FLOWPROOF_TEST_TRINO: home } = process.env;
  if (!interpreter || !home) {
    throw new Error('FLOWPROOF_TEST_TRINO is missing: use "npm run test:integration"');
  }
  await makeBucket(BUCKET);
  const scratch = mkdtempSync(join(tmpdir(), 'flowproof-trino-'));
  server = await startTrino(home, interpreter, scratch, { endpoint: ENDPOINT, region: REGION });
}, 180_000);
afterAll(async () => await server?.stop());

/** A configuration over a lake of the bucket, with a copy of its own. */
function machine(lake: string, changes: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  const config = join(folder, 'flowproof.yaml');
  const samples = parse(readFileSync(join(SAMPLES, 'flowproof.yaml'), 'utf8'));
  writeFileSync(
    config,
    stringify({
      ...samples,
      output: 'evidence',
      exceptions: undefined,
      sources: { flow_logs: FLOW_LOGS, ...REST },
      ...{ lake: `s3://${BUCKET}/${lake}`, lake_region: REGION, lake_copy: 'copy' },
      ...changes,
    }),
  );
  const flowproof = async (...args: string[]) => {
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

/** The files of the one pack that were made of rows, by name. */
function csvFiles(folder: string): Record<string, string> {
  const [pack = ''] = readdirSync(join(folder, 'evidence'));
  const path = join(folder, 'evidence', pack);
  const names = readdirSync(path).filter((name) => name.endsWith('.csv'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), 'utf8')]));
}

const trino = () => ({
  engine: 'trino',
  trino: { url: server.url, catalog: 'lake', schema: 'samples' },
});

describe('engine: trino', () => {
  const duckdb = machine('duckdb');
  let other: ReturnType<typeof machine>;

  test('makes the pack that DuckDB makes', async () => {
    expect(await duckdb.flowproof('run', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
    other = machine('trino', trino());
    expect(await other.flowproof('run', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(csvFiles(other.folder)).toEqual(csvFiles(duckdb.folder));
  }, 600_000);
});
