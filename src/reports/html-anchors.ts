/**
 * Names of places in the HTML, for links. They hold nothing but letters, digits, `.`, `_` and `-`,
 * whatever a report of one's own is called, and none stands twice.
 */
import type { PackContent } from './report.ts';

export type Anchors = {
  /** Places of requirements, by requirement id. */
  requirements: ReadonlyMap<string, string>;
  /** Places of reports, by report name. */
  reports: ReadonlyMap<string, string>;
};

export function anchorsOf(content: Pick<PackContent, 'requirements' | 'reports'>): Anchors {
  return {
    requirements: anchorsFor(
      'requirement',
      content.requirements.map((one) => one.id),
    ),
    reports: anchorsFor(
      'report',
      content.reports.map((one) => one.name),
    ),
  };
}

/** The place of a row, counted from 1 in the order of the CSV. No other place begins so. */
export function rowAnchor(report: string, number: number): string {
  return `row-${number}-${report}`;
}

function anchorsFor(prefix: string, names: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  const anchors = new Map<string, string>();
  for (const name of names) {
    const plain = `${prefix}-${name.replaceAll(/[^A-Za-z0-9._-]/g, '-')}`;
    let anchor = plain;
    for (let number = 2; taken.has(anchor); number += 1) anchor = `${plain}.${number}`;
    taken.add(anchor);
    anchors.set(name, anchor);
  }
  return anchors;
}
