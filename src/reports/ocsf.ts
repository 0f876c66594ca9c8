/**
 * `ocsf.json`: an array of OCSF 1.5.0 Compliance Findings (class 2003), one a requirement, for tools
 * that collect findings. Rows of reports are there as counts; the CSV files hold them.
 *
 * OCSF says "Pass" of a check that passed for every resource. flowproof decides nothing of the kind, so
 * `supports` is "Other" with its own word, and no finding ever says "Pass".
 */
import { dataTime } from './data-time.ts';
import { csvName, queryName, sha256Of } from './manifest.ts';
import {
  type PackContent,
  type ReportResult,
  type RequirementResult,
  STATUS_WORDS,
  type Status,
} from './report.ts';
import { visibleJson } from './visible-text.ts';

export const OCSF_NAME = 'ocsf.json';

/** Numbers and captions as the schema has them: category 2, class 2003, activity 1. */
const CLASSIFICATION = {
  activity_id: 1,
  activity_name: 'Create',
  category_uid: 2,
  category_name: 'Findings',
  class_uid: 2003,
  class_name: 'Compliance Finding',
  type_uid: 200301,
  type_name: 'Compliance Finding: Create',
} as const;

/**
 * `compliance.status_id`: 0 Unknown, 2 Warning ("did not yield a result due to missing information"),
 * 3 Fail, 99 Other, whose word is the source's own. 1, Pass, is never used.
 */
const COMPLIANCE_STATUS_IDS: Readonly<Record<Status, 0 | 2 | 3 | 99>> = {
  supports: 99,
  partial: 2,
  contradicts: 3,
  not_evidenced: 0,
  out_of_reach: 99,
  manual_evidence_required: 99,
};

const CAPTIONS = { 0: 'Unknown', 2: 'Warning', 3: 'Fail' } as const;

/** The findings as JSON; the same content gives the same bytes. */
export function ocsfJson(content: PackContent): string {
  const reports = new Map(content.reports.map((report) => [report.name, report]));
  return visibleJson(
    content.requirements.map((requirement) =>
      findingOf(
        content,
        requirement,
        requirement.reports.flatMap((name) => reports.get(name) ?? []),
      ),
    ),
  );
}

function findingOf(
  content: PackContent,
  requirement: RequirementResult,
  reports: readonly ReportResult[],
) {
  const { id, status } = requirement;
  const { tool } = content;
  const { standard } = content.pack;
  const time = Date.parse(dataTime(content));
  const title = `${standard} ${id}: ${requirement.title}`;
  const statusId = COMPLIANCE_STATUS_IDS[status];
  const uid = uidOf(content, requirement);
  const said = {
    ...CLASSIFICATION,
    time,
    // flowproof ranks no finding.
    severity_id: 0,
    severity: 'Unknown',
    // Nobody has reviewed it yet.
    status_id: 1,
    status: 'New',
    message: `${title}. ${STATUS_WORDS[status].label}: ${requirement.why}`,
    finding_info: {
      uid,
      title,
      desc: requirement.why,
      created_time: time,
      types: ['Evidence from network logs'],
    },
    compliance: {
      standards: [standard],
      requirements: [id],
      control: `${id} ${requirement.title}`,
      desc: requirement.asks,
      status_id: statusId,
      status: statusId === 99 ? STATUS_WORDS[status].label : CAPTIONS[statusId],
      status_code: status,
      status_details: [STATUS_WORDS[status].meaning, requirement.why, requirement.limits],
    },
    ...(content.scope.length === 0 ? {} : { resources: content.scope.map(resourceOf) }),
    ...(reports.length === 0 ? {} : { evidences: reports.map(evidenceOf) }),
    unmapped: {
      flowproof: {
        status,
        status_meaning: STATUS_WORDS[status].meaning,
        decision: 'flowproof supplies evidence; the assessor decides.',
        manual_evidence: requirement.manual,
        organization: content.organization,
        pack: content.pack.name,
        period: content.period,
        data_through: content.dataThrough,
        config_sha256: content.configSha256,
        ...(content.exceptions === null
          ? {}
          : {
              exceptions_sha256: content.exceptions.sha256,
              exceptions: content.exceptions.uses
                .filter((one) => requirement.reports.includes(one.report))
                .map(({ rowCount, ...one }) => ({ ...one, row_count: rowCount })),
            }),
      },
    },
  };
  const product = { name: tool.name, vendor_name: tool.name, version: tool.version };
  return {
    ...said,
    metadata: {
      version: '1.5.0',
      // The same finding with other evidence is another event.
      uid: hashOf([said, product]),
      log_name: content.pack.name,
      log_provider: tool.name,
      product,
    },
  };
}

/** One requirement of one pack, assessed organization and period is one finding, whoever makes it again. */
function uidOf(content: PackContent, requirement: RequirementResult): string {
  const { pack, organization, period } = content;
  return hashOf([pack.name, organization, period.start, period.end, requirement.id]);
}

function hashOf(value: unknown): string {
  return sha256Of(JSON.stringify(value));
}

function resourceOf(scope: PackContent['scope'][number]) {
  return {
    name: scope.name,
    type: 'scope',
    data: {
      match: scope.match,
      interface_count: scope.interfaceCount,
      instance_count: scope.instanceCount,
    },
  };
}

function evidenceOf(report: ReportResult) {
  return {
    name: report.title,
    uid: report.name,
    data: {
      question: report.question,
      had_data: report.hadData,
      row_kind: report.rowKind,
      row_count: report.rows.length,
      status_counts: report.statusCounts,
      csv: csvName(report.name),
      query: queryName(report.name),
      query_sha256: report.querySha256,
    },
  };
}
