/**
 * What to say of a report that reads raw rows of a period of which some have left the lake: it sees nothing
 * of them, and that it finds nothing there shows nothing.
 */
import { tablesRead } from '../tables-read.ts';

/** A row of `queries/packs/gone_days.sql`. */
export type GoneDays = {
  table_name: string;
  action: string;
  day_count: number;
  first_date: string;
  last_date: string;
};

/** One sentence on the days that a query cannot see, or undefined if it sees all. */
export function goneText(text: string, gone: readonly GoneDays[]): string | undefined {
  const read = tablesRead(text);
  const parts = gone
    .filter(({ table_name }) => read.has(table_name))
    .map(
      ({ table_name, action, day_count, first_date, last_date }) =>
        `${table_name} of ${day_count} ${day_count === 1 ? 'day' : 'days'} (${first_date === last_date ? first_date : `${first_date} to ${last_date}`}, ${action})`,
    );
  if (parts.length === 0) return undefined;
  return `Raw rows of the period have left the lake by its retention, and this report sees nothing of them: ${parts.join('; ')}.`;
}
