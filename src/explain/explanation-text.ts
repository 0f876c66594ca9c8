/** An explanation as text: the record first, then what follows from what, each with its reason. */
import { protocolName } from '../protocol.ts';
import type { Enrichment, ExplainedRecord, Explanation } from './explanation.ts';
import { type Fact, factLines, heading, indented, type Layout, pairLines } from './layout.ts';
import { aclLines, ruleLines } from './trial-text.ts';

/** The text of an explanation, ending with a line break. No control character of it is of a log. */
export function explanationText(explanation: Explanation, layout: Layout): string {
  const { enrichment } = explanation;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', heading(title, layout), ...lines];
  const lines = [
    heading(`Flow ${explanation.flow_id}`, layout),
    ...indented(sentenceOf(explanation.record), layout, 2),
    ...section('Asked for', askedLines(explanation, layout)),
    ...section('Record', recordLines(explanation.record, layout)),
    ...section('Copies', copyLines(explanation, layout)),
    ...(enrichment === null
      ? []
      : [
          ...section('Interface at that time', interfaceLines(enrichment, layout)),
          ...section('Direction and initiator', sideLines(enrichment, layout)),
          ...section('Security group rules', ruleLines(enrichment, layout)),
          ...section('Network ACL', aclLines(enrichment, explanation.record, layout)),
          ...section('Companion events', eventLines(enrichment, layout)),
          ...section('The six details of 10.2.2', detailLines(enrichment, layout)),
        ]),
    ...section(
      'Note',
      explanation.notes.flatMap((note) => indented(note, layout, 2)),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function sentenceOf({ fields }: ExplainedRecord): string {
  const side = (address: string, port: string): string =>
    `${fields[address] ?? 'an address that is not logged'}${fields[port] ? ` port ${fields[port]}` : ''}`;
  const protocol = typeof fields.protocol === 'number' ? ` ${protocolName(fields.protocol)}` : '';
  return `${side('srcaddr', 'srcport')} to ${side('dstaddr', 'dstport')}${protocol}, ${fields.action ?? 'without an action'}, from ${fields.start ?? '?'} until ${fields.end ?? '?'}`;
}

function askedLines(explanation: Explanation, layout: Layout): string[] {
  const { copy_of: copyOf, asked_record: asked } = explanation;
  const [first] = copyOf;
  if (first === undefined || asked === null) return [];
  const others = copyOf.slice(1).map((copy) => copy.kept_flow_id);
  return factLines(
    [
      ['flow id', `${explanation.asked_flow_id}, line ${asked.line_number} of ${asked.uri}`],
      [
        'copied as',
        `${first.copied_as}: another flow log recorded the same, and ${explanation.flow_id} stands for it; that one is explained here`,
      ],
      ['compared', first.compared_fields],
      ['also', others.length > 0 ? `${others.join(', ')} stand for it` : null],
    ],
    layout,
  );
}

function recordLines(record: ExplainedRecord, layout: Layout): string[] {
  const facts: Fact[] = Object.entries({ ...record.fields, ...record.extra }).map(
    ([name, value]) => [name, value === null ? '-' : String(value)],
  );
  return [
    ...factLines(
      [
        ['object', `${record.object_id} (${record.object_status ?? 'not in the ledger'})`],
        ['uri', record.uri],
        ['line', String(record.line_number)],
        ['sha256', record.sha256],
        ['format', record.format],
        [
          'recorded by',
          [record.flow_log_id ?? 'a flow log that is not named', record.source]
            .filter((part) => part !== null)
            .join(', by '),
        ],
      ],
      layout,
    ),
    '',
    ...pairLines(facts, layout),
  ];
}

function copyLines({ copies }: Explanation, layout: Layout): string[] {
  return factLines(
    copies.map((copy) => [
      copy.flow_id,
      `${copy.copied_as} by ${copy.flow_log_id ?? copy.source ?? 'another flow log'}, not counted a second time`,
    ]),
    layout,
  );
}

function interfaceLines(found: Enrichment, layout: Layout): string[] {
  const basis = { interface_id: 'by its id', address: 'by VPC, address and time' };
  return [
    ...factLines(
      [
        [
          'interface',
          found.network_interface_id === null
            ? 'not known'
            : `${found.network_interface_id}, ${basis[found.network_interface_basis ?? 'interface_id']}`,
        ],
        ['window', `${found.window_from ?? '?'} until ${found.window_to ?? '?'}`],
        [
          'as of then',
          [found.as_of_verdict, found.as_of_precision, found.as_of_reason]
            .filter((part) => part !== null)
            .join(', '),
        ],
      ],
      layout,
    ),
    ...found.states.flatMap((state) => [
      '',
      ...indented(`State ${state.state_id}`, layout, 2),
      ...factLines(
        [
          ['held', heldText(state)],
          ['known by', knownText(state)],
          ['owner', ownerText(state)],
          ['instance', named(state.instance_id, state.instance_name)],
          [
            'runs as',
            state.instance_profile_arn === null ? null : `${state.instance_profile_arn} (no user)`,
          ],
          ['subnet', named(state.subnet_id, state.subnet_name)],
          ['vpc', named(state.vpc_id, state.vpc_name)],
          ['addresses', [...state.addresses, ...state.prefixes].join(', ')],
          ['groups', state.group_ids.join(', ') || 'none'],
          [
            'tags',
            Object.entries(state.tags)
              .map(([key, value]) => `${key}=${value}`)
              .join(', '),
          ],
          ['scope', state.scope_name ?? 'none'],
        ],
        layout,
        4,
      ),
    ]),
  ];
}

type State = Enrichment['states'][number];

function heldText(state: State): string {
  const since = `seen from ${state.valid_from} to ${state.known_until}`;
  const before = state.absent_at === null ? '' : `, not yet at ${state.absent_at}`;
  const after = state.valid_to === null ? ', the newest known' : `, no longer at ${state.valid_to}`;
  return since + before + after;
}

function ownerText({ owner_kind, owner_kind_basis, is_owner_inferred, owner_id }: State): string {
  const basis = owner_kind_basis === null ? '' : `, by ${owner_kind_basis}`;
  const inferred = is_owner_inferred === true ? ' (inferred)' : '';
  return `${owner_kind}${owner_id === null ? '' : ` ${owner_id}`}${basis}${inferred}`;
}

function knownText(state: State): string {
  const parts = [`start ${state.start_precision}`];
  if (state.end_precision !== null) parts.push(`end ${state.end_precision}`);
  return `${(state.known_by ?? []).join(', ')} (${parts.join(', ')})`;
}

function named(id: string | null, name: string | null): string | null {
  return id === null || name === null ? id : `${id} (${name})`;
}

function sideLines(found: Enrichment, layout: Layout): string[] {
  const isInferred = found.initiator_basis === 'ports';
  return factLines(
    [
      [
        'direction',
        found.row_direction === null
          ? 'not known: neither the record nor the addresses of the interface tell'
          : `${found.row_direction}, by ${found.row_direction_basis}`,
      ],
      ['own side', found.local_address],
      [
        'other side',
        found.remote_address === null
          ? null
          : `${found.remote_address}${found.is_remote_public ? ' (public)' : ''}`,
      ],
      [
        'opened by',
        found.initiator === null
          ? 'not known'
          : `${found.initiator}, ${found.client_address}, by ${found.initiator_basis}${isInferred ? ' (inferred)' : ''}`,
      ],
      [
        'answered by',
        found.server_address === null
          ? null
          : `${found.server_address}${found.service_port ? `, port ${found.service_port}` : ''}${found.is_response ? '; this record runs from the side that answered' : ''}`,
      ],
      [
        'other records',
        found.deciding_records.map(
          (one) =>
            `${one.flow_id} at ${one.start_at}: tcp-flags ${one.tcp_flags}, ${one.action}: the ${one.initiator} of this record opened`,
        ),
      ],
    ],
    layout,
  );
}

function eventLines({ events }: Enrichment, layout: Layout): string[] {
  if (events.length === 0) return indented('none that matches', layout, 2);
  return events.flatMap(({ event, ...matched }, index) => [
    ...(index === 0 ? [] : ['']),
    ...indented(`Event ${matched.event_id}`, layout, 2),
    ...factLines(
      [
        ['by', joined(', ', event.product, event.module, event.host_name)],
        ['at', `${event.event_at}, ${distanceText(matched)}`],
        ['signature', joined(' ', event.signature_id, event.signature_name)],
        ['disposition', joined(', logged as ', matched.disposition, event.action_raw)],
        ['user', matched.user_name],
        ['client', event.client_address],
        [
          'sides',
          `${endpoint(event.source_address, event.source_port)} to ${endpoint(event.destination_address, event.destination_port)}`,
        ],
        ['matched on', joined(', ', matched.matched_on, ...waysOf(matched))],
        ['confidence', matched.confidence],
        ['effect', matched.effect],
      ],
      layout,
      4,
    ),
  ]);
}

type Matched = Omit<Enrichment['events'][number], 'event'>;

function distanceText({ time_difference_seconds: seconds, time_match: match }: Matched): string {
  if (seconds === null || seconds === 0) return "inside the record's time";
  if (match === null) return `${seconds} s outside the record's window`;
  return `${Math.abs(seconds)} s ${seconds < 0 ? 'before' : 'after'} the record's time (${match})`;
}

/** What is special about how an event matched. */
function waysOf(matched: Matched): string[] {
  return [
    ...(matched.is_reversed ? ['against the direction of the record'] : []),
    ...(matched.translated_side === null
      ? []
      : [`by the packet's own address (${matched.translated_side} translated)`]),
    ...(matched.clock === 'received_at' ? ['by the time at which it was received'] : []),
    ...(matched.is_usable === false ? ['too uncertain to supply a detail'] : []),
  ];
}

function joined(separator: string, ...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(separator);
}

function endpoint(address: string | null, port: number | null): string {
  return `${address ?? '?'}${port === null ? '' : ` port ${port}`}`;
}

function detailLines(found: Enrichment, layout: Layout): string[] {
  const facts = found.details.map((detail): Fact => {
    const lines = [
      `${detail.status}${detail.code === null ? '' : ` ${detail.code}`}: ${detail.reason}`,
      detail.supplied_by === null ? '' : `by: ${detail.supplied_by}`,
      detail.remedy === null ? '' : `remedy: ${detail.remedy}`,
    ];
    return [detail.element, lines.filter((line) => line !== '')];
  });
  const workload = found.workload_identity;
  return factLines(
    [...facts, ['workload', workload === null ? null : `${workload}; no user`]],
    layout,
  );
}
