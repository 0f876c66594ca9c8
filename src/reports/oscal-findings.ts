/**
 * Observations and findings of `oscal.json`: one observation a requirement and a report, one finding a
 * requirement that the evidence does not support.
 */
import { dataTime } from './data-time.ts';
import { csvName, queryName } from './manifest.ts';
import { nameUuid } from './name-uuid.ts';
import { oscalProse, oscalString, oscalToken } from './oscal-text.ts';
import {
  type PackContent,
  type ReportResult,
  type RequirementResult,
  ROW_STATUSES,
  STATUS_WORDS,
} from './report.ts';

/** Namespace of the properties that OSCAL does not define. */
const NAMESPACE = 'urn:flowproof:oscal';

export type OscalContext = {
  content: PackContent;
  /** Reports by their name. */
  reports: ReadonlyMap<string, ReportResult>;
  /** The id of a thing of this pack, organization and period. */
  uuidOf: (kind: string, name: string) => string;
  /** A requirement's id as OSCAL wants ids: with a letter first, and unlike those of other packs. */
  controlIdOf: (requirement: string) => string;
  /** When observations count as collected: the data's own time. */
  collected: string;
};

export function oscalContext(content: PackContent): OscalContext {
  const { pack, organization, period } = content;
  return {
    content,
    reports: new Map(content.reports.map((report) => [report.name, report])),
    uuidOf: (kind, name) =>
      nameUuid(pack.name, organization ?? '', period.start, period.end, kind, name),
    controlIdOf: (requirement) => oscalToken(`${pack.name}_${requirement}`),
    collected: dataTime(content),
  };
}

export function ownProperty(name: string, value: string) {
  return { name, ns: NAMESPACE, value: oscalString(value) };
}

export function oscalObservations(context: OscalContext) {
  return [
    ...context.content.requirements.map((one) => requirementObservation(context, one)),
    ...context.content.reports.map((one) => reportObservation(context, one)),
  ];
}

/** Findings of the requirements that the evidence contradicts, or is not enough for. */
export function oscalFindings(context: OscalContext) {
  return context.content.requirements
    .filter((requirement) => requirement.status !== 'supports')
    .map((requirement) => findingOf(context, requirement));
}

function reportsOf(context: OscalContext, requirement: RequirementResult): ReportResult[] {
  return requirement.reports.flatMap((name) => context.reports.get(name) ?? []);
}

function requirementObservation(context: OscalContext, requirement: RequirementResult) {
  const evidence = reportsOf(context, requirement).map((report) => evidenceOf(context, report));
  return {
    uuid: context.uuidOf('requirement', requirement.id),
    title: oscalProse(titleOf(context, requirement)),
    description: oscalProse(`${STATUS_WORDS[requirement.status].label}. ${requirement.why}`),
    props: propertiesOf(requirement),
    methods: ['EXAMINE'],
    types: ['control-objective'],
    ...(evidence.length === 0 ? {} : { 'relevant-evidence': evidence }),
    collected: context.collected,
    remarks: [
      `Limits: ${requirement.limits}`,
      ...requirement.manual.map((item) => `Only a person can supply: ${item}`),
    ]
      .map(oscalProse)
      .join('\n\n'),
  };
}

function reportObservation(context: OscalContext, report: ReportResult) {
  return {
    uuid: context.uuidOf('report', report.name),
    title: oscalProse(report.title),
    description: oscalProse(`${report.question} ${rowsText(report)}`),
    props: [ownProperty('report', report.name)],
    methods: ['EXAMINE'],
    'relevant-evidence': [
      evidenceOf(context, report),
      {
        href: `#${context.uuidOf('file', queryName(report.name))}`,
        description: 'The query that made the rows.',
      },
    ],
    collected: context.collected,
    remarks: [`Limits: ${report.limits}`, ...exceptionTexts(context, report)]
      .map(oscalProse)
      .join('\n\n'),
  };
}

function findingOf(context: OscalContext, requirement: RequirementResult) {
  return {
    uuid: context.uuidOf('finding', requirement.id),
    title: oscalProse(titleOf(context, requirement)),
    description: oscalProse(requirement.why),
    props: propertiesOf(requirement),
    target: {
      type: 'objective-id',
      'target-id': context.controlIdOf(requirement.id),
      description: oscalProse(requirement.asks),
      status: {
        state: 'not-satisfied',
        reason: requirement.status === 'contradicts' ? 'fail' : 'other',
        remarks: oscalProse(STATUS_WORDS[requirement.status].meaning),
      },
    },
    'related-observations': [
      context.uuidOf('requirement', requirement.id),
      ...reportsOf(context, requirement).map((report) => context.uuidOf('report', report.name)),
    ].map((uuid) => ({ 'observation-uuid': uuid })),
  };
}

function titleOf(context: OscalContext, requirement: RequirementResult): string {
  return `${context.content.pack.standard} ${requirement.id}: ${requirement.title}`;
}

function propertiesOf(requirement: RequirementResult) {
  return [ownProperty('requirement', requirement.id), ownProperty('status', requirement.status)];
}

/** A report's CSV as evidence, with its rows counted. */
function evidenceOf(context: OscalContext, report: ReportResult) {
  return {
    href: `#${context.uuidOf('file', csvName(report.name))}`,
    description: oscalProse(`${report.title}: ${rowsText(report)}`),
    props: [
      ownProperty('report', report.name),
      ownProperty('row-kind', report.rowKind),
      ownProperty('row-count', String(report.rows.length)),
      ownProperty('had-data', String(report.hadData)),
      ...ROW_STATUSES.flatMap((status) => {
        const count = report.statusCounts[status] ?? 0;
        return count > 0 ? [ownProperty(`rows-${status}`, String(count))] : [];
      }),
    ],
  };
}

/** Exceptions that accept rows of the report, or did until they expired: none is hidden. */
function exceptionTexts(context: OscalContext, report: ReportResult): string[] {
  return (context.content.exceptions?.uses ?? [])
    .filter((one) => one.report === report.name && one.rowCount > 0)
    .map(
      (one) =>
        `Exception ${one.id}, ${one.state === 'expired' ? 'expired on' : 'in force until'} ` +
        `${one.expires}, matches ${one.rowCount} ${one.rowCount === 1 ? 'row' : 'rows'}: ${one.what} ` +
        `${one.why} Compensating control: ${one.compensating_control} Approved by: ${one.approved_by}`,
    );
}

/** What the number of rows means, also where there are none. */
function rowsText(report: ReportResult): string {
  if (!report.hadData) return 'There was no data to look at.';
  if (report.rows.length === 0) return 'The data was looked at, and there was nothing to list.';
  return `${report.rows.length} ${report.rows.length === 1 ? 'row' : 'rows'}.`;
}
