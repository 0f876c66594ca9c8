import { beforeAll, describe, expect, test } from 'vitest';
import { sha256Of } from '../../src/reports/manifest.ts';
import { nameUuid } from '../../src/reports/name-uuid.ts';
import { oscalJson } from '../../src/reports/oscal.ts';
import { oscalProse, oscalString, oscalToken } from '../../src/reports/oscal-text.ts';
import { packFiles } from '../../src/reports/pack-folder.ts';
import { STATUSES } from '../../src/reports/report.ts';
import { EXCEPTIONS } from './exception-uses.ts';
import { HIDDEN, hostilePack, textsOf } from './hostile-pack.ts';
import { judgeBy, schemaBytes } from './json-schema.ts';
import { packContent, QUERY_TEXTS } from './pack-content.ts';

const SCHEMA = 'oscal-1.1.3-assessment-results.schema.json';
const mistakesOf = judgeBy(SCHEMA);

type Named = { name: string; value: string };
type Observation = {
  uuid: string;
  title: string;
  props: Named[];
  remarks: string;
  'relevant-evidence'?: { href: string; props?: Named[] }[];
};
type Document = {
  'assessment-results': {
    uuid: string;
    metadata: Record<string, unknown>;
    'import-ap': { href: string };
    results: {
      start: string;
      end: string;
      observations?: Observation[];
      findings?: {
        uuid: string;
        props: Named[];
        target: { 'target-id': string; status: { state: string; reason: string } };
        'related-observations': { 'observation-uuid': string }[];
      }[];
      'reviewed-controls': {
        'control-selections': { 'include-controls'?: { 'control-id': string }[] }[];
      };
    }[];
    'back-matter': {
      resources: {
        uuid: string;
        title: string;
        rlinks?: { href: string; hashes?: { algorithm: string; value: string }[] }[];
      }[];
    };
  };
};

let files: Map<string, Uint8Array>;

beforeAll(async () => {
  files = await packFiles(packContent(), QUERY_TEXTS);
});

function read(text: string): Document['assessment-results'] {
  return (JSON.parse(text) as Document)['assessment-results'];
}

function parsed(content = packContent()): Document['assessment-results'] {
  return read(oscalJson(content, files));
}

/** The texts that OSCAL reads as Markdown. */
function markupOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    ['title', 'description', 'remarks'].includes(key) && typeof part === 'string'
      ? part.split('\n\n')
      : markupOf(part),
  );
}

function propertyOf(props: readonly Named[] | undefined, name: string): string | undefined {
  return props?.find((one) => one.name === name)?.value;
}

test('the schema is the one that NIST published with OSCAL 1.1.3', () => {
  expect(sha256Of(schemaBytes(SCHEMA))).toBe(
    'd9e34757f0c12aff61f52b821f0b8f83ba0ba75b3a149a202b08ba82f82bc4c3',
  );
});

describe('oscalJson', () => {
  test('the published schema accepts it', () => {
    expect(mistakesOf(JSON.parse(oscalJson(packContent(), files)))).toEqual([]);
  });

  test('the schema is no rubber stamp', () => {
    const document = JSON.parse(oscalJson(packContent(), files)) as Document;
    const { 'import-ap': _, ...without } = document['assessment-results'];
    expect(mistakesOf({ 'assessment-results': without })).toEqual([
      "/assessment-results must have required property 'import-ap'",
    ]);
    const changed = structuredClone(document);
    const finding = changed['assessment-results'].results[0]?.findings?.[0];
    if (finding) finding.target.status.state = 'partial';
    expect(mistakesOf(changed)).not.toEqual([]);
  });

  test('each requirement and each report is an observation, in the order of the pack', () => {
    const content = packContent();
    const titles = parsed(content).results[0]?.observations?.map((one) => one.title);
    expect(titles).toHaveLength(content.requirements.length + content.reports.length);
    expect(titles?.[0]).toBe('PCI DSS v4.0.1 1.2.5: Services, protocols and ports in use');
    expect(titles?.at(-1)).toBe('Signature names as the agents logged them');
  });

  test('no status is "satisfied"; what is supported has no finding', () => {
    const content = packContent();
    const [model] = content.requirements;
    if (!model) throw new Error('the fixture has no requirements');
    content.requirements = STATUSES.map((status) => ({ ...model, id: `1.${status}`, status }));
    const [result] = parsed(content).results;
    const said = result?.findings?.map(({ props, target }) => [
      propertyOf(props, 'status'),
      target.status.state,
      target.status.reason,
    ]);
    expect(said).toEqual([
      ['contradicts', 'not-satisfied', 'fail'],
      ['not_evidenced', 'not-satisfied', 'other'],
      ['partial', 'not-satisfied', 'other'],
      ['out_of_reach', 'not-satisfied', 'other'],
      ['manual_evidence_required', 'not-satisfied', 'other'],
    ]);
    const observed = result?.observations?.map((one) => propertyOf(one.props, 'status'));
    expect(observed?.slice(0, STATUSES.length)).toEqual([...STATUSES]);
  });

  test('evidence leads to the files of the pack with their hashes', () => {
    const { results, 'back-matter': back } = parsed();
    const resources = new Map(back.resources.map((one) => [`#${one.uuid}`, one]));
    const evidence = results[0]?.observations?.flatMap((one) => one['relevant-evidence'] ?? []);
    expect(evidence?.length).toBeGreaterThan(0);
    for (const { href } of evidence ?? []) {
      const [link] = resources.get(href)?.rlinks ?? [];
      const bytes = files.get(link?.href ?? '');
      expect(bytes, href).toBeDefined();
      expect(link?.hashes).toEqual([
        { algorithm: 'SHA-256', value: sha256Of(bytes ?? new Uint8Array()) },
      ]);
    }
    const linked = back.resources.flatMap((one) => one.rlinks ?? []).map((one) => one.href);
    expect(linked).toEqual(
      expect.arrayContaining([...files.keys()].filter((name) => /\.(csv|sql)$/.test(name))),
    );
    expect(linked).toContain('manifest.json');
  });

  test('evidence says how many rows there are, and whether there was data', () => {
    const [result] = parsed().results;
    const detail = result?.observations?.find((one) => one.title.includes('10.2.2:'));
    const counts = detail?.['relevant-evidence']?.map((one) =>
      ['report', 'row-count', 'had-data', 'rows-partial'].map((name) =>
        propertyOf(one.props, name),
      ),
    );
    expect(counts).toEqual([
      ['flow_detail_by_resource', '14', 'true', '4'],
      ['loss_interval', '0', 'true', undefined],
    ]);
  });

  test('an exception is told with the report whose rows it accepts', () => {
    const content = { ...packContent(), exceptions: EXCEPTIONS };
    const text = oscalJson(content, files);
    expect(mistakesOf(JSON.parse(text))).toEqual([]);
    const remarks = read(text)
      .results[0]?.observations?.filter((one) => one.remarks.includes('EX-7'))
      .map((one) => [propertyOf(one.props, 'report'), one.remarks.split('\n\n').at(-1)]);
    expect(remarks).toEqual([
      [
        'loss_interval',
        'Exception EX-7, in force until 2026-12-31, matches 3 rows: What. Why. Compensating control: ' +
          'Control. Approved by: head of security',
      ],
    ]);
  });

  test('the assessment plan is a resource that says there is none', () => {
    const { 'import-ap': plan, 'back-matter': back } = parsed();
    const resource = back.resources.find((one) => `#${one.uuid}` === plan.href);
    expect(resource?.title).toBe('No assessment plan');
    expect(resource).not.toHaveProperty('rlinks');
  });

  test('ids are unlike each other, and every reference is to one of them', () => {
    const document = parsed();
    const [result] = document.results;
    const ids = textsOf(document).filter((text) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text));
    const observed = new Set(result?.observations?.map((one) => one.uuid));
    for (const finding of result?.findings ?? []) {
      for (const related of finding['related-observations']) {
        expect(observed).toContain(related['observation-uuid']);
      }
    }
    const own = [
      document.uuid,
      ...observed,
      ...(result?.findings ?? []).map((one) => one.uuid),
      ...document['back-matter'].resources.map((one) => one.uuid),
    ];
    expect(new Set(own).size).toBe(own.length);
    expect(ids).toEqual(expect.arrayContaining(own));
  });

  test('a finding and its control have one id each, also where a requirement is numbered', () => {
    const [result] = parsed().results;
    const [selection] = result?.['reviewed-controls']['control-selections'] ?? [];
    const controls = selection?.['include-controls']?.map((one) => one['control-id']);
    expect(controls?.[0]).toBe('pci-dss-4.0.1_1.2.5');
    expect(result?.findings?.[0]?.target['target-id']).toBe('pci-dss-4.0.1_1.2.5');
    expect(new Set(controls).size).toBe(packContent().requirements.length);
  });

  test('the document is another one as soon as it says something else', () => {
    const content = packContent();
    const before = parsed(content);
    expect(parsed(content)).toEqual(before);
    const after = parsed({ ...content, organization: 'Another' });
    expect(after.uuid).not.toBe(before.uuid);
    expect(after.metadata.version).not.toBe(before.metadata.version);
    const later = parsed({ ...content, dataThrough: '2026-01-31T23:59:59Z' });
    expect(later.metadata['last-modified']).toBe('2026-01-31T23:59:59Z');
    expect(later.uuid).not.toBe(before.uuid);
  });

  test('without scope, organization, requirements or reports it is valid too', () => {
    const content = packContent();
    for (const bare of [
      { ...content, scope: [], organization: null },
      { ...content, requirements: [] },
      { ...content, requirements: [], reports: [], dataThrough: null },
    ]) {
      expect(mistakesOf(JSON.parse(oscalJson(bare, files)))).toEqual([]);
    }
  });

  test('a file that is not there is a fault of the program', () => {
    expect(() => oscalJson(packContent(), new Map())).toThrow(
      'the pack has no file flow_detail_by_resource.csv',
    );
  });

  test('hostile text is valid, visible, and no markup', async () => {
    const { content } = hostilePack();
    const names = content.reports.flatMap((one) => [`${one.name}.csv`, `queries/${one.name}.sql`]);
    const some = new Map([...names, 'dictionary.csv'].map((name) => [name, Buffer.from(name)]));
    const text = oscalJson(content, some);
    expect(mistakesOf(JSON.parse(text))).toEqual([]);
    expect(textsOf(JSON.parse(text)).filter((one) => HIDDEN.test(one))).toEqual([]);
    const markup = markupOf(JSON.parse(text));
    expect(markup.length).toBeGreaterThan(100);
    expect(markup.filter((one) => /(?<!\\)[<`*[]|^[#-] |\n(?!\n)/.test(one))).toEqual([]);
    expect(markup).toContain('\\# heading');
    const [href] = read(text)['back-matter'].resources.flatMap((one) => one.rlinks ?? []);
    expect(decodeURIComponent(href?.href ?? '')).toBe(names[0]);
  });
});

describe('texts of OSCAL', () => {
  test.each([
    ['plain words, 10.2.2: (a) b; c/d', 'plain words, 10.2.2: (a) b; c/d'],
    ['flow_detail_by_source', 'flow_detail_by_source'],
    ['_emphasis_ and *strong*', '\\_emphasis\\_ and \\*strong\\*'],
    ['<b> & [x](y) `c`', '\\<b\\> \\& \\[x\\](y) \\`c\\`'],
    ['# a', '\\# a'],
    ['1. a', '1\\. a'],
    ['10.2.2 a', '10.2.2 a'],
    ['- a', '\\- a'],
    ['a\n\n# b', 'a # b'],
    ['{{ insert: param }}', '\\{\\{ insert: param \\}\\}'],
    ['back\\slash', 'back\\\\slash'],
    [' \n ', '(empty)'],
  ])('%j is the Markdown %j', (text, expected) => {
    expect(oscalProse(text)).toBe(expected);
  });

  test.each([
    ['10.2.2', '_10.2.2'],
    ['nist_AU-3(1)', 'nist_AU-3.1'],
    ['a b/c', 'a.b.c'],
    ['ünicode', '_.nicode'],
    ['', '_'],
  ])('%j is the token %j', (text, expected) => {
    expect(oscalToken(text)).toBe(expected);
  });

  test('a string has one line, no blanks at its ends and is never empty', () => {
    expect(oscalString('  a \r\n b\t')).toBe('a b');
    expect(oscalString('')).toBe('(empty)');
    expect(oscalString('a\u202eb')).toBe('a[U+202E]b');
  });
});

test('a UUID of a name is of version 5, and tells where its parts end', () => {
  expect(nameUuid('a', 'b')).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(nameUuid('a', 'b')).toBe(nameUuid('a', 'b'));
  expect(nameUuid('ab')).not.toBe(nameUuid('a', 'b'));
  expect(nameUuid('a', 'bc')).not.toBe(nameUuid('ab', 'c'));
});
