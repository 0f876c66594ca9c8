/**
 * Engines: what runs the queries of `queries/`. This folder owns the one interface behind which they
 * stand, and what the SQL of one engine has that another's has not.
 *
 * Values are told alike by every engine, so that a result says nothing of where it was made: whole numbers
 * and fractions are numbers (beyond 2^53 texts), times are `2026-11-02 13:59:30.000000` in UTC, dates are
 * `2026-11-02`, bytes are hexadecimal digits, maps are lists of key and value in the order of their keys.
 */

export type EngineValue =
  | null
  | boolean
  | number
  | string
  | readonly EngineValue[]
  | readonly (readonly [string, EngineValue])[];

export type EngineResult = {
  columns: readonly string[];
  rows: readonly (readonly EngineValue[])[];
};

/** Values of `$name` in a statement. Texts that a statement casts to a time may be written as ISO 8601. */
export type EngineParameters = Readonly<Record<string, string | number | bigint | boolean | null>>;

export type StoredColumn = { name: string; type: string };

export type Engine = {
  name: 'duckdb' | 'trino';
  /** Runs one statement of `queries/`. Throws ENGINE_FAILED with what the engine said. */
  run(statement: string, parameters?: EngineParameters): Promise<EngineResult>;
  /**
   * Makes a table of the rows of one statement of `queries/`, in place of a table of that name; with
   * `columns`, of these columns and types of the catalogue. Throws ENGINE_FAILED.
   */
  store(
    table: string,
    statement: string,
    parameters?: EngineParameters,
    columns?: readonly StoredColumn[],
  ): Promise<void>;
  /** Runs one statement that is written for this engine alone, as DDL. */
  runOwn(statement: string): Promise<EngineResult>;
};

/** A whole number as every engine tells it. */
export function wholeNumber(value: bigint | string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
