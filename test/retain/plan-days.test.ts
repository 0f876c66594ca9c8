/** Which day is the first that stays, and what the configuration may say. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig, readConfig } from '../../src/config.ts';
import type { FlowproofError } from '../../src/errors.ts';
import { DAY_TABLES, firstKeptDate, RAW_TABLES } from '../../src/retain/plan-days.ts';

const keptBy = (months: number, now: string): string =>
  firstKeptDate({ raw_months: months }, undefined, new Date(now));

test('months are of the calendar, and a month without that day ends with its last', () => {
  expect(keptBy(15, '2027-11-05T23:59:59Z')).toBe('2026-08-05');
  expect(keptBy(12, '2028-02-29T12:00:00Z')).toBe('2027-02-28');
  expect(keptBy(1, '2027-03-31T00:00:00Z')).toBe('2027-02-28');
});

test('a pack that is not due yet keeps the whole of its period', () => {
  const schedule = {
    since: new Date('2026-01-01'),
    packs: [{ pack: 'pci-dss-4.0.1', every: 'quarter' }],
    wait_hours: 24,
  };
  const kept = (now: string): string =>
    firstKeptDate({ raw_months: 1 }, schedule as never, new Date(now));
  expect(kept('2026-12-20T12:00:00Z')).toBe('2026-10-01');
  expect(kept('2027-01-01T23:00:00Z')).toBe('2026-10-01');
  expect(kept('2027-01-02T00:00:00Z')).toBe('2026-12-02');
});

test('what is counted by day stays, and so does what says which records were read', () => {
  const raw = RAW_TABLES.map(({ name }) => name);
  expect(raw).toEqual(['flow', 'flow_verdict', 'flow_event_detail', 'ips_event', 'flow_event']);
  const kept = DAY_TABLES.map(({ name }) => name);
  expect(kept).toEqual(
    expect.arrayContaining(['detail_day', 'rule_day', 'edge_day', 'interface_day', 'copy_day']),
  );
  expect(kept).toEqual(expect.arrayContaining(['event_day', 'event_match', 'flow_class']));
});

describe('the configuration', () => {
  const configText = (retention: string): string => `lake: ./lake
output: ./evidence
sources: { flow_logs: [{ files: ["*.gz"] }] }
period: { start: 2026-11-01, end: 2026-12-01 }
scope: [{ name: cde, match: { vpc: [vpc-0123456789abcdef0] } }]
retention: ${retention}
`;
  const problemOf = (retention: string): string | undefined => {
    try {
      parseConfig(configText(retention), 'flowproof.yaml');
      return undefined;
    } catch (thrown) {
      return (thrown as FlowproofError).problem;
    }
  };

  test('may not keep rows for less than twelve months, unless it says that it means it', () => {
    expect(problemOf('{ raw_months: 11 }')).toMatch(
      /line 6: retention\.raw_months: must be 12 or more/,
    );
    expect(problemOf('{ raw_months: 11, allow_less_than_12_months: false }')).toBeDefined();
    expect(problemOf('{ raw_months: 11, allow_less_than_12_months: true }')).toBeUndefined();
    expect(problemOf('{ raw_months: 12 }')).toBeUndefined();
    expect(problemOf('{ raw_months: 0, allow_less_than_12_months: true }')).toBeDefined();
  });

  test('has an archive outside the lake', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flowproof-retention-'));
    const read = (archive: string): string | undefined => {
      const path = join(folder, 'flowproof.yaml');
      writeFileSync(path, configText(`{ raw_months: 12, archive: ${archive} }`));
      return readConfig(path).retention?.archive;
    };
    expect(read('./lake-archive')).toBe(join(folder, 'lake-archive'));
    for (const archive of ['./lake', './lake/archive', '.', '..']) {
      expect(() => read(archive)).toThrow('the archive and the lake are one within the other');
    }
    rmSync(folder, { recursive: true });
  });
});
