import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesSource } from '../../../src/ingest/sources/files.ts';

const NOW = new Date('2026-02-03T10:20:30.400Z');
const february = { start: new Date('2026-02-01T00:00Z'), end: new Date('2026-03-01T00:00Z') };

let base = '';
let scratch = '';

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'flowproof-stdin-'));
  scratch = await mkdtemp(join(tmpdir(), 'flowproof-scratch-'));
});

afterEach(async () => {
  await rm(base, { recursive: true });
  await rm(scratch, { recursive: true });
});

async function list(patterns: string[], stdin: Readable) {
  const hints = { flowLogId: 'fl-0a1b2c3d' };
  const source = filesSource({
    label: 'flow_logs[0]',
    patterns,
    baseFolder: base,
    hints,
    stdin,
    now: () => NOW,
  });
  const listed = [];
  for await (const object of source.list(february)) listed.push(object);
  return { source, listed };
}

describe('standard input', () => {
  it('is an object with a URI, whose bytes are put aside', async () => {
    const { source, listed } = await list(
      ['-'],
      Readable.from([Buffer.from('one'), Buffer.from('two')]),
    );
    expect(source.place).toBe('-');
    expect(listed).toMatchObject([
      {
        uri: 'stdin:',
        version: '2026-02-03T10:20:30.400Z',
        modifiedAt: NOW,
        hints: { flowLogId: 'fl-0a1b2c3d' },
      },
    ]);
    expect(listed[0]?.sizeBytes).toBeUndefined();
    const path = (await listed[0]?.fetch(scratch)) ?? '';
    expect(await readFile(path, 'utf8')).toBe('onetwo');
    expect(path.startsWith(scratch)).toBe(true);
  });

  it('comes after the files beside it; a file of that name is "./-"', async () => {
    await writeFile(join(base, '-'), 'file');
    await writeFile(join(base, 'a.log'), 'file');
    const { listed } = await list(['-', '*.log', './-'], Readable.from([]));
    expect(listed.map(({ uri }) => uri)).toEqual(['file:-', 'file:a.log', 'stdin:']);
  });

  it('that breaks off leaves nothing behind', async () => {
    const broken = new Readable({
      read() {
        this.push('some');
        this.destroy(new Error('gone'));
      },
    });
    const { listed } = await list(['-'], broken);
    await expect(listed[0]?.fetch(scratch)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: 'stdin:',
      problem: 'standard input broke off: gone',
    });
    expect(await readdir(scratch)).toEqual([]);
  });

  it('is not blamed for the disk', async () => {
    const { listed } = await list(['-'], Readable.from(['x']));
    await expect(listed[0]?.fetch(join(scratch, 'missing'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
