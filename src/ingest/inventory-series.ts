/** Snapshots of one series follow each other, and show the same part of the world. */

export type Place = { accountId?: string | undefined; region?: string | undefined };

/** The series of an account and region. */
export function seriesOf(place: Place): string {
  return `${place.accountId ?? ''}/${place.region ?? ''}`;
}

/** Entries follow each other within their prefix list. */
export function entrySeriesOf(place: Place, prefixListId: string): string {
  return `${seriesOf(place)}/${prefixListId}`;
}

/** Rules that were taken from groups; `security_group_rule.sql` prefers those that have ids. */
export function permissionSeriesOf(place: Place): string {
  return `${seriesOf(place)}#permissions`;
}
