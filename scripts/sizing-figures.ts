/** What `test/integration/trino-generated.test.ts` measures, and `scripts/sizing.ts` computes with. */

export type ReportFigures = {
  name: string;
  rows: number;
  duckdbSeconds: number;
  trinoSeconds: number;
  /** What Trino read of the files. */
  scannedBytes: number;
};

/** Of one lake. */
export type SizeFigures = {
  flows: number;
  /** Days in a row, which have the same flows. */
  days: number;
  enrichSeconds: number;
  /** Of the files of each table. */
  tableBytes: Readonly<Record<string, number>>;
  reports: readonly ReportFigures[];
};
