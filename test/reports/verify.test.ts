import { createHash } from 'node:crypto';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/reports/manifest.ts';
import { writePackFolder } from '../../src/reports/pack-folder.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { QUERY_TEXTS, smallPackContent } from './pack-content.ts';

let parent: string;
let sound: string;
let names: string[];
let folder: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'flowproof-verify-'));
  sound = join(parent, 'sound');
  const content = smallPackContent();
  names = (await writePackFolder({ folder: sound, content, queryTexts: QUERY_TEXTS })).files;
});

afterAll(async () => {
  await rm(parent, { recursive: true, force: true });
});

beforeEach(async () => {
  folder = join(parent, 'pack');
  await rm(folder, { recursive: true, force: true });
  await cp(sound, folder, { recursive: true });
});

/** What is wrong, as lines "file: problem". */
async function problems(): Promise<string[]> {
  const result = await verifyPack(folder);
  expect(result.ok).toBe(result.problems.length === 0);
  return result.problems.map(({ file, problem }) => `${file}: ${problem}`);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function editChecksums(edit: (text: string) => string): Promise<void> {
  const path = join(folder, 'SHA256SUMS');
  await writeFile(path, edit(await readFile(path, 'utf8')));
}

/** Gives `SHA256SUMS` the file's present hash, as whoever forges a pack would. */
async function forgeChecksum(name: string): Promise<void> {
  const hash = sha256(await readFile(join(folder, name)));
  await editChecksums((text) =>
    text
      .split('\n')
      .map((line) => (line.endsWith(`  ${name}`) ? `${hash}  ${name}` : line))
      .join('\n'),
  );
}

async function forgeManifest(edit: (manifest: Manifest) => void): Promise<void> {
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
  await forgeChecksum('manifest.json');
}

describe('a sound pack', () => {
  test('has no problems, and every file but the checksums is checked', async () => {
    expect(await verifyPack(folder)).toEqual({
      ok: true,
      checked: names.length - 1,
      problems: [],
    });
  });

  test('may lie anywhere and be named with a slash at the end', async () => {
    expect((await verifyPack(`${folder}/`)).ok).toBe(true);
  });
});

describe('bytes', () => {
  test('one changed bit is found, wherever it is', async () => {
    for (const name of names) {
      const path = join(folder, name);
      const bytes = await readFile(path);
      const places = new Set([0, 1, 64, 65, 66, bytes.length - 2, bytes.length - 1]);
      for (let part = 1; part < 8; part += 1) places.add(Math.floor((bytes.length * part) / 8));
      for (const place of [...places].filter((one) => one < bytes.length)) {
        for (const bit of [0x01, 0x20]) {
          const harmed = Buffer.from(bytes);
          harmed[place] = (harmed[place] ?? 0) ^ bit;
          await writeFile(path, harmed);
          const { ok } = await verifyPack(folder);
          expect(`${name} at ${place}: ${ok}`).toBe(`${name} at ${place}: false`);
        }
      }
      await writeFile(path, bytes);
    }
    expect(await problems()).toEqual([]);
  });

  test('a changed file is named with both hashes', async () => {
    const before = sha256(await readFile(join(folder, 'loss_interval.csv')));
    await writeFile(join(folder, 'loss_interval.csv'), 'status\r\n');
    expect(await problems()).toContain(
      `loss_interval.csv: differs: SHA-256 is ${sha256('status\r\n')}, SHA256SUMS says ${before}`,
    );
  });

  test('every file that is emptied, removed or renamed is found', async () => {
    for (const name of names.filter((one) => one !== 'SHA256SUMS')) {
      const path = join(folder, name);
      await writeFile(path, '');
      expect(await problems()).toContainEqual(expect.stringMatching(/: differs/));
      await rm(path);
      expect(await problems()).toContain(`${name}: is missing`);
      await copyFile(join(sound, name), `${path}.bak`);
      expect(await problems()).toEqual(
        expect.arrayContaining([`${name}: is missing`, `${name}.bak: is not in SHA256SUMS`]),
      );
      await rename(`${path}.bak`, path);
    }
    expect(await problems()).toEqual([]);
  });

  test.each(['note.txt', '.hidden', 'queries/more.sql', 'new/deep/file', 'queries\\more.sql'])(
    'a file %s that does not belong there is found',
    async (name) => {
      await mkdir(join(folder, 'new', 'deep'), { recursive: true });
      await writeFile(join(folder, name), 'x');
      expect(await problems()).toEqual([
        `${name}: is not in SHA256SUMS`,
        `${name}: manifest.json does not list it`,
      ]);
    },
  );

  test('a name with a backslash does not hide behind the name with a slash', async () => {
    await copyFile(
      join(folder, 'queries/loss_interval.sql'),
      join(folder, 'queries\\loss_interval.sql'),
    );
    expect(await problems()).toContain('queries\\loss_interval.sql: is not in SHA256SUMS');
  });
});

describe('SHA256SUMS', () => {
  test.each([
    ['../outside.txt', 'a path leaves the pack'],
    ['queries/../../outside.txt', 'a path leaves the pack'],
    ['queries\\..\\..\\outside.txt', 'a path leaves the pack'],
    ['/etc/hostname', 'a path leaves the pack'],
  ])('a line with the path %s is refused', async (path, problem) => {
    await writeFile(join(parent, 'outside.txt'), 'x');
    const line = `${sha256('x')}  ${path}`;
    await editChecksums((text) => `${text}${line}\n`);
    expect(await problems()).toEqual([`SHA256SUMS: ${problem}: ${JSON.stringify(line)}`]);
  });

  test.each<[string, (text: string) => string, string]>([
    ['two lines of a file', (text) => `${text}${text.split('\n')[0]}\n`, 'a file stands twice'],
    ['a line that is none', (text) => `${text}hello\n`, 'a line is no checksum: "hello"'],
    ['a blank line', (text) => `${text}\n`, 'a line is no checksum: ""'],
    ['a line in binary mode', (text) => text.replace('  ', ' *'), 'a line is no checksum'],
    ['Windows line ends', (text) => text.replaceAll('\n', '\r\n'), 'does not list manifest.json'],
    ['a cut last line', (text) => text.slice(0, -1), 'its last line is cut'],
    ['nothing in it', () => '', 'does not list manifest.json'],
  ])('%s is found', async (_what, edit, expected) => {
    await editChecksums(edit);
    expect(await problems()).toContainEqual(expect.stringContaining(`SHA256SUMS: ${expected}`));
  });

  test('a line and its file taken out together are missed by the manifest', async () => {
    await rm(join(folder, 'report.pdf'));
    await editChecksums((text) => text.replace(/^.*report\.pdf\n/m, ''));
    expect(await problems()).toEqual(['report.pdf: is missing; manifest.json lists it']);
  });

  test('the manifest and its line taken out together are missed', async () => {
    await rm(join(folder, 'manifest.json'));
    await editChecksums((text) => text.replace(/^.*manifest\.json\n/m, ''));
    expect(await problems()).toEqual(['SHA256SUMS: does not list manifest.json']);
  });
});

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
      'names a CSV that nothing lists',
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
    await writeFile(join(folder, 'manifest.json'), text);
    await forgeChecksum('manifest.json');
    expect(await problems()).toEqual([expect.stringMatching(/^manifest\.json: is no manifest: /)]);
  });

  test('does not describe a CSV that was changed', async () => {
    await writeFile(join(folder, 'loss_interval.csv'), 'status\r\n"a\r\nb"\r\n');
    await forgeChecksum('loss_interval.csv');
    expect(await problems()).toEqual([
      'loss_interval.csv: is not the file that manifest.json describes',
      'loss_interval.csv: is not the CSV of report loss_interval',
      'loss_interval.csv: has 1 rows, manifest.json says 0',
    ]);
  });
});

describe('what is no regular file', () => {
  const PROBLEM = 'is no regular file; a pack holds no links, pipes or devices';

  test('a link to a file of the same bytes is a problem', async () => {
    await rm(join(folder, 'report.pdf'));
    await symlink(join(sound, 'report.pdf'), join(folder, 'report.pdf'));
    const found = await problems();
    expect(found).toContain(`report.pdf: ${PROBLEM}`);
    expect(found).not.toContain('report.pdf: is missing');
  });

  test('a link to a folder is not followed', async () => {
    await rm(join(folder, 'queries'), { recursive: true });
    await symlink(join(sound, 'queries'), join(folder, 'queries'));
    expect(await problems()).toEqual(
      expect.arrayContaining([`queries: ${PROBLEM}`, 'queries/loss_interval.sql: is missing']),
    );
  });

  test('a link to nothing, and one to itself', async () => {
    await symlink(join(parent, 'nothing'), join(folder, 'one'));
    await symlink(join(folder, 'two'), join(folder, 'two'));
    expect(await problems()).toEqual(
      expect.arrayContaining([`one: ${PROBLEM}`, `two: ${PROBLEM}`]),
    );
  });

  test('a link in the place of the manifest', async () => {
    await rm(join(folder, 'manifest.json'));
    await symlink(join(sound, 'manifest.json'), join(folder, 'manifest.json'));
    expect(await problems()).toEqual([`manifest.json: ${PROBLEM}`]);
  });

  test('a folder in the place of a file', async () => {
    await rm(join(folder, 'report.pdf'));
    await mkdir(join(folder, 'report.pdf'));
    expect(await problems()).toContain('report.pdf: is missing');
  });
});

describe('no pack is VERIFY_UNREADABLE', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['a folder that does not exist', () => rm(folder, { recursive: true })],
    ['a folder without checksums', () => rm(join(folder, 'SHA256SUMS'))],
    [
      'a file',
      async () => {
        await rm(folder, { recursive: true });
        await writeFile(folder, 'x');
      },
    ],
    [
      'checksums that are a link',
      async () => {
        await rm(join(folder, 'SHA256SUMS'));
        await symlink(join(sound, 'SHA256SUMS'), join(folder, 'SHA256SUMS'));
      },
    ],
  ])('%s', async (_what, harm) => {
    await harm();
    await expect(verifyPack(folder)).rejects.toMatchObject({
      code: 'VERIFY_UNREADABLE',
      place: folder,
      problem: expect.stringContaining('SHA256SUMS cannot be read'),
      remedy: expect.stringContaining('flowproof verify'),
    });
  });
});
