/**
 * The time that a pack's files bear: the data's own, so that the same data gives the same bytes.
 */
import type { PackContent } from './report.ts';

/** The latest record time of the period, or without data the period's end, as `2026-01-31T23:58:12Z`. */
export function dataTime(content: Pick<PackContent, 'dataThrough' | 'period'>): string {
  const text = content.dataThrough ?? content.period.end;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw new Error(`the time of the data is no time ("${text}")`);
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
