/**
 * The reviews of a lake: one file a record, written once and never changed.
 *
 *   <lake>/review/R000001.jsonl
 *
 * A file appears whole under the next number, or not at all: of two writers at once one takes the number
 * after. The lake's lock is not needed, so that a person can write while a run reads.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowproofError, messageOf } from '../errors.ts';
import {
  NO_RECORD_SHA256,
  type ReviewInput,
  type ReviewRecord,
  recordHash,
  reviewIdOf,
  reviewInputSchema,
  reviewRecordSchema,
} from './review-record.ts';

const NAME = /^R\d{6}\.jsonl$/;

function folderOf(lake: string): string {
  return join(lake, 'review');
}

/** What is wrong with the record of reviews, one text for each file that it concerns. */
export type ReviewProblem = { file: string; problem: string };

export type ReviewLog = { records: readonly ReviewRecord[]; problems: readonly ReviewProblem[] };

/** Reads every record in order, and checks that each follows the one before it. */
export async function readReviews(lake: string): Promise<ReviewLog> {
  const names = await readdir(folderOf(lake)).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  });
  const records: ReviewRecord[] = [];
  const problems: ReviewProblem[] = [];
  let previous = NO_RECORD_SHA256;
  let sequence = 0;
  for (const file of names.filter((name) => NAME.test(name)).sort()) {
    sequence += 1;
    const record = await readRecord(join(folderOf(lake), file));
    if (record === undefined) {
      problems.push({ file, problem: 'is no record of a review' });
      continue;
    }
    const problem = mistakeOf(record, file, previous, sequence);
    if (problem !== undefined) problems.push({ file, problem });
    previous = record.record_sha256;
    sequence = Number(file.slice(1, 7));
    records.push(record);
  }
  return { records, problems };
}

function mistakeOf(
  record: ReviewRecord,
  file: string,
  previous: string,
  sequence: number,
): string | undefined {
  if (`${record.review_id}.jsonl` !== file) return `holds the record ${record.review_id}`;
  if (record.review_id !== reviewIdOf(sequence)) {
    return `follows a record that is missing: ${reviewIdOf(sequence)}`;
  }
  if (recordHash(record) !== record.record_sha256) return 'was changed: its hash is another';
  if (record.previous_sha256 !== previous) return 'does not follow the record before it';
  return undefined;
}

async function readRecord(path: string): Promise<ReviewRecord | undefined> {
  try {
    const { recorded_at: time, ...rest } = JSON.parse(await readFile(path, 'utf8'));
    const recordedAt = `${String(time).replace(' ', 'T')}Z`;
    return reviewRecordSchema.safeParse({ ...rest, recorded_at: recordedAt }).data;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

/**
 * Appends a record. Throws USAGE for what is no review, for a day that has not begun, and for a record to
 * correct or close that there is not; REVIEWS_CHANGED if those before it do not hold together any more.
 */
export async function appendReview(
  lake: string,
  input: ReviewInput,
  by: { recordedBy: string; now: () => Date },
): Promise<ReviewRecord> {
  const checked = reviewInputSchema.safeParse(input);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw usage(`--${String(issue?.path[0] ?? '').replaceAll('_', '-')}`, issue?.message ?? '');
  }
  await mkdir(folderOf(lake), { recursive: true, mode: 0o700 });
  for (;;) {
    const { records, problems } = await readReviews(lake);
    const [broken] = problems;
    if (broken) {
      throw new FlowproofError('REVIEWS_CHANGED', {
        place: join(folderOf(lake), broken.file),
        problem: broken.problem,
        remedy:
          'Find out who changed it, and bring the file back from a copy of the lake: a record after a broken one would prove nothing.',
      });
    }
    const record = sealed(checked.data, records, by);
    if (await place(lake, record)) return record;
  }
}

function sealed(
  input: ReviewInput,
  records: readonly ReviewRecord[],
  { recordedBy, now }: { recordedBy: string; now: () => Date },
): ReviewRecord {
  const recordedAt = `${now().toISOString().slice(0, 19)}Z`;
  if (input.day > recordedAt.slice(0, 10)) {
    throw usage(`--day ${input.day}`, 'the day has not begun: nobody can have looked at its logs');
  }
  for (const [option, id] of [
    ['--corrects', input.corrects_review_id],
    ['--closes', input.closes_review_id],
  ] as const) {
    if (id !== null && !records.some((one) => one.review_id === id)) {
      throw usage(`${option} ${id}`, 'there is no record of that id');
    }
  }
  if ((input.disposition === 'closed') !== (input.closes_review_id !== null)) {
    throw usage(
      `--disposition ${input.disposition}`,
      'closed goes with --closes, and no other disposition does',
    );
  }
  const unsealed = {
    ...input,
    review_id: reviewIdOf(records.length + 1),
    recorded_at: recordedAt,
    recorded_by: recordedBy,
    previous_sha256: records.at(-1)?.record_sha256 ?? NO_RECORD_SHA256,
  };
  return { ...unsealed, record_sha256: recordHash(unsealed) };
}

/** Makes the file of a record appear; false if another took its number first. */
async function place(lake: string, record: ReviewRecord): Promise<boolean> {
  const folder = folderOf(lake);
  const part = join(folder, `.${randomUUID()}.part`);
  try {
    const file = await open(part, 'wx', 0o600);
    try {
      const line = { ...record, recorded_at: record.recorded_at.replace('T', ' ').slice(0, 19) };
      await file.writeFile(`${JSON.stringify(line)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(part, join(folder, `${record.review_id}.jsonl`));
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new FlowproofError('LAKE_UNUSABLE', {
      place: folder,
      problem: `the record cannot be written (${messageOf(thrown)})`,
      remedy: 'Run it as a user who may write to this folder of the lake.',
      cause: thrown,
    });
  } finally {
    await rm(part, { force: true });
  }
}

function usage(place: string, problem: string): FlowproofError {
  return new FlowproofError('USAGE', {
    place,
    problem,
    remedy:
      'An example: flowproof review --day 2026-11-02 --reviewer soc-analyst-1 --finding "port scan, rejected" --disposition no_action',
  });
}
