import { describe, expect, it, test } from 'vitest';
import { splitStatement } from '../../src/engines/sql-steps.ts';
import { trinoSql } from '../../src/engines/trino-sql.ts';

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

describe('a statement for Trino', () => {
  it.each([
    ['a where b is true', 'a where b is not distinct from true'],
    ['a where b is not true', 'a where b is distinct from true'],
    ['a where b is not null', 'a where b is not null'],
    ['a where b is not distinct from c', 'a where b is not distinct from c'],
    ['coalesce(a, [])', 'coalesce(a, array[])'],
    ['[a, [b]]', 'array[a, array[b]]'],
    ['places[2]', 'places[2]'],
    ['cast(a as timestamp)', 'cast(a as timestamp(6))'],
    ["timestamp '2026-11-02 00:00:00'", "timestamp '2026-11-02 00:00:00'"],
    ["coalesce(a, timestamp 'infinity')", "coalesce(a, timestamp '9999-12-31 23:59:59.999999')"],
    ['least(a, b)', 'array_min(filter(array[a, b], item -> item is not null))'],
    ['max_by(a, b)', 'max_by(a, if(a is not null, b))'],
    ['\'is true\', "least(a)" -- [a] is true', '\'is true\', "least(a)"'],
  ])('has for %s: %s', (written, sent) => {
    expect(oneLine(trinoSql(`select ${written}`))).toBe(`select ${sent}`);
  });

  it('has the text of functions in functions, each argument once', () => {
    const sent = trinoSql('select cidr_last_key (lower(cidr)) from ranges');
    expect(sent).not.toMatch(/cidr_last_key \(|cidr_bits ?\(|address_key ?\(|\/\/|<</);
    expect(sent.match(/lower\(cidr\)/g)).toHaveLength(1);
  });

  it('keeps a name that is also the name of a column of another table', () => {
    expect(trinoSql('select least.cidr from least')).toBe('select least.cidr from least');
  });

  it.each<[string, string | number | bigint | boolean | null, string]>([
    ['a text', "it's $b; drop table flow --", "'it''s $b; drop table flow --'"],
    ['a number', 42n, '42'],
    ['a truth', true, 'true'],
    ['nothing', null, 'null'],
  ])('has %s as a literal', (_, value, sent) => {
    expect(trinoSql('select $a', { a: value })).toBe(`select ${sent}`);
  });

  it.each([
    ['2026-11-02T06:00:00Z', '2026-11-02 06:00:00'],
    ['2026-11-02', '2026-11-02 00:00:00'],
    ['2026-11-02 06:00:00.125', '2026-11-02 06:00:00.125'],
    ["2026-11-02' or 'a", "2026-11-02'' or ''a"],
  ])('has the time %s in its own way of writing', (value, sent) => {
    const statement = 'select cast(cast($a as timestamp) as date)';
    expect(trinoSql(statement, { a: value })).toBe(
      `select cast(cast('${sent}' as timestamp(6)) as date)`,
    );
  });

  it('is refused without its parameters, and with a wrong number of arguments', () => {
    expect(() => trinoSql('select $a')).toThrow('the parameter $a is not given');
    expect(() => trinoSql('select moment_text(a, b)')).toThrow(
      'moment_text takes moment and is given 2',
    );
  });
});

describe('a long statement', () => {
  const chain = (count: number): string => {
    const steps = Array.from({ length: count }, (_, index) =>
      index === 0
        ? 's0 as (select 1 as a)'
        : `s${index} as (select l.a from s${index - 1} as l inner join s${index - 1} as r on l.a = r.a)`,
    );
    return `with ${steps.join(', ')} select a from s${count - 1}`;
  };

  test('becomes tables for its steps only where it would be planned as too many parts', () => {
    expect(splitStatement(chain(4), (name) => name).tables).toEqual([]);
    const { tables, last } = splitStatement(chain(9), (name) => `tmp_${name}`);
    expect(tables.map(({ name }) => name)).toEqual(
      Array.from({ length: 8 }, (_, index) => `tmp_s${index}`),
    );
    expect(tables[0]?.text).toBe('select 1 as a');
    expect(oneLine(tables[1]?.text ?? '')).toBe(
      'with s0 as (select * from tmp_s0) select l.a from s0 as l inner join s0 as r on l.a = r.a',
    );
    // Only the last step is read once, and stays where it is.
    expect(oneLine(last)).toMatch(/s8 as \(select l\.a from s7 as l .*\) select a from s8$/);
  });
});
