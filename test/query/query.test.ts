import { readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import { type QueryRequest, runQuery } from '../../src/query/query.ts';
import { fileSink, streamSink } from '../../src/query/sink.ts';
import { errorOf, openLockedLake } from './locked-lake.ts';

let root: string;
let database: Database;

beforeAll(async () => {
  ({ root, database } = await openLockedLake());
});

afterAll(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

type Options = Partial<QueryRequest> & { stdout?: NodeJS.WritableStream; output?: string };

/** Runs a statement into a stream or, as the command does, into a file. */
async function textOf(
  sql: string,
  { output, stdout, ...options }: Options = {},
): Promise<{ text: string; rowCount: number }> {
  const stream = new PassThrough();
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  const sink = output ? await fileSink(output, join(root, 'lake')) : streamSink(stdout ?? stream);
  try {
    const { rowCount } = await runQuery({
      connection: database.connection,
      sql,
      format: 'csv',
      sink,
      tempFolder: join(root, 'temp'),
      ...options,
    });
    await sink.finish();
    return { text: Buffer.concat(parts).toString('utf8'), rowCount };
  } catch (thrown) {
    await sink.abandon();
    throw thrown;
  }
}

describe('runQuery', () => {
  test('refuses a connection that is not locked down', async () => {
    const open = await openDatabase();
    const run = runQuery({
      connection: open.connection,
      sql: 'select 1',
      format: 'csv',
      sink: streamSink(new PassThrough()),
    });
    await expect(run).rejects.toThrow('lockDown');
    open.close();
  });

  test('runs nothing that is refused', async () => {
    const target = join(root, 'temp', 'escape.csv');
    expect((await errorOf(textOf(`copy flow to '${target}'`))).code).toBe('QUERY_REFUSED');
    expect(await readdir(join(root, 'temp'))).toEqual([]);
  });

  test('binds parameters by name', async () => {
    const { text } = await textOf('select bytes from flow where source_address = $address', {
      parameters: { address: '192.0.2.2' },
    });
    expect(text).toBe('bytes\r\n2\r\n');
  });

  test('never reads a parameter as SQL', async () => {
    const { rowCount } = await textOf('from flow where source_address = $address', {
      parameters: { address: "x' or true --" },
    });
    expect(rowCount).toBe(0);
  });

  test('says which parameter is missing and which is not known', async () => {
    expect((await errorOf(textOf('select $a'))).problem).toBe('no value for the parameter $a');
    const error = await errorOf(textOf('select 1', { parameters: { b: 1 } }));
    expect(error.problem).toBe('the statement has no parameter $b');
  });

  test('suggests tables with close names, and none where none is close', async () => {
    const close = await errorOf(textOf('select * from flwo'));
    expect(close.code).toBe('QUERY_FAILED');
    expect(close.problem).toContain('flwo does not exist');
    expect(close.remedy).toMatch(/^Did you mean flow\?/);
    const far = await errorOf(textOf('select * from zzzzzzzzzz'));
    expect(far.problem).not.toContain('Did you mean');
    expect(far.remedy).toBe('"show tables" lists all.');
  });

  test('shows the candidates for an unknown column', async () => {
    const error = await errorOf(textOf('select byte from flow'));
    expect(error.problem).toContain('Candidate bindings: "bytes"');
    expect(error.problem).toContain('^');
  });

  test('shows no terminal escape of the data in an error', async () => {
    const error = await errorOf(textOf("select cast(chr(27) || '[31mred' as integer)"));
    expect(error.code).toBe('QUERY_FAILED');
    expect(error.message).toContain('␛[31mred');
    expect(error.message).not.toContain('\u001b');
  });

  test('explains a select list without columns', async () => {
    const error = await errorOf(textOf('select * exclude (one) from lake_part'));
    expect(error.code).toBe('QUERY_FAILED');
  });

  test('explains an error that comes after the first rows', async () => {
    const sql =
      'select case when i = 9000 then error(i::varchar) else i end from range(10000) r(i)';
    const error = await errorOf(textOf(sql));
    expect(error.code).toBe('QUERY_FAILED');
    expect(error.problem).toContain('9000');
  });

  test('refuses struct fields that would be lost', async () => {
    const error = await errorOf(textOf('select [row(1, 2)] as pair'));
    expect(error.problem).toContain('no names of their own');
    expect((await textOf("select [{'a': 1}] as pair")).text).toContain('a');
  });

  test.each(['arrow', 'parquet'] as const)('refuses %s on a terminal', async (format) => {
    const stdout = Object.assign(new PassThrough(), { isTTY: true });
    const error = await errorOf(textOf('select 1', { format, stdout }));
    expect(error.code).toBe('QUERY_REFUSED');
    expect(error.remedy).toContain(`--output result.${format}`);
  });

  test('shows a table with its number of rows, and how many it does not show', async () => {
    let time = 0;
    const now = () => {
      time += 7;
      return time;
    };
    const { text, rowCount } = await textOf('select i from range(5000) r(i) order by i', {
      format: 'table',
      maxTableRows: 2,
      now,
    });
    expect(rowCount).toBe(5000);
    expect(text).toBe(
      'i\n─\n0\n1\n\n5000 rows in 7 ms; 4998 more not shown: use the csv or json format to see all\n',
    );
  });

  test('shows 200 rows of a table without being told', async () => {
    const { text } = await textOf('select i from range(300) r(i)', { format: 'table' });
    expect(text.split('\n').length).toBe(2 + 200 + 3);
  });

  test.each(['csv', 'json', 'jsonl', 'arrow', 'table'] as const)(
    'ends quietly when the reader of %s goes away, and the connection stays usable',
    async (format) => {
      let writes = 0;
      const stdout = new Writable({
        write(_part, _encoding, done) {
          writes += 1;
          if (writes < 2 && format !== 'table') return done();
          done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
        },
      });
      const { rowCount } = await textOf('select i from range(50000000) r(i)', {
        format,
        stdout,
        ...(format === 'table' ? { sql: 'select 1' } : {}),
      });
      expect(rowCount).toBeLessThan(1_000_000);
      expect((await textOf('select 1 as one')).text).toBe('one\r\n1\r\n');
    },
  );

  test('throws what else goes wrong with standard output', async () => {
    const stdout = new Writable({
      write: (_part, _encoding, done) =>
        done(Object.assign(new Error('no room'), { code: 'ENOSPC' })),
    });
    expect((await errorOf(textOf('select 1', { stdout }))).problem).toContain('no room');
  });
});

describe('--output', () => {
  test('replaces a file whole, and leaves it as it was on an error', async () => {
    const output = join(root, 'out', 'result.csv');
    await writeFile(output, 'before');
    await errorOf(textOf("select error('late') from flow", { output }));
    expect(await readFile(output, 'utf8')).toBe('before');
    await textOf('select 1 as one', { output });
    expect(await readFile(output, 'utf8')).toBe('one\r\n1\r\n');
    expect(await readdir(join(root, 'out'))).toEqual(['result.csv']);
  });

  test.each([
    ['itself', () => join(root, 'lake', 'x.csv')],
    ['by a way round', () => `${root}/out/../lake/x.csv`],
    ['by a link', () => join(root, 'lake-link', 'x.csv')],
  ])('refuses the lake %s', async (_, output) => {
    await symlink(join(root, 'lake'), join(root, 'lake-link')).catch(() => {});
    const error = await errorOf(textOf('select 1', { output: output() }));
    expect(error.code).toBe('QUERY_REFUSED');
    expect(await readdir(join(root, 'lake'))).toEqual(['link.csv', 'part.parquet']);
  });

  test('allows a folder whose name only starts like the lake', async () => {
    const output = join(root, 'lake-2', 'x.csv');
    await textOf('select 1 as one', { output });
    expect(await readFile(output, 'utf8')).toBe('one\r\n1\r\n');
  });

  test('says what is wrong with a folder that is missing, or a folder in its place', async () => {
    const missing = await errorOf(textOf('select 1', { output: join(root, 'none', 'x.csv') }));
    expect(missing.code).toBe('USAGE');
    expect(missing.problem).toContain('ENOENT');
    const folder = await errorOf(textOf('select 1', { output: join(root, 'out') }));
    expect(folder.problem).toContain('it is a folder');
  });

  test('writes to a device without replacing it', async () => {
    await textOf('select 1', { output: '/dev/null' });
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });
});
