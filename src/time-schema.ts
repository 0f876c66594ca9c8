/** Dates and times as the configuration writes them: UTC, of the calendar, and nothing else. */
import { z } from 'zod';

export const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/, {
    error: 'must be a date such as 2026-11-01, or a UTC time such as 2026-11-01T00:00:00Z',
    abort: true,
  })
  .refine(isCalendarTime, 'is no date of the calendar');

/** Reports read rollups of whole days; part of a day would count none or all of it. */
export const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T00:00(:00)?Z)?$/, {
    error: 'must be a date such as 2026-11-01: a period is of whole UTC days',
    abort: true,
  })
  .refine(isCalendarTime, 'is no date of the calendar');

/** JavaScript reads 30 February as 2 March. */
function isCalendarTime(text: string): boolean {
  const milliseconds = Date.parse(text);
  return (
    !Number.isNaN(milliseconds) &&
    new Date(milliseconds).toISOString().startsWith(text.slice(0, 10))
  );
}
