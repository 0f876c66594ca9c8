/** Local files, named by paths, folders or glob patterns, and standard input. */
import { readdir, realpath as realpathOf, stat as statOf } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { escapePath, type FileSystemAdapter, glob } from 'tinyglobby';
import { FlowproofError, messageOf } from '../../errors.ts';
import { hintsOfPath, isOutsidePeriod, readFlowLogPath } from '../flow-log-path.ts';
import type { ObjectHints } from '../format.ts';
import type { ListedObject, Period, Source } from '../source.ts';
import { createLineEndNames, type LineEndNames } from './line-end-names.ts';
import { STANDARD_INPUT, standardInput } from './standard-input.ts';

export type FilesOptions = {
  label: string;
  /** Paths, folders (taken with all below them) or globs; `!` before one takes out; `-` is standard input. */
  patterns: readonly string[];
  /** Folder that relative patterns start from: the configuration's. */
  baseFolder: string;
  /** What the configuration says of the files; wins over what their paths say. */
  hints: ObjectHints;
  stdin?: Readable;
  now?: () => Date;
};

/**
 * A source of local files, in order of their URIs. `file:logs/a.log` is below the base folder, and so
 * the same wherever the tree is; `file:///data/a.log` is outside. A file that two patterns or two
 * links lead to is listed once. Names that open with a dot are left out unless a pattern says the dot.
 *
 * Listing throws FlowproofError SOURCE_EMPTY for a pattern that matches no file, and
 * SOURCE_UNREACHABLE for a folder that cannot be read: it could hold evidence that would be missing.
 */
export function filesSource(options: FilesOptions): Source {
  const { label, hints, stdin = process.stdin, now = () => new Date() } = options;
  const patterns = options.patterns.filter((pattern) => pattern !== STANDARD_INPUT);
  const baseFolder = resolve(options.baseFolder);
  const place = options.patterns.join(', ');
  return {
    label,
    place,
    async *list(period) {
      const files = await findFiles(label, patterns, baseFolder);
      files.sort((a, b) => (a.uri < b.uri ? -1 : 1));
      const met = new Set<string>();
      for (const file of files) {
        if (met.has(file.realPath)) continue;
        met.add(file.realPath);
        const object = asListed(file, hints, period);
        if (object) yield object;
      }
      if (patterns.length < options.patterns.length) yield standardInput(stdin, now(), hints);
    },
  };
}

type FoundFile = {
  path: string;
  /** The path without links: one file, one real path. */
  realPath: string;
  uri: string;
  size: bigint;
  mtimeNs: bigint;
};

function asListed(file: FoundFile, hints: ObjectHints, period: Period): ListedObject | undefined {
  const said = readFlowLogPath(file.uri.slice('file:'.length));
  if (isOutsidePeriod(said, period)) return undefined;
  return {
    uri: file.uri,
    version: `${file.size}-${file.mtimeNs}`,
    sizeBytes: Number(file.size),
    modifiedAt: new Date(Number(file.mtimeNs / 1_000_000n)),
    hints: { ...hintsOfPath(said), ...hints },
    fetch: async () => file.path,
  };
}

async function findFiles(
  label: string,
  patterns: readonly string[],
  baseFolder: string,
): Promise<FoundFile[]> {
  const ignore = patterns.filter((pattern) => pattern.startsWith('!')).map((p) => p.slice(1));
  const found: FoundFile[] = [];
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) continue;
    const unreadable: NodeJS.ErrnoException[] = [];
    const names = createLineEndNames();
    const matches = await glob(await asGlob(pattern, baseFolder), {
      cwd: baseFolder,
      ignore,
      absolute: true,
      dot: false,
      fs: reportingReaddir((error) => unreadable.push(error), names),
    });
    const [first] = unreadable;
    if (first) {
      throw new FlowproofError('SOURCE_UNREACHABLE', {
        place: label,
        problem: `pattern "${pattern}": cannot read folder ${first.path} (${first.code})`,
        remedy: 'Give the user that runs flowproof read access to it, or leave it out with "!".',
        cause: first,
      });
    }
    const files = await onlyRegular(label, matches.map(names.real), baseFolder);
    if (files.length === 0) {
      throw new FlowproofError('SOURCE_EMPTY', {
        place: label,
        problem: `pattern "${pattern}" matches no file below ${baseFolder}`,
        remedy:
          'Correct the path: it is relative to the folder of the configuration. ' +
          'Use "**" to match folders of any depth, such as "logs/**/*.log.gz".',
      });
    }
    for (const file of files) found.push(file);
  }
  return found;
}

/** A path that exists is taken as it stands, though it may hold brackets or braces. */
async function asGlob(pattern: string, baseFolder: string): Promise<string> {
  try {
    await stat(resolve(baseFolder, pattern));
  } catch {
    return pattern;
  }
  return escapePath(pattern.endsWith('/') ? pattern.slice(0, -1) || '/' : pattern);
}

/** Sockets, pipes and devices are never read: opening one could wait for ever. */
async function onlyRegular(
  label: string,
  matches: readonly string[],
  baseFolder: string,
): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const match of matches) {
    const path = resolve(match);
    try {
      const state = await stat(path, { bigint: true });
      if (!state.isFile()) continue;
      const realPath = await realpath(path);
      const { size, mtimeNs } = state;
      files.push({ path, realPath, uri: uriOf(path, baseFolder), size, mtimeNs });
    } catch (thrown) {
      throw new FlowproofError('SOURCE_UNREACHABLE', {
        place: label,
        problem: `cannot look at ${path}: ${messageOf(thrown)}`,
        remedy: 'Run again if files are being moved, or check the permissions of its folder.',
        cause: thrown,
      });
    }
  }
  return files;
}

/**
 * The glob library passes over folders that it cannot read, and this tells of them; and over names with
 * line ends, which it is given other names for.
 */
function reportingReaddir(
  report: (error: NodeJS.ErrnoException) => void,
  names: LineEndNames,
): FileSystemAdapter {
  const reporting = (
    path: string,
    options: { withFileTypes: true },
    done: (error: NodeJS.ErrnoException | null, entries: never) => void,
  ): void => {
    readdir(names.real(path), options, (error, entries) => {
      // A folder that is not there is an empty match, and a pattern may run into a file.
      if (error && error.code !== 'ENOENT' && error.code !== 'ENOTDIR') report(error);
      for (const entry of entries ?? []) entry.name = names.standIn(entry.name);
      done(error, entries as never);
    });
  };
  // What a link is called may have line ends, too.
  const ofLink =
    (call: (path: string, done: never) => void) =>
    (path: string, done: never): void =>
      call(names.real(path), done);
  return {
    readdir: reporting as never,
    realpath: ofLink(realpathOf) as never,
    stat: ofLink(statOf) as never,
  };
}

function uriOf(path: string, baseFolder: string): string {
  const inside = relative(baseFolder, path);
  const isInside = inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
  const text = (isInside ? inside : join('/', path)).split(sep).join('/');
  return isInside ? `file:${text}` : `file://${text}`;
}
