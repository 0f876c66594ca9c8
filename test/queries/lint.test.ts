import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { formatSql } from '../../scripts/sql-format.ts';
import { listOf, type QueryFile, readLayer } from '../../src/query-file.ts';
import {
  deriveRequirementStatus,
  loadPackDefinition,
  type ReportEvidence,
  requirementResult,
} from '../../src/reports/pack-definition.ts';
import type { Status } from '../../src/reports/report.ts';
import { REQUIREMENT_IDS, requirementIdMistake } from '../../src/reports/requirement-ids.ts';
import { TABLES } from '../../src/tables.ts';

const reports = readLayer('reports');
const marts = readLayer('marts');
const staging = readLayer('staging');
const explain = readLayer('explain');
const parts = readLayer('parts');
const setup = readLayer('setup');

/** Tables of ingest that reports may read: the ledger, and what no mart repeats row by row. */
const LEDGER = [
  'source_object',
  'rejected_record',
  'run',
  'review',
  'inventory_snapshot',
  'flow_status',
  'ips_event',
  'ips_agent',
  'ips_agent_list',
];

function tablesOf(layer: 'ingest' | 'staging' | 'mart'): string[] {
  return TABLES.filter((table) => table.layer === layer).map((table) => table.name);
}

const namesOf = (files: readonly QueryFile[]): string[] => files.map((file) => file.name);

// The last three are made from the configuration.
const REPORTS_READ = new Set([
  ...tablesOf('mart'),
  ...tablesOf('staging'),
  ...LEDGER,
  ...['allowed_service', 'allowed_peer', 'card_data_match'],
]);

const READABLE = {
  reports: REPORTS_READ,
  parts: REPORTS_READ,
  // `scope_match` is made from the configuration.
  marts: new Set([
    ...tablesOf('ingest'),
    ...tablesOf('staging'),
    ...tablesOf('mart'),
    ...namesOf(marts),
    'scope_match',
  ]),
  staging: new Set([...tablesOf('ingest'), ...tablesOf('staging')]),
  // What a query of `explain` leaves is a table that those after it read.
  explain: new Set([
    ...tablesOf('ingest'),
    ...tablesOf('staging'),
    ...tablesOf('mart'),
    ...namesOf(explain),
  ]),
  // `known_place` is made of what was asked, `scope_match` of the configuration.
  setup: new Set([
    ...tablesOf('ingest'),
    ...tablesOf('staging'),
    ...tablesOf('mart'),
    ...namesOf(setup),
    'known_place',
    'scope_match',
  ]),
};

/** The statement without comments and with every text literal empty. */
function bare(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/^\s*--.*$/, ''))
    .join('\n')
    .replace(/'[^']*'/g, "''")
    .replace(/\bdistinct\s+from\b/g, 'distinct_from');
}

function parametersOf(text: string): string[] {
  return [
    ...new Set([...bare(text).matchAll(/\$([a-z_]+)/g)].map((match) => match[1] ?? '')),
  ].sort();
}

function tablesReadBy(text: string): string[] {
  const statement = bare(text);
  const steps = new Set(
    [...statement.matchAll(/\b([a-z_]+)\s*(?:\([a-z_, \n]*\)\s*)?as\s*\(/g)].map((one) => one[1]),
  );
  const read = [...statement.matchAll(/\b(?:from|join)\s+([a-z_]+)/g)].map((one) => one[1] ?? '');
  return [...new Set(read)].filter((name) => name !== 'unnest' && !steps.has(name)).sort();
}

/** What Trino does not have; see "SQL on two engines". */
const NOT_SHARED =
  /group by all|order by all|\bexclude\s*\(|\bqualify\b|\basof\b|\bpivot\b|\blambda\b|\barg_m(?:ax|in)\b|\bread_parquet\b|\bgetvariable\b|\bilike\b|::|\/\//;

describe.each([
  ...reports.map((file) => [`reports/${file.name}`, file] as const),
  ...marts.map((file) => [`marts/${file.name}`, file] as const),
  ...staging.map((file) => [`staging/${file.name}`, file] as const),
  ...explain.map((file) => [`explain/${file.name}`, file] as const),
  ...parts.map((file) => [`parts/${file.name}`, file] as const),
  ...setup.map((file) => [`setup/${file.name}`, file] as const),
])('%s', (_, file) => {
  it('is formatted', () => {
    expect(file.written).toBe(formatSql(file.written));
  });

  it('declares the parameters that its statement has', () => {
    expect(listOf(file.header.parameters).sort()).toEqual(parametersOf(file.text));
  });

  it('reads only the layers below', () => {
    const allowed = READABLE[file.layer as keyof typeof READABLE];
    expect(tablesReadBy(file.text).filter((name) => !allowed.has(name))).toEqual([]);
  });
});

describe.each(reports.map((file) => [file.name, file] as const))('report %s', (name, file) => {
  it('keeps to the SQL that DuckDB and Trino share', () => {
    expect(bare(file.text)).not.toMatch(NOT_SHARED);
  });

  it('ends in a select with an order', () => {
    const last =
      bare(file.text)
        .split(/\n\)\nselect\n/)
        .at(-1) ?? '';
    expect(last).toMatch(/\norder by\n {2}/);
  });

  it('names known requirements, a kind of rows and a period', () => {
    const requirements = listOf(file.header.requirements);
    expect(requirements.length).toBeGreaterThan(0);
    expect(requirements.filter((id) => !REQUIREMENT_IDS.has(id))).toEqual([]);
    expect(['findings', 'evidence', 'summary']).toContain(file.header.rows);
    expect(listOf(file.header.parameters)).toEqual(['period_start', 'period_end']);
  });

  it('serves in the pack the requirements that its header names', () => {
    const serving = loadPackDefinition('pci-dss-4.0.1')
      .requirements.filter((requirement) => requirement.reports.includes(name))
      .map((requirement) => requirement.id);
    expect(serving.sort()).toEqual(listOf(file.header.requirements).sort());
  });
});

describe('pack pci-dss-4.0.1', () => {
  const pack = loadPackDefinition('pci-dss-4.0.1');

  it('gives every report a requirement and every requirement its limits', () => {
    const served = new Set(pack.requirements.flatMap((requirement) => requirement.reports));
    expect([...served].sort()).toEqual(reports.map((file) => file.name).sort());
    expect(pack.requirements.filter((one) => one.manual.length === 0)).toEqual([]);
  });

  it('never says that anything is compliant', () => {
    const texts = [JSON.stringify(pack), ...reports.map((file) => file.text)];
    expect(texts.filter((text) => /\bcompliant\b/i.test(text))).toEqual([]);
  });

  it('is refused if unknown, also as a path', () => {
    expect(() => loadPackDefinition('soc-2')).toThrow(/no pack of that name\n.*pci-dss-4\.0\.1/);
    expect(() => loadPackDefinition('../packs/pci-dss-4.0.1')).toThrow(
      expect.objectContaining({ code: 'PACK_UNKNOWN' }),
    );
  });

  it.each([
    ['an unknown report', 'reports: [no_such_report]', /names unknown report "no_such_report"/],
    ['an unknown key', 'reports: [], colour: red', /colour/],
    ['neither reports nor a status', 'reports: []', /reports or a status/],
    ['an id of v3.2.1', 'reports: [ips_coverage]', /"10\.5\.2" is no requirement/, '10.5.2'],
  ])('is refused with %s', (_, keys, message, id = '11.5.1') => {
    const root = mkdtempSync(join(tmpdir(), 'flowproof-pack-'));
    mkdirSync(join(root, 'packs'));
    mkdirSync(join(root, 'reports'));
    writeFileSync(join(root, 'reports', 'ips_coverage.sql'), '');
    writeFileSync(
      join(root, 'packs', 'own.yaml'),
      `{name: own, title: t, standard: PCI DSS v4.0.1, requirements: [{id: "${id}", title: t, asks: a, limits: l, manual: [], ${keys}}]}`,
    );
    const load = () => loadPackDefinition('own', [root]);
    expect(load).toThrow(expect.objectContaining({ code: 'REPORT_INVALID' }));
    expect(load).toThrow(message);
    rmSync(root, { recursive: true });
  });
});

describe.each(['nist-800-53-r5', 'soc2', 'iso-27001-2022'])('pack %s', (name) => {
  it('reuses reports of the PCI DSS pack by mapping alone', () => {
    const known = new Set(
      loadPackDefinition('pci-dss-4.0.1').requirements.flatMap(({ reports: served }) => served),
    );
    const { requirements } = loadPackDefinition(name);
    const named = requirements.flatMap(({ reports: served }) => served);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((report) => !known.has(report))).toEqual([]);
    expect(requirements.filter(({ manual }) => manual.length === 0)).toEqual([]);
    expect(JSON.stringify(requirements)).not.toMatch(/\bcompliant\b/i);
  });
});

test.each([
  ['NIST SP 800-53 Rev. 5', 'AU-3(1)', 'AU3'],
  ['SOC 2 (Trust Services Criteria 2017)', 'CC7.2', 'CC10.1'],
  ['ISO/IEC 27001:2022', 'A.8.15', 'A.9.4.1'],
  ['PCI DSS v4.0.1', '10.2.2', '10.5.2'],
])('%s has ids like %s, and %s is none', (standard, id, wrong) => {
  expect(requirementIdMistake(standard, id)).toBeUndefined();
  expect(requirementIdMistake(standard, wrong)).toContain(`"${wrong}" is no `);
  expect(requirementIdMistake('Our own rules', wrong)).toBeUndefined();
});

describe('status of a requirement', () => {
  const said = (statusCounts: ReportEvidence['statusCounts'], hadData = true): ReportEvidence => ({
    name: 'one',
    title: 'one',
    hadData,
    statusCounts,
  });

  it.each<[string, ReportEvidence[], Status, string]>([
    ['no data', [said({}, false)], 'not_evidenced', 'There was no data to look at for one.'],
    [
      'data and no rows',
      [said({})],
      'supports',
      'one: looked at the data and found nothing to list.',
    ],
    [
      'a row that contradicts',
      [said({ contradicts: 1, supports: 5 })],
      'contradicts',
      'one: of 6 rows, 1 contradicts, 5 support.',
    ],
    [
      'rows that all say the same',
      [said({ out_of_reach: 2 })],
      'out_of_reach',
      'one: of 2 rows, 2 are out of reach.',
    ],
    [
      'rows that differ',
      [said({ supports: 1, not_evidenced: 1 })],
      'partial',
      'one: of 2 rows, 1 is not evidenced, 1 supports.',
    ],
    [
      'one report without data beside one that found nothing',
      [said({}), { ...said({}, false), name: 'other', title: 'other' }],
      'partial',
      'one: looked at the data and found nothing to list; other: no data to look at.',
    ],
  ])('%s', (_, evidence, status, why) => {
    expect(deriveRequirementStatus(evidence)).toEqual({ status, why });
  });

  it('is what the pack says where reports only help a person, unless a row contradicts', () => {
    const requirement = {
      ...{ id: '1.2.3', title: 't', asks: 'a', limits: 'l', manual: [], reports: ['one'] },
      status: 'manual_evidence_required' as const,
    };
    expect(requirementResult(requirement, [said({ supports: 2 })])).toMatchObject({
      status: 'manual_evidence_required',
      why: 'Only documents, settings, interviews or observation can show it. What the logs list for it: one: of 2 rows, 2 support.',
    });
    expect(requirementResult(requirement, [said({ contradicts: 1 })])).toMatchObject({
      status: 'contradicts',
      why: 'one: of 1 row, 1 contradicts.',
    });
  });

  it('is what the pack says where no report bears on it', () => {
    const pack = loadPackDefinition('pci-dss-4.0.1');
    const results = pack.requirements.map((requirement) => requirementResult(requirement, []));
    const statusOf = (id: string) => results.find((one) => one.id === id)?.status;
    expect(statusOf('10.3.1')).toBe('manual_evidence_required');
    expect(statusOf('11.5.1')).toBe('not_evidenced');
    const [first] = pack.requirements;
    if (!first) throw new Error('the pack is empty');
    expect(requirementResult({ ...first, reports: [], status: 'out_of_reach' }, [])).toMatchObject({
      status: 'out_of_reach',
      why: expect.stringContaining('another source'),
    });
  });
});
