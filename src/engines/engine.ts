/**
 * Engines: what runs the queries of `queries/`. This folder owns the one interface behind which they
 * stand, and what the SQL of one engine has that another's has not.
 *
 * Values are told alike by every engine, so that a result says nothing of where it was made: whole numbers
 * and fractions are numbers (beyond 2^53 texts), decimals are texts with all their digits, times are `2026-11-02 13:59:30.000000` in UTC, dates are
 * `2026-11-02`, bytes are hexadecimal digits, maps are lists of key and value in the order of their keys.
 */

export type EngineValue =
  | null
  | boolean
  | number
  | string
  | readonly EngineValue[]
  | readonly (readonly [string, EngineValue])[];

/** What the values of a column are; lists, maps and bytes are `other`. */
export type EngineType = 'text' | 'number' | 'boolean' | 'time' | 'date' | 'other';

export type EngineResult = {
  columns: readonly string[];
  types: readonly EngineType[];
  rows: readonly (readonly EngineValue[])[];
};

/** Values of `$name` in a statement. Texts that a statement casts to a time may be written as ISO 8601. */
export type EngineParameters = Readonly<Record<string, string | number | bigint | boolean | null>>;

export type StoredColumn = { name: string; type: string };

export type StoreOptions = {
  /** The columns of the table, with types of the catalogue; those of the statement if absent. */
  columns?: readonly StoredColumn[] | undefined;
  /**
   * Where engines over files write them, as `s3://bucket/prefix/`, and nothing is yet; tables on the way to it stand
   * beside it. They stay when the table is dropped. DuckDB has no use for it.
   */
  location?: string | undefined;
};

/** A table that no file holds: rows that the configuration says. */
export type GivenTable = {
  name: string;
  columns: readonly StoredColumn[];
  rows: readonly (readonly (string | number | boolean | null)[])[];
};

/** What the statements of one program have read so far. */
export type Scanned = { bytes: number };

export type Engine = {
  name: 'duckdb' | 'trino' | 'athena';
  /** What a pack says of it, as `DuckDB v1.5.0`. Throws ENGINE_FAILED. */
  version(): Promise<string>;
  /** How many statements it may be given at once. */
  atOnce: number;
  /** Runs one statement of `queries/`. Throws ENGINE_FAILED with what the engine said. */
  run(statement: string, parameters?: EngineParameters): Promise<EngineResult>;
  /** Makes a table of the rows of one statement of `queries/`, in place of a table of that name. Throws ENGINE_FAILED. */
  store(
    table: string,
    statement: string,
    parameters?: EngineParameters,
    options?: StoreOptions,
  ): Promise<void>;
  /** Makes a view of one statement of `queries/`, in place of a view of that name. Throws ENGINE_FAILED. */
  storeView(name: string, statement: string, parameters?: EngineParameters): Promise<void>;
  /** Makes a table that only this program reads, in place of one of that name. Throws ENGINE_FAILED. */
  give(table: GivenTable): Promise<void>;
  /** Runs one statement that is written for this engine alone, as DDL. */
  runOwn(statement: string): Promise<EngineResult>;
};

/** Rows as objects by the names of their columns. For small results only. */
export async function readEngineRows<Row extends Record<string, unknown>>(
  engine: Engine,
  statement: string,
  parameters: EngineParameters = {},
): Promise<Row[]> {
  const { columns, rows } = await engine.run(statement, parameters);
  return rows.map(
    (row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])) as Row,
  );
}

/** For engines of many machines: most of their time statements wait for each other, and for S3. */
export const STATEMENTS_AT_ONCE = 6;

/** A whole number as every engine tells it. */
export function wholeNumber(value: bigint | string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
