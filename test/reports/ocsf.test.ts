import { describe, expect, test } from 'vitest';
import { ocsfJson } from '../../src/reports/ocsf.ts';
import { type PackContent, STATUSES } from '../../src/reports/report.ts';
import { EXCEPTIONS } from './exception-uses.ts';
import { HIDDEN, hostilePack, textsOf } from './hostile-pack.ts';
import { judgeBy } from './json-schema.ts';
import { packContent } from './pack-content.ts';

const mistakesOf = judgeBy('ocsf-1.5.0-compliance-finding.schema.json');

type Finding = {
  time: number;
  metadata: { uid: string; version: string };
  finding_info: { uid: string; title: string };
  compliance: { status_id: number; status: string; status_code: string; requirements: string[] };
  evidences?: { uid: string; data: Record<string, unknown> }[];
  unmapped: { flowproof: Record<string, unknown> };
};

function findingsOf(content: PackContent): Finding[] {
  return JSON.parse(ocsfJson(content)) as Finding[];
}

describe('ocsfJson', () => {
  test('each requirement is a finding that the published schema accepts', () => {
    const content = packContent();
    const findings = findingsOf(content);
    expect(findings.map((one) => one.compliance.requirements)).toEqual(
      content.requirements.map((one) => [one.id]),
    );
    expect(findings.flatMap(mistakesOf)).toEqual([]);
  });

  test('the schema is no rubber stamp: it refuses what 1.5.0 does not have', () => {
    const [finding] = findingsOf(packContent());
    expect(mistakesOf({ ...finding, verdict: 'x' })).toEqual([
      '/ must NOT have additional properties',
    ]);
    expect(mistakesOf({ ...finding, class_uid: 2001 })).toHaveLength(1);
    expect(mistakesOf({ ...finding, severity_id: 7 })).toHaveLength(1);
    expect(mistakesOf({ ...finding, time: '2026-01-01' })).toHaveLength(1);
    expect(mistakesOf({ ...finding, finding_info: {} })).toEqual([
      "/finding_info must have required property 'uid'",
    ]);
    expect(mistakesOf({ ...finding, evidences: [{ name: 'x' }] })).not.toEqual([]);
    expect(mistakesOf({ ...finding, device: { hostname: 'x' } })).not.toEqual([]);
    expect(mistakesOf({ ...finding, compliance: { status_id: 4 } })).toHaveLength(1);
  });

  test('a status is said in OCSF’s words, never as a pass, and in our own', () => {
    const content = packContent();
    const [model] = content.requirements;
    if (!model) throw new Error('the fixture has no requirements');
    content.requirements = STATUSES.map((status) => ({ ...model, id: status, status }));
    const said = findingsOf(content).map(({ compliance, unmapped }) => [
      compliance.status_code,
      compliance.status_id,
      compliance.status,
      unmapped.flowproof.status,
    ]);
    expect(said).toEqual([
      ['contradicts', 3, 'Fail', 'contradicts'],
      ['not_evidenced', 0, 'Unknown', 'not_evidenced'],
      ['partial', 2, 'Warning', 'partial'],
      ['out_of_reach', 99, 'Out of reach', 'out_of_reach'],
      ['manual_evidence_required', 99, 'Manual evidence required', 'manual_evidence_required'],
      ['supports', 99, 'Supports', 'supports'],
    ]);
    expect(ocsfJson(content)).not.toMatch(/\bpass(?:ed)?\b|\bcompliant\b/i);
  });

  test('the finding of a report names its rows by count, its CSV and its query', () => {
    const [, , , detail] = findingsOf(packContent());
    expect(detail?.finding_info.title).toBe(
      'PCI DSS v4.0.1 10.2.2: Details of each audit log event',
    );
    expect(detail?.evidences?.map((one) => one.uid)).toEqual([
      'flow_detail_by_resource',
      'loss_interval',
    ]);
    expect(detail?.evidences?.[0]?.data).toMatchObject({
      had_data: true,
      row_count: 14,
      status_counts: { partial: 4, supports: 4, not_evidenced: 3, out_of_reach: 3 },
      csv: 'flow_detail_by_resource.csv',
      query: 'queries/flow_detail_by_resource.sql',
    });
  });

  test('the time is that of the data, or the end of a period without any', () => {
    expect(findingsOf(packContent())[0]?.time).toBe(Date.parse('2026-01-31T23:58:12Z'));
    const [finding] = findingsOf({ ...packContent(), dataThrough: null });
    expect(finding?.time).toBe(Date.parse('2026-02-01T00:00:00Z'));
    expect(mistakesOf(finding)).toEqual([]);
  });

  test('a finding keeps its id when its evidence changes, and is another event then', () => {
    const content = packContent();
    const [before] = findingsOf(content);
    const changed = structuredClone(content);
    changed.requirements = changed.requirements.map((one) => ({ ...one, why: 'Otherwise.' }));
    const [after] = findingsOf(changed);
    expect(after?.finding_info.uid).toBe(before?.finding_info.uid);
    expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
    for (const other of [
      { ...content, period: { ...content.period, start: '2025-12-01T00:00:00Z' } },
      { ...content, organization: 'Another' },
      { ...content, pack: { ...content.pack, name: 'another' } },
    ]) {
      expect(findingsOf(other)[0]?.finding_info.uid).not.toBe(before?.finding_info.uid);
    }
    const ids = findingsOf(content).map((one) => one.finding_info.uid);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('exceptions stand with the findings whose reports they are of', () => {
    const findings = findingsOf({ ...packContent(), exceptions: EXCEPTIONS });
    expect(findings.flatMap(mistakesOf)).toEqual([]);
    const listed = findings.map(({ compliance, unmapped }) => [
      compliance.requirements[0],
      (unmapped.flowproof.exceptions as { id: string; row_count: number }[]).map((one) => [
        one.id,
        one.row_count,
      ]),
    ]);
    expect(listed.filter(([, uses]) => uses?.length)).toEqual([
      ['10.2.2', [['EX-7', 3]]],
      ['10.4.1', [['EX-7', 3]]],
    ]);
  });

  test('the same content gives the same bytes', () => {
    expect(ocsfJson(packContent())).toBe(ocsfJson(packContent()));
  });

  test('without scope, reports and requirements it is valid too', () => {
    const bare = { ...packContent(), scope: [], reports: [], organization: null };
    expect(findingsOf(bare).flatMap(mistakesOf)).toEqual([]);
    expect(findingsOf(bare)[0]).not.toHaveProperty('evidences');
    expect(ocsfJson({ ...bare, requirements: [] })).toBe('[]\n');
  });

  test('hostile text is valid, visible and whole', () => {
    const { content } = hostilePack();
    const findings = findingsOf(content);
    expect(findings.flatMap(mistakesOf)).toEqual([]);
    expect(textsOf(findings).filter((text) => HIDDEN.test(text))).toEqual([]);
    expect(Buffer.from(ocsfJson(content)).toString('utf8')).toBe(ocsfJson(content));
    expect(textsOf(findings)).toContain('lone [U+D800] and [U+DC00] halves');
    expect(textsOf(findings)).toContain('<script>alert(1)</script>');
  });
});
