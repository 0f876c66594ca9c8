/**
 * Enrichment against the oracle: random inventories over a few snapshots, thousands of records for each,
 * and every verdict compared; and what `flowproof explain` says of the same records.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { quoteName, TABLES } from '../../src/tables.ts';
import { addManyRows, openTables } from '../catalogue-rows.ts';
import { tryAll } from '../explain/try-all.ts';
import { drawnDice, flowsOf, rowOf } from './draw-flows.ts';
import { addWorld, drawWorld, SCOPE, textOf } from './draw-world.ts';
import * as fixture from './fixture.ts';
import { type Judgement, judge } from './oracle/judge.ts';
import type { Flow, World } from './oracle/world.ts';

/** The same worlds in every run; `SEED=2 npx vitest run test/enrich/attribution.test.ts` draws others. */
const SEED = Number(process.env.SEED ?? 1);
const WORLDS = 21;
const FLOWS_PER_WORLD = 5000;

/** What is compared: a column of `SELECT`, and the oracle's word for it. */
const COLUMNS: Readonly<Record<string, (judgement: Judgement) => unknown>> = {
  network_interface_id: ({ interfaceId }) => interfaceId,
  as_of_verdict: ({ asOf }) => asOf,
  as_of_precision: ({ precision }) => precision,
  state_ids: ({ interfaceId, states }) =>
    states.map((at) => `network_interface:${interfaceId}:${textOf(at).replace(' ', 'T')}Z`).sort(),
  group_ids: ({ groups }) => groups,
  row_direction: ({ direction }) => direction,
  row_direction_basis: ({ directionBasis }) => directionBasis,
  initiator: ({ initiator }) => initiator.side,
  initiator_basis: ({ initiator }) => initiator.basis,
  is_response: ({ initiator }) => initiator.side && initiator.side === 'destination',
  rule_verdict: ({ ruleVerdict }) => ruleVerdict,
  rule_ids: ({ ruleIds }) => ruleIds,
  group_verdict: ({ groupVerdict }) => groupVerdict,
  acl_verdict: ({ aclVerdict }) => aclVerdict,
  acl_entry_ids: ({ aclEntryIds }) => aclEntryIds,
};

/** States of an interface without what its instance, subnet and VPC add to them. */
const STATES = `list_sort(list_distinct(
  list_transform(state_ids, lambda state_id: split_part(state_id, '+', 1))))`;
const SELECT = `select * replace (${STATES} as state_ids)
  from (select line_number, ${Object.keys(COLUMNS).join(', ')} from flow_enriched)
  order by line_number`;

/** How often each verdict and basis must have come up at least, in all worlds together. */
const LEAST = 100;
const VERDICTS: Readonly<Record<string, readonly (string | null)[]>> = {
  as_of_verdict: ['exact', 'ambiguous', 'no_metadata'],
  as_of_precision: ['observed', 'carried_forward', null],
  row_direction: ['ingress', 'egress', null],
  row_direction_basis: ['flow_direction', 'interface_address', null],
  initiator: ['source', 'destination', null],
  initiator_basis: ['tcp_flags', 'conversation', 'ports', null],
  rule_verdict: [
    ...['permitted', 'response', 'tracked_or_changed', 'undecidable', 'no_security_group'],
    ...['no_metadata', 'unexplained', 'not_applicable'],
  ],
  group_verdict: [
    ...['permitted', 'not_permitted', 'undecidable', 'response', 'no_security_group'],
    ...['no_metadata', 'not_applicable'],
  ],
  acl_verdict: ['denied', 'permitted', 'undecidable', 'no_metadata', 'not_applicable'],
};

let database: Database;
beforeAll(async () => {
  database = await openTables(['ingest']);
});
afterAll(() => database.close());

async function enrich(world: World, flows: readonly Flow[]): Promise<void> {
  for (const table of TABLES.filter(({ layer }) => layer === 'ingest')) {
    await database.connection.run(`truncate ${quoteName(table.name)}`);
  }
  await addWorld(database, world);
  await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
  await addManyRows(database, 'flow', flows.map(rowOf));
  await fixture.runSteps(database, { maxAgeHours: world.maxAge / 3600, scope: SCOPE });
}

/** Records of which the oracle says something else, with what both say. */
function differencesOf(
  flows: readonly Flow[],
  rows: readonly Readonly<Record<string, unknown>>[],
  judgements: readonly Judgement[],
): object[] {
  return judgements.flatMap((judgement, index) => {
    const row = rows[index] ?? {};
    const different = Object.entries(COLUMNS)
      .map(([column, wordOf]) => ({ column, oracle: wordOf(judgement), queries: row[column] }))
      .filter(({ oracle, queries }) => JSON.stringify(oracle) !== JSON.stringify(queries));
    return different.length > 0 ? [{ line: index, flow: flows[index], different }] : [];
  });
}

test(`the verdicts on ${WORLDS * FLOWS_PER_WORLD} flows are those of the oracle`, async () => {
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.gen(), drawnDice(FLOWS_PER_WORLD), async (g, dice) => {
      const world = drawWorld(g);
      const flows = flowsOf(world, dice);
      await enrich(world, flows);
      const rows = await fixture.read(database, SELECT);
      expect(rows).toHaveLength(flows.length);
      expect(differencesOf(flows, rows, judge(world, flows)).slice(0, 3)).toEqual([]);
      expect((await tryAll(database, world.maxAge / 3600)).differences.slice(0, 3)).toEqual([]);
      for (const row of rows) {
        for (const column of Object.keys(VERDICTS)) {
          const key = `${column} ${row[column]}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
    }),
    {
      numRuns: WORLDS,
      seed: SEED,
      endOnFailure: true,
      // The thousands of numbers that were drawn say less than the seed, which draws them again.
      reporter: ({ failed, seed, counterexamplePath, errorInstance }) => {
        if (!failed) return;
        const replay = JSON.stringify({ seed, path: counterexamplePath });
        throw new Error(`put ${replay} beside numRuns to see it again`, { cause: errorInstance });
      },
    },
  );
  // The worlds are worth something only if every verdict comes up.
  const rare = Object.entries(VERDICTS).flatMap(([column, verdicts]) =>
    verdicts
      .map((verdict) => `${column} ${verdict}`)
      .filter((key) => (counts.get(key) ?? 0) < LEAST),
  );
  expect(rare).toEqual([]);
}, 400_000);
