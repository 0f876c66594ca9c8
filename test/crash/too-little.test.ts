/**
 * Runs that find too little: files may not grow beyond a limit of the system (`ulimit -f`), which the engine
 * and Node meet as they meet a full disk, at whichever file passes it; or `memory_limit` is tiny.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FlowproofError } from '../../src/errors.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { resourceError } from '../../src/resource-error.ts';
import { buildProgram, PROGRAM } from '../built-program.ts';
import { checkLake, contentOf, writeConfig, writeObjects } from './lake-content.ts';

const OBJECTS = 600;

let base = '';
let expected: Record<string, string[]>;

beforeAll(async () => {
  await buildProgram();
  base = mkdtempSync(join(tmpdir(), 'flowproof-disk-'));
  writeObjects(base, OBJECTS);
  expect(flowproof('ingest', writeConfig(base, 'whole')).code).toBe(0);
  expected = await contentOf(join(base, 'whole'));
});

afterAll(() => rmSync(base, { recursive: true }));

/** Runs a command; with a limit, its files may have so many blocks of 512 bytes. */
function flowproof(command: string, config: string, blocks?: number) {
  const limit = blocks === undefined ? '' : `ulimit -f ${blocks};`;
  const { status, signal, stderr } = spawnSync(
    'sh',
    [
      ...['-c', `${limit} exec "$@"`, 'sh', process.execPath, PROGRAM],
      ...[command, '--quiet', '--config', config],
    ],
    { cwd: PACKAGE_ROOT, encoding: 'utf8' },
  );
  return { code: status, signal, errors: stderr };
}

/** The error, with what the writer of the file says of it. */
const noRoom = (said: string): RegExp =>
  new RegExp(
    `^error DISK_FULL\\n.*: there is no room to write \\(${said}\\)\\n {2}Make room `,
    'i',
  );

// The first file that is over the limit is another one each time. The inventory is committed first, and
// is small; a file of flows has over 8,300 bytes, however few rows a thread puts there; the ledger of the
// flow logs is the largest file, and goes last.
test.each([
  { blocks: 4, said: 'IO Error: .*File too large', writer: 'the engine, first', objects: 0 },
  { blocks: 16, said: 'EFBIG: file too large, write', writer: 'a thread', objects: 10 },
  {
    blocks: 40,
    said: 'IO Error: .*source_object.*File too large',
    writer: 'the engine, last',
    objects: 10,
  },
])(
  'files of at most $blocks blocks stop $writer: the lake stays, and the next run completes it',
  async ({ blocks, said, objects }) => {
    const lake = join(base, `lake-${blocks}`);
    const config = writeConfig(base, `lake-${blocks}`);
    expect(flowproof('ingest', config, blocks)).toEqual({
      code: 1,
      signal: null,
      errors: expect.stringMatching(noRoom(said)),
    });
    expect(existsSync(join(lake, '.flowproof', 'lock'))).toBe(false);
    // What it had begun takes up no room.
    expect(readdirSync(join(lake, '.flowproof', 'staging'))).toEqual([]);
    expect(await checkLake(lake)).toEqual({ objects, inconsistent: [] });
    expect(flowproof('status', config).code).toBe(0);
    expect(flowproof('ingest', config)).toEqual({ code: 0, signal: null, errors: '' });
    expect(await contentOf(lake)).toEqual(expected);
  },
);

test('a mart that finds no room costs nothing of what was read', async () => {
  const lake = join(base, 'whole');
  const config = writeConfig(base, 'whole');
  expect(flowproof('enrich', config, 6)).toEqual({
    code: 1,
    signal: null,
    errors: expect.stringMatching(noRoom('IO Error: .*too large.*')),
  });
  expect(await contentOf(lake)).toEqual(expected);
  expect(flowproof('enrich', config)).toEqual({ code: 0, signal: null, errors: '' });
});

test('too little memory stops a run with the setting to raise: the lake stays, and the next run completes it', async () => {
  const lake = join(base, 'small');
  const config = writeConfig(base, 'small');
  const settings = readFileSync(config, 'utf8');
  writeFileSync(config, `${settings}\nmemory_limit: 4MB\n`);
  expect(flowproof('ingest', config)).toEqual({
    code: 1,
    signal: null,
    errors: expect.stringMatching(
      /^error OUT_OF_MEMORY\n.*: the engine needs more memory than it may take \(Out of Memory Error: .*\)\n {2}Raise memory_limit /,
    ),
  });
  expect(readdirSync(join(lake, '.flowproof', 'staging'))).toEqual([]);
  writeFileSync(config, settings);
  expect(flowproof('ingest', config)).toEqual({ code: 0, signal: null, errors: '' });
  expect(await contentOf(lake)).toEqual(expected);
});

test.each([
  [Object.assign(new Error('write'), { code: 'ENOSPC' }), 'DISK_FULL'],
  [Object.assign(new Error('write'), { code: 'EDQUOT' }), 'DISK_FULL'],
  [new Error('IO Error: Could not write file "x": No space left on device'), 'DISK_FULL'],
  [new Error('Out of Memory Error: failed to offload data block of size 256.0 KiB'), 'DISK_FULL'],
  [new Error('Out of Memory Error: could not allocate block of size 256.0 KiB'), 'OUT_OF_MEMORY'],
  [Object.assign(new Error('write'), { code: 'EACCES' }), undefined],
  [
    new FlowproofError('USAGE', { place: 'x', problem: 'No space left on device', remedy: 'y' }),
    undefined,
  ],
])('%s is reported as %s', (thrown, code) => {
  expect(resourceError('/lake', thrown)?.code).toBe(code);
});
