/**
 * Packs: which requirements of a standard there are, which reports bear on each, and what only a person
 * can supply. A pack is one YAML file in `packs/`; `deriveRequirementStatus` is the one rule by
 * which rows of reports become the status of a requirement.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { FlowproofError, messageOf } from '../errors.ts';
import { QUERIES_ROOT } from '../query-file.ts';
import { checkYamlDepth } from '../yaml-depth.ts';
import {
  type ReportResult,
  type RequirementResult,
  ROW_STATUSES,
  type RowStatus,
  type Status,
} from './report.ts';
import { filesByName } from './report-files.ts';
import { requirementIdMistake } from './requirement-ids.ts';

const text = z.string().trim().min(1);

const requirementSchema = z
  .strictObject({
    id: text,
    title: text,
    /** What it asks, in flowproof's own words. */
    asks: text,
    /** Names of the reports that bear on it. */
    reports: z.array(text),
    /** The status of a requirement that no report could support: none bears on it, or what they list only helps a person. */
    status: z.enum(['out_of_reach', 'manual_evidence_required']).optional(),
    /** What these logs can never show of it. */
    limits: text,
    /** What only a person can supply, and whom to ask. */
    manual: z.array(text),
  })
  .refine((one) => one.reports.length > 0 || one.status !== undefined, {
    message: 'a requirement has reports or a status of its own',
  });

const packSchema = z.strictObject({
  name: text,
  title: text,
  standard: text,
  requirements: z.array(requirementSchema).min(1),
});

export type PackDefinition = z.infer<typeof packSchema>;
export type PackRequirement = PackDefinition['requirements'][number];

/**
 * Reads `packs/<name>.yaml` below one of the folders. Throws PACK_UNKNOWN if there is no such pack, and
 * REPORT_INVALID with every mistake if the file has an unknown key, report or requirement id.
 */
export function loadPackDefinition(
  name: string,
  roots: readonly string[] = [QUERIES_ROOT],
): PackDefinition {
  const packs = filesByName('packs', roots);
  const path = packs.get(name);
  if (path === undefined) {
    throw new FlowproofError('PACK_UNKNOWN', {
      place: `pack "${name}"`,
      problem: 'there is no pack of that name',
      remedy: `Use one of: ${[...packs.keys()].join(', ')}.`,
    });
  }
  const parsed = packSchema.safeParse(parseYaml(path));
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  const problems = mistakesOf(parsed.data, name, new Set(filesByName('reports', roots).keys()));
  if (problems.length > 0) throw invalid(path, problems.join('; '));
  return parsed.data;
}

function parseYaml(path: string): unknown {
  try {
    const text = readFileSync(path, 'utf8');
    checkYamlDepth(text);
    return parse(text, { logLevel: 'error' });
  } catch (thrown) {
    throw invalid(path, `is not YAML: ${messageOf(thrown)}`, thrown);
  }
}

function invalid(path: string, problem: string, cause?: unknown): FlowproofError {
  return new FlowproofError('REPORT_INVALID', {
    place: path,
    problem,
    remedy: 'Correct the pack: its keys are in src/reports/pack-definition.ts.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What a pack may get wrong beyond its shape. */
function mistakesOf(pack: PackDefinition, name: string, reports: ReadonlySet<string>): string[] {
  const seen = new Set<string>();
  const problems = pack.name === name ? [] : [`name is "${pack.name}", the file is "${name}"`];
  for (const requirement of pack.requirements) {
    const mistake = requirementIdMistake(pack.standard, requirement.id);
    if (mistake) problems.push(mistake);
    if (seen.has(requirement.id)) problems.push(`requirement ${requirement.id} stands twice`);
    seen.add(requirement.id);
    for (const report of requirement.reports) {
      if (!reports.has(report)) {
        problems.push(`requirement ${requirement.id} names unknown report "${report}"`);
      }
    }
  }
  return problems;
}

/** What a report says of a requirement; a `ReportResult` is one. */
export type ReportEvidence = Pick<
  ReportResult,
  'name' | 'title' | 'hadData' | 'lacksRows' | 'statusCounts'
>;

/**
 * The status of a requirement from the rows of the reports that bear on it: without data in any of
 * them `not_evidenced`; with a row that contradicts `contradicts`; if all say the same, that; else
 * `partial`. A row that an exception accepts counts as `partial`: it is no contradiction any more, but
 * supports nothing. A report with data and no rows found nothing against it and counts as `supports`; one
 * without data, beside others with data, counts as `not_evidenced`, and so does one that lacks rows of the
 * period beside what the others say.
 */
export function deriveRequirementStatus(evidence: readonly ReportEvidence[]): {
  status: Status;
  why: string;
} {
  const withData = evidence.filter((one) => one.hadData);
  if (withData.length === 0) {
    return {
      status: 'not_evidenced',
      why: `There was no data to look at for ${evidence.map((one) => one.title).join(', ') || 'any report'}.`,
    };
  }
  const said = new Set(evidence.flatMap(statusesOf));
  const [only] = said;
  const status =
    said.size === 1 && only !== undefined
      ? only
      : said.has('contradicts')
        ? 'contradicts'
        : 'partial';
  return { status, why: `${evidence.map(countsText).join('; ')}.` };
}

function statusesOf(evidence: ReportEvidence): Status[] {
  if (!evidence.hadData) return ['not_evidenced'];
  const found = ROW_STATUSES.filter((status) => (evidence.statusCounts[status] ?? 0) > 0);
  const shown: Status[] = found.map((status) => (status === 'accepted' ? 'partial' : status));
  if (evidence.lacksRows) return [...shown, 'not_evidenced'];
  return shown.length === 0 ? ['supports'] : shown;
}

/** How a count of rows goes on, for one row and for more. */
const COUNTED: Readonly<Record<RowStatus, readonly [string, string]>> = {
  contradicts: ['contradicts', 'contradict'],
  not_evidenced: ['is not evidenced', 'are not evidenced'],
  partial: ['is partial', 'are partial'],
  out_of_reach: ['is out of reach', 'are out of reach'],
  manual_evidence_required: ['needs manual evidence', 'need manual evidence'],
  supports: ['supports', 'support'],
  accepted: ['is accepted by an exception', 'are accepted by exceptions'],
};

function countsText(evidence: ReportEvidence): string {
  const lacking = evidence.lacksRows ? ' (raw rows of the period have left the lake)' : '';
  if (!evidence.hadData) return `${evidence.title}: no data to look at${lacking}`;
  const parts = ROW_STATUSES.flatMap((status) => {
    const count = evidence.statusCounts[status] ?? 0;
    return count > 0 ? [`${count} ${COUNTED[status][count === 1 ? 0 : 1]}`] : [];
  });
  if (parts.length === 0)
    return `${evidence.title}: looked at the data and found nothing to list${lacking}`;
  const total = ROW_STATUSES.reduce((sum, status) => sum + (evidence.statusCounts[status] ?? 0), 0);
  return `${evidence.title}: of ${total} ${total === 1 ? 'row' : 'rows'}, ${parts.join(', ')}${lacking}`;
}

/** A requirement of a pack with its status. `results` holds the reports that were run. */
export function requirementResult(
  requirement: PackRequirement,
  results: readonly ReportEvidence[],
): RequirementResult {
  const evidence = requirement.reports.map(
    (name): ReportEvidence =>
      results.find((one) => one.name === name) ?? {
        name,
        title: name,
        hadData: false,
        statusCounts: {},
      },
  );
  const derived = statusOf(requirement.status, evidence);
  return {
    id: requirement.id,
    title: requirement.title,
    asks: requirement.asks,
    ...derived,
    reports: requirement.reports,
    limits: requirement.limits,
    manual: requirement.manual,
  };
}

/** A declared status stands whatever the reports list, unless a row of them contradicts. */
function statusOf(
  declared: PackRequirement['status'],
  evidence: readonly ReportEvidence[],
): { status: Status; why: string } {
  if (declared === undefined) return deriveRequirementStatus(evidence);
  if (evidence.length === 0) return { status: declared, why: DECLARED_WHY[declared] };
  const derived = deriveRequirementStatus(evidence);
  if (derived.status === 'contradicts') return derived;
  return {
    status: declared,
    why: `${DECLARED_WHY[declared]} What the logs list for it: ${derived.why}`,
  };
}

const DECLARED_WHY = {
  out_of_reach: 'Neither flow logs nor IPS events can show it; another source must.',
  manual_evidence_required: 'Only documents, settings, interviews or observation can show it.',
} as const;
