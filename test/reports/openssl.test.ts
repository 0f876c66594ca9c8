import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import type { Signer } from '../../src/reports/dsse.ts';
import { openSigner } from '../../src/reports/signer.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { ecSigner, type Files, knownSigner, remake, smallPack } from './custody.ts';

const run = promisify(execFile);

/** What the README says can be done without flowproof needs these; npm alone does not bring them. */
const hasTools = ['openssl', 'jq', 'sha256sum', 'base64'].every(
  (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined,
);

let folder: string;
let commands: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-openssl-'));
  const readme = await readFile(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  commands = /<!-- A test runs this. -->\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the README has the commands', () => {
  expect(commands).toContain('openssl pkeyutl -verify -rawin -pubin');
});

async function place(files: Files, signer: Signer): Promise<string> {
  const pack = await mkdtemp(join(folder, 'pack-'));
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(pack, name)), { recursive: true });
    await writeFile(join(pack, name), bytes);
  }
  const pem = signer.publicKey.export({ type: 'spki', format: 'pem' });
  await writeFile(join(folder, 'flowproof.pub.pem'), pem);
  return pack;
}

/** Runs the commands as they stand in the README, the key's place aside. */
async function check(pack: string, edit = (text: string) => text) {
  const key = join(folder, 'flowproof.pub.pem');
  const script = edit(commands.replace('KEY=flowproof.pub.pem', `KEY=${key}`));
  const env = { ...process.env, TMPDIR: folder, LC_ALL: 'C' };
  try {
    const { stdout } = await run('sh', ['-c', script], { cwd: pack, env });
    return { code: 0, stdout };
  } catch (thrown) {
    const { code, stdout } = thrown as { code: number; stdout: string };
    return { code, stdout };
  }
}

describe.skipIf(!hasTools)('with openssl, jq and sha256sum alone', () => {
  test.each<[string, Signer, (text: string) => string]>([
    ['Ed25519', knownSigner, (text) => text],
    ['P-256', ecSigner(), (text) => text.replace('-rawin', '-rawin -digest sha256')],
  ])('a pack signed with %s is checked, and a changed one found', async (_what, signer, edit) => {
    const files = await smallPack(signer);
    const pack = await place(files, signer);
    const sound = await check(pack, edit);
    expect(sound.code).toBe(0);
    expect(sound.stdout).toMatch(/^Signature Verified Successfully\n/);
    expect(sound.stdout.match(/: OK$/gm)).toHaveLength(files.size - 2);
    // Looking at a pack must not change it.
    expect((await verifyPack(pack, { publicKeys: [signer.publicKey] })).ok).toBe(true);

    await writeFile(join(pack, 'loss_interval.csv'), 'status\r\n');
    const changed = await check(pack, edit);
    expect(changed.code).not.toBe(0);
    expect(changed.stdout).toContain('loss_interval.csv: FAILED');

    const forged = remake(new Map(files).set('loss_interval.csv', Buffer.from('status\r\n')));
    const made = await check(await place(forged, signer), edit);
    expect(made.code).not.toBe(0);
    expect(made.stdout).toContain('loss_interval.csv: FAILED');
    expect(made.stdout).toContain('manifest.json: FAILED');
  });

  test('a statement that was changed is not the signed one', async () => {
    const files = await smallPack(knownSigner);
    const pack = await place(files, knownSigner);
    const path = join(pack, 'manifest.dsse.json');
    const envelope = JSON.parse(await readFile(path, 'utf8'));
    const payload = Buffer.from(envelope.payload, 'base64')
      .toString()
      .replace('2026-01', '2025-01');
    await writeFile(
      path,
      JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }),
    );
    const { code, stdout } = await check(pack);
    expect(code).not.toBe(0);
    expect(stdout).not.toContain('Verified Successfully');
    expect(stdout).not.toContain(': OK');
  });

  test('the key of another does not fit, and its id is what openssl says', async () => {
    const files = await smallPack(knownSigner);
    const pack = await place(files, ecSigner());
    expect((await check(pack)).code).not.toBe(0);
    await place(files, knownSigner);
    const key = join(folder, 'flowproof.pub.pem');
    const { stdout } = await run('sh', [
      '-c',
      `openssl pkey -pubin -in '${key}' -outform DER | sha256sum`,
    ]);
    expect(stdout.slice(0, 64)).toBe(knownSigner.keyId);
  });

  test('a key made as the README says signs', async () => {
    await run('sh', [
      '-c',
      `cd '${folder}' && openssl genpkey -algorithm ed25519 -out flowproof-key.pem && chmod 600 flowproof-key.pem`,
    ]);
    const signer = await openSigner({ folder, signature: { key_file: 'flowproof-key.pem' } });
    if (!signer) throw new Error('there is no signer');
    expect((await check(await place(await smallPack(signer), signer))).code).toBe(0);
  });
});
