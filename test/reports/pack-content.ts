/**
 * A pack as the pipeline would fill it: every status, a wide report with more rows than the PDF shows,
 * a report without rows, one without data, hostile text, and more sources than the PDF lists.
 */
import { createHash } from 'node:crypto';
import type {
  PackContent,
  PackSource,
  ReportCell,
  ReportColumn,
  ReportResult,
  RequirementResult,
} from '../../src/reports/report.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hexId(prefix: string, number: number): string {
  return `${prefix}-${sha256(`${prefix}${number}`).slice(0, 17)}`;
}

function columns(text: string): ReportColumn[] {
  return text.split(' ').map((part) => {
    const [name = '', type = 'text'] = part.split(':');
    return { name, type: type as ReportColumn['type'] };
  });
}

/** The text of each report's query, by the report's name. */
export const QUERY_TEXTS: ReadonlyMap<string, string> = new Map(
  [
    'flow_detail_by_resource',
    'accepted_flow_by_rule',
    'loss_interval',
    'ips_detection_let_through',
    'hostile_text',
  ].map((name) => [name, `-- title: ${name}\nselect *\nfrom ${name}\norder by all\n`]),
);

function report(
  name: string,
  own: Omit<ReportResult, 'name' | 'querySha256' | 'parameters'>,
): ReportResult {
  return {
    name,
    querySha256: sha256(QUERY_TEXTS.get(name) ?? ''),
    parameters: { period_start: '2026-01-01T00:00:00Z', period_end: '2026-02-01T00:00:00Z' },
    ...own,
  };
}

const DETAIL_STATUSES = ['partial', 'supports', 'not_evidenced', 'out_of_reach'] as const;

const detailRows = Array.from({ length: 14 }, (_, index): ReportCell[] => [
  DETAIL_STATUSES[index % DETAIL_STATUSES.length] ?? 'partial',
  hexId('i', index),
  `cde-web-${index}`,
  'user_identification',
  index % 3 === 0 ? 'No field of a flow log names a user.' : 'supplied by ips_event.user_name',
  120_431 + index * 977,
]);

const ruleRows = Array.from({ length: 260 }, (_, index): ReportCell[] => [
  '123456789012',
  hexId('eni', index),
  hexId('i', index % 40),
  index % 7 === 0 ? '2001:db8:85a3:1234:5678:8a2e:370:7334' : `198.51.100.${index % 250}`,
  `10.0.${index % 16}.${index % 250}`,
  index % 2 === 0 ? 443 : 5432,
  hexId('sgr', index % 25),
  index % 11 === 0 ? null : 'permitted',
  index % 5 === 0,
  index * 1_037_211,
  `2026-01-${String(1 + (index % 28)).padStart(2, '0')}T10:15:00Z`,
  `2026-01-${String(1 + (index % 28)).padStart(2, '0')}T10:16:00Z`,
]);

export const HOSTILE_TEXTS: readonly string[] = [
  "=cmd|'/c calc'!A1",
  '@SUM(1+1)*cmd',
  '#set page(fill: red) #panic("markup") $x$ *bold* `code`',
  '中文 and \u202eevil\u202c and \u0000\u0007\u200b end',
  'line one\r\nline two, with "quotes"',
  "'already an apostrophe",
  '＝HYPERLINK("https://example.com")',
  'e\u0301 Ελληνικά Кириллица ž ş € … – 😀',
  `arn:aws:ec2:eu-central-1:123456789012:network-interface/${'a1b2c3d4'.repeat(12)}`,
  'x'.repeat(900),
];

const REPORTS: ReportResult[] = [
  report('flow_detail_by_resource', {
    title: 'Details of requirement 10.2.2, by resource',
    question: 'For each resource in scope, which of the six details do its flow records hold?',
    requirements: ['10.2.2'],
    rowKind: 'summary',
    grain: 'One row a resource and detail.',
    limits: 'A flow record, in any version, names no user and does not say what the traffic did.',
    columns: columns('status resource_id resource_name detail reason flow_count:number'),
    rows: detailRows,
    hadData: true,
    statusCounts: { partial: 4, supports: 4, not_evidenced: 3, out_of_reach: 3 },
  }),
  report('accepted_flow_by_rule', {
    title: 'Accepted flows and the rules that permit them',
    question: 'Which security group rule let each accepted connection in?',
    requirements: ['1.2.5', '1.3.1'],
    rowKind: 'evidence',
    grain: 'One row an interface, pair of addresses and service port.',
    limits:
      'Rules are those of the snapshots around the flow. A rule without traffic was not observed; ' +
      'that does not make it unused.',
    columns: columns(
      'account_id network_interface_id instance_id client_address server_address ' +
        'service_port:number rule_id rule_verdict is_remote_public:boolean total_bytes:number ' +
        'first_at:time last_at:time',
    ),
    rows: ruleRows,
    hadData: true,
    statusCounts: {},
  }),
  report('loss_interval', {
    title: 'Intervals in which records were lost',
    question: 'When did AWS skip records for an interface in scope?',
    requirements: ['10.2.2', '10.4.1'],
    rowKind: 'findings',
    grain: 'One row a SKIPDATA interval.',
    limits: 'A record that was never written leaves no trace of its absence.',
    columns: columns('status network_interface_id start_at:time end_at:time'),
    rows: [],
    hadData: true,
    statusCounts: {},
  }),
  report('ips_detection_let_through', {
    title: 'Intrusion attempts that were seen and let through',
    question: 'Which events of the intrusion prevention agents were detected and not blocked?',
    requirements: ['11.5.1'],
    rowKind: 'findings',
    grain: 'One row an event.',
    limits: 'Agents see only the hosts that they run on.',
    columns: columns('status host_name signature_name event_at:time'),
    rows: [],
    hadData: false,
    statusCounts: {},
  }),
  report('hostile_text', {
    title: 'Signature names as the agents logged them',
    question: 'Which names did the agents report?',
    requirements: ['11.5.1'],
    rowKind: 'evidence',
    grain: 'One row a name.',
    limits: 'Names are the vendor’s.',
    columns: columns('signature_name event_count:number'),
    rows: HOSTILE_TEXTS.map((text, index) => [text, -index]),
    hadData: true,
    statusCounts: {},
  }),
];

function requirement(
  id: string,
  status: RequirementResult['status'],
  own: Pick<RequirementResult, 'title' | 'asks' | 'why' | 'limits'>,
): RequirementResult {
  return {
    id,
    status,
    reports: REPORTS.filter((one) => one.requirements.includes(id)).map((one) => one.name),
    manual: [
      'The approved list of services, protocols and ports, from the owner of the network standard.',
      'An interview with the staff who review the rules.',
    ],
    ...own,
  };
}

const REQUIREMENTS: RequirementResult[] = [
  requirement('1.2.5', 'partial', {
    title: 'Services, protocols and ports in use',
    asks: 'All services, protocols and ports that are allowed are identified, approved and needed.',
    why: '214 of 260 accepted connections are explained by a rule; 46 are not attributed.',
    limits: 'Logs show what was used, not what was approved.',
  }),
  requirement('1.3.1', 'contradicts', {
    title: 'Inbound traffic to the cardholder data environment',
    asks: 'Inbound traffic is restricted to what is necessary; all other traffic is denied.',
    why: '52 connections from public addresses reached a database port in scope.',
    limits: 'Whether traffic is necessary is a decision that no log holds.',
  }),
  requirement('1.4.4', 'supports', {
    title: 'Stored card data not reachable from untrusted networks',
    asks: 'Components that store cardholder data are not directly accessible from outside.',
    why: 'No connection from a public address to a component tagged as storage was accepted.',
    limits: 'Which components store cardholder data is taken from the tags.',
  }),
  requirement('10.2.2', 'out_of_reach', {
    title: 'Details of each audit log event',
    asks: 'Each event holds user, type, date and time, outcome, origin and the resource affected.',
    why: 'User identification is missing in all 1 204 331 flow records.',
    limits: 'No flow record, in any version, names a user or says what the traffic did.',
  }),
  requirement('10.4.1', 'manual_evidence_required', {
    title: 'Daily review of audit logs',
    asks: 'Audit logs are reviewed at least once a day.',
    why: 'A review leaves its record with the reviewer, not in the logs.',
    limits: 'Reading a log leaves no entry in it.',
  }),
  requirement('11.5.1', 'not_evidenced', {
    title: 'Intrusion detection or prevention',
    asks: 'Intrusion detection or prevention techniques watch the perimeter and critical points.',
    why: 'No events of an intrusion prevention agent were supplied for the period.',
    limits: 'Agents see only the hosts that they run on.',
  }),
];

const SOURCES: PackSource[] = Array.from({ length: 120 }, (_, index) => ({
  uri:
    `s3://example-flow-logs/AWSLogs/123456789012/vpcflowlogs/eu-central-1/2026/01/` +
    `${String(1 + (index % 28)).padStart(2, '0')}/123456789012_vpcflowlogs_eu-central-1_` +
    `fl-0123456789abcdef0_202601T0000Z_${sha256(`n${index}`).slice(0, 8)}.log.gz`,
  sha256: sha256(`source ${index}`),
  sizeBytes: 10_000 + index,
  format: index === 7 ? null : 'flow_log_text',
  status: index === 7 ? 'refused' : 'loaded',
  reason: index === 7 ? 'no format recognises the content (first bytes 50 4b 03 04)' : null,
  lineCount: 1000,
  rowCount: 998,
  rejectedCount: index === 3 ? 1 : 0,
}));

const OVERVIEW: PackContent['overview'] = {
  details: [
    { element: 'user_identification', met: 0, supplied: 211, partial: 0, missing: 1_204_120 },
    { element: 'event_type', met: 0, supplied: 211, partial: 1_204_120, missing: 0 },
    { element: 'event_time', met: 1_204_331, supplied: 0, partial: 0, missing: 0 },
    { element: 'outcome', met: 0, supplied: 211, partial: 1_204_120, missing: 0 },
    { element: 'origination', met: 801_004, supplied: 0, partial: 403_327, missing: 0 },
    { element: 'affected_resource', met: 601_004, supplied: 503_327, partial: 100_000, missing: 0 },
  ],
  days: Array.from({ length: 31 }, (_, index) => ({
    day: `2026-01-${String(index + 1).padStart(2, '0')}`,
    interfaceCount: index === 0 ? 0 : 160,
    recordedCount: index === 0 ? 0 : index === 11 ? 0 : 160 - (index % 5) * 8,
  })),
  segments: [
    { scope: 'cde', peer: 'internet', acceptedCount: 801_004, rejectedCount: 51_202 },
    { scope: 'cde', peer: 'scope connected', acceptedCount: 40_211, rejectedCount: 0 },
    { scope: 'connected', peer: 'scope cde', acceptedCount: 39_871, rejectedCount: 12 },
    { scope: 'connected', peer: 'private, not in inventory', acceptedCount: 0, rejectedCount: 7 },
  ],
};

/** A fresh copy at every call, so that a test may change its own. */
export function packContent(): PackContent {
  return structuredClone<PackContent>({
    pack: {
      name: 'pci-dss-4.0.1',
      title: 'Network evidence for PCI DSS',
      standard: 'PCI DSS v4.0.1',
    },
    organization: 'Example Payments Ltd',
    period: { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' },
    dataThrough: '2026-01-31T23:58:12Z',
    scope: [
      { name: 'cde', match: 'tag pci-scope = cde', interfaceCount: 42, instanceCount: 31 },
      {
        name: 'connected-to',
        match: 'vpc vpc-0a1b2c3d4e5f60718, subnets 10.0.16.0/20',
        interfaceCount: 118,
        instanceCount: 96,
      },
    ],
    figures: [
      { label: 'Flow records', value: '1 204 331' },
      { label: 'Records rejected', value: '1' },
      { label: 'Interfaces in scope', value: '160' },
      { label: 'Interfaces without records', value: '3' },
      { label: 'Intervals with loss', value: '0' },
      { label: 'Source objects', value: '120' },
    ],
    overview: OVERVIEW,
    requirements: REQUIREMENTS,
    reports: REPORTS,
    exceptions: null,
    sources: SOURCES,
    configSha256: sha256('config'),
    tool: { name: 'flowproof', version: '0.1.0', engine: 'DuckDB 1.5.6' },
  });
}

/** A pack that is made quickly: two reports, one of them without rows, and few sources. */
export function smallPackContent(): PackContent {
  const content = packContent();
  const names = ['flow_detail_by_resource', 'loss_interval'];
  return {
    ...content,
    reports: content.reports.filter((one) => names.includes(one.name)),
    requirements: content.requirements.filter((one) => one.id.startsWith('10.')),
    sources: content.sources.slice(0, 3),
  };
}
