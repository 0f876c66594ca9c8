import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/database.ts';
import { flowLogParquet } from '../../../src/ingest/formats/flow-log-parquet.ts';
import { flowLogText } from '../../../src/ingest/formats/flow-log-text.ts';
import { quoteText } from '../../../src/tables.ts';
import { createMemorySink, memoryObject, readContent } from '../../memory-sink.ts';

let database: Database;
let folder = '';
let fileNumber = 0;

beforeAll(async () => {
  database = await openDatabase();
  folder = await mkdtemp(join(tmpdir(), 'flowproof-parquet-'));
});

afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true });
});

/** Writes the rows of a select as Parquet, and reads them with the format. */
async function read(select: string, name?: string) {
  fileNumber += 1;
  const path = join(folder, name ?? `object-${fileNumber}.parquet`);
  await mkdir(dirname(path), { recursive: true });
  const plain = join(folder, 'written.parquet');
  await database.connection.run(`copy (${select}) to ${quoteText(plain)} (format parquet)`);
  await writeFile(path, await readFile(plain));
  return readPath(path);
}

async function readPath(path: string) {
  const sink = createMemorySink(database.connection);
  const result = await flowLogParquet.read(memoryObject(path, 0, {}), sink);
  return { sink, result, path };
}

/** Rows as the engine would store them: nulls left out, times in milliseconds. */
function stored(rows: readonly { table: string; row: Readonly<Record<string, unknown>> }[]) {
  return rows
    .map(({ table, row }) => ({
      table,
      row: Object.fromEntries(
        Object.entries(row)
          .filter(([, cell]) => cell !== null && cell !== undefined)
          .map(([name, cell]) => {
            if (cell instanceof Date) return [name, cell.getTime()];
            if (typeof cell !== 'bigint') return [name, cell];
            return [name, Number(name.endsWith('_at') ? cell / 1000n : cell)];
          }),
      ),
    }))
    .sort((a, b) => Number(a.row.line_number) - Number(b.row.line_number));
}

const NAMES =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags region';

const RECORDS = [
  '5 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 50000 443 6 10 4294967296 1793491200 1793491260 ACCEPT OK 2 us-east-1',
  '5 123456789012 eni-0123456789abcdef0 2001:db8::1 2001:db8::2 - - 58 1 64 1793491201 1793491261 REJECT OK - -',
  '5 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491200 1793491260 - NODATA - -',
  '5 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491300 1793491360 - SKIPDATA - -',
];

const IS_NUMBER = /^(version|srcport|dstport|protocol|packets|bytes|start|end|tcp-flags)$/;

/** The select that gives records as AWS writes them: missing texts "-", missing numbers null. */
function selectOf(records: readonly string[]): string {
  const names = NAMES.split(' ');
  return records
    .map((record) => {
      const cells = record.split(' ').map((token, index) => {
        const name = names[index] ?? '';
        const value = IS_NUMBER.test(name)
          ? `cast(${token === '-' ? 'null' : token} as bigint)`
          : quoteText(token);
        return `${value} as ${name === 'end' ? '"end"' : name.replaceAll('-', '_')}`;
      });
      return `select ${cells.join(', ')}`;
    })
    .join(' union all ');
}

describe('flowLogParquet', () => {
  test('gives the rows that the same records give as text', async () => {
    const text = await readContent(flowLogText, [NAMES, ...RECORDS].join('\n'));
    const { sink, result } = await read(
      `select * from (${selectOf(RECORDS)}) order by "end", srcaddr desc`,
    );
    const byStart = (rows: ReturnType<typeof stored>) =>
      rows
        .map(({ table, row: { line_number: _, ...row } }) => ({ table, row }))
        .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    expect(byStart(stored(sink.rows))).toEqual(byStart(stored(text.sink.rows)));
    expect(sink.rows).toHaveLength(4);
    expect(sink.counts).toMatchObject({ nodata: 1, skipdata: 1 });
    expect(result).toEqual({ lineCount: 4, fields: NAMES.split(' ') });
    expect(sink.accountedLines()).toBe(4);
  });

  test('takes "-" and null for missing, and numbers rows from 1', async () => {
    const { sink } = await read(
      `select * from (values ('2', '-', '10.0.0.1', 1), (null, null, null, 2), ('-', 'vpc-0123456789abcdef0', '-', 3)) t(version, vpc_id, srcaddr, srcport)`,
    );
    expect(stored(sink.rows).map(({ row }) => row)).toEqual([
      { line_number: 1, version: 2, srcaddr: '10.0.0.1', srcport: 1 },
      { line_number: 2, srcport: 2 },
      { line_number: 3, srcport: 3, vpc_id: 'vpc-0123456789abcdef0' },
    ]);
  });

  test.each([
    ['srcport', "'44x'", 'srcport is not a whole number (value "44x")'],
    ['srcport', '-1', 'srcport is not a whole number (value "-1")'],
    ['srcport', '1.5', 'srcport is not a whole number (value "1.5")'],
    ['srcport', '2147483648', 'srcport is not a whole number (value "2147483648")'],
    ['bytes', "'9223372036854775808'", 'bytes is not a whole number (value "9223372036854775808")'],
    ['"start"', '253402300800', 'start is not a time in seconds since 1970 (value "253402300800")'],
    ['srcaddr', "'10.0.0.256'", 'srcaddr is not an IP address (value "10.0.0.256")'],
    ['srcaddr', "'2001:db8:::1'", 'srcaddr is not an IP address (value "2001:db8:::1")'],
    ['srcaddr', "'a\"b'':x'", 'srcaddr is not an IP address (value "a\\"b\':x")'],
    ['log_status', "'FINE'", 'log-status is not OK, NODATA or SKIPDATA (value "FINE")'],
  ])('rejects a row with a bad %s %s, and keeps its values', async (name, value, reason) => {
    const { sink, result } = await read(
      `select 2 as version, 'eni-0123456789abcdef0' as interface_id, ${value} as ${name}`,
    );
    expect(sink.rows).toEqual([]);
    expect(sink.rejects.map((reject) => [reject.lineNumber, reject.reason])).toEqual([[1, reason]]);
    expect(sink.rejects[0]?.bytes.toString()).toContain('"interface_id":"eni-0123456789abcdef0"');
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  test('keeps columns that it does not know in `extra`', async () => {
    const { sink, result } = await read(
      `select 12 as version, '10.0.0.1' as srcaddr, 'x' as new_in_12, 7 as "odd 'name'", '-' as empty`,
    );
    expect(sink.rows).toHaveLength(1);
    const extra = sink.rows[0]?.row.extra as unknown;
    expect(JSON.stringify(extra)).toContain('new_in_12');
    expect(extra).toEqual([
      { key: 'new_in_12', value: 'x' },
      { key: "odd 'name'", value: '7' },
    ]);
    expect(result.fields).toEqual(['version', 'srcaddr', 'new_in_12', "odd 'name'", 'empty']);
  });

  test('spells IPv6 canonically', async () => {
    const { sink } = await read(
      `select * from (values ('2001:0db8:0000:0000:0000:0000:0000:0001', '10.0.0.1'), ('2001:db8::5', '2001:DB8::a')) t(srcaddr, dstaddr)`,
    );
    expect(stored(sink.rows).map(({ row }) => [row.srcaddr, row.dstaddr])).toEqual([
      ['2001:db8::1', '10.0.0.1'],
      ['2001:db8::5', '2001:db8::a'],
    ]);
  });

  test('reads the file of that name and its own columns only', async () => {
    const select = (address: string) => `select '${address}' as srcaddr, 2 as version`;
    await read(select('10.0.0.1'), 'region=eu-west-1/year=2026/ab.parquet');
    const { sink, result } = await read(
      select('10.0.0.2'),
      'region=eu-west-1/year=2026/a[b].parquet',
    );
    expect(sink.rows.map(({ row }) => row.srcaddr)).toEqual(['10.0.0.2']);
    expect(result.fields).toEqual(['srcaddr', 'version']);
    expect(sink.rows[0]?.row).not.toHaveProperty('region');
  });

  test('a file that is no flow log is damage, and gives no rows', async () => {
    const { sink, result } = await read(`select 1 as price, 'x' as product`);
    expect(result).toEqual({
      lineCount: 0,
      damage: 'no flow log: its columns are price, product',
    });
    expect(sink.rows).toEqual([]);
  });

  test('a file that is cut, or damaged inside, is damage, and gives no rows', async () => {
    const { path } = await read(`${selectOf(RECORDS)}`);
    const whole = await readFile(path);
    const cut = join(folder, 'cut.parquet');
    await writeFile(cut, whole.subarray(0, whole.length - 100));
    const inside = join(folder, 'inside.parquet');
    await writeFile(inside, Buffer.from(whole).fill(0xff, 4, 300));
    for (const damaged of [cut, inside]) {
      const { sink, result } = await readPath(damaged);
      expect(result.lineCount).toBe(0);
      expect(result.damage).toMatch(/^Parquet: ./);
      expect(sink.rows).toEqual([]);
    }
  });
});

test('recognises Parquet by its first bytes', () => {
  const object = memoryObject('', 0, {});
  expect(flowLogParquet.recognises(Buffer.from('PAR1\0'), object)).toBe(true);
  expect(flowLogParquet.recognises(Buffer.from('version'), object)).toBe(false);
});
