/** States from AWS Config, alone and beside answers of the EC2 API, as the formats write their rows. */
import { describe, expect, test } from 'vitest';
import type { Format } from '../../src/ingest/format.ts';
import { awsConfig } from '../../src/ingest/formats/aws-config.ts';
import { describeJson } from '../../src/ingest/formats/describe-json.ts';
import type { Cell } from '../../src/tables.ts';
import { addRows, type Row, type Value } from '../catalogue-rows.ts';
import { readContent } from '../memory-sink.ts';
import * as fixture from './fixture.ts';

const day = (number: number, time = '00:00:00'): string => `2026-11-0${number} ${time}`;
const iso = (time: string): string => `${time.replace(' ', 'T')}Z`;

type Source = { format: Format; uri: string; document: unknown };

type ItemParts = { id?: string; at: string; status?: string; recordingFrequency?: string };

const itemOf = (
  parts: ItemParts,
  resourceType: string,
  resourceId: string,
  configuration: unknown,
) => ({
  resourceType: `AWS::EC2::${resourceType}`,
  resourceId,
  accountId: fixture.ACCOUNT,
  awsRegion: 'us-east-1',
  configurationItemCaptureTime: iso(parts.at),
  configurationItemStatus: parts.status ?? 'OK',
  recordingFrequency: parts.recordingFrequency ?? 'CONTINUOUS',
  configuration: parts.status?.includes('Deleted') ? null : configuration,
});

const eni = (group: string, parts: ItemParts) =>
  itemOf(parts, 'NetworkInterface', parts.id ?? 'eni-1', {
    networkInterfaceId: parts.id ?? 'eni-1',
    ownerId: fixture.ACCOUNT,
    groups: [{ groupId: group }],
  });

const sg = (cidrs: readonly string[], parts: ItemParts) =>
  itemOf(parts, 'SecurityGroup', 'sg-a', {
    groupId: 'sg-a',
    ipPermissions: [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: cidrs }],
  });

const history = (...configurationItems: unknown[]): Source => ({
  format: awsConfig,
  uri: 'file:ConfigHistory.json',
  document: { configurationItems },
});

const snapshot = (at: string, ...configurationItems: unknown[]): Source => ({
  format: awsConfig,
  uri: 'file:ConfigSnapshot.json',
  document: { taken_at: iso(at), configSnapshotId: 'x', configurationItems },
});

const described = (at: string, groupsById: Readonly<Record<string, string>>): Source => ({
  format: describeJson,
  uri: `file:${fixture.SERIES}/describe.json`,
  document: {
    taken_at: iso(at),
    NetworkInterfaces: Object.entries(groupsById).map(([NetworkInterfaceId, GroupId]) => ({
      NetworkInterfaceId,
      OwnerId: fixture.ACCOUNT,
      Status: 'in-use',
      Groups: [{ GroupId, GroupName: 'x' }],
    })),
  },
});

function plain(cell: Cell): Value {
  if (cell instanceof Date) return cell.toISOString().replace('T', ' ').replace('Z', '');
  return (cell ?? null) as Value;
}

async function read(sources: readonly Source[], sql: string, flows: readonly Row[] = []) {
  return fixture.enrichAndRead(async (database) => {
    if (flows.length > 0) {
      await addRows(database, 'source_object', [fixture.flowObject('o')]);
      await addRows(database, 'flow', flows);
    }
    for (const { format, uri, document } of sources) {
      const hints = { accountId: fixture.ACCOUNT, region: 'us-east-1' };
      const { sink } = await readContent(format, JSON.stringify(document), { uri, hints });
      expect(sink.rejects).toEqual([]);
      for (const { table, row } of sink.rows) {
        const cells = Object.entries(row).map(([name, cell]) => [name, plain(cell)]);
        await addRows(database, table, [Object.fromEntries(cells) as Row]);
      }
    }
  }, sql);
}

/** States of eni-1: group, valid_from, known_until, valid_to, absent_at, how each end is known. */
async function statesAfter(...sources: Source[]): Promise<unknown[]> {
  const rows = await read(
    sources,
    `select group_ids, valid_from, known_until, valid_to, absent_at, start_precision, end_precision
     from network_interface where network_interface_id = 'eni-1' order by valid_from`,
  );
  return rows.map((row) => [
    (row.group_ids as string[]).join(),
    ...[row.valid_from, row.known_until, row.valid_to, row.absent_at],
    ...[row.start_precision, row.end_precision],
  ]);
}

describe('a history', () => {
  test('of changes leaves nothing open between them', async () => {
    const items = [
      eni('sg-a', { at: day(1), status: 'ResourceDiscovered' }),
      eni('sg-b', { at: day(2, '10:00:00') }),
      eni('sg-b', { at: day(3), status: 'ResourceDeleted' }),
    ];
    const expected = [
      ['sg-a', day(1), day(2, '10:00:00'), day(2, '10:00:00'), null, 'observed', 'recorded'],
      ['sg-b', day(2, '10:00:00'), day(3), day(3), day(2, '10:00:00'), 'recorded', 'recorded'],
    ];
    expect(await statesAfter(history(...items))).toEqual(expected);
    // The order of items, and the number of files, say nothing.
    expect(await statesAfter(...items.toReversed().map((item) => history(item)))).toEqual(expected);
  });

  test('does not say that its last state still holds', async () => {
    expect(await statesAfter(history(eni('sg-a', { at: day(1) })))).toEqual([
      ['sg-a', day(1), day(1), null, null, 'recorded', null],
    ]);
  });

  test('with two items of one state has one state', async () => {
    const items = [eni('sg-a', { at: day(1) }), eni('sg-a', { at: day(2) })];
    expect(await statesAfter(history(...items))).toEqual([
      ['sg-a', day(1), day(2), null, null, 'recorded', null],
    ]);
  });

  test('by the day knows its states at the captures only', async () => {
    const recordingFrequency = 'DAILY';
    const items = [
      eni('sg-a', { at: day(1), recordingFrequency }),
      eni('sg-b', { at: day(2), recordingFrequency }),
    ];
    expect(await statesAfter(history(...items))).toEqual([
      ['sg-a', day(1), day(1), day(2), null, 'observed', 'observed'],
      ['sg-b', day(2), day(2), null, day(1), 'observed', null],
    ]);
  });

  test('that was interrupted leaves open what was between', async () => {
    const items = [
      eni('sg-a', { at: day(1) }),
      eni('sg-a', { at: day(2), status: 'ResourceNotRecorded' }),
      eni('sg-b', { at: day(3) }),
    ];
    expect(await statesAfter(history(...items))).toEqual([
      ['sg-a', day(1), day(1), day(3), null, 'recorded', 'observed'],
      ['sg-b', day(3), day(3), null, day(1), 'recorded', null],
    ]);
  });

  test('with two changes in one second has two states with ids of their own', async () => {
    const items = ['.125', '.625', ''].map((fraction, index) =>
      eni(`sg-${index}`, { at: day(1, `10:00:00${fraction}`) }),
    );
    const rows = await read(
      [history(...items)],
      'select state_id from network_interface order by 1',
    );
    expect(rows.map((row) => row.state_id)).toEqual([
      'network_interface:eni-1:2026-11-01T10:00:00.125Z',
      'network_interface:eni-1:2026-11-01T10:00:00.625Z',
      'network_interface:eni-1:2026-11-01T10:00:00Z',
    ]);
  });
});

describe('a snapshot', () => {
  const A = eni('sg-a', { at: day(1, '08:00:00') });
  const B = eni('sg-b', { at: day(2, '08:00:00') });
  const OTHER = eni('sg-a', { at: day(1), id: 'eni-2' });

  test('shows a state from its capture to the last snapshot of it', async () => {
    expect(await statesAfter(snapshot(day(2), A), snapshot(day(3), A))).toEqual([
      ['sg-a', day(1, '08:00:00'), day(3), null, null, 'recorded', null],
    ]);
  });

  test('knows when a state began, but not that nothing was before it', async () => {
    expect(await statesAfter(snapshot(day(2), A), snapshot(day(3), B))).toEqual([
      ['sg-a', day(1, '08:00:00'), day(2), day(2, '08:00:00'), null, 'recorded', 'observed'],
      ['sg-b', day(2, '08:00:00'), day(3), null, day(2), 'recorded', null],
    ]);
  });

  test('beside the history leaves nothing open', async () => {
    expect(await statesAfter(snapshot(day(2), A), snapshot(day(3), B), history(A, B))).toEqual([
      [
        'sg-a',
        day(1, '08:00:00'),
        day(2, '08:00:00'),
        day(2, '08:00:00'),
        null,
        'recorded',
        'recorded',
      ],
      ['sg-b', day(2, '08:00:00'), day(3), null, day(2, '08:00:00'), 'recorded', null],
    ]);
  });

  test('without what an earlier one shows says that it has ended', async () => {
    expect(await statesAfter(snapshot(day(2), A), snapshot(day(3), OTHER))).toEqual([
      ['sg-a', day(1, '08:00:00'), day(2), day(3), null, 'recorded', 'observed'],
    ]);
  });

  test('ends nothing that AWS Config has never shown', async () => {
    const states = await statesAfter(
      described(day(1), { 'eni-1': 'sg-a' }),
      snapshot(day(2), OTHER),
      described(day(3), { 'eni-1': 'sg-a' }),
    );
    expect(states).toEqual([['sg-a', day(1), day(3), null, null, 'observed', null]]);
  });
});

describe('AWS Config beside the EC2 API', () => {
  test('is one history: the API confirms, AWS Config says when it changed', async () => {
    const rows = await read(
      [
        history(eni('sg-a', { at: day(1, '08:00:00') }), eni('sg-b', { at: day(2, '08:00:00') })),
        described(day(2), { 'eni-1': 'sg-a' }),
        described(day(3), { 'eni-1': 'sg-b' }),
      ],
      'select group_ids, valid_from, known_until, valid_to, known_by from network_interface order by valid_from',
    );
    const known_by = ['config_history', 'describe'];
    expect(rows).toEqual([
      {
        group_ids: ['sg-a'],
        valid_from: day(1, '08:00:00'),
        known_until: day(2, '08:00:00'),
        valid_to: day(2, '08:00:00'),
        known_by,
      },
      {
        group_ids: ['sg-b'],
        valid_from: day(2, '08:00:00'),
        known_until: day(3),
        valid_to: null,
        known_by,
      },
    ]);
  });

  test('vouches for no state that it did not record', async () => {
    const states = await statesAfter(
      described(day(1), { 'eni-1': 'sg-a' }),
      history(eni('sg-b', { at: day(2) })),
    );
    expect(states).toEqual([
      ['sg-a', day(1), day(1), day(2), null, 'observed', 'observed'],
      ['sg-b', day(2), day(2), null, day(1), 'recorded', null],
    ]);
  });

  test('does not hold what a complete answer no longer shows', async () => {
    const states = await statesAfter(
      history(
        eni('sg-a', { at: day(1) }),
        eni('sg-a', { at: day(2, '10:00:00'), status: 'ResourceDeleted' }),
      ),
      described(day(2), {}),
    );
    expect(states).toEqual([['sg-a', day(1), day(1), day(2), null, 'recorded', 'observed']]);
  });
});

describe('rules of a group', () => {
  const rulesAfter = async (...sources: Source[]) => {
    const rows = await read(
      sources,
      `select cidr, valid_from, known_until, valid_to, absent_at, start_precision, end_precision
       from security_group_rule order by cidr, valid_from`,
    );
    return rows.map((row) => Object.values(row));
  };
  const items = [
    sg(['192.0.2.0/24'], { at: day(1) }),
    sg(['192.0.2.0/24', '198.51.100.0/24'], { at: day(2) }),
    sg(['198.51.100.0/24'], { at: day(3) }),
    sg([], { at: day(4), status: 'ResourceDeleted' }),
  ];

  test('begin and end with the changes of the group', async () => {
    expect(await rulesAfter(history(...items))).toEqual([
      ['192.0.2.0/24', day(1), day(3), day(3), null, 'observed', 'recorded'],
      ['198.51.100.0/24', day(2), day(4), day(4), day(2), 'recorded', 'recorded'],
    ]);
  });

  test('in snapshots are known as long as the group is', async () => {
    expect(await rulesAfter(snapshot(day(5), items[2]), snapshot(day(6), items[2]))).toEqual([
      ['198.51.100.0/24', day(3), day(6), null, null, 'observed', null],
    ]);
  });

  test('give way to the rules themselves once those are known', async () => {
    const rules: Source = {
      format: describeJson,
      uri: `file:${fixture.SERIES}/2026-11-02T12-00-00Z/rules.json`,
      document: {
        SecurityGroupRules: [
          {
            SecurityGroupRuleId: 'sgr-1',
            GroupId: 'sg-a',
            IsEgress: false,
            IpProtocol: 'tcp',
            CidrIpv4: '198.51.100.0/24',
          },
        ],
      },
    };
    const rows = await read(
      [history(...items.slice(0, 3)), rules],
      'select rule_id, valid_from, valid_to, end_precision from security_group_rule order by 1',
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['sg-a/ingress/tcp/22-22/192.0.2.0/24', day(1), day(2, '12:00:00'), 'observed'],
      ['sg-a/ingress/tcp/22-22/198.51.100.0/24', day(2), day(2, '12:00:00'), 'observed'],
      ['sgr-1', day(2, '12:00:00'), null, null],
    ]);
  });
});

test('entries of a prefix list end with a change of the list', async () => {
  const list = (cidrs: readonly string[], parts: ItemParts) =>
    itemOf(parts, 'PrefixList', 'pl-1', { Entries: cidrs.map((Cidr) => ({ Cidr })) });
  const rows = await read(
    [
      history(
        list(['192.0.2.0/24', '198.51.100.0/24'], { at: day(1) }),
        list(['192.0.2.0/24'], { at: day(2) }),
      ),
    ],
    'select cidr, known_until, valid_to from prefix_list_entry order by cidr',
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['192.0.2.0/24', day(2), null],
    ['198.51.100.0/24', day(2), day(2)],
  ]);
});

describe('a pull that is as an earlier one', () => {
  const unchanged = (at: string, since: string, count = 1): Source => ({
    format: describeJson,
    uri: `ec2://${fixture.SERIES}/${iso(at)}`,
    document: {
      Unchanged: [
        { Key: 'NetworkInterfaces', ItemCount: count, ContentSha256: 'x', SameAsAt: iso(since) },
      ],
    },
  });
  const T1 = described(day(1), { 'eni-1': 'sg-a' });

  test('shows what that one showed, at its own time', async () => {
    const repeats = [unchanged(day(2), day(1)), unchanged(day(3), day(1))];
    expect(await statesAfter(T1, ...repeats)).toEqual([
      ['sg-a', day(1), day(3), null, null, 'observed', null],
    ]);
  });

  test('ends with the first that differs', async () => {
    const later = described(day(4), { 'eni-2': 'sg-a' });
    const repeats = [unchanged(day(2), day(1)), unchanged(day(3), day(1)), later];
    expect(await statesAfter(T1, ...repeats, unchanged(day(5), day(4)))).toEqual([
      ['sg-a', day(1), day(3), day(4), null, 'observed', 'observed'],
    ]);
  });

  test('proves as well as that one that something is not there', async () => {
    const nothing = described(day(1), {});
    const first = described(day(3), { 'eni-1': 'sg-a' });
    expect(await statesAfter(nothing, unchanged(day(2), day(1), 0), first)).toEqual([
      ['sg-a', day(3), day(3), null, day(2), 'observed', null],
    ]);
  });
});

test('a flow beside a recorded change has one state, and one across it both', async () => {
  const changed = history(
    eni('sg-a', { at: day(1), id: fixture.INTERFACE }),
    eni('sg-b', { at: `${fixture.DAY} 10:00:00`, id: fixture.INTERFACE }),
    eni('sg-b', { at: day(3), id: fixture.INTERFACE, status: 'ResourceDeleted' }),
  );
  const at = (line: number, time: string) =>
    fixture.flow(line, { start_at: `${fixture.DAY} ${time}`, end_at: `${fixture.DAY} ${time}` });
  const rows = await read(
    [changed],
    `select as_of_verdict, as_of_precision, as_of_reason, group_ids
     from flow_enriched order by line_number`,
    [at(1, '09:58:30'), at(2, '10:00:30'), at(3, '10:01:30')],
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['exact', 'observed', null, ['sg-a']],
    ['ambiguous', null, 'changed within the time of the record', ['sg-a', 'sg-b']],
    ['exact', 'observed', null, ['sg-b']],
  ]);
});
