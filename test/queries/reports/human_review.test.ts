import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, readRows } from '../../../src/database.ts';
import { createLakeViews } from '../../../src/lake.ts';
import { QUERIES_ROOT, readQueryFile } from '../../../src/query-file.ts';
import { appendReview } from '../../../src/review/review-log.ts';
import type { ReviewInput } from '../../../src/review/review-record.ts';

let lake = '';

beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-human-review-'));
});

afterEach(() => rmSync(lake, { recursive: true }));

async function record(at: string, own: Partial<ReviewInput>): Promise<void> {
  await appendReview(
    lake,
    {
      ...{ day: '2026-10-02', log_class: 'all', reviewer: 'soc-1', finding: 'nothing' },
      ...{ disposition: 'no_action', reference: null, corrects_review_id: null },
      closes_review_id: null,
      ...own,
    },
    { recordedBy: 'root@host', now: () => new Date(at) },
  );
}

/** The rows of flow logs, and those of records, as texts. */
async function report(): Promise<string[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const file = readQueryFile('reports', join(QUERIES_ROOT, 'reports', 'human_review.sql'));
    const rows = await readRows<Record<string, unknown>>(database.connection, file.text, {
      period_start: '2026-10-01T00:00:00Z',
      period_end: '2026-10-05T00:00:00Z',
    });
    return rows
      .filter((row) => !String(row.log_class).startsWith('IPS'))
      .map((row) =>
        [
          'day',
          'review_count',
          'reviewers',
          'days_after',
          'findings',
          'open_review_ids',
          'status',
          'gap_code',
        ]
          .map((name) => String(row[name] ?? '–'))
          .join(' | '),
      );
  } finally {
    database.close();
  }
}

test('without any record, who reviewed is for a person to show', async () => {
  expect(await report()).toEqual(
    ['01', '02', '03', '04'].map(
      (day) => `2026-10-${day} | 0 |  | – |  |  | manual_evidence_required | HUMAN_REVIEW_NOT_KEPT`,
    ),
  );
});

test('days with a record, without one, reviewed late, and with a follow-up', async () => {
  await record('2026-10-02T08:00:00Z', { day: '2026-10-01' });
  await record('2026-10-03T08:00:00Z', {
    disposition: 'ticket',
    finding: 'a scan',
    reference: 'T-1',
  });
  await record('2026-10-06T00:00:00Z', { day: '2026-10-03', log_class: 'flow_logs' });
  expect(await report()).toEqual([
    '2026-10-01 | 1 | soc-1 | 1 | nothing |  | supports | –',
    '2026-10-02 | 1 | soc-1 | 1 | a scan | R000002 | partial | HUMAN_REVIEW_OPEN',
    '2026-10-03 | 1 | soc-1 | 3 | nothing |  | partial | HUMAN_REVIEW_LATE',
    '2026-10-04 | 0 |  | – |  |  | not_evidenced | HUMAN_REVIEW_MISSING',
  ]);
  await record('2026-10-06T00:00:00Z', { disposition: 'closed', closes_review_id: 'R000002' });
  await record('2026-10-06T00:00:00Z', { day: '2026-10-04', finding: 'wrong day' });
  await record('2026-10-06T00:00:00Z', { day: '2026-10-03', corrects_review_id: 'R000005' });
  expect((await report()).slice(1)).toEqual([
    '2026-10-02 | 1 | soc-1 | 1 | a scan |  | supports | –',
    '2026-10-03 | 2 | soc-1 | 3 | nothing; nothing |  | partial | HUMAN_REVIEW_LATE',
    '2026-10-04 | 0 |  | – |  |  | not_evidenced | HUMAN_REVIEW_MISSING',
  ]);
});

test('a record that was changed contradicts', async () => {
  await record('2026-10-03T08:00:00Z', { finding: 'Ümlaut 🔎' });
  await record('2026-10-03T08:00:01Z', {});
  expect((await report()).some((row) => row.includes('contradicts'))).toBe(false);
  const file = join(lake, 'review', 'R000001.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('soc-1', 'soc-2'));
  expect((await report()).filter((row) => row.includes('contradicts'))).toEqual([
    '2026-10-02 | 1 | soc-2 | – |  |  | contradicts | HUMAN_REVIEW_RECORD_CHANGED',
  ]);
  rmSync(file);
  expect((await report()).filter((row) => row.includes('contradicts'))).toHaveLength(1);
});
