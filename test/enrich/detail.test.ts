/**
 * The six details of each combination that enrichment can find: `queries/marts/detail.sql` on rows of
 * `detail_subject` alone, cell by cell of the matrix, and over combinations of everything it looks at.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { createScratchTable } from '../../src/enrich/steps.ts';
import { DAY, DEFAULT_FIELDS, FULL_FIELDS } from './fixture.ts';

const SUBJECT_COLUMNS = {
  log_format: 'varchar',
  traffic_type: 'varchar',
  is_transit_gateway: 'boolean',
  has_start: 'boolean',
  has_end: 'boolean',
  has_action: 'boolean',
  has_source: 'boolean',
  has_destination: 'boolean',
  has_source_port: 'boolean',
  has_destination_port: 'boolean',
  has_protocol: 'boolean',
  has_vpc_id: 'boolean',
  has_instance_id: 'boolean',
  is_logon_service: 'boolean',
  initiator_basis: 'varchar',
  is_response: 'boolean',
  is_client_relay: 'boolean',
  as_of_verdict: 'varchar',
  as_of_precision: 'varchar',
  as_of_reason: 'varchar',
  event_user_count: 'bigint',
  event_signature_count: 'bigint',
  event_disposition_count: 'bigint',
  event_client_count: 'bigint',
  event_confidence: 'varchar',
} as const;

type Subject = Record<keyof typeof SUBJECT_COLUMNS, string | number | boolean | null>;

const ELEMENTS = [
  ...(['user_identification', 'event_type', 'event_time'] as const),
  ...(['outcome', 'origination', 'affected_resource'] as const),
];
type Element = (typeof ELEMENTS)[number];

type Detail = {
  detail_id: bigint;
  element: Element;
  status: string;
  code: string;
  reason: string;
  supplied_by: string | null;
  remedy: string | null;
  needs_flow_log: boolean;
};

const HAS_DEFAULT = {
  ...{ has_start: true, has_end: true, has_action: true, has_source: true, has_destination: true },
  ...{ has_source_port: true, has_destination_port: true, has_protocol: true },
};

const NO_EVENTS = {
  ...{ event_user_count: 0, event_signature_count: 0, event_disposition_count: 0 },
  ...{ event_client_count: 0, event_confidence: null },
};

/** A record of the default format from a flow log of all traffic, without inventory or events. */
const DEFAULT: Subject = {
  log_format: DEFAULT_FIELDS.join(' '),
  traffic_type: 'ALL',
  is_transit_gateway: false,
  ...HAS_DEFAULT,
  ...{ has_vpc_id: false, has_instance_id: false, is_logon_service: false },
  ...{ initiator_basis: 'ports', is_response: false, is_client_relay: false },
  ...{ as_of_verdict: 'no_metadata', as_of_precision: null, as_of_reason: 'no snapshot covers it' },
  ...NO_EVENTS,
};

const FULL: Subject = {
  ...DEFAULT,
  log_format: FULL_FIELDS.join(' '),
  ...{ has_vpc_id: true, has_instance_id: true, initiator_basis: 'tcp_flags' },
};

/** The fields of version 2 to 6 that a transit gateway gives and details look at. */
const TRANSIT_GATEWAY: Subject = {
  ...FULL,
  ...{ is_transit_gateway: true, has_action: false, has_vpc_id: false, has_instance_id: false },
  ...{ traffic_type: null },
  log_format:
    'version account-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status tcp-flags flow-direction resource-type tgw-id tgw-attachment-id',
};

const without = (subject: Subject, ...names: string[]): Subject => ({
  ...subject,
  log_format: String(subject.log_format)
    .split(' ')
    .filter((name) => !names.includes(name))
    .join(' '),
});

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
});

afterAll(() => database.close());

/** The details of each subject, in the order of 10.2.2. */
async function detailsOf(subjects: readonly Subject[]): Promise<Detail[][]> {
  const columns = Object.entries(SUBJECT_COLUMNS);
  await database.connection.run(
    `create or replace temporary table detail_subject (detail_id bigint, ${columns.map(([name, type]) => `${name} ${type}`).join(', ')})`,
  );
  const literal = (value: string | number | boolean | null): string =>
    typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
  const rows = subjects.map(
    (subject, index) =>
      `(${[index, ...columns.map(([name]) => literal(subject[name as keyof Subject]))].join(', ')})`,
  );
  await database.connection.run(`insert into detail_subject values ${rows.join(', ')}`);
  await createScratchTable(
    database.connection,
    { name: 'detail', layer: 'marts', kept: 'scratch' },
    { flow_date: DAY },
  );
  const found = await readRows<Detail>(
    database.connection,
    'select * from detail order by detail_id, element_position',
  );
  return subjects.map((_, index) => found.filter((row) => row.detail_id === BigInt(index)));
}

async function detailOf(subject: Subject, element: Element): Promise<Detail> {
  const [details] = await detailsOf([subject]);
  const detail = details?.find((one) => one.element === element);
  if (!detail) throw new Error(`no ${element}`);
  return detail;
}

const event = (counts: Partial<Subject>): Partial<Subject> => ({
  event_confidence: 'high',
  ...counts,
});

type Case = [given: string, subject: Subject, verdict: string, suppliedBy?: string];

const CASES: Record<Element, Case[]> = {
  user_identification: [
    ['the default format', DEFAULT, 'missing FL_NO_USER'],
    ['every field of a flow log', FULL, 'missing FL_NO_USER'],
    [
      'an event of one user',
      { ...DEFAULT, ...event({ event_user_count: 1, event_confidence: 'low' }) },
      'supplied SUPPLIED_BY_IPS_EVENT',
      'IPS event: user name (match of low confidence)',
    ],
    [
      'events of two users',
      { ...DEFAULT, ...event({ event_user_count: 2 }) },
      'missing EVENT_USER_AMBIGUOUS',
    ],
    [
      'an event without a user',
      { ...DEFAULT, ...event({ event_signature_count: 1 }) },
      'missing FL_NO_USER',
    ],
  ],
  event_type: [
    ['the default format', DEFAULT, 'partial FL_EVENT_TYPE_PARTIAL', 'flow log: protocol, dstport'],
    [
      'a full format is no more than partial',
      FULL,
      'partial FL_EVENT_TYPE_PARTIAL',
      'flow log: protocol, dstport, tcp-flags, flow-direction',
    ],
    [
      'a format without protocol',
      { ...without(DEFAULT, 'protocol'), has_protocol: false },
      'missing FL_FORMAT_MISSING_EVENT_TYPE',
    ],
    [
      'a record without a port in a format that has it',
      { ...DEFAULT, has_destination_port: false },
      'missing FL_RECORD_MISSING_EVENT_TYPE',
    ],
    [
      'a signature',
      { ...DEFAULT, ...event({ event_signature_count: 3 }) },
      'supplied SUPPLIED_BY_IPS_EVENT',
      'IPS event: signature (match of high confidence)',
    ],
  ],
  event_time: [
    ['both times', DEFAULT, 'met FL_TIME_WITHIN_60_SECONDS', 'flow log: start, end'],
    ['one time', { ...DEFAULT, has_start: false }, 'partial FL_ONE_TIME_ONLY', 'flow log: end'],
    [
      'one time and an event',
      { ...DEFAULT, has_start: false, ...event({ event_signature_count: 1 }) },
      'supplied SUPPLIED_BY_IPS_EVENT',
      'IPS event: time (match of high confidence)',
    ],
    [
      'a format without times',
      { ...without(DEFAULT, 'start', 'end'), has_start: false, has_end: false },
      'missing FL_FORMAT_MISSING_EVENT_TIME',
    ],
    [
      'a record without times in a format that has them',
      { ...DEFAULT, has_start: false, has_end: false },
      'missing FL_RECORD_MISSING_EVENT_TIME',
    ],
    ['a transit gateway', TRANSIT_GATEWAY, 'met FL_TIME_WITHIN_60_SECONDS', 'flow log: start, end'],
  ],
  outcome: [
    [
      'a flow log of all traffic is no more than partial',
      FULL,
      'partial FL_FILTER_VERDICT_ONLY',
      'flow log: action, log-status',
    ],
    [
      'a flow log of rejected traffic',
      { ...FULL, traffic_type: 'REJECT' },
      'partial FL_TRAFFIC_TYPE_NOT_ALL',
      'flow log: action, log-status',
    ],
    [
      'a flow log of accepted traffic',
      { ...FULL, traffic_type: 'ACCEPT' },
      'partial FL_TRAFFIC_TYPE_NOT_ALL',
      'flow log: action, log-status',
    ],
    [
      'a flow log of which the inventory knows nothing',
      { ...FULL, traffic_type: null },
      'partial FL_TRAFFIC_TYPE_UNKNOWN',
      'flow log: action, log-status',
    ],
    [
      'a format without log-status',
      without(FULL, 'log-status'),
      'partial FL_NO_LOG_STATUS',
      'flow log: action',
    ],
    [
      'a format without action',
      { ...without(FULL, 'action'), has_action: false },
      'missing FL_FORMAT_MISSING_OUTCOME',
    ],
    [
      'a record without action in a format that has it',
      { ...FULL, has_action: false },
      'missing FL_RECORD_MISSING_OUTCOME',
    ],
    ['a transit gateway', TRANSIT_GATEWAY, 'missing FL_TGW_NO_OUTCOME'],
    [
      'a transit gateway and a disposition',
      { ...TRANSIT_GATEWAY, ...event({ event_disposition_count: 1 }) },
      'supplied SUPPLIED_BY_IPS_EVENT',
      'IPS event: disposition (match of high confidence)',
    ],
  ],
  origination: [
    [
      'the default format',
      DEFAULT,
      'partial FL_NO_DIRECTION_OR_FLAGS',
      'flow log: srcaddr, srcport',
    ],
    [
      'a full format with flags',
      FULL,
      'met FL_ORIGIN_BY_FLAGS',
      'flow log: srcaddr, srcport, tcp-flags, pkt-srcaddr, flow-direction',
    ],
    [
      'a record that answers: the side that opened it stands in its destination',
      { ...FULL, is_response: true },
      'met FL_ORIGIN_BY_FLAGS',
      'flow log: dstaddr, dstport, tcp-flags, pkt-dstaddr, flow-direction',
    ],
    [
      'a record that answers, without its destination',
      { ...FULL, is_response: true, has_destination: false },
      'missing FL_RECORD_MISSING_ORIGINATION',
    ],
    [
      'a full format whose flags stand in other records',
      { ...FULL, initiator_basis: 'conversation' },
      'met FL_ORIGIN_BY_CONVERSATION',
      'flow log: srcaddr, srcport, tcp-flags, pkt-srcaddr, flow-direction, and tcp-flags of other records of the connection',
    ],
    [
      'a full format, inferred from the ports',
      { ...FULL, initiator_basis: 'ports' },
      'partial FL_INITIATOR_INFERRED',
      'flow log: srcaddr, srcport, tcp-flags, pkt-srcaddr, flow-direction',
    ],
    [
      'a full format, unknown',
      { ...FULL, initiator_basis: null },
      'partial FL_INITIATOR_UNKNOWN',
      'flow log: srcaddr, srcport, tcp-flags, pkt-srcaddr, flow-direction',
    ],
    [
      'flags without packet addresses',
      without(FULL, 'pkt-srcaddr'),
      'partial FL_NO_PKT_ADDR',
      'flow log: srcaddr, srcport, tcp-flags, flow-direction',
    ],
    [
      'flags without the direction',
      without(FULL, 'flow-direction'),
      'partial FL_NO_DIRECTION_OR_FLAGS',
      'flow log: srcaddr, srcport, tcp-flags, pkt-srcaddr',
    ],
    [
      'no source port',
      { ...without(FULL, 'srcport'), has_source_port: false },
      'partial FL_NO_SOURCE_PORT',
      'flow log: srcaddr, tcp-flags, pkt-srcaddr, flow-direction',
    ],
    [
      'a format without a source address',
      { ...without(FULL, 'srcaddr', 'pkt-srcaddr'), has_source: false },
      'missing FL_FORMAT_MISSING_ORIGINATION',
    ],
    [
      'a record without a source address',
      { ...FULL, has_source: false },
      'missing FL_RECORD_MISSING_ORIGINATION',
    ],
    [
      'a load balancer or NAT gateway as the client',
      { ...FULL, is_client_relay: true },
      'partial FL_CLIENT_BEHIND_RELAY',
      'flow log: srcaddr, srcport, tcp-flags, pkt-srcaddr, flow-direction',
    ],
    [
      'a forwarding header behind a load balancer',
      { ...FULL, is_client_relay: true, ...event({ event_client_count: 1 }) },
      'supplied SUPPLIED_BY_IPS_EVENT',
      'IPS event: client address (match of high confidence)',
    ],
    [
      'a transit gateway',
      TRANSIT_GATEWAY,
      'partial FL_TGW_NO_PKT_ADDR',
      'flow log: srcaddr, srcport, tcp-flags, flow-direction',
    ],
  ],
  affected_resource: [
    [
      'the default format without inventory',
      DEFAULT,
      'partial META_UNRESOLVED_ENI',
      'flow log: interface-id, dstaddr, dstport, protocol',
    ],
    [
      'the default format with inventory',
      { ...DEFAULT, as_of_verdict: 'exact', as_of_precision: 'observed', as_of_reason: null },
      'supplied SUPPLIED_BY_INVENTORY',
      'metadata: inventory (observed)',
    ],
    [
      'a full format',
      FULL,
      'met FL_COMPONENT_NOT_DATA',
      'flow log: interface-id, dstaddr, dstport, protocol, vpc-id, instance-id, pkt-dstaddr',
    ],
    [
      'a full format, of an interface without an instance',
      { ...FULL, has_instance_id: false },
      'partial META_UNRESOLVED_ENI',
      'flow log: interface-id, dstaddr, dstport, protocol, vpc-id, pkt-dstaddr',
    ],
    [
      'an interface that changed about then',
      {
        ...FULL,
        as_of_verdict: 'ambiguous',
        as_of_reason: 'changed within the time of the record',
      },
      'partial META_AMBIGUOUS_AS_OF',
      'metadata: inventory, each state that may have held; flow log: interface-id, dstaddr, dstport, protocol, vpc-id, instance-id, pkt-dstaddr',
    ],
    [
      'no port, which would name the service',
      { ...without(FULL, 'dstport'), has_destination_port: false },
      'partial FL_NO_SERVICE',
      'flow log: interface-id, dstaddr, protocol, vpc-id, instance-id, pkt-dstaddr',
    ],
    [
      'a format without a destination',
      { ...without(FULL, 'dstaddr', 'pkt-dstaddr'), has_destination: false },
      'missing FL_FORMAT_MISSING_AFFECTED_RESOURCE',
    ],
    [
      'a record without a destination',
      { ...FULL, has_destination: false },
      'missing FL_RECORD_MISSING_AFFECTED_RESOURCE',
    ],
    [
      'a transit gateway',
      TRANSIT_GATEWAY,
      'partial FL_TGW_NO_INTERFACE',
      'flow log: dstaddr, dstport, protocol, tgw-attachment-id',
    ],
  ],
};

describe.each(ELEMENTS)('%s', (element) => {
  test.each(CASES[element])('%s', async (_, subject, verdict, suppliedBy) => {
    const detail = await detailOf(subject, element);
    expect(`${detail.status} ${detail.code}`).toBe(verdict);
    expect(detail.supplied_by).toBe(suppliedBy ?? null);
  });
});

test('every code is reached by a case of its element', async () => {
  const reached = ELEMENTS.flatMap((element) =>
    CASES[element].map(([, , verdict]) => `${element} ${verdict.split(' ')[1]}`),
  );
  const text = await readRows<{ sql: string }>(
    database.connection,
    "select content as sql from read_text('queries/marts/detail.sql')",
  );
  const stated = [
    ...(text[0]?.sql ?? '').matchAll(
      /\(\s*'(\w+)',\s*'([A-Z0-9_]+)',\s*'(?:met|partial|supplied|missing)'/g,
    ),
  ].map((match) => `${match[1]} ${match[2]}`);
  expect(stated.length).toBeGreaterThan(30);
  expect([...new Set(reached)].sort()).toEqual(stated.sort());
});

describe('what remedies it', () => {
  test('names the fields that the format lacks, and that a flow log cannot be edited', async () => {
    expect(await detailOf(DEFAULT, 'origination')).toMatchObject({
      remedy:
        'The format lacks tcp-flags, pkt-srcaddr, flow-direction. A flow log cannot be edited: create one that records it, and then delete this one.',
      needs_flow_log: true,
    });
  });

  test('names the inventory beside the format, where either would do', async () => {
    const { remedy, needs_flow_log } = await detailOf(DEFAULT, 'affected_resource');
    expect(remedy).toMatch(/^The format lacks vpc-id, instance-id, pkt-dstaddr\. .*inventory/);
    expect(needs_flow_log).toBe(true);
  });

  test('asks for no other format where that would change nothing', async () => {
    const { remedy, needs_flow_log } = await detailOf(
      { ...FULL, has_instance_id: false },
      'affected_resource',
    );
    expect(remedy).toMatch(/^Take inventory snapshots/);
    expect(needs_flow_log).toBe(false);
  });

  test('a flow log of one action is to be replaced by one of all traffic', async () => {
    expect(await detailOf({ ...FULL, traffic_type: 'REJECT' }, 'outcome')).toMatchObject({
      reason: 'the flow log records REJECT traffic only, so one of success and failure',
      needs_flow_log: true,
    });
  });

  test('the outcome behind a transit gateway is in the flow logs of the VPCs', async () => {
    const { remedy, needs_flow_log } = await detailOf(TRANSIT_GATEWAY, 'outcome');
    expect(remedy).toContain('flow logs of the VPCs');
    expect(needs_flow_log).toBe(true);
  });
});

/** A record has no value of a field that its format lacks. */
const VALUE_FIELDS = {
  has_start: ['start'],
  has_end: ['end'],
  has_action: ['action'],
  has_source: ['srcaddr', 'pkt-srcaddr'],
  has_destination: ['dstaddr', 'pkt-dstaddr'],
  has_source_port: ['srcport'],
  has_destination_port: ['dstport'],
  has_protocol: ['protocol'],
  has_vpc_id: ['vpc-id'],
  has_instance_id: ['instance-id'],
};

const subjects: fc.Arbitrary<Subject> = fc
  .record({
    fields: fc.subarray([...FULL_FIELDS, 'tgw-attachment-id']),
    traffic_type: fc.constantFrom('ALL', 'ACCEPT', 'REJECT', null),
    is_transit_gateway: fc.boolean(),
    has_start: fc.boolean(),
    has_end: fc.boolean(),
    has_action: fc.boolean(),
    has_source: fc.boolean(),
    has_destination: fc.boolean(),
    has_source_port: fc.boolean(),
    has_destination_port: fc.boolean(),
    has_protocol: fc.boolean(),
    has_vpc_id: fc.boolean(),
    has_instance_id: fc.boolean(),
    is_logon_service: fc.boolean(),
    initiator_basis: fc.constantFrom('tcp_flags', 'conversation', 'ports', null),
    is_response: fc.constantFrom(true, false, null),
    is_client_relay: fc.constantFrom(true, false, null),
    as_of: fc.constantFrom<[string, string | null, string | null]>(
      ['exact', 'observed', null],
      ['exact', 'carried_forward', null],
      ['ambiguous', null, 'changed within the time of the record'],
      ['no_metadata', null, 'no inventory snapshot covers the interface at this time'],
      ['no_metadata', null, null],
    ),
    event_user_count: fc.nat(2),
    event_signature_count: fc.nat(2),
    event_disposition_count: fc.nat(2),
    event_client_count: fc.nat(2),
    event_confidence: fc.constantFrom('high', 'medium', 'low', null),
  })
  .map(({ fields, as_of: [as_of_verdict, as_of_precision, as_of_reason], ...rest }) => ({
    log_format: fields.join(' '),
    ...rest,
    ...Object.fromEntries(
      Object.entries(VALUE_FIELDS).map(([has, names]) => [
        has,
        rest[has as keyof typeof VALUE_FIELDS] && names.some((name) => fields.includes(name)),
      ]),
    ),
    ...(rest.event_confidence === null ? NO_EVENTS : {}),
    ...{ as_of_verdict, as_of_precision, as_of_reason },
  }));

test('whatever the combination: six details in order, each with its reason, its source or its remedy', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(subjects, { minLength: 200, maxLength: 400 }), async (given) => {
      for (const [index, details] of (await detailsOf(given)).entries()) {
        const subject = given[index] as Subject;
        expect(details.map((one) => one.element)).toEqual(ELEMENTS);
        for (const one of details) {
          const text = [one.reason, one.supplied_by ?? '-', one.remedy ?? '-'].join(' ');
          expect(text).not.toMatch(/[{}]|leaves empty|lacks [.,]|lacks$| {2}/);
          expect(one.reason.length).toBeGreaterThan(10);
          expect(one.supplied_by === null).toBe(one.status === 'missing');
          expect(one.remedy === null).toBe(one.status === 'met' || one.status === 'supplied');
          if (one.needs_flow_log) expect(one.remedy).not.toBeNull();
          if (one.code === 'SUPPLIED_BY_IPS_EVENT') expect(subject.event_confidence).not.toBeNull();
        }
        const statusOf = Object.fromEntries(details.map((one) => [one.element, one.status]));
        expect(['supplied', 'missing']).toContain(statusOf.user_identification);
        expect(statusOf.event_type).not.toBe('met');
        expect(statusOf.outcome).not.toBe('met');
        if (subject.is_transit_gateway) expect(statusOf.outcome).not.toBe('partial');
        if (statusOf.origination === 'met') {
          for (const field of ['tcp-flags', 'pkt-srcaddr', 'flow-direction']) {
            expect(String(subject.log_format).split(' ')).toContain(field);
          }
        }
      }
    }),
    { numRuns: 10, endOnFailure: true },
  );
}, 60_000);
