import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/reports/manifest.ts';
import { sha256, useSoundPack } from './sound-pack.ts';

const { pack, problems, editChecksums } = useSoundPack();

/** Gives `SHA256SUMS` the file's present hash, as whoever forges a pack would. */
async function forgeChecksum(name: string): Promise<void> {
  const hash = sha256(await readFile(join(pack.folder, name)));
  await editChecksums((text) =>
    text
      .split('\n')
      .map((line) => (line.endsWith(`  ${name}`) ? `${hash}  ${name}` : line))
      .join('\n'),
  );
}

async function forgeManifest(edit: (manifest: Manifest) => void): Promise<void> {
  const path = join(pack.folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
  await forgeChecksum('manifest.json');
}

describe('the manifest, with checksums that were made to fit', () => {
  test.each<[string, (manifest: Manifest) => void, string[]]>([
    [
      'does not list a file',
      (manifest) => {
        manifest.files = manifest.files.filter((file) => file.name !== 'report.pdf');
      },
      ['report.pdf: manifest.json does not list it'],
    ],
    [
      'lists a file that is not there',
      (manifest) => {
        manifest.files.push({ name: 'more.csv', sha256: 'ab'.repeat(32), size_bytes: 1 });
      },
      ['more.csv: is missing; manifest.json lists it'],
    ],
    [
      'has another size',
      (manifest) => {
        for (const file of manifest.files) file.size_bytes += file.name === 'report.pdf' ? 1 : 0;
      },
      ['report.pdf: is not the file that manifest.json describes'],
    ],
    [
      'has another count of rows',
      (manifest) => {
        for (const report of manifest.reports) report.row_count += 1;
      },
      [
        'flow_detail_by_resource.csv: has 14 rows, manifest.json says 15',
        'loss_interval.csv: has 0 rows, manifest.json says 1',
      ],
    ],
    [
      'gives a report the CSV of another',
      (manifest) => {
        const [one, other] = manifest.reports;
        if (one && other) one.csv_sha256 = other.csv_sha256;
      },
      ['flow_detail_by_resource.csv: is not the CSV of report flow_detail_by_resource'],
    ],
    [
      'pack.names a CSV that nothing lists',
      (manifest) => {
        const [one] = manifest.reports;
        if (one) one.csv = '../outside.csv';
      },
      ['../outside.csv: is not the CSV of report flow_detail_by_resource'],
    ],
    [
      'gives a report another query',
      (manifest) => {
        const [one] = manifest.reports;
        if (one) one.query_sha256 = 'cd'.repeat(32);
      },
      [
        'queries/flow_detail_by_resource.sql: is not the query that report flow_detail_by_resource ran',
      ],
    ],
  ])('%s', async (_what, edit, expected) => {
    await forgeManifest(edit);
    expect(await problems()).toEqual(expected);
  });

  test.each(['', 'no json', '{}', '[]', '{"format_version": 2}'])('that is %j', async (text) => {
    await writeFile(join(pack.folder, 'manifest.json'), text);
    await forgeChecksum('manifest.json');
    expect(await problems()).toEqual([expect.stringMatching(/^manifest\.json: is no manifest: /)]);
  });

  test('does not describe a CSV that was changed', async () => {
    await writeFile(join(pack.folder, 'loss_interval.csv'), 'status\r\n"a\r\nb"\r\n');
    await forgeChecksum('loss_interval.csv');
    expect(await problems()).toEqual([
      'loss_interval.csv: is not the file that manifest.json describes',
      'loss_interval.csv: is not the CSV of report loss_interval',
      'loss_interval.csv: has 1 rows, manifest.json says 0',
    ]);
  });
});
