/** The key `retention` of the configuration: how long raw rows stay in the lake, and where they go then. */
import { z } from 'zod';

/** PCI DSS v4.0.1 requirement 10.5.1: twelve months of history. */
const LEAST_MONTHS = 12;

export const retention = z
  .strictObject({
    raw_months: z
      .number()
      .int()
      .min(1)
      .max(1200)
      .describe('Calendar months for which raw rows stay in the lake, by the day that they are of'),
    archive: z
      .string()
      .min(1)
      .optional()
      .describe('Folder that the files of older days are moved to; without it they are deleted'),
    allow_less_than_12_months: z
      .literal(true)
      .optional()
      .describe('Needed for a raw_months below 12: PCI DSS v4.0.1 10.5.1 asks for twelve months'),
  })
  .superRefine((entry, context) => {
    if (entry.raw_months >= LEAST_MONTHS || entry.allow_less_than_12_months) return;
    context.addIssue({
      code: 'custom',
      path: ['raw_months'],
      message:
        'must be 12 or more: PCI DSS v4.0.1 10.5.1 asks for twelve months of audit log history; if the originals are kept elsewhere for that long, say allow_less_than_12_months: true',
    });
  })
  .describe('How long raw rows stay in the lake; what is counted of them by day stays');

export type Retention = z.infer<typeof retention>;
