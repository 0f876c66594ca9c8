/**
 * `flowproof status`: what the lake holds, from when to when, and what is missing.
 */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from './config.ts';
import { readRows } from './database.ts';
import { QUERIES_ROOT, readQueryFile } from './query-file.ts';
import { tableLines, visibleText } from './text-table.ts';

export type StatusResult = {
  sources: readonly Record<string, unknown>[];
  missing: readonly Record<string, unknown>[];
};

/** Asks the lake. Needs its views. */
export async function readStatus(
  connection: DuckDBConnection,
  config: Pick<Config, 'period'>,
): Promise<StatusResult> {
  const parameters = {
    period_start: config.period.start.toISOString(),
    period_end: config.period.end.toISOString(),
  };
  const text = (name: string): string =>
    readQueryFile('status', join(QUERIES_ROOT, 'status', `${name}.sql`)).text;
  return {
    sources: (await readRows(connection, text('sources'))).map(plainRow),
    missing: (await readRows(connection, text('missing'), parameters)).map(plainRow),
  };
}

function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      if (typeof value === 'bigint') return [key, Number(value)];
      if (value instanceof Date) return [key, `${value.toISOString().slice(0, 19)}Z`];
      return [key, value];
    }),
  );
}

/** The status as text for a terminal. */
export function statusText(status: StatusResult, config: Pick<Config, 'lake' | 'period'>): string {
  const day = (time: Date): string => time.toISOString().slice(0, 16).replace('T', ' ');
  const head = `Lake    ${config.lake}\nPeriod  ${day(config.period.start)} to ${day(config.period.end)} UTC (end excluded)\n`;
  if (status.sources.length === 0) {
    return `${head}\nNothing was ingested yet. Run: flowproof ingest --config FILE\n`;
  }
  return `${head}\nIngested\n${tableOf(status.sources)}\nMissing\n${
    status.missing.length === 0
      ? 'nothing that can be told from the lake\n'
      : gapsOf(status.missing)
  }`;
}

function tableOf(rows: readonly Record<string, unknown>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const { lines } = tableLines({
    columns: names.map((name) => ({ name, isNumber: typeof rows[0]?.[name] === 'number' })),
    rows: rows.map((row) =>
      names.map((name) =>
        row[name] === null || row[name] === undefined ? null : String(row[name]),
      ),
    ),
    isTerminal: false,
  });
  return `${lines.join('\n')}\n`;
}

/** Gaps one below the other: their places are URIs, too long for a table. */
function gapsOf(rows: readonly Record<string, unknown>[]): string {
  return rows
    .map(
      ({ missing, place, why }) =>
        `- ${missing}: ${visibleText(String(place))}\n    ${visibleText(String(why))}\n`,
    )
    .join('');
}
