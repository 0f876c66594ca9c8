/** Keys and packs in memory for tests of the chain of custody. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { keyIdOf, type Signer } from '../../src/reports/dsse.ts';
import {
  CHECKSUMS_NAME,
  checksumsText,
  MANIFEST_NAME,
  ROWS_NAME,
} from '../../src/reports/manifest.ts';
import { packFiles } from '../../src/reports/pack-folder.ts';
import type { PackReader } from '../../src/reports/pack-reader.ts';
import { rowHashesOf } from '../../src/reports/seal.ts';
import type { VerifyOptions } from '../../src/reports/signature-check.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { QUERY_TEXTS, smallPackContent } from './pack-content.ts';

export type Files = Map<string, Uint8Array>;

/** The key of RFC 8032, section 7.1, test 1: everybody's, and so nobody's. */
const KNOWN_KEY = Buffer.from(
  '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  'hex',
);

export function signerOf(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  const algorithm = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: async (bytes) => sign(algorithm, bytes, privateKey),
  };
}

export const knownSigner = signerOf(
  createPrivateKey({ key: KNOWN_KEY, format: 'der', type: 'pkcs8' }),
);

export function ecSigner(): Signer {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/** A small pack, whole, with a signature if there is a signer. */
export async function smallPack(signer?: Signer): Promise<Files> {
  const content = smallPackContent();
  return packFiles(content, QUERY_TEXTS, {
    signer,
    previous: { name: 'pci-dss-4.0.1_2025-12-01_2026-01-01', manifest_sha256: 'ab'.repeat(32) },
  });
}

export function memoryReader(files: ReadonlyMap<string, Uint8Array>): PackReader {
  return {
    place: 'memory',
    entries: async () => [...files.keys()].sort().map((name) => ({ name, isFile: true })),
    async *read(name) {
      yield files.get(name) ?? new Uint8Array();
    },
  };
}

/** What is wrong with files, as lines "file: problem". */
export async function problemsOf(files: Files, options?: VerifyOptions): Promise<string[]> {
  const { problems } = await verifyPack(memoryReader(files), options);
  return problems.map(({ file, problem }) => `${file}: ${problem}`);
}

/** Whoever forges a pack makes everything anew but for the signature. */
export function remake(files: Files): Files {
  const made = new Map(files);
  made.delete(ROWS_NAME);
  made.delete(CHECKSUMS_NAME);
  const manifest = JSON.parse(Buffer.from(made.get(MANIFEST_NAME) ?? '').toString('utf8'));
  for (const file of manifest.files) {
    const bytes = made.get(file.name);
    if (!bytes) continue;
    file.sha256 = shaOf(made, file.name);
    file.size_bytes = bytes.length;
  }
  manifest.files = manifest.files.filter(({ name }: { name: string }) => made.has(name));
  for (const report of manifest.reports) {
    report.csv_sha256 = shaOf(made, report.csv);
    report.query_sha256 = shaOf(made, report.query);
  }
  made.set(MANIFEST_NAME, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  made.set(ROWS_NAME, Buffer.from(rowHashesOf(made)));
  made.set(CHECKSUMS_NAME, Buffer.from(checksumsText(made)));
  return made;
}

function shaOf(files: Files, name: string): string {
  return checksumsText(new Map([[name, files.get(name) ?? new Uint8Array()]])).slice(0, 64);
}
