/** How a result is printed, for the command line, which does without the engine. */

export const QUERY_FORMATS = ['table', 'csv', 'json', 'jsonl', 'arrow', 'parquet'] as const;

export type QueryFormat = (typeof QUERY_FORMATS)[number];

/** `plan`: how it would be run. `analyze`: run, its result thrown away, with times and counts. */
export const EXPLAIN_KINDS = ['plan', 'analyze'] as const;

export type ExplainKind = (typeof EXPLAIN_KINDS)[number];
