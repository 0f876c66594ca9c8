/**
 * The SQL files in `queries/`: where they are, and the header that each opens with.
 *
 * A header is a run of `-- key: value` lines; a line `--   more text` continues the value above it.
 * One statement a file; the file's name is the name of the view, the mart or the report.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FlowproofError } from './errors.ts';

/** Folder of the installed package: the parent of `src/` or `dist/`. */
export const PACKAGE_ROOT = fileURLToPath(new URL('..', import.meta.url));

export const QUERIES_ROOT = join(PACKAGE_ROOT, 'queries');

export type Layer =
  | 'functions'
  | 'staging'
  | 'marts'
  | 'reports'
  | 'packs'
  | 'status'
  | 'explain'
  | 'setup';

const REQUIRED_KEYS: Record<Layer, readonly string[]> = {
  functions: ['title'],
  staging: ['title', 'grain'],
  marts: ['title', 'grain', 'parameters'],
  packs: ['title', 'grain', 'parameters'],
  status: ['title', 'grain', 'parameters'],
  explain: ['title', 'grain', 'parameters'],
  setup: ['title', 'grain', 'parameters'],
  reports: ['title', 'question', 'requirements', 'parameters', 'rows', 'needs', 'grain', 'limits'],
};

const OPTIONAL_KEYS: Record<Layer, readonly string[]> = {
  functions: ['source'],
  staging: ['parameters', 'source'],
  marts: ['source'],
  packs: ['source'],
  status: ['source'],
  explain: ['source'],
  setup: ['source'],
  reports: ['source'],
};

export type QueryFile = {
  layer: Layer;
  name: string;
  path: string;
  header: Readonly<Record<string, string>>;
  /** The whole text, header included: what runs, and what is hashed. */
  text: string;
  sha256: string;
};

/** Values of a comma-separated header line; `none` is an empty list. */
export function listOf(value: string | undefined): string[] {
  if (value === undefined || value.trim() === 'none') return [];
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Reads one file and checks its header. Throws REPORT_INVALID with the key that is wrong. */
export function readQueryFile(layer: Layer, path: string): QueryFile {
  const text = readFileSync(path, 'utf8');
  const header: Record<string, string> = {};
  let current: string | undefined;
  for (const line of text.split('\n')) {
    if (!line.startsWith('--')) break;
    const entry = /^-- ([a-z_]+): (.*)$/.exec(line);
    if (entry?.[1] !== undefined && entry[2] !== undefined) {
      current = entry[1];
      if (current in header) invalid(path, `key "${current}" stands twice`, 'Keep one of the two.');
      header[current] = entry[2].trim();
    } else if (current !== undefined && /^--\s{2,}\S/.test(line)) {
      header[current] = `${header[current]} ${line.slice(2).trim()}`;
    } else {
      invalid(
        path,
        `header line "${line}" is neither "-- key: value" nor a continuation`,
        'Indent continuations by two blanks or more.',
      );
    }
  }
  const known = [...REQUIRED_KEYS[layer], ...OPTIONAL_KEYS[layer]];
  for (const key of REQUIRED_KEYS[layer]) {
    if (!header[key]) invalid(path, `header has no "${key}"`, `Add a line "-- ${key}: ...".`);
  }
  for (const key of Object.keys(header)) {
    if (!known.includes(key)) {
      invalid(path, `unknown header key "${key}"`, `Use one of: ${known.join(', ')}.`);
    }
  }
  return {
    layer,
    name: basename(path, '.sql'),
    path,
    header,
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

function invalid(path: string, problem: string, remedy: string): never {
  throw new FlowproofError('REPORT_INVALID', { place: path, problem, remedy });
}

/** Every file of a layer, in order of name. */
export function readLayer(layer: Layer, root = QUERIES_ROOT): QueryFile[] {
  const folder = join(root, layer);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => readQueryFile(layer, join(folder, file)));
}
