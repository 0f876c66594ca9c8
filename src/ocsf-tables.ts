/**
 * The views in the shape of OCSF 1.5.0: Network Activity (class 4001) of the flows, Detection Finding (class 2004) of
 * the IPS events. A query gives an object of OCSF by its values in order (`row`); names and types are these.
 * What a log does not say is null here, and absent in JSON.
 */
import type { Column, Table } from './table.ts';

type Members = Readonly<Record<string, string>>;

const struct = (members: Members): string =>
  `STRUCT(${Object.entries(members)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`;

const CLASS: readonly Column[] = [
  { name: 'activity_id', type: 'INTEGER', description: 'OCSF: kind of activity in the class.' },
  { name: 'activity_name', type: 'VARCHAR', description: 'Its name.' },
  { name: 'category_uid', type: 'INTEGER', description: 'OCSF: category.' },
  { name: 'category_name', type: 'VARCHAR', description: 'Its name.' },
  { name: 'class_uid', type: 'INTEGER', description: 'OCSF: class.' },
  { name: 'class_name', type: 'VARCHAR', description: 'Its name.' },
  { name: 'type_uid', type: 'BIGINT', description: 'OCSF: class and activity.' },
  { name: 'type_name', type: 'VARCHAR', description: 'Its name.' },
  { name: 'severity_id', type: 'INTEGER', description: 'OCSF: severity; 0 where none is stated.' },
  { name: 'severity', type: 'VARCHAR', description: 'Its name.' },
];

const CONTROL: readonly Column[] = [
  {
    name: 'action_id',
    type: 'INTEGER',
    description:
      'OCSF: 1 allowed, 2 denied, 3 observed, 0 unknown; null where the log has no outcome.',
  },
  { name: 'action', type: 'VARCHAR', description: 'Its name.' },
  {
    name: 'disposition_id',
    type: 'INTEGER',
    description:
      'OCSF: 1 allowed, 2 blocked, 15 detected, 17 logged, 0 unknown; null as action_id.',
  },
  { name: 'disposition', type: 'VARCHAR', description: 'Its name.' },
];

const METADATA: Members = {
  version: 'VARCHAR',
  uid: 'VARCHAR',
  product: struct({
    name: 'VARCHAR',
    vendor_name: 'VARCHAR',
    feature: struct({ name: 'VARCHAR' }),
  }),
  profiles: 'VARCHAR[]',
  log_name: 'VARCHAR',
  log_version: 'VARCHAR',
  logged_time: 'BIGINT',
};

const CLOUD: Members = {
  provider: 'VARCHAR',
  account: struct({ uid: 'VARCHAR', type_id: 'INTEGER' }),
  region: 'VARCHAR',
  zone: 'VARCHAR',
};

const FLOW_ENDPOINT: Members = {
  ip: 'VARCHAR',
  port: 'INTEGER',
  interface_uid: 'VARCHAR',
  instance_uid: 'VARCHAR',
  subnet_uid: 'VARCHAR',
  vpc_uid: 'VARCHAR',
  svc_name: 'VARCHAR',
};

const EVENT_ENDPOINT: Members = { ip: 'VARCHAR', port: 'INTEGER' };

export const OCSF_TABLES: readonly Table[] = [
  {
    name: 'ocsf_network_activity',
    layer: 'mart',
    isView: true,
    description:
      'The rows of flow_enriched in the shape of OCSF 1.5.0 Network Activity, class 4001. NODATA and SKIPDATA are no traffic and not here.',
    columns: [
      ...CLASS,
      ...CONTROL,
      {
        name: 'time',
        type: 'BIGINT',
        description: 'Start of the capture window, in milliseconds since 1970 (UTC).',
      },
      { name: 'start_time', type: 'BIGINT', description: 'The same, null where not logged.' },
      { name: 'end_time', type: 'BIGINT', description: 'End of the window, in the same unit.' },
      {
        name: 'src_endpoint',
        type: struct(FLOW_ENDPOINT),
        description:
          'The side that opened the connection, where that is known or inferred (initiator); else the source of the record.',
      },
      { name: 'dst_endpoint', type: struct(FLOW_ENDPOINT), description: 'The other side.' },
      {
        name: 'connection_info',
        type: struct({
          protocol_num: 'INTEGER',
          protocol_ver_id: 'INTEGER',
          tcp_flags: 'INTEGER',
          direction_id: 'INTEGER',
          direction: 'VARCHAR',
          boundary_id: 'INTEGER',
        }),
        description:
          'Protocol, flags, and who opened the connection seen from the interface: 1 inbound, 2 outbound, 0 not known. boundary_id is traffic_path in the numbers of OCSF.',
      },
      {
        name: 'traffic',
        type: struct({
          bytes: 'BIGINT',
          bytes_in: 'BIGINT',
          bytes_out: 'BIGINT',
          packets: 'BIGINT',
          packets_in: 'BIGINT',
          packets_out: 'BIGINT',
        }),
        description: 'A record counts one way: out is from src_endpoint to dst_endpoint.',
      },
      {
        name: 'cloud',
        type: struct(CLOUD),
        description: 'Account, Region and zone of the interface.',
      },
      {
        name: 'metadata',
        type: struct(METADATA),
        description: 'Version of OCSF, id of the record (flow_id), product and flow log.',
      },
      {
        name: 'unmapped',
        type: struct({
          row_direction: 'VARCHAR',
          initiator_basis: 'VARCHAR',
          as_of_verdict: 'VARCHAR',
          scope_name: 'VARCHAR',
          rule_verdict: 'VARCHAR',
          rule_ids: 'VARCHAR[]',
          reject_reason: 'VARCHAR',
          event_ids: 'VARCHAR[]',
        }),
        description: 'What OCSF has no place for, by its names in flow_enriched.',
      },
      {
        name: 'flow_date',
        type: 'DATE',
        description: 'As in flow, for queries of a few days; not of OCSF.',
      },
    ],
  },
  {
    name: 'ocsf_detection_finding',
    layer: 'mart',
    isView: true,
    description:
      'The IPS events that detected something in the shape of OCSF 1.5.0 Detection Finding, class 2004: all but those of the modules protocol, system, flow, heartbeat and other.',
    columns: [
      ...CLASS,
      ...CONTROL,
      {
        name: 'time',
        type: 'BIGINT',
        description:
          'When it happened, in milliseconds since 1970 (UTC), by the clock of the agent.',
      },
      { name: 'message', type: 'VARCHAR', description: 'Name of the rule that fired.' },
      { name: 'count', type: 'BIGINT', description: 'Packets or hits that it stands for.' },
      {
        name: 'finding_info',
        type: struct({
          uid: 'VARCHAR',
          title: 'VARCHAR',
          types: 'VARCHAR[]',
          created_time: 'BIGINT',
          analytic: struct({ uid: 'VARCHAR', name: 'VARCHAR', type_id: 'INTEGER' }),
        }),
        description: 'Id of the event, the rule that fired and its category.',
      },
      {
        name: 'evidences',
        type: `${struct({
          src_endpoint: struct(EVENT_ENDPOINT),
          dst_endpoint: struct(EVENT_ENDPOINT),
          connection_info: struct({ protocol_num: 'INTEGER', direction_id: 'INTEGER' }),
          actor: struct({ user: struct({ name: 'VARCHAR' }) }),
        })}[]`,
        description: 'The two sides, the protocol and the user, as far as the event names them.',
      },
      {
        name: 'resources',
        type: `${struct({ uid: 'VARCHAR', type: 'VARCHAR', name: 'VARCHAR', ip: 'VARCHAR' })}[]`,
        description: 'The host: its instance, else its id in the product.',
      },
      { name: 'cloud', type: struct(CLOUD), description: 'Account, where the event names it.' },
      {
        name: 'metadata',
        type: struct(METADATA),
        description: 'Version of OCSF, id of the event, and product.',
      },
      {
        name: 'unmapped',
        type: struct({
          module: 'VARCHAR',
          action_raw: 'VARCHAR',
          severity_raw: 'VARCHAR',
          client_address: 'VARCHAR',
          original: 'VARCHAR',
        }),
        description: 'What OCSF has no place for, by its names in ips_event.',
      },
      {
        name: 'event_date',
        type: 'DATE',
        description: 'As in ips_event, for queries of a few days; not of OCSF.',
      },
    ],
  },
];
