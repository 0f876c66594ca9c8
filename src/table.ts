/** What the catalogue (`tables.ts`) says of a table. */

export type Column = { name: string; type: string; description: string };

/** A column that no file holds; `sql` says it in the other columns of its table. */
export type ComputedColumn = Column & { sql: string };

export type Table = {
  name: string;
  layer: 'ingest' | 'staging' | 'mart';
  /** The DATE column that the folders are partitioned by, where there is one. */
  partition?: string;
  /** True if no file holds it: the query of its name makes it from other tables when it is read. */
  isView?: true;
  /** True if its files are records of their own, which no batch of ingest brings. */
  isRecord?: true;
  /** True if its files are lines of JSON that are only ever appended to. */
  isJsonLines?: true;
  description: string;
  /** What its files hold. */
  columns: readonly Column[];
  /** What its view shows beside them, made of them where a query asks for it. */
  computed?: readonly ComputedColumn[];
};
