/** The lake of the samples, read and enriched once for a file of tests. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { type Database, openDatabase } from '../src/database.ts';
import { createLakeViews } from '../src/lake.ts';
import { createProgress } from '../src/progress.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { run } from '../src/run.ts';

export type SampleLake = { database: Database; lake: string; close(): void };

/** Ingests and enriches a copy of the samples. */
export async function openSampleLake(): Promise<SampleLake> {
  const folder = mkdtempSync(join(tmpdir(), 'flowproof-sample-lake-'));
  cpSync(join(PACKAGE_ROOT, 'samples'), join(folder, 'samples'), { recursive: true });
  const config = readConfig(join(folder, 'samples', 'flowproof.yaml'));
  const progress = createProgress({ stream: process.stderr, isQuiet: true });
  await run({ config, parts: ['ingest', 'enrich'], command: 'enrich', progress });
  const database = await openDatabase();
  await createLakeViews(database.connection, config.lake);
  return {
    database,
    lake: config.lake,
    close: () => {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
