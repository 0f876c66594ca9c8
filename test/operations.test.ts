import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replaceFile } from '../src/atomic-file.ts';
import {
  emptyOperations,
  noteRun,
  operationsPath,
  readOperations,
  writeOperations,
} from '../src/operations.ts';
import { createRedactor, mapTexts } from '../src/secrets.ts';
import { packSummary, runSummary } from './summary-sample.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-operations-'));
  mkdirSync(join(root, '.flowproof'));
});

afterEach(() => rmSync(root, { recursive: true }));

describe('what runs remember', () => {
  test('is read as it was written, and is private', async () => {
    const packs = [packSummary()];
    const operations = noteRun(emptyOperations(), runSummary({ packs }), new Map());
    await writeOperations(root, operations);
    expect(await readOperations(root)).toEqual(operations);
    expect(statSync(operationsPath(root)).mode & 0o777).toBe(0o600);
  });

  test('is bounded: the newest packs and events stay', async () => {
    const packs = Array.from({ length: 500 }, (_, index) => {
      const day = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
      return packSummary({ folder: `/x/${index}`, period: { start: day, end: day } });
    });
    const noted = noteRun(emptyOperations(), runSummary({ packs }), new Map());
    const told = Array.from({ length: 3000 }, (_, index) => String(index));
    await writeOperations(root, { ...noted, told });
    const kept = await readOperations(root);
    expect(Object.keys(kept.packs)).toHaveLength(400);
    expect(kept.packs).toHaveProperty('499');
    expect(kept.packs).not.toHaveProperty('99');
    expect([kept.told.length, kept.told.at(-1)]).toEqual([1000, '2999']);
  });
});

describe('replaceFile', () => {
  test('leaves the file before, and nothing beside it, if it fails', async () => {
    const path = join(root, 'a.txt');
    await replaceFile(path, 'one');
    mkdirSync(join(root, 'folder'));
    await expect(replaceFile(join(root, 'folder'), 'two')).rejects.toThrow();
    expect(readdirSync(root).sort()).toEqual(['.flowproof', 'a.txt', 'folder']);
  });

  test('gives the file its mode whatever the umask is', async () => {
    const before = process.umask(0o077);
    try {
      await replaceFile(join(root, 'a.txt'), 'one', 0o644);
    } finally {
      process.umask(before);
    }
    expect(statSync(join(root, 'a.txt')).mode & 0o777).toBe(0o644);
  });
});

describe('secrets', () => {
  test('are taken out wherever they stand, the longer one first', () => {
    const environment = {
      ONE: 'abcdef',
      TWO: 'abcdefgh',
      SHORT: 'a',
      AWS_SECRET_ACCESS_KEY: 'aws-secret-key',
    };
    const redact = createRedactor(['ONE', 'TWO', 'SHORT', 'ABSENT'], environment);
    expect(redact('abcdefgh abcdef a aws-secret-key')).toBe('[redacted] [redacted] a [redacted]');
    expect(redact('https://user:word@example.com/a:b@c')).toBe(
      'https://[redacted]@example.com/a:b@c',
    );
  });

  test('a long text takes no long time', () => {
    const redact = createRedactor([], {});
    const began = performance.now();
    redact('//'.repeat(100_000));
    redact(`//${':'.repeat(200_000)}`);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('every text of a value is reached', () => {
    const value = { a: ['x', { b: 'x', c: null, d: 1 }] };
    expect(mapTexts(value, (text) => `${text}!`)).toEqual({
      a: ['x!', { b: 'x!', c: null, d: 1 }],
    });
  });
});
