/** The views in the shape of OCSF, over rows of the tables that they read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, readRows } from '../../src/database.ts';
import { createDerivedView } from '../../src/lake.ts';
import { judgeBy } from '../reports/json-schema.ts';
import { insertRows, openEmptyTables } from './fixture.ts';
import { type OcsfEvent, withoutNulls } from './ocsf-json.ts';

const VIEWS = ['ocsf_network_activity', 'ocsf_detection_finding'] as const;

let database: Database;

beforeAll(async () => {
  database = await openEmptyTables();
  for (const view of VIEWS) {
    await database.connection.run(`drop table ${view}`);
    await createDerivedView(database.connection, '', view);
  }
});
afterAll(() => database.close());

async function eventsOf(view: (typeof VIEWS)[number], where = 'true'): Promise<OcsfEvent[]> {
  const rows = await readRows<{ json: string }>(
    database.connection,
    `select cast(to_json(event) as varchar) as json from ${view} as event where ${where} order by metadata.uid`,
  );
  return rows.map(({ json }) => withoutNulls(json));
}

const INGRESS = {
  version: 5,
  account_id: '123456789012',
  interface_id: 'eni-0a',
  srcaddr: '198.51.100.7',
  dstaddr: '10.0.1.11',
  source_address: '198.51.100.7',
  destination_address: '10.0.1.11',
  srcport: 51544,
  dstport: 443,
  protocol: 6,
  packets: 10,
  bytes: 840,
  start_at: '2026-10-01 12:00:00',
  end_at: '2026-10-01 12:01:00',
  action: 'ACCEPT',
  vpc_id: 'vpc-1',
  region: 'us-east-1',
  az_id: 'use1-az1',
  tcp_flags: 2,
  traffic_path: 8,
  flow_id: 'a:1',
  flow_log_id: 'fl-1',
  row_direction: 'ingress',
  initiator: 'source',
  initiator_basis: 'tcp_flags',
  is_response: false,
  as_of_verdict: 'exact',
  network_interface_id: 'eni-0a',
  resource_instance_id: 'i-0a',
  resource_subnet_id: 'subnet-1',
  resource_vpc_id: 'vpc-1',
  scope_name: 'cde',
  rule_verdict: 'permitted',
  rule_ids: ['sgr-1'],
  event_ids: [],
  flow_date: '2026-10-01',
};

const ANSWER = {
  ...INGRESS,
  flow_id: 'b:1',
  srcaddr: '10.0.1.11',
  dstaddr: '198.51.100.7',
  source_address: '10.0.1.11',
  destination_address: '198.51.100.7',
  srcport: 443,
  dstport: 51544,
  row_direction: 'egress',
  initiator: 'destination',
  is_response: true,
  tcp_flags: 18,
};

/** A record of the default format that says no more than it must, of a transit gateway, over IPv6. */
const BARE = {
  flow_id: 'c:1',
  source_address: '2001:db8::1',
  destination_address: '2001:db8::2',
  tgw_src_vpc_id: 'vpc-7',
  flow_date: '2026-10-01',
  rule_ids: [],
  event_ids: [],
};

describe('ocsf_network_activity', () => {
  const judge = judgeBy('ocsf-1.5.0-network-activity.schema.json');

  beforeAll(() =>
    insertRows(database, 'flow_enriched', [
      INGRESS,
      ANSWER,
      BARE,
      { ...INGRESS, flow_id: 'd:1', action: 'REJECT', initiator: null, initiator_basis: null },
    ]),
  );

  it('is what the published schema accepts, whatever a record leaves out', async () => {
    const events = await eventsOf('ocsf_network_activity');
    expect(events.map((event) => [event.metadata.uid, judge(event)])).toEqual([
      ['a:1', []],
      ['b:1', []],
      ['c:1', []],
      ['d:1', []],
    ]);
  });

  it('says who opened, from where to where, and what passed', async () => {
    const [event] = await eventsOf('ocsf_network_activity', "metadata.uid = 'a:1'");
    expect(event).toEqual({
      activity_id: 6,
      activity_name: 'Traffic',
      category_uid: 4,
      category_name: 'Network Activity',
      class_uid: 4001,
      class_name: 'Network Activity',
      type_uid: 400106,
      type_name: 'Network Activity: Traffic',
      severity_id: 1,
      severity: 'Informational',
      action_id: 1,
      action: 'Allowed',
      disposition_id: 1,
      disposition: 'Allowed',
      time: Date.UTC(2026, 9, 1, 12),
      start_time: Date.UTC(2026, 9, 1, 12),
      end_time: Date.UTC(2026, 9, 1, 12, 1),
      src_endpoint: { ip: '198.51.100.7', port: 51544 },
      dst_endpoint: {
        ip: '10.0.1.11',
        port: 443,
        interface_uid: 'eni-0a',
        instance_uid: 'i-0a',
        subnet_uid: 'subnet-1',
        vpc_uid: 'vpc-1',
      },
      connection_info: {
        protocol_num: 6,
        protocol_ver_id: 4,
        tcp_flags: 2,
        direction_id: 1,
        direction: 'Inbound',
        boundary_id: 11,
      },
      traffic: { bytes: 840, bytes_out: 840, packets: 10, packets_out: 10 },
      cloud: {
        provider: 'AWS',
        account: { uid: '123456789012', type_id: 10 },
        region: 'us-east-1',
        zone: 'use1-az1',
      },
      metadata: {
        version: '1.5.0',
        uid: 'a:1',
        product: { name: 'Amazon VPC', vendor_name: 'AWS', feature: { name: 'Flow Logs' } },
        profiles: ['cloud', 'security_control'],
        log_name: 'fl-1',
        log_version: '5',
      },
      unmapped: {
        row_direction: 'ingress',
        initiator_basis: 'tcp_flags',
        as_of_verdict: 'exact',
        scope_name: 'cde',
        rule_verdict: 'permitted',
        rule_ids: ['sgr-1'],
        event_ids: [],
      },
    });
  });

  it('turns an answer round: the ends are those of the connection, and what passed came in', async () => {
    const [asked] = await eventsOf('ocsf_network_activity', "metadata.uid = 'a:1'");
    const [answer] = await eventsOf('ocsf_network_activity', "metadata.uid = 'b:1'");
    expect(answer?.src_endpoint).toEqual(asked?.src_endpoint);
    expect(answer?.dst_endpoint).toEqual(asked?.dst_endpoint);
    expect(answer?.connection_info).toMatchObject({ direction_id: 1, tcp_flags: 18 });
    expect(answer?.traffic).toEqual({ bytes: 840, bytes_in: 840, packets: 10, packets_in: 10 });
  });

  it('invents nothing: no outcome, no direction, no time that is not there', async () => {
    const [bare] = await eventsOf('ocsf_network_activity', "metadata.uid = 'c:1'");
    expect(Object.keys(bare ?? {})).not.toContain('action_id');
    expect(Object.keys(bare ?? {})).not.toContain('start_time');
    expect(bare?.time).toBe(Date.UTC(2026, 9, 1));
    expect(bare?.src_endpoint).toEqual({ ip: '2001:db8::1', vpc_uid: 'vpc-7' });
    expect(bare?.connection_info).toEqual({
      protocol_ver_id: 6,
      direction_id: 0,
      direction: 'Unknown',
    });
    const [rejected] = await eventsOf('ocsf_network_activity', "metadata.uid = 'd:1'");
    expect(rejected).toMatchObject({ action: 'Denied', disposition: 'Blocked' });
    expect(rejected?.connection_info).toMatchObject({ direction_id: 0 });
  });
});

describe('ocsf_detection_finding', () => {
  const judge = judgeBy('ocsf-1.5.0-detection-finding.schema.json');
  const EVENT = {
    event_id: 'e-1',
    product: 'deep_security',
    module: 'intrusion_prevention',
    event_at: '2026-10-01 12:00:00',
    received_at: '2026-10-01 12:00:05',
    host_name: 'web-1.example.com',
    instance_id: 'i-0a',
    account_id: '123456789012',
    signature_id: '1008610',
    signature_name: 'Example rule',
    category: 'Exploit',
    severity: 'critical',
    severity_raw: '10',
    action_raw: 'IDS:Reset',
    disposition: 'detected',
    direction: 'inbound',
    protocol: 6,
    source_address: '198.51.100.7',
    source_port: 51544,
    destination_address: '10.0.1.11',
    destination_port: 443,
    user_name: 'deploy',
    event_count: 3,
    original: '{"act":"IDS:Reset"}',
    event_date: '2026-10-01',
  };
  const bare = (id: string, own: Record<string, string> = {}) => ({
    event_id: id,
    product: 'suricata',
    module: 'intrusion_prevention',
    event_at: '2026-10-01 12:00:00',
    disposition: 'unknown',
    event_date: '2026-10-01',
    ...own,
  });

  beforeAll(() =>
    insertRows(database, 'ips_event', [
      EVENT,
      { ...EVENT, event_id: 'e-2', disposition: 'blocked', severity: 'low' },
      bare('e-3'),
      bare('e-4', { product: 'guardduty', module: 'threat_detection', disposition: 'logged' }),
      ...['protocol', 'system', 'flow', 'heartbeat', 'other'].map((module) =>
        bare(`no-${module}`, { module }),
      ),
    ]),
  );

  it('is what the published schema accepts, and only of events that detected something', async () => {
    const events = await eventsOf('ocsf_detection_finding');
    expect(events.map((event) => [event.metadata.uid, judge(event)])).toEqual([
      ['e-1', []],
      ['e-2', []],
      ['e-3', []],
      ['e-4', []],
    ]);
  });

  it('says what fired, on which host, and what became of it', async () => {
    const [event] = await eventsOf('ocsf_detection_finding', "metadata.uid = 'e-1'");
    expect(event).toMatchObject({
      class_uid: 2004,
      type_uid: 200401,
      severity_id: 5,
      action: 'Observed',
      disposition_id: 15,
      time: Date.UTC(2026, 9, 1, 12),
      message: 'Example rule',
      count: 3,
      finding_info: {
        uid: 'e-1',
        title: 'Example rule',
        types: ['Exploit'],
        analytic: { uid: '1008610', name: 'Example rule', type_id: 1 },
      },
      evidences: [
        {
          src_endpoint: { ip: '198.51.100.7', port: 51544 },
          dst_endpoint: { ip: '10.0.1.11', port: 443 },
          connection_info: { protocol_num: 6, direction_id: 1 },
          actor: { user: { name: 'deploy' } },
        },
      ],
      resources: [{ uid: 'i-0a', type: 'AWS::EC2::Instance', name: 'web-1.example.com' }],
      cloud: { provider: 'AWS', account: { uid: '123456789012' } },
      metadata: {
        product: { name: 'deep_security', vendor_name: 'Trend Micro' },
        logged_time: Date.UTC(2026, 9, 1, 12, 0, 5),
      },
      unmapped: { module: 'intrusion_prevention', action_raw: 'IDS:Reset' },
    });
    const [blocked] = await eventsOf('ocsf_detection_finding', "metadata.uid = 'e-2'");
    expect(blocked).toMatchObject({ action: 'Denied', disposition: 'Blocked', severity_id: 2 });
  });

  it('invents nothing', async () => {
    const [event] = await eventsOf('ocsf_detection_finding', "metadata.uid = 'e-3'");
    expect(event).toMatchObject({ severity_id: 0, action_id: 0, disposition: 'Unknown' });
    for (const name of ['cloud', 'evidences', 'resources', 'message']) {
      expect(event).not.toHaveProperty(name);
    }
    expect(event?.metadata.profiles).toEqual(['security_control']);
    const [state] = await eventsOf('ocsf_detection_finding', "metadata.uid = 'e-4'");
    expect(state).toMatchObject({ activity_id: 0, type_uid: 200400, action: 'Observed' });
  });
});
