/** What `flowproof explain` answers, by the small worlds of the fixture. */
import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { explanationText } from '../../src/explain/explanation-text.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from '../enrich/fixture.ts';

const { addRows, addSnapshot, DAY, flow, flowObject, networkInterface, rule } = fixture;

const BEFORE = `${DAY} 09:00:00`;
const AFTER = `${DAY} 11:00:00`;
const GROUP = fixture.tagged('security_group', 'sg-a');

type World = {
  before: readonly fixture.Item[];
  after?: readonly fixture.Item[];
  flows?: readonly fixture.Row[];
  events?: readonly fixture.Row[];
  fill?: (database: Database) => Promise<void>;
};

/** Explains flow `o:1` of a world whose inventory was looked at an hour before and an hour after it. */
async function explainIn(world: World, flowId = 'o:1'): Promise<Explanation> {
  const { before, after = before, flows = [flow(1)], events = [] } = world;
  const database = await openTables(['ingest']);
  try {
    await addRows(database, 'source_object', [flowObject('o', { status: 'loaded' })]);
    const types = [...new Set([...before, ...after].map((item) => item.type))];
    await addSnapshot(database, BEFORE, before, { types });
    await addSnapshot(database, AFTER, after, { types });
    await addRows(database, 'flow', flows);
    await addRows(database, 'ips_event', events);
    await world.fill?.(database);
    await fixture.runSteps(database);
    const { connection } = database;
    return await explain({ connection, flowId, config: { metadata_max_age_hours: 24 } });
  } finally {
    database.close();
  }
}

const show = (explanation: Explanation): string =>
  explanationText(explanation, { width: 100, isTerminal: false });

const HTTPS = rule({ id: 'sgr-1', ports: [443, 443], cidr: '198.51.100.0/24' });

describe('as of the time of the record', () => {
  test('both states are listed where the interface changed about then', async () => {
    const { enrichment } = await explainIn({
      before: [networkInterface({ groups: ['sg-a'], instance: 'i-1' }), GROUP, HTTPS],
      after: [networkInterface({ groups: ['sg-b'], instance: 'i-2' }), GROUP, HTTPS],
    });
    expect(enrichment).toMatchObject({
      as_of_verdict: 'ambiguous',
      as_of_precision: null,
      as_of_reason: 'changed between two snapshots',
      window_from: `${DAY}T09:59:00Z`,
      window_to: `${DAY}T10:01:30Z`,
      is_tried_alike: true,
    });
    expect(enrichment?.states).toMatchObject([
      { instance_id: 'i-1', group_ids: ['sg-a'], valid_from: `${DAY}T09:00:00Z` },
      { instance_id: 'i-2', group_ids: ['sg-b'], absent_at: `${DAY}T09:00:00Z` },
    ]);
    expect(enrichment?.rule_trials).toMatchObject([{ rule_id: 'sgr-1', outcome: 'permits' }]);
    expect(enrichment?.rule_verdict).toBe('tracked_or_changed');
  });

  test('without metadata there are no states and no rules', async () => {
    const explanation = await explainIn({
      before: [networkInterface({ id: 'eni-2' })],
    });
    expect(explanation.enrichment).toMatchObject({
      as_of_verdict: 'no_metadata',
      states: [],
      rule_trials: [],
      is_tried_alike: true,
    });
    expect(show(explanation)).toContain('no inventory snapshot covers the interface at this time');
  });

  test('tags of VPC, subnet, instance and interface are one, the nearer wins', async () => {
    const { enrichment } = await explainIn({
      before: [
        fixture.tagged('vpc', 'vpc-a', { tier: 'vpc', Name: 'shop' }),
        fixture.tagged('subnet', 'subnet-a', { tier: 'subnet', Name: 'public' }),
        fixture.tagged('instance', 'i-1', { tier: 'instance', Name: 'web-1' }),
        networkInterface({ instance: 'i-1', tags: { own: 'yes' } }),
      ],
    });
    expect(enrichment?.states).toMatchObject([
      {
        instance_name: 'web-1',
        subnet_name: 'public',
        vpc_name: 'shop',
        tags: { tier: 'instance', Name: 'web-1', own: 'yes' },
      },
    ]);
  });
});

test('records of the same connection with flags that decide are named', async () => {
  const explanation = await explainIn({
    before: [networkInterface(), GROUP, HTTPS],
    flows: [
      flow(1, { tcp_flags: 1 }),
      flow(2, { tcp_flags: 2, action: 'REJECT', start_at: `${DAY} 09:58:00` }),
      flow(3, {
        tcp_flags: 18,
        srcaddr: fixture.LOCAL,
        dstaddr: fixture.REMOTE,
        srcport: 443,
        dstport: 50_000,
      }),
      flow(4, { tcp_flags: 2, srcport: 50_001 }),
    ],
  });
  expect(explanation.enrichment?.deciding_records).toMatchObject([
    { flow_id: 'o:2', initiator: 'source', action: 'REJECT', tcp_flags: 2 },
    { flow_id: 'o:3', initiator: 'source', tcp_flags: 18 },
  ]);
});

describe('a copy', () => {
  const world: World = {
    before: [networkInterface(), GROUP, HTTPS],
    flows: [flow(1), flow(2, { object_id: 'p', line_number: 7, vpc_id: 'vpc-a' })],
    fill: (database) =>
      addRows(database, 'source_object', [
        flowObject('p', {
          source: 'flow_logs[1]',
          fields: [...fixture.DEFAULT_FIELDS, 'vpc-id'],
        }),
      ]),
  };

  test('is explained by the record that stands for it, and both are shown', async () => {
    const explanation = await explainIn(world, 'o:1');
    expect(explanation).toMatchObject({
      asked_flow_id: 'o:1',
      flow_id: 'p:7',
      record: { object_id: 'p', fields: { 'vpc-id': 'vpc-a' } },
      asked_record: { object_id: 'o' },
      copy_of: [{ flow_id: 'o:1', kept_flow_id: 'p:7', copied_as: 'record' }],
      enrichment: { rule_verdict: 'permitted' },
    });
    expect(show(explanation)).toContain('p:7 stands for it');
  });

  test('is named by the record that stands for it', async () => {
    const explanation = await explainIn(world, 'p:7');
    expect(explanation).toMatchObject({ flow_id: 'p:7', asked_record: null, copy_of: [] });
    expect(explanation.copies).toMatchObject([{ flow_id: 'o:1', source: 'flow_logs[0]' }]);
    expect(show(explanation)).toMatch(/^Copies\n {2}o:1 {2}record by flow_logs\[0\]/m);
  });
});

test('content of a log cannot drive the terminal', async () => {
  const explanation = await explainIn({
    before: [networkInterface({ tags: { Name: 'web\u001b[2J\u202e' } }), GROUP, HTTPS],
    events: [
      fixture.ipsEvent('e-1', { user_name: 'root\r\n\u0007', signature_name: 'x\u001b]0;y' }),
    ],
  });
  const text = show(explanation);
  expect(text).toContain('web␛[2J<U+202E>');
  expect(text).toContain('root␍␊␇');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point.
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
});

describe('what is no flow to explain', () => {
  async function answer(flowId: string, fill: (database: Database) => Promise<void>) {
    const database = await openTables();
    try {
      await fill(database);
      const { connection } = database;
      return await explain({ connection, flowId, config: { metadata_max_age_hours: 24 } });
    } finally {
      database.close();
    }
  }

  test('a record that is not enriched yet is shown, with what to do', async () => {
    const explanation = await answer('o:1', async (database) => {
      await addRows(database, 'source_object', [flowObject('o')]);
      await addRows(database, 'flow', [flow(1)]);
    });
    expect(explanation).toMatchObject({ flow_id: 'o:1', enrichment: null });
    expect(explanation.record.fields).toMatchObject({ srcaddr: fixture.REMOTE, dstport: 443 });
    expect(explanation.notes).toEqual([
      expect.stringMatching(/not enriched yet.*flowproof enrich/),
    ]);
    expect(show(explanation)).toContain('Note\n  The record is not enriched yet');
  });

  test.each(['', 'o', 'o:', 'o:0', 'o:-1', 'o:1:2', ':1', 'o:1x', 'o 1:1', 'o:12345678901234567'])(
    'the id "%s" is refused',
    async (flowId) => {
      const asked = answer(flowId, async () => {});
      await expect(asked).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 });
      await expect(asked).rejects.toThrow(`"${flowId}" is no flow id`);
    },
  );

  test.each<[string, RegExp, (database: Database) => Promise<void>]>([
    ['an object that the lake does not have', /the lake has no object o/, async () => {}],
    [
      'a line that could not be read',
      /line 1 of file:\/\/\/logs\/o could not be read: srcport is not a whole number/,
      async (database) => {
        await addRows(database, 'source_object', [flowObject('o')]);
        await addRows(database, 'rejected_record', [
          { object_id: 'o', line_number: 1, reason: 'srcport is not a whole number' },
        ]);
      },
    ],
    [
      'an interval without traffic',
      /is a NODATA record/,
      async (database) => {
        await addRows(database, 'source_object', [flowObject('o')]);
        await addRows(database, 'flow_status', [
          { object_id: 'o', line_number: 1, log_status: 'NODATA' },
        ]);
      },
    ],
    [
      'a header, or a line behind the end',
      /is no flow \(of kind flow_logs, loaded, with 4 lines\)/,
      (database) => addRows(database, 'source_object', [flowObject('o', { line_count: 4 })]),
    ],
    [
      'content that was replaced',
      /was replaced by later content, object p/,
      (database) =>
        addRows(database, 'source_object', [
          flowObject('o'),
          flowObject('p', { supersedes_object_id: 'o' }),
        ]),
    ],
  ])('%s', async (_, message, fill) => {
    const asked = answer('o:1', fill);
    await expect(asked).rejects.toMatchObject({ code: 'FLOW_UNKNOWN', exitCode: 2 });
    await expect(asked).rejects.toThrow(message);
  });
});
