/**
 * What a report and a pack are made of, between the queries that fill them and the writers that show
 * them. A writer reads a `PackContent` and nothing else.
 */

/** What the evidence says of a requirement. flowproof never says "compliant": the assessor decides. */
export const STATUSES = [
  'contradicts',
  'not_evidenced',
  'partial',
  'out_of_reach',
  'manual_evidence_required',
  'supports',
] as const;

export type Status = (typeof STATUSES)[number];

/** A row may also be a finding that was accepted; a requirement never is. */
export const ROW_STATUSES = [...STATUSES, 'accepted'] as const;

export type RowStatus = (typeof ROW_STATUSES)[number];

/** Words for readers, one for each status. */
export const STATUS_WORDS: Readonly<Record<RowStatus, { label: string; meaning: string }>> = {
  supports: { label: 'Supports', meaning: 'The logs show what the requirement asks for.' },
  partial: {
    label: 'Partial',
    meaning: 'The logs show a part of what is asked for; the gaps are listed.',
  },
  contradicts: {
    label: 'Contradicts',
    meaning: 'The logs show something that the requirement rules out.',
  },
  not_evidenced: { label: 'Not evidenced', meaning: 'There was no data that could show it.' },
  out_of_reach: {
    label: 'Out of reach',
    meaning: 'These logs cannot show it, whatever their format; another source must.',
  },
  manual_evidence_required: {
    label: 'Manual evidence required',
    meaning: 'Only documents, interviews or observation can show it.',
  },
  accepted: {
    label: 'Accepted',
    meaning:
      'A finding that the entity has accepted until a date; the exception says why. It counts again afterwards.',
  },
};

export type ReportCell = string | number | boolean | null;

export type ReportColumn = {
  name: string;
  /** Decides alignment and what a spreadsheet may do with the cell. */
  type: 'text' | 'number' | 'boolean' | 'time';
  /** What it means, for the data dictionary; absent if nobody wrote it down. */
  meaning?: string;
};

export type ReportResult = {
  /** File name of the query without its ending, and of the CSV. */
  name: string;
  title: string;
  question: string;
  requirements: readonly string[];
  /** `findings`: a row is a gap; `evidence`: a row is a fact; `summary`: one row a thing looked at. */
  rowKind: 'findings' | 'evidence' | 'summary';
  grain: string;
  limits: string;
  /** SHA-256 of the query's text. */
  querySha256: string;
  parameters: Readonly<Record<string, string>>;
  columns: readonly ReportColumn[];
  /** Cells in the order of `columns`; lists are joined by ", "; times are ISO 8601 UTC. */
  rows: readonly (readonly ReportCell[])[];
  /** False if there was no data that the report could have looked at. */
  hadData: boolean;
  /** True if rows that it reads have left the lake; `limits` begins with which. */
  lacksRows?: true;
  /** Rows by the value of their `status` column. */
  statusCounts: Readonly<Partial<Record<RowStatus, number>>>;
};

export type RequirementResult = {
  id: string;
  title: string;
  /** What the requirement asks, in flowproof's own words. */
  asks: string;
  status: Status;
  /** One sentence: why the status is what it is. */
  why: string;
  /** Names of the reports that bear on it. */
  reports: readonly string[];
  /** What these logs can never show of it. */
  limits: string;
  /** What only a person can supply, and whom to ask. */
  manual: readonly string[];
};

/** An exception and the rows that it matched in a pack. */
export type ExceptionUse = {
  id: string;
  report: string;
  what: string;
  why: string;
  compensating_control: string;
  owner: string;
  approved_by: string;
  /** Last day on which it counts. */
  expires: string;
  state: 'in_force' | 'expired';
  rowCount: number;
};

/** What the pictures on the first page show. */
export type Overview = {
  /** Flows in scope by how far they have each of the six details of 10.2.2. */
  details: readonly {
    element: string;
    met: number;
    supplied: number;
    partial: number;
    missing: number;
  }[];
  /** Interfaces in scope on each day, and those with flow records. */
  days: readonly { day: string; interfaceCount: number; recordedCount: number }[];
  /** Flows between each scope and the segments on the other side. */
  segments: readonly {
    scope: string;
    peer: string;
    acceptedCount: number;
    rejectedCount: number;
  }[];
};

export type PackSource = {
  uri: string;
  /** Of an S3 object. */
  etag?: string | null;
  versionId?: string | null;
  sha256: string;
  sizeBytes: number;
  format: string | null;
  status: string;
  reason: string | null;
  lineCount: number;
  rowCount: number;
  rejectedCount: number;
};

export type PackContent = {
  pack: { name: string; title: string; standard: string };
  /** Who is being assessed, where the configuration says it. */
  organization: string | null;
  period: { start: string; end: string };
  /** Latest record time in the period: the data's own "as of"; null without data. */
  dataThrough: string | null;
  scope: readonly { name: string; match: string; interfaceCount: number; instanceCount: number }[];
  figures: readonly { label: string; value: string }[];
  overview: Overview;
  requirements: readonly RequirementResult[];
  reports: readonly ReportResult[];
  sources: readonly PackSource[];
  /** Exceptions of the pack's reports; null if the configuration names no file of them. */
  exceptions: { sha256: string; uses: readonly ExceptionUse[] } | null;
  configSha256: string;
  tool: { name: 'flowproof'; version: string; engine: string };
};
