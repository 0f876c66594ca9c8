import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { type Database, openDatabase } from '../../src/database.ts';
import type { ObjectHints } from '../../src/ingest/format.ts';
import { openSources } from '../../src/ingest/open-sources.ts';
import type { ListedObject } from '../../src/ingest/source.ts';
import { createLakeViews } from '../../src/lake.ts';

let folder = '';
let database: Database;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-sources-'));
  database = await openDatabase();
  await createLakeViews(database.connection, join(folder, 'lake'));
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function configOf(sources: string): Config {
  const path = join(folder, 'flowproof.yaml');
  writeFileSync(
    path,
    `lake: lake
output: evidence
sources:
${sources}
scope:
  - { name: cde, match: { vpc: [vpc-0123456789abcdef0] } }
period: { start: 2026-11-01, end: 2026-11-03 }
`,
  );
  return readConfig(path);
}

const now = () => new Date('2026-11-02T12:00:00Z');

const open = (sources: string) => openSources(configOf(sources), database.connection, now);

async function listAll(
  sources: Awaited<ReturnType<typeof open>>,
): Promise<[string, ListedObject][]> {
  const listed: [string, ListedObject][] = [];
  for (const { source } of sources) {
    for await (const object of source.list({
      start: new Date('2026-11-01T00:00Z'),
      end: new Date('2026-11-03T00:00Z'),
    })) {
      listed.push([source.label, object]);
    }
  }
  return listed;
}

describe('openSources', () => {
  test('opens each entry under its place in the configuration, the inventory first', async () => {
    const sources = await open(`  flow_logs:
    - files: [logs/**]
    - { s3: "s3://example-flow-logs/AWSLogs", region: us-east-1 }
    - { cloudwatch_logs: /vpc/flow-logs, region: us-east-1 }
    - { cloudwatch_logs: flow-logs, region: eu-west-1 }
  ips_events:
    - files: [ips/**, "!ips/old/**"]
  inventory:
    - files: [inventory/**]
    - { ec2: [us-east-1, eu-west-1], role_arn: "arn:aws:iam::123456789012:role/flowproof" }`);
    expect(sources.map(({ kind, source }) => [kind, source.label, source.place])).toEqual([
      ['inventory', 'inventory[0]', 'inventory/**'],
      ['inventory', 'inventory[1]', 'ec2://123456789012/us-east-1,eu-west-1'],
      ['flow_logs', 'flow_logs[0]', 'logs/**'],
      ['flow_logs', 'flow_logs[1]', 's3://example-flow-logs/AWSLogs'],
      ['flow_logs', 'flow_logs[2]', 'cloudwatch-logs://us-east-1/vpc/flow-logs'],
      ['flow_logs', 'flow_logs[3]', 'cloudwatch-logs://eu-west-1:flow-logs'],
      ['ips_events', 'ips_events[0]', 'ips/**, !ips/old/**'],
    ]);
  });

  test('hands on what the configuration says of an entry', async () => {
    for (const name of ['logs/a.log', 'ips/b.log', 'inventory/c.json']) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), 'x');
    }
    const listed = await listAll(
      await open(`  flow_logs:
    - files: [logs/**]
      format: "\${version} \${srcaddr}"
      flow_log_id: fl-0123456789abcdef0
      account_id: "123456789012"
      region: us-east-1
    - files: [logs/**]
  ips_events:
    - { files: [ips/**], utc_offset: "+02:00" }
  inventory:
    - { files: [inventory/**], account_id: "123456789012", region: eu-west-1, taken_at: 2026-11-02T10:00:00Z }`),
    );
    expect(new Set(listed.map(([, { hints }]) => hints.maxExpansion))).toEqual(new Set([250]));
    const own = ({ maxExpansion, ...hints }: ObjectHints): ObjectHints => hints;
    expect(listed.map(([label, { uri, hints }]) => [label, uri, own(hints)])).toEqual([
      [
        'inventory[0]',
        'file:inventory/c.json',
        {
          accountId: '123456789012',
          region: 'eu-west-1',
          takenAt: new Date('2026-11-02T10:00:00Z'),
        },
      ],
      [
        'flow_logs[0]',
        'file:logs/a.log',
        {
          fields: ['version', 'srcaddr'],
          flowLogId: 'fl-0123456789abcdef0',
          accountId: '123456789012',
          region: 'us-east-1',
        },
      ],
      ['flow_logs[1]', 'file:logs/a.log', {}],
      ['ips_events[0]', 'file:ips/b.log', { utcOffset: '+02:00' }],
    ]);
  });

  test('lists the days of a log group with the declared format, and asks AWS nothing for it', async () => {
    const listed = await listAll(
      await open(`  flow_logs:
    - { cloudwatch_logs: /vpc/flow-logs, region: us-east-1, format: "version srcaddr" }`),
    );
    expect(listed.map(([, { uri, hints }]) => [uri, hints])).toEqual(
      ['2026-11-01', '2026-11-02'].map((date) => [
        `cloudwatch-logs://us-east-1/vpc/flow-logs?date=${date}&pulled=2026-11-02T12:00:00.000Z`,
        { fields: ['version', 'srcaddr'], region: 'us-east-1', maxExpansion: 250 },
      ]),
    );
  });

  test('as of a past moment reads log groups up to it, and does not ask the EC2 API', async () => {
    const config = configOf(`  flow_logs:
    - { cloudwatch_logs: /vpc/flow-logs, region: us-east-1, format: "version srcaddr" }
  inventory:
    - { ec2: [us-east-1] }`);
    const asOf = new Date('2026-11-01T18:00:00Z');
    const sources = await openSources(config, database.connection, now, { asOf });
    expect(sources.map(({ source }) => source.label)).toEqual(['inventory[0]', 'flow_logs[0]']);
    expect((await listAll(sources)).map(([, { uri }]) => uri)).toEqual([
      'cloudwatch-logs://us-east-1/vpc/flow-logs?date=2026-11-01&pulled=2026-11-01T18:00:00.000Z',
    ]);
  });

  test('leaves out what holds no inventory by its name', async () => {
    const tree = 'config/AWSLogs/123456789012/Config/us-east-1/2026/11/2/ConfigHistory';
    const nameOf = (type: string) =>
      `${tree}/123456789012_Config_us-east-1_ConfigHistory_AWS::${type}_20261102T120000Z_20261102T180000Z_1.json.gz`;
    const names = [
      nameOf('EC2::Subnet'),
      nameOf('S3::Bucket'),
      'config/AWSLogs/123456789012/Config/ConfigWritabilityCheckFile',
      'config/AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/02/trail.json.gz',
    ];
    for (const name of names) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), 'x');
    }
    const listed = await listAll(
      await open(`  flow_logs:
    - { cloudwatch_logs: x, region: us-east-1, format: "version" }
  inventory:
    - files: [config]`),
    );
    const uris = listed.filter(([label]) => label === 'inventory[0]').map(([, { uri }]) => uri);
    expect(uris).toEqual([`file:${nameOf('EC2::Subnet')}`]);
  });

  test('refuses a format that is none, and says of which entry', async () => {
    await expect(
      open(`  flow_logs:
    - files: [logs/**]
    - { files: [more/**], format: "version {srcaddr}" }`),
    ).rejects.toThrow(/flowproof\.yaml: flow_logs\[1\]\.format: .*"\{srcaddr\}"/);
  });
});
