/**
 * An SQL script with which any DuckDB sees the lake as `flowproof query` does: the same functions, and
 * a view for each table, with what it and its columns mean.
 *
 * The views name the files that the lake has now: after a run the script is made anew.
 */
import { openDatabase, readRows } from '../database.ts';
import { createLakeViews } from '../lake.ts';
import { urisInS3 } from '../lake-files.ts';
import { readLayer } from '../query-file.ts';
import { remoteOf } from '../remote-lake/place.ts';
import { quoteName, quoteText, TABLES } from '../tables.ts';

/** The script, in the order in which its statements must run. */
export async function connectScript(lake: string): Promise<string> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const views = await readRows<{ name: string; sql: string }>(
      database.connection,
      'select view_name as name, sql from duckdb_views() where not internal order by view_oid',
    );
    return [
      '-- The tables of a lake of flowproof, for DuckDB 1.3 or newer. Print it again after each run: it names files.',
      '-- What is asked here is not kept in the record of access.',
      ...((await urisInS3(lake)).length > 0 ? readingInS3(lake) : []),
      "set TimeZone = 'UTC';",
      'set integer_division = true;',
      ...readLayer('functions').map((file) => file.text.replace(/^(--.*\n)+/, '').trim()),
      ...views.map(({ sql }) => sql.replace(/^create view/i, 'create or replace view').trim()),
      ...views.flatMap(({ name }) => commentsOn(name)),
      '',
    ].join('\n');
  } finally {
    database.close();
  }
}

/** Credentials stand in no script. */
function readingInS3(lake: string): string[] {
  const { bucket, prefix, region } = remoteOf(lake) ?? {};
  return [
    '-- Large files are read in S3. Before this script, DuckDB must have its extension httpfs and credentials, as by:',
    `--   install aws; load aws; create secret (type s3, provider credential_chain, region '${region}', scope 's3://${bucket}/${prefix}');`,
    'load httpfs;',
  ];
}

function commentsOn(view: string): string[] {
  const table = TABLES.find(({ name }) => name === view);
  if (!table) return [];
  return [
    `comment on view ${quoteName(view)} is ${quoteText(table.description)};`,
    ...[...table.columns, ...(table.computed ?? [])].map(
      ({ name, description }) =>
        `comment on column ${quoteName(view)}.${quoteName(name)} is ${quoteText(description)};`,
    ),
  ];
}
