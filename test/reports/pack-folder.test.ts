import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packFiles, writePackFolder } from '../../src/reports/pack-folder.ts';
import type { PackContent } from '../../src/reports/report.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { QUERY_TEXTS, smallPackContent } from './pack-content.ts';

let parent: string;
let folder: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'flowproof-pack-'));
  folder = join(parent, 'evidence', 'pack');
});

afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

function write(content: PackContent = smallPackContent(), place = folder) {
  return writePackFolder({ folder: place, content, queryTexts: QUERY_TEXTS });
}

async function namesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
    .sort();
}

async function timesBelow(place: string): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const name of ['', 'queries', ...(await namesBelow(place))]) {
    times[name] = (await stat(join(place, name))).mtimeMs;
  }
  return times;
}

async function modeOf(...names: string[]): Promise<string> {
  return ((await stat(join(folder, ...names))).mode & 0o777).toString(8);
}

describe('writePackFolder', () => {
  test('writes every file, for its owner only, and nothing beside the pack', async () => {
    const written = await write();
    expect(written.changed).toBe(true);
    expect(written.files).toEqual([
      'SHA256SUMS',
      'flow_detail_by_resource.csv',
      'loss_interval.csv',
      'manifest.json',
      'queries/flow_detail_by_resource.sql',
      'queries/loss_interval.sql',
      'report.html',
      'report.pdf',
    ]);
    expect(await namesBelow(folder)).toEqual(written.files);
    expect(await readdir(join(parent, 'evidence'))).toEqual(['pack']);
    expect(await modeOf()).toBe('700');
    expect(await modeOf('queries')).toBe('700');
    for (const name of written.files) expect(await modeOf(name)).toBe('600');
    expect((await verifyPack(folder)).problems).toEqual([]);
  });

  test('holds the bytes that were made', async () => {
    await write();
    const expected = await packFiles(smallPackContent(), QUERY_TEXTS);
    for (const [name, bytes] of expected) {
      expect((await readFile(join(folder, name))).equals(bytes)).toBe(true);
    }
  });

  test('the same content a second time touches nothing', async () => {
    await write();
    const before = await timesBelow(folder);
    expect((await write()).changed).toBe(false);
    expect(await timesBelow(folder)).toEqual(before);
    expect(await readdir(join(parent, 'evidence'))).toEqual(['pack']);
  });

  test.each<[string, () => Promise<void>]>([
    ['a changed file', () => writeFile(join(folder, 'loss_interval.csv'), 'status\r\n')],
    ['a missing file', () => rm(join(folder, 'queries', 'loss_interval.sql'))],
    ['a file of someone else', () => writeFile(join(folder, 'note.txt'), 'x')],
    ['no checksums', () => rm(join(folder, 'SHA256SUMS'))],
    [
      'checksums that are a folder',
      async () => {
        await rm(join(folder, 'SHA256SUMS'));
        await mkdir(join(folder, 'SHA256SUMS'));
      },
    ],
  ])('a pack with %s is written again, and the harmed one kept', async (_what, harm) => {
    const { files } = await write();
    await harm();
    expect(await write()).toMatchObject({ changed: true, keptFolder: `${folder}.kept-1` });
    expect(await namesBelow(folder)).toEqual(files);
    expect((await verifyPack(folder)).ok).toBe(true);
    expect((await readdir(join(parent, 'evidence'))).sort()).toEqual(['pack', 'pack.kept-1']);
  });

  test('other content replaces the pack whole', async () => {
    await write();
    const other = smallPackContent();
    other.reports = other.reports.slice(0, 1);
    other.requirements = [];
    const { files, changed } = await write(other);
    expect(changed).toBe(true);
    expect(await namesBelow(folder)).toEqual(files);
    expect(files).not.toContain('loss_interval.csv');
    expect((await verifyPack(folder)).ok).toBe(true);
    expect(await readdir(join(parent, 'evidence'))).toEqual(['pack']);
  });

  test('what a run that was killed left behind is cleaned up', async () => {
    await write();
    const evidence = join(parent, 'evidence');
    // Killed while writing, and after the swap but before the old pack was deleted.
    await mkdir(join(evidence, '.pack.new'));
    await writeFile(join(evidence, '.pack.new', 'half.csv'), 'x');
    await cp(folder, join(evidence, '.pack.old'), { recursive: true });
    const other = { ...smallPackContent(), organization: 'Another Shop' };
    const { files, keptFolder } = await write(other);
    expect(keptFolder).toBeUndefined();
    expect(await namesBelow(folder)).toEqual(files);
    expect(await readdir(evidence)).toEqual(['pack']);
  });

  test('a pack that a killed run left under its other name comes back', async () => {
    await write();
    const evidence = join(parent, 'evidence');
    await rename(folder, join(evidence, '.pack.old'));
    const { changed } = await write({ ...smallPackContent(), organization: 'Another Shop' });
    expect(changed).toBe(true);
    expect((await verifyPack(folder)).ok).toBe(true);
    expect(await readdir(evidence)).toEqual(['pack']);
  });

  test('what is no pack of flowproof is moved aside, never deleted', async () => {
    await write();
    await writeFile(join(folder, 'notes.txt'), 'of the assessor');
    const { keptFolder } = await write({ ...smallPackContent(), organization: 'Another Shop' });
    expect(keptFolder).toBe(`${folder}.kept-1`);
    expect(await readFile(join(`${folder}.kept-1`, 'notes.txt'), 'utf8')).toBe('of the assessor');
    expect((await verifyPack(folder)).ok).toBe(true);
    await writeFile(join(folder, 'more.txt'), 'x');
    const again = await write();
    expect(again.keptFolder).toBe(`${folder}.kept-2`);
    expect((await readdir(join(parent, 'evidence'))).sort()).toEqual([
      'pack',
      'pack.kept-1',
      'pack.kept-2',
    ]);
  });

  test('a parent that is a file is PACK_UNWRITABLE', async () => {
    await writeFile(join(parent, 'evidence'), 'in the way');
    await expect(write()).rejects.toMatchObject({ code: 'PACK_UNWRITABLE', place: folder });
    expect(await readFile(join(parent, 'evidence'), 'utf8')).toBe('in the way');
  });

  test('a file in the place of the pack is PACK_UNWRITABLE, and stays', async () => {
    await mkdir(join(parent, 'evidence'));
    await writeFile(folder, 'mine');
    await expect(write()).rejects.toMatchObject({
      code: 'PACK_UNWRITABLE',
      problem: expect.stringContaining('taken by something that is no folder'),
    });
    expect(await readFile(folder, 'utf8')).toBe('mine');
    expect(await readdir(join(parent, 'evidence'))).toEqual(['pack']);
  });

  test('if writing fails, the pack that was there is there still', async () => {
    await write();
    const other = smallPackContent();
    other.organization = 'Another';
    // A name longer than a file system takes fails after other files were written.
    const long = 'a'.repeat(300);
    other.reports = other.reports.map((one, index) => (index === 1 ? { ...one, name: long } : one));
    const queryTexts = new Map([...QUERY_TEXTS, [long, 'select 1']]);
    await expect(writePackFolder({ folder, content: other, queryTexts })).rejects.toMatchObject({
      code: 'PACK_UNWRITABLE',
    });
    expect((await verifyPack(folder)).ok).toBe(true);
    expect((await write()).changed).toBe(false);
    expect(await readdir(join(parent, 'evidence'))).toEqual(['pack']);
  });

  test('modes do not depend on the mask of the process', async () => {
    const mask = process.umask(0);
    try {
      await write();
    } finally {
      process.umask(mask);
    }
    expect(await modeOf()).toBe('700');
    expect(await modeOf('report.pdf')).toBe('600');
  });

  test('a report without the text of its query is a fault of the program', async () => {
    await expect(
      writePackFolder({ folder, content: smallPackContent(), queryTexts: new Map() }),
    ).rejects.toThrow('no query text for report flow_detail_by_resource');
  });
});
