/** `--explain`: how a statement is run, as DuckDB's tree for people or as JSON. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { visibleText } from '../text-table.ts';
import { refuse } from './gate.ts';
import type { ExplainKind, QueryFormat } from './query-format.ts';
import type { Sink } from './sink.ts';

/**
 * Writes the plan of a statement that passed the gates. `analyze` runs it, throws its rows away and
 * counts them. Throws QUERY_REFUSED for a format other than table and json.
 */
export async function writePlan(
  connection: DuckDBConnection,
  request: {
    sql: string;
    parameters: Record<string, DuckDBValue> | undefined;
    explain: ExplainKind;
    format: QueryFormat;
  },
  sink: Sink,
): Promise<void> {
  const { sql, parameters, explain, format } = request;
  if (format !== 'table' && format !== 'json') {
    refuse(`a plan has no format ${format}`, 'Use --format table or --format json.');
  }
  const options = [
    ...(explain === 'analyze' ? ['analyze'] : []),
    ...(format === 'json' ? ['format json'] : []),
  ];
  const keyword = options.length > 0 ? `explain (${options.join(', ')})` : 'explain';
  const reader = await connection.runAndReadAll(`${keyword} ${sql}`, parameters);
  const plans = reader.getRows().map((row) => String(row[1]).trimEnd());
  // A plan repeats texts of the statement and of the lake; its line ends are DuckDB's own layout.
  const shown = (line: string): string => (sink.isTerminal ? visibleText(line) : line);
  await sink.write(`${plans.join('\n').split('\n').map(shown).join('\n')}\n`);
}
