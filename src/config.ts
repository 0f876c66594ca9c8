/**
 * The configuration: YAML, checked whole before anything runs, every mistake reported at once with
 * its line. Relative paths are relative to the file.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { isMap, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type ConfigFile, configJsonSchema, configSchema } from './config-schema.ts';
import { FlowproofError, messageOf } from './errors.ts';
import { defaultExtensions } from './remote-lake/httpfs.ts';
import { defaultCopy, isRemote, noteRemote, parsePlace } from './remote-lake/place.ts';
import { schedulePeriod } from './schedule.ts';
import { checkYamlDepth } from './yaml-depth.ts';

/** The configuration as the program uses it: absolute folders, instants, and where it came from. */
export type Config = Omit<ConfigFile, 'period' | 'pack'> & {
  path: string;
  /** Names of the packs to make. */
  packs: readonly string[];
  /** Folder that patterns are relative to. */
  folder: string;
  sha256: string;
  /** What is read and shown; with a schedule, all of it from its first day to the end of this one. */
  period: { start: Date; end: Date };
};

const DEFAULT_PACK = 'pci-dss-4.0.1';

/**
 * Reads and checks a file. `asOf` is the moment up to which a schedule has come. Throws
 * CONFIG_UNREADABLE, or CONFIG_INVALID with every mistake in it.
 */
export function readConfig(path: string, asOf = new Date()): Config {
  const absolute = resolve(path);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (thrown) {
    throw new FlowproofError('CONFIG_UNREADABLE', {
      place: path,
      problem: `the configuration cannot be read (${messageOf(thrown)})`,
      remedy:
        'Name an existing file: flowproof run --config flowproof.yaml; or write a first one: flowproof init',
      cause: thrown,
    });
  }
  const checked = parseConfig(text, path);
  const folder = dirname(absolute);
  const { pack, period, queries, exceptions, retention, ...rest } = checked;
  return {
    ...rest,
    lake: placedLake(checked, { path, folder }),
    output: resolve(folder, checked.output),
    packs: packNames(checked),
    ...(queries ? { queries: resolve(folder, queries) } : {}),
    ...(exceptions ? { exceptions: resolve(folder, exceptions) } : {}),
    ...(retention
      ? {
          retention: placedRetention(retention, placedLake(checked, { path, folder }), {
            path,
            folder,
          }),
        }
      : {}),
    period: checked.schedule
      ? schedulePeriod(checked.schedule, asOf)
      : { start: new Date(period?.start ?? 0), end: new Date(period?.end ?? 0) },
    path: absolute,
    folder,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** The folder of the lake; of a lake in S3, that of its copy. */
function placedLake(
  checked: ConfigFile,
  { path, folder }: { path: string; folder: string },
): string {
  const { lake, lake_region: region, lake_role_arn: roleArn, lake_copy: copy } = checked;
  const { engine, lake_read: mode = 'auto', duckdb_extensions: extensions } = checked;
  if (!isRemote(lake)) {
    const stray = Object.entries({
      lake_region: region,
      lake_role_arn: roleArn,
      lake_copy: copy,
      lake_read: checked.lake_read,
      duckdb_extensions: extensions,
    });
    const name = stray.find(([, value]) => value !== undefined)?.[0];
    if (name === undefined) return resolve(folder, lake);
    throw new FlowproofError('CONFIG_INVALID', {
      place: path,
      problem: `${name}: goes only with a lake in S3 (found: lake: ${JSON.stringify(lake)})`,
      remedy: `Take ${name} out, or write: lake: s3://amzn-s3-demo-bucket/flowproof`,
    });
  }
  const place = parsePlace(lake, { region, roleArn, place: path });
  place.reading = {
    mode,
    extensions: extensions === undefined ? defaultExtensions() : resolve(folder, extensions),
  };
  const root = copy === undefined ? defaultCopy(place) : resolve(folder, copy);
  noteRemote(root, { ...place, ...(engine === 'duckdb' ? {} : { leavesLargeFiles: true }) });
  return root;
}

/** With the archive as an absolute folder, which must lie outside the lake: a reader of it would read both. */
function placedRetention(
  retention: NonNullable<ConfigFile['retention']>,
  lake: string,
  { path, folder }: { path: string; folder: string },
): NonNullable<ConfigFile['retention']> {
  if (retention.archive === undefined) return retention;
  const [archive, root] = [resolve(folder, retention.archive), resolve(folder, lake)];
  if (
    `${archive}${sep}`.startsWith(`${root}${sep}`) ||
    `${root}${sep}`.startsWith(`${archive}${sep}`)
  ) {
    throw new FlowproofError('CONFIG_INVALID', {
      place: path,
      problem: `retention.archive: the archive and the lake are one within the other (found: ${JSON.stringify(retention.archive)})`,
      remedy:
        'Name a folder beside the lake, best on a storage of its own: retention: { raw_months: 15, archive: ../archive }',
    });
  }
  return { ...retention, archive };
}

function packNames({ pack, schedule }: ConfigFile): string[] {
  const names = schedule?.packs.map((entry) => entry.pack) ?? [pack ?? DEFAULT_PACK].flat();
  return [...new Set(names)];
}

/** Checks the text of a configuration; `path` is only for messages. */
export function parseConfig(text: string, path: string): ConfigFile {
  const lines = new LineCounter();
  checkDepth(text, path);
  const document = parseDocument(text, { lineCounter: lines });
  const problems: string[] = document.errors.map((error) => {
    const line = lines.linePos(error.pos[0]).line;
    return `line ${line}: ${error.message.split('\n', 1)[0]}`;
  });
  if (problems.length === 0) {
    const result = configSchema.safeParse(plainValue(document, path));
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      problems.push(...describeIssue(issue, document, lines));
    }
  }
  throw new FlowproofError('CONFIG_INVALID', {
    place: path,
    problem: `${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}\n  - ${problems.join('\n  - ')}`,
    remedy:
      'Every key is explained in the README; `flowproof config-schema` prints a JSON Schema for editors.',
  });
}

function checkDepth(text: string, path: string): void {
  try {
    checkYamlDepth(text);
  } catch (thrown) {
    throw new FlowproofError('CONFIG_INVALID', {
      place: path,
      problem: messageOf(thrown),
      remedy: 'Name a configuration of flowproof, such as samples/flowproof.yaml.',
      cause: thrown,
    });
  }
}

type YamlDocument = ReturnType<typeof parseDocument>;

/** The document's value. Throws CONFIG_INVALID for an alias without an anchor, or far too many. */
function plainValue(document: YamlDocument, path: string): unknown {
  try {
    return document.toJS();
  } catch (thrown) {
    throw new FlowproofError('CONFIG_INVALID', {
      place: path,
      problem: `an alias (*name) cannot be followed: ${messageOf(thrown)}`,
      remedy: 'Define the anchor (&name) before it, or write the value out.',
      cause: thrown,
    });
  }
}

function describeIssue(
  issue: z.core.$ZodIssue,
  document: YamlDocument,
  lines: LineCounter,
): string[] {
  const at = (path: readonly PropertyKey[]): string => {
    const line = lineOf(document, path, lines);
    return `${line === undefined ? '' : `line ${line}: `}${pathText(path) || 'the file'}`;
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${at([...issue.path, key])}: unknown key (valid here: ${validKeys(issue.path)})`,
    );
  }
  const value = document.getIn(issue.path as unknown[], false);
  const isScalar = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const found =
    value === undefined ? 'missing' : isScalar ? JSON.stringify(value) : 'a list or map';
  const message =
    issue.code === 'custom' ? issue.message : issue.message.replace(/^Invalid input: /, '');
  // A secret in the place of the name of its variable is not repeated, nor is a URL that may hold one.
  const isSecret = /(^webhook|_env)$/.test(String(issue.path.at(-1) ?? '')) && value !== undefined;
  const shown = isSecret || (issue.code === 'custom' && !isScalar) ? '' : ` (found: ${found})`;
  return [`${at(issue.path)}: ${message}${shown}`];
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** The line of the nearest node that exists on the way to the path. */
function lineOf(
  document: YamlDocument,
  path: readonly PropertyKey[],
  lines: LineCounter,
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1) as unknown[], true);
    const key = path[length - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => String(item.key) === String(key))
      : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length) as unknown[], true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range) return lines.linePos(range[0]).line;
  }
  return undefined;
}

/** The keys that the schema knows at a path. */
function validKeys(path: readonly PropertyKey[]): string {
  type Node = { properties?: Record<string, Node>; items?: Node };
  let node: Node | undefined = configJsonSchema() as Node;
  for (const part of path) {
    node = typeof part === 'number' ? node?.items : node?.properties?.[String(part)];
  }
  return Object.keys(node?.properties ?? {}).join(', ');
}
