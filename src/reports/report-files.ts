/**
 * Where packs and reports stand: in flowproof's own `queries/`, and in the folder of that shape that the
 * configuration names. Neither hides what the other has.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../config.ts';
import { FlowproofError } from '../errors.ts';
import { QUERIES_ROOT, type QueryFile, readQueryFile } from '../query-file.ts';

const ENDINGS = { packs: '.yaml', reports: '.sql' } as const;

/** The folders to look in. Throws REPORT_INVALID if the one of the configuration has nothing of use. */
export function queryRoots(config: Pick<Config, 'queries'>): string[] {
  const own = config.queries;
  if (own === undefined) return [QUERIES_ROOT];
  if (!Object.keys(ENDINGS).some((folder) => existsSync(join(own, folder)))) {
    throw new FlowproofError('REPORT_INVALID', {
      place: own,
      problem: 'the folder of own queries has neither reports/ nor packs/',
      remedy:
        'Put SQL files into reports/ and YAML files into packs/ below it, or leave "queries" out.',
    });
  }
  return [QUERIES_ROOT, own];
}

/** Path of every pack or report by its name, in their order. Throws REPORT_INVALID if a name stands twice. */
export function filesByName(
  kind: keyof typeof ENDINGS,
  roots: readonly string[],
): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const root of roots) {
    const folder = join(root, kind);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    for (const file of files.filter((one) => one.endsWith(ENDINGS[kind])).sort()) {
      const name = basename(file, ENDINGS[kind]);
      const taken = paths.get(name);
      if (taken !== undefined) {
        throw new FlowproofError('REPORT_INVALID', {
          place: join(folder, file),
          problem: `its name is taken by ${taken}`,
          remedy: 'Give the file another name.',
        });
      }
      paths.set(name, join(folder, file));
    }
  }
  return paths;
}

/** The files of the reports of these names, each once. */
export function reportFiles(names: readonly string[], roots: readonly string[]): QueryFile[] {
  const paths = filesByName('reports', roots);
  return [...new Set(names)].map((name) => {
    const path = paths.get(name);
    if (path === undefined) throw new Error(`there is no report ${name}`);
    return readQueryFile('reports', path);
  });
}
