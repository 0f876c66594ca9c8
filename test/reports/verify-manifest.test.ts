import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/reports/manifest.ts';
import { rowHashesOf } from '../../src/reports/seal.ts';
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

/** Makes `rows.sha256` anew of the files as they are now. */
async function forgeRows(): Promise<void> {
  const files = new Map<string, Uint8Array>();
  for (const name of pack.names.filter((one) => one !== 'rows.sha256')) {
    files.set(name, await readFile(join(pack.folder, name)));
  }
  await writeFile(join(pack.folder, 'rows.sha256'), rowHashesOf(files));
  await forgeChecksum('rows.sha256');
}

async function forgeManifest(edit: (manifest: Manifest) => void): Promise<void> {
  const path = join(pack.folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  edit(manifest);
  await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
  await forgeChecksum('manifest.json');
  await forgeRows();
}

const NOT_ONE = 'manifest.json: names two hashes, or none, of ';

describe('the manifest, with checksums and short hashes that were made to fit', () => {
  test.each<[string, (manifest: Manifest) => void, unknown[]]>([
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
      [expect.stringMatching(/^manifest\.json: says that report\.pdf has \d+ bytes; it has \d+$/)],
    ],
    [
      'has another count of rows',
      (manifest) => {
        for (const report of manifest.reports) report.row_count += 1;
      },
      [
        'manifest.json: says that flow_detail_by_resource.csv has 15 rows; it has 14',
        'manifest.json: says that loss_interval.csv has 1 rows; it has 0',
      ],
    ],
    [
      'gives a report the CSV of another',
      (manifest) => {
        const [one, other] = manifest.reports;
        if (one && other) one.csv_sha256 = other.csv_sha256;
      },
      [`${NOT_ONE}flow_detail_by_resource.csv, the CSV of report flow_detail_by_resource`],
    ],
    [
      'pack.names a CSV that nothing lists',
      (manifest) => {
        const [one] = manifest.reports;
        if (one) one.csv = '../outside.csv';
      },
      [`${NOT_ONE}../outside.csv, the CSV of report flow_detail_by_resource`],
    ],
    [
      'gives a report another query',
      (manifest) => {
        const [one] = manifest.reports;
        if (one) one.query_sha256 = 'cd'.repeat(32);
      },
      [
        `${NOT_ONE}queries/flow_detail_by_resource.sql, the query of report flow_detail_by_resource`,
      ],
    ],
  ])('%s', async (_what, edit, expected) => {
    await forgeManifest(edit);
    expect(await problems()).toEqual(expected);
  });

  test('alone is found by the short hashes of its lines', async () => {
    const path = join(pack.folder, 'manifest.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"partial"', '"supports"'));
    await forgeChecksum('manifest.json');
    const line = text.slice(0, text.indexOf('"partial"')).split('\n').length;
    expect(await problems()).toEqual([
      `manifest.json: differs from what rows.sha256 says of it, although SHA256SUMS agrees; line ${line}`,
    ]);
  });

  test.each(['', 'no json', '{}', '[]', '{"format_version": 2}'])('that is %j', async (text) => {
    await writeFile(join(pack.folder, 'manifest.json'), text);
    await forgeChecksum('manifest.json');
    expect(await problems()).toEqual([expect.stringMatching(/^manifest\.json: is no manifest: /)]);
  });

  test('does not describe a CSV that was changed', async () => {
    await writeFile(join(pack.folder, 'loss_interval.csv'), 'status\r\n"a\r\nb"\r\n');
    await forgeChecksum('loss_interval.csv');
    await forgeRows();
    expect(await problems()).toEqual([
      expect.stringMatching(
        /^loss_interval\.csv: differs: SHA-256 is [0-9a-f]{64}, manifest\.json says [0-9a-f]{64}$/,
      ),
    ]);
  });
});
