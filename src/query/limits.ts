/** What a statement may use, and the errors that say so: each names the limit and how to raise it. */
import { FlowproofError } from '../errors.ts';
import { type QueryLimitsConfig, sizeBytes } from '../query-limits-schema.ts';

/** Limits of one statement; sizes as in the configuration, such as `2GB`. */
export type QueryLimits = Omit<QueryLimitsConfig, 'memory'> & { memory: string };

const DEFAULT_MEMORY = '2GB';

/** The limits of a configuration; `seconds` is that of the command line where it is given. */
export function limitsOf(
  config: { query_limits: QueryLimitsConfig; memory_limit?: string | undefined },
  seconds?: number,
): QueryLimits {
  const { query_limits: limits, memory_limit: memoryLimit } = config;
  return {
    ...limits,
    memory: limits.memory ?? memoryLimit ?? DEFAULT_MEMORY,
    seconds: seconds ?? limits.seconds,
  };
}

/** Bytes of result, and of a Parquet file on its way. */
export function resultBytes(limits: QueryLimits): number {
  return sizeBytes(limits.bytes);
}

/** QUERY_LIMIT for the limit of that name. */
export function limitError(name: keyof QueryLimits, limits: QueryLimits): FlowproofError {
  const [problem, remedy] = {
    seconds: [
      `it ran for longer than ${limits.seconds} seconds`,
      'Ask for fewer days or columns, or allow more with --timeout SECONDS or query_limits: { seconds: … } in the configuration.',
    ],
    memory: [
      `it needs more memory than ${limits.memory}`,
      'Add up in the statement, join fewer rows, or allow more with query_limits: { memory: … } in the configuration.',
    ],
    temp_disk: [
      `it needs more than ${limits.temp_disk} of temporary files`,
      'Sort and join fewer rows, or allow more with query_limits: { temp_disk: … } in the configuration.',
    ],
    rows: [
      `its result has more than ${limits.rows} rows`,
      'Add a limit or a condition, or allow more with query_limits: { rows: … } in the configuration.',
    ],
    bytes: [
      `its result takes more than ${limits.bytes}`,
      'Select fewer rows or columns, or allow more with query_limits: { bytes: … } in the configuration.',
    ],
  }[name] as [string, string];
  return new FlowproofError('QUERY_LIMIT', { place: 'query', problem, remedy });
}
