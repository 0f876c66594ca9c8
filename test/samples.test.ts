import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import readWorkbook from 'read-excel-file/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { FACTS } from '../scripts/samples/world.ts';
import { readConfig } from '../src/config.ts';
import { openDatabase, readRows } from '../src/database.ts';
import { createLakeViews } from '../src/lake.ts';
import { createProgress } from '../src/progress.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import type { ReportResult } from '../src/reports/report.ts';
import { verifyPack } from '../src/reports/verify.ts';
import { type RunOutcome, run } from '../src/run.ts';
import { withoutNulls } from './queries/ocsf-json.ts';
import { judgeBy } from './reports/json-schema.ts';

type Row = Record<string, string | number | boolean | null>;

const ALL_PARTS = ['ingest', 'enrich', 'report'] as const;

function runSamples(folder: string): Promise<RunOutcome> {
  return run({
    config: readConfig(join(folder, 'samples', 'flowproof.yaml')),
    parts: ALL_PARTS,
    command: 'run',
    progress: createProgress({ stream: process.stderr, isQuiet: true }),
  });
}

function copySamples(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowproof-samples-'));
  cpSync(join(PACKAGE_ROOT, 'samples'), join(folder, 'samples'), { recursive: true });
  return folder;
}

/** Hash of every file below a folder, by relative path. */
function hashesBelow(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}

let folder: string;
let outcome: RunOutcome;

beforeAll(async () => {
  folder = copySamples();
  outcome = await runSamples(folder);
});

function reportNamed(name: string): ReportResult {
  const found = outcome.reports?.[0]?.content.reports.find((report) => report.name === name);
  if (!found) throw new Error(`the pack has no report ${name}`);
  return found;
}

function rowsOf(name: string): Row[] {
  const { columns, rows } = reportNamed(name);
  return rows.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column.name, row[index] ?? null])),
  );
}

function statusOf(id: string): string | undefined {
  return outcome.reports?.[0]?.content.requirements.find((requirement) => requirement.id === id)
    ?.status;
}

describe('each fact of the samples shows in the reports', () => {
  test('nodata: quiet intervals are evidence that the flow log worked', () => {
    const row = rowsOf('coverage_gaps').find(
      (gap) => gap.subject_id === FACTS.nodata.flowLogId && gap.gap_code === null,
    );
    expect(row?.status).toBe('supports');
    expect(String(row?.why)).toContain('NODATA');
    expect(row?.item_count).toBeGreaterThanOrEqual(FACTS.nodata.recordCount);
  });

  test('skipdata: the interval of loss is listed', () => {
    const rows = rowsOf('interface_silence').filter((gap) => gap.gap_code === 'FL_SKIPDATA');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      network_interface_id: FACTS.skipdata.interfaceId,
      skipped_intervals: FACTS.skipdata.recordCount,
    });
    expect(String(rows[0]?.started_at).slice(0, 16)).toBe('2026-11-02T20:10');
  });

  test('ipv6: the IPv6 address of web-1 stands beside its private one', () => {
    const row = rowsOf('log_detail_by_resource').find(
      (resource) => resource.network_interface_id === FACTS.ipv6.interfaceId,
    );
    expect(String(row?.addresses)).toContain(FACTS.ipv6.serverAddress);
  });

  test('nat_gateway, load_balancer, requester_managed: no host agent can run there', () => {
    for (const fact of [FACTS.nat_gateway, FACTS.load_balancer, FACTS.requester_managed]) {
      const row = rowsOf('ips_coverage').find(
        (resource) => resource.network_interface_id === fact.interfaceId,
      );
      expect(row).toMatchObject({ gap_code: 'IPS_UNCOVERED_ENI', status: 'not_evidenced' });
    }
  });

  test('instance_replaced: one address, two instances, each with its own flows', () => {
    const rows = rowsOf('log_detail_by_resource').filter((resource) =>
      String(resource.addresses).split(', ').includes(FACTS.instance_replaced.address),
    );
    expect(rows.map((row) => row.network_interface_id).sort()).toEqual([
      FACTS.instance_replaced.oldInterfaceId,
      FACTS.instance_replaced.newInterfaceId,
    ]);
    const [before, after] = rows.sort((a, b) => (String(a.first_at) < String(b.first_at) ? -1 : 1));
    expect(before?.resource).toContain(FACTS.instance_replaced.oldInstanceId);
    expect(String(before?.last_at) < FACTS.instance_replaced.oldUntil).toBe(true);
    expect(after?.resource).toContain(FACTS.instance_replaced.newInstanceId);
    expect(String(after?.first_at) > FACTS.instance_replaced.newFrom).toBe(true);
  });

  test('rdp_open: RDP from anywhere for three hours, and it was reached', () => {
    const rows = rowsOf('admin_ports_reachable').filter(
      (port) => port.network_interface_id === FACTS.rdp_open.interfaceId,
    );
    const reached = rows.find((port) => port.rule_id === FACTS.rdp_open.ruleIds[0]);
    expect(reached).toMatchObject({ status: 'contradicts', cidr: '0.0.0.0/0', flow_count: 2 });
    // Seen half a minute after each change, by the snapshots taken then.
    expect(reached?.permitted_from_at).toBe('2026-11-02T14:00:30Z');
    expect(reached?.permitted_until_at).toBe('2026-11-02T17:00:30Z');
    expect(rows.find((port) => port.rule_id === FACTS.rdp_open.ruleIds[1])?.cidr).toBe('::/0');
    expect(statusOf('1.4.2')).toBe('contradicts');
  });

  test('exceptions.yaml: SSH to the bastion is accepted, and RDP counts, as its exception has expired', () => {
    const rows = rowsOf('admin_ports_reachable').filter(({ exception }) => exception !== null);
    const ssh = rows.filter(({ exception }) => exception === 'EX-1');
    expect(ssh.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    const rdp = rows.filter(({ exception }) => exception === 'EX-2 (expired 2026-10-31)');
    expect(rdp.map(({ status }) => status)).toEqual(['contradicts', 'contradicts']);
    expect(rows).toHaveLength(4);
  });

  test('silent_hours: the gap has its start and its end', () => {
    const rows = rowsOf('logging_failures').filter((gap) => gap.gap_code === 'FL_SILENT_HOURS');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      subject_id: FACTS.silent_hours.flowLogId,
      started_at: FACTS.silent_hours.from,
      ended_at: FACTS.silent_hours.until,
    });
  });

  test('uncovered_interface: jump-1 is in scope and no flow log covers it', () => {
    const rows = rowsOf('flow_log_configuration').filter(
      (gap) => gap.gap_code === 'FL_ENI_UNCOVERED',
    );
    expect(rows.map((row) => row.network_interface_id)).toEqual([
      FACTS.uncovered_interface.interfaceId,
    ]);
    expect(rows[0]?.remedy).toContain('aws ec2 create-flow-logs');
  });

  test('every interface but jump-1 has its flow log, and none a format with all fields in vpc cde', () => {
    const rows = rowsOf('flow_log_configuration');
    expect(rows.filter((row) => row.flow_log_id === null)).toHaveLength(1);
    expect(
      new Set(
        rows.filter((row) => row.flow_log_id === FACTS.nodata.flowLogId).map((row) => row.gap_code),
      ),
    ).toEqual(new Set(['FL_FORMAT_MISSING_FIELDS']));
  });

  test('two days are no twelve months, and logs that were read weeks later were not reviewed daily', () => {
    expect(rowsOf('log_retention').map((row) => row.status)).not.toContain('supports');
    expect(statusOf('10.5.1')).toBe('not_evidenced');
    expect(rowsOf('daily_review')).toHaveLength(4);
    expect(rowsOf('delivery_lag').map((row) => row.gap_code)).toEqual([
      'DELIVERY_TIME_UNKNOWN',
      'DELIVERY_TIME_UNKNOWN',
    ]);
  });

  test('no_agent: instances without any event, which the list of agents does not name', () => {
    for (const instanceId of FACTS.no_agent.instanceIds) {
      const row = rowsOf('ips_coverage').find((resource) =>
        String(resource.resource).includes(instanceId),
      );
      expect(row).toMatchObject({ status: 'not_evidenced', gap_code: 'IPS_NO_AGENT' });
    }
  });

  test.each([
    ['app-1', 'supports', null, 'prevent'],
    ['bastion-1', 'not_evidenced', 'IPS_OFF', 'off'],
    ['report-1', 'partial', 'IPS_DETECT_MODE', 'detect'],
    ['report-2', 'not_evidenced', 'IPS_NO_CONTACT', 'prevent'],
  ])('the list of agents: %s is %s (%s)', (name, status, gapCode, mode) => {
    const row = rowsOf('ips_coverage').find((resource) =>
      String(resource.resource).startsWith(`${name} `),
    );
    expect(row).toMatchObject({ status, gap_code: gapCode, prevention_mode: mode });
  });

  test('attack_detected: it reached web-2, for its flow was accepted', async () => {
    const row = rowsOf('ips_coverage').find(
      (resource) => resource.network_interface_id === FACTS.attack_detected.interfaceId,
    );
    expect(row).toMatchObject({ gap_code: 'IPS_DETECT_ONLY', status: 'partial' });
    expect(row?.reached_count).toBeGreaterThanOrEqual(1);
    expect(await dispositionOf(FACTS.attack_detected)).toEqual([
      { action: 'ACCEPT', event_disposition: 'detected' },
    ]);
  });

  test('attack_blocked: counted as blocked, though the flow log says ACCEPT', async () => {
    const row = rowsOf('ips_coverage').find(
      (resource) => resource.network_interface_id === FACTS.attack_blocked.interfaceId,
    );
    expect(row?.blocked_count).toBe(1);
    expect(await dispositionOf(FACTS.attack_blocked)).toEqual([
      { action: 'ACCEPT', event_disposition: 'blocked' },
    ]);
  });

  test('unexplained_flow: the one accepted flow that no rule explains', () => {
    const rows = rowsOf('flows_without_rule').filter(
      (flow) => flow.gap_code === 'RULE_UNEXPLAINED',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      network_interface_id: FACTS.unexplained_flow.interfaceId,
      flow_count: 1,
      status: 'contradicts',
    });
    expect(rows[0]?.connection).toContain(`tcp/${FACTS.unexplained_flow.destinationPort}`);
  });

  test('corrupt_line: kept with object, line number and value, and reported', async () => {
    const rejected = await lakeRows(
      'select uri, line_number, reason from rejected_record order by uri, line_number',
    );
    expect(rejected[0]).toEqual({
      uri: `file:${FACTS.corrupt_line.path}`,
      line_number: BigInt(FACTS.corrupt_line.lineNumber),
      reason: `${FACTS.corrupt_line.field} is not a whole number (value "${FACTS.corrupt_line.value}")`,
    });
    const reported = rowsOf('coverage_gaps').filter(
      (gap) => gap.gap_code === 'SOURCE_LINES_REJECTED',
    );
    expect(reported.map((gap) => gap.subject_id)).toContain(`file:${FACTS.corrupt_line.path}`);
  });

  test('truncated_gzip: its readable part is loaded, the rest is said', () => {
    const reported = rowsOf('coverage_gaps').filter((gap) => gap.gap_code === 'SOURCE_DAMAGED');
    expect(reported.map((gap) => gap.subject_id)).toEqual([`file:${FACTS.truncated_gzip.path}`]);
    expect(outcome.ingest?.damaged).toEqual([
      {
        uri: `file:${FACTS.truncated_gzip.path}`,
        status: 'damaged',
        reason: 'gzip: unexpected end of file',
      },
    ]);
  });

  test('user_session: the user comes from the agent, never from the flow log', async () => {
    const rows = await lakeRows(
      `select distinct user_identification, split_part(user_identification_reason, ':', 1) as code
       from flow_detail where flow_id in (
         select flow_id from flow_event where user_name = '${FACTS.user_session.userName}'
       )`,
    );
    expect(rows).toEqual([{ user_identification: 'supplied', code: 'SUPPLIED_BY_IPS_EVENT' }]);
    const element = rowsOf('log_detail_by_source').find(
      (row) => row.flow_log_id === FACTS.nodata.flowLogId && row.element === 'user_identification',
    );
    expect(element?.met_count).toBe(0);
    expect(element?.supplied_count).toBeGreaterThan(0);
  });

  async function dispositionOf(fact: {
    interfaceId: string;
    sourceAddress: string;
    sourcePort: number;
    destinationPort: number;
  }): Promise<Record<string, unknown>[]> {
    return lakeRows(
      `select distinct action, event_disposition from flow_enriched
       where interface_id = '${fact.interfaceId}' and srcaddr = '${fact.sourceAddress}'
         and srcport = ${fact.sourcePort} and dstport = ${fact.destinationPort}`,
    );
  }
});

async function lakeRows(sql: string): Promise<Record<string, unknown>[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, join(folder, 'out', 'lake'));
    return await readRows(database.connection, sql);
  } finally {
    database.close();
  }
}

test('the run ends with 0: what was refused is within the allowance', () => {
  expect(outcome.exitCode).toBe(0);
  expect(outcome.ingest).toMatchObject({ rejectedCount: 2, skipdataCount: 1, unreachable: [] });
});

test('the pack verifies, and holds a PDF, a CSV a report, manifest and checksums', async () => {
  const pack = outcome.reports?.[0]?.folder ?? '';
  const names = readdirSync(pack);
  for (const report of outcome.reports?.[0]?.content.reports ?? []) {
    expect(names).toContain(`${report.name}.csv`);
  }
  expect(names).toEqual(expect.arrayContaining(['report.pdf', 'manifest.json', 'SHA256SUMS']));
  expect(await verifyPack(pack)).toMatchObject({ ok: true, problems: [] });
});

test.each([
  ['ocsf_network_activity', 'network-activity', 20_000],
  ['ocsf_detection_finding', 'detection-finding', 20],
])('the published schema accepts every row of %s', async (view, file, least) => {
  const judge = judgeBy(`ocsf-1.5.0-${file}.schema.json`);
  const rows = await lakeRows(
    `select cast(to_json(event) as varchar) as json from ${view} as event`,
  );
  expect(rows.length).toBeGreaterThan(least);
  const mistakes = rows.flatMap(({ json }) => judge(withoutNulls(String(json))));
  expect([...new Set(mistakes)]).toEqual([]);
});

test('the published schemas accept what the pack holds for machines', () => {
  const pack = outcome.reports?.[0]?.folder ?? '';
  const read = (name: string): unknown => JSON.parse(readFileSync(join(pack, name), 'utf8'));
  const findings = read('ocsf.json') as unknown[];
  expect(findings).toHaveLength(outcome.reports?.[0]?.content.requirements.length ?? 0);
  const judgeFinding = judgeBy('ocsf-1.5.0-compliance-finding.schema.json');
  expect(findings.flatMap(judgeFinding)).toEqual([]);
  const judgeResults = judgeBy('oscal-1.1.3-assessment-results.schema.json');
  expect(judgeResults(read('oscal.json'))).toEqual([]);
});

test('the workbook has a sheet a report, with a row a row', async () => {
  const pack = outcome.reports?.[0]?.folder ?? '';
  const sheets = await readWorkbook(readFileSync(join(pack, 'report.xlsx')));
  const reports = outcome.reports?.[0]?.content.reports ?? [];
  const found = reports.map((report) => sheets.find((sheet) => sheet.sheet === report.name));
  expect(found.map((sheet) => sheet?.data.length)).toEqual(
    reports.map((report) => Math.max(report.rows.length, 1) + 1),
  );
});

test('nothing in the pack says compliant, and no path of this machine is in it', () => {
  const pack = outcome.reports?.[0]?.folder ?? '';
  for (const name of readdirSync(pack).filter((file) => /\.(csv|json|html)$/.test(file))) {
    const text = readFileSync(join(pack, name), 'utf8');
    expect(text).not.toMatch(/\bcompliant\b/i);
    expect(text).not.toContain(folder);
  }
});

test('a second run ingests nothing and changes nothing but the list of runs', async () => {
  const before = hashesBelow(join(folder, 'out'));
  const second = await runSamples(folder);
  expect(second.ingest).toMatchObject({ objectCount: 0, rowCount: 0 });
  expect(second.enrich?.rebuiltDayCount).toBe(0);
  expect(second.reports?.[0]?.isChanged).toBe(false);
  const after = hashesBelow(join(folder, 'out'));
  const added = Object.keys(after).filter((name) => !(name in before));
  expect(added.every((name) => name.startsWith('lake/run/'))).toBe(true);
  expect(added).toHaveLength(1);
  for (const [name, hash] of Object.entries(before))
    expect([name, after[name]]).toEqual([name, hash]);
});

test('the same inputs give the same pack, byte for byte, in another folder', async () => {
  const elsewhere = copySamples();
  const other = await runSamples(elsewhere);
  expect(hashesBelow(other.reports?.[0]?.folder ?? '')).toEqual(
    hashesBelow(outcome.reports?.[0]?.folder ?? ''),
  );
});
