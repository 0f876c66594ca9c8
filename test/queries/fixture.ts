/** Running a report over rows of the catalogue's tables, and reading what it says. */
import { join } from 'node:path';
import { type Database, readRows } from '../../src/database.ts';
import { QUERIES_ROOT, readQueryFile } from '../../src/query-file.ts';

export {
  addRows as insertRows,
  openTables as openEmptyTables,
  type Row,
} from '../catalogue-rows.ts';

/** Makes `agent_interface` of the interfaces in `scope_interface`, as enrichment does of all interfaces. */
export async function makeAgentInterfaces(database: Database): Promise<void> {
  const { connection } = database;
  await connection.run(
    'create or replace temporary table interface_context as select * from scope_interface',
  );
  const file = readQueryFile('marts', join(QUERIES_ROOT, 'marts', 'agent_interface.sql'));
  await connection.run(`create or replace temporary table agent_interface as (${file.text})`, {
    metadata_max_age_seconds: 86_400n,
  });
}

/** The period of the golden tests: one day, so that both edges are midnight. */
export const PERIOD = { period_start: '2026-10-01 00:00:00', period_end: '2026-10-02 00:00:00' };

type ResultValue = string | number | boolean | null;
export type ResultRow = Record<string, ResultValue>;

function plain(value: unknown): ResultValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString().replace('T', ' ').replace('.000Z', '');
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  throw new Error(`a report must not return a ${typeof value}: ${String(value)}`);
}

/** Rows of a report in its own order, with counts as numbers and times as texts. */
export async function runReport(
  database: Database,
  name: string,
  period: Readonly<Record<string, string>> = PERIOD,
): Promise<ResultRow[]> {
  const file = readQueryFile('reports', join(QUERIES_ROOT, 'reports', `${name}.sql`));
  const rows = await readRows(database.connection, file.text, period);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plain(value)])),
  );
}

/** The named columns of each row, for comparing what a test is about. */
export function pick(rows: readonly ResultRow[], ...names: string[]): ResultRow[] {
  return rows.map((row) =>
    Object.fromEntries(
      names.map((name) => {
        if (!(name in row)) throw new Error(`the report has no column ${name}`);
        return [name, row[name] ?? null];
      }),
    ),
  );
}
