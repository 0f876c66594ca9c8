/**
 * The catalogue of tables: every table of the lake with its columns, types and meaning, in one place.
 * The lake's folders, the empty views of a new lake, the writers of ingest and the descriptions shown
 * to analysts all come from here. Timestamps are UTC without a zone.
 *
 * `ingest` tables are written by `src/ingest`, one set of files a batch. `enrich` tables are made from
 * them by the SQL of the same name in `queries/staging` and `queries/marts`.
 *
 * The file is long because it is a list: a column is looked up here, and nowhere else.
 */
import { FLOW_LOG_FIELDS } from './flow-log-fields.ts';
import { OCSF_TABLES } from './ocsf-tables.ts';
import type { Column, Table } from './table.ts';

export type { Column, ComputedColumn, Table } from './table.ts';

/** A value of a row. Timestamps are `Date` (milliseconds) or `bigint` (microseconds since 1970). */
export type Cell =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly string[]
  | ReadonlyMap<string, string>;

const SQL_TYPES = {
  text: 'VARCHAR',
  address: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  seconds: 'TIMESTAMP',
} as const;

/** `name TYPE: description` lines, the shape in which the catalogue is easiest to read. */
function columns(text: string): Column[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const match = /^\s*(\w+) ([A-Z]+(?:\([A-Z, ]+\))?(?:\[\])?): (.+)$/.exec(line);
      if (!match?.[1] || !match[2] || !match[3]) throw new Error(`bad catalogue line: ${line}`);
      return { name: match[1], type: match[2], description: match[3] };
    });
}

const VALIDITY = `
  account_id VARCHAR: Account that owns the resource, where known.
  region VARCHAR: Region, where known.
  state_id VARCHAR: Id of this state: type, id and the time it was first seen.
  valid_from TIMESTAMP: First time this state was seen.
  known_until TIMESTAMP: Last time this state was seen, or valid_to where its end was recorded.
  valid_to TIMESTAMP: First snapshot, or change, that no longer showed it; null while the newest shows it.
  absent_at TIMESTAMP: Last earlier snapshot that did not show this state; null before the first.
  held_from TIMESTAMP: From when it counts: valid_from, or earlier by metadata_backdate_hours where it is the first state known and nothing says that it began at valid_from.`;

/** How a state is known, and how exactly its times are. */
const KNOWLEDGE = `
  known_by VARCHAR[]: What showed it: describe (EC2 API), config_snapshot, config_history, config_notification.
  start_precision VARCHAR: recorded (AWS Config captured the change at valid_from) or observed (first seen then).
  end_precision VARCHAR: recorded (it held until AWS Config captured its end at valid_to), observed (no longer seen at valid_to) or null.`;

const FLOW_COLUMNS: Column[] = [
  ...FLOW_LOG_FIELDS.map((field) => ({
    name: field.column,
    type: SQL_TYPES[field.type],
    description: field.description,
  })),
  ...columns(`
  extra MAP(VARCHAR, VARCHAR): Fields that this version of flowproof does not know, as logged.
  object_id VARCHAR: The object that held the record (source_object).
  line_number BIGINT: Line in that object, from 1; for Parquet the row.
  flow_date DATE: UTC date of start_at, else of end_at, else of the object.`),
];

export const TABLES: readonly Table[] = [
  {
    name: 'flow',
    layer: 'ingest',
    partition: 'flow_date',
    description: 'One row a flow log record that describes traffic.',
    columns: FLOW_COLUMNS,
    computed: [
      {
        name: 'flow_id',
        type: 'VARCHAR',
        description: 'Id of the record: object and line. What `flowproof explain` takes.',
        sql: "object_id || ':' || cast(line_number as varchar)",
      },
    ],
  },
  {
    name: 'flow_status',
    layer: 'ingest',
    partition: 'flow_date',
    description: 'One row a NODATA or SKIPDATA record: an interval without traffic, or with loss.',
    columns: columns(`
  account_id VARCHAR: Account of the interface.
  interface_id VARCHAR: The interface.
  log_status VARCHAR: NODATA or SKIPDATA.
  start_at TIMESTAMP: Start of the interval.
  end_at TIMESTAMP: End of the interval.
  object_id VARCHAR: The object that held the record.
  line_number BIGINT: Line in that object, from 1.
  flow_date DATE: UTC date of start_at, else of end_at, else of the object.`),
  },
  {
    name: 'ips_event',
    layer: 'ingest',
    partition: 'event_date',
    description:
      'One row an event of an intrusion prevention or detection agent, of a network firewall or of GuardDuty.',
    columns: columns(`
  event_id VARCHAR: The product's own event id, else a hash of object and line. A state of a GuardDuty finding is an event of its own.
  product VARCHAR: deep_security, suricata, aws_network_firewall, snort, wazuh or guardduty.
  format VARCHAR: Format that it was read from: deep_security_cef, deep_security_leef, deep_security_sns, suricata_eve, aws_network_firewall, snort_alert_json, wazuh_alerts or guardduty_finding.
  module VARCHAR: intrusion_prevention, firewall, integrity, log_inspection, anti_malware, web_reputation, application_control, device_control, tls_inspection, threat_detection, protocol (what a protocol carried, such as http or dns), anomaly, active_response, system, flow, heartbeat or other.
  event_at TIMESTAMP: When it happened, by the agent's clock.
  received_at TIMESTAMP: When a manager or collector received it, where stated.
  time_source VARCHAR: Where event_at came from: record, record_without_year, syslog_header or syslog_header_without_year.
  host_id VARCHAR: The product's id of the host.
  host_name VARCHAR: The host as the product names it.
  host_address VARCHAR: Address of the host, where stated.
  instance_id VARCHAR: EC2 instance, where the event states it.
  account_id VARCHAR: AWS account, where the event states it.
  signature_id VARCHAR: Rule or signature that fired.
  signature_name VARCHAR: Its name.
  category VARCHAR: Its category, where stated.
  severity VARCHAR: low, medium, high or critical, by the product's own scale.
  severity_raw VARCHAR: Severity as logged.
  action_raw VARCHAR: Action as logged.
  disposition VARCHAR: blocked, detected (seen, let through), allowed, logged or unknown.
  direction VARCHAR: inbound or outbound, at the host.
  protocol INTEGER: IANA protocol number.
  source_address VARCHAR: Canonical address.
  source_port INTEGER: Source port.
  destination_address VARCHAR: Canonical address.
  destination_port INTEGER: Destination port.
  client_address VARCHAR: Client named by a forwarding header.
  user_name VARCHAR: User that the event names; packet rules have none.
  event_count BIGINT: Packets or hits that this event stands for.
  original VARCHAR: Every key of the original as JSON, less the payload keys.
  dropped_keys VARCHAR[]: Payload keys that were dropped, because they may hold card numbers.
  object_id VARCHAR: The object that held the event.
  line_number BIGINT: Line in that object, or the position of the event in it.
  event_date DATE: UTC date of event_at.`),
  },
  {
    name: 'cloudtrail_event',
    layer: 'ingest',
    partition: 'event_date',
    description:
      'One row a record of CloudTrail of a call that changes security groups, network ACLs or prefix lists, or that starts, stops or changes logs. Several trails may deliver one event.',
    columns: columns(`
  event_id VARCHAR: Id of the event, the same in each trail.
  event_at TIMESTAMP: When it was called.
  event_name VARCHAR: The call, such as AuthorizeSecurityGroupIngress.
  event_source VARCHAR: The service, such as ec2.amazonaws.com.
  account_id VARCHAR: Account of the trail that recorded it.
  region VARCHAR: Region of the call.
  actor VARCHAR: Who called: role and session, else the ARN of the caller, or the service.
  actor_type VARCHAR: Kind of identity, such as AssumedRole.
  source_address VARCHAR: Address that it was called from, or the service that did.
  user_agent VARCHAR: Program that called; its first 200 characters.
  error_code VARCHAR: Why it failed; null if it succeeded.
  group_ids VARCHAR[]: Security groups in request and response.
  rule_ids VARCHAR[]: Rules of security groups in them.
  resource_ids VARCHAR[]: Other resources in them: interfaces, instances, ACLs, prefix lists, flow logs.
  resource_names VARCHAR: Names, and ids of other kinds, that the request states, separated by commas: trails, log groups, buckets, recorders.
  object_id VARCHAR: The object that held the record.
  line_number BIGINT: Number of the record in that object.
  event_date DATE: UTC date of event_at.`),
  },
  {
    name: 'inventory_item',
    layer: 'ingest',
    description: 'One row a resource in a snapshot or a change, in the shape of the EC2 API.',
    columns: columns(`
  resource_type VARCHAR: instance, network_interface, security_group, security_group_rule, subnet, vpc, network_acl, flow_log, prefix_list, prefix_list_entry, transit_gateway or transit_gateway_attachment.
  resource_id VARCHAR: AWS id; where AWS gives none, made of the values that identify it.
  account_id VARCHAR: Owner account.
  region VARCHAR: Region.
  series VARCHAR: Snapshots of one series follow each other: account and region.
  parent_id VARCHAR: Group of a rule, prefix list of an entry.
  taken_at TIMESTAMP: When the snapshot was taken, or the change captured.
  recorded_at TIMESTAMP: When AWS Config captured this state; null for the EC2 API, and where it records once a day.
  known_by VARCHAR: describe (EC2 API), config_snapshot, config_history or config_notification.
  item_status VARCHAR: ok, discovered, deleted or not_recorded, as AWS Config says; null for the EC2 API.
  configuration VARCHAR: The resource as JSON, keys and lists sorted; null if deleted or not recorded.
  state_sha256 VARCHAR: Hash of what makes its state: what every source tells, and a report could say.
  object_id VARCHAR: The object that held it.
  line_number BIGINT: Position in that object, from 1.`),
  },
  {
    name: 'inventory_snapshot',
    layer: 'ingest',
    description: 'One row a resource type in a snapshot: what was looked at, and when.',
    columns: columns(`
  resource_type VARCHAR: As in inventory_item.
  series VARCHAR: As in inventory_item.
  parent_id VARCHAR: Group or prefix list, of whose rules or entries alone it is a snapshot.
  taken_at TIMESTAMP: When the snapshot was taken.
  recorded_at TIMESTAMP: When AWS Config captured the parent as it is here.
  known_by VARCHAR: As in inventory_item.
  is_complete BOOLEAN: True if a resource that it does not show did not exist.
  item_count BIGINT: Resources in it.
  content_sha256 VARCHAR: Hash of what the EC2 API answered; equal hashes, equal states.
  same_as_at TIMESTAMP: Earlier snapshot of the series with the same content, whose items are those of this one.
  object_id VARCHAR: The object that held it.`),
  },
  {
    name: 'source_object',
    layer: 'ingest',
    description: 'The ledger: one row an object that was read, with every line accounted for.',
    columns: columns(`
  object_id VARCHAR: Hash of URI and content (and of the refused object that it replaces).
  uri VARCHAR: Where it came from.
  source VARCHAR: The entry of the config that listed it, such as flow_logs[0].
  kind VARCHAR: flow_logs, ips_events, inventory or cloudtrail.
  version VARCHAR: ETag, time of the pull, or size and modification time.
  version_id VARCHAR: Version id that S3 gave with the bytes, where the bucket has versioning.
  size_bytes BIGINT: Size as stored.
  modified_at TIMESTAMP: When the source says it was last modified.
  sha256 VARCHAR: SHA-256 of the bytes as stored.
  format VARCHAR: Format that it was recognised as; null if none was.
  fields VARCHAR[]: Field names in the order of the object, for flow logs.
  flow_log_id VARCHAR: Flow log (fl-...), where the name or the config states it.
  account_id VARCHAR: Account of the flow log, by path or config.
  region VARCHAR: Region, by path or config.
  status VARCHAR: loaded, damaged (its readable part was loaded), refused or duplicate.
  reason VARCHAR: Why it is damaged, refused or a duplicate.
  line_count BIGINT: Lines; the sum of the six counts below.
  row_count BIGINT: Lines that became rows.
  rejected_count BIGINT: Lines in rejected_record.
  nodata_count BIGINT: NODATA records; of AWS Config, messages and items of resource types that are not read.
  skipdata_count BIGINT: SKIPDATA records.
  header_count BIGINT: Header lines.
  blank_count BIGINT: Blank lines.
  masked_count BIGINT: Card numbers that were masked in texts of its rows and rejects, but for first six and last four digits.
  first_at TIMESTAMP: Earliest record time.
  last_at TIMESTAMP: Latest record time.
  supersedes_object_id VARCHAR: What this one replaces: shorter content of the same URI, or the same content, refused before.
  duplicate_of_object_id VARCHAR: Object with the same bytes that was read before.
  ingested_at TIMESTAMP: When it was read.
  run_id VARCHAR: The run that read it.`),
  },
  {
    name: 'rejected_record',
    layer: 'ingest',
    description: 'One row a line that could not be read, kept with its bytes.',
    columns: columns(`
  object_id VARCHAR: The object that held it.
  uri VARCHAR: URI of that object.
  line_number BIGINT: Line in that object, from 1.
  reason VARCHAR: Why it was rejected, with the value found.
  record_bytes BLOB: The line, at most its first 64 KiB, card numbers masked.
  record_size_bytes BIGINT: Its full length.`),
  },
  {
    name: 'cloudwatch_event',
    layer: 'ingest',
    partition: 'event_date',
    description: 'One row an event taken from CloudWatch Logs, so that none is taken twice.',
    columns: columns(`
  log_group VARCHAR: The log group as the URI of a pull opens: account where a role was assumed, Region and name.
  event_id VARCHAR: CloudWatch Logs event id.
  event_at TIMESTAMP: Timestamp of the event.
  ingestion_at TIMESTAMP: When CloudWatch Logs received it.
  object_id VARCHAR: The pull that brought it.
  line_number BIGINT: Line in that pull.
  event_date DATE: UTC date of event_at.`),
  },
  {
    name: 'flow_log_format',
    layer: 'ingest',
    description:
      'One row a flow log that could have written what a pull from CloudWatch Logs brought: kept, because a deleted flow log disappears from the API.',
    columns: columns(`
  log_group VARCHAR: As in cloudwatch_event.
  flow_log_id VARCHAR: The flow log.
  resource_id VARCHAR: VPC, subnet or interface that it covers.
  traffic_type VARCHAR: ALL, ACCEPT or REJECT.
  log_format VARCHAR: Its LogFormat, as DescribeFlowLogs gave it.
  created_at TIMESTAMP: When it was created.
  seen_at TIMESTAMP: Time of the pull.
  object_id VARCHAR: The pull.`),
  },
  {
    name: 'ips_agent',
    layer: 'ingest',
    partition: 'report_date',
    description:
      'One row a host and report of its agent: an entry of a list that a manager gave, or what a sensor says of itself.',
    columns: columns(`
  product VARCHAR: deep_security or suricata.
  format VARCHAR: Format that it was read from: deep_security_computers or suricata_eve.
  series VARCHAR: Lists of one series follow each other: where they are kept. Null for a sensor's own report.
  host_id VARCHAR: The product's id of the host.
  host_name VARCHAR: The host as the product names it.
  display_name VARCHAR: A second name, given by people.
  host_address VARCHAR: Last address of the host, where stated.
  instance_id VARCHAR: EC2 instance, where stated.
  account_id VARCHAR: AWS account, where stated.
  platform VARCHAR: Operating system.
  agent_version VARCHAR: Version of the agent; 0.0.0.0 where there is none.
  agent_status VARCHAR: As reported: active, inactive, warning, error or not-supported.
  agent_message VARCHAR: The status in words.
  ips_mode VARCHAR: prevent, detect or off: what intrusion prevention is set to; null where not stated.
  ips_status VARCHAR: Whether intrusion prevention runs: active, inactive, warning, error or not-supported.
  ips_message VARCHAR: The same in words.
  module_states MAP(VARCHAR, VARCHAR): What each module is set to, by the names of ips_event.module.
  policy_id VARCHAR: The product's id of the policy.
  rule_count BIGINT: Intrusion prevention rules assigned or loaded.
  failed_rule_count BIGINT: Rules that could not be loaded.
  update_status VARCHAR: Whether rules and patterns are current, in the product's words.
  has_agent BOOLEAN: False if the product knows the host and no agent on it; null where it does not say.
  started_at TIMESTAMP: When the agent was started.
  last_contact_at TIMESTAMP: Last contact between agent and manager.
  policy_sent_at TIMESTAMP: When the policy, rules included, was last sent to the agent.
  rules_updated_at TIMESTAMP: When rules or patterns on the host last changed.
  reported_at TIMESTAMP: When the list was taken or the report made.
  time_source VARCHAR: Where reported_at came from: record, stated (in content, path or config) or modified_at (of the object).
  original VARCHAR: Every key of the entry as JSON, less its settings; null for a sensor, whose record is an event.
  object_id VARCHAR: The object that held it.
  line_number BIGINT: Position in that object, from 1.
  report_date DATE: UTC date of reported_at.`),
  },
  {
    name: 'ips_agent_list',
    layer: 'ingest',
    description: 'One row a list of agents that a manager gave.',
    columns: columns(`
  product VARCHAR: deep_security.
  series VARCHAR: As in ips_agent.
  agent_count BIGINT: Agents in it.
  is_complete BOOLEAN: True if a host that it does not name had no agent of that manager.
  reported_at TIMESTAMP: When it was taken.
  time_source VARCHAR: As in ips_agent.
  object_id VARCHAR: The object that held it.`),
  },
  {
    name: 'run',
    layer: 'ingest',
    isRecord: true,
    description: 'One row a run of flowproof that wrote to the lake.',
    columns: columns(`
  run_id VARCHAR: Id of the run.
  command VARCHAR: run, ingest, enrich or report.
  tool_version VARCHAR: Version of flowproof.
  config_sha256 VARCHAR: Hash of the configuration file.
  started_at TIMESTAMP: Start.
  finished_at TIMESTAMP: End; null while it goes on, and for a run that failed or was killed.
  object_count BIGINT: Objects read.
  row_count BIGINT: Rows added.
  rejected_count BIGINT: Lines rejected.
  damaged_count BIGINT: Objects damaged or refused.
  exit_code INTEGER: Exit code; null without an end.`),
  },
  {
    name: 'retention_action',
    layer: 'ingest',
    isRecord: true,
    description:
      'One row a table, a day and what retention did with the raw rows of that day. Records are never changed.',
    columns: columns(`
  action_id VARCHAR: Id of the action.
  table_name VARCHAR: The table: flow, ips_event, or one that enrichment made with a row a flow or event.
  log_date DATE: UTC day of the rows.
  action VARCHAR: archived (moved to the archive), removed (without one) or restored (brought back from it).
  raw_months INTEGER: How many months the configuration kept raw rows.
  archive VARCHAR: Folder of the archive; null without.
  config_sha256 VARCHAR: Hash of the configuration file.
  tool_version VARCHAR: Version of flowproof.
  file_count BIGINT: Files.
  row_count BIGINT: Rows in them.
  size_bytes BIGINT: Their bytes.
  files VARCHAR[]: The files, each as sha256sum prints it: its hash, two blanks, and its path in the lake, which is that in the archive.
  acted_at TIMESTAMP: When, by the clock of the host.`),
  },
  {
    name: 'review',
    layer: 'ingest',
    isJsonLines: true,
    description:
      'One row a review of the logs of a day by a person, as flowproof review recorded it. Records are never changed.',
    columns: columns(`
  review_id VARCHAR: Id of the record, in the order in which they were written.
  recorded_at TIMESTAMP: When it was written, by the clock of the host.
  recorded_by VARCHAR: User of the operating system who wrote it, and the host.
  reviewer VARCHAR: Who looked, as the record says.
  day DATE: UTC day whose logs were looked at.
  log_class VARCHAR: Which logs: flow_logs, ips_events or all.
  finding VARCHAR: What was found.
  disposition VARCHAR: What becomes of it: no_action, false_positive, accepted, ticket, incident, or closed.
  reference VARCHAR: The ticket, incident or change that it led to; null without.
  corrects_review_id VARCHAR: The record that this one corrects; null without.
  closes_review_id VARCHAR: The record whose follow-up is done; null without.
  previous_sha256 VARCHAR: Hash of the record before it; 64 zeros for the first.
  record_sha256 VARCHAR: Hash of this record.`),
  },
  {
    name: 'access_event',
    layer: 'ingest',
    isJsonLines: true,
    description:
      'One row a line of the record of access: before somebody reads the lake, and after. See query_access.',
    columns: columns(`
  access_id VARCHAR: Id of the access; its two lines share it.
  step VARCHAR: asked (before) or ended (after).
  recorded_at TIMESTAMP: When the line was written, by the clock of the host.
  user_id BIGINT: Number of the operating system's user who asked; null where step is ended, as in all columns up to parameter_names.
  user_name VARCHAR: Name of that user.
  host_name VARCHAR: Name of the host, as it calls itself.
  process_id BIGINT: Process that asked.
  tool_version VARCHAR: Version of flowproof.
  command VARCHAR: query, shell, serve, connect, explain or status.
  statement VARCHAR: What was asked: the SQL, or the argument of the command; its first 16,384 characters.
  statement_sha256 VARCHAR: Hash of the whole.
  parameter_names VARCHAR[]: Names of its parameters; their values are not kept.
  outcome VARCHAR: answered, refused, limited (by query_limits), interrupted or failed; null where step is asked, as in all columns below.
  error_code VARCHAR: Code of the error, where there was one.
  row_count BIGINT: Rows of the answer.`),
  },
  {
    name: 'inventory_state',
    layer: 'staging',
    description:
      'One row a state of a resource, from the first to the last snapshot that showed it.',
    columns: columns(`
  resource_type VARCHAR: As in inventory_item.
  resource_id VARCHAR: As in inventory_item.
${VALIDITY}${KNOWLEDGE}
  configuration VARCHAR: The resource as JSON.
  series VARCHAR: As in inventory_item.`),
  },
  {
    name: 'instance',
    layer: 'staging',
    description: 'One row a state of an EC2 instance.',
    columns: columns(`
  instance_id VARCHAR: The instance.
  instance_name VARCHAR: Its Name tag.
  state VARCHAR: running, stopped, ...
  instance_profile_arn VARCHAR: Instance profile: the workload's identity, not a user.
  platform VARCHAR: windows, or null.
  subnet_id VARCHAR: Subnet of the primary interface.
  vpc_id VARCHAR: VPC.
  private_address VARCHAR: Primary private address.
  tags MAP(VARCHAR, VARCHAR): Tags.
  launched_at TIMESTAMP: Launch time.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'network_interface',
    layer: 'staging',
    description: 'One row a state of a network interface.',
    columns: columns(`
  network_interface_id VARCHAR: The interface.
  instance_id VARCHAR: Instance that it is attached to, if any.
  interface_type VARCHAR: interface, nat_gateway, network_load_balancer, ... as EC2 says.
  owner_kind VARCHAR: ec2_instance, application_load_balancer, nat_gateway, ... or unknown. rds: RDS, Aurora, Neptune or DocumentDB, which mark their interfaces alike.
  owner_kind_basis VARCHAR: attachment, interface_type, description or requester (both inferred); null if unknown.
  is_owner_inferred BOOLEAN: True if the kind follows only from conventions of AWS: description or requester.
  owner_id VARCHAR: The owner, as attachment or description name it: instance, name of the load balancer, nat-, vpce-, fs-, attachment id, ...
  description VARCHAR: Description.
  requester_id VARCHAR: Account or service that created it.
  is_requester_managed BOOLEAN: True if an AWS service manages it.
  subnet_id VARCHAR: Subnet.
  vpc_id VARCHAR: VPC.
  private_address VARCHAR: Primary private IPv4 address.
  public_address VARCHAR: Public IPv4 address, if any.
  has_source_check BOOLEAN: True if AWS drops packets with a source or destination that is not the interface's; null where not stated.
  addresses VARCHAR[]: Every private IPv4 and every IPv6 address, canonical.
  prefixes VARCHAR[]: Prefixes delegated to it, whose addresses belong to pods on its instance.
  group_ids VARCHAR[]: Security groups, sorted.
  tags MAP(VARCHAR, VARCHAR): Tags.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'security_group',
    layer: 'staging',
    description: 'One row a state of a security group.',
    columns: columns(`
  group_id VARCHAR: The group.
  group_name VARCHAR: Its name.
  description VARCHAR: Its description.
  vpc_id VARCHAR: Its primary VPC.
  tags MAP(VARCHAR, VARCHAR): Tags.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'security_group_rule',
    layer: 'staging',
    description: 'One row a state of a security group rule.',
    columns: columns(`
  rule_id VARCHAR: The rule: sgr-..., or made of its values where the snapshot gives no id.
  group_id VARCHAR: Its group.
  is_egress BOOLEAN: True for outbound rules.
  protocol INTEGER: IANA protocol number; null for all.
  from_port INTEGER: First port; null for all. For ICMP the type.
  to_port INTEGER: Last port; null for all. For ICMP the code.
  cidr VARCHAR: IPv4 or IPv6 range.
  prefix_list_id VARCHAR: Prefix list.
  referenced_group_id VARCHAR: Security group.
  description VARCHAR: Description.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'prefix_list_entry',
    layer: 'staging',
    description: 'One row a state of an entry of a prefix list.',
    columns: columns(`
  prefix_list_id VARCHAR: The list.
  cidr VARCHAR: Range.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'subnet',
    layer: 'staging',
    description: 'One row a state of a subnet.',
    columns: columns(`
  subnet_id VARCHAR: The subnet.
  subnet_name VARCHAR: Its Name tag.
  vpc_id VARCHAR: VPC.
  cidr VARCHAR: IPv4 range.
  ipv6_cidrs VARCHAR[]: IPv6 ranges.
  availability_zone VARCHAR: Availability Zone.
  tags MAP(VARCHAR, VARCHAR): Tags.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'vpc',
    layer: 'staging',
    description: 'One row a state of a VPC.',
    columns: columns(`
  vpc_id VARCHAR: The VPC.
  vpc_name VARCHAR: Its Name tag.
  cidrs VARCHAR[]: Every IPv4 and IPv6 range.
  tags MAP(VARCHAR, VARCHAR): Tags.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'network_acl',
    layer: 'staging',
    description: 'One row a state of a network ACL.',
    columns: columns(`
  network_acl_id VARCHAR: The network ACL.
  vpc_id VARCHAR: VPC.
  is_default BOOLEAN: True for the one that subnets of the VPC have unless another is chosen.
  subnet_ids VARCHAR[]: Subnets that it applies to, sorted.
  tags MAP(VARCHAR, VARCHAR): Tags.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'network_acl_entry',
    layer: 'staging',
    description:
      'One row an entry of a state of a network ACL; the entry with the lowest number that matches decides.',
    columns: columns(`
  network_acl_id VARCHAR: The network ACL.
  rule_number INTEGER: Number; entries are looked at in ascending order, 32767 (for IPv6 32768) last.
  is_egress BOOLEAN: True for outbound traffic of the subnet.
  action VARCHAR: allow or deny.
  protocol INTEGER: IANA protocol number; null for all.
  from_port INTEGER: First port, for TCP and UDP; null for all.
  to_port INTEGER: Last port, for TCP and UDP; null for all.
  icmp_type INTEGER: ICMP type; null for all.
  icmp_code INTEGER: ICMP code; null for all.
  cidr VARCHAR: IPv4 or IPv6 range of the other side.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'flow_log',
    layer: 'staging',
    description: 'One row a state of a flow log configuration.',
    columns: columns(`
  flow_log_id VARCHAR: The flow log.
  resource_id VARCHAR: VPC, subnet or interface that it covers.
  traffic_type VARCHAR: ALL, ACCEPT or REJECT.
  log_destination_type VARCHAR: s3, cloud-watch-logs or kinesis-data-firehose.
  log_destination VARCHAR: ARN or name of the destination.
  log_group_name VARCHAR: Log group, for CloudWatch Logs.
  log_format VARCHAR: Field names, separated by blanks.
  max_aggregation_interval_seconds INTEGER: 60 or 600.
  deliver_logs_status VARCHAR: SUCCESS or FAILED.
  deliver_logs_error VARCHAR: Rate limited, Access error or Unknown error.
  tags MAP(VARCHAR, VARCHAR): Tags.
  created_at TIMESTAMP: When it was created.
${VALIDITY}${KNOWLEDGE}`),
  },
  {
    name: 'scope_interface',
    layer: 'mart',
    description:
      'One row a state of a network interface in scope, together with its instance, subnet and VPC.',
    columns: columns(`
  scope_name VARCHAR: The scope.
  network_interface_id VARCHAR: The interface.
  instance_id VARCHAR: Instance that it is attached to, if any.
  instance_name VARCHAR: Name tag of the instance.
  instance_profile_arn VARCHAR: Instance profile of the instance: the workload's identity, not a user.
  owner_kind VARCHAR: Kind of owner of the interface.
  owner_kind_basis VARCHAR: attachment, interface_type, description or requester (both inferred); null if unknown.
  is_owner_inferred BOOLEAN: True if the kind follows only from conventions of AWS: description or requester.
  owner_id VARCHAR: The owner, as in network_interface.
  subnet_id VARCHAR: Subnet.
  vpc_id VARCHAR: VPC.
  private_address VARCHAR: Primary private IPv4 address.
  addresses VARCHAR[]: Every private IPv4 and every IPv6 address.
  prefixes VARCHAR[]: Prefixes delegated to it.
  group_ids VARCHAR[]: Security groups.
  tags MAP(VARCHAR, VARCHAR): Tags of VPC, subnet, instance and interface; the nearer wins.
${VALIDITY}`),
  },
  {
    name: 'flow_copy',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a record that is a copy of what another flow log recorded, and a record that stands for it.',
    columns: columns(`
  flow_id VARCHAR: The copy, which is in flow and not in flow_enriched.
  kept_flow_id VARCHAR: The record that stands for it, in flow_enriched.
  copied_as VARCHAR: record (equal in every field that both have), part (the kept record is the sum of several such) or sum (the kept records add up to it).
  compared_fields VARCHAR: Fields that both formats have.
  interface_id VARCHAR: The recorded interface.
  source VARCHAR: The entry of the config that brought the copy.
  flow_log_id VARCHAR: Flow log of the copy, where known.
  log_format VARCHAR: Fields that the copy has.
  kept_source VARCHAR: The entry of the config that brought the kept record.
  kept_flow_log_id VARCHAR: Flow log of the kept record, where known.
  start_at TIMESTAMP: Start of the copy.
  end_at TIMESTAMP: End of the copy.
  object_id VARCHAR: The object that held the copy.
  line_number BIGINT: Its line in that object.
  flow_date DATE: UTC date of the copy.`),
  },
  {
    name: 'flow_overlap',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row an interface, hour and pair of flow logs whose records overlap without matching: flows may count twice.',
    columns: columns(`
  interface_id VARCHAR: The recorded interface.
  source VARCHAR: The entry of the config of the flow log with the richer format.
  flow_log_id VARCHAR: That flow log, where known.
  other_source VARCHAR: The entry of the config of the other flow log.
  other_flow_log_id VARCHAR: The other flow log, where known.
  reason VARCHAR: records_differ (one connection at one time, other counts) or fields_not_shared (too few fields in common to tell).
  compared_fields VARCHAR: Fields that both formats have.
  record_count BIGINT: Records of the first that may count twice.
  other_record_count BIGINT: Records of the other.
  started_at TIMESTAMP: From when.
  ended_at TIMESTAMP: Until when.
  flow_date DATE: UTC date.`),
  },
  {
    name: 'interface_context',
    layer: 'mart',
    description:
      'One row a state of a network interface, together with its instance, subnet and VPC.',
    columns: columns(`
  scope_name VARCHAR: Scope; null outside.
  network_interface_id VARCHAR: The interface.
  instance_id VARCHAR: Instance that it is attached to, if any.
  instance_name VARCHAR: Name tag of the instance.
  instance_profile_arn VARCHAR: Instance profile of the instance: the workload's identity, not a user.
  owner_kind VARCHAR: Kind of owner of the interface.
  owner_kind_basis VARCHAR: attachment, interface_type, description or requester (both inferred); null if unknown.
  is_owner_inferred BOOLEAN: True if the kind follows only from conventions of AWS: description or requester.
  owner_id VARCHAR: The owner, as in network_interface.
  subnet_id VARCHAR: Subnet.
  vpc_id VARCHAR: VPC.
  private_address VARCHAR: Primary private IPv4 address.
  addresses VARCHAR[]: Every private IPv4 and every IPv6 address.
  prefixes VARCHAR[]: Prefixes delegated to it.
  group_ids VARCHAR[]: Security groups.
  tags MAP(VARCHAR, VARCHAR): Tags of VPC, subnet, instance and interface; the nearer wins.
${VALIDITY}`),
  },
  {
    name: 'interface_segment',
    layer: 'mart',
    description:
      'One row a network interface and a stretch of time: what is known of it then, and how surely.',
    columns: columns(`
  network_interface_id VARCHAR: The interface.
  stretch_number BIGINT: Segments of one stretch have nothing between them that makes the answer doubtful.
  segment_number BIGINT: Place in the history of the interface, from 1.
  state_id VARCHAR: State in interface_context.
  segment_from TIMESTAMP: From when.
  segment_to TIMESTAMP: Until when: half open.
  as_of_verdict VARCHAR: exact or ambiguous.
  as_of_precision VARCHAR: observed (between two snapshots that agree), carried_forward (after the newest snapshot) or back_dated (before the first, as the configuration allows); null if ambiguous.
  as_of_reason VARCHAR: Why it is ambiguous.
  state_ids VARCHAR[]: States that may have held.
  group_ids VARCHAR[]: Security groups of all of these.`),
  },
  {
    name: 'flow_extent',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a day: from when until when its flow records reach, and the objects that hold them.',
    columns: columns(`
  first_at TIMESTAMP: Earliest time of a record, less the 60 seconds that AWS leaves open.
  last_at TIMESTAMP: Latest time of a record, and 60 seconds.
  longest_seconds BIGINT: Length of the longest record, and 120 seconds.
  object_ids VARCHAR[]: Objects that hold them.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'interface_period',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a network interface, a range of begins and a range of ends: records whose window lies so are judged alike.',
    columns: columns(`
  period_id INTEGER: Number within the day.
  network_interface_id VARCHAR: The interface; null for records that name none.
  state_id VARCHAR: State in interface_context at the begin of the window; null without metadata.
  begins_from TIMESTAMP: First begin of a window: 60 seconds before the record's start.
  begins_before TIMESTAMP: Begins lie before it.
  ends_after TIMESTAMP: Ends of the window, 60 seconds after the record's end, lie after it.
  ends_until TIMESTAMP: Last end.
  as_of_verdict VARCHAR: exact, ambiguous (a change inside the record's uncertainty) or no_metadata.
  as_of_precision VARCHAR: As in interface_segment.
  as_of_reason VARCHAR: Why it is ambiguous or has no metadata.
  as_of_id INTEGER: Number of these three within the day.
  state_ids VARCHAR[]: States of the interface that may have held.
  group_ids VARCHAR[]: Security groups of all of these.
  subnet_ids VARCHAR[]: Subnets of all of these.
  list_id BIGINT: Number of these groups and subnets within the day.
  context_id BIGINT: Number of the stretch of time in which no rule of them changed, within the day.
  context_begins_at TIMESTAMP: First begin of a window in that stretch.
  context_ends_at TIMESTAMP: Last end of a window in that stretch.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'match_answer',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row an answer of the security groups and the network ACL to classes of flows.',
    columns: columns(`
  answer_id INTEGER: Number within the day.
  permitting_rule_ids VARCHAR[]: Rules in force that permit it.
  changed_rule_ids VARCHAR[]: Rules that permit it and were added or removed about then.
  removed_rule_ids VARCHAR[]: Rules that permitted it and were removed within five days before.
  rule_ids VARCHAR[]: The first of these lists that is not empty.
  doubt VARCHAR: reference_unreadable, field_not_logged, icmp_type_not_logged or rules_unknown; null without.
  acl_verdict VARCHAR: denied, permitted, undecidable or no_metadata.
  acl_entry_ids VARCHAR[]: Entries of the network ACL that decide, or that leave it open.
  is_rule_back_dated BOOLEAN: True if what the rules say rests on some that were first seen later.
  is_acl_back_dated BOOLEAN: True if what the network ACL says rests on entries that were first seen later.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'flow_verdict',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a flow: its class in flow_class. Records that are copies are in flow_copy.',
    columns: columns(`
  object_id VARCHAR: The object that held the record.
  line_number BIGINT: Its line in that object.
  class_id INTEGER: Its class in flow_class, within the day.
  flow_date DATE: UTC date of the flow.`),
  },
  {
    name: 'flow_class',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a class of flows of a day, with all that is decided of each of its flows.',
    columns: columns(`
  class_id INTEGER: Number within the day.
  period_id INTEGER: Period of the interface, in interface_period.
  answer_id INTEGER: Answer of the rules, in match_answer; null where they were not asked.
  detail_id BIGINT: The six details; flow_event_detail has those of flows with companion events.
  source VARCHAR: The entry of the config that brought it.
  flow_log_id VARCHAR: Flow log that recorded it, where known.
  log_format VARCHAR: Fields that its records had, separated by blanks.
  network_interface_id VARCHAR: Interface, by id or by VPC and address.
  state_id VARCHAR: Its state in interface_context.
  as_of_verdict VARCHAR: exact, ambiguous (a change inside the record's uncertainty) or no_metadata.
  as_of_precision VARCHAR: As in interface_segment.
  as_of_reason VARCHAR: Why it is ambiguous or has no metadata.
  action VARCHAR: ACCEPT or REJECT.
  protocol INTEGER: IANA protocol number.
  row_direction VARCHAR: ingress or egress at the recorded interface; null if undecidable.
  row_direction_basis VARCHAR: flow_direction, interface_address, or null.
  initiator VARCHAR: source or destination: the side that opened; null if undecidable.
  initiator_basis VARCHAR: tcp_flags, conversation (flags of other records of the connection) or ports (inferred).
  is_response BOOLEAN: True if the record runs from the side that answered to the side that opened.
  is_remote_public BOOLEAN: True if the other side is outside private and special address space.
  is_logon_service BOOLEAN: True for ICMP and the ports of SSH, Telnet, RDP and WinRM.
  rule_verdict VARCHAR: As in flow_enriched.
  rule_reason VARCHAR: Why.
  group_verdict VARCHAR: As in flow_enriched.
  acl_verdict VARCHAR: As in flow_enriched.
  is_rule_back_dated BOOLEAN: As in flow_enriched.
  is_acl_back_dated BOOLEAN: As in flow_enriched.
  flow_count BIGINT: Flows.
  packet_count BIGINT: Their packets.
  byte_count BIGINT: Their bytes.
  first_at TIMESTAMP: Earliest start.
  last_at TIMESTAMP: Latest end.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'flow_event_detail',
    layer: 'mart',
    partition: 'flow_date',
    description: 'One row a flow that companion events may supply details of.',
    columns: columns(`
  object_id VARCHAR: The object that held the record.
  line_number BIGINT: Its line in that object.
  class_id INTEGER: Its class in flow_class.
  detail_id BIGINT: The six details, with what the events supply.
  flow_date DATE: UTC date of the flow.`),
  },
  {
    name: 'rule_day',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a security group rule and day: the accepted flows that it permits. Without a row it was not observed in use.',
    columns: columns(`
  rule_id VARCHAR: The rule.
  flow_count BIGINT: Flows; one that several rules permit counts for each.
  byte_count BIGINT: Their bytes.
  peer_count BIGINT: Remote addresses.
  network_count BIGINT: Remote networks, as in rule_network_day.
  port_count BIGINT: Service ports.
  first_at TIMESTAMP: First seen.
  last_at TIMESTAMP: Last seen.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'rule_network_day',
    layer: 'mart',
    partition: 'flow_date',
    description: 'One row a security group rule, day and remote network that used it.',
    columns: columns(`
  rule_id VARCHAR: The rule.
  network VARCHAR: The first 24 bits of IPv4 addresses, the first 64 of IPv6.
  peer_count BIGINT: Remote addresses of it.
  flow_count BIGINT: Flows.
  byte_count BIGINT: Their bytes.
  first_at TIMESTAMP: First seen.
  last_at TIMESTAMP: Last seen.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'rule_port_day',
    layer: 'mart',
    partition: 'flow_date',
    description: 'One row a security group rule, day and port that was used of it.',
    columns: columns(`
  rule_id VARCHAR: The rule.
  port INTEGER: Port of the service; null for protocols without, and where the initiator is not known.
  flow_count BIGINT: Flows.
  byte_count BIGINT: Their bytes.
  first_at TIMESTAMP: First seen.
  last_at TIMESTAMP: Last seen.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'named_service',
    layer: 'mart',
    description: 'One row a service that reports know by its port.',
    columns: columns(`
  protocol INTEGER: IANA protocol number.
  first_port INTEGER: First port.
  last_port INTEGER: Last port.
  service VARCHAR: Its name.
  is_administration BOOLEAN: True if it is for administration.
  is_insecure BOOLEAN: True if it sends passwords or data in clear text, or has no authentication.
  is_data_store BOOLEAN: True if it is a database, cache or file store.
  reason VARCHAR: What it is, in words that follow its name.`),
  },
  {
    name: 'edge_day',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a day, interface, direction, opener, service, other side, action and verdict of the rules: the traffic between them.',
    columns: columns(`
  network_interface_id VARCHAR: Interface that recorded it, by id or by VPC and address.
  state_id VARCHAR: Its state in interface_context; null without metadata.
  scope_name VARCHAR: Its scope; null outside.
  row_direction VARCHAR: ingress or egress at the interface; null if undecidable.
  opened_by VARCHAR: local (the side of the interface) or remote; null if undecidable.
  protocol INTEGER: IANA protocol number.
  first_port INTEGER: Port of the side that answered; null for protocols without, and where the opener is not known.
  last_port INTEGER: The same, or the last of a range: beyond 32 ports of no known service the others of a side are one row, and all ports of an interface in no scope.
  peer_kind VARCHAR: interface (one of the inventory), several (address of more than one of them), public, private, link_local, multicast or unknown.
  peer_interface_id VARCHAR: The interface on the other side, where it is one of the inventory and not of the same scope; null also beyond the budget of the day.
  peer_scope_name VARCHAR: Its scope; null outside.
  is_peer_scope_unclear BOOLEAN: True if the address is of several interfaces that are not in one scope.
  peer_range VARCHAR: The other side's address as a range; beyond 32 a side and port (fewer on days with very many) its network (24 bits of IPv4, 48 of IPv6), beyond as many of these null; null also within a scope.
  peer_count BIGINT: Remote addresses; null where they were not told apart: public ones that were rejected.
  action VARCHAR: ACCEPT or REJECT.
  rule_verdict VARCHAR: As in flow_enriched.
  rule_reason VARCHAR: As in flow_enriched; null if permitted, a response or not applicable.
  rule_ids VARCHAR[]: Rules that permit it, or may have.
  flow_count BIGINT: Flows.
  inferred_count BIGINT: Flows whose opener is inferred from the ports.
  byte_count BIGINT: Their bytes.
  first_at TIMESTAMP: First seen.
  last_at TIMESTAMP: Last seen.
  example_flow_id VARCHAR: One of the flows, where rule_reason says why.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'flow_enriched',
    layer: 'mart',
    isView: true,
    description:
      'One row a flow, with what was true of its interface at its time; records that are copies are in flow_copy.',
    columns: [
      ...FLOW_COLUMNS.filter((column) => column.name !== 'flow_date'),
      ...columns(`
  flow_id VARCHAR: Id of the record: object and line.
  source VARCHAR: The entry of the config that brought it.
  flow_log_id VARCHAR: Flow log that recorded it, where known.
  log_format VARCHAR: Fields that its record had, separated by blanks.
  copy_count BIGINT: Records of other flow logs that it stands for.
  copy_flow_ids VARCHAR[]: Those records.
  copy_flow_logs VARCHAR[]: Flow logs that hold them, by id, else by the entry of the config.
  source_address VARCHAR: Packet-level source: pkt_srcaddr, else srcaddr.
  destination_address VARCHAR: Packet-level destination: pkt_dstaddr, else dstaddr.
  row_direction VARCHAR: ingress or egress at the recorded interface; null if undecidable.
  row_direction_basis VARCHAR: flow_direction, interface_address, or null.
  initiator VARCHAR: source or destination: the side that opened; null if undecidable.
  initiator_basis VARCHAR: tcp_flags, conversation (flags of other records of the connection) or ports (inferred); null if undecidable.
  is_response BOOLEAN: True if the row runs from the side that answered to the side that opened.
  client_address VARCHAR: The side that opened.
  server_address VARCHAR: The side that answered.
  service_port INTEGER: Port of the side that answered.
  local_address VARCHAR: The interface's side.
  remote_address VARCHAR: The other side.
  is_remote_public BOOLEAN: True if the other side is outside private and special address space.
  as_of_verdict VARCHAR: exact, ambiguous (a change inside the record's uncertainty) or no_metadata.
  as_of_precision VARCHAR: observed (between two snapshots that agree), carried_forward (after the newest snapshot), back_dated (before the first, as the configuration allows) or null.
  as_of_reason VARCHAR: Why it is ambiguous or has no metadata.
  state_ids VARCHAR[]: States of the interface that may have held.
  network_interface_id VARCHAR: Interface, by id or by VPC and address.
  resource_instance_id VARCHAR: Instance on the interface at that time.
  instance_name VARCHAR: Its Name tag at that time.
  owner_kind VARCHAR: Kind of owner of the interface.
  is_owner_inferred BOOLEAN: True if the kind follows only from conventions of AWS: description or requester.
  owner_id VARCHAR: The owner, as in network_interface.
  group_ids VARCHAR[]: Security groups at that time; with ambiguous, all that may have held.
  resource_subnet_id VARCHAR: Subnet.
  resource_vpc_id VARCHAR: VPC.
  resource_tags MAP(VARCHAR, VARCHAR): Tags of VPC, subnet, instance and interface; the nearer wins.
  scope_name VARCHAR: Scope that the interface is in; null outside.
  rule_verdict VARCHAR: permitted, response, tracked_or_changed, undecidable, no_security_group, no_metadata, unexplained, or not_applicable for rows that were not accepted.
  rule_reason VARCHAR: Why.
  rule_ids VARCHAR[]: Rules that permit it, or may have.
  group_verdict VARCHAR: For rejected flows, what the security groups would have said: permitted, not_permitted, undecidable, response, no_security_group or no_metadata; else not_applicable.
  acl_verdict VARCHAR: For rejected flows, what the network ACL of the subnet says: denied, permitted, undecidable or no_metadata; else not_applicable.
  acl_entry_ids VARCHAR[]: Entries of the network ACL that decide, or that leave it open.
  is_rule_back_dated BOOLEAN: True if rule_verdict or group_verdict rests on rules that were first seen later (metadata_backdate_hours).
  is_acl_back_dated BOOLEAN: True if acl_verdict rests on entries that were first seen later.
  event_ids VARCHAR[]: IPS events that concern it.
  event_disposition VARCHAR: detected if an event let it through, else blocked, else logged; null without.
  flow_date DATE: UTC date of start_at, else of end_at, else of the object.`),
    ],
  },
  {
    name: 'flow_event',
    layer: 'mart',
    partition: 'flow_date',
    description: 'One row a pair of a flow and an IPS event that concerns it.',
    columns: columns(`
  object_id VARCHAR: The object that held the flow.
  line_number BIGINT: Its line in that object.
  flow_id VARCHAR: The flow.
  event_id VARCHAR: The event.
  interface_id VARCHAR: The interface that recorded the flow.
  action VARCHAR: ACCEPT or REJECT, of the flow.
  product VARCHAR: Product of the event.
  module VARCHAR: Module of the event.
  disposition VARCHAR: Disposition of the event.
  signature_id VARCHAR: Rule or signature that fired.
  user_name VARCHAR: User that the event names.
  matched_on VARCHAR: Keys that were equal: addresses, and of protocol and ports those that both have.
  is_reversed BOOLEAN: True if the event runs against the record: its source is the record's destination.
  translated_side VARCHAR: source, destination or both: whose address in the record is not the packet's, by which it matched (NAT, load balancer, pod or secondary address); null if the record's own addresses matched.
  recorded_at VARCHAR: target or sender of the event, whose interface made the record; hop on the way; null if not known.
  event_at TIMESTAMP: Time of the event by which it was matched.
  clock VARCHAR: event_at (the event's own), or received_at where the event has no time or one after it was received.
  time_difference_seconds DOUBLE: How far the event lies before (negative) or after the start and end of the record; 0 inside.
  time_match VARCHAR: inside, record_uncertainty (within the 60 seconds of the flow log) or clock_tolerance (within event_clock_tolerance_seconds more).
  confidence VARCHAR: high (every key that the protocol has, the record's own addresses, within its uncertainty, by the event's own clock), medium (both ports, one of the others not) or low (one port or none).
  is_usable BOOLEAN: True if it may supply details of the flow: not low, or ICMP, or a service that people log on to.
  effect VARCHAR: attack_reached_host or attack_left_host (detected, and the flow was accepted at the interface of its target or sender), blocked_by_ips, rejected_by_filter, outcome_unknown or not_an_attack.
  flow_date DATE: UTC date of the flow.`),
  },
  {
    name: 'event_match',
    layer: 'mart',
    partition: 'event_date',
    description:
      'One row an IPS event that may concern traffic: how many flows match it, and if none does, why.',
    columns: columns(`
  event_id VARCHAR: The event.
  product VARCHAR: As in ips_event.
  module VARCHAR: As in ips_event, without heartbeat, flow and system.
  disposition VARCHAR: As in ips_event.
  host_name VARCHAR: As in ips_event.
  source_address VARCHAR: Source, or where it is missing the stated address of the host.
  destination_address VARCHAR: Destination, or where it is missing the stated address of the host.
  protocol INTEGER: IANA protocol number.
  source_port INTEGER: Source port, for protocols that have ports.
  destination_port INTEGER: Destination port.
  event_at TIMESTAMP: As in flow_event.
  clock VARCHAR: As in flow_event.
  network_interface_ids VARCHAR[]: Interfaces of the inventory that may have been on either side then.
  instance_ids VARCHAR[]: Instances that they were attached to.
  scope_name VARCHAR: Scope of one of them; null outside, and where none is known.
  flow_log_ids VARCHAR[]: For an event without a match, flow logs that cover or recorded these interfaces.
  match_count BIGINT: Flows that match.
  confidence VARCHAR: The best of their confidences.
  has_reached_host BOOLEAN: True if the effect on one of them is attack_reached_host.
  has_left_host BOOLEAN: True if it is attack_left_host.
  reason VARCHAR: For an event without a match: no_address, class_never_logged, no_interface_known, no_flow_log_known, one_sided_flow_log, outside_ingested_time, skipped_interval or not_seen.
  unlogged_class VARCHAR: Traffic that AWS never logs which the event is of, such as instance metadata service.
  event_date DATE: UTC date of the event, as in ips_event.`),
  },
  {
    name: 'recorded_interface',
    layer: 'mart',
    partition: 'flow_date',
    description: 'One row an interface that has flow records on a day, and who recorded them.',
    columns: columns(`
  interface_id VARCHAR: The interface.
  source VARCHAR: The entry of the config that brought the records.
  flow_log_id VARCHAR: Flow log that made them, where known.
  record_count BIGINT: Records, copies included.
  flow_date DATE: UTC date.`),
  },
  {
    name: 'agent_interface',
    layer: 'mart',
    description:
      'One row a key by which agents and their events name a host, and an interface address that may have been of that host, from when until when.',
    columns: columns(`
  key_kind VARCHAR: address, instance_id or host_name.
  host_key VARCHAR: The key; a host name in lower case, and only while one instance alone has it as its Name tag.
  instance_id VARCHAR: Instance.
  network_interface_id VARCHAR: Its interface.
  subnet_id VARCHAR: Subnet of the interface.
  vpc_id VARCHAR: VPC of the interface.
  scope_name VARCHAR: Scope of the interface; null outside.
  address VARCHAR: An address of the interface.
  possible_from TIMESTAMP: From when it may have been so.
  possible_until TIMESTAMP: Until when; null if open.`),
  },
  {
    name: 'detail',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a combination of what the six details of PCI DSS v4.0.1 requirement 10.2.2 depend on, and one of them.',
    columns: columns(`
  detail_id BIGINT: The combination; flow_class and flow_event_detail say of which flows. Of one day.
  element_position INTEGER: 1 to 6, the order of 10.2.2.
  element VARCHAR: user_identification, event_type, event_time, outcome, origination or affected_resource.
  status VARCHAR: met (by the flow log), partial, supplied (by a companion event or metadata) or missing.
  code VARCHAR: Why, as a code.
  reason VARCHAR: Why, in words.
  supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  remedy VARCHAR: What would supply the rest; null if nothing is short.
  needs_flow_log BOOLEAN: True if another flow log of the VPC, subnet or interface would remedy it.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'detail_day',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a recorder, interface, day, detail of 10.2.2 and verdict on it: how many flows. Every flow counts once for each detail.',
    columns: columns(`
  source VARCHAR: The entry of the config that brought the flows.
  flow_log_id VARCHAR: Flow log that recorded them, where known.
  log_format VARCHAR: Fields that their records had.
  network_interface_id VARCHAR: Interface, by id or by VPC and address.
  instance_id VARCHAR: Instance at that time.
  instance_name VARCHAR: Its Name tag at that time.
  owner_kind VARCHAR: Kind of owner of the interface.
  scope_name VARCHAR: Scope; null outside.
  element_position INTEGER: As in detail.
  element VARCHAR: As in detail.
  status VARCHAR: As in detail.
  code VARCHAR: As in detail.
  reason VARCHAR: As in detail.
  supplied_by VARCHAR: As in detail.
  remedy VARCHAR: As in detail.
  needs_flow_log BOOLEAN: As in detail.
  flow_count BIGINT: Flows.
  first_at TIMESTAMP: Earliest time of the classes that these flows are of.
  last_at TIMESTAMP: Latest time of the classes that these flows are of.
  flow_date DATE: UTC date of the flows.`),
  },
  {
    name: 'copy_day',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a day and recorder of copies, with the recorder, interface and scope of the flows that stand for them: how many.',
    columns: columns(`
  source VARCHAR: The entry of the config that brought the copies.
  flow_log_id VARCHAR: Flow log of the copies, where known.
  log_format VARCHAR: Fields that the copies have.
  kept_source VARCHAR: The entry of the config that brought the kept flows.
  kept_flow_log_id VARCHAR: Flow log of the kept flows, where known.
  network_interface_id VARCHAR: Interface of the kept flows.
  scope_name VARCHAR: Its scope; null outside.
  copy_count BIGINT: Copies; one that several flows stand for counts once.
  flow_date DATE: UTC date of the copies.`),
  },
  {
    name: 'interface_day',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row an interface that has records on a day, of whatever log status, and who recorded it.',
    columns: columns(`
  interface_id VARCHAR: The interface; null for records that name none.
  source VARCHAR: The entry of the config that brought the records.
  flow_log_id VARCHAR: Flow log that made them, where known.
  record_count BIGINT: Records of traffic, copies included.
  nodata_count BIGINT: NODATA records: intervals without traffic.
  skipdata_count BIGINT: SKIPDATA records: intervals with a loss.
  seen_hours INTEGER[]: Hours after the day began in which a record starts or ends, sorted; 24 and more lie in the next day.
  seen_hour_count INTEGER: How many of these lie in the day itself.
  first_at TIMESTAMP: Earliest start.
  last_at TIMESTAMP: Latest end.
  flow_date DATE: UTC date of the records.`),
  },
  {
    name: 'skipped_interval',
    layer: 'mart',
    partition: 'flow_date',
    description: 'One row an interface, recorder and stretch of time in which AWS skipped records.',
    columns: columns(`
  interface_id VARCHAR: The interface.
  source VARCHAR: The entry of the config that brought the records.
  flow_log_id VARCHAR: Flow log that made them, where known.
  interval_count BIGINT: SKIPDATA records.
  started_at TIMESTAMP: Start of the first.
  ended_at TIMESTAMP: End of the last.
  flow_date DATE: UTC date of the records.`),
  },
  {
    name: 'ingestion_day',
    layer: 'mart',
    partition: 'flow_date',
    description:
      'One row a day and log group: how long after their time CloudWatch Logs received events.',
    columns: columns(`
  log_group VARCHAR: As in cloudwatch_event.
  source VARCHAR: The entry of the config that brought the events.
  kind VARCHAR: flow_logs or ips_events.
  event_count BIGINT: Events.
  least_seconds BIGINT: Shortest delay; of a flow record, from its start.
  half_seconds BIGINT: Half of the events had this delay or a shorter one.
  most_seconds BIGINT: 95 of 100 had this delay or a shorter one.
  greatest_seconds BIGINT: Longest delay.
  flow_date DATE: UTC date of the events.`),
  },
  {
    name: 'event_day',
    layer: 'mart',
    partition: 'event_date',
    description: 'One row a day, source and kind of IPS event: how many.',
    columns: columns(`
  source VARCHAR: The entry of the config that brought the events.
  product VARCHAR: As in ips_event.
  module VARCHAR: As in ips_event.
  disposition VARCHAR: As in ips_event.
  severity VARCHAR: As in ips_event.
  event_count BIGINT: Events; one that was delivered twice counts once.
  signature_count BIGINT: Different rules or signatures.
  host_count BIGINT: Different hosts, as the product names them.
  first_at TIMESTAMP: Earliest time.
  last_at TIMESTAMP: Latest time.
  event_date DATE: UTC date of the events.`),
  },
  {
    name: 'event_clock_day',
    layer: 'mart',
    partition: 'event_date',
    description:
      'One row a day, product and host: the time that its events give against the time at which they were received.',
    columns: columns(`
  product VARCHAR: As in ips_event.
  host VARCHAR: The host as the product names it; null where it does not.
  instance_id VARCHAR: EC2 instance, where stated.
  event_count BIGINT: Events.
  compared_count BIGINT: Events that give both times.
  ahead_count BIGINT: Events that are dated more than 60 seconds after they were received.
  least_seconds BIGINT: Shortest time from the event to its receipt; negative if it is dated after it.
  greatest_seconds BIGINT: Longest time.
  year_inferred_count BIGINT: Events whose time came without a year.
  event_date DATE: UTC date of the events.`),
  },
  {
    name: 'flow_detail',
    layer: 'mart',
    isView: true,
    description: 'One row a flow: the six details of PCI DSS v4.0.1 requirement 10.2.2.',
    columns: columns(`
  object_id VARCHAR: The object that held the record.
  line_number BIGINT: Its line in that object.
  flow_id VARCHAR: The flow.
  source VARCHAR: The entry of the config that brought it.
  flow_log_id VARCHAR: Flow log that recorded it, where known.
  log_format VARCHAR: Fields that its record had.
  interface_id VARCHAR: The recorded interface.
  network_interface_id VARCHAR: Interface, by id or by VPC and address.
  resource_instance_id VARCHAR: Instance at that time.
  instance_name VARCHAR: Its Name tag at that time.
  owner_kind VARCHAR: Kind of owner of the interface.
  resource_vpc_id VARCHAR: VPC at that time.
  scope_name VARCHAR: Scope; null outside.
  workload_identity VARCHAR: Instance profile, ECS task and service, and tags of the machine at that time; never a user.
  start_at TIMESTAMP: First packet.
  end_at TIMESTAMP: Last packet.
  user_identification VARCHAR: met, partial, supplied or missing.
  user_identification_reason VARCHAR: Code, and why.
  user_identification_supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  user_identification_remedy VARCHAR: What would supply the rest; null if nothing is short.
  event_type VARCHAR: met, partial, supplied or missing.
  event_type_reason VARCHAR: Code, and why.
  event_type_supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  event_type_remedy VARCHAR: What would supply the rest; null if nothing is short.
  event_time VARCHAR: met, partial, supplied or missing.
  event_time_reason VARCHAR: Code, and why.
  event_time_supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  event_time_remedy VARCHAR: What would supply the rest; null if nothing is short.
  outcome VARCHAR: met, partial, supplied or missing.
  outcome_reason VARCHAR: Code, and why.
  outcome_supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  outcome_remedy VARCHAR: What would supply the rest; null if nothing is short.
  origination VARCHAR: met, partial, supplied or missing.
  origination_reason VARCHAR: Code, and why.
  origination_supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  origination_remedy VARCHAR: What would supply the rest; null if nothing is short.
  affected_resource VARCHAR: met, partial, supplied or missing.
  affected_resource_reason VARCHAR: Code, and why.
  affected_resource_supplied_by VARCHAR: Fields of the flow log, companion event or metadata that supply it; null if missing.
  affected_resource_remedy VARCHAR: What would supply the rest; null if nothing is short.
  flow_date DATE: UTC date of the flow.`),
  },
  {
    name: 'gone_day',
    layer: 'mart',
    isView: true,
    description:
      'One row a table and day whose raw rows have left the lake by its retention, and are not back.',
    columns: columns(`
  table_name VARCHAR: The table, as in retention_action.
  log_date DATE: UTC day of the rows.
  action VARCHAR: archived or removed.
  raw_months INTEGER: As in retention_action.
  archive VARCHAR: As in retention_action.
  left_at TIMESTAMP: When they left, for the first time where they were back in between.`),
  },
  {
    name: 'query_access',
    layer: 'mart',
    isView: true,
    description: 'One row an access to the lake: who asked what, when, and how it ended.',
    columns: columns(`
  access_id VARCHAR: Id of the access.
  command VARCHAR: query, shell, serve, connect, explain or status.
  user_id BIGINT: Number of the operating system's user who asked.
  user_name VARCHAR: Name of that user.
  host_name VARCHAR: Name of the host, as it calls itself.
  process_id BIGINT: Process that asked.
  tool_version VARCHAR: Version of flowproof.
  statement VARCHAR: What was asked; its first 16,384 characters.
  statement_sha256 VARCHAR: Hash of the whole.
  parameter_names VARCHAR[]: Names of its parameters.
  outcome VARCHAR: answered, refused, limited, interrupted or failed; null where its end is not recorded.
  error_code VARCHAR: Code of the error, where there was one.
  row_count BIGINT: Rows of the answer.
  duration_seconds DOUBLE: From the question to the end of the answer.
  asked_at TIMESTAMP: When it was asked.
  ended_at TIMESTAMP: When it ended; null while it goes on, and where its process was killed.`),
  },
  ...OCSF_TABLES,
];

const byName = new Map(TABLES.map((table) => [table.name, table]));

/** The table of that name. Throws if the catalogue has none: a mistake in flowproof itself. */
export function findTable(name: string): Table {
  const table = byName.get(name);
  if (!table) throw new Error(`no table ${name} in the catalogue`);
  return table;
}

/** A SQL identifier in double quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A SQL string literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `"name" TYPE, ...` for a CREATE TABLE. */
export function columnDefinitions(table: Table): string {
  return table.columns.map((column) => `${quoteName(column.name)} ${column.type}`).join(', ');
}
