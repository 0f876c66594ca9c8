import { expect, test } from 'vitest';
import { summaryText } from '../src/summary.ts';

const enrich = { dayCount: 2, rebuiltDayCount: 1, copyCount: 0, lateDates: [] };

test('tells how many records are copies, and nothing where none is', () => {
  const outcome = { exitCode: 0, seconds: 1.25 };
  expect(summaryText({ ...outcome, enrich: { ...enrich, copyCount: 1200 } }, '/lake')).toContain(
    'Copies    1,200 records in the lake that another flow log recorded too: each flow counts once (flow_copy)\n',
  );
  expect(summaryText({ ...outcome, enrich }, '/lake')).not.toContain('Copies');
});
