/**
 * The record of one review by a person: who looked at the logs of which day, what they found, and what
 * becomes of it (pci-dss-4.0.1:10.4.1, 10.4.3). A record holds the hash of the one before it, so that one
 * that was changed, taken out or put in later shows.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What becomes of a finding. `ticket` and `incident` stay open until a record `closed` names them. */
export const DISPOSITIONS = [
  'no_action',
  'false_positive',
  'accepted',
  'ticket',
  'incident',
  'closed',
] as const;

export const LOG_CLASSES = ['all', 'flow_logs', 'ips_events'] as const;

const MAX_TEXT_LENGTH = 2000;

/** One line of text: a line end or control character would let a record look like another. */
const line = z
  .string()
  .trim()
  .min(1)
  .max(MAX_TEXT_LENGTH)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'must be one line without control characters');

const reviewId = z.string().regex(/^R\d{6}$/, 'must look like R000012');

export const reviewInputSchema = z.object({
  day: z.iso.date(),
  log_class: z.enum(LOG_CLASSES),
  reviewer: line,
  finding: line,
  disposition: z.enum(DISPOSITIONS),
  reference: line.nullable(),
  corrects_review_id: reviewId.nullable(),
  closes_review_id: reviewId.nullable(),
});

/** What a person says of a review. */
export type ReviewInput = z.infer<typeof reviewInputSchema>;

export const reviewRecordSchema = reviewInputSchema.extend({
  review_id: reviewId,
  /** UTC, whole seconds: `2026-11-03T08:15:00Z`. */
  recorded_at: z.iso.datetime({ precision: 0 }),
  /** The user of the operating system who wrote it, and the host. */
  recorded_by: line,
  previous_sha256: z.string(),
  record_sha256: z.string(),
});

export type ReviewRecord = z.infer<typeof reviewRecordSchema>;

export type UnsealedRecord = Omit<ReviewRecord, 'record_sha256'>;

/** Stands before the first record. */
export const NO_RECORD_SHA256 = '0'.repeat(64);

export function reviewIdOf(sequence: number): string {
  return `R${String(sequence).padStart(6, '0')}`;
}

/**
 * SHA-256 of the fields of a record, joined by U+001F, which no field holds. The report `human_review`
 * computes the same.
 */
export function recordHash(record: UnsealedRecord): string {
  const fields = [
    record.review_id,
    record.recorded_at,
    record.recorded_by,
    record.reviewer,
    record.day,
    record.log_class,
    record.finding,
    record.disposition,
    record.reference ?? '',
    record.corrects_review_id ?? '',
    record.closes_review_id ?? '',
    record.previous_sha256,
  ];
  return createHash('sha256').update(fields.join('\u001f')).digest('hex');
}
