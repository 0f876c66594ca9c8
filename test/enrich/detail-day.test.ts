/** The daily rollups of details and of copies against a count over the flows themselves. */
import { expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from './fixture.ts';

const { DAY, DEFAULT_FIELDS, FULL_FIELDS, INTERFACE, LOCAL, REMOTE } = fixture;

const OTHER = 'eni-0b0000000000000b2';
const FULL = {
  ...{ vpc_id: 'vpc-a', instance_id: 'i-1', flow_direction: 'ingress' },
  ...{ pkt_srcaddr: REMOTE, pkt_dstaddr: LOCAL },
};

const ELEMENTS = [
  ...['user_identification', 'event_type', 'event_time'],
  ...['outcome', 'origination', 'affected_resource'],
];

const LABELS =
  'source, flow_log_id, log_format, network_interface_id, instance_name, owner_kind, scope_name';

async function fill(database: Database): Promise<void> {
  await fixture.addSnapshot(database, `${DAY} 00:00:00`, [
    fixture.networkInterface({ instance: 'i-1' }),
    fixture.networkInterface({ id: OTHER, addresses: ['10.0.1.20'], type: 'nat_gateway' }),
    fixture.tagged('instance', 'i-1', { Name: 'web-1' }),
    {
      type: 'flow_log',
      id: 'fl-1',
      configuration: { FlowLogId: 'fl-1', TrafficType: 'ALL' },
    },
  ]);
  await fixture.addRows(database, 'source_object', [
    fixture.flowObject('full', { fields: FULL_FIELDS, flow_log_id: 'fl-1' }),
    fixture.flowObject('poor', { fields: DEFAULT_FIELDS, flow_log_id: 'fl-2' }),
  ]);
  const times = (minute: number) => ({
    start_at: `${DAY} 10:${String(minute).padStart(2, '0')}:00`,
    end_at: `${DAY} 10:${String(minute).padStart(2, '0')}:30`,
  });
  await fixture.addRows(database, 'flow', [
    // Alike, so of one class; an event concerns the second of them.
    ...[1, 2, 3, 4].map((line) =>
      fixture.flow(line, {
        ...{ object_id: 'full', tcp_flags: 2, srcport: 50_000 + line },
        ...{ ...FULL, ...times(line) },
      }),
    ),
    fixture.flow(5, { object_id: 'full', tcp_flags: 0, ...FULL, action: 'REJECT', ...times(5) }),
    fixture.flow(6, { object_id: 'full', interface_id: OTHER, dstaddr: '10.0.1.20', ...times(6) }),
    // What another flow log recorded of the first two, and of an interface that only it knows.
    ...[1, 2].map((line) =>
      fixture.flow(line, { object_id: 'poor', srcport: 50_000 + line, ...times(line) }),
    ),
    fixture.flow(3, { object_id: 'poor', interface_id: 'eni-unknown', ...times(7) }),
  ]);
  await fixture.addRows(database, 'ips_event', [
    fixture.ipsEvent('e1', { event_at: `${DAY} 10:02:10`, source_port: 50_002 }),
  ]);
}

async function withDay(check: (database: Database) => Promise<void>): Promise<void> {
  const database = await openTables(['ingest']);
  try {
    await fill(database);
    await fixture.runSteps(database, {
      scope: [{ name: 'cde', match: { interface: [INTERFACE] } }],
    });
    await check(database);
  } finally {
    database.close();
  }
}

test('every flow counts once for each detail, with the words that it has itself', async () => {
  await withDay(async (database) => {
    const rolled = await fixture.read(
      database,
      `select ${LABELS}, element, status, code || ': ' || reason as reason, supplied_by, remedy,
         sum(flow_count) as flow_count
       from detail_day group by all order by all`,
    );
    const one = ELEMENTS.map(
      (element) =>
        `select ${LABELS}, '${element}' as element, ${element} as status, ${element}_reason as reason,
           ${element}_supplied_by as supplied_by, ${element}_remedy as remedy, count(*) as flow_count
         from flow_detail group by all`,
    );
    const counted = await fixture.read(
      database,
      `select * from (${one.join(' union all ')}) order by all`,
    );
    expect(rolled).toEqual(counted);
    const total = rolled.filter((row) => row.element === 'outcome');
    expect(total.reduce((sum, row) => sum + Number(row.flow_count), 0)).toBe(7);
    // One of the four that are alike has an event.
    expect(
      total.filter((row) => row.scope_name === 'cde').map((row) => [row.status, row.flow_count]),
    ).toEqual([
      ['partial', 4],
      ['supplied', 1],
    ]);
  });
});

test('the times are of the flows of the day', async () => {
  await withDay(async (database) => {
    expect(
      await fixture.read(
        database,
        `select min(first_at) as first_at, max(last_at) as last_at from detail_day
         where network_interface_id = '${INTERFACE}'`,
      ),
    ).toEqual([{ first_at: `${DAY} 10:01:00`, last_at: `${DAY} 10:05:30` }]);
  });
});

test('copies count for who recorded them, and for the interface of the flows that stand for them', async () => {
  await withDay(async (database) => {
    expect(
      await fixture.read(
        database,
        `select flow_log_id, kept_flow_log_id, network_interface_id, scope_name, copy_count from copy_day`,
      ),
    ).toEqual([
      {
        flow_log_id: 'fl-2',
        kept_flow_log_id: 'fl-1',
        network_interface_id: INTERFACE,
        scope_name: 'cde',
        copy_count: 2,
      },
    ]);
  });
});
