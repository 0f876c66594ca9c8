/** Cells as ingest gives them, turned into the engine's values of a column's type. */
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Cell } from './tables.ts';

const DAY_MILLISECONDS = 86_400_000;

export type Convert = (cell: Exclude<Cell, null | undefined>) => DuckDBValue;

export const asIs: Convert = (cell) => cell as DuckDBValue;

/** What turns a cell into the engine's value of a column's type. */
export function converterOf(type: string): Convert {
  if (type === 'TIMESTAMP') {
    return (cell) =>
      new DuckDBTimestampValue(
        cell instanceof Date ? BigInt(cell.getTime()) * 1000n : (cell as bigint),
      );
  }
  if (type === 'DATE') {
    return (cell) => new DuckDBDateValue(Math.floor((cell as Date).getTime() / DAY_MILLISECONDS));
  }
  if (type === 'BLOB') return (cell) => new DuckDBBlobValue(cell as Uint8Array);
  if (type === 'BIGINT') return (cell) => BigInt(cell as number | bigint);
  if (type === 'VARCHAR[]') {
    return (cell) => new DuckDBListValue([...(cell as readonly string[])]);
  }
  if (type.startsWith('MAP')) {
    return (cell) =>
      new DuckDBMapValue(
        [...(cell as ReadonlyMap<string, string>)].map(([key, value]) => ({ key, value })),
      );
  }
  return asIs;
}
