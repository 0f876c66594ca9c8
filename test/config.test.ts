import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parseConfig, readConfig } from '../src/config.ts';
import { configJsonSchema } from '../src/config-schema.ts';
import { FlowproofError } from '../src/errors.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { remoteOf } from '../src/remote-lake/place.ts';
import { permissionsOf } from '../src/units/permissions.ts';

const SMALL = `lake: lake
output: evidence
sources:
  flow_logs:
    - s3: s3://example-flow-logs/AWSLogs
      region: us-east-1
    - cloudwatch_logs: /vpc/flow-logs
      region: us-east-1
  ips_events:
    - files: [ips/**/*.log]
  inventory:
    - files: [inventory/**/*.json]
scope:
  - name: cde
    match:
      tag: { pci: "true" }
period:
  start: 2026-11-01
  end: 2026-12-01T00:00:00Z
`;

function failureOf(action: () => unknown): FlowproofError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof FlowproofError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

const problemOf = (text: string): string =>
  failureOf(() => parseConfig(text, 'flowproof.yaml')).problem;

describe('parseConfig', () => {
  test('takes a small configuration and fills in the defaults', () => {
    const config = parseConfig(SMALL, 'flowproof.yaml');
    expect(config.sources.flow_logs.map((entry) => entry.s3 ?? entry.cloudwatch_logs)).toEqual([
      's3://example-flow-logs/AWSLogs',
      '/vpc/flow-logs',
    ]);
    expect(config.pack).toBeUndefined();
    expect(config.allowance).toEqual({ rejected_lines: 0, damaged_objects: 0 });
    expect(config.limits).toEqual({ max_expansion: 250 });
    expect(config.metadata_max_age_hours).toBe(24);
    expect(config.metadata_backdate_hours).toBe(0);
    expect(config.memory_limit).toBeUndefined();
  });

  test('needs flow logs only: other sources default to none', () => {
    const text = SMALL.replace(/ {2}ips_events:[\s\S]*?(?=scope:)/, '');
    expect(parseConfig(text, 'flowproof.yaml').sources).toMatchObject({
      ips_events: [],
      inventory: [],
    });
  });

  test('takes what goes with sources in AWS', () => {
    const role = 'role_arn: "arn:aws:iam::123456789012:role/team/reader", external_id: x-1';
    const text = SMALL.replace(
      '    - files: [ips/**/*.log]',
      `    - { s3: s3://example-ips/, region: us-east-1, requester_pays: true, ${role} }
    - { cloudwatch_logs: /suricata, region: us-east-1, look_back_hours: 0.5, ${role} }
    - files: ["-"]`,
    );
    expect(parseConfig(text, 'flowproof.yaml').sources.ips_events).toHaveLength(3);
  });

  test('takes allowed services and what stores card data, with ranges in one spelling', () => {
    const text = `${SMALL}
allowed_services:
  - direction: inbound
    protocol: TCP
    ports: [443, "8000-8100"]
    peers: { cidr: ["2001:0DB8::/32", 203.0.113.0/24], scope: [cde] }
    justification: Shop
    approved_by: CHG-1
card_data_stores: { tag: { data: card } }
`;
    const config = parseConfig(text, 'flowproof.yaml');
    expect(config.allowed_services).toMatchObject([
      {
        ports: ['443', '8000-8100'],
        peers: { cidr: ['2001:db8::/32', '203.0.113.0/24'], scope: ['cde'] },
      },
    ]);
    expect(config.card_data_stores.tag).toEqual({ data: 'card' });
    expect(config.card_data_stores.owner_kinds).toContain('rds');
    expect(parseConfig(SMALL, 'flowproof.yaml').allowed_services).toEqual([]);
  });

  test.each([
    ['ports: [70000]', 'must be a port such as 443, or a range'],
    ['ports: ["90-80"]', 'must be a port such as 443, or a range'],
    ['ports: ["443; drop table flow"]', 'must be a port such as 443, or a range'],
    ['peers: { cidr: [203.0.113.0] }', 'must be a range such as 203.0.113.0/24'],
    ['peers: { cidr: [203.0.113.0/33] }', 'must be a range such as 203.0.113.0/24'],
    ['peers: { cidr: [300.0.0.0/8] }', 'must be a range such as 203.0.113.0/24'],
    ['peers: {}', 'needs at least one key'],
    ['protocol: carrier-pigeon', 'must be tcp, udp, icmp, or a number'],
    ['scope: nowhere', 'is no scope of this file'],
    ['peers: { scope: [nowhere] }', 'is no scope of this file'],
  ])('refuses an allowed service with %s', (key, message) => {
    const text = `${SMALL}
allowed_services:
  - { direction: inbound, justification: Shop, approved_by: CHG-1, ${key} }
`;
    expect(failureOf(() => parseConfig(text, 'flowproof.yaml')).problem).toContain(message);
  });

  describe('a schedule', () => {
    const scheduled = (keys: string): string =>
      `${SMALL.replace(/period:[\s\S]*/, '')}schedule: { ${keys} }\n`;
    const PACKS = 'packs: [{ pack: pci-dss-4.0.1, every: month }, { pack: soc2, every: week }]';

    test('stands in the place of the period, and waits a day for late data', () => {
      const config = parseConfig(scheduled(`since: 2026-11-01, ${PACKS}`), 'flowproof.yaml');
      expect(config.schedule).toEqual({
        since: '2026-11-01',
        packs: [
          { pack: 'pci-dss-4.0.1', every: 'month' },
          { pack: 'soc2', every: 'week' },
        ],
        wait_hours: 24,
      });
    });

    test.each([
      [`since: 2026-11-01, packs: []`, 'schedule.packs: '],
      [`since: 2026-11-01T06:00:00Z, ${PACKS}`, 'schedule.since: must be a date'],
      [PACKS, 'schedule.since: '],
      [`since: 2026-11-01, wait_hours: -1, ${PACKS}`, 'schedule.wait_hours: '],
      [`since: 2026-11-01, wait_hours: 745, ${PACKS}`, 'schedule.wait_hours: '],
      ['since: 2026-11-01, packs: [{ pack: soc2, every: year }]', 'schedule.packs[0].every: '],
      [
        'since: 2026-11-01, packs: [{ pack: soc2, every: day }, { pack: soc2, every: day }]',
        'schedule.packs: has an entry twice',
      ],
    ])('is refused with { %s }', (keys, message) => {
      expect(problemOf(scheduled(keys))).toContain(message);
    });

    test('and a period exclude each other, and one is needed', () => {
      const keys = `since: 2026-11-01, ${PACKS}`;
      const both = problemOf(`${SMALL}schedule: { ${keys} }\n`);
      expect(both).toContain('line 17: period: does not go with a schedule');
      expect(problemOf(`${scheduled(keys)}pack: soc2\n`)).toContain(
        'pack: does not go with a schedule, which names its packs',
      );
      // With the other mistakes, not after them.
      const neither = problemOf(
        scheduled(keys)
          .replace(/schedule.*/, '')
          .replace('lake: lake', ''),
      );
      expect(neither).toContain('period: is needed, such as');
      expect(neither).toContain('lake: ');
    });

    test('gives the configuration its packs, and a period up to a moment', () => {
      const folder = mkdtempSync(join(tmpdir(), 'flowproof-config-'));
      const path = join(folder, 'flowproof.yaml');
      writeFileSync(path, scheduled(`since: 2026-11-01, ${PACKS}`));
      const config = readConfig(path, new Date('2026-11-03T05:00:00Z'));
      expect(config.packs).toEqual(['pci-dss-4.0.1', 'soc2']);
      expect(config.period).toEqual({
        start: new Date('2026-11-01'),
        end: new Date('2026-11-04'),
      });
      writeFileSync(path, SMALL);
      expect(readConfig(path).packs).toEqual(['pci-dss-4.0.1']);
      rmSync(folder, { recursive: true });
    });
  });

  test('takes the configuration of the samples', () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'samples', 'flowproof.yaml'), 'utf8');
    expect(parseConfig(text, 'flowproof.yaml').scope[0]?.name).toBe('cde');
  });

  test('names every mistake at once, each with its line, and the valid keys', () => {
    const error = failureOf(() =>
      parseConfig(
        SMALL.replace('output: evidence', 'outptu: evidence')
          .replace('      region: us-east-1\n    - cloud', '      region: nowhere\n    - cloud')
          .replace('tag: { pci: "true" }', 'tags: { pci: "true" }')
          .replace('start: 2026-11-01', 'start: 1 November'),
        'flowproof.yaml',
      ),
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.place).toBe('flowproof.yaml');
    const lines = error.problem.split('\n  - ');
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe('6 mistakes');
    expect(lines).toContainEqual(
      expect.stringMatching(/^line 2: outptu: unknown key \(valid here: lake, output, /),
    );
    expect(lines).toContainEqual(expect.stringMatching(/output: .*\(found: missing\)/));
    expect(lines).toContainEqual(
      'line 6: sources.flow_logs[0].region: must be an AWS Region such as us-east-1 (found: "nowhere")',
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^line 16: scope\[0\]\.match\.tags: unknown key \(valid here: account, vpc, subnet, /,
      ),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^line 18: period\.start: must be a date .* \(found: "1 November"\)/),
    );
  });

  test.each([
    ['start: 2026-11-01', 'start: 2026-02-30', 'is no date of the calendar'],
    ['start: 2026-11-01', 'start: 2026-11-01T06:00:00Z', 'a period is of whole UTC days (found'],
    ['start: 2026-11-01', 'start: 2026-12-01', 'must start before it ends'],
    ['pci: "true"', 'pci: true', 'scope[0].match.tag.pci: expected string, received boolean'],
    ['tag: { pci: "true" }', '{}', 'needs at least one key'],
    [
      '    - files: [ips/**/*.log]',
      '    - {}',
      'needs exactly one of files, s3, cloudwatch_logs (found none of',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - { files: [a], s3: s3://example-ips/b }',
      'needs exactly one of files, s3, cloudwatch_logs (found files and s3)',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - s3: s3://example-ips/b',
      'line 10: sources.ips_events[0].region: is needed with s3',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - cloudwatch_logs: x',
      'region: is needed with cloudwatch',
    ],
    ['    - files: [inventory/**/*.json]', '    - cloudwatch_logs: x', 'unknown key'],
    [
      '    - files: [ips/**/*.log]',
      '    - { files: [a], role_arn: "arn:aws:iam::123456789012:role/reader" }',
      'role_arn: only goes with s3 or cloudwatch_logs',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - { s3: s3://example-ips/, region: us-east-1, external_id: x-1 }',
      'external_id: only goes with role_arn',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - { s3: s3://example-ips/, region: us-east-1, role_arn: reader }',
      'role_arn: must be the ARN of a role, such as arn:aws:iam::123456789012:role/flowproof',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - { cloudwatch_logs: x, region: us-east-1, requester_pays: true }',
      'requester_pays: only goes with s3',
    ],
    [
      '    - files: [ips/**/*.log]',
      '    - { files: [a], look_back_hours: 3 }',
      'look_back_hours: only goes with cloudwatch_logs',
    ],
    [
      '    - files: [ips/**/*.log]\n  inventory:\n    - files: [inventory/**/*.json]',
      '    - files: ["-"]\n  inventory:\n    - files: ["-"]',
      'standard input ("-") can be read once only',
    ],
    [
      '    - files: [inventory/**/*.json]',
      '    - { ec2: [us-east-1], region: us-east-1, taken_at: 2026-11-01, external_id: xy }',
      'external_id: only goes with role_arn (found: "xy")\n  - line 12: sources.inventory[0].region: has no use with ec2, which lists the Regions itself (found: "us-east-1")\n  - line 12: sources.inventory[0].taken_at: has no use with ec2: a pull knows its time (found: "2026-11-01")',
    ],
    [
      '    - files: [inventory/**/*.json]',
      '    - { ec2: [us-east-1], role_arn: "arn:aws:iam::123456789012:role/a", account_id: "123456789012" }',
      'account_id: has no use with role_arn, which names the account',
    ],
    [
      '    - files: [inventory/**/*.json]',
      '    - { files: [a], role_arn: "arn:aws:iam::123456789012:role/a" }',
      'role_arn: only goes with s3 or cloudwatch_logs or ec2',
    ],
    [
      '    - files: [inventory/**/*.json]',
      '    - { ec2: [us-east-1], role_arn: flowproof }',
      'role_arn',
    ],
    [
      '    - files: [inventory/**/*.json]',
      '    - ec2: [virginia]',
      'ec2[0]: must be an AWS Region',
    ],
    [
      'region: us-east-1\n  ips',
      'region: us-east-1\n      account_id: 123456789012\n  ips',
      'account_id',
    ],
    [
      '      tag: { pci: "true" }\n',
      '      tag: { pci: "true" }\n  - name: cde\n    match: { vpc: [vpc-0123456789abcdef0] }\n',
      'scope: has a name twice',
    ],
  ])('refuses %j turned to %j', (from, to, message) => {
    expect(SMALL).toContain(from);
    expect(problemOf(SMALL.replace(from, to))).toContain(message);
  });

  test('says where the text is no YAML', () => {
    expect(problemOf('lake: lake\nlake: other\n')).toMatch(/^1 mistake\n {2}- line 2: /);
    expect(problemOf('lake: [a\n')).toMatch(/line \d+: /);
    expect(problemOf('')).toContain('the file');
  });

  test('refuses an alias without an anchor, and too many of them', () => {
    expect(problemOf('lake: *missing\n')).toContain('missing');
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => `*${of}`).join(', ')}]\n`;
    const bomb = `a: &a [x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}`;
    expect(problemOf(bomb)).toContain('alias');
  });
});

const IN_S3 = 'lake: s3://example-lake/a\nlake_region: eu-west-1';
const trinoOf = (keys: string): string =>
  `${IN_S3}\nengine: trino\ntrino: { catalog: lake, ${keys} }`;

describe('a lake in S3', () => {
  const read = (keys: string) => {
    const path = join(mkdtempSync(join(tmpdir(), 'flowproof-config-')), 'flowproof.yaml');
    writeFileSync(path, SMALL.replace('lake: lake', keys));
    return readConfig(path);
  };

  test('is a folder of this machine to all that reads and writes, and known as a copy', () => {
    const config = read('lake: s3://example-lake/a/b\nlake_region: eu-west-1\nlake_copy: copy');
    expect(config.lake).toBe(join(config.folder, 'copy'));
    expect(remoteOf(config.lake)).toEqual({
      uri: 's3://example-lake/a/b',
      bucket: 'example-lake',
      prefix: 'a/b/',
      region: 'eu-west-1',
      reading: { mode: 'auto', extensions: join(homedir(), '.duckdb', 'extensions') },
    });
    const other = read('lake: s3://example-lake/a/c\nlake_region: eu-west-1');
    expect(other.lake).toMatch(/flowproof\/lake-[0-9a-f]{16}$/);
  });

  test('is read as the configuration says', () => {
    const keys = 'lake_read: in_place\nduckdb_extensions: extensions';
    const config = read(`lake: s3://example-lake/a\nlake_region: eu-west-1\n${keys}`);
    const reading = { mode: 'in_place', extensions: join(config.folder, 'extensions') };
    expect(remoteOf(config.lake)?.reading).toEqual(reading);
  });

  test('needs exactly what its role and its bucket allow', () => {
    const role = 'arn:aws:iam::123456789012:role/lake';
    const config = read(
      `lake: s3://example-lake/a\nlake_region: eu-west-1\nlake_role_arn: ${role}`,
    );
    const own = { partition: 'aws', account: '123456789012' };
    expect(permissionsOf(config, own).ofRoles.get(role)).toEqual([
      expect.objectContaining({
        Action: ['s3:ListBucket'],
        Resource: ['arn:aws:s3:::example-lake'],
      }),
      expect.objectContaining({
        Action: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
        Resource: ['arn:aws:s3:::example-lake/a/*'],
      }),
    ]);
  });

  test.each([
    ['lake: s3://Example\nlake_region: eu-west-1', 'is no S3 URI'],
    ['lake: s3://example-lake/../x\nlake_region: eu-west-1', 'is no S3 URI'],
    ['lake: s3://example-lake/a', 'needs the Region of its bucket'],
    ['lake: lake\nlake_region: eu-west-1', 'lake_region: goes only with a lake in S3'],
    ['lake: lake\nlake_read: auto', 'lake_read: goes only with a lake in S3'],
    ['lake: lake\nduckdb_extensions: x', 'duckdb_extensions: goes only with a lake in S3'],
    ['lake: s3://example-lake/a\nlake_region: eu-west-1\nlake_read: no', 'lake_read: '],
    ['lake: s3://example-lake/a\nlake_region: nowhere', 'must be an AWS Region'],
    ['lake: s3://example-lake/a\nlake_region: eu-west-1\nlake_role_arn: me', 'is no ARN of a role'],
    ['lake: lake\nengine: athena\nathena: { workgroup: w }', 'must be s3://bucket/prefix with'],
    [`${IN_S3}\nengine: trino`, 'trino: is needed with engine: trino'],
    [`${IN_S3}\nathena: { workgroup: w }`, 'athena: only goes with engine: athena'],
    [`${IN_S3}\nengine: spark`, 'engine: '],
    [trinoOf('url: trino.example.com'), 'must look like https://trino.example.com:8443'],
    [trinoOf('url: "https://me:secret-word@trino.example.com"'), 'must hold no password'],
    [
      trinoOf('url: "http://trino.example.com:8080", password_env: TRINO_PASSWORD'),
      'must begin with https:// where password_env is sent',
    ],
    [
      trinoOf('url: "https://trino.example.com", password_env: A, token_env: B'),
      'takes password_env or token_env, not both',
    ],
    [`${IN_S3}\nengine: athena\nathena: { workgroup: "a b" }`, 'must be the name of a workgroup'],
  ])('%j is refused', (keys, problem) => {
    vi.stubEnv('AWS_REGION', undefined);
    const said = failureOf(() => read(keys)).problem;
    expect(said).toContain(problem);
    expect(said).not.toContain('secret-word');
    vi.unstubAllEnvs();
  });

  test('leaves its large files there where another engine reads them', () => {
    const config = read(trinoOf('url: "https://trino.example.com:8443"'));
    expect(config).toMatchObject({
      engine: 'trino',
      trino: { url: 'https://trino.example.com:8443', schema: 'flowproof', user: 'flowproof' },
    });
    expect(remoteOf(config.lake)).toMatchObject({ leavesLargeFiles: true });
  });

  test('and Athena need what the workgroup, the catalog and the buckets allow', () => {
    const config = read(
      `${IN_S3}\nengine: athena\nathena: { workgroup: w, output: "s3://results-example/a/" }`,
    );
    const { own } = permissionsOf(config, { partition: 'aws', account: '123456789012' });
    const glue = 'arn:aws:glue:eu-west-1:123456789012';
    const athena = own.filter(({ Sid }) => Sid.startsWith('Athena'));
    expect(athena.map(({ Resource }) => Resource)).toEqual([
      ['arn:aws:athena:eu-west-1:123456789012:workgroup/w'],
      [
        `${glue}:catalog`,
        ...[`${glue}:database/flowproof`, `${glue}:table/flowproof/*`],
        ...[`${glue}:database/flowproof_work`, `${glue}:table/flowproof_work/*`],
      ],
      ['arn:aws:s3:::example-lake', 'arn:aws:s3:::results-example'],
      ['arn:aws:s3:::results-example/a/*'],
    ]);
  });
});

describe('readConfig', () => {
  test('resolves folders against the file, and knows its hash', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flowproof-config-'));
    const path = join(folder, 'flowproof.yaml');
    writeFileSync(path, SMALL);
    const config = readConfig(path);
    expect(config).toMatchObject({
      path,
      folder,
      lake: join(folder, 'lake'),
      output: join(folder, 'evidence'),
      period: { start: new Date('2026-11-01T00:00Z'), end: new Date('2026-12-01T00:00Z') },
    });
    expect(config.sha256).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(path, `${SMALL}# changed\n`);
    expect(readConfig(path).sha256).not.toBe(config.sha256);
  });

  test('says what to do about a file that is not there', () => {
    const error = failureOf(() => readConfig('no-such-file.yaml'));
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.exitCode).toBe(2);
    expect(error.remedy).toContain('--config');
  });
});

describe('signature', () => {
  const withSignature = (text: string): string => `${SMALL}signature: ${text}\n`;
  const ARN = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

  test.each([
    '{ key_file: keys/flowproof.pem }',
    `{ kms_key: "${ARN}" }`,
    '{ kms_key: "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/flowproof" }',
    '{ kms_key: alias/team/flowproof_1, region: eu-west-1 }',
    '{ kms_key: 1234abcd-12ab-34cd-56ef-1234567890ab, region: eu-west-1 }',
    '{ kms_key: mrk-1234abcd12ab34cd56ef1234567890ab, region: eu-west-1 }',
  ])('takes %s', (text) => {
    expect(parseConfig(withSignature(text), 'flowproof.yaml').signature).toBeDefined();
  });

  test.each([
    ['{}', 'needs exactly one of key_file, kms_key (found none of them)'],
    [
      '{ key_file: a.pem, kms_key: alias/a, region: eu-west-1 }',
      'needs exactly one of key_file, kms_key (found both)',
    ],
    ['{ kms_key: flowproof, region: eu-west-1 }', 'must be the id or ARN of a KMS key'],
    ['{ kms_key: alias/flowproof }', 'signature.region: is needed with a kms_key that is no ARN'],
    ['{ key_file: a.pem, region: eu-west-1 }', 'signature.region: only goes with kms_key'],
    [`{ kms_key: "${ARN}", region: eu-west-1 }`, 'signature.region: has no use with an ARN'],
    ['{ key: a.pem }', 'signature.key: unknown key (valid here: key_file, kms_key, region)'],
  ])('refuses %s', (text, problem) => {
    expect(problemOf(withSignature(text))).toContain(problem);
  });
});

test('flowproof.schema.json is what `flowproof config-schema` prints', () => {
  const path = join(PACKAGE_ROOT, 'flowproof.schema.json');
  const schema = configJsonSchema();
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
  expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(schema, null, 2)}\n`);
});
