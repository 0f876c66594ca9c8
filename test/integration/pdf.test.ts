/**
 * `report.pdf` of the samples as tools see it that know nothing of flowproof: Poppler's `pdfinfo`,
 * `pdftotext` and `pdfdetach`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Program } from './debian-program.ts';
import { createWorkspace, SAMPLES } from './flowproof.ts';

let pack = '';

beforeAll(async () => {
  const { lake, flowproof } = createWorkspace({
    flow_logs: [{ files: [join(SAMPLES, 'logs/**/*.log.gz'), join(SAMPLES, 'logs/**/*.parquet')] }],
    ips_events: [{ files: [join(SAMPLES, 'ips/**/*')] }],
    inventory: [{ files: [join(SAMPLES, 'inventory/**/*.json')] }],
  });
  expect(await flowproof('run')).toMatchObject({ exitCode: 0 });
  const output = join(dirname(lake), 'evidence');
  pack = join(output, readdirSync(output)[0] ?? '');
});

/** What a tool of Poppler prints about the PDF. */
function poppler(tool: 'pdfinfo' | 'pdftotext' | 'pdfdetach', ...args: string[]): string {
  const pdfinfo: Program = JSON.parse(process.env.FLOWPROOF_TEST_PDFINFO ?? '');
  const { stdout, status, error } = spawnSync(join(dirname(pdfinfo.path), tool), args, {
    encoding: 'utf8',
    env: { ...process.env, ...pdfinfo.environment },
    maxBuffer: 64 * 1024 * 1024,
    // It warns of each attribute of a table's cell that it does not know.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect([error, status]).toEqual([undefined, 0]);
  return stdout;
}

const pdf = (): string => join(pack, 'report.pdf');

function csvFiles(): string[] {
  return readdirSync(pack)
    .filter((name) => name.endsWith('.csv') && name !== 'dictionary.csv')
    .sort();
}

/** The requirements with their statuses, as another writer of the same pack has them. */
function requirements(): { id: string; status: string }[] {
  const findings: { compliance: { requirements: string[]; status_code: string } }[] = JSON.parse(
    readFileSync(join(pack, 'ocsf.json'), 'utf8'),
  );
  return findings.map(({ compliance }) => ({
    id: compliance.requirements[0] ?? '',
    status: compliance.status_code,
  }));
}

test('tagged, titled, in A4, without script, and dated by its data', () => {
  const info = new Map(
    poppler('pdfinfo', pdf())
      .split('\n')
      .map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  );
  expect(Object.fromEntries(info)).toMatchObject({
    Title: 'Network log evidence for PCI DSS v4.0.1',
    Author: 'Example Shop',
    Tagged: 'yes',
    JavaScript: 'no',
    Encrypted: 'no',
    'Page size': '595.276 x 841.89 pts (A4)',
  });
  expect(info.get('CreationDate')).toContain('Nov  3 23:59');
  expect(poppler('pdfinfo', '-meta', pdf())).toMatch(/pdfaid:part>3<.*pdfaid:conformance>[AB]</s);
});

test('its structure: a heading for each requirement and report, heads of tables, links', () => {
  const structure = poppler('pdfinfo', '-struct-text', pdf());
  const tags = structure.split('\n').map((line) => /^ *([A-Z]\w*)\b/.exec(line)?.[1] ?? '');
  const count = (tag: string): number => tags.filter((one) => one === tag).length;
  expect(count('Document')).toBe(1);
  const headings = [...structure.matchAll(/^ *H[12] [^\n]*\n((?: *"[^\n]*\n)+)/gm)].map((match) =>
    [...(match[1] ?? '').matchAll(/"([^"\n]*)"/g)].map(([, text]) => text).join(''),
  );
  const places = requirements().map(({ id }) =>
    headings.findIndex((one) => one.startsWith(`${id} `)),
  );
  expect(places).toEqual(places.map((_, index) => (places[0] ?? -1) + index));
  expect(places[0]).toBeGreaterThan(0);
  expect(count('H2')).toBeGreaterThan(requirements().length + csvFiles().length);
  expect(count('TH')).toBeGreaterThan(300);
  expect(count('TOCI')).toBeGreaterThan(requirements().length);
  expect(count('Link')).toBeGreaterThan(200);
});

test('its text: every page numbered, every requirement with its status', () => {
  const pages = poppler('pdftotext', '-layout', pdf(), '-').split('\f').slice(0, -1);
  const words: Record<string, string> = {
    contradicts: 'Contradicts',
    not_evidenced: 'Not evidenced',
    partial: 'Partial',
    out_of_reach: 'Out of reach',
    manual_evidence_required: 'Manual evidence',
    supports: 'Supports',
  };
  for (const [index, page] of pages.entries()) {
    if (index > 0) expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
  }
  const [cover = '', glance = ''] = pages;
  expect(cover).toContain('Evidence pack for PCI DSS v4.0.1');
  expect(cover).toContain('2026-11-02 to 2026-11-03 (UTC, both days included)');
  for (const { id } of requirements()) expect(glance).toContain(id);
  const summary = pages.slice(pages.findIndex((page) => /^\s*Summary$/m.test(page))).join('\n');
  expect(requirements().length).toBeGreaterThan(40);
  for (const { id, status } of requirements()) {
    const line = summary.split('\n').find((one) => one.trimStart().startsWith(`${id} `));
    expect([id, line]).toEqual([id, expect.stringContaining(words[status] ?? '?')]);
  }
  expect(pages.join('\n')).not.toMatch(/\bcompliant\b/i);
});

test('the CSV files are attached as they are', () => {
  const listed = poppler('pdfdetach', '-list', pdf())
    .split('\n')
    .flatMap((line) => /^\d+: (.*)$/.exec(line)?.[1] ?? []);
  expect(listed.sort()).toEqual(csvFiles());
  const folder = mkdtempSync(join(tmpdir(), 'flowproof-attached-'));
  poppler('pdfdetach', '-saveall', '-o', folder, pdf());
  for (const name of csvFiles()) {
    expect([name, readFileSync(join(folder, name))]).toEqual([
      name,
      readFileSync(join(pack, name)),
    ]);
  }
  rmSync(folder, { recursive: true });
});
