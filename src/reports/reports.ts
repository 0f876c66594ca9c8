/**
 * Reports: from the marts to an evidence pack. This folder owns which queries a pack runs, what their
 * rows say of each requirement, and every file of the pack.
 */
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { type Engine, type EngineParameters, readEngineRows } from '../engines/engine.ts';
import { FlowproofError } from '../errors.ts';
import { inTurn } from '../in-turn.ts';
import { listOf, QUERIES_ROOT, type QueryFile, readQueryFile } from '../query-file.ts';
import { TOOL_VERSION } from '../version.ts';
import { createControlTables } from './control-tables.ts';
import type { Signer } from './dsse.ts';
import {
  applyExceptions,
  checkReportNames,
  type Exceptions,
  readExceptions,
} from './exceptions.ts';
import { type GoneDays, goneText } from './gone-rows.ts';
import { loadPackDefinition, type PackDefinition, requirementResult } from './pack-definition.ts';
import { writePackFolder } from './pack-folder.ts';
import type { Overview, PackContent, PackSource, ReportResult } from './report.ts';
import { filesByName, queryRoots, reportFiles } from './report-files.ts';
import { runReport } from './run-report.ts';

export type ReportOutcome = {
  folder: string;
  isChanged: boolean;
  /** Where a changed or foreign folder in the pack's place was moved to. */
  keptFolder?: string;
  content: PackContent;
};

export type ReportOptions = {
  /** What the queries run on: it knows the tables of the lake. */
  engine: Engine;
  config: Config;
  onProgress: (progress: { report: string; position: number; count: number }) => void;
  /** Signs the pack; without it the pack has no signature. */
  signer?: Signer | undefined;
  /** Once aborted, no further pack is begun, and its reason is thrown. */
  signal?: AbortSignal | undefined;
};

/** The packs of the configuration. Throws for a pack, report or exception that cannot be used. */
export function loadPacks(config: Config): {
  definitions: readonly PackDefinition[];
  roots: readonly string[];
  exceptions: Exceptions | null;
} {
  const roots = queryRoots(config);
  const definitions = config.packs.map((name) => loadPackDefinition(name, roots));
  const exceptions = config.exceptions === undefined ? null : readExceptions(config.exceptions);
  if (exceptions) checkReportNames(exceptions, filesByName('reports', roots));
  return { definitions, roots, exceptions };
}

/**
 * Runs the queries of the configured packs, each once, and writes a folder for each pack.
 */
export async function report(options: ReportOptions): Promise<ReportOutcome[]> {
  const { engine, config } = options;
  const { definitions, roots, exceptions } = loadPacks(config);
  const filesOf = definitions.map(({ requirements }) =>
    reportFiles(
      requirements.flatMap(({ reports }) => reports),
      roots,
    ),
  );
  const files = [...new Map(filesOf.flat().map((file) => [file.name, file])).values()];
  const parameters = {
    period_start: isoSecond(config.period.start),
    period_end: isoSecond(config.period.end),
  };
  await createControlTables(engine, config);
  const [extent] = await runPackQuery<Extent>(engine, 'extent', parameters);
  if (!extent) throw new Error('extent.sql gave no row');
  const gone = await runPackQuery<GoneDays>(engine, 'gone_days', parameters);
  const lastDay = isoSecond(new Date(config.period.end.getTime() - 1000)).slice(0, 10);
  const results = new Map<string, Judged>();
  let begun = 0;
  const judge = async (file: QueryFile): Promise<void> => {
    begun += 1;
    options.onProgress({ report: file.name, position: begun, count: files.length });
    const whole = await runReport(engine, file, parameters, hasNeeds(file, extent));
    const result = withGone(whole, goneText(file.text, gone));
    const judged = exceptions
      ? applyExceptions(result, exceptions, lastDay)
      : { report: result, uses: [] };
    results.set(file.name, judged);
  };
  await inTurn(files, judge, engine.atOnce);
  const common = await commonContent(options, parameters, extent.data_through_at);
  const outcomes: ReportOutcome[] = [];
  for (const [index, definition] of definitions.entries()) {
    options.signal?.throwIfAborted();
    const own = (filesOf[index] ?? []).flatMap((file) => results.get(file.name) ?? []);
    const reports = own.map((one) => servedIn(definition, one.report));
    const content: PackContent = {
      pack: { name: definition.name, title: definition.title, standard: definition.standard },
      ...common,
      requirements: definition.requirements.map((requirement) =>
        requirementResult(requirement, reports),
      ),
      reports,
      exceptions: exceptions && {
        sha256: exceptions.sha256,
        uses: own.flatMap(({ uses }) => uses),
      },
    };
    const folder = join(config.output, packName(definition.name, config));
    const written = await writePackFolder({
      folder,
      content,
      queryTexts: new Map(files.map((file) => [file.name, file.text])),
      signer: options.signer,
    });
    outcomes.push({
      folder,
      isChanged: written.changed,
      ...(written.keptFolder ? { keptFolder: written.keptFolder } : {}),
      content,
    });
  }
  return outcomes;
}

type Judged = ReturnType<typeof applyExceptions>;

/** A report with the requirements that it bears on in this pack: the header names those of PCI DSS. */
function servedIn(definition: PackDefinition, result: ReportResult): ReportResult {
  const requirements = definition.requirements
    .filter(({ reports }) => reports.includes(result.name))
    .map(({ id }) => id);
  return { ...result, requirements };
}

/** A row of `queries/packs/extent.sql`. */
type Extent = Record<(typeof NEEDS)[number], number> & { data_through_at: string | null };

/** What a report may name in its header under `needs`: columns of `queries/packs/extent.sql`. */
export const NEEDS = [
  'flows',
  'flows_in_scope',
  'interfaces_in_scope',
  'rules',
  'ips_events',
  'source_objects',
  'rule_snapshot_pairs',
] as const;

/** True if there is some of everything that the report looks at: only then do no rows mean anything. */
function hasNeeds(file: QueryFile, extent: Extent): boolean {
  return listOf(file.header.needs).every((need) => {
    const known = NEEDS.find((name) => name === need);
    if (known === undefined) {
      throw new FlowproofError('REPORT_INVALID', {
        place: file.path,
        problem: `header key "needs" names "${need}"`,
        remedy: `Use "none", or some of: ${NEEDS.join(', ')}.`,
      });
    }
    return extent[known] > 0;
  });
}

/** A report that sees only a part of the period's rows: that it finds nothing shows nothing. */
function withGone(result: ReportResult, text: string | undefined): ReportResult {
  if (text === undefined) return result;
  return {
    ...result,
    limits: `${text} ${result.limits}`,
    hadData: result.hadData && result.rows.length > 0,
    lacksRows: true,
  };
}

/** `pci-dss-4.0.1_2026-11-01_2026-12-01`: pack, first day, first day after. */
export function packName(pack: string, config: Pick<Config, 'period'>): string {
  const day = (time: Date): string =>
    time.toISOString().replace('T00:00:00.000Z', '').replace(/[:.]/g, '');
  return `${pack}_${day(config.period.start)}_${day(config.period.end)}`;
}

function isoSecond(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

async function runPackQuery<Row extends Record<string, unknown>>(
  engine: Engine,
  name: string,
  parameters: EngineParameters,
): Promise<Row[]> {
  const file = readQueryFile('packs', join(QUERIES_ROOT, 'packs', `${name}.sql`));
  return readEngineRows<Row>(engine, file.text, parameters);
}

/** What every pack of the configuration holds. */
async function commonContent(
  options: ReportOptions,
  parameters: Readonly<Record<string, string>>,
  dataThrough: string | null,
): Promise<Omit<PackContent, 'pack' | 'requirements' | 'reports' | 'exceptions'>> {
  const { engine, config } = options;
  const figures = await runPackQuery<{ label: string; value: number }>(
    engine,
    'figures',
    parameters,
  );
  const scopes = await runPackQuery<{
    scope_name: string;
    interface_count: number;
    instance_count: number;
  }>(engine, 'scopes', parameters);
  const sources = await runPackQuery<{
    uri: string;
    etag: string | null;
    version_id: string | null;
    sha256: string;
    size_bytes: number;
    format: string | null;
    status: string;
    reason: string | null;
    line_count: number;
    row_count: number;
    rejected_count: number;
  }>(engine, 'sources', parameters);
  return {
    organization: config.organization ?? null,
    period: { start: parameters.period_start ?? '', end: parameters.period_end ?? '' },
    dataThrough: dataThrough === null ? null : `${dataThrough.slice(0, 19).replace(' ', 'T')}Z`,
    scope: config.scope.map((scope) => {
      const found = scopes.find((row) => row.scope_name === scope.name);
      return {
        name: scope.name,
        match: matchText(scope.match),
        interfaceCount: Number(found?.interface_count ?? 0),
        instanceCount: Number(found?.instance_count ?? 0),
      };
    }),
    figures: figures.map((row) => ({
      label: row.label,
      value: Number(row.value).toLocaleString('en-US'),
    })),
    overview: await readOverview(engine, parameters),
    sources: sources.map(
      (row): PackSource => ({
        uri: row.uri,
        etag: row.etag,
        versionId: row.version_id,
        sha256: row.sha256,
        sizeBytes: Number(row.size_bytes),
        format: row.format,
        status: row.status,
        reason: row.reason,
        lineCount: Number(row.line_count),
        rowCount: Number(row.row_count),
        rejectedCount: Number(row.rejected_count),
      }),
    ),
    configSha256: config.sha256,
    tool: { name: 'flowproof', version: TOOL_VERSION, engine: await engine.version() },
  };
}

async function readOverview(
  engine: Engine,
  parameters: Readonly<Record<string, string>>,
): Promise<Overview> {
  const details = await runPackQuery<{
    element: string;
    met: number;
    supplied: number;
    partial: number;
    missing: number;
  }>(engine, 'detail_elements', parameters);
  const days = await runPackQuery<{ day: string; interface_count: number; recorded_count: number }>(
    engine,
    'coverage_days',
    parameters,
  );
  const segments = await runPackQuery<{
    scope_name: string;
    peer_segment: string;
    accepted_count: number;
    rejected_count: number;
  }>(engine, 'segment_pairs', parameters);
  return {
    details: details.map((row) => ({
      element: row.element,
      met: Number(row.met),
      supplied: Number(row.supplied),
      partial: Number(row.partial),
      missing: Number(row.missing),
    })),
    days: days.map((row) => ({
      day: row.day.slice(0, 10),
      interfaceCount: Number(row.interface_count),
      recordedCount: Number(row.recorded_count),
    })),
    segments: segments.map((row) => ({
      scope: row.scope_name,
      peer: row.peer_segment,
      acceptedCount: Number(row.accepted_count),
      rejectedCount: Number(row.rejected_count),
    })),
  };
}

function matchText(match: Config['scope'][number]['match']): string {
  const { tag, ...lists } = match;
  return [
    ...Object.entries(lists).map(([kind, values]) => `${kind} ${(values ?? []).join(' or ')}`),
    ...Object.entries(tag ?? {}).map(([key, value]) => `tag ${key}=${value}`),
  ].join(' and ');
}
