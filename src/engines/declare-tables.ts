/**
 * The tables of a lake in the schema of an engine, kept as the lake is: made when the first files of a table are
 * there, and made anew when a newer flowproof, or a merge of files, says them otherwise.
 */
import { createHash } from 'node:crypto';
import { inTurn } from '../in-turn.ts';
import { readFolders } from '../lake-files.ts';
import { quoteName, quoteText, TABLES } from '../tables.ts';
import { type Engine, readEngineRows } from './engine.ts';
import { tableStatements } from './engine-tables.ts';

/** A view of one row that says by which statements the others were made. */
const MARK = 'flowproof_tables';

export type DeclareOptions = {
  /** Folder of the lake, or of its copy: it says which tables have files. */
  lake: string;
  /** Where the engine finds the files, as `s3://bucket/prefix`. */
  location: string;
  schema: string;
  /** Tables whose new days are looked for; all if absent. */
  tables?: readonly string[] | undefined;
};

/** Makes the tables where they are missing or others, and finds new days. Throws ENGINE_FAILED. */
export async function declareTables(engine: Engine, options: DeclareOptions): Promise<void> {
  const { lake, location, schema, tables } = options;
  const dialect = engine.name === 'duckdb' ? undefined : engine.name;
  if (!dialect) throw new Error('DuckDB has the views of src/lake.ts');
  const statements = tableStatements(dialect, {
    location,
    folders: await readFolders(lake),
    schema,
  });
  const isSync = (statement: string): boolean => statement.startsWith('call ');
  const making = statements.filter((statement) => !isSync(statement));
  const hash = createHash('sha256').update(JSON.stringify(making)).digest('hex');
  const there = await tablesOf(engine, schema);
  if (await isMade(engine, there, hash)) {
    const wanted = statements
      .filter(isSync)
      .filter((statement) => !tables || tables.some((name) => statement.includes(`'${name}'`)));
    await inTurn(wanted, async (statement) => void (await engine.runOwn(statement)));
    return;
  }
  if (there.has(MARK)) await drop(engine, MARK, 'VIEW');
  for (const [name, kind] of there) {
    if (name !== MARK && isOurs(name)) await drop(engine, name, kind);
  }
  for (const statement of statements) await engine.runOwn(statement);
  await engine.runOwn(
    `create or replace view ${quoteName(MARK)} as select ${quoteText(hash)} as statements_sha256`,
  );
}

/** Names and kinds of what stands in the schema. */
async function tablesOf(engine: Engine, schema: string): Promise<Map<string, string>> {
  const { rows } = await engine.runOwn(
    `select table_name, table_type from information_schema.tables where table_schema = ${quoteText(schema)} order by table_name`,
  );
  return new Map(rows.map(([name, kind]) => [String(name), String(kind)]));
}

async function isMade(
  engine: Engine,
  there: ReadonlyMap<string, string>,
  hash: string,
): Promise<boolean> {
  if (!there.has(MARK)) return false;
  const [row] = await readEngineRows<{ statements_sha256: string }>(
    engine,
    `select statements_sha256 from ${MARK}`,
  );
  return row?.statements_sha256 === hash;
}

/** Files are left as they are: the tables only say where they stand. */
async function drop(engine: Engine, name: string, kind: string): Promise<void> {
  const what = kind.toUpperCase() === 'VIEW' ? 'view' : 'table';
  // Without quotes: of DROP TABLE Athena takes others than Trino does, and the names are plain.
  await engine.runOwn(`drop ${what} if exists ${name}`);
}

function isOurs(name: string): boolean {
  return TABLES.some((table) => name === table.name || name === `${table.name}_files`);
}
