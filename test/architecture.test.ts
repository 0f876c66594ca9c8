import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../src/query-file.ts';

const SOURCE_ROOT = join(PACKAGE_ROOT, 'src');

type Import = { from: string; to: string };

/** `ingest`, `enrich` and `reports` are siblings; `run`, `commands` and `cli` stand above them, the rest below. */
const STAGES = ['ingest', 'enrich', 'reports'] as const;

/** Files that may import a stage: they put the stages together, or show what one made. */
const ABOVE = [
  ...['cli.ts', 'run.ts', 'summary.ts', 'verify.ts'],
  ...['contradictions.ts', 'run-summary.ts', 'watch-run.ts'],
];

const isCommand = (path: string): boolean => path.startsWith('commands/');

/** The local page shows packs: it stands above the stages as the commands do. */
const isPage = (path: string): boolean => path.startsWith('serve/');
/** What comes before a run asks what the stages would ask, and stands above them. */
const isSetup = (path: string): boolean => path.startsWith('setup/');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.ts') && statSync(path).isFile());
}

function readImports(): Import[] {
  return filesBelow(SOURCE_ROOT).flatMap((path) => {
    const from = relative(SOURCE_ROOT, path);
    const text = readFileSync(path, 'utf8');
    return [...text.matchAll(/(?:from |import\(\s*)'(\.[^']+)'/g)].map((match) => ({
      from,
      to: relative(SOURCE_ROOT, resolve(dirname(path), match[1] ?? '')),
    }));
  });
}

const imports = readImports();

function stageOf(path: string): string | undefined {
  return STAGES.find((stage) => path.startsWith(`${stage}/`));
}

test('every relative import leads to a file of the source tree', () => {
  expect(imports.length).toBeGreaterThan(50);
  expect(imports.filter(({ to }) => to.startsWith('..'))).toEqual([]);
});

test('stages meet only in tables: none imports another', () => {
  const crossing = imports.filter(({ from, to }) => {
    const stage = stageOf(from);
    const other = stageOf(to);
    return stage !== undefined && other !== undefined && stage !== other;
  });
  expect(crossing).toEqual([]);
});

test('base files know no stage', () => {
  const upward = imports.filter(
    ({ from, to }) =>
      stageOf(from) === undefined &&
      !ABOVE.includes(from) &&
      !isCommand(from) &&
      !isPage(from) &&
      !isSetup(from) &&
      stageOf(to),
  );
  expect(upward).toEqual([]);
  const users = imports.filter(({ to }) => isSetup(to)).map(({ from }) => from);
  expect(users.filter((from) => !isSetup(from) && !isCommand(from))).toEqual([]);
});

test('only the command line imports the commands, and only they import the run and the summary', () => {
  expect(imports.filter(({ to }) => to === 'cli.ts')).toEqual([]);
  const users = imports.filter(({ to }) => isCommand(to));
  expect(users.filter(({ from }) => from !== 'cli.ts' && !isCommand(from))).toEqual([]);
  const runners = imports.filter(({ to }) => to === 'run.ts').map(({ from }) => from);
  expect(runners.sort()).toEqual([
    'commands/job.ts',
    'run-summary.ts',
    'summary.ts',
    'watch-run.ts',
  ]);
});

test('there is no cycle among the files', () => {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      cycles.push([...trail.slice(at), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of targets.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});
