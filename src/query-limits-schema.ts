/** The key `query_limits` of the configuration: what one statement of ad-hoc SQL may use. */
import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

const SIZE = /^(\d+(?:\.\d+)?)\s?(MB|GB|TB|MiB|GiB|TiB)$/;

/** Bytes of a size such as `2GB`. Throws for a text that is none. */
export function sizeBytes(text: string): number {
  const [, number, unit] = SIZE.exec(text) ?? [];
  const factor = UNITS[unit?.toUpperCase() ?? ''];
  if (factor === undefined) throw new Error(`${text} is no size`);
  return Math.floor(Number(number) * factor);
}

const size = z.string().regex(SIZE, 'must look like 2GB');

export const queryLimits = z
  .strictObject({
    seconds: z
      .number()
      .positive()
      .max(86_400)
      .default(300)
      .describe('Time of one statement, without the time that its reader takes'),
    memory: size
      .optional()
      .describe('Memory of the engine; memory_limit if absent, and 2GB without that'),
    temp_disk: size
      .default('10GB')
      .describe('Temporary files of what does not fit into memory; and of Parquet on its way'),
    rows: z.number().int().positive().default(100_000_000).describe('Rows of a result'),
    bytes: size.default('20GB').describe('Size of a result as it is written'),
  })
  .prefault({})
  .describe('What one statement of flowproof query and shell may use');

export type QueryLimitsConfig = z.infer<typeof queryLimits>;
