import { createHash } from 'node:crypto';
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
import type { Signer } from '../../src/reports/dsse.ts';
import type { Manifest } from '../../src/reports/manifest.ts';
import { verifyChain } from '../../src/reports/pack-chain.ts';
import { writePackFolder } from '../../src/reports/pack-folder.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { ecSigner, knownSigner, remake } from './custody.ts';
import { QUERY_TEXTS, smallPackContent } from './pack-content.ts';

let output: string;

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), 'flowproof-chain-'));
});

afterEach(async () => {
  await rm(output, { recursive: true, force: true });
});

const MONTHS = ['2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01'];

function nameOf(start: string, end: string): string {
  return `pci-dss-4.0.1_${start}_${end}`;
}

/** Writes the pack of a period; one report, so that it is quick. */
async function write(start: string, end: string, own: { pack?: string; signer?: Signer } = {}) {
  const content = smallPackContent();
  content.reports = content.reports.filter(({ name }) => name === 'loss_interval');
  content.pack.name = own.pack ?? content.pack.name;
  content.period = { start: `${start}T00:00:00Z`, end: `${end}T00:00:00Z` };
  const folder = join(output, nameOf(start, end).replace('pci-dss-4.0.1', content.pack.name));
  return writePackFolder({ folder, content, queryTexts: QUERY_TEXTS, signer: own.signer });
}

/** January, February and March. */
async function writeQuarter(signer?: Signer): Promise<string[]> {
  const names: string[] = [];
  for (const [index, start] of MONTHS.slice(0, 3).entries()) {
    const end = MONTHS[index + 1] ?? '';
    await write(start, end, signer ? { signer } : {});
    names.push(nameOf(start, end));
  }
  return names;
}

async function manifestOf(name: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(output, name, 'manifest.json'), 'utf8'));
}

async function hashOf(name: string): Promise<string> {
  const bytes = await readFile(join(output, name, 'manifest.json'));
  return createHash('sha256').update(bytes).digest('hex');
}

async function chainProblems(name: string): Promise<string[]> {
  const { problems } = await verifyChain(join(output, name));
  return problems.map(({ file, problem }) => `${file}: ${problem}`);
}

/** Makes a pack anew with other numbers, as whoever has the program could. */
async function forge(name: string): Promise<void> {
  const folder = join(output, name);
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1), await readFile(path));
  }
  files.set('loss_interval.csv', Buffer.from('status\r\nsupports\r\n'));
  const text = Buffer.from(files.get('manifest.json') ?? '').toString();
  files.set('manifest.json', Buffer.from(text.replace('"row_count": 0', '"row_count": 1')));
  for (const [path, bytes] of remake(files)) await writeFile(join(folder, path), bytes);
}

describe('the previous pack', () => {
  test('is the newest of the same name that ended before; its manifest is named by hash', async () => {
    const [january = '', february = '', march = ''] = await writeQuarter();
    expect((await manifestOf(january)).previous).toBeNull();
    expect((await manifestOf(february)).previous).toEqual({
      name: january,
      manifest_sha256: await hashOf(january),
    });
    expect((await manifestOf(march)).previous).toEqual({
      name: february,
      manifest_sha256: await hashOf(february),
    });
  });

  test.each<[string, () => Promise<unknown>]>([
    ['of another name', () => write('2025-12-01', '2026-01-01', { pack: 'soc2' })],
    ['that ends later', () => write('2025-12-01', '2026-01-02')],
    ['that comes later', () => write('2026-02-01', '2026-03-01')],
    [
      'that was moved aside',
      async () => {
        await write('2025-12-01', '2026-01-01');
        const place = join(output, nameOf('2025-12-01', '2026-01-01'));
        await rename(place, `${place}.kept-1`);
      },
    ],
    [
      'that is being written',
      async () => {
        await write('2025-12-01', '2026-01-01');
        const name = nameOf('2025-12-01', '2026-01-01');
        await rename(join(output, name), join(output, `.${name}.old`));
      },
    ],
    ['but an empty folder', () => mkdir(join(output, nameOf('2025-12-01', '2026-01-01')))],
    ['but a file', () => writeFile(join(output, nameOf('2025-12-01', '2026-01-01')), 'x')],
  ])('is not one %s', async (_what, prepare) => {
    await prepare();
    await write('2026-01-01', '2026-02-01');
    expect((await manifestOf(nameOf('2026-01-01', '2026-02-01'))).previous).toBeNull();
  });

  test('of two that end together is the one that began later, of two equal the first by name', async () => {
    await write('2025-01-01', '2026-01-01');
    await write('2025-12-01', '2026-01-01');
    await cp(join(output, nameOf('2025-12-01', '2026-01-01')), join(output, 'a copy of december'), {
      recursive: true,
    });
    await write('2026-01-01', '2026-02-01');
    const { previous } = await manifestOf(nameOf('2026-01-01', '2026-02-01'));
    expect(previous?.name).toBe('a copy of december');
  });

  test.each<[string, (folder: string) => Promise<unknown>]>([
    [
      'another manifest than its checksums say',
      async (folder) => {
        const path = join(folder, 'manifest.json');
        const text = await readFile(path, 'utf8');
        await writeFile(path, text.replace('Example', 'Another'));
      },
    ],
    ['no manifest', (folder) => rm(join(folder, 'manifest.json'))],
    ['a manifest that is none', (folder) => writeFile(join(folder, 'manifest.json'), '{}')],
  ])('with %s stops the chain, and nothing is written', async (_what, harm) => {
    await write('2026-01-01', '2026-02-01');
    const folder = join(output, nameOf('2026-01-01', '2026-02-01'));
    await harm(folder);
    await expect(write('2026-02-01', '2026-03-01')).rejects.toMatchObject({
      code: 'PACK_CHAIN_BROKEN',
      place: folder,
      remedy: expect.stringContaining('flowproof verify'),
    });
    expect(await readdir(output)).toEqual([nameOf('2026-01-01', '2026-02-01')]);
  });

  test('with a note of the assessor in its folder is a pack still', async () => {
    await write('2026-01-01', '2026-02-01');
    await writeFile(join(output, nameOf('2026-01-01', '2026-02-01'), 'note.txt'), 'seen');
    await write('2026-02-01', '2026-03-01');
    expect((await manifestOf(nameOf('2026-02-01', '2026-03-01'))).previous).not.toBeNull();
  });
});

describe('the same inputs after the same pack', () => {
  test.each([
    ['without a signature', undefined],
    ['signed with Ed25519', knownSigner],
    ['signed with P-256, whose signatures differ', ecSigner()],
  ])('give the same bytes, and touch nothing: %s', async (_what, signer) => {
    await writeQuarter(signer);
    const march = join(output, nameOf('2026-03-01', '2026-04-01'));
    const before = await readdir(march, { recursive: true });
    const times = await Promise.all(before.map((name) => stat(join(march, name))));
    const { changed } = await write('2026-03-01', '2026-04-01', signer ? { signer } : {});
    expect(changed).toBe(false);
    expect(await readdir(march, { recursive: true })).toEqual(before);
    const after = await Promise.all(before.map((name) => stat(join(march, name))));
    expect(after.map(({ mtimeMs, ino }) => [mtimeMs, ino])).toEqual(
      times.map(({ mtimeMs, ino }) => [mtimeMs, ino]),
    );
  });

  test('a P-256 signature that is no good is made anew, and the old pack kept', async () => {
    const signer = ecSigner();
    await write('2026-01-01', '2026-02-01', { signer });
    const folder = join(output, nameOf('2026-01-01', '2026-02-01'));
    const path = join(folder, 'manifest.dsse.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"sig": "..../, '"sig": "AAAA'));
    const written = await write('2026-01-01', '2026-02-01', { signer });
    expect(written).toMatchObject({ changed: true, keptFolder: `${folder}.kept-1` });
    expect(await verifyPack(folder, { publicKeys: [signer.publicKey] })).toMatchObject({
      ok: true,
    });
  });

  test('signing begins, the key changes, signing ends: the pack is that of the key', async () => {
    const folder = join(output, nameOf('2026-01-01', '2026-02-01'));
    const other = ecSigner();
    for (const signer of [undefined, knownSigner, other, undefined]) {
      const own = signer ? { signer } : {};
      expect((await write('2026-01-01', '2026-02-01', own)).changed).toBe(true);
      expect((await write('2026-01-01', '2026-02-01', own)).changed).toBe(false);
      const { signature, ok } = await verifyPack(folder);
      expect([ok, signature]).toEqual([
        true,
        signer ? { kind: 'unchecked', keyId: signer.keyId } : { kind: 'none' },
      ]);
    }
    expect(await readdir(output)).toHaveLength(1);
  });
});

describe('verifyChain', () => {
  test('finds nothing in a sound chain, from whichever pack', async () => {
    const names = await writeQuarter();
    await write('2026-01-01', '2026-02-01', { pack: 'soc2' });
    for (const name of names) {
      const chain = await verifyChain(join(output, name, '.'));
      expect(chain).toMatchObject({ problems: [], names });
      expect(chain.others.map((other) => other.name)).toEqual(
        names.filter((other) => other !== name),
      );
    }
  });

  test('finds a pack that was made anew, by the pack that follows it', async () => {
    const [january = '', february = '', march = ''] = await writeQuarter();
    const before = await hashOf(february);
    await forge(february);
    expect((await verifyPack(join(output, february))).problems).toEqual([]);
    for (const name of [january, february, march]) {
      expect(await chainProblems(name)).toEqual([
        `${february}/manifest.json: is not the manifest that ${march} follows: its SHA-256 is ${await hashOf(february)}, ${march} holds ${before}`,
      ]);
    }
  });

  test('finds a pack taken out, and one put in', async () => {
    const [january = '', february = '', march = ''] = await writeQuarter();
    await rename(join(output, february), join(output, '.gone'));
    expect(await chainProblems(march)).toEqual([
      `${march}/manifest.json: its previous pack ${february} is not in this folder`,
    ]);
    await rename(join(output, '.gone'), join(output, february));
    await write('2026-02-15', '2026-03-01');
    const between = nameOf('2026-02-15', '2026-03-01');
    expect(await chainProblems(january)).toEqual([
      `${march}/manifest.json: follows ${february}, but ${between} is the newest that ended before it began`,
    ]);
  });

  test('finds a pack that was written before an earlier one', async () => {
    await write('2026-02-01', '2026-03-01');
    await write('2026-01-01', '2026-02-01');
    const [january, february] = [
      nameOf('2026-01-01', '2026-02-01'),
      nameOf('2026-02-01', '2026-03-01'),
    ];
    expect(await chainProblems(january)).toEqual([
      `${february}/manifest.json: names no previous pack, but ${january} ended before it`,
    ]);
    await write('2026-02-01', '2026-03-01');
    expect(await chainProblems(january)).toEqual([]);
  });

  test('names a pack whose manifest cannot be read', async () => {
    const [january = '', february = ''] = await writeQuarter();
    await writeFile(join(output, january, 'manifest.json'), 'x');
    expect(await chainProblems(february)).toEqual([
      expect.stringMatching(new RegExp(`^${january}/manifest.json: cannot be read `)),
      `${february}/manifest.json: its previous pack ${january} is not in this folder`,
    ]);
    expect(await chainProblems(january)).toEqual([
      expect.stringMatching(/^manifest\.json: cannot be read /),
    ]);
  });
});
