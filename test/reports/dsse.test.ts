import { verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  envelopeText,
  isSignedBy,
  isSigningKey,
  keyIdOf,
  PAYLOAD_TYPE,
  parseEnvelope,
  preAuthEncoding,
} from '../../src/reports/dsse.ts';
import { parseStatement } from '../../src/reports/statement.ts';
import { ecSigner, knownSigner, smallPack } from './custody.ts';

/** The test vector of the DSSE protocol. */
test('the bytes that are signed', () => {
  const bytes = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
  expect(bytes.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  // Lengths are of bytes, and what looks like a length within is content.
  expect(preAuthEncoding('é', Buffer.from('ü 1 ')).toString()).toBe('DSSEv1 2 é 5 ü 1 ');
  expect(preAuthEncoding('', Buffer.alloc(0)).toString()).toBe('DSSEv1 0  0 ');
});

test('the key id is the SHA-256 of the public key in DER', () => {
  // RFC 8032's first key as SubjectPublicKeyInfo, hashed by sha256sum.
  expect(knownSigner.publicKey.export({ type: 'spki', format: 'der' }).toString('hex')).toBe(
    '302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  );
  expect(keyIdOf(knownSigner.publicKey)).toBe(knownSigner.keyId);
  expect(knownSigner.keyId).toMatch(/^[0-9a-f]{64}$/);
  expect([knownSigner, ecSigner()].map(({ publicKey }) => isSigningKey(publicKey))).toEqual([
    true,
    true,
  ]);
});

describe('the envelope of a pack', () => {
  test.each([
    ['Ed25519', knownSigner],
    ['P-256', ecSigner()],
  ])('is signed with %s over type and payload, and by no other key', async (_what, signer) => {
    const text = Buffer.from((await smallPack(signer)).get('manifest.dsse.json') ?? '').toString();
    const envelope = parseEnvelope(text);
    expect(envelopeText(envelope)).toBe(text);
    expect(isSignedBy(envelope, signer.publicKey)).toBe(true);
    expect(isSignedBy(envelope, ecSigner().publicKey)).toBe(false);
    const [signature] = envelope.signatures;
    expect(signature?.keyid).toBe(signer.keyId);
    const algorithm = signer === knownSigner ? null : 'sha256';
    const isOf = (bytes: Uint8Array): boolean =>
      verify(algorithm, bytes, signer.publicKey, signature?.sig ?? Buffer.alloc(0));
    expect(isOf(preAuthEncoding(PAYLOAD_TYPE, envelope.payload))).toBe(true);
    expect(isOf(preAuthEncoding('application/json', envelope.payload))).toBe(false);
    expect(isOf(envelope.payload)).toBe(false);
  });

  test('holds an in-toto statement over every file but itself and the checksums', async () => {
    const files = await smallPack(knownSigner);
    const text = Buffer.from(files.get('manifest.dsse.json') ?? '').toString();
    const { _type, subject, predicateType, predicate } = parseStatement(
      parseEnvelope(text).payload,
    );
    expect([_type, predicateType]).toEqual([
      'https://in-toto.io/Statement/v1',
      'urn:flowproof:evidence-pack:1',
    ]);
    expect(subject.map(({ name }) => name)).toEqual(
      [...files.keys()].filter((name) => !/^(SHA256SUMS|manifest\.dsse\.json)$/.test(name)).sort(),
    );
    const listed = Buffer.from(files.get('SHA256SUMS') ?? '').toString();
    for (const { name, digest } of subject) expect(listed).toContain(`${digest.sha256}  ${name}\n`);
    expect(predicate).toEqual({
      pack: 'pci-dss-4.0.1',
      period: { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' },
      manifest_sha256: subject.find(({ name }) => name === 'manifest.json')?.digest.sha256,
      previous: { name: 'pci-dss-4.0.1_2025-12-01_2026-01-01', manifest_sha256: 'ab'.repeat(32) },
    });
  });

  test('has one form only', async () => {
    const text = Buffer.from((await smallPack(knownSigner)).get('manifest.dsse.json') ?? '');
    const sound = text.toString();
    expect(() => parseEnvelope(sound)).not.toThrow();
    for (const other of [
      sound.trimEnd(),
      JSON.stringify(JSON.parse(sound)),
      sound.replace('"keyid"', '"note": "", "keyid"'),
      sound.replace('vnd.in-toto+json', 'json'),
      sound.replace(/"sig": "/, '"sig": " '),
      sound.replace(/"signatures": \[[\s\S]*\]/, '"signatures": []'),
      '',
      'null',
    ]) {
      expect(() => parseEnvelope(other)).toThrow();
    }
  });
});
