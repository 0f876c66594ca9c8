import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CHECKSUMS_NAME,
  checksumsText,
  MANIFEST_NAME,
  type Manifest,
  manifestJson,
  manifestSchema,
  type PackFiles,
} from '../../src/reports/manifest.ts';
import { packFiles } from '../../src/reports/pack-folder.ts';
import { packContent, QUERY_TEXTS } from './pack-content.ts';

const run = promisify(execFile);

let files: PackFiles;
let manifest: Manifest;

beforeAll(async () => {
  files = await packFiles(packContent(), QUERY_TEXTS);
  manifest = manifestSchema.parse(JSON.parse(textOf(MANIFEST_NAME)));
});

function textOf(name: string): string {
  const bytes = files.get(name);
  if (!bytes) throw new Error(`no file ${name}`);
  return Buffer.from(bytes).toString('utf8');
}

function hashOf(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}

/** The lines of GNU coreutils' format: hash, two blanks, name; no line may be anything else. */
function parseChecksums(text: string): Map<string, string> {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  return new Map(
    lines.map((line) => {
      const [hash = '', name = '', ...rest] = line.split('  ');
      if (hash.length !== 64 || name === '' || rest.length > 0) throw new Error(`bad line ${line}`);
      return [name, hash];
    }),
  );
}

describe('manifest.json', () => {
  test('holds nothing that its schema does not describe', () => {
    expect(manifestSchema.parse(JSON.parse(textOf(MANIFEST_NAME)))).toEqual(
      JSON.parse(textOf(MANIFEST_NAME)),
    );
    expect(textOf(MANIFEST_NAME).endsWith('}\n')).toBe(true);
  });

  test('lists every file of the pack but itself and the checksums, in order', () => {
    const expected = [...files.keys()]
      .filter((name) => name !== MANIFEST_NAME && name !== CHECKSUMS_NAME)
      .sort();
    expect(manifest.files.map((file) => file.name)).toEqual(expected);
    expect(expected).toHaveLength(packContent().reports.length * 2 + 2);
  });

  test('the hash and size of each file are right', () => {
    for (const file of manifest.files) {
      expect(file.sha256).toBe(hashOf(files.get(file.name)));
      expect(file.size_bytes).toBe(files.get(file.name)?.length);
    }
  });

  test('each report has its query, parameters, CSV and counts', () => {
    expect(manifest.reports.map((report) => report.name)).toEqual(
      packContent().reports.map((report) => report.name),
    );
    for (const [index, report] of manifest.reports.entries()) {
      const content = packContent().reports[index];
      expect(report.query).toBe(`queries/${report.name}.sql`);
      expect(report.csv).toBe(`${report.name}.csv`);
      expect(report.query_sha256).toBe(hashOf(files.get(report.query)));
      expect(report.csv_sha256).toBe(hashOf(files.get(report.csv)));
      expect(report.row_count).toBe(content?.rows.length);
      expect(report.had_data).toBe(content?.hadData);
      expect(report.status_counts).toEqual(content?.statusCounts);
      expect(report.parameters).toEqual(content?.parameters);
    }
  });

  test('names every source object with its hash and what became of it', () => {
    const content = packContent();
    expect(manifest.sources).toHaveLength(content.sources.length);
    expect(manifest.sources[7]).toEqual({
      uri: content.sources[7]?.uri,
      sha256: content.sources[7]?.sha256,
      size_bytes: 10_007,
      format: null,
      status: 'refused',
      reason: 'no format recognises the content (first bytes 50 4b 03 04)',
      line_count: 1000,
      row_count: 998,
      rejected_count: 0,
    });
  });

  test('says what the pack covers and what made it', () => {
    const content = packContent();
    expect(manifest).toMatchObject({
      format_version: 1,
      pack: content.pack,
      organization: content.organization,
      period: content.period,
      data_through: content.dataThrough,
      tool: content.tool,
      config_sha256: content.configSha256,
    });
    expect(manifest.scope[0]).toEqual({
      name: 'cde',
      match: 'tag pci-scope = cde',
      interface_count: 42,
      instance_count: 31,
    });
    expect(manifest.requirements.map(({ id, status }) => [id, status])).toEqual(
      content.requirements.map(({ id, status }) => [id, status]),
    );
  });

  test('has no time but those of the data', () => {
    const today = new Date().toISOString().slice(0, 10);
    const times = textOf(MANIFEST_NAME).match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g) ?? [];
    expect(new Set(times)).toEqual(
      new Set(['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-01-31T23:58:12Z']),
    );
    expect(textOf(MANIFEST_NAME)).not.toContain(today);
  });

  test('does not depend on the order in which files were added', () => {
    const own = new Map([...files].filter(([name]) => name !== CHECKSUMS_NAME));
    own.delete(MANIFEST_NAME);
    const turned = new Map([...own].reverse());
    expect(manifestJson(packContent(), turned)).toBe(textOf(MANIFEST_NAME));
    expect(checksumsText(turned)).toBe(checksumsText(own));
  });

  test('a report without its file is a fault of the program', () => {
    expect(() => manifestJson(packContent(), new Map())).toThrow(
      'the pack has no file flow_detail_by_resource.csv',
    );
  });
});

describe('SHA256SUMS', () => {
  test('has the hash of every file but its own, in order of name', () => {
    const sums = parseChecksums(textOf(CHECKSUMS_NAME));
    const names = [...files.keys()].filter((name) => name !== CHECKSUMS_NAME).sort();
    expect([...sums.keys()]).toEqual(names);
    for (const [name, hash] of sums) expect(hash).toBe(hashOf(files.get(name)));
  });

  describe('for sha256sum', () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'flowproof-manifest-'));
      for (const [name, bytes] of files) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), bytes);
      }
    });

    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    /** Its exit code and output; null on a system without it, whose hashes the test above compares. */
    async function check(): Promise<{ code: number; output: string } | null> {
      try {
        const { stdout } = await run('sha256sum', ['--strict', '-c', CHECKSUMS_NAME], {
          cwd: folder,
        });
        return { code: 0, output: stdout };
      } catch (thrown) {
        const { code, stdout } = thrown as { code: number | string; stdout: string };
        if (code === 'ENOENT') return null;
        return { code: Number(code), output: stdout };
      }
    }

    test('every file is OK, and one that was changed is not', async () => {
      const before = await check();
      if (before === null) {
        expect(process.platform).not.toBe('linux');
        return;
      }
      expect(before.code).toBe(0);
      expect(before.output.match(/: OK$/gm)).toHaveLength(files.size - 1);
      await writeFile(join(folder, 'loss_interval.csv'), 'status\r\n');
      const after = await check();
      expect(after?.code).toBe(1);
      expect(after?.output).toContain('loss_interval.csv: FAILED');
    });
  });
});
