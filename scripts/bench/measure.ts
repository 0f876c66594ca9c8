/** What the benchmarks share: processes with the peak of their memory, medians, and where files are kept. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** The built program. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export type BenchOptions = { rows: number; repeat: number; seed: number };

export type Run = {
  seconds: number;
  peakBytes: number;
  /** Of DuckDB, without the start of its process. */
  statementSeconds?: number;
};

/** Folder of generated files, which later runs use again. */
export function benchFolder(): string {
  const folder = join(tmpdir(), 'flowproof-bench');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * The folder of what `make` writes, made unless the same version made it before. What other versions
 * made of the same name is removed, and what a run that broke off left behind.
 */
export async function makeOnce(
  name: string,
  version: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const parent = benchFolder();
  const target = join(parent, `${name}-${version}`);
  if (existsSync(target)) return target;
  for (const other of readdirSync(parent)) {
    if (other.startsWith(`${name}-`)) rmSync(join(parent, other), { recursive: true });
  }
  const partial = `${target}.partial`;
  await make(partial);
  renameSync(partial, target);
  return target;
}

/** Runs a Node program to its end; its standard output, and the peak of its memory. */
export function runNode(args: readonly string[]): Promise<Run & { output: string }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(
      process.execPath,
      ['--import', new URL('peak-memory.mjs', import.meta.url).href, ...args],
      { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
    );
    let output = '';
    let peak = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stdio[3]?.on('data', (chunk) => {
      peak += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - began) / 1000;
      if (code !== 0) reject(new Error(`${args.join(' ').slice(0, 200)} ended with ${code}`));
      else resolve({ output, seconds, peakBytes: Number(peak) * 1024 });
    });
  });
}

/** zlib alone, over the files. */
export async function runInflate(paths: readonly string[]): Promise<Run> {
  const script = join(HERE, 'inflate-floor.ts');
  const { output, peakBytes } = await runNode(['--import', 'tsx', script, ...paths]);
  return { seconds: Number(output), peakBytes };
}

/** Bare DuckDB, one statement, as a process. */
export async function runDuckdb(statement: string): Promise<Run> {
  const { output, ...run } = await runNode([join(HERE, 'duckdb-floor.mjs'), statement]);
  return { ...run, statementSeconds: Number(output) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** A short hash of files and texts, for the names of what was made by or of them. */
export function textHash(files: readonly URL[], ...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 12);
}
