import { expect, test } from 'vitest';
import { readKnownContents } from '../../src/ingest/known-contents.ts';
import { addRows, openTables, type Row } from '../catalogue-rows.ts';

const SERIES = '123456789012/us-east-1';

const row = (day: number, parts: Row = {}): Row => ({
  resource_type: 'vpc',
  series: SERIES,
  taken_at: `2026-11-0${day} 00:00:00`,
  known_by: 'describe',
  is_complete: true,
  item_count: 1,
  content_sha256: `hash-${day}`,
  ...parts,
});

async function knownAfter(...rows: Row[]): Promise<Record<string, string>> {
  const database = await openTables(['ingest']);
  try {
    await addRows(database, 'inventory_snapshot', rows);
    const known = await readKnownContents(database.connection, SERIES);
    return Object.fromEntries(
      [...known].map(([name, { contentSha256, takenAt }]) => [
        name,
        `${contentSha256} of ${takenAt.toISOString()}`,
      ]),
    );
  } finally {
    database.close();
  }
}

test('the newest snapshot of each type and prefix list is known', async () => {
  const entries = { resource_type: 'prefix_list_entry', series: `${SERIES}/pl-1` };
  expect(await knownAfter(row(2), row(1), row(1, entries))).toEqual({
    [`vpc ${SERIES}`]: 'hash-2 of 2026-11-02T00:00:00.000Z',
    [`prefix_list_entry ${SERIES}/pl-1`]: 'hash-1 of 2026-11-01T00:00:00.000Z',
  });
});

test('one that repeats another is known by the time of what it repeats', async () => {
  const repeat = row(2, { content_sha256: 'hash-1', same_as_at: '2026-11-01 00:00:00.25' });
  expect(await knownAfter(row(1), repeat)).toEqual({
    [`vpc ${SERIES}`]: 'hash-1 of 2026-11-01T00:00:00.250Z',
  });
});

test.each<[string, Row]>([
  ['is not complete', { is_complete: false }],
  ['has no hash', { content_sha256: null }],
])('a newest one that %s leaves nothing to compare with', async (_, parts) => {
  expect(await knownAfter(row(1), row(2, parts))).toEqual({});
});

test.each<[string, Row]>([
  ['AWS Config', { known_by: 'config_snapshot', content_sha256: null }],
  ['another region', { series: '123456789012/us-east-10' }],
])('what %s shows is no answer of the API', async (_, parts) => {
  const known = await knownAfter(row(1), row(2, parts));
  expect(Object.values(known)).toEqual(['hash-1 of 2026-11-01T00:00:00.000Z']);
});
