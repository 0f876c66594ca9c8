/**
 * Which catalogues a lake was written by. A later version of flowproof may know more columns than the
 * files of an earlier one have: such a lake stays readable, and those columns are null in those files.
 *
 *   <lake>/.flowproof/catalogues     one line a catalogue that wrote to the lake: its hash
 */
import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TABLES } from './tables.ts';

const CURRENT = createHash('sha256')
  .update(
    JSON.stringify(
      TABLES.map(({ name, columns }) => [
        name,
        columns.map((column) => [column.name, column.type]),
      ]),
    ),
  )
  .digest('hex');

function catalogueFile(root: string): string {
  return join(root, '.flowproof', 'catalogues');
}

async function readCatalogues(root: string): Promise<string[] | undefined> {
  try {
    return (await readFile(catalogueFile(root), 'utf8')).split('\n').filter((line) => line !== '');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Notes that this version writes to the lake. `hasFiles`: it holds files, by whatever version. */
export async function noteCatalogue(root: string, hasFiles: boolean): Promise<void> {
  const known = await readCatalogues(root);
  if (known?.includes(CURRENT)) return;
  // A lake from before this file was kept is of a version that is not known.
  const lines = known === undefined && hasFiles ? ['unknown', CURRENT] : [CURRENT];
  await appendFile(catalogueFile(root), lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
}

/** True if every file of the lake has all columns of the catalogue of this version. */
export async function isOfThisCatalogue(root: string): Promise<boolean> {
  const known = await readCatalogues(root);
  return known?.length === 1 && known[0] === CURRENT;
}
