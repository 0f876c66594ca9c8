/**
 * The embedded engine: opening DuckDB with settings that results may rely on, and reading rows.
 */
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { readLayer } from './query-file.ts';

export type Database = {
  connection: DuckDBConnection;
  close(): void;
};

export type OpenOptions = {
  /** Upper bound of memory, such as `2GB`; DuckDB's own default (80 % of the machine) if absent. */
  memoryLimit?: string;
  /** Folder for what does not fit into memory. */
  tempDirectory?: string;
};

type Opened = { instance: DuckDBInstance; beforeClose: (() => void)[] };

const databases = new WeakMap<DuckDBConnection, Opened>();

/** Has something done just before the database of a connection is closed. */
export function beforeClose(connection: DuckDBConnection, act: () => void): void {
  databases.get(connection)?.beforeClose.push(act);
}

/** Does something on another connection to the same database: the first may be busy with a long statement. */
export async function besideConnection(
  connection: DuckDBConnection,
  act: (other: DuckDBConnection) => Promise<void>,
): Promise<void> {
  const other = (await databases.get(connection)?.instance.connect()) ?? connection;
  try {
    await act(other);
  } finally {
    if (other !== connection) other.closeSync();
  }
}

/** Opens an in-memory database with flowproof's functions, UTC and integer division as in Trino. */
export async function openDatabase(options: OpenOptions = {}): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.memoryLimit ? { memory_limit: options.memoryLimit } : {}),
    ...(options.tempDirectory ? { temp_directory: options.tempDirectory } : {}),
  });
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'UTC'; set preserve_insertion_order = false");
  await connection.run('set integer_division = true; set enable_progress_bar = false');
  for (const file of readLayer('functions')) await connection.run(file.text);
  const opened: Opened = { instance, beforeClose: [] };
  databases.set(connection, opened);
  return {
    connection,
    close: () => {
      for (const act of opened.beforeClose.splice(0)) act();
      databases.delete(connection);
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export type Parameters = Readonly<Record<string, DuckDBValue>>;

/** Rows as objects with DuckDB values turned into JavaScript ones. For small results only. */
export async function readRows<Row extends Record<string, unknown>>(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters = {},
): Promise<Row[]> {
  const names = Object.keys(parameters);
  const reader = await connection.runAndReadAll(
    sql,
    ...(names.length > 0 ? [parameters as Record<string, DuckDBValue>] : []),
  );
  return reader.getRowObjectsJS() as unknown as Row[];
}
