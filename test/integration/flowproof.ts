/** flowproof as its users run it: the built command in a process of its own, over a configuration. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ConfigFile } from '../../src/config-schema.ts';
import { openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';

export const SAMPLES = join(PACKAGE_ROOT, 'samples');

export type Finished = { exitCode: number; stdout: string; stderr: string };

export type Workspace = {
  lake: string;
  /** Runs a command; entries of `environment` that are undefined are taken away. */
  flowproof(command: 'run' | 'ingest', environment?: NodeJS.ProcessEnv): Promise<Finished>;
  query(sql: string): Promise<Record<string, unknown>[]>;
};

/** A folder with a configuration: that of the samples, with other `sources` and `changes`. */
export function createWorkspace(
  sources: Partial<ConfigFile['sources']>,
  changes: Partial<ConfigFile> = {},
): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'workspace-'));
  const config = join(folder, 'flowproof.yaml');
  const samples: ConfigFile = parse(readFileSync(join(SAMPLES, 'flowproof.yaml'), 'utf8'));
  const exceptions = join(SAMPLES, 'exceptions.yaml');
  writeFileSync(
    config,
    stringify({ ...samples, lake: 'lake', output: 'evidence', exceptions, sources, ...changes }),
  );
  const lake = join(folder, 'lake');
  return {
    lake,
    flowproof: (command, environment = {}) =>
      runCommand([command, '--config', config, '--quiet'], environment),
    async query(sql) {
      const database = await openDatabase();
      try {
        await createLakeViews(database.connection, lake);
        return await readRows(database.connection, sql);
      } finally {
        database.close();
      }
    },
  };
}

export type Machine = {
  folder: string;
  flowproof(...args: string[]): Promise<Finished>;
};

/** A folder with this configuration, whose paths are relative to it. */
export function createMachine(config: Record<string, unknown>): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  const file = join(folder, 'flowproof.yaml');
  writeFileSync(file, stringify(config));
  return { folder, flowproof: (...args) => runCommand([...args, '--config', file], {}) };
}

async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Finished> {
  const cli = join(PACKAGE_ROOT, 'dist', 'cli.js');
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  }
  const [code] = await once(child, 'close');
  return { exitCode: typeof code === 'number' ? code : -1, ...said };
}
