import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import type { Signer } from '../src/reports/dsse.ts';
import { sha256Of } from '../src/reports/manifest.ts';
import { writePackFolder } from '../src/reports/pack-folder.ts';
import { verify } from '../src/verify.ts';
import { type Files, knownSigner, remake, smallPack } from './reports/custody.ts';
import { QUERY_TEXTS, smallPackContent } from './reports/pack-content.ts';

let root: string;
const LOG = 'version account\n2 123456789012\n';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flowproof-verify-'));
  const pem = knownSigner.publicKey.export({ type: 'spki', format: 'pem' });
  await writeFile(join(root, 'key.pub.pem'), pem);
  await mkdir(join(root, 'logs'));
  await writeFile(join(root, 'logs', 'a.log'), LOG);
  await writeFile(
    join(root, 'flowproof.yaml'),
    'lake: lake\noutput: evidence\nsources:\n  flow_logs:\n    - files: ["logs/**"]\nscope: [{ name: cde, match: { vpc: [vpc-1] } }]\nperiod: { start: 2026-11-01, end: 2026-12-01 }\n',
  );
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

type Asked = { keys?: string[]; chain?: boolean; sources?: boolean };

async function outcome(name: string, { keys = [], chain = false, sources = false }: Asked = {}) {
  const texts: string[] = [];
  const steps: number[] = [];
  const code = await verify({
    folder: join(root, 'evidence', name),
    publicKeys: keys.map((key) => join(root, key)),
    hasChain: chain,
    config: sources ? readConfig(join(root, 'flowproof.yaml')) : undefined,
    write: (text) => texts.push(text),
    onProgress: (position) => steps.push(position),
  });
  return { code, lines: texts.join('').trimEnd().split('\n'), steps };
}

/** A pack over the sources given, in `evidence/month`. */
async function writePack(month: string, uris: readonly string[], signer?: Signer): Promise<void> {
  const content = smallPackContent();
  const [model] = content.sources;
  if (!model) throw new Error('the fixture has no source');
  content.period = { start: `${month}-01T00:00:00Z`, end: `${month}-28T00:00:00Z` };
  content.sources = uris.map((uri) => ({
    ...model,
    uri,
    sha256: sha256Of(LOG),
    sizeBytes: LOG.length,
  }));
  const folder = join(root, 'evidence', month);
  await writePackFolder({ folder, content, queryTexts: QUERY_TEXTS, signer });
}

async function writeFiles(month: string, files: Files): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(root, 'evidence', month, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

describe('a pack', () => {
  test('that is sound', async () => {
    await writePack('2026-01', []);
    expect(await outcome('2026-01')).toMatchObject({
      code: 0,
      lines: ['OK: 12 files agree with SHA256SUMS and manifest.json', 'Signature  none'],
    });
  });

  test('that is signed: without the key this is said, with it the key is named', async () => {
    await writePack('2026-01', [], knownSigner);
    const { keyId } = knownSigner;
    expect((await outcome('2026-01')).lines[1]).toBe(
      `Signature  not checked: give --public-key FILE; it says that the key is ${keyId}`,
    );
    expect(await outcome('2026-01', { keys: ['key.pub.pem'] })).toMatchObject({
      code: 0,
      lines: [
        'OK: 13 files agree with SHA256SUMS and manifest.json',
        `Signature  good, of the key ${keyId}`,
      ],
    });
  });

  test('that was changed: exit code 4, and names are made visible', async () => {
    await writePack('2026-01', []);
    await writeFile(join(root, 'evidence', '2026-01', 'a\u001b[2Jb'), 'x');
    const { code, lines } = await outcome('2026-01');
    expect([code, lines[2]]).toEqual([4, 'FAILED: 2 differences in 13 files']);
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('that was made anew is found by the key', async () => {
    const files = await smallPack(knownSigner);
    files.set('loss_interval.csv', Buffer.from('status\r\n'));
    await writeFiles('2026-01', remake(files));
    const { code, lines } = await outcome('2026-01', { keys: ['key.pub.pem'] });
    expect(code).toBe(4);
    expect(lines[0]).toMatch(/^loss_interval\.csv: differs: .* its signature says /);
  });

  test.each<[string, string, RegExp]>([
    [
      'a private key',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /it is a private key/,
    ],
    ['no key', 'hello', /the public key cannot be read/],
    [
      'a key of another kind',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
      /the key is rsa, and must be Ed25519 or P-256/,
    ],
  ])('%s in the place of the public key is wrong usage', async (_what, text, problem) => {
    await writePack('2026-01', []);
    await writeFile(join(root, 'wrong.pem'), text);
    await expect(outcome('2026-01', { keys: ['wrong.pem'] })).rejects.toMatchObject({
      code: 'USAGE',
      problem: expect.stringMatching(problem),
    });
  });
});

describe('--chain', () => {
  test('checks every pack of the name, and says how many there are', async () => {
    await writePack('2026-01', []);
    await writePack('2026-02', [], knownSigner);
    await writePack('2026-03', [], knownSigner);
    const sound = await outcome('2026-03', { chain: true, keys: ['key.pub.pem'] });
    expect(sound).toMatchObject({
      code: 0,
      lines: [
        expect.stringMatching(/^OK: /),
        expect.stringMatching(/^Signature {2}good/),
        'Chain      3 packs in this folder, from 2026-01 to 2026-03',
      ],
    });
    await writeFile(join(root, 'evidence', '2026-01', 'loss_interval.csv'), 'status\r\n');
    expect((await outcome('2026-03')).code).toBe(0);
    const { code, lines } = await outcome('2026-03', { chain: true });
    expect(code).toBe(4);
    expect(lines[0]).toMatch(/^2026-01\/loss_interval\.csv: differs: /);
  });

  test('finds an older pack that was made anew, though it is sound by itself', async () => {
    await writePack('2026-01', []);
    await writePack('2026-02', []);
    const path = join(root, 'evidence', '2026-01', 'manifest.json');
    const text = await readFile(path, 'utf8');
    await writePack('2026-01', ['file:logs/a.log']);
    expect(await readFile(path, 'utf8')).not.toBe(text);
    expect((await outcome('2026-01')).code).toBe(0);
    const { code, lines } = await outcome('2026-01', { chain: true });
    expect([code, lines[0]]).toEqual([
      4,
      expect.stringMatching(/^2026-01\/manifest\.json: is not the manifest that 2026-02 follows/),
    ]);
  });
});

describe('--sources', () => {
  test('reads the originals again', async () => {
    await writePack('2026-01', ['file:logs/a.log']);
    expect(await outcome('2026-01', { sources: true })).toMatchObject({
      code: 0,
      lines: [
        expect.stringMatching(/^OK: /),
        'Signature  none',
        'Originals  1 of 1 read again and unchanged',
      ],
      steps: [1],
    });
  });

  test('a changed and a missing original are differences', async () => {
    await writePack('2026-01', ['file:logs/a.log', 'file:logs/b.log']);
    await writeFile(join(root, 'logs', 'a.log'), LOG.replace('9', '8'));
    const { code, lines } = await outcome('2026-01', { sources: true });
    expect(code).toBe(4);
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^file:logs\/a\.log: differs: SHA-256 is /),
      'file:logs/b.log: is gone',
    ]);
    expect(lines.at(-1)).toBe('Originals  0 of 2 read again and unchanged');
  });

  test('what cannot be read is exit code 1, what cannot be fetched again is counted', async () => {
    const uris = ['file:logs/a.log', 'ec2://123456789012/x/1', 'ec2://123456789012/x/2', 'stdin:'];
    await writePack('2026-01', uris);
    await writeFile(join(root, 'logs', 'a.log'), `${LOG}more\n`);
    const known = await outcome('2026-01', { sources: true });
    expect([known.code, known.lines.slice(2)]).toEqual([
      0,
      [
        'Originals  1 of 4 read again and unchanged',
        'Grown      file:logs/a.log has grown by 5 bytes; the 31 that were read are unchanged',
        expect.stringMatching(/^ {11}1 not checked: each came from standard input/),
        expect.stringMatching(/^ {11}2 not checked: each was pulled from ec2/),
      ],
    ]);
    await writePack('2026-01', ['s3://example-flow-logs/AWSLogs/a.log']);
    const unreachable = await outcome('2026-01', { sources: true });
    expect([unreachable.code, unreachable.lines[0]]).toEqual([
      1,
      'not checked: s3://example-flow-logs/AWSLogs/a.log: no s3 entry of the configuration names a prefix of it',
    ]);
  });
});
