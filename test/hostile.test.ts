/**
 * Hostile texts through the whole job: into every field that reaches an output, through every output.
 * There they are inert, whatever reads the file, and still to be seen.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { type Database, openDatabase, readRows } from '../src/database.ts';
import { explain } from '../src/explain/explain.ts';
import { explanationText } from '../src/explain/explanation-text.ts';
import { createLakeViews } from '../src/lake.ts';
import { printedJson } from '../src/printed-text.ts';
import { createProgress } from '../src/progress.ts';
import { writeJson, writeTable } from '../src/query/output.ts';
import { streamSink } from '../src/query/sink.ts';
import { verifyPack } from '../src/reports/verify.ts';
import { type RunOutcome, run } from '../src/run.ts';
import { readStatus, statusText } from '../src/status.ts';
import { summaryText } from '../src/summary.ts';
import { quoteName, TABLES } from '../src/tables.ts';
import { CARD, PAYLOADS, writeHostileJob } from './hostile/payloads.ts';
import { HIDDEN, textsOf } from './reports/hostile-pack.ts';
import { parseCsv } from './reports/parse-csv.ts';
import { readPdf } from './reports/pdf-text.ts';
import { type HtmlElement, readHtml } from './reports/read-html.ts';
import { checkXml } from './reports/xml-check.ts';

/** What moves the cursor, changes the title, hides or turns text round on a terminal. */
const DRIVES_TERMINAL = /(?!\n|\u200c|\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Bold, dim, and the end of both: what flowproof itself prints on a terminal. */
const OWN_STYLES = ['\u001b[1m', '\u001b[2m', '\u001b[22m'];

let root = '';
let outcome: RunOutcome;
let database: Database;
let pack = '';
let before: string[] = [];
let logged = '';
const temporary = process.env.TMPDIR;

/** Every path below a folder with its content's hash. */
function listTree(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !/^(?:lake|evidence)(?:\/|$)/.test(name))
    .map((name) => {
      const path = join(folder, name);
      if (!lstatSync(path).isFile()) return name;
      return `${name} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
    })
    .sort();
}

const file = (name: string): Buffer => readFileSync(join(pack, name));

const packFiles = (): string[] =>
  readdirSync(pack, { recursive: true })
    .map(String)
    .filter((name) => lstatSync(join(pack, name)).isFile());

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-hostile-'));
  mkdirSync(join(root, 'tmp'));
  process.env.TMPDIR = join(root, 'tmp');
  const config = readConfig(writeHostileJob(root));
  before = listTree(root);
  const stream = new PassThrough();
  stream.on('data', (part: Buffer) => {
    logged += part.toString('utf8');
  });
  outcome = await run({
    config,
    parts: ['ingest', 'enrich', 'report'],
    command: 'run',
    progress: createProgress({ stream, isQuiet: false }),
    now: () => new Date('2026-11-05T00:00:00Z'),
  });
  pack = outcome.reports?.[0]?.folder ?? '';
  database = await openDatabase();
  await createLakeViews(database.connection, config.lake);
}, 240_000);

afterAll(() => {
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  database?.close();
  rmSync(root, { recursive: true, force: true });
});

describe('the job', () => {
  test('ends as any other, with what is no record rejected', () => {
    expect(outcome.exitCode).toBe(3);
    expect(outcome.ingest?.unreachable).toEqual([]);
    expect(outcome.ingest?.damaged.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/no flow_logs format recognises its content/),
    ]);
    expect(outcome.ingest?.rowCount).toBeGreaterThan(PAYLOADS.length * 8);
  });

  test('writes nothing but in lake and output', () => {
    expect(listTree(root)).toEqual(before);
    for (const path of ['/tmp/flowproof-escaped', '/etc/cron.d/flowproof-escaped']) {
      expect(existsSync(path)).toBe(false);
    }
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
    const odd = readdirSync(join(root, 'lake'), { recursive: true })
      .map(String)
      .filter((name) => !/^[\w./=-]+$/.test(name));
    expect(odd).toEqual([]);
  });

  test('has no prototype changed by a key', () => {
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('keeps every payload in the lake, and every column of every table', async () => {
    const texts: string[] = [];
    for (const { name, layer } of TABLES) {
      if (layer !== 'ingest') continue;
      const rows = await readRows<{ text: string }>(
        database.connection,
        `select to_json(t)::varchar as text from ${quoteName(name)} as t`,
      );
      texts.push(...rows.map(({ text }) => text));
    }
    const all = texts.join('\n');
    expect(PAYLOADS.filter(({ mark }) => !all.includes(mark)).map(({ name }) => name)).toEqual([]);
    const signatures = await readRows<{ signature_name: string }>(
      database.connection,
      `select signature_name from ips_event where format = 'suricata_eve'`,
    );
    const kept = signatures.map(({ signature_name }) => signature_name);
    for (const { text } of PAYLOADS) {
      const whole = text.replaceAll(/[\ud800-\udfff]/gu, '\ufffd').trim();
      expect(kept).toContain(`${whole} 411111******1111`);
    }
  });

  test('brings no card number into the lake, and says how many were masked', async () => {
    for (const { name, layer } of TABLES) {
      if (layer !== 'ingest' || name === 'flow') continue;
      const rows = await readRows<{ text: string }>(
        database.connection,
        `select to_json(t)::varchar as text from ${quoteName(name)} as t`,
      );
      // The one number of JSON that looks like a card is an id that Suricata made.
      const all = rows.map(({ text }) => text.replaceAll(`\\"flow_id\\":${CARD}`, '')).join('\n');
      expect([name, all.includes(CARD)]).toEqual([name, false]);
    }
    const [masked] = await readRows<{ count: number; objects: number }>(
      database.connection,
      'select sum(masked_count)::double as count, count(*) filter (masked_count > 0)::double as objects from source_object',
    );
    expect(masked?.objects).toBeGreaterThanOrEqual(6);
    expect(masked?.count).toBeGreaterThan(PAYLOADS.length * 6);
    for (const name of packFiles())
      expect([name, file(name).includes(CARD)]).toEqual([name, false]);
  });
});

describe('a terminal', () => {
  const seen = (text: string, least: number): void => {
    expect(DRIVES_TERMINAL.exec(text)?.[0]).toBeUndefined();
    expect(PAYLOADS.filter(({ mark }) => text.includes(mark)).length).toBeGreaterThanOrEqual(least);
  };

  test('is not driven by the summary or the log of a run', () => {
    seen(summaryText(outcome, join(root, 'lake')), 1);
    seen(logged, 0);
    expect(logged).toContain('"stage":"ingest"');
  });

  test('is not driven by status, as text or JSON', async () => {
    const config = readConfig(join(root, 'flowproof.yaml'));
    const status = await readStatus(database.connection, config);
    seen(statusText(status, config), 1);
    seen(printedJson(status), 1);
    expect(JSON.parse(printedJson(status))).toEqual(JSON.parse(JSON.stringify(status)));
  });

  test('is not driven by explain, as text or JSON', async () => {
    const config = readConfig(join(root, 'flowproof.yaml'));
    const flows = await readRows<{ flow_id: string }>(
      database.connection,
      `select flow_id from flow where dstaddr like '10.0.1.%' and interface_id like 'eni-0%' order by line_number`,
    );
    expect(flows.length).toBeGreaterThanOrEqual(PAYLOADS.length);
    for (const [index, { flow_id: flowId }] of flows.slice(0, PAYLOADS.length).entries()) {
      // A third of them is enough: each takes a third of a second.
      if (index % 3 !== 1) continue;
      const explanation = await explain({ connection: database.connection, flowId, config });
      const text = explanationText(explanation, { width: 100, isTerminal: true });
      // On a terminal flowproof's own words are dim or bold: nothing else may be.
      seen(
        OWN_STYLES.reduce((plain, style) => plain.replaceAll(style, ''), text),
        1,
      );
      expect(text).toContain(PAYLOADS[index]?.mark);
      seen(printedJson(explanation), 1);
    }
  }, 120_000);

  test.each(['table', 'json'] as const)('is not driven by query, as %s', async (format) => {
    const stdout = new PassThrough();
    const parts: Buffer[] = [];
    stdout.on('data', (part: Buffer) => parts.push(part));
    const sql = `select signature_name, host_name, original from ips_event where format = 'suricata_eve'`;
    const result = await database.connection.stream(sql);
    const sink = streamSink(stdout);
    if (format === 'json') await writeJson(result, sink);
    else await writeTable(result, sink, { maxRows: 1_000, elapsed: () => 0 });
    const text = Buffer.concat(parts).toString('utf8');
    if (format === 'table') seen(text, PAYLOADS.length - 1);
    else
      expect(
        /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u.exec(text.replaceAll('\n', '')),
      ).toBeNull();
  });
});

describe('the pack', () => {
  test('is sound, and has only files that it should', async () => {
    expect(await verifyPack(pack)).toMatchObject({ ok: true, problems: [] });
    expect(packFiles().filter((name) => !/^(?:queries\/)?[\w.]+$|^SHA256SUMS$/.test(name))).toEqual(
      [],
    );
    const sums = file('SHA256SUMS').toString('utf8').trimEnd().split('\n');
    expect(sums.filter((line) => !/^[0-9a-f]{64} [ *][\w./]+$/.test(line))).toEqual([]);
  });

  test('CSV: no cell is a formula, and every payload is to be read', () => {
    const tables = packFiles().filter((name) => name.endsWith('.csv'));
    let all = '';
    for (const name of tables) {
      for (const record of parseCsv(file(name).toString('utf8'))) {
        for (const { text } of record) {
          const isNumber = /^(?:-|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i.test(text);
          if (!isNumber && /^\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u.test(text)) {
            throw new Error(`${name}: ${JSON.stringify(text.slice(0, 60))}`);
          }
          all += `${text}\n`;
        }
      }
    }
    expect(PAYLOADS.filter(({ mark }) => !all.includes(mark)).map(({ name }) => name)).toEqual([]);
  });

  test('HTML: what flowproof writes and nothing else, whatever the texts say', () => {
    const elements: HtmlElement[] = readHtml(file('report.html').toString('utf8'));
    expect(elements.filter(({ name }) => name === 'script')).toHaveLength(1);
    expect(elements.filter(({ name }) => name === 'style')).toHaveLength(1);
    const names = new Set(elements.map(({ name }) => name));
    for (const name of ['img', 'iframe', 'object', 'embed', 'link', 'base', 'form', 'math']) {
      expect([name, names.has(name)]).toEqual([name, false]);
    }
    for (const { attributes } of elements) {
      for (const [name, value] of attributes) {
        expect(name).not.toMatch(/^on/);
        if (/^(?:href|src|action|formaction)$/.test(name)) expect(value).toMatch(/^#/);
      }
    }
    const body = elements.find(({ name }) => name === 'body')?.text ?? '';
    expect(PAYLOADS.filter(({ mark }) => !body.includes(mark)).map(({ name }) => name)).toEqual([]);
    expect(body).toContain('#read("/etc/passwd")');
    expect(body).toContain('[U+202E]gnp.exe');
    expect(body).toContain('[U+001B][2J');
    expect(HIDDEN.exec(body.replaceAll(/[\n\u00ad\u200b]/g, ''))?.[0]).toBeUndefined();
  });

  test('PDF: the text of the payloads, no action, and nothing of another file', () => {
    const pdf = readPdf(file('report.pdf'));
    const text = pdf.pages.join(' ').replaceAll(/\s+/g, '');
    const missing = PAYLOADS.filter(({ mark }) => !text.includes(mark)).map(({ name }) => name);
    expect(missing).toEqual([]);
    expect(text).toContain('#read("/etc/passwd")');
    expect(text).not.toMatch(/root:x:0:0/);
    const raw = file('report.pdf').toString('latin1');
    expect(raw).not.toMatch(/\/(?:JavaScript|JS|Launch|OpenAction|AA|SubmitForm|GoToR)\b/);
    const targets = [...raw.matchAll(/\/URI \(([^)]*)\)/g)].map(([, target]) => target);
    expect(targets.filter((target) => !/^https:\/\//.test(target ?? ''))).toEqual([]);
    expect(targets.filter((target) => target?.includes('example.com'))).toEqual([]);
    for (const name of pdf.embedded.keys()) expect(name).toMatch(/^[\w.]+$/);
  });

  test('XLSX: well-formed, no formula, no link out', () => {
    const parts = unzipSync(file('report.xlsx'));
    let all = '';
    for (const [name, bytes] of Object.entries(parts)) {
      const xml = Buffer.from(bytes).toString('utf8');
      expect(name).toMatch(/^[\w./[\]]+$/);
      const elements = new Set(checkXml(xml));
      expect([name, elements.has('f')]).toEqual([name, false]);
      // Links lead to other sheets of the workbook.
      expect(xml).not.toMatch(/<hyperlink[^>]*r:id/);
      expect(xml).not.toContain('TargetMode="External"');
      all += xml;
    }
    expect(PAYLOADS.filter(({ mark }) => !all.includes(mark)).map(({ name }) => name)).toEqual([]);
    expect(all).toContain('[U+202E]');
  });

  test.each(['ocsf.json', 'oscal.json'])('%s: JSON whose texts hide nothing', (name) => {
    const document: unknown = JSON.parse(file(name).toString('utf8'));
    const texts = textsOf(document);
    const hidden = texts.filter((text) => HIDDEN.test(text));
    expect(hidden.slice(0, 3)).toEqual([]);
    expect(texts.filter((text) => /qz\d\dz/.test(text)).length).toBeGreaterThan(10);
  });

  test('manifest.json: the names exactly, and written so that none of them hides anything', () => {
    const text = file('manifest.json').toString('utf8');
    expect(DRIVES_TERMINAL.exec(text)?.[0]).toBeUndefined();
    const { sources } = JSON.parse(text) as { sources: { uri: string }[] };
    const uris = sources.map(({ uri }) => uri);
    expect(uris.filter((uri) => uri.startsWith('file:logs/names/'))).toHaveLength(
      // Names that open with a dot are left out.
      PAYLOADS.filter(({ text }) => !text.startsWith('.')).length,
    );
    expect(uris.some((uri) => uri.includes('\u001b[2J'))).toBe(true);
  });
});
