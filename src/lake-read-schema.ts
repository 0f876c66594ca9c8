/** The keys `lake_read` and `duckdb_extensions` of the configuration: how the engine reads a lake in S3. */
import { z } from 'zod';

export const lakeRead = z
  .enum(['auto', 'staged', 'in_place'])
  .optional()
  .describe(
    'How large files of a lake in S3 are read: in_place (by DuckDB, with its extension httpfs), staged (from a copy of all), or auto (in place where the extension is there), which it is if absent',
  );

export const duckdbExtensions = z
  .string()
  .min(1)
  .optional()
  .describe(
    'Folder with extensions of DuckDB, as <version>/<platform>/httpfs.duckdb_extension; ~/.duckdb/extensions if absent',
  );
