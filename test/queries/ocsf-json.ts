/** A row of the views of OCSF as the JSON that others take: without what is null, and what is not of OCSF. */

export type OcsfEvent = Record<string, unknown> & {
  time: number;
  metadata: { uid: string; profiles: string[] };
};

/** Partition columns, which are there for queries. */
const NOT_OF_OCSF = new Set(['flow_date', 'event_date']);

export function withoutNulls(json: string): OcsfEvent {
  return JSON.parse(json, (key, value) =>
    value === null || NOT_OF_OCSF.has(key) ? undefined : value,
  ) as OcsfEvent;
}
