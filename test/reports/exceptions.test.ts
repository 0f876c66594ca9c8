import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  applyExceptions,
  checkReportNames,
  type Exceptions,
  readExceptions,
} from '../../src/reports/exceptions.ts';
import { deriveRequirementStatus } from '../../src/reports/pack-definition.ts';
import type { ReportCell, ReportResult } from '../../src/reports/report.ts';
import { packContent } from './pack-content.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-exceptions-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ENTRY = {
  id: 'EX-1',
  report: 'ports',
  match: { port: '23', network_interface_id: '[eni-a, eni-b]' },
  what: 'Telnet to a device',
  why: 'It knows nothing else.',
  compensating_control: 'Reached from a jump host only.',
  owner: 'network team',
  approved_by: 'head of security',
  expires: '2026-12-31',
};

function fileOf(entry: Readonly<Record<string, unknown>> = ENTRY): string {
  const path = join(folder, 'exceptions.yaml');
  const match = Object.entries(entry.match as object).map(([key, value]) => `${key}: ${value}`);
  const lines = Object.entries(entry)
    .filter(([key]) => key !== 'match')
    .map(([key, value]) => `    ${key}: ${value}`);
  writeFileSync(
    path,
    `exceptions:\n  -\n${lines.join('\n')}\n    match: { ${match.join(', ')} }\n`,
  );
  return path;
}

function reportOf(...rows: ReportCell[][]): ReportResult {
  const [sample] = packContent().reports;
  if (!sample) throw new Error('no report');
  const statusCounts: Partial<Record<string, number>> = {};
  for (const [status] of rows) statusCounts[`${status}`] = (statusCounts[`${status}`] ?? 0) + 1;
  return {
    ...sample,
    name: 'ports',
    title: 'Ports',
    hadData: true,
    columns: [
      { name: 'status', type: 'text' },
      { name: 'network_interface_id', type: 'text' },
      { name: 'port', type: 'number' },
    ],
    rows,
    statusCounts,
  };
}

const TELNET: ReportCell[] = ['contradicts', 'eni-a', 23];

const apply = (rows: ReportCell[][], lastDay = '2026-11-30', entry: object = ENTRY) =>
  applyExceptions(reportOf(...rows), readExceptions(fileOf(entry as never)), lastDay);

describe('applyExceptions', () => {
  test('accepts the rows in which every column matches, and says by which exception', () => {
    const { report, uses } = apply([
      TELNET,
      ['contradicts', 'eni-b', 23],
      ['contradicts', 'eni-c', 23],
      ['contradicts', 'eni-a', 22],
      ['contradicts', 'eni-a', null],
    ]);
    expect(report.rows).toEqual([
      ['accepted', 'eni-a', 23, 'EX-1'],
      ['accepted', 'eni-b', 23, 'EX-1'],
      ['contradicts', 'eni-c', 23, null],
      ['contradicts', 'eni-a', 22, null],
      ['contradicts', 'eni-a', null, null],
    ]);
    expect(report.columns.at(-1)).toMatchObject({ name: 'exception', type: 'text' });
    expect(report.statusCounts).toEqual({ contradicts: 3, accepted: 2 });
    expect(uses).toMatchObject([{ id: 'EX-1', state: 'in_force', rowCount: 2 }]);
  });

  test('counts through its last day, and not a day longer', () => {
    expect(apply([TELNET], '2026-12-31').report.rows[0]?.[0]).toBe('accepted');
    const { report, uses } = apply([TELNET], '2027-01-01');
    expect(report.rows).toEqual([[...TELNET, 'EX-1 (expired 2026-12-31)']]);
    expect(report.statusCounts).toEqual({ contradicts: 1 });
    expect(uses).toMatchObject([{ state: 'expired', rowCount: 1 }]);
  });

  test('never touches a row that is no finding', () => {
    const { report } = apply([
      ['supports', 'eni-a', 23],
      [null, 'eni-a', 23],
    ]);
    expect(report.rows.map(([status]) => status)).toEqual(['supports', null]);
  });

  test('that all contradictions are accepted makes a requirement partial, which says why', () => {
    const { report } = apply([TELNET, ['supports', 'eni-z', 443]]);
    expect(deriveRequirementStatus([report])).toEqual({
      status: 'partial',
      why: 'Ports: of 2 rows, 1 supports, 1 is accepted by an exception.',
    });
    expect(deriveRequirementStatus([apply([TELNET]).report]).status).toBe('partial');
    expect(deriveRequirementStatus([apply([TELNET], '2027-01-01').report]).status).toBe(
      'contradicts',
    );
  });

  test('a column that the report has not is an error that names both', () => {
    expect(() => apply([TELNET], '2026-11-30', { ...ENTRY, match: { prot: 6 } })).toThrow(
      /exception EX-1 matches column "prot", which ports has not \(it has status, /,
    );
  });
});

describe('readExceptions', () => {
  test.each([
    [{ ...ENTRY, expires: '31.12.2026' }, /2026-12-31/],
    [{ ...ENTRY, expires: '2026-02-30' }, /2026-12-31/],
    [{ ...ENTRY, owner: '""' }, /owner/],
    [{ ...ENTRY, until: '2026-12-31' }, /until/],
    [{ ...ENTRY, match: {} }, /at least one column/],
  ])('refuses %o', (entry, message) => {
    expect(() => readExceptions(fileOf(entry))).toThrow(message);
    expect(() => readExceptions(fileOf(entry))).toThrow(
      expect.objectContaining({ code: 'EXCEPTIONS_INVALID' }),
    );
  });

  test('refuses an id that stands twice, and a file that is none', () => {
    const path = fileOf();
    writeFileSync(path, 'exceptions: [*none]');
    expect(() => readExceptions(path)).toThrow(/cannot be read/);
    expect(() => readExceptions(join(folder, 'no.yaml'))).toThrow(/no\.yaml.*cannot be read/);
  });

  test('an unknown report is an error that names it', () => {
    const exceptions: Exceptions = readExceptions(fileOf());
    expect(() => checkReportNames(exceptions, new Map([['ports', 1]]))).not.toThrow();
    expect(() => checkReportNames(exceptions, new Map())).toThrow(
      /exception EX-1 names the report "ports"/,
    );
  });
});
