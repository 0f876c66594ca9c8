/** The trials as text: each rule and each network ACL entry, what each criterion said, and one reason. */
import { protocolName } from '../protocol.ts';
import type { AclTrial, Enrichment, ExplainedRecord, RuleTrial } from './explanation.ts';
import { factLines, indented, type Layout } from './layout.ts';

/** Outcomes in the order in which a reader wants them. */
const OUTCOMES = [
  'permits',
  'may_permit',
  'permitted_before',
  'undecidable',
  'does_not_permit',
] as const satisfies readonly RuleTrial['outcome'][];

const BACK_DATED = ' (back-dated: what it rests on was first seen later)';

export function ruleLines(found: Enrichment, layout: Layout): string[] {
  const trials = found.rule_trials.toSorted(
    (one, other) => OUTCOMES.indexOf(one.outcome) - OUTCOMES.indexOf(other.outcome),
  );
  return [
    ...factLines(
      [
        ['verdict', `${found.rule_verdict}: ${found.rule_reason}`],
        ['rules', found.rule_ids.join(', ')],
        [
          'the groups',
          found.group_verdict === 'not_applicable'
            ? null
            : `${found.group_verdict}, had they alone decided${found.is_rule_back_dated === true ? BACK_DATED : ''}`,
        ],
        ['tried', triedText(found)],
      ],
      layout,
    ),
    ...trials.flatMap((trial) => ['', ...ruleTrialLines(trial, layout)]),
  ];
}

function triedText({ rule_trials: trials, is_response: isResponse }: Enrichment): string {
  if (trials.length > 0) return `${trials.length} rules, each with what its criteria say`;
  return isResponse
    ? 'no rule: groups are stateful, and what answers needs none'
    : 'no rule, as none is known of the interface at that time, or the record has no action';
}

function ruleTrialLines(trial: RuleTrial, layout: Layout): string[] {
  const [arrow, preposition] =
    trial.direction === 'egress' ? ['outbound', 'to'] : ['inbound', 'from'];
  const title = `${trial.outcome}  ${trial.rule_id} of ${trial.group_id}: ${arrow} ${service(trial)} ${preposition} ${trial.peer ?? 'no peer'}`;
  const peers = trial.matched_peers.filter((peer) => peer !== trial.peer);
  return [
    ...indented(title, layout, 2),
    ...factLines(
      [
        ['criteria', `${criteria(trial)}, time ${trial.standing}`],
        ['peer', peers.length > 0 ? `${peers.join(', ')} (${trial.peer_kind})` : null],
        ['held', heldText(trial)],
        ['so', trial.reason],
        ['described', trial.description],
      ],
      layout,
      4,
    ),
  ];
}

export function aclLines(found: Enrichment, record: ExplainedRecord, layout: Layout): string[] {
  if (record.fields.action !== 'REJECT') return [];
  return [
    ...factLines(
      [
        ['verdict', `${found.acl_verdict}${found.is_acl_back_dated === true ? BACK_DATED : ''}`],
        ['entries', found.acl_entry_ids.join(', ')],
        [
          'tried',
          found.acl_trials.length > 0
            ? `${found.acl_trials.length} entries, in their order`
            : "no entry: the inventory holds no network ACL of the interface's subnet at that time",
        ],
      ],
      layout,
    ),
    ...found.acl_trials.flatMap((trial) => ['', ...aclTrialLines(trial, layout)]),
  ];
}

function aclTrialLines(trial: AclTrial, layout: Layout): string[] {
  const preposition = trial.direction === 'egress' ? 'to' : 'from';
  const title = `${trial.is_deciding ? 'decides' : trial.entry_match}  ${trial.entry_id}: ${trial.action} ${aclService(trial)} ${preposition} ${trial.cidr}`;
  return [
    ...indented(title, layout, 2),
    ...factLines(
      [
        ['criteria', `${criteria(trial)}, time ${trial.standing}`],
        ['held', heldText(trial)],
        ['so', trial.reason],
      ],
      layout,
      4,
    ),
  ];
}

function criteria(trial: RuleTrial | AclTrial): string {
  return `direction ${trial.direction_match}, protocol ${trial.protocol_match}, port ${trial.port_match}, peer ${trial.peer_match}`;
}

function heldText(trial: RuleTrial | AclTrial): string {
  const certain = `${trial.certain_from} until ${trial.certain_until}`;
  const possible = `${trial.possible_from} until ${trial.possible_until}`;
  return certain === possible ? certain : `${certain} for certain, ${possible} at most`;
}

type Service = Pick<RuleTrial, 'protocol' | 'from_port' | 'to_port'>;

function service({ protocol, from_port: from, to_port: to }: Service): string {
  if (protocol === null) return 'all protocols';
  const name = protocolName(protocol);
  if (from === null) return name;
  if (protocol === 1 || protocol === 58)
    return `${name} type ${from}${to === null ? '' : ` code ${to}`}`;
  return `${name} ${from === to ? from : `${from}-${to}`}`;
}

function aclService(trial: AclTrial): string {
  const { icmp_type: type, icmp_code: code } = trial;
  if (type === null && code === null) return service(trial);
  return `${service(trial)} type ${type ?? 'any'} code ${code ?? 'any'}`;
}
