import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database.ts';
import type { Engine, EngineResult } from '../../src/engines/engine.ts';
import { engineDays } from '../../src/enrich/engine-days.ts';
import { DAY_STEPS, EVENT_STEPS, fileOf } from '../../src/enrich/steps.ts';
import type { EngineFiles } from '../../src/remote-lake/engine-files.ts';
import { namesRead } from '../../src/tables-read.ts';

const DATE = '2026-11-02';
const PARAMETERS = {
  metadata_max_age_seconds: 86_400n,
  metadata_backdate_seconds: 0n,
  event_clock_tolerance_seconds: 60n,
  flow_date: DATE,
  event_date: DATE,
  first_event_date: '2026-11-01',
  last_event_date: '2026-11-03',
  event_from: '2026-11-01',
  event_until: '2026-11-03',
};
const NONE: EngineResult = { columns: [], types: [], rows: [] };

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

let lake: string;
/** What was begun (`>name`) and has ended (`name`), in its order. */
let said: string[];
let failing: string | undefined;
let mostAtOnce: number;
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-days-'));
  [said, failing, mostAtOnce] = [[], undefined, 0];
});

/** An engine whose statements take a moment each. */
function engine(): Engine {
  let running = 0;
  const take = async (name: string): Promise<void> => {
    said.push(`>${name}`);
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    await new Promise((resolve) => setTimeout(resolve, name.length % 3));
    running -= 1;
    if (name === failing) throw new Error(`${name} failed`);
    said.push(name);
  };
  return {
    name: 'trino',
    atOnce: 4,
    version: async () => 'none',
    run: async () => NONE,
    store: (table) => take(table.replace(/_day_files$/, '')),
    storeView: (name) => take(name),
    give: async () => {},
    runOwn: async () => NONE,
  };
}

function files(): EngineFiles {
  return {
    newFolder: () => '.flowproof/next/one/',
    uriOf: (key) => `s3://bucket/lake/${key}`,
    adopt: async (folder, into) => void said.push(`adopt ${folder} as ${into}`),
    discard: async () => {},
    sweep: async () => void said.push('sweep'),
    publish: async () => void said.push('publish'),
  };
}

const days = () =>
  engineDays({
    connection: database.connection,
    lake,
    config: { scope: [] },
    files: files(),
    main: engine(),
    schema: 'flowproof',
    declare: async () => {},
    work: engine(),
    workSchema: 'flowproof_work',
  });

const note = (): unknown =>
  JSON.parse(readFileSync(join(lake, '.flowproof', 'derived.json'), 'utf8'));

describe('the steps of a day on another engine', () => {
  test('run once all that they read is there, several at once', async () => {
    await (await days()).make(DAY_STEPS, PARAMETERS, 'hash', DATE);
    expect(mostAtOnce).toBe(4);
    for (const step of DAY_STEPS) {
      const begin = said.indexOf(`>${step.name}`);
      expect(begin).toBeGreaterThan(-1);
      const earlier = DAY_STEPS.slice(0, DAY_STEPS.indexOf(step)).map(({ name }) => name);
      for (const name of namesRead(fileOf(step).text)) {
        if (earlier.includes(name)) expect(said.indexOf(name)).toBeLessThan(begin);
      }
    }
  });

  test('become files of the lake, and are noted once these are published', async () => {
    const tables = await days();
    await tables.make(EVENT_STEPS, PARAMETERS, 'hash', DATE);
    const kept = EVENT_STEPS.filter(({ kept }) => kept === 'lake').map(({ name }) => name);
    for (const name of kept) {
      expect(said).toContain(`adopt .flowproof/next/one/${name}/ as ${name}/event_date=${DATE}`);
    }
    expect(said.at(-1)).toBe('publish');
    expect(said.indexOf('sweep')).toBeLessThan(said.indexOf('>event_subject'));
    expect(note()).toEqual({ version: 1, inputs: { [`event_subject/${DATE}`]: 'hash' } });
    expect(await tables.areCurrent(EVENT_STEPS, 'hash', DATE)).toBe(true);
    expect(await tables.areCurrent(EVENT_STEPS, 'other', DATE)).toBe(false);
    expect(await (await days()).areCurrent(EVENT_STEPS, 'hash', DATE)).toBe(true);
  });

  test('that fail leave a day that is to be made again, and nothing of it', async () => {
    await (await days()).make(EVENT_STEPS, PARAMETERS, 'hash', DATE);
    said = [];
    failing = 'event_subject';
    const again = (await days()).make(EVENT_STEPS, PARAMETERS, 'newer', DATE);
    await expect(again).rejects.toThrow('event_subject failed');
    expect(said.filter((one) => one.startsWith('adopt'))).toEqual([]);
    const after = EVENT_STEPS.filter((step) => namesRead(fileOf(step).text).has('event_subject'));
    expect(after).not.toEqual([]);
    for (const { name } of after) expect(said).not.toContain(`>${name}`);
    expect(note()).toEqual({ version: 1, inputs: {} });
    failing = undefined;
    const tables = await days();
    for (const hash of ['hash', 'newer']) {
      expect(await tables.areCurrent(EVENT_STEPS, hash, DATE)).toBe(false);
    }
  });
});
