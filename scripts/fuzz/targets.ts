/**
 * What is fuzzed: every parser of flowproof, each as a function of bytes that throws if it breaks its
 * promise. Tests feed them with what fast-check draws and with `test/corpus/`, `fuzz.ts` with what
 * coverage finds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../src/config.ts';
import { FlowproofError } from '../../src/errors.ts';
import { readFlowLogPath, readFolderLevel } from '../../src/ingest/flow-log-path.ts';
import { timeOfPath } from '../../src/ingest/formats/inventory-place.ts';
import { FORMATS } from '../../src/ingest/formats.ts';
import { isNoInventory } from '../../src/ingest/inventory-path.ts';
import { readContentHead, readLines } from '../../src/ingest/lines.ts';
import { parseLogFormat } from '../../src/ingest/log-format.ts';
import { readQueryFile } from '../../src/query-file.ts';
import { readColumnMeanings } from '../../src/reports/column-meanings.ts';
import { readExceptions } from '../../src/reports/exceptions.ts';
import { loadPackDefinition } from '../../src/reports/pack-definition.ts';
import { parseRows } from '../../src/reports/row-hashes.ts';
import { checkSignature } from '../../src/reports/signature-check.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { createMemorySink, memoryObject } from '../../test/memory-sink.ts';

/** Milliseconds that any input may take, and those for each of its bytes. */
const MOST_MILLISECONDS = 2_000;
const MOST_PER_BYTE = 0.02;

export type Target = {
  name: string;
  /** Throws anything that is not expected; takes its time as `runTarget` allows. */
  run(bytes: Uint8Array, folder: string): void | Promise<void>;
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Runs what may refuse its input, but only in the one way that is allowed. */
async function refusing(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    if (!(thrown instanceof FlowproofError)) throw thrown;
    if (thrown.problem === '' || thrown.remedy === '') throw new Error('it does not say why');
  }
}

function write(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Objects of a format: as they are, whether or not the format would recognise them. */
const formatTargets: readonly Target[] = FORMATS.filter(
  // The engine reads Parquet: `flow_log_parquet` is fuzzed by a test that has an engine.
  ({ name }) => name !== 'vpc_flow_log_parquet',
).map((format) => ({
  name: format.name,
  async run(bytes, folder) {
    const path = write(folder, 'object', bytes);
    const sink = createMemorySink();
    const object = {
      ...memoryObject(path, bytes.length, {
        uri: 'file:///logs/AWSLogs/123456789012/2026-11-20T00-00-00Z/object.json',
        hints: { accountId: '123456789012', region: 'us-east-1' },
      }),
      scratchFolder: folder,
    };
    format.recognises(await readContentHead(path), object);
    const { lineCount, damage } = await format.read(object, sink);
    if (sink.accountedLines() !== lineCount) {
      throw new Error(`${sink.accountedLines()} of ${lineCount} lines are accounted for`);
    }
    for (const { reason } of [
      ...sink.rejects,
      ...(damage === undefined ? [] : [{ reason: damage }]),
    ]) {
      if (reason.length === 0 || reason.length > 2_000)
        throw new Error(`reason of ${reason.length}`);
    }
  },
}));

const otherTargets: readonly Target[] = [
  {
    name: 'gzip_lines',
    async run(bytes, folder) {
      const stored = Buffer.concat([Buffer.from([0x1f, 0x8b]), bytes]);
      const path = write(folder, 'object', stored);
      await readContentHead(path);
      let count = 0;
      const { lineCount, damage } = await readLines({ path }, () => {
        count += 1;
      });
      if (count !== lineCount) throw new Error(`${count} of ${lineCount} lines`);
      if (damage === '') throw new Error('damage without words');
    },
  },
  { name: 'config', run: (bytes) => refusing(() => parseConfig(text(bytes), 'flowproof.yaml')) },
  {
    name: 'exceptions',
    run: (bytes, folder) => refusing(() => readExceptions(write(folder, 'exceptions.yaml', bytes))),
  },
  {
    name: 'columns',
    run: (bytes, folder) =>
      refusing(() => {
        write(folder, 'columns.yaml', bytes);
        readColumnMeanings(folder);
      }),
  },
  {
    name: 'pack',
    run: (bytes, folder) =>
      refusing(() => {
        mkdirSync(join(folder, 'packs'), { recursive: true });
        mkdirSync(join(folder, 'reports'), { recursive: true });
        write(folder, 'packs/own.yaml', bytes);
        loadPackDefinition('own', [folder]);
      }),
  },
  {
    name: 'report_header',
    run: (bytes, folder) =>
      refusing(() => readQueryFile('reports', write(folder, 'own.sql', bytes))),
  },
  {
    name: 'log_format',
    run: (bytes) => refusing(() => parseLogFormat(text(bytes), 'flow_logs[0]')),
  },
  {
    name: 'paths',
    run(bytes) {
      const path = text(bytes);
      const period = { start: new Date('2026-11-01'), end: new Date('2026-12-01') };
      readFlowLogPath(path);
      readFolderLevel(path, period);
      isNoInventory(path);
      timeOfPath(path);
    },
  },
  {
    name: 'signature',
    run(bytes) {
      const { state, problems } = checkSignature(text(bytes), {});
      if ((state.kind === 'bad') !== problems.length > 0) throw new Error('a fault without words');
    },
  },
  { name: 'row_hashes', run: (bytes) => void parseRows(text(bytes)) },
  ...['manifest.json', 'SHA256SUMS', 'rows.sha256', 'manifest.dsse.json'].map((file) => ({
    name: `pack_${file}`,
    run: (bytes: Uint8Array, folder: string) =>
      refusing(async () => {
        const pack = join(folder, 'verified');
        rmSync(pack, { recursive: true, force: true });
        mkdirSync(pack);
        if (file !== 'SHA256SUMS')
          write(pack, 'SHA256SUMS', Buffer.from(`${'0'.repeat(64)}  a.csv\n`));
        write(pack, file, bytes);
        const { ok, problems } = await verifyPack(pack);
        // Nothing that is made up is a sound pack.
        if (ok || problems.length === 0) throw new Error('it was taken for a sound pack');
        for (const { problem } of problems) if (problem === '') throw new Error('no words');
      }),
  })),
];

export const TARGETS: readonly Target[] = [...formatTargets, ...otherTargets];

/** Runs a target on bytes, in a folder of its own. Throws what is wrong, with the input's name. */
export async function runTarget(target: Target, bytes: Uint8Array, folder: string): Promise<void> {
  const began = performance.now();
  await target.run(bytes, folder);
  const spent = performance.now() - began;
  if (spent > MOST_MILLISECONDS + bytes.length * MOST_PER_BYTE) {
    throw new Error(`${target.name}: ${bytes.length} bytes took ${Math.round(spent)} ms`);
  }
}

/** A folder for what targets write; to be deleted by the caller. */
export function fuzzFolder(): string {
  return mkdtempSync(join(tmpdir(), 'flowproof-fuzz-'));
}
