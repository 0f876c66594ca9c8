/**
 * The gates in front of ad-hoc SQL: what a statement may be, and what its connection may reach.
 *
 * Three gates, each of which would do alone for most of what can go wrong: the connection is locked
 * down (no file outside the given folders, no extension, no setting), the statement is parsed without
 * running and must be one SELECT, and what a SELECT may call is limited.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowproofError } from '../errors.ts';
import { quoteText } from '../tables.ts';
import { textWidth, visibleText } from '../text-table.ts';

/**
 * Closes the connection's database against everything outside `folders` and `files`, for good: no other file, no
 * network, no extension, no change of a setting. The order matters: after the second statement no
 * folder can be allowed any more.
 */
export async function lockDown(
  connection: DuckDBConnection,
  options: {
    folders: readonly string[];
    /** Files elsewhere that may be read, each by its exact name. */
    files?: readonly string[];
    memoryLimit?: string | undefined;
    /** Temporary files of what does not fit into memory, such as `10GB`. */
    tempDiskLimit?: string | undefined;
  },
): Promise<void> {
  if (options.memoryLimit !== undefined) {
    await connection.run(`set memory_limit = ${quoteText(options.memoryLimit)}`);
  }
  if (options.tempDiskLimit !== undefined) {
    await connection.run(`set max_temp_directory_size = ${quoteText(options.tempDiskLimit)}`);
  }
  const folders = options.folders.map(quoteText).join(', ');
  await connection.run(`set allowed_directories = [${folders}]`);
  const files = options.files ?? [];
  if (files.length > 0) {
    await connection.run(`set allowed_paths = [${files.map(quoteText).join(', ')}]`);
  }
  await connection.run('set enable_external_access = false');
  await connection.run('set lock_configuration = true');
}

/** Throws unless `lockDown` closed the connection: without it is a mistake in flowproof itself. */
export async function assertLocked(connection: DuckDBConnection): Promise<void> {
  const reader = await connection.runAndReadAll(
    "select current_setting('lock_configuration') and not current_setting('enable_external_access')",
  );
  if (reader.getRows()[0]?.[0] !== true) throw new Error('runQuery needs lockDown() before it');
}

/**
 * Table functions that a statement may call. All others are refused, because among them are some that
 * change the process although they stand in a SELECT (`enable_logging`, `enable_peg_parser`,
 * `enable_profiling`, `checkpoint`), that run a text as SQL (`query`, `json_execute_serialized_sql`),
 * that read memory by address (`arrow_scan`), that list secrets, or that take a name and read the file of
 * that name (`histogram`). Files are out of reach by name too: the lake's tables hold what the ledger
 * knows, its files may hold more.
 */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_views',
  'generate_series',
  'json_each',
  'json_tree',
  'pg_timezone_names',
  'pragma_table_info',
  'pragma_version',
  'range',
  'repeat',
  'repeat_row',
  'summary',
  'unnest',
]);

/**
 * Scalar functions that read the environment or the settings, write a log, take a text for SQL, or only
 * hold the process up.
 */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'current_setting',
  'getenv',
  'getvariable',
  'json_serialize_plan',
  'pg_sleep',
  'sleep_ms',
  'write_log',
]);

/** Views of DuckDB's own that show settings, logs, or the statements and files of the process. */
const REFUSED_VIEWS: ReadonlySet<string> = new Set([
  'duckdb_databases',
  'duckdb_logs',
  'pg_database',
  'pg_prepared_statements',
  'pg_settings',
  'pg_tablespace',
  'pragma_database_list',
]);

const FILE_NAME = /[/\\*?:]|\.(?:parquet|csv|tsv|txt|json|jsonl|ndjson|gz|zst|db|duckdb|xlsx)$/i;

/** Throws QUERY_REFUSED. */
export function refuse(problem: string, remedy: string): never {
  throw new FlowproofError('QUERY_REFUSED', { place: 'query', problem, remedy });
}

/** What DuckDB says of a statement that it parsed; `statements` are its own trees. */
export type ParsedStatement = {
  error: boolean;
  error_type?: string;
  error_message?: string;
  /** Of a parser error, in code points from the start. */
  position?: string;
  statements?: unknown[];
};

/** The statement as DuckDB parses it; nothing is bound or run. */
export async function parseStatement(
  connection: DuckDBConnection,
  sql: string,
): Promise<ParsedStatement> {
  const reader = await connection.runAndReadAll(
    'select json_serialize_sql($sql::varchar)::varchar',
    {
      sql,
    },
  );
  return JSON.parse(String(reader.getRows()[0]?.[0])) as ParsedStatement;
}

/**
 * Throws QUERY_REFUSED unless the text is exactly one SELECT (also WITH, VALUES, FROM first, SHOW
 * TABLES, DESCRIBE, SUMMARIZE) that calls only what a query may call, and QUERY_FAILED with the line
 * and a mark if it does not parse. PIVOT is possible only as `from (pivot t on c in (...) using ...)`.
 */
export async function assertReadOnly(connection: DuckDBConnection, sql: string): Promise<void> {
  if (sql.includes('\0')) refuse('it contains a NUL character', 'Remove the character.');
  const parsed = await parseStatement(connection, sql);
  if (parsed.error) {
    if (parsed.error_type === 'parser') {
      const line = parsed.position ? `\n${markedLine(sql, Number(parsed.position))}` : '';
      throw failed((parsed.error_message ?? 'it does not parse') + line);
    }
    refuse(
      `the statement "${visibleText(sql.trim().slice(0, 60))}" is not a SELECT`,
      'Write one SELECT (or WITH, VALUES, FROM, SHOW TABLES, DESCRIBE name, SUMMARIZE name); a PIVOT needs an IN list and stands in "from (pivot ... )".',
    );
  }
  const count = parsed.statements?.length ?? 0;
  if (count === 0) refuse('there is no statement', 'Write one SELECT.');
  if (count > 1)
    refuse(`there are ${count} statements`, 'Write one SELECT; run others on their own.');
  checkTree(parsed.statements);
}

/** The line of the statement with a mark under a place in it; DuckDB's own slips on non-ASCII text. */
function markedLine(sql: string, position: number): string {
  const characters = Array.from(sql);
  const before = characters.slice(0, position).join('');
  const start = visibleText(before.slice(before.lastIndexOf('\n') + 1).slice(-60));
  const rest = visibleText((characters.slice(position).join('').split('\n')[0] ?? '').slice(0, 60));
  const label = `LINE ${before.split('\n').length}: ${start}`;
  return `${label}${rest}\n${' '.repeat(textWidth(label))}^`;
}

/** Looks at every function and table name of the parsed statement. */
function checkTree(tree: unknown): void {
  const pending: { node: unknown; isTableFunction: boolean }[] = [
    { node: tree, isTableFunction: false },
  ];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, isTableFunction } = next;
    if (typeof node !== 'object' || node === null) continue;
    const fields = node as Record<string, unknown>;
    if (typeof fields.function_name === 'string') {
      checkFunction(fields.function_name, isTableFunction);
    }
    if (fields.type === 'BASE_TABLE') checkTable(String(fields.table_name));
    for (const [key, value] of Object.entries(fields)) {
      pending.push({
        node: value,
        isTableFunction: key === 'function' && fields.type === 'TABLE_FUNCTION',
      });
    }
  }
}

function checkTable(name: string): void {
  if (FILE_NAME.test(name)) {
    refuse(`"${visibleText(name)}" names a file`, 'Name a table; "show tables" lists them.');
  }
  if (REFUSED_VIEWS.has(name.toLowerCase())) {
    refuse(`${visibleText(name)} is no table of the lake`, 'Name one; "show tables" lists them.');
  }
}

function checkFunction(name: string, isTableFunction: boolean): void {
  const lower = name.toLowerCase();
  const isAllowed = isTableFunction ? TABLE_FUNCTIONS.has(lower) : !REFUSED_FUNCTIONS.has(lower);
  if (isAllowed) return;
  refuse(
    `the function ${visibleText(name)}() reaches outside the lake's tables`,
    isTableFunction
      ? `Use the lake's tables ("show tables" lists them) or one of: ${[...TABLE_FUNCTIONS].join(', ')}.`
      : 'Leave the function out.',
  );
}

/** QUERY_FAILED with a message of DuckDB, or one like it, that may hold content of logs. */
export function failed(message: string, remedy?: string): FlowproofError {
  // Line ends are DuckDB's own layout (the line and the mark under it); all else may be log content.
  const problem = message.trim().split('\n').map(visibleText).join('\n  ');
  return new FlowproofError('QUERY_FAILED', {
    place: 'query',
    problem,
    remedy: remedy ?? 'Correct the statement; "show tables" lists tables, "describe NAME" columns.',
  });
}
