/** What the doctor checks of the configuration, and of the files that it names. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Config, readConfig } from '../config.ts';
import { readRows } from '../database.ts';
import { FlowproofError } from '../errors.ts';
import type { ListedObject } from '../ingest/source.ts';
import { filesSource } from '../ingest/sources/files.ts';
import { loadPacks } from '../reports/reports.ts';
import { openSigner } from '../reports/signer.ts';
import { bytesText, type Check, shellWord } from './check.ts';
import type { FileAmount } from './disk.ts';

/** What an expected failure says, as a check; others are thrown. */
export function problemOf(about: Pick<Check, 'check' | 'subject'>, thrown: unknown): Check {
  if (!(thrown instanceof FlowproofError)) throw thrown;
  return { ...about, verdict: 'problem', found: thrown.problem, fix: thrown.remedy };
}

/** Reads the configuration; with mistakes, all of them are in the check and there is no configuration. */
export function checkConfig(path: string): { check: Check; config?: Config } {
  const about = { check: 'config', subject: path };
  try {
    const config = readConfig(path);
    const day = (time: Date): string => time.toISOString().slice(0, 10);
    const sources = Object.values(config.sources).flat().length;
    const period = `${day(config.period.start)} to ${day(config.period.end)}, end excluded`;
    const found = `${sources} ${sources === 1 ? 'source' : 'sources'}; period ${period}`;
    return { check: { ...about, verdict: 'ok', found }, config };
  } catch (thrown) {
    const check = problemOf(about, thrown);
    const isAbsent = thrown instanceof FlowproofError && thrown.code === 'CONFIG_UNREADABLE';
    return {
      check: isAbsent ? { ...check, fix: `flowproof init --config ${shellWord(path)}` } : check,
    };
  }
}

/** Packs, own queries and exceptions can be read, and a key in a file can sign. */
export async function checkPacks(config: Config): Promise<Check[]> {
  const about = { check: 'packs', subject: config.packs.join(', ') };
  const checks: Check[] = [];
  try {
    const { exceptions } = loadPacks(config);
    const found = `can be made${exceptions ? `, with ${exceptions.list.length} exceptions` : ''}`;
    checks.push({ ...about, verdict: 'ok', found });
  } catch (thrown) {
    checks.push(problemOf(about, thrown));
  }
  if (config.signature?.key_file !== undefined) {
    const key = { check: 'signing_key', subject: config.signature.key_file };
    try {
      const signer = await openSigner(config);
      checks.push({ ...key, verdict: 'ok', found: `Ed25519, key id ${signer?.keyId}` });
    } catch (thrown) {
      checks.push(problemOf(key, thrown));
    }
  }
  return checks;
}

export type LocalFiles = {
  checks: Check[];
  amounts: FileAmount[];
  /** The newest file of each entry of flow logs. */
  newest: { source: string; file: ListedObject }[];
};

/** Entries of local files: whether each pattern finds some, and how much of it is new to the lake. */
export async function checkFiles(
  config: Config,
  connection: DuckDBConnection,
): Promise<LocalFiles> {
  const known = new Set(
    (
      await readRows<{ uri: string }>(
        connection,
        "select distinct uri from source_object where starts_with(uri, 'file:')",
      )
    ).map(({ uri }) => uri),
  );
  const result: LocalFiles = { checks: [], amounts: [], newest: [] };
  for (const [kind, entries] of Object.entries(config.sources)) {
    for (const [index, { files }] of entries.entries()) {
      if (files === undefined) continue;
      const source = `${kind}[${index}]`;
      const about = { check: 'files', subject: `${source} ${files.join(', ')}` };
      const patterns = files.filter((pattern) => pattern !== '-');
      if (patterns.length === 0) {
        const found = 'standard input is read by a run only';
        result.checks.push({ ...about, verdict: 'not_checked', found });
        continue;
      }
      try {
        const found = await listFiles(config, source, patterns);
        const fresh = found.filter(({ uri }) => !known.has(uri));
        result.amounts.push({ source, newBytes: sizeOf(fresh), isReadable: true });
        const [newest] = [...found].sort(byTime);
        if (newest && kind === 'flow_logs') result.newest.push({ source, file: newest });
        result.checks.push({ ...about, ...verdictOf(found, fresh) });
      } catch (thrown) {
        result.amounts.push({ source, newBytes: 0, isReadable: false });
        result.checks.push(problemOf(about, thrown));
      }
    }
  }
  return result;
}

async function listFiles(
  { folder: baseFolder, period }: Config,
  label: string,
  patterns: readonly string[],
): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  const source = filesSource({ label, patterns, baseFolder, hints: {} });
  for await (const file of source.list(period)) found.push(file);
  return found;
}

function verdictOf(
  found: readonly ListedObject[],
  fresh: readonly ListedObject[],
): Pick<Check, 'verdict' | 'found' | 'fix'> {
  if (found.length === 0) {
    return {
      verdict: 'warning',
      found: 'all files that it matches are of days outside the period',
      fix: 'Correct `period:` or the pattern in the configuration.',
    };
  }
  const many = `${found.length} ${found.length === 1 ? 'file' : 'files'} of ${bytesText(sizeOf(found))}`;
  return { verdict: 'ok', found: `${many} of the period, ${fresh.length} of them not read yet` };
}

const sizeOf = (files: readonly ListedObject[]): number =>
  files.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);

/** The newest first; of equal age, by name. */
function byTime(one: ListedObject, other: ListedObject): number {
  const age = (other.modifiedAt?.getTime() ?? 0) - (one.modifiedAt?.getTime() ?? 0);
  return age === 0 ? (one.uri < other.uri ? -1 : 1) : age;
}
