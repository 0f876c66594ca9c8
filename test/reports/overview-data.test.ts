import { expect, test } from 'vitest';
import { exceptionState, overviewData, percentText } from '../../src/reports/overview-data.ts';
import { packContent } from './pack-content.ts';

test.each([
  [0, 0, '0 %'],
  [0, 5, '0 %'],
  [5, 5, '100 %'],
  [1, 1000, '< 1 %'],
  [999, 1000, '> 99 %'],
  [1, 3, '33 %'],
])('%i of %i is %s', (part, total, text) => {
  expect(percentText(part, total)).toBe(text);
});

test('a day has a weekday and one of six steps', () => {
  const content = packContent();
  const day = (date: string, interfaceCount: number, recordedCount: number) => ({
    day: date,
    interfaceCount,
    recordedCount,
  });
  content.overview = {
    details: [],
    segments: [],
    days: [
      day('2026-11-01', 0, 0),
      day('2026-11-02', 10, 0),
      day('2026-11-03', 10, 4),
      day('2026-11-04', 10, 5),
      day('2026-11-05', 10, 9),
      day('2026-11-06', 10, 10),
    ],
  };
  const { days, daysText } = overviewData(content);
  expect(days.map(({ weekday, step }) => [weekday, step])).toEqual([
    [6, 'none'],
    [0, '0'],
    [1, '1'],
    [2, '2'],
    [3, '3'],
    [4, '4'],
  ]);
  expect(daysText).toBe(
    'On 1 of 6 days every interface in scope has flow records; on 1 none has; of 1 the interfaces in scope are not known',
  );
});

test('the bars of a detail add up to all flows, and without flows to nothing', () => {
  const content = packContent();
  content.overview = {
    ...content.overview,
    details: [
      { element: 'outcome', met: 1, supplied: 1, partial: 2, missing: 0 },
      { element: 'origination', met: 0, supplied: 0, partial: 0, missing: 0 },
    ],
  };
  const [outcome, origination] = overviewData(content).details;
  expect(outcome?.label).toBe('Success and failure');
  expect(outcome?.parts.map(({ share }) => share)).toEqual([0.25, 0.25, 0.5, 0]);
  expect(origination?.parts.map(({ share }) => share)).toEqual([0, 0, 0, 0]);
});

test.each([
  ['in_force', 2, 'in force'],
  ['in_force', 0, 'in force, matches nothing'],
  ['expired', 2, 'expired: its rows count'],
] as const)('an exception %s that matched %i rows is %s', (state, rowCount, words) => {
  expect(exceptionState({ state, rowCount })).toBe(words);
});
