/**
 * What contradicts in a pack, and what of it is new against an earlier state: the same pack as an
 * earlier run made it, or the pack before it in the chain of its name.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MANIFEST_NAME, manifestSchema } from './reports/manifest.ts';
import { previousPack } from './reports/pack-chain.ts';
import type { PackContent } from './reports/report.ts';
import type { PackSummary } from './run-summary-schema.ts';

/** Contradicting rows of each report, by requirement that contradicts. */
export type Contradictions = Readonly<Record<string, Readonly<Record<string, number>>>>;

export type Baseline = { name: string; contradictions: Contradictions };

/** A pack as its content or its manifest states it. */
type Findings = {
  requirements: readonly { id: string; status: string; reports: readonly string[] }[];
  reports: readonly { name: string; contradicting: number }[];
};

function contradictionsIn({ requirements, reports }: Findings): Contradictions {
  const rows = new Map(reports.map(({ name, contradicting }) => [name, contradicting]));
  return Object.fromEntries(
    requirements
      .filter(({ status }) => status === 'contradicts')
      .map((requirement) => [
        requirement.id,
        Object.fromEntries(
          requirement.reports
            .map((name): [string, number] => [name, rows.get(name) ?? 0])
            .filter(([, count]) => count > 0)
            .sort(([one], [other]) => (one < other ? -1 : 1)),
        ),
      ]),
  );
}

export function contradictionsOf(content: PackContent): Contradictions {
  return contradictionsIn({
    requirements: content.requirements,
    reports: content.reports.map(({ name, statusCounts }) => ({
      name,
      contradicting: statusCounts.contradicts ?? 0,
    })),
  });
}

/** The pack that this one follows, as its manifest states it; undefined if there is none to read. */
export async function previousContradictions(
  folder: string,
  content: PackContent,
): Promise<Baseline | undefined> {
  try {
    const place = { pack: content.pack.name, period: content.period };
    const link = await previousPack(folder, place);
    if (!link) return undefined;
    const path = join(dirname(folder), basename(link.name), MANIFEST_NAME);
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    const contradictions = contradictionsIn({
      requirements: manifest.requirements,
      reports: manifest.reports.map(({ name, status_counts }) => ({
        name,
        contradicting: status_counts.contradicts ?? 0,
      })),
    });
    return { name: link.name, contradictions };
  } catch {
    // A chain that is broken is for the run itself, and for `verify`, to say.
    return undefined;
  }
}

/** Requirements that did not contradict before, or with more contradicting rows of a report. */
export function newContradictions(
  content: PackContent,
  before: Contradictions | undefined,
): PackSummary['new_contradictions'] {
  return Object.entries(contradictionsOf(content)).flatMap(([id, reports]) => {
    const requirement = content.requirements.find((one) => one.id === id);
    const known = before?.[id];
    const isNew =
      known === undefined ||
      Object.entries(reports).some(([name, count]) => count > (known[name] ?? 0));
    if (!isNew || !requirement) return [];
    return {
      requirement_id: id,
      title: requirement.title,
      why: requirement.why,
      reports: Object.entries(reports).map(([name, count]) => ({
        name,
        row_count: count,
        previous_row_count: before === undefined ? null : (known?.[name] ?? 0),
      })),
    };
  });
}
