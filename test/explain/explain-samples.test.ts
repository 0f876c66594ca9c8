/** The flows of the samples, explained: every verdict reached a second time, and a few read in full. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FACTS } from '../../scripts/samples/world.ts';
import { readRows } from '../../src/database.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { explanationText } from '../../src/explain/explanation-text.ts';
import { openSampleLake, type SampleLake } from '../sample-lake.ts';
import { tryAll } from './try-all.ts';

let sample: SampleLake;

beforeAll(async () => {
  sample = await openSampleLake();
}, 60_000);

afterAll(() => sample.close());

function explainFlow(flowId: string): Promise<Explanation> {
  const { connection } = sample.database;
  return explain({ connection, flowId, config: { metadata_max_age_hours: 24 } });
}

async function flowWhere(condition: string): Promise<string> {
  const [row] = await readRows<{ flow_id: string }>(
    sample.database.connection,
    `select flow_id from flow_enriched where ${condition} order by flow_id limit 1`,
  );
  if (row === undefined) throw new Error(`no flow where ${condition}`);
  return row.flow_id;
}

test('the rules of every flow, tried one by one, come to the verdict and the rules of flow_enriched', async () => {
  const { flowCount, compared, differences } = await tryAll(sample.database);
  expect(flowCount).toBeGreaterThan(27_000);
  expect(compared).toEqual(expect.arrayContaining(['rule_verdict', 'rule_ids']));
  expect(differences).toEqual([]);
});

test('flow has the flow_id of flow_enriched, and holds it in no file', async () => {
  const { connection } = sample.database;
  const [ids] = await readRows<{ n: bigint; matched: bigint }>(
    connection,
    'select count(*) as n, count(flow_enriched.flow_id) as matched from flow left join flow_enriched using (flow_id)',
  );
  expect(ids?.n).toBeGreaterThan(27_000n);
  expect(ids?.matched).toBe(ids?.n);
  const stored = await readRows<{ name: string }>(
    connection,
    `select distinct name from parquet_schema('${sample.lake}/flow/**/*.parquet')`,
  );
  expect(stored.map((column) => column.name)).toContain('line_number');
  expect(stored.map((column) => column.name)).not.toContain('flow_id');
});

describe('the unexplained flow', () => {
  let explanation: Explanation;
  beforeAll(async () => {
    explanation = await explainFlow(await flowWhere("rule_verdict = 'unexplained'"));
  });

  test('is told with its record and the state of its interface', () => {
    const { record, enrichment } = explanation;
    expect(record.fields).toMatchObject({
      'interface-id': FACTS.unexplained_flow.interfaceId,
      dstport: FACTS.unexplained_flow.destinationPort,
      action: 'ACCEPT',
    });
    expect(record.uri).toMatch(/^file:logs\/.*\.log\.gz$/);
    expect(enrichment).toMatchObject({
      as_of_verdict: 'exact',
      as_of_precision: 'observed',
      row_direction: 'ingress',
      initiator_basis: 'ports',
      rule_verdict: 'unexplained',
      is_tried_alike: true,
    });
    expect(enrichment?.states).toMatchObject([
      {
        instance_name: 'data-1',
        owner_kind_basis: 'attachment',
        vpc_name: 'cde',
        scope_name: 'cde',
      },
    ]);
    expect(enrichment?.states[0]?.tags).toMatchObject({ pci: 'true' });
  });

  test('has the one reason for which each rule does not permit it', () => {
    expect(explanation.enrichment?.rule_trials).toMatchObject([
      {
        direction: 'ingress',
        port_match: 'no',
        peer_match: 'yes',
        peer_kind: 'group_member',
        outcome: 'does_not_permit',
        reason: 'it is for other ports',
      },
      { direction: 'egress', direction_match: 'no', reason: 'it is for the other direction' },
    ]);
  });

  test('has six details, each with a status, a code and a reason', () => {
    const details = explanation.enrichment?.details ?? [];
    expect(details).toHaveLength(6);
    for (const { status, code, reason } of details) {
      expect(['met', 'partial', 'supplied', 'missing']).toContain(status);
      expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(reason).toMatch(/[a-z]/);
    }
    expect(details[0]).toMatchObject({ element: 'user_identification', status: 'missing' });
  });

  test('fits into 80 columns but for words that are longer', () => {
    const text = explanationText(explanation, { width: 80, isTerminal: false });
    for (const line of text.split('\n').filter((one) => one.length > 80)) {
      expect(line.trim().split(/ +/).length).toBeLessThanOrEqual(2);
    }
    expect(text).toContain('verdict  unexplained: no rule of its groups permits it');
    expect(text).toContain('so         it is for other ports');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });

  test('has headings that stand out only on a terminal', () => {
    const text = explanationText(explanation, { width: 80, isTerminal: true });
    expect(text).toContain('\u001b[1mRecord\u001b[22m');
  });
});

test('a session with a user: the event is told with its keys, and supplies the user', async () => {
  const [row] = await readRows<{ flow_id: string }>(
    sample.database.connection,
    `select flow_id from flow_event where user_name = '${FACTS.user_session.userName}' order by 1 limit 1`,
  );
  const { enrichment } = await explainFlow(String(row?.flow_id));
  expect(enrichment?.events).toContainEqual(
    expect.objectContaining({
      user_name: FACTS.user_session.userName,
      confidence: 'low',
      matched_on: 'addresses',
      time_difference_seconds: 0,
      event: expect.objectContaining({ module: 'log_inspection' }),
    }),
  );
  expect(enrichment?.details[0]).toMatchObject({ status: 'supplied' });
});

test('a response needs no rule, and none is tried', async () => {
  const explanation = await explainFlow(await flowWhere("rule_verdict = 'response'"));
  expect(explanation.enrichment).toMatchObject({ is_response: true, rule_trials: [] });
  const text = explanationText(explanation, { width: 100, isTerminal: false });
  expect(text).toContain('groups are stateful, and what answers needs none');
});

test('a flow on a rule of a prefix list names the entry that has the address', async () => {
  const flowId = await flowWhere("contains(rule_ids, 'sgr-0a000000000000501')");
  const { enrichment } = await explainFlow(flowId);
  const permits = enrichment?.rule_trials.filter((trial) => trial.outcome === 'permits');
  expect(permits).toMatchObject([
    {
      rule_id: 'sgr-0a000000000000501',
      peer: 'pl-0a000000000000001',
      peer_kind: 'prefix_list_entry',
    },
  ]);
  expect(permits?.[0]?.matched_peers).toHaveLength(1);
  expect(permits?.[0]?.matched_peers[0]).toMatch(/^[0-9.]+\/\d+$/);
});
