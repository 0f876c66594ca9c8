/** The places that a run with a configuration reads and writes: what a unit must let it reach. */
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Config } from '../config.ts';

/** Folders that it writes to, none within another, sorted. */
export function writtenFolders(config: Config): string[] {
  const { prometheus, cloudwatch_emf: emf } = config.metrics ?? {};
  const files = [prometheus, emf === 'stdout' ? undefined : emf].filter(
    (file) => file !== undefined,
  );
  return outermost([
    config.lake,
    config.output,
    ...files.map((file) => dirname(resolve(config.folder, file))),
  ]);
}

/** Folders of local files that it reads: those of patterns, up to the first wildcard, own queries, and extensions. */
export function readFolders(config: Config): string[] {
  const patterns = Object.values(config.sources)
    .flat()
    .flatMap(({ files = [] }) => files)
    .filter((pattern) => pattern !== '-');
  return outermost([
    ...patterns.map((pattern) => resolve(config.folder, fixedFolder(pattern))),
    ...(config.queries === undefined ? [] : [config.queries]),
    ...(config.duckdb_extensions === undefined
      ? []
      : [resolve(config.folder, config.duckdb_extensions)]),
  ]);
}

/** The folder that every file of a pattern is in. */
function fixedFolder(pattern: string): string {
  const parts = pattern.split('/');
  const wild = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part));
  // Without a wildcard the last part is the file itself.
  return parts.slice(0, wild < 0 ? -1 : wild).join('/') || (isAbsolute(pattern) ? '/' : '.');
}

export function isWithin(folder: string, outer: string): boolean {
  const path = relative(outer, folder);
  return path === '' || (!path.startsWith('..') && !isAbsolute(path));
}

/** The folders less those within another, sorted, each once. */
export function outermost(folders: readonly string[]): string[] {
  const all = [...new Set(folders)].sort();
  return all.filter((folder) => !all.some((other) => other !== folder && isWithin(folder, other)));
}
