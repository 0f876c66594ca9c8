import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendReview, readReviews } from '../../src/review/review-log.ts';
import type { ReviewInput } from '../../src/review/review-record.ts';

let lake = '';

beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-review-'));
});

afterEach(() => rmSync(lake, { recursive: true }));

const by = { recordedBy: 'root@host', now: () => new Date('2026-11-04T08:15:30.700Z') };

const input = (own: Partial<ReviewInput> = {}): ReviewInput => ({
  ...{ day: '2026-11-02', log_class: 'all', reviewer: 'soc-analyst-1', finding: 'nothing' },
  ...{ disposition: 'no_action', reference: null, corrects_review_id: null },
  closes_review_id: null,
  ...own,
});

const fileOf = (id: string): string => join(lake, 'review', `${id}.jsonl`);

test('each record follows the one before, in a file that only its owner reads', async () => {
  expect(await readReviews(lake)).toEqual({ records: [], problems: [] });
  const first = await appendReview(lake, input(), by);
  const second = await appendReview(lake, input({ finding: 'ein Scan 🔎 «»' }), by);
  expect([first.review_id, second.review_id]).toEqual(['R000001', 'R000002']);
  expect(first.recorded_at).toBe('2026-11-04T08:15:30Z');
  expect(second.previous_sha256).toBe(first.record_sha256);
  expect(await readReviews(lake)).toEqual({ records: [first, second], problems: [] });
  expect(readdirSync(join(lake, 'review'))).toEqual(['R000001.jsonl', 'R000002.jsonl']);
  expect(statSync(fileOf('R000001')).mode & 0o777).toBe(0o600);
});

test('of many writers at once each gets a number of its own', async () => {
  await Promise.all(Array.from({ length: 12 }, () => appendReview(lake, input(), by)));
  const { records, problems } = await readReviews(lake);
  expect([records.length, problems]).toEqual([12, []]);
  expect(new Set(records.map((one) => one.record_sha256)).size).toBe(12);
});

test.each<[string, Partial<ReviewInput>, RegExp]>([
  ['a day that has not begun', { day: '2026-11-05' }, /has not begun/],
  ['a day that is none', { day: '2026-11-31' }, /--day/],
  ['an empty finding', { finding: ' ' }, /--finding/],
  ['two lines', { finding: 'a\nb' }, /one line/],
  ['a record that there is not', { corrects_review_id: 'R000009' }, /no record of that id/],
  ['closed without what', { disposition: 'closed' }, /closed goes with --closes/],
])('%s is refused, and nothing is written', async (_, own, message) => {
  await expect(appendReview(lake, input(own), by)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(message),
  });
  expect((await readReviews(lake)).records).toEqual([]);
});

test.each<[string, () => void, string]>([
  [
    'changed',
    () =>
      writeFileSync(
        fileOf('R000002'),
        readFileSync(fileOf('R000002'), 'utf8').replace('nothing', 'something'),
      ),
    'R000002.jsonl: was changed: its hash is another',
  ],
  [
    'taken out',
    () => rmSync(fileOf('R000002')),
    'R000003.jsonl: follows a record that is missing: R000002',
  ],
  [
    'put in from elsewhere',
    () => writeFileSync(fileOf('R000002'), readFileSync(fileOf('R000001'))),
    'R000002.jsonl: holds the record R000001',
  ],
  [
    'no record any more',
    () => writeFileSync(fileOf('R000002'), 'null'),
    'R000002.jsonl: is no record of a review',
  ],
])('a record that was %s shows, and no other follows it', async (_, act, problem) => {
  for (let count = 0; count < 3; count += 1) await appendReview(lake, input(), by);
  act();
  const { problems } = await readReviews(lake);
  expect(problems.map((one) => `${one.file}: ${one.problem}`)[0]).toBe(problem);
  await expect(appendReview(lake, input(), by)).rejects.toMatchObject({ code: 'REVIEWS_CHANGED' });
});
