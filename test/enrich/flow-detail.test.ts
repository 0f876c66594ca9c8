import { expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import * as fixture from './fixture.ts';

const { DAY, DEFAULT_FIELDS, FULL_FIELDS, LOCAL, REMOTE, flow, flowObject, ipsEvent } = fixture;

const ELEMENTS = [
  ...['user_identification', 'event_type', 'event_time'],
  ...['outcome', 'origination', 'affected_resource'],
];

const FULL = {
  ...{ vpc_id: 'vpc-a', instance_id: 'i-1', tcp_flags: 2, flow_direction: 'ingress' },
  ...{ pkt_srcaddr: REMOTE, pkt_dstaddr: LOCAL },
};

const TRANSIT_GATEWAY_FIELDS = [
  ...DEFAULT_FIELDS.filter((name) => !['interface-id', 'action'].includes(name)),
  ...['tcp-flags', 'flow-direction', 'resource-type', 'tgw-id', 'tgw-attachment-id'],
];

type Given = {
  fields?: readonly string[];
  flow?: fixture.Row;
  events?: readonly fixture.Row[];
  items?: readonly fixture.Item[];
  trafficType?: string;
  /** A second snapshot, by which the interface has changed. */
  later?: readonly fixture.Item[];
};

async function fill(database: Database, given: Given): Promise<void> {
  const items = given.items ?? [];
  const flowLog = {
    type: 'flow_log',
    id: 'fl-1',
    configuration: { FlowLogId: 'fl-1', TrafficType: given.trafficType ?? 'ALL' },
  };
  await fixture.addSnapshot(database, `${DAY} 00:00:00`, [...items, flowLog]);
  if (given.later) await fixture.addSnapshot(database, `${DAY} 12:00:00`, given.later);
  const fields = given.fields ?? DEFAULT_FIELDS;
  await fixture.addRows(database, 'source_object', [
    flowObject('o', { fields, flow_log_id: 'fl-1' }),
  ]);
  await fixture.addRows(database, 'flow', [flow(1, given.flow ?? {})]);
  await fixture.addRows(database, 'ips_event', given.events ?? []);
}

/** `value CODE` of each of the six elements, in the order of ELEMENTS. */
async function detailOf(given: Given): Promise<Record<string, string>> {
  const [row] = await fixture.enrichAndRead(
    (database) => fill(database, given),
    'select * from flow_detail',
  );
  return Object.fromEntries(
    ELEMENTS.map((name) => [
      name,
      `${row?.[name]} ${String(row?.[`${name}_reason`]).split(':')[0]}`,
    ]),
  );
}

const DEFAULT_DETAIL = {
  user_identification: 'missing FL_NO_USER',
  event_type: 'partial FL_EVENT_TYPE_PARTIAL',
  event_time: 'met FL_TIME_WITHIN_60_SECONDS',
  outcome: 'partial FL_FILTER_VERDICT_ONLY',
  origination: 'partial FL_NO_DIRECTION_OR_FLAGS',
  affected_resource: 'partial META_UNRESOLVED_ENI',
};

const FULL_DETAIL = {
  ...DEFAULT_DETAIL,
  origination: 'met FL_ORIGIN_BY_FLAGS',
  affected_resource: 'met FL_COMPONENT_NOT_DATA',
};

const own = fixture.networkInterface({ instance: 'i-1' });
const relay = (parts: fixture.InterfaceParts): fixture.Item =>
  fixture.networkInterface({ id: 'eni-relay', addresses: [REMOTE], ...parts });
const full = { fields: FULL_FIELDS, flow: FULL };
const logon = (id: string, user: string): fixture.Row =>
  ipsEvent(id, {
    ...{ module: 'log_inspection', protocol: null, source_port: null, destination_port: null },
    ...{ destination_address: null, host_address: LOCAL, user_name: user, disposition: 'logged' },
  });

test.each<[string, Given, Partial<Record<(typeof ELEMENTS)[number], string>>]>([
  ['the default format, without inventory', {}, DEFAULT_DETAIL],
  [
    'the default format, with inventory',
    { items: [own] },
    { ...DEFAULT_DETAIL, affected_resource: 'supplied SUPPLIED_BY_INVENTORY' },
  ],
  ['a full format', full, FULL_DETAIL],
  [
    'a full format, as Parquet writes the names',
    { ...full, fields: FULL_FIELDS.map((name) => name.replaceAll('-', '_')) },
    FULL_DETAIL,
  ],
  [
    'a transit gateway, as Parquet writes the names',
    {
      fields: TRANSIT_GATEWAY_FIELDS.map((name) => name.replaceAll('-', '_')),
      flow: { interface_id: null, action: null, tcp_flags: 2, tgw_id: 'tgw-0a' },
    },
    {
      ...DEFAULT_DETAIL,
      outcome: 'missing FL_TGW_NO_OUTCOME',
      origination: 'partial FL_TGW_NO_PKT_ADDR',
      affected_resource: 'partial FL_TGW_NO_INTERFACE',
    },
  ],
  [
    'a full format, on a row without flags of opening',
    { ...full, flow: { ...FULL, tcp_flags: 0 } },
    { ...FULL_DETAIL, origination: 'partial FL_INITIATOR_INFERRED' },
  ],
  [
    'a format with flags and without packet addresses',
    { fields: [...DEFAULT_FIELDS, 'tcp-flags'], flow: { tcp_flags: 2 } },
    { ...DEFAULT_DETAIL, origination: 'partial FL_NO_PKT_ADDR' },
  ],
  [
    'a full format without source ports',
    {
      fields: FULL_FIELDS.filter((name) => name !== 'srcport'),
      flow: { ...FULL, srcport: null },
    },
    { ...FULL_DETAIL, origination: 'partial FL_NO_SOURCE_PORT' },
  ],
  [
    'a flow log of rejected traffic only',
    { trafficType: 'REJECT', flow: { action: 'REJECT' } },
    { ...DEFAULT_DETAIL, outcome: 'partial FL_TRAFFIC_TYPE_NOT_ALL' },
  ],
  [
    'a format without action, times and protocol',
    {
      fields: DEFAULT_FIELDS.filter(
        (name) => !['action', 'start', 'end', 'protocol'].includes(name),
      ),
      flow: { action: null, start_at: null, end_at: null, protocol: null },
    },
    {
      ...DEFAULT_DETAIL,
      event_type: 'missing FL_FORMAT_MISSING_EVENT_TYPE',
      event_time: 'missing FL_FORMAT_MISSING_EVENT_TIME',
      outcome: 'missing FL_FORMAT_MISSING_OUTCOME',
      affected_resource: 'partial FL_NO_SERVICE',
    },
  ],
  [
    'a record with only its end',
    { flow: { start_at: null } },
    { ...DEFAULT_DETAIL, event_time: 'partial FL_ONE_TIME_ONLY' },
  ],
  [
    'a record without addresses',
    { flow: { srcaddr: null, dstaddr: null } },
    {
      ...DEFAULT_DETAIL,
      origination: 'missing FL_RECORD_MISSING_ORIGINATION',
      affected_resource: 'missing FL_RECORD_MISSING_AFFECTED_RESOURCE',
    },
  ],
  [
    'an event with a signature and a disposition',
    { events: [ipsEvent('e1')] },
    {
      ...DEFAULT_DETAIL,
      event_type: 'supplied SUPPLIED_BY_IPS_EVENT',
      outcome: 'supplied SUPPLIED_BY_IPS_EVENT',
    },
  ],
  [
    'an event that only logs supplies no outcome',
    { events: [ipsEvent('e1', { disposition: 'logged', signature_id: null })] },
    DEFAULT_DETAIL,
  ],
  [
    'an event that names a client behind a proxy',
    {
      events: [
        ipsEvent('e1', {
          client_address: '203.0.113.9',
          signature_id: null,
          disposition: 'logged',
        }),
      ],
    },
    { ...DEFAULT_DETAIL, origination: 'supplied SUPPLIED_BY_IPS_EVENT' },
  ],
  [
    'a logon of one user, told twice',
    { flow: { dstport: 22 }, events: [logon('e1', 'deploy'), logon('e2', 'deploy')] },
    { user_identification: 'supplied SUPPLIED_BY_IPS_EVENT' },
  ],
  [
    'a logon between the same hosts as a flow to a service that nobody logs on to',
    { flow: { dstport: 443 }, events: [logon('e1', 'deploy')] },
    DEFAULT_DETAIL,
  ],
  [
    'an event without ports, of a flow that has none',
    {
      flow: { protocol: 1, srcport: 0, dstport: 0 },
      events: [ipsEvent('e1', { protocol: 1, source_port: null, destination_port: null })],
    },
    { event_type: 'supplied SUPPLIED_BY_IPS_EVENT' },
  ],
  [
    'logons of two users',
    { flow: { dstport: 22 }, events: [logon('e1', 'deploy'), logon('e2', 'backup')] },
    { user_identification: 'missing EVENT_USER_AMBIGUOUS' },
  ],
  [
    'a load balancer as the client',
    { ...full, items: [own, relay({ description: 'ELB app/shop/0123456789abcdef' })] },
    { ...FULL_DETAIL, origination: 'partial FL_CLIENT_BEHIND_RELAY' },
  ],
  [
    'a NAT gateway as the client',
    { ...full, items: [own, relay({ type: 'nat_gateway' })] },
    { ...FULL_DETAIL, origination: 'partial FL_CLIENT_BEHIND_RELAY' },
  ],
  ['an instance as the client', { ...full, items: [own, relay({ instance: 'i-2' })] }, FULL_DETAIL],
  [
    'an interface that changed about then',
    {
      ...full,
      items: [own],
      later: [fixture.networkInterface({ groups: ['sg-b'], instance: 'i-1' })],
    },
    { ...FULL_DETAIL, affected_resource: 'partial META_AMBIGUOUS_AS_OF' },
  ],
])('%s', async (_, given, expected) => {
  expect(await detailOf(given)).toMatchObject(expected);
});

test('each detail names what supplies it and what would remedy it', async () => {
  const [row] = await fixture.enrichAndRead(
    (database) => fill(database, { events: [ipsEvent('e1')] }),
    'select * from flow_detail',
  );
  expect(row).toMatchObject({
    event_type_supplied_by: 'IPS event: signature (match of high confidence)',
    event_type_remedy: null,
    event_time_supplied_by: 'flow log: start, end',
    user_identification_supplied_by: null,
    user_identification_remedy: expect.stringContaining('CloudTrail'),
  });
});

test('a workload identity is shown, and is not a user', async () => {
  const instance: fixture.Item = {
    type: 'instance',
    id: 'i-1',
    configuration: {
      Tags: [{ Key: 'Name', Value: 'web-1' }],
      IamInstanceProfile: { Arn: `arn:aws:iam::${fixture.ACCOUNT}:instance-profile/web` },
    },
  };
  const [row] = await fixture.enrichAndRead(
    (database) =>
      fill(database, {
        flow: { ecs_task_id: 'task-1', ecs_service_name: 'shop' },
        items: [own, instance],
      }),
    'select * from flow_detail',
  );
  expect(row).toMatchObject({
    workload_identity: `instance profile arn:aws:iam::${fixture.ACCOUNT}:instance-profile/web, ECS task task-1, ECS service shop, tag Name=web-1`,
    user_identification: 'missing',
    user_identification_supplied_by: null,
  });
});

test('without any there is no workload identity', async () => {
  const [row] = await fixture.enrichAndRead(
    (database) => fill(database, {}),
    'select workload_identity from flow_detail',
  );
  expect(row).toEqual({ workload_identity: null });
});
