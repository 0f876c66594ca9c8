/**
 * A sound pack to harm: written once a test file, and copied afresh before each test.
 */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { writePackFolder } from '../../src/reports/pack-folder.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { QUERY_TEXTS, smallPackContent } from './pack-content.ts';

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Registers the hooks; the paths can be read from the first test on. */
export function useSoundPack() {
  const pack = { parent: '', sound: '', folder: '', names: [] as string[] };

  beforeAll(async () => {
    pack.parent = await mkdtemp(join(tmpdir(), 'flowproof-verify-'));
    pack.sound = join(pack.parent, 'sound');
    pack.folder = join(pack.parent, 'pack');
    const content = smallPackContent();
    const request = { folder: pack.sound, content, queryTexts: QUERY_TEXTS };
    pack.names = (await writePackFolder(request)).files;
  });

  afterAll(async () => {
    await rm(pack.parent, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await rm(pack.folder, { recursive: true, force: true });
    await cp(pack.sound, pack.folder, { recursive: true });
  });

  return {
    pack,
    /** What is wrong with the copy, as lines "file: problem". */
    async problems(): Promise<string[]> {
      const { problems } = await verifyPack(pack.folder);
      return problems.map(({ file, problem }) => `${file}: ${problem}`);
    },
    async editChecksums(edit: (text: string) => string): Promise<void> {
      const path = join(pack.folder, 'SHA256SUMS');
      await writeFile(path, edit(await readFile(path, 'utf8')));
    },
  };
}
