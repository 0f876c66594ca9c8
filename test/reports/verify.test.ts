import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyPack } from '../../src/reports/verify.ts';
import { sha256, useSoundPack } from './sound-pack.ts';

const { pack, problems, editChecksums } = useSoundPack();

describe('a sound pack', () => {
  test('has no problems, and every file but the checksums is checked', async () => {
    expect(await verifyPack(pack.folder)).toEqual({
      ok: true,
      checked: pack.names.length - 1,
      problems: [],
      signature: { kind: 'none' },
    });
  });

  test('may lie anywhere and be named with a slash at the end', async () => {
    expect((await verifyPack(`${pack.folder}/`)).ok).toBe(true);
  });
});

describe('bytes', () => {
  test('one changed bit is found, wherever it is', async () => {
    for (const name of pack.names) {
      const path = join(pack.folder, name);
      const bytes = await readFile(path);
      const places = new Set([0, 1, 64, 65, 66, bytes.length - 2, bytes.length - 1]);
      for (let part = 1; part < 8; part += 1) places.add(Math.floor((bytes.length * part) / 8));
      for (const place of [...places].filter((one) => one < bytes.length)) {
        for (const bit of [0x01, 0x20]) {
          const harmed = Buffer.from(bytes);
          harmed[place] = (harmed[place] ?? 0) ^ bit;
          await writeFile(path, harmed);
          const { ok } = await verifyPack(pack.folder);
          expect(`${name} at ${place}: ${ok}`).toBe(`${name} at ${place}: false`);
        }
      }
      await writeFile(path, bytes);
    }
    expect(await problems()).toEqual([]);
  });

  test('a changed file is named with both hashes', async () => {
    const before = sha256(await readFile(join(pack.folder, 'loss_interval.csv')));
    await writeFile(join(pack.folder, 'loss_interval.csv'), 'status\r\n');
    expect(await problems()).toContain(
      `loss_interval.csv: differs: SHA-256 is ${sha256('status\r\n')}, manifest.json says ${before}; the header; columns: 1, there were 4`,
    );
  });

  test('every file that is emptied, removed or renamed is found', async () => {
    for (const name of pack.names.filter((one) => one !== 'SHA256SUMS')) {
      const path = join(pack.folder, name);
      await writeFile(path, '');
      expect(await problems()).toContainEqual(expect.stringMatching(/: differs/));
      await rm(path);
      expect(await problems()).toContain(`${name}: is missing`);
      await copyFile(join(pack.sound, name), `${path}.bak`);
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
      await mkdir(join(pack.folder, 'new', 'deep'), { recursive: true });
      await writeFile(join(pack.folder, name), 'x');
      expect(await problems()).toEqual([
        `${name}: is not in SHA256SUMS`,
        `${name}: manifest.json does not list it`,
      ]);
    },
  );

  test('a name with a backslash does not hide behind the name with a slash', async () => {
    await copyFile(
      join(pack.folder, 'queries/loss_interval.sql'),
      join(pack.folder, 'queries\\loss_interval.sql'),
    );
    expect(await problems()).toContain('queries\\loss_interval.sql: is not in SHA256SUMS');
  });
});

describe('SHA256SUMS', () => {
  test.each([
    ['../outside.txt', 'its path leaves the pack'],
    ['queries/../../outside.txt', 'its path leaves the pack'],
    ['queries\\..\\..\\outside.txt', 'its path leaves the pack'],
    ['/etc/hostname', 'its path leaves the pack'],
  ])('a line with the path %s is refused', async (path, problem) => {
    await writeFile(join(pack.parent, 'outside.txt'), 'x');
    const line = `${sha256('x')}  ${path}`;
    await editChecksums((text) => `${text}${line}\n`);
    const place = `line ${pack.names.length}`;
    expect(await problems()).toEqual([`SHA256SUMS: ${place}: ${problem}: ${JSON.stringify(line)}`]);
  });

  test.each<[string, (text: string) => string, string]>([
    [
      'two lines of a file',
      (text) => `${text}${text.split('\n')[0]}\n`,
      'line 13: its file stands twice',
    ],
    ['a line that is none', (text) => `${text}hello\n`, 'line 13: it is no checksum: "hello"'],
    ['a blank line', (text) => `${text}\n`, 'line 13: it is no checksum: ""'],
    ['a line in binary mode', (text) => text.replace('  ', ' *'), 'line 1: it is no checksum'],
    ['Windows line ends', (text) => text.replaceAll('\n', '\r\n'), 'does not list manifest.json'],
    ['a cut last line', (text) => text.slice(0, -1), 'its last line is cut'],
    ['nothing in it', () => '', 'does not list manifest.json'],
  ])('%s is found', async (_what, edit, expected) => {
    await editChecksums(edit);
    expect(await problems()).toContainEqual(expect.stringContaining(`SHA256SUMS: ${expected}`));
  });

  test('a line and its file taken out together are missed by the manifest', async () => {
    await rm(join(pack.folder, 'report.pdf'));
    await editChecksums((text) => text.replace(/^.*report\.pdf\n/m, ''));
    expect(await problems()).toEqual(['report.pdf: is missing; manifest.json lists it']);
  });

  test('the manifest and its line taken out together are missed', async () => {
    await rm(join(pack.folder, 'manifest.json'));
    await editChecksums((text) => text.replace(/^.*manifest\.json\n/m, ''));
    expect(await problems()).toEqual([
      'SHA256SUMS: does not list manifest.json',
      'manifest.json: is missing',
    ]);
  });
});

describe('what is no regular file', () => {
  const PROBLEM = 'is no regular file; a pack holds no links, pipes or devices';

  test('a link to a file of the same bytes is a problem', async () => {
    await rm(join(pack.folder, 'report.pdf'));
    await symlink(join(pack.sound, 'report.pdf'), join(pack.folder, 'report.pdf'));
    const found = await problems();
    expect(found).toContain(`report.pdf: ${PROBLEM}`);
    expect(found).not.toContain('report.pdf: is missing');
  });

  test('a link to a folder is not followed', async () => {
    await rm(join(pack.folder, 'queries'), { recursive: true });
    await symlink(join(pack.sound, 'queries'), join(pack.folder, 'queries'));
    expect(await problems()).toEqual(
      expect.arrayContaining([`queries: ${PROBLEM}`, 'queries/loss_interval.sql: is missing']),
    );
  });

  test('a link to nothing, and one to itself', async () => {
    await symlink(join(pack.parent, 'nothing'), join(pack.folder, 'one'));
    await symlink(join(pack.folder, 'two'), join(pack.folder, 'two'));
    expect(await problems()).toEqual(
      expect.arrayContaining([`one: ${PROBLEM}`, `two: ${PROBLEM}`]),
    );
  });

  test('a link in the place of the manifest', async () => {
    await rm(join(pack.folder, 'manifest.json'));
    await symlink(join(pack.sound, 'manifest.json'), join(pack.folder, 'manifest.json'));
    expect(await problems()).toEqual([`manifest.json: ${PROBLEM}`]);
  });

  test('a folder in the place of a file', async () => {
    await rm(join(pack.folder, 'report.pdf'));
    await mkdir(join(pack.folder, 'report.pdf'));
    expect(await problems()).toContain('report.pdf: is missing');
  });
});

describe('no pack is VERIFY_UNREADABLE', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['a folder that does not exist', () => rm(pack.folder, { recursive: true })],
    ['a folder without checksums', () => rm(join(pack.folder, 'SHA256SUMS'))],
    [
      'a file',
      async () => {
        await rm(pack.folder, { recursive: true });
        await writeFile(pack.folder, 'x');
      },
    ],
    [
      'checksums that are a link',
      async () => {
        await rm(join(pack.folder, 'SHA256SUMS'));
        await symlink(join(pack.sound, 'SHA256SUMS'), join(pack.folder, 'SHA256SUMS'));
      },
    ],
  ])('%s', async (_what, harm) => {
    await harm();
    await expect(verifyPack(pack.folder)).rejects.toMatchObject({
      code: 'VERIFY_UNREADABLE',
      place: pack.folder,
      problem: expect.stringContaining('SHA256SUMS cannot be read'),
      remedy: expect.stringContaining('flowproof verify'),
    });
  });
});
