import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database.ts';
import { openTables } from '../catalogue-rows.ts';
import {
  addRows,
  DAY,
  DEFAULT_FIELDS,
  FULL_FIELDS,
  flow,
  flowObject,
  INTERFACE,
  type Row,
  read,
  runSteps,
} from './fixture.ts';

/** The steps that find copies, and no other. */
const COPY_STEPS = [
  ...['flow_object', 'overlap_record', 'overlap_pair', 'overlap_side'],
  ...['flow_copy', 'flow_overlap'],
];

const RICH_PARTS = { pkt_srcaddr: '203.0.113.9', pkt_dstaddr: '10.0.1.10', tcp_flags: 2 };

let database: Database;

beforeAll(async () => {
  database = await openTables(['ingest', 'staging']);
});

afterAll(() => database.close());

async function empty(): Promise<void> {
  for (const table of ['flow', 'source_object', 'flow_log']) {
    await database.connection.run(`truncate ${table}`);
  }
}

beforeEach(empty);

/** Objects of a VPC flow log `a` with all fields, and of others with the default ones. */
async function addObjects(...others: string[]): Promise<void> {
  await addRows(database, 'source_object', [
    flowObject('a', { flow_log_id: 'fl-a', fields: FULL_FIELDS }),
    ...others.map((name) => flowObject(name, { flow_log_id: `fl-${name}` })),
  ]);
}

async function copiesOf(rows: readonly Row[]): Promise<string[]> {
  await addRows(database, 'flow', rows);
  await runSteps(database, { steps: new Set(COPY_STEPS) });
  const found = await read(
    database,
    'select flow_id, copied_as, kept_flow_id from flow_copy order by flow_id, kept_flow_id',
  );
  return found.map((row) => `${row.flow_id} ${row.copied_as} ${row.kept_flow_id}`);
}

async function overlaps(): Promise<string[]> {
  const found = await read(
    database,
    `select interface_id, coalesce(flow_log_id, source) as log, coalesce(other_flow_log_id, other_source) as other,
       reason, record_count, other_record_count, started_at
     from flow_overlap order by all`,
  );
  return found.map((row) => Object.values(row).join(' '));
}

const rich = (line: number, parts: Row = {}): Row =>
  flow(line, { object_id: 'a', ...RICH_PARTS, ...parts });
const plain = (line: number, parts: Row = {}): Row => flow(line, { object_id: 'b', ...parts });
const at = (time: string): string => `${DAY} ${time}`;

describe('flow_copy', () => {
  it('takes the record with fewer fields for a copy of the equal one with more', async () => {
    await addObjects('b');
    expect(await copiesOf([rich(1), plain(7)])).toEqual(['b:7 record a:1']);
    expect(await read(database, 'select * from flow_copy')).toEqual([
      {
        flow_id: 'b:7',
        kept_flow_id: 'a:1',
        copied_as: 'record',
        compared_fields:
          'interface-id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start, end, action',
        interface_id: INTERFACE,
        source: 'flow_logs[0]',
        flow_log_id: 'fl-b',
        log_format: DEFAULT_FIELDS.join(' '),
        kept_source: 'flow_logs[0]',
        kept_flow_log_id: 'fl-a',
        start_at: at('10:00:00'),
        end_at: at('10:00:30'),
        object_id: 'b',
        line_number: 7,
        flow_date: `${DAY} 00:00:00`,
      },
    ]);
    expect(await overlaps()).toEqual([]);
  });

  it.each<[string, Row]>([
    ['interface', { interface_id: 'eni-other' }],
    ['source address', { srcaddr: '198.51.100.8' }],
    ['destination address', { dstaddr: '10.0.1.11' }],
    ['source port', { srcport: 50_001 }],
    ['destination port', { dstport: 444 }],
    ['protocol', { protocol: 17 }],
    ['packets', { packets: 4 }],
    ['bytes', { bytes: 181 }],
    ['no bytes in one record of a format that has them', { bytes: null }],
    ['start', { start_at: at('10:00:01') }],
    ['end', { end_at: at('10:00:29') }],
    ['action', { action: 'REJECT' }],
  ])('leaves records that differ in the %s', async (_, parts) => {
    await addObjects('b');
    // The equal pair gives each flow log every field of the other's records.
    const pair = { srcport: 1 };
    const shared = { interface_id: parts.interface_id ?? INTERFACE, start_at: at('10:00:00') };
    expect(
      await copiesOf([
        rich(1),
        plain(1, parts),
        rich(2, { ...pair, ...shared }),
        plain(2, { ...pair, ...shared }),
      ]),
    ).toEqual(['b:2 record a:2']);
  });

  it.each<[string, Row]>([
    ['packet-level source', { pkt_srcaddr: '203.0.113.10' }],
    ['packet-level destination', { pkt_dstaddr: '10.0.1.12' }],
    ['TCP flags', { tcp_flags: 3 }],
    ['direction', { flow_direction: 'egress' }],
  ])('leaves records that differ in the %s, where both formats have it', async (_, parts) => {
    await addObjects('b');
    const ingress = { flow_direction: 'ingress' };
    expect(await copiesOf([rich(1, ingress), plain(1, { ...RICH_PARTS, ...ingress })])).toEqual([
      'b:1 record a:1',
    ]);
    await empty();
    await addObjects('b');
    expect(
      await copiesOf([rich(1, ingress), plain(1, { ...RICH_PARTS, ...ingress, ...parts })]),
    ).toEqual([]);
  });

  it('never takes two equal records of one flow log for copies', async () => {
    await addObjects();
    expect(await copiesOf([rich(1), rich(2)])).toEqual([]);
  });

  it('takes two equal records in each of two flow logs for two flows', async () => {
    await addObjects('b');
    expect(await copiesOf([rich(2), rich(1), plain(1), plain(2), plain(3)])).toEqual([
      'b:1 record a:1',
      'b:2 record a:2',
    ]);
    // The third of the one is a flow that the other does not have, not a doubt.
    expect(await overlaps()).toEqual([]);
  });

  it('tells poor records apart as far as the rich ones do', async () => {
    await addObjects('b');
    const bare = { srcport: null, dstport: null };
    expect(
      await copiesOf([
        rich(1, { srcport: 1 }),
        rich(2, { srcport: 2 }),
        plain(1, bare),
        plain(2, bare),
      ]),
    ).toEqual(['b:1 record a:1', 'b:2 record a:2']);
  });

  it('makes no copy of a copy, where the two differ from each other', async () => {
    await addObjects('b', 'c');
    const other = { ...RICH_PARTS, pkt_srcaddr: '203.0.113.99' };
    // Poor `c` equals `a` and `b`, which differ; it stands with the richer one alone.
    expect(await copiesOf([rich(1), plain(1, other), flow(1, { object_id: 'c' })])).toEqual([
      'c:1 record a:1',
    ]);
    await empty();
    await addRows(database, 'source_object', [
      flowObject('a', { flow_log_id: 'fl-a', fields: [...FULL_FIELDS, 'az-id'] }),
      flowObject('b', { flow_log_id: 'fl-b', fields: FULL_FIELDS }),
      flowObject('c', { flow_log_id: 'fl-c', fields: DEFAULT_FIELDS }),
    ]);
    // `b` lacks what `a` and `c` differ in: it is a copy of `a`, and `c` is none of `b`.
    expect(
      await copiesOf([
        rich(1),
        flow(1, { object_id: 'b', tcp_flags: 2 }),
        flow(1, { object_id: 'c', pkt_srcaddr: '203.0.113.99' }),
      ]),
    ).toEqual(['b:1 record a:1']);
  });

  it('finds the copies of one flow log that two entries of the configuration read', async () => {
    await addRows(database, 'source_object', [
      flowObject('a', { flow_log_id: 'fl-a' }),
      flowObject('b', { flow_log_id: 'fl-a', source: 'flow_logs[1]' }),
      flowObject('c', { flow_log_id: 'fl-a' }),
    ]);
    expect(
      await copiesOf([flow(1, { object_id: 'a' }), plain(1), flow(1, { object_id: 'c' })]),
    ).toEqual(['b:1 record a:1']);
  });

  it('takes two formats of one entry for two flow logs, as none can be edited', async () => {
    await addRows(database, 'source_object', [
      flowObject('a', { fields: FULL_FIELDS }),
      flowObject('b', { fields: DEFAULT_FIELDS }),
      flowObject('c', { fields: DEFAULT_FIELDS.map((name) => name.replace('-', '_')) }),
    ]);
    expect(await copiesOf([rich(1), plain(1), flow(1, { object_id: 'c' })])).toEqual([
      'b:1 record a:1',
    ]);
  });

  it('knows the flow log of a log group that only one writes to', async () => {
    await addRows(database, 'flow_log', [
      { flow_log_id: 'fl-b', log_group_name: '/vpc/flow-logs', valid_from: at('00:00:00') },
    ]);
    await addRows(database, 'source_object', [
      flowObject('a', { flow_log_id: 'fl-a', fields: FULL_FIELDS }),
      flowObject('b', { uri: `cloudwatch-logs://us-east-1:/vpc/flow-logs?date=${DAY}` }),
    ]);
    await copiesOf([rich(1), plain(1)]);
    expect(await read(database, 'select flow_log_id, kept_flow_log_id from flow_copy')).toEqual([
      { flow_log_id: 'fl-b', kept_flow_log_id: 'fl-a' },
    ]);
  });

  const minutes = (count: number, parts: Row = {}): Row[] =>
    Array.from({ length: count }, (_, index) =>
      plain(index + 1, {
        packets: index + 1,
        bytes: 100 * (index + 1),
        start_at: at(`10:0${index}:00`),
        end_at: at(`10:0${index}:58`),
        ...parts,
      }),
    );
  const TEN_MINUTES = {
    packets: 15,
    bytes: 1500,
    start_at: at('10:00:00'),
    end_at: at('10:04:58'),
  };

  it('takes short records for parts of the long one with more fields that is their sum', async () => {
    await addObjects('b', 'c');
    const alike = minutes(5, { object_id: 'c' });
    expect(await copiesOf([rich(1, TEN_MINUTES), ...minutes(5), ...alike])).toEqual([
      ...[1, 2, 3, 4, 5].map((line) => `b:${line} part a:1`),
      // Copies of the parts are copies of the whole.
      ...[1, 2, 3, 4, 5].map((line) => `c:${line} part a:1`),
    ]);
    expect(await overlaps()).toEqual([]);
  });

  it('takes a long record with fewer fields for the sum of the short ones', async () => {
    await addObjects('b');
    const short = minutes(5).map((row) => ({ ...row, ...RICH_PARTS, object_id: 'a' }));
    expect(await copiesOf([plain(1, TEN_MINUTES), ...short])).toEqual(
      [1, 2, 3, 4, 5].map((line) => `b:1 sum a:${line}`),
    );
  });

  it.each<[string, Row]>([
    ['packets', { packets: 14 }],
    ['bytes', { bytes: 1501 }],
    ['a start', { start_at: at('09:59:59') }],
    ['an end', { end_at: at('10:05:00') }],
  ])('does not guess where the sum differs by %s, and says that they overlap', async (_, parts) => {
    await addObjects('b');
    expect(await copiesOf([rich(1, { ...TEN_MINUTES, ...parts }), ...minutes(5)])).toEqual([]);
    expect(await overlaps()).toEqual([
      `${INTERFACE} fl-a fl-b records_differ 1 5 ${at('10:00:00')}`,
    ]);
  });

  it('does not guess which of two equal long records the short ones are parts of', async () => {
    await addObjects('b');
    expect(await copiesOf([rich(1, TEN_MINUTES), rich(2, TEN_MINUTES), ...minutes(5)])).toEqual([]);
    expect(await overlaps()).toEqual([
      `${INTERFACE} fl-a fl-b records_differ 2 5 ${at('10:00:00')}`,
    ]);
  });
});

describe('flow_overlap', () => {
  it('has nothing of records of other connections, or of the same at another time', async () => {
    await addObjects('b');
    await copiesOf([
      rich(1),
      plain(1, { srcport: 9 }),
      plain(2, { start_at: at('10:00:30'), end_at: at('10:01:00') }),
      plain(3, { action: 'REJECT' }),
    ]);
    expect(await overlaps()).toEqual([]);
  });

  it('has a row an hour, counting each record once', async () => {
    await addObjects('b');
    await copiesOf([
      rich(1, { start_at: at('10:59:00'), end_at: at('11:00:00') }),
      rich(2, { start_at: at('11:00:00'), end_at: at('11:01:00') }),
      plain(1, { start_at: at('10:59:30'), end_at: at('11:00:30') }),
      plain(2, { start_at: at('10:58:30'), end_at: at('10:59:30') }),
    ]);
    expect(await overlaps()).toEqual([
      `${INTERFACE} fl-a fl-b records_differ 1 1 ${at('11:00:00')}`,
      `${INTERFACE} fl-a fl-b records_differ 1 2 ${at('10:59:00')}`,
    ]);
  });

  it.each<[string, Row, string[]]>([
    ['times', { start_at: null, end_at: null }, ['fields_not_shared']],
    ['an end', { end_at: null }, ['fields_not_shared']],
    ['addresses', { dstaddr: null }, ['fields_not_shared']],
    ['packets and bytes', { packets: null, bytes: null }, ['fields_not_shared']],
    ['packets', { packets: null }, []],
    // One flow log of what is accepted beside one of what is rejected.
    ['an action in common', { action: 'REJECT', packets: null, bytes: null }, []],
    ['hours in common', { start_at: at('11:00:00'), end_at: null }, []],
  ])('says what a format without %s leaves open', async (_, parts, reasons) => {
    await addObjects('b');
    await copiesOf([rich(1), plain(1, parts)]);
    expect((await overlaps()).map((text) => text.split(' ')[3])).toEqual(reasons);
  });

  it('looks at nothing where each interface has one flow log', async () => {
    await addObjects('b');
    await copiesOf([rich(1), plain(1, { interface_id: 'eni-other' })]);
    expect(await read(database, 'select count(*) as n from overlap_record')).toEqual([{ n: 0 }]);
  });
});

describe('any flows, as any flow logs recorded them', () => {
  const FIELDS = ['srcport', 'dstport', 'tcp_flags', 'pkt_srcaddr', 'packets'] as const;

  /** Few values, so that records often agree without being one. */
  const trueFlow = fc.record({
    interface_id: fc.constantFrom('eni-1', 'eni-2'),
    srcport: fc.constantFrom(1, 2),
    dstport: fc.constantFrom(22, 443),
    tcp_flags: fc.constantFrom(2, 3),
    pkt_srcaddr: fc.constantFrom('203.0.113.1', '203.0.113.2'),
    packets: fc.constantFrom(1, 2),
    action: fc.constantFrom('ACCEPT', 'REJECT'),
    minute: fc.constantFrom(0, 1),
  });
  const log = fc.record({
    fields: fc.subarray([...FIELDS]),
    /** Which flows it lost. */
    isLossy: fc.boolean(),
    losses: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
  });

  type TrueFlow = Parameters<Parameters<typeof trueFlow.map>[0]>[0];

  function recordOf({ minute, ...parts }: TrueFlow, fields: readonly string[], own: Row): Row {
    const lacking = FIELDS.filter((field) => !fields.includes(field));
    return flow(1, {
      start_at: at(`10:0${minute}:00`),
      end_at: at(`10:0${minute}:50`),
      bytes: 40,
      ...parts,
      ...Object.fromEntries(lacking.map((field) => [field, null])),
      ...own,
    });
  }

  it('each record is a flow or a copy of an equal one of another flow log', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(trueFlow, { minLength: 1, maxLength: 12 }),
        fc.array(log, { minLength: 1, maxLength: 3 }),
        async (flows, logs) => {
          await empty();
          const rows = logs.flatMap(({ fields, isLossy, losses }, index) =>
            flows
              .map((one, line) => ({ one, line }))
              .filter(({ line }) => !(isLossy && losses[line]))
              .map(({ one, line }) =>
                recordOf(one, fields, { object_id: `o${index}`, line_number: line + 1 }),
              ),
          );
          await addRows(
            database,
            'source_object',
            logs.map(({ fields }, index) =>
              flowObject(`o${index}`, { flow_log_id: `fl-${index}`, fields: ['x', ...fields] }),
            ),
          );
          const copies = (await copiesOf(rows)).map((text) => text.split(' '));
          const byId = new Map(rows.map((row) => [`${row.object_id}:${row.line_number}`, row]));
          const copied = new Set(copies.map(([id]) => id));
          const stoodFor = new Set<string>();
          for (const [id = '', , keptId = ''] of copies) {
            expect(copied.has(keptId)).toBe(false);
            // One record stands for one of each other flow log, at most.
            const key = `${keptId} ${byId.get(id)?.object_id}`;
            expect(stoodFor.has(key)).toBe(false);
            stoodFor.add(key);
            expect(byId.get(id)?.object_id).not.toBe(byId.get(keptId)?.object_id);
            for (const [name, value] of Object.entries(byId.get(id) ?? {})) {
              const kept = byId.get(keptId)?.[name];
              if (name === 'object_id' || name === 'line_number') continue;
              if (value !== null && kept !== null) expect([name, kept]).toEqual([name, value]);
            }
          }
          expect(copies).toHaveLength(copied.size);
          // Where no flow log lost any, there are as many flows as there were.
          if (logs.every(({ isLossy }) => !isLossy)) {
            expect(rows.length - copied.size).toBe(flows.length);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
