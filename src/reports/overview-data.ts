/**
 * What the first page of a pack shows in pictures, in words and numbers that every writer draws in its
 * own way, and what it says of an exception. Names are as in the data: a writer makes them fit to print.
 */
import type { ExceptionUse, PackContent } from './report.ts';
import { segmentMatrix } from './segment-matrix.ts';

/** How the six details are called on the picture. */
const ELEMENT_LABELS: Readonly<Record<string, string>> = {
  user_identification: 'User identification',
  event_type: 'Type of event',
  event_time: 'Date and time',
  outcome: 'Success and failure',
  origination: 'Origination',
  affected_resource: 'Affected resource',
};

export const DETAIL_STATES = ['met', 'supplied', 'partial', 'missing'] as const;

/** How far a day's interfaces are covered: `none` without interfaces in scope, else five steps. */
export type CoverageStep = 'none' | '0' | '1' | '2' | '3' | '4';

/** How the states of a detail are called under the picture. */
export const DETAIL_STATE_WORDS: Readonly<Record<(typeof DETAIL_STATES)[number], string>> = {
  met: 'met by the flow log',
  supplied: 'supplied by a companion or metadata',
  partial: 'partial',
  missing: 'missing',
};

/** How the steps of the calendar are called under it, the best first. */
export const COVERAGE_WORDS: readonly (readonly [CoverageStep, string])[] = [
  ['4', 'all'],
  ['3', '90 % or more'],
  ['2', 'half or more'],
  ['1', 'fewer'],
  ['0', 'none'],
  ['none', 'interfaces not known'],
];

/** Bars, days and segments of the first page. */
export function overviewData(content: PackContent) {
  const { details, days, segments } = content.overview;
  return {
    details: details.map((one) => {
      const total = one.met + one.supplied + one.partial + one.missing;
      return {
        label: ELEMENT_LABELS[one.element] ?? one.element,
        parts: DETAIL_STATES.map((state) => ({
          state,
          share: total === 0 ? 0 : one[state] / total,
          text: percentText(one[state], total),
        })),
      };
    }),
    days: days.map((one) => ({
      day: one.day,
      step: coverageStep(one.recordedCount, one.interfaceCount),
      // Monday is 0.
      weekday: (new Date(`${one.day}T00:00:00Z`).getUTCDay() + 6) % 7,
    })),
    daysText: daysText(days),
    segments: segmentMatrix(segments),
  };
}

/** Only all is 100 % and only nothing is 0 %. */
export function percentText(part: number, total: number): string {
  if (total === 0 || part === 0) return '0 %';
  if (part === total) return '100 %';
  const percent = (100 * part) / total;
  if (percent < 1) return '< 1 %';
  if (percent > 99) return '> 99 %';
  return `${Math.round(percent)} %`;
}

function coverageStep(recorded: number, interfaces: number): CoverageStep {
  if (interfaces === 0) return 'none';
  if (recorded === 0) return '0';
  if (recorded === interfaces) return '4';
  const share = recorded / interfaces;
  return share < 0.5 ? '1' : share < 0.9 ? '2' : '3';
}

function daysText(days: PackContent['overview']['days']): string {
  const known = days.filter((one) => one.interfaceCount > 0);
  if (known.length === 0) return 'No interface in scope is known in the period.';
  const whole = known.filter((one) => one.recordedCount === one.interfaceCount).length;
  const silent = known.filter((one) => one.recordedCount === 0).length;
  const unknown = days.length - known.length;
  return [
    `On ${whole} of ${days.length} ${days.length === 1 ? 'day' : 'days'} every interface in scope has flow records`,
    ...(silent > 0 ? [`on ${silent} none has`] : []),
    ...(unknown > 0 ? [`of ${unknown} the interfaces in scope are not known`] : []),
  ].join('; ');
}

/** Whether an exception counts in the pack, in words. */
export function exceptionState(use: Pick<ExceptionUse, 'state' | 'rowCount'>): string {
  if (use.state === 'expired') return 'expired: its rows count';
  return use.rowCount === 0 ? 'in force, matches nothing' : 'in force';
}
