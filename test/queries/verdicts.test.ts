/** `queries/VERDICTS.md`: it has every value that the queries can give and no other, and its examples are true. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { ELEMENTS } from '../../src/explain/explanation.ts';
import { QUERIES_ROOT, type QueryFile, readLayer } from '../../src/query-file.ts';
import { tryAll } from '../explain/try-all.ts';
import { openSampleLake, type SampleLake } from '../sample-lake.ts';
import { valueReader } from './sql-values.ts';
import { openRecords, RECORDS, recordId, recordText } from './verdict-records.ts';

const page = readFileSync(join(QUERIES_ROOT, 'VERDICTS.md'), 'utf8');

type Entry = { column: string; value: string; meaning: string; example: string };

/** The rows of the tables below `### column` headings. */
function readEntries(): Entry[] {
  let column = '';
  return page.split('\n').flatMap((line) => {
    const heading = /^#{2,3} (?:`(\w+)`)?/.exec(line);
    if (heading) column = heading[1] ?? '';
    const row = /^\| `(\w+)` \| (.+) \| (.+) \|$/.exec(line);
    if (column === '' || !row?.[1] || !row[2] || !row[3]) return [];
    return [{ column, value: row[1], meaning: row[2], example: row[3] }];
  });
}

const entries = readEntries();

/** Values that need a configuration of their own. */
const WITHOUT_EXAMPLE = ['back_dated'];
const examples = entries.filter((entry) => !WITHOUT_EXAMPLE.includes(entry.value));
const columns = [...new Set(entries.map((entry) => entry.column))];

const detailParts = ELEMENTS.map(
  (element) =>
    `select flow_id, ${element} as status, split_part(${element}_reason, ':', 1) as code from flow_detail`,
).join(' union all ');

/** Where each column of the page is shown, as flow id and value. */
const SHOWN: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'as_of_verdict',
      'as_of_precision',
      'row_direction_basis',
      'initiator_basis',
      'rule_verdict',
    ].map((name) => [name, `select flow_id, ${name} as value from flow_enriched`]),
  ),
  ...Object.fromEntries(
    [
      ['group_verdict', 'conclusion'],
      ['acl_verdict', 'conclusion'],
      ['outcome', 'rule_trial'],
      ['standing', 'rule_trial'],
      ['entry_match', 'acl_trial'],
    ].map(([name, table]) => [
      name,
      `select object_id || ':' || line_number as flow_id, ${name} as value from ${table}`,
    ]),
  ),
  ...Object.fromEntries(
    ['confidence', 'time_match', 'effect'].map((name) => [
      name,
      `select flow_id, ${name} as value from flow_event`,
    ]),
  ),
  status: `select flow_id, status as value from (${detailParts})`,
  code: `select flow_id, code as value from (${detailParts})`,
};

let sample: SampleLake;
let records: Database;

beforeAll(async () => {
  sample = await openSampleLake();
  records = await openRecords();
  await tryAll(sample.database);
  await tryAll(records);
}, 60_000);

afterAll(() => {
  sample.close();
  records.close();
});

describe('the values', () => {
  const marts = readLayer('marts');
  const explain = readLayer('explain');

  /** What the trials say, `explain` alone says; the verdicts it reaches a second time, in the same words. */
  function queriesOf(column: string): QueryFile[] {
    if (['outcome', 'standing', 'entry_match'].includes(column)) return explain;
    return ['group_verdict', 'acl_verdict', 'rule_verdict'].includes(column)
      ? [...marts, ...explain]
      : marts;
  }

  /** Codes stand in front of the reasons of the details. */
  function codes(): string[] {
    const texts = marts
      .filter((file) => /^(?:flow_)?detail$/.test(file.name))
      .flatMap((file) => file.text.split('\n'))
      .filter((line) => !line.startsWith('--'));
    const found = texts.flatMap((line) => [...line.matchAll(/'([A-Z]+(?:_[A-Z0-9]+)+)(?=:|')/g)]);
    return [...new Set(found.map((match) => match[1] ?? ''))].sort();
  }

  test('the page has a table for each column that decides', () => {
    expect(columns.toSorted()).toEqual(Object.keys(SHOWN).sort());
  });

  test.each(columns)('%s: those of the queries, each once, and no others', async (column) => {
    const database = await openDatabase();
    try {
      const valuesOf = await valueReader(database, queriesOf(column));
      const statuses = [...new Set(ELEMENTS.flatMap(valuesOf))].sort();
      const given = { code: codes(), status: statuses }[column] ?? valuesOf(column);
      expect(given.length).toBeGreaterThan(1);
      const told = entries.filter((entry) => entry.column === column);
      expect(told.map((entry) => entry.value).sort()).toEqual(given);
    } finally {
      database.close();
    }
  });
});

describe('the entries', () => {
  test.each(examples.map((entry) => [`${entry.column} ${entry.value}`, entry] as const))(
    '%s: two sentences, and an example that has it',
    async (_, { column, value, meaning, example }) => {
      expect(meaning.match(/\.(?= |$)/g)).toHaveLength(2);
      const record = /^record `([a-z-]+)`$/.exec(example)?.[1];
      const flowId = record ? recordId(record) : /^`([0-9a-f]{16}:\d+)`$/.exec(example)?.[1];
      const { connection } = record ? records : sample.database;
      const rows = await readRows<{ value: string }>(
        connection,
        `select distinct value from (${SHOWN[column]}) where flow_id = $flow_id`,
        { flow_id: flowId ?? '' },
      );
      expect(rows.map((row) => row.value)).toContain(value);
    },
  );

  test('the trials of the records come to what enrichment says of them', async () => {
    expect((await tryAll(records)).differences).toEqual([]);
  });
});

describe('the records', () => {
  test.each([...RECORDS.keys()])(
    '%s is shown as it is tested, and serves as an example',
    (name) => {
      expect(page).toContain(`\n| \`${name}\` | \`${recordText(name)}\` | `);
      expect(entries.map((entry) => entry.example)).toContain(`record \`${name}\``);
    },
  );
});

test('the commands of the page name a flow of the samples', () => {
  const commands = [...page.matchAll(/cli\.js explain (\S+)/g)].map((match) => match[1]);
  expect(commands).toHaveLength(1);
  expect(entries.map((entry) => entry.example)).toContain(`\`${commands[0]}\``);
});
