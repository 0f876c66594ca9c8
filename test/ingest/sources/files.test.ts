import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectHints } from '../../../src/ingest/format.ts';
import type { ListedObject } from '../../../src/ingest/source.ts';
import { filesSource } from '../../../src/ingest/sources/files.ts';

const february = { start: new Date('2026-02-01T00:00Z'), end: new Date('2026-03-01T00:00Z') };
const TREE = 'AWSLogs/123456789012/vpcflowlogs/eu-west-1';

let root = '';
let base = '';

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'flowproof-files-')));
  base = join(root, 'config');
  await mkdir(base);
});

afterEach(() => rm(root, { recursive: true }));

async function put(path: string, text = 'x'): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function list(patterns: string[], hints: ObjectHints = {}): Promise<ListedObject[]> {
  const source = filesSource({ label: 'flow_logs[0]', patterns, baseFolder: base, hints });
  const listed: ListedObject[] = [];
  for await (const object of source.list(february)) listed.push(object);
  return listed;
}

const urisOf = (objects: ListedObject[]): string[] => objects.map((object) => object.uri);

describe('filesSource', () => {
  it('takes files, folders and globs, once each and in order', async () => {
    await put('config/b/2.log');
    await put('config/b/deep/1.log');
    await put('config/a.log');
    await put('config/a.txt');
    expect(urisOf(await list(['b', '*.log', './a.log', 'b/**/*.log']))).toEqual([
      'file:a.log',
      'file:b/2.log',
      'file:b/deep/1.log',
    ]);
  });

  it('leaves out dot files, what "!" takes out, and what is no regular file', async () => {
    await put('config/logs/a.log');
    await put('config/logs/.a.log.swp');
    await put('config/logs/.git/b.log');
    await put('config/logs/old/c.log');
    const server = createServer().listen(join(base, 'logs', 'socket'));
    try {
      expect(urisOf(await list(['logs/**', '!logs/old/**']))).toEqual(['file:logs/a.log']);
      expect(urisOf(await list(['logs/.git/*']))).toEqual(['file:logs/.git/b.log']);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('takes an existing path as it stands, brackets and all', async () => {
    await put('config/[prod] {a,b}/x(1).log');
    await put('config/p/x(1).log');
    expect(urisOf(await list(['[prod] {a,b}/x(1).log']))).toEqual(['file:[prod] {a,b}/x(1).log']);
    expect(urisOf(await list(['[prod] {a,b}/']))).toEqual(['file:[prod] {a,b}/x(1).log']);
  });

  it('names files outside the base folder by their whole path', async () => {
    await put('elsewhere/a.log');
    await put('config/..hidden-no.log');
    expect(urisOf(await list(['../elsewhere/*.log', '..hidden-no.log']))).toEqual([
      'file:..hidden-no.log',
      `file://${root}/elsewhere/a.log`,
    ]);
    expect(urisOf(await list([join(root, 'elsewhere')]))).toEqual([
      `file://${root}/elsewhere/a.log`,
    ]);
  });

  it('follows links, gives a file once, and ends where links go round', async () => {
    await put('store/a.log');
    await symlink(join(root, 'store'), join(base, 'logs'));
    await symlink(join(root, 'store', 'a.log'), join(base, 'latest.log'));
    await symlink(base, join(root, 'store', 'round'));
    expect(urisOf(await list(['**/*.log']))).toEqual(['file:latest.log']);
    expect(urisOf(await list(['logs/*.log']))).toEqual(['file:logs/a.log']);
  });

  it('gives size and time of modification, and a version that changes with them', async () => {
    await put('config/a.log', 'four');
    await utimes(join(base, 'a.log'), 0, 1_770_000_000.5);
    const [object] = await list(['a.log']);
    expect(object).toMatchObject({
      version: '4-1770000000500000000',
      sizeBytes: 4,
      modifiedAt: new Date(1_770_000_000_500),
      hints: {},
    });
    await put('config/a.log', 'five!');
    expect((await list(['a.log']))[0]?.version).toMatch(/^5-/);
    expect(await object?.fetch('/nowhere')).toBe(join(base, 'a.log'));
  });

  it('leaves out what the path puts outside the period', async () => {
    for (const day of ['01/30', '01/31', '02/15', '03/01', '03/02']) {
      await put(`config/${TREE}/2026/${day}/a.log`);
    }
    expect(urisOf(await list(['AWSLogs']))).toEqual([
      `file:${TREE}/2026/01/31/a.log`,
      `file:${TREE}/2026/02/15/a.log`,
      `file:${TREE}/2026/03/01/a.log`,
    ]);
    expect(await list([`${TREE}/2026/01/30/a.log`])).toEqual([]);
  });

  it('merges hints: what is given wins over the path', async () => {
    await put(`config/${TREE}/2026/02/15/a.log`);
    const [object] = await list(['AWSLogs'], { region: 'eu-west-2', fields: ['version'] });
    expect(object?.hints).toEqual({
      accountId: '123456789012',
      region: 'eu-west-2',
      fields: ['version'],
    });
  });

  it.each(['missing.log', 'missing/**', 'empty', 'empty/*.log'])(
    'refuses a pattern without files: %s',
    async (pattern) => {
      await put('config/a.log');
      await mkdir(join(base, 'empty'));
      await expect(list(['a.log', pattern])).rejects.toMatchObject({
        code: 'SOURCE_EMPTY',
        place: 'flow_logs[0]',
        problem: `pattern "${pattern}" matches no file below ${base}`,
        remedy: expect.stringContaining('Correct the path'),
      });
    },
  );

  it('refuses a folder that it cannot read rather than miss what is in it', async () => {
    await put('config/logs/a.log');
    // A name too long for any file system fails for every user, where permissions do not stop root.
    const tooLong = 'n'.repeat(300);
    await expect(list(['logs/*.log', `${tooLong}/*.log`])).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringContaining('ENAMETOOLONG'),
    });
  });
});
