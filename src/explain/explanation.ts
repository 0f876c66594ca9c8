/**
 * The shape of an explanation: what `flowproof explain --format json` prints, and what the text is made
 * from. Keys are added to it, and none is renamed or removed. Times are texts, UTC: `2026-11-02T10:00:30Z`.
 */
import { z } from 'zod';

const text = z.string().nullable();
const time = z.string().nullable();
const integer = z.number().int().nullable();
const texts = z.array(z.string());

/** The driver gives a map as a list of keys and values, so that an empty one is an empty list. */
const entries = z.preprocess(
  (value) => (Array.isArray(value) && value.length === 0 ? {} : (value ?? {})),
  z.record(z.string(), z.string()),
);

/** What a criterion says: it fits, it does not, or the record or the inventory cannot tell. */
const match = z.enum(['yes', 'no', 'unknown']);

/** From when until when something held for certain, and may have held. */
const stretch = {
  possible_from: time,
  certain_from: time,
  certain_until: time,
  possible_until: time,
};

const recordSchema = z.strictObject({
  object_id: z.string(),
  line_number: z.number().int(),
  uri: text,
  /** The entry of the config that listed the object, such as flow_logs[0]. */
  source: text,
  format: text,
  flow_log_id: text,
  version_id: text,
  sha256: text,
  object_status: text,
  ingested_at: time,
  /** Every field that the object has, by AWS's name; null where the record has `-`. */
  fields: z.record(z.string(), z.union([z.string(), z.number()]).nullable()),
  /** Fields that this version of flowproof does not know. */
  extra: entries,
});

const copySchema = z.strictObject({
  flow_id: z.string(),
  kept_flow_id: z.string(),
  copied_as: z.string(),
  compared_fields: text,
  source: text,
  flow_log_id: text,
  kept_source: text,
  kept_flow_log_id: text,
  start_at: time,
  end_at: time,
});

const stateSchema = z.strictObject({
  state_id: z.string(),
  network_interface_id: z.string(),
  instance_id: text,
  instance_name: text,
  /** What the workload runs as: never a user. */
  instance_profile_arn: text,
  owner_kind: text,
  owner_kind_basis: text,
  /** The kind follows from conventions of AWS alone. */
  is_owner_inferred: z.boolean().nullable(),
  owner_id: text,
  description: text,
  subnet_id: text,
  subnet_name: text,
  vpc_id: text,
  vpc_name: text,
  addresses: texts,
  prefixes: texts,
  group_ids: texts,
  tags: entries,
  scope_name: text,
  valid_from: time,
  known_until: time,
  valid_to: time,
  absent_at: time,
  known_by: texts.nullable(),
  start_precision: text,
  end_precision: text,
});

const decidingRecordSchema = z.strictObject({
  flow_id: z.string(),
  start_at: time,
  action: text,
  tcp_flags: integer,
  /** The side of the explained record that it says opened the connection. */
  initiator: z.enum(['source', 'destination']),
});

const criteria = {
  direction_match: match,
  protocol_match: match,
  port_match: match,
  peer_match: match,
};

const ruleTrialSchema = z.strictObject({
  group_id: z.string(),
  rule_id: z.string(),
  direction: z.enum(['ingress', 'egress']),
  protocol: integer,
  from_port: integer,
  to_port: integer,
  peer: text,
  description: text,
  ...criteria,
  standing: z.enum(['in_force', 'about_then', 'removed_before', 'not_then']),
  /** What of the rule's peers has the remote address: cidr, prefix_list_entry, group_member, unreadable. */
  peer_kind: text,
  matched_peers: texts,
  outcome: z.enum(['permits', 'may_permit', 'permitted_before', 'undecidable', 'does_not_permit']),
  reason: z.string(),
  known_by: texts.nullable(),
  ...stretch,
});

const aclTrialSchema = z.strictObject({
  network_acl_id: z.string(),
  entry_id: z.string(),
  rule_number: integer,
  direction: z.enum(['ingress', 'egress']),
  action: text,
  protocol: integer,
  from_port: integer,
  to_port: integer,
  icmp_type: integer,
  icmp_code: integer,
  cidr: text,
  ...criteria,
  standing: z.enum(['in_force', 'about_then']),
  entry_match: z.enum(['matches', 'may_match', 'does_not_match']),
  is_deciding: z.boolean(),
  reason: z.string(),
  ...stretch,
});

const eventSchema = z.strictObject({
  event_id: z.string(),
  disposition: text,
  user_name: text,
  matched_on: text,
  /** Seconds before (negative) or after the record's interval; 0 inside. */
  time_difference_seconds: z.number().nullable(),
  confidence: text,
  /** How it matched and what it did; null in a lake whose flow_event does not have the column. */
  time_match: text,
  clock: text,
  is_reversed: z.boolean().nullable(),
  translated_side: text,
  recorded_at: text,
  is_usable: z.boolean().nullable(),
  effect: text,
  /** The event itself, less its original. */
  event: z.strictObject({
    product: text,
    module: text,
    event_at: time,
    host_name: text,
    signature_id: text,
    signature_name: text,
    severity: text,
    action_raw: text,
    protocol: integer,
    source_address: text,
    source_port: integer,
    destination_address: text,
    destination_port: integer,
    client_address: text,
  }),
});

export const ELEMENTS = [
  'user_identification',
  'event_type',
  'event_time',
  'outcome',
  'origination',
  'affected_resource',
] as const;

const detailSchema = z.strictObject({
  element: z.enum(ELEMENTS),
  status: text,
  code: text,
  reason: text,
  supplied_by: text,
  remedy: text,
});

const verdictsSchema = z.strictObject({
  rule_verdict: z.string(),
  rule_ids: texts,
  group_verdict: z.string(),
  acl_verdict: z.string(),
  acl_entry_ids: texts,
});

const enrichmentSchema = z.strictObject({
  network_interface_id: text,
  /** `interface_id` of the record, or its `address` in its VPC; null where neither names one. */
  network_interface_basis: z.enum(['interface_id', 'address']).nullable(),
  /** The record's time with the 60 seconds of uncertainty that AWS states; half open. */
  window_from: time,
  window_to: time,
  as_of_verdict: text,
  as_of_precision: text,
  as_of_reason: text,
  states: z.array(stateSchema),
  row_direction: text,
  row_direction_basis: text,
  local_address: text,
  remote_address: text,
  is_remote_public: z.boolean().nullable(),
  initiator: text,
  initiator_basis: text,
  is_response: z.boolean().nullable(),
  client_address: text,
  server_address: text,
  service_port: integer,
  deciding_records: z.array(decidingRecordSchema),
  rule_verdict: text,
  rule_reason: text,
  rule_ids: texts,
  /** Of a rejected record: what its groups and the network ACL of its subnet say. */
  group_verdict: text,
  acl_verdict: text,
  acl_entry_ids: texts,
  /** A verdict rests on rules, or entries, that were first seen later. */
  is_rule_back_dated: z.boolean().nullable(),
  is_acl_back_dated: z.boolean().nullable(),
  /** What follows from the trials alone: the same verdicts, reached a second time. */
  tried: verdictsSchema,
  /** False if the trials come to another verdict than the one in the lake. */
  is_tried_alike: z.boolean(),
  rule_trials: z.array(ruleTrialSchema),
  acl_trials: z.array(aclTrialSchema),
  event_disposition: text,
  events: z.array(eventSchema),
  details: z.array(detailSchema),
  /** What the workload runs as (instance profile, ECS task, tags): never a user. */
  workload_identity: text,
});

export const explanationSchema = z.strictObject({
  /** The id that was asked for: `flow_id`, unless that record is a copy. */
  asked_flow_id: z.string(),
  flow_id: z.string(),
  record: recordSchema,
  /** The record that was asked for, if another one stands for it. */
  asked_record: recordSchema.nullable(),
  /** The records that stand for the one that was asked for; the first of them is explained. */
  copy_of: z.array(copySchema),
  /** The records that the explained one stands for. */
  copies: z.array(copySchema),
  /** Null if the record is not enriched yet. */
  enrichment: enrichmentSchema.nullable(),
  /** What a reader should know before relying on it, with what to do. */
  notes: texts,
});

export type Explanation = z.infer<typeof explanationSchema>;
export type Enrichment = z.infer<typeof enrichmentSchema>;
export type ExplainedRecord = z.infer<typeof recordSchema>;
export type RuleTrial = z.infer<typeof ruleTrialSchema>;
export type AclTrial = z.infer<typeof aclTrialSchema>;

/** What a row of each query is cut to. */
export const ROWS = {
  record: recordSchema,
  copy: copySchema,
  subject: enrichmentSchema,
  interface_state: stateSchema,
  deciding_record: decidingRecordSchema,
  rule_trial: ruleTrialSchema,
  acl_trial: aclTrialSchema,
  conclusion: verdictsSchema,
  companion_event: eventSchema,
} as const;
