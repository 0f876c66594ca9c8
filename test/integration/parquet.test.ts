/** That the files of the fast reader are Parquet to others as well: here to Arrow, in C++. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, readRows } from '../../src/database.ts';
import { FLOW_LOG_FIELDS } from '../../src/flow-log-fields.ts';
import { tableFiles } from '../../src/lake-files.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { findTable, quoteName, quoteText } from '../../src/tables.ts';

const run = promisify(execFile);

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-parquet-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Every field of every version, with values of few and of many kinds, nulls and long numbers. */
function objectOf(rowCount: number): string {
  const lines = Array.from({ length: rowCount }, (_, row) =>
    FLOW_LOG_FIELDS.map((field, index) => {
      if (field.name === 'log-status') return row % 97 === 0 ? 'NODATA' : 'OK';
      if ((row + index) % 11 === 0) return '-';
      if (field.type === 'seconds') return `${1_793_577_600 + (row % 90_000)}`;
      if (field.type === 'bigint') return `${BigInt(row) * 2n ** BigInt(row % 40)}`;
      if (field.type === 'integer') return `${(row * 7_919 * (index + 1)) % 2_147_483_647}`;
      if (field.type === 'address') {
        return row % 5 === 0 ? `2001:db8::${(row % 65_536).toString(16)}` : `10.0.${row % 256}.1`;
      }
      return `${field.name}-${row % (index * 50 + 1)}`;
    }).join(' '),
  );
  return [FLOW_LOG_FIELDS.map((field) => field.name).join(' '), ...lines].join('\n');
}

test('Arrow reads and validates them, and finds what the engine finds', async () => {
  await writeFile(join(folder, 'a.log.gz'), gzipSync(objectOf(150_000)));
  await writeFile(
    join(folder, 'flowproof.yaml'),
    JSON.stringify({
      lake: 'lake',
      output: 'evidence',
      sources: { flow_logs: [{ files: ['*.log.gz'] }] },
      scope: [{ name: 'all', match: { account: ['123456789012'] } }],
      period: { start: '2026-11-01', end: '2026-12-01' },
    }),
  );
  const program = join(PACKAGE_ROOT, 'dist', 'cli.js');
  const config = join(folder, 'flowproof.yaml');
  await run(process.execPath, [program, 'ingest', '--quiet', '--config', config]);

  const database = await openDatabase();
  try {
    for (const name of ['flow', 'flow_status']) {
      const table = findTable(name);
      const files = await tableFiles(join(folder, 'lake'), table);
      expect(files.every((file) => file.includes('-thread'))).toBe(true);
      const { FLOWPROOF_TEST_PYTHON: python = 'python3' } = process.env;
      const script = join(import.meta.dirname, 'read-parquet.py');
      const { stdout } = await run(python, [script, ...files]);
      const columns = table.columns.filter(
        (column) => column.name !== table.partition && !column.type.startsWith('MAP'),
      );
      const sums = columns.map(({ name: column, type }) => {
        const quoted = quoteName(column);
        const number =
          type === 'VARCHAR'
            ? `strlen(${quoted})`
            : type === 'TIMESTAMP'
              ? `epoch_us(${quoted})`
              : quoted;
        return `cast(sum(${number}) as varchar) as ${quoteName(`${column}_sum`)},
                count(*) - count(${quoted}) as ${quoteName(`${column}_nulls`)}`;
      });
      const [row = {}] = await readRows<Record<string, unknown>>(
        database.connection,
        `select count(*) as row_count, ${sums.join(', ')} from read_parquet([${files.map(quoteText).join(', ')}], hive_partitioning = false)`,
      );
      const figures = Object.fromEntries(
        columns.map(({ name: column }) => [
          column,
          [row[`${column}_sum`], Number(row[`${column}_nulls`])],
        ]),
      );
      expect(JSON.parse(stdout)).toEqual({ rows: Number(row.row_count), ...figures });
      expect(Number(row.row_count)).toBeGreaterThan(1_000);
    }
  } finally {
    database.close();
  }
});
