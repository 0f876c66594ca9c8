import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_FORMAT,
  FLOW_LOG_FIELDS,
  type FlowLogField,
} from '../../../src/flow-log-fields.ts';
import {
  addRecord,
  isHeader,
  layoutOf,
  tokensOf,
} from '../../../src/ingest/formats/flow-log-record.ts';
import type { Cell } from '../../../src/tables.ts';
import { createMemorySink } from '../../memory-sink.ts';

type Sample = { token: string; cell: Cell };

const missing: fc.Arbitrary<Sample> = fc.constant({ token: '-', cell: undefined });

/** A token that is valid for a field, with the cell that it must become. */
function sampleOf(field: FlowLogField): fc.Arbitrary<Sample> {
  if (field.name === 'log-status') return fc.constant({ token: 'OK', cell: 'OK' });
  switch (field.type) {
    case 'text':
      return fc
        .stringMatching(/^[!-~]{1,20}$/)
        .filter((text) => text !== '-')
        .map((text) => ({ token: text, cell: text }));
    case 'address':
      return fc
        .tuple(fc.nat(255), fc.nat(255))
        .map(([low, high]) => `10.0.${high}.${low}`)
        .map((text) => ({ token: text, cell: text }));
    case 'integer':
      return fc.nat(2_147_483_647).map((number) => ({ token: String(number), cell: number }));
    case 'bigint':
      return fc
        .bigInt(0n, 2n ** 63n - 1n)
        .map((number) => ({ token: String(number), cell: number }));
    case 'seconds':
      return fc
        .integer({ min: 0, max: 253_402_300_799 })
        .map((number) => ({ token: String(number), cell: BigInt(number) * 1_000_000n }));
  }
}

const record = fc.shuffledSubarray([...FLOW_LOG_FIELDS], { minLength: 1 }).chain((fields) =>
  fc.tuple(
    fc.constant(fields),
    fc.tuple(...fields.map((field) => fc.oneof(sampleOf(field), missing))),
    fc.array(fc.stringMatching(/^[ \t]{1,3}$/), {
      minLength: fields.length + 1,
      maxLength: fields.length + 1,
    }),
  ),
);

/** Numbers above 2^53 come as bigint, smaller ones as number: the same value. */
const same = (cell: Cell): Cell => (typeof cell === 'bigint' ? cell.toString() : cell);
const asText = (cell: Cell, field: FlowLogField): Cell =>
  field.type === 'bigint' && cell !== undefined ? String(cell) : same(cell);

function readLine(format: string, line: string) {
  const sink = createMemorySink();
  const reason = addRecord(layoutOf(tokensOf(format)), tokensOf(line), 7, sink);
  return { sink, reason, row: sink.rows[0]?.row };
}

describe('addRecord', () => {
  test('reads any fields in any order, typed, with blanks and tabs between them', () => {
    fc.assert(
      fc.property(record, ([fields, samples, blanks]) => {
        const line = samples.map(({ token }, index) => `${blanks[index]}${token}`).join('');
        const { sink, reason, row } = readLine(
          fields.map((field) => field.name).join(' '),
          `${line}${blanks.at(-1)}`,
        );
        expect(reason).toBeUndefined();
        expect(sink.rows.map(({ table, isExtra }) => [table, isExtra])).toEqual([['flow', false]]);
        const expected = new Map<string, Cell>([['line_number', 7]]);
        fields.forEach((field, index) => {
          const cell = samples[index]?.cell;
          if (cell !== undefined) expected.set(field.column, asText(cell, field));
        });
        const found = Object.entries(row ?? {}).map(([column, cell]): [string, Cell] => {
          const field = fields.find((known) => known.column === column);
          return [column, field ? asText(cell, field) : cell];
        });
        expect(new Map(found)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('reads a record of all 54 fields of version 11 and the 18 of transit gateways', () => {
    expect(FLOW_LOG_FIELDS).toHaveLength(72);
    const values = FLOW_LOG_FIELDS.map((field) => {
      if (field.name === 'log-status') return 'OK';
      if (field.type === 'address') return '192.0.2.1';
      return field.type === 'text' ? `a-${field.name}` : '11';
    });
    const { reason, row } = readLine(
      FLOW_LOG_FIELDS.map((field) => field.name).join(' '),
      values.join(' '),
    );
    expect(reason).toBeUndefined();
    expect(Object.keys(row ?? {})).toHaveLength(73);
    expect(row).toMatchObject({
      version: 11,
      encryption_status: 11,
      start_at: 11_000_000n,
      next_hop_vpc_id: 'a-next-hop-vpc-id',
      asg_tag_2: 'a-asg-tag-2',
      tgw_pair_attachment_id: 'a-tgw-pair-attachment-id',
      packets_lost_blackhole: 11,
    });
  });

  test('keeps fields that it does not know, and only those, in `extra`', () => {
    const { row } = readLine('version new-in-12 srcaddr other_new', '12 x=1 198.51.100.7 -');
    expect(row).toMatchObject({ version: 12, srcaddr: '198.51.100.7' });
    expect(row?.extra).toEqual(new Map([['new-in-12', 'x=1']]));
    expect(readLine('version new-in-12', '12 -').row).not.toHaveProperty('extra');
  });

  test('takes names with underscores for the same fields', () => {
    expect(readLine('tcp_flags PKT-SRCADDR', '18 192.0.2.1').row).toMatchObject({
      tcp_flags: 18,
      pkt_srcaddr: '192.0.2.1',
    });
  });

  test('spells IPv6 canonically', () => {
    const { row } = readLine(
      'srcaddr dstaddr',
      '2001:0DB8:0000:0000:0000:0000:0000:0001 2001:db8::a:0:0:1',
    );
    expect(row).toMatchObject({ srcaddr: '2001:db8::1', dstaddr: '2001:db8::a:0:0:1' });
  });

  test.each([
    ['srcport', '44x', 'srcport is not a whole number (value "44x")'],
    ['srcport', '2147483648', 'srcport is not a whole number (value "2147483648")'],
    ['srcport', '-1', 'srcport is not a whole number (value "-1")'],
    ['bytes', '9223372036854775808', 'bytes is not a whole number (value "9223372036854775808")'],
    ['bytes', '1e3', 'bytes is not a whole number (value "1e3")'],
    ['packets', '1.5', 'packets is not a whole number (value "1.5")'],
    ['start', '253402300800', 'start is not a time in seconds since 1970 (value "253402300800")'],
    ['srcaddr', '10.0.0.256', 'srcaddr is not an IP address (value "10.0.0.256")'],
    ['pkt-dstaddr', '2001:db8:::1', 'pkt-dstaddr is not an IP address (value "2001:db8:::1")'],
    ['log-status', 'FINE', 'log-status is not OK, NODATA or SKIPDATA (value "FINE")'],
  ])('rejects %s with the value %s', (field, value, message) => {
    const { sink, reason } = readLine(`version ${field}`, `2 ${value}`);
    expect(reason).toBe(message);
    expect(sink.rows).toEqual([]);
  });

  test('shows no more than the start of a bad value', () => {
    const { reason } = readLine('version srcport', `2 ${'9'.repeat(10_000)}`);
    expect(reason?.length).toBeLessThan(200);
  });

  test.each([
    ['2 10.0.0.1', '2 fields found, 3 expected'],
    ['2 10.0.0.1 10.0.0.2 443', '4 fields found, 3 expected'],
  ])('rejects a record with a wrong number of fields: %s', (line, message) => {
    const { sink, reason } = readLine('version srcaddr dstaddr', line);
    expect(reason).toBe(`${message} (version srcaddr dstaddr ...)`);
    expect(sink.rows).toEqual([]);
  });

  test.each([
    ['NODATA', 'nodata'],
    ['SKIPDATA', 'skipdata'],
  ] as const)('puts a record with %s into flow_status', (status, kind) => {
    const { sink, reason } = readLine(
      DEFAULT_FORMAT.join(' '),
      `2 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491200 1793491260 - ${status}`,
    );
    expect(reason).toBeUndefined();
    expect(sink.rows).toEqual([
      {
        table: 'flow_status',
        isExtra: true,
        row: {
          account_id: '123456789012',
          interface_id: 'eni-0123456789abcdef0',
          log_status: status,
          start_at: 1_793_491_200_000_000n,
          end_at: 1_793_491_260_000_000n,
          line_number: 7,
        },
      },
    ]);
    expect(sink.counts[kind]).toBe(1);
    expect(sink.accountedLines()).toBe(1);
  });

  test('takes a missing status for a record of traffic', () => {
    expect(readLine('version log-status', '2 -').sink.rows[0]?.table).toBe('flow');
  });
});

test.each([
  ['version account-id interface-id', true],
  ['srcaddr a-field-of-version-12 dstaddr', true],
  ['pkt_srcaddr tcp_flags', true],
  ['version', false],
  ['some other text', false],
  ['2 123456789012 eni-0123456789abcdef0', false],
  ['version account-id -', false],
  ['version account-id {"a":1}', false],
])('isHeader(%j) is %j', (line, expected) => {
  expect(isHeader(tokensOf(line))).toBe(expected);
});

test('tokensOf gives what stands between blanks and tabs', () => {
  expect(tokensOf(' \ta  b\tc ')).toEqual(['a', 'b', 'c']);
  expect(tokensOf(' \t ')).toEqual([]);
});
