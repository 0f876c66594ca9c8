import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HiveSQL, SparkSQL, TrinoSQL } from 'dt-sql-parser';
import { describe, expect, it, test } from 'vitest';
import { engineScript } from '../../src/engines/engine-script.ts';
import { tableStatements } from '../../src/engines/engine-tables.ts';
import type { TableEngine } from '../../src/engines/table-dialects.ts';
import { TABLES } from '../../src/tables.ts';

const ALL = new Set(TABLES.map(({ name }) => name));

const statementsOf = (engine: TableEngine, present: ReadonlySet<string>) =>
  tableStatements(engine, {
    location: 's3://bucket/lake',
    folders: { present, batches: ['0123456789abcdef0123'] },
    schema: 'flowproof',
  });

/** Athena has the grammar of Hive for tables, and Trino's for views. */
function parserOf(engine: TableEngine, statement: string) {
  if (engine === 'spark') return new SparkSQL();
  const isHive = engine === 'athena' && statement.startsWith('create external');
  return isHive ? new HiveSQL() : new TrinoSQL();
}

describe.each(['trino', 'athena', 'spark'] as const)('the tables of a lake for %s', (engine) => {
  it.each([
    ['with files', ALL],
    ['of an empty lake', new Set<string>()],
  ])('%s are statements of its grammar', (_, present) => {
    const mistakes = statementsOf(engine, present).flatMap((statement) =>
      parserOf(engine, statement)
        .validate(statement)
        .map(({ message }) => `${message}: ${statement.slice(0, 200)}`),
    );
    expect(mistakes).toEqual([]);
  });

  it('show each table by its name, once, after what it reads', () => {
    const made = statementsOf(engine, ALL).flatMap((statement) => {
      const name = /^create (?:or replace view|external table|table) ["`](\w+)["`]/.exec(statement);
      return name?.[1] === undefined ? [] : [name[1]];
    });
    expect(new Set(made).size).toBe(made.length);
    const expected = TABLES.filter(({ isView }) => engine !== 'spark' || !isView);
    expect(expected.filter(({ name }) => !made.includes(name))).toEqual([]);
    for (const name of made.filter((one) => one.endsWith('_files'))) {
      expect(made.indexOf(name)).toBeLessThan(made.indexOf(name.replace(/_files$/, '')));
    }
  });

  it('leave out what the ledger does not count', () => {
    const flow = statementsOf(engine, ALL).find((one) => /view .flow. as/.test(one)) ?? '';
    expect(flow).toMatch(/in \(select regexp_extract\(.*source_object_files/);
    expect(flow).toContain('object_id not in (select supersedes_object_id from');
    expect(flow).toMatch(/as .flow_id.\nfrom .flow_files.\n/);
  });
});

test.each([
  [{ engine: 'presto' }, '--engine: "presto" is none'],
  [{ schema: 'a; drop table flow' }, '--schema: "a; drop table flow" is no name'],
  [{ location: "s3://bucket/it's" }, '--location: "s3://bucket/it\'s" is no URI'],
  [{ location: '/data/lake' }, '--location: "/data/lake" is no URI'],
])('a script for %o is refused', async (options, message) => {
  const lake = mkdtempSync(join(tmpdir(), 'flowproof-engine-'));
  const asked = engineScript({ lake, engine: 'trino', schema: 'flowproof', ...options });
  await expect(asked).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(message),
  });
});

test('a script names the place of the files, and is the same each time', async () => {
  const lake = mkdtempSync(join(tmpdir(), 'flowproof-engine-'));
  const options = { lake, engine: 'athena', schema: 'flowproof', location: 's3://bucket/lake/' };
  const script = await engineScript(options);
  expect(script).toMatch(
    /^-- The tables of a lake of flowproof at s3:\/\/bucket\/lake, for Athena/,
  );
  expect(script).toMatch(/create or replace view "flow" as select/);
  expect(await engineScript(options)).toBe(script);
});
