/**
 * The text of a first configuration, with a comment to each key. Names in it come from AWS, and may be
 * anything: the YAML library writes them, and what the configuration does not allow becomes a comment.
 */
import { Document, Pair, Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { configSchema } from '../config-schema.ts';
import { visibleText } from '../text-table.ts';
import type { AwsFacts, FoundDestination } from './ask-aws.ts';
import { withoutEndSlashes } from './end-slashes.ts';

export type FirstConfig = {
  /** Undefined where AWS was not asked. */
  facts: AwsFacts | undefined;
  /** Patterns of local files of flow logs. */
  files: readonly string[];
  scopeTag: { key: string; value: string } | undefined;
  vpcs: readonly string[];
  /** Days: `2026-10-01`. */
  period: { start: string; end: string };
};

const DEFAULT_FILES = 'logs/**/*.log.gz';

type Entry = { value: Record<string, unknown>; comment?: string };

/** The whole file. It can be read as a configuration, whatever AWS answered. */
export function firstConfigText(first: FirstConfig): string {
  const { facts, period } = first;
  const document = new Document({}, { version: '1.2' });
  const root = document.contents as unknown as YAMLMap;
  const add = (key: string, value: unknown, comment: readonly string[]): Pair<Scalar, unknown> => {
    const pair = pairOf(document, key, value, comment);
    root.items.push(pair);
    return pair;
  };
  add('lake', './lake', ['Where the tables are kept. Relative paths are relative to this file.']);
  add('output', './evidence', ['Where the evidence packs are written.']);
  spaceBefore(add('sources', sourcesNode(document, first), sourcesComment(facts)));
  spaceBefore(add('scope', [scopeOf(first)], scopeComment(first)));
  spaceBefore(
    add('period', period, [
      'What the pack covers: whole UTC days, the end excluded.',
      ...(facts?.accountId === undefined ? [] : [`The account that was asked: ${facts.accountId}`]),
    ]),
  );
  spaceBefore(
    add('pack', 'pci-dss-4.0.1', [
      'Or nist-800-53-r5, soc2, iso-27001-2022, or a list of several.',
    ]),
  );
  document.commentBefore = [
    ' yaml-language-server: $schema=./flowproof.schema.json',
    ' Written by `flowproof init`. Every key: `flowproof config-schema`; check it with `flowproof doctor`.',
  ].join('\n');
  document.comment = MORE_KEYS.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 });
}

const MORE_KEYS = [
  '',
  'organization: Example Shop          # who is assessed; shown on the cover',
  'allowed_services:                   # what may enter and leave; what else was seen contradicts',
  '  - { scope: cde, direction: inbound, protocol: tcp, ports: [443], justification: Shop, approved_by: CHG-1 }',
  'exceptions: exceptions.yaml         # findings that were accepted, by whom and until when',
  'signature: { key_file: flowproof-key.pem }   # who signs the packs; or { kms_key: alias/flowproof, region: us-east-1 }',
  'memory_limit: 2GB                   # upper bound of the engine',
];

function pairOf(
  document: Document,
  key: string,
  value: unknown,
  comment: readonly string[],
): Pair<Scalar, unknown> {
  const name = new Scalar(key);
  if (comment.length > 0) name.commentBefore = commentText(comment);
  return new Pair(name, document.createNode(value));
}

function spaceBefore(pair: Pair<Scalar, unknown>): void {
  pair.key.spaceBefore = true;
}

/** Lines of a comment: a line end in a name would end it. */
const commentText = (lines: readonly string[]): string =>
  lines.map((line) => ` ${visibleText(line)}`).join('\n');

function sourcesComment(facts: AwsFacts | undefined): string[] {
  const unasked = facts?.unasked ?? [];
  return [
    'What is read. Each entry needs one of files, s3, cloudwatch_logs or ec2.',
    ...(unasked.length === 0 ? [] : ['Could not be asked:', ...unasked.map((why) => `  ${why}`)]),
  ];
}

function sourcesNode(document: Document, first: FirstConfig): YAMLMap {
  const { facts } = first;
  const sources = document.createNode({}) as unknown as YAMLMap;
  const addList = (
    key: string,
    entries: readonly Entry[],
    comment: readonly string[],
    examples: readonly string[],
  ): void => {
    const pair = pairOf(document, key, [], comment);
    const list = pair.value as YAMLSeq;
    for (const { value, comment: said } of entries) {
      const node = document.createNode(value) as unknown as YAMLMap;
      if (said !== undefined) node.commentBefore = commentText(said.split('\n'));
      list.items.push(node);
    }
    if (examples.length > 0) list.comment = commentText(examples);
    sources.items.push(pair);
  };
  const { entries, refused } = flowLogEntries(first);
  const others = (facts?.destinations ?? []).flatMap((one) =>
    one.of === 'other' ? [`Not read directly: ${idsOf(one)} to ${one.what}`] : [],
  );
  addList(
    'flow_logs',
    entries.length > 0 ? entries : [PLACEHOLDER],
    ['VPC flow logs.'],
    [...refused, ...others, ...(entries.some(({ value }) => 's3' in value) ? [] : S3_EXAMPLE)],
  );
  const inventory = inventoryEntries(facts);
  if (inventory.length > 0) addList('inventory', inventory, INVENTORY, []);
  const rest = [
    ...(inventory.length > 0 ? [] : [...INVENTORY, ...INVENTORY_EXAMPLE]),
    ...EVENTS_EXAMPLE,
  ];
  sources.comment = commentText(rest);
  return sources;
}

const PLACEHOLDER: Entry = {
  value: { files: [DEFAULT_FILES] },
  comment: 'No flow log was found: say where yours are.',
};

const S3_EXAMPLE = [
  '- s3: s3://example-flow-logs/AWSLogs/   # the bucket that flow logs are delivered to',
  "  region: us-east-1                     # the bucket's",
];

const INVENTORY = [
  'Interfaces, security groups and rules: what flows are looked at with, as of their time.',
  'Each run asks what is true now; it cannot ask what was, so begin early and run every hour.',
];

const INVENTORY_EXAMPLE = ['inventory:', '  - ec2: [us-east-1]'];

const EVENTS_EXAMPLE = [
  'Events of intrusion prevention agents, firewalls and GuardDuty:',
  'ips_events:',
  '  - files: [ips/**/*]',
];

type FlowLogEntries = { entries: Entry[]; refused: string[] };

function flowLogEntries({ facts, files }: FirstConfig): FlowLogEntries {
  const candidates: Entry[] = [
    ...(files.length > 0 ? [{ value: { files: [...files] } }] : []),
    ...(facts?.destinations ?? []).flatMap(entryOf),
  ];
  const entries: Entry[] = [];
  const refused: string[] = [];
  for (const candidate of candidates) {
    if (isAllowed(candidate.value)) entries.push(candidate);
    else refused.push(`Not a name that can be written here: ${JSON.stringify(candidate.value)}`);
  }
  return { entries, refused };
}

function entryOf(destination: FoundDestination): Entry[] {
  const ids = `Flow logs ${idsOf(destination)}`;
  if (destination.of === 's3') {
    const { bucket, prefix, region, isRegionKnown } = destination;
    const path = prefix === '' ? '' : `${withoutEndSlashes(prefix)}/`;
    const doubt = isRegionKnown ? '' : "\nThe bucket's Region could not be asked: check it.";
    return [{ value: { s3: `s3://${bucket}/${path}AWSLogs/`, region }, comment: ids + doubt }];
  }
  if (destination.of === 'other') return [];
  const { logGroup, region } = destination;
  return [{ value: { cloudwatch_logs: logGroup, region }, comment: ids }];
}

/** Ids of flow logs, the first few. */
function idsOf({ flowLogIds }: FoundDestination): string {
  const shown = flowLogIds.slice(0, 5).join(', ');
  return flowLogIds.length > 5 ? `${shown} and ${flowLogIds.length - 5} more` : shown;
}

function isAllowed(entry: Record<string, unknown>): boolean {
  const { flow_logs: flowLogs } = configSchema.shape.sources.shape;
  return flowLogs.safeParse([entry]).success;
}

function inventoryEntries(facts: AwsFacts | undefined): Entry[] {
  return facts === undefined || facts.regions.length === 0
    ? []
    : [{ value: { ec2: [...facts.regions] } }];
}

/** The scope, of what was chosen, else of every VPC that there is. */
function scopeOf({ facts, scopeTag, vpcs }: FirstConfig): Record<string, unknown> {
  const match: Record<string, unknown> = {};
  if (vpcs.length > 0) match.vpc = [...vpcs];
  if (scopeTag) match.tag = { [scopeTag.key]: scopeTag.value };
  if (Object.keys(match).length > 0) return { name: 'cde', match };
  const found = (facts?.vpcs ?? []).map(({ vpcId }) => vpcId).filter((id) => id !== '');
  if (found.length > 0) return { name: 'cde', match: { vpc: found } };
  return facts?.accountId === undefined
    ? { name: 'cde', match: { tag: { pci: 'true' } } }
    : { name: 'cde', match: { account: [facts.accountId] } };
}

function scopeComment({ facts, scopeTag, vpcs }: FirstConfig): string[] {
  const what = [
    'What is assessed; an interface belongs to the first scope of which all keys hold: account, vpc, subnet,',
    'instance, interface, tag (of the interface, its instance, subnet or VPC).',
  ];
  if (vpcs.length > 0 || scopeTag) return what;
  const names = (facts?.vpcs ?? []).map(
    ({ vpcId, name, region }) => `  ${vpcId} ${region}${name === undefined ? '' : ` ${name}`}`,
  );
  if (names.length > 0) {
    return [
      ...what,
      'All VPCs that were found: keep those of the cardholder data environment.',
      ...names,
    ];
  }
  return [...what, 'Nothing was chosen: say what the cardholder data environment is.'];
}
