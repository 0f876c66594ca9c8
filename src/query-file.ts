/**
 * The SQL files in `queries/`: where they are, and the header that each opens with.
 *
 * A header is a run of `-- key: value` lines; a line `--   more text` continues the value above it.
 * One statement a file; the file's name is the name of the view, the mart or the report. A report may
 * name parts under `with`: queries of `parts/` that several reports share.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
  | 'parts'
  | 'setup'
  | 'examples';

const REQUIRED_KEYS: Record<Layer, readonly string[]> = {
  functions: ['title'],
  staging: ['title', 'grain'],
  marts: ['title', 'grain', 'parameters'],
  packs: ['title', 'grain', 'parameters'],
  status: ['title', 'grain', 'parameters'],
  explain: ['title', 'grain', 'parameters'],
  parts: ['title', 'grain', 'parameters'],
  setup: ['title', 'grain', 'parameters'],
  examples: ['question', 'answer', 'limits', 'parameters'],
  reports: ['title', 'question', 'requirements', 'parameters', 'rows', 'needs', 'grain', 'limits'],
};

const OPTIONAL_KEYS: Record<Layer, readonly string[]> = {
  functions: ['source'],
  staging: ['parameters', 'source'],
  marts: ['source'],
  packs: ['source'],
  status: ['source'],
  explain: ['source'],
  parts: ['source'],
  setup: ['source'],
  examples: [],
  reports: ['source', 'with'],
};

export type QueryFile = {
  layer: Layer;
  name: string;
  path: string;
  header: Readonly<Record<string, string>>;
  /** The file as it stands. */
  written: string;
  /** The same with the queries that its header names under `with`: what runs, and what is hashed. */
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
  const written = readFileSync(path, 'utf8');
  const header: Record<string, string> = {};
  let current: string | undefined;
  for (const line of written.split('\n')) {
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
  const text = withParts(written, listOf(header.with), path);
  return {
    layer,
    name: basename(path, '.sql'),
    path,
    header,
    written,
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** The text with the parts that it names before its select, as a reader would write them there. */
function withParts(written: string, names: readonly string[], path: string): string {
  if (names.length === 0) return written;
  const start = written.search(/^(?!--)/m);
  if (!/^select\b/.test(written.slice(start))) {
    invalid(
      path,
      'a report that names a part under "with" must begin with "select"',
      'Leave out the "with" of its statement, or the key.',
    );
  }
  const parts = names.map((name) => {
    const file = join(QUERIES_ROOT, 'parts', `${name}.sql`);
    if (!existsSync(file)) {
      invalid(path, `there is no part "${name}"`, `Name a file of ${join(QUERIES_ROOT, 'parts')}.`);
    }
    const body = readQueryFile('parts', file)
      .text.replace(/^(--.*\n)+/, '')
      .trimEnd();
    return `  ${name} as (\n${body.replaceAll(/^(?=.)/gm, '    ')}\n  )`;
  });
  return `${written.slice(0, start)}with\n${parts.join(',\n')}\n${written.slice(start)}`;
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
