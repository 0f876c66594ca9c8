import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalAddress } from '../../src/address.ts';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { quoteText } from '../../src/tables.ts';
import { rangeOf, toNumber } from '../enrich/addresses.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

const MAPPED = 0xffffn << 32n;

/** What is not public, as the registries write it; documentation ranges are left out on purpose. */
const SPECIAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.168.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe00::/9', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
].map(rangeOf);

const key = (number: bigint): string => number.toString(16).padStart(32, '0');
const isPublic = (number: bigint): boolean =>
  !SPECIAL.some(({ first, last }) => first <= number && number <= last);

const ipv4 = fc.ipV4();
/** Groups are often zero, so that every place of `::` occurs. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));
const nearEdge = fc
  .tuple(fc.constantFrom(...SPECIAL), fc.boolean(), fc.integer({ min: -1, max: 1 }))
  .map(([range, atEnd, step]) => (atEnd ? range.last : range.first) + BigInt(step))
  .filter((number) => number >= 0n && number < 1n << 128n)
  .map((number) =>
    number >> 32n === MAPPED >> 32n
      ? [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.')
      : (key(number).match(/.{4}/g) ?? []).join(':'),
  );
const address = fc.oneof(ipv4, ipv6, nearEdge).map((text) => canonicalAddress(text) ?? text);
const cidr = address
  .chain((text) =>
    fc.tuple(fc.constant(text), fc.integer({ min: 0, max: isIPv4(text) ? 32 : 128 })),
  )
  .map(([text, bits]) => `${text}/${bits}`);

/** The function's value for each of the texts, by one query. */
async function evaluate(call: string, texts: readonly string[]): Promise<unknown[]> {
  const list = texts.map(quoteText).join(', ');
  const rows = await readRows<{ value: unknown }>(
    database.connection,
    `with texts as materialized (
       select unnest([${list}]) as text, generate_subscripts([${list}], 1) as position
     ), keyed as materialized (
       select *, cidr_first_key(text) as first_key, cidr_last_key(text) as last_key from texts
     )
     select ${call} as value from keyed order by position`,
  );
  return rows.map((row) => row.value);
}

const many = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 300, maxLength: 300 });

test('address_key is the address as 32 hexadecimal digits', async () => {
  await fc.assert(
    fc.asyncProperty(many(address), async (texts) => {
      const expected = texts.map((text) => key(toNumber(text)));
      expect(await evaluate('address_key(text)', texts)).toEqual(expected);
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

test.each([
  ['10.0.0.1', '00000000000000000000ffff0a000001'],
  ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ['::192.0.2.1', '000000000000000000000000c0000201'],
  ['::', '0'.repeat(32)],
  ['2001:db8::1', '20010db8000000000000000000000001'],
])('address_key of %s', async (text, expected) => {
  expect(await evaluate('address_key(text)', [text])).toEqual([expected]);
});

test('address_key of what is no address is null, not an error', async () => {
  const texts = ['-', '', 'unknown', '10.0.0', '10.0.0.x'];
  expect(await evaluate('address_key(text)', texts)).toEqual(texts.map(() => null));
});

test('cidr_first_key and cidr_last_key are the ends of the range', async () => {
  await fc.assert(
    fc.asyncProperty(many(cidr), async (texts) => {
      const ranges = texts.map(rangeOf);
      expect(await evaluate('cidr_first_key(text)', texts)).toEqual(
        ranges.map(({ first }) => key(first)),
      );
      expect(await evaluate('cidr_last_key(text)', texts)).toEqual(
        ranges.map(({ last }) => key(last)),
      );
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

test('is_public_key is true outside the special ranges, to the address', async () => {
  await fc.assert(
    fc.asyncProperty(many(address), async (texts) => {
      const expected = texts.map((text) => isPublic(toNumber(text)));
      expect(await evaluate('is_public_key(address_key(text))', texts)).toEqual(expected);
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

test('is_public_range is true if the range leaves the special ranges anywhere', async () => {
  // Special ranges that touch are one: a range inside their union holds no public address.
  const isCovered = (first: bigint, last: bigint): boolean => {
    let at = first;
    for (;;) {
      const cover = SPECIAL.find((range) => range.first <= at && at <= range.last);
      if (!cover) return false;
      if (cover.last >= last) return true;
      at = cover.last + 1n;
    }
  };
  // No rule names IPv4 by its mapped addresses; as one such range the whole of IPv4 has 96 bits.
  const unmapped = cidr.filter((text) => !text.startsWith('::ffff:'));
  await fc.assert(
    fc.asyncProperty(many(unmapped), async (texts) => {
      const expected = texts.map(rangeOf).map(({ first, last }) => !isCovered(first, last));
      expect(await evaluate('is_public_range(text, first_key, last_key)', texts)).toEqual(expected);
    }),
    { numRuns: 10, endOnFailure: true },
  );
  const short = [
    '0.0.0.0/0',
    '0.0.0.0/1',
    '::/0',
    '::/1',
    '::/80',
    '::/127',
    'fc00::/6',
    'fe00::/7',
    '224.0.0.0/3',
  ];
  expect(await evaluate('is_public_range(text, first_key, last_key)', short)).toEqual(
    short.map(rangeOf).map(({ first, last }) => !isCovered(first, last)),
  );
});

test('tags_of keeps the first of two equal keys, and leaves out what has none', async () => {
  const documents = [
    '{"Tags":[{"Key":"b","Value":"1"},{"Key":"a","Value":"2"},{"Key":"b","Value":"3"},{"Value":"4"}]}',
    '{"Tags":[]}',
    '{"Tags":"none"}',
    '{}',
  ];
  const values = await evaluate("cast(tags_of(text, '$.Tags') as varchar)", documents);
  expect(values).toEqual(['{b=1, a=2}', '{}', '{}', '{}']);
});

test('texts_at leaves out nulls and items without the key', async () => {
  const document = '{"Groups":[{"GroupId":"sg-a"},{"GroupName":"b"},{"GroupId":null}]}';
  const call = "cast(texts_at(text, '$.Groups[*].GroupId') as varchar)";
  expect(await evaluate(call, [document, '{}'])).toEqual(['[sg-a]', '[]']);
});

test('seconds_after goes both ways', async () => {
  const call = 'cast(seconds_after(cast(text as timestamp), -60) as varchar)';
  expect(await evaluate(call, ['2026-11-01 00:00:30'])).toEqual(['2026-10-31 23:59:30']);
});

test('seconds_between is exact to the microsecond', async () => {
  const call = "seconds_between(timestamp '2026-11-02 00:34:05.25', cast(text as timestamp))";
  const moments = ['2026-11-02 00:35:35.794589', '2026-11-02 00:34:05'];
  expect(await evaluate(call, moments)).toEqual([90.544589, -0.25]);
});

test.each([
  [
    "(timestamp '2026-11-02'), (timestamp '2026-11-05'), (timestamp '2026-11-03')",
    '2026-11-05 00:00:00',
  ],
  ["(timestamp '2026-11-02'), (null)", null],
  ['(cast(null as timestamp))', null],
])('last_end of %s is %s', async (states, expected) => {
  const sql = `select cast(last_end(valid_to) as varchar) as ended from (values ${states}) as states (valid_to)`;
  expect(await readRows(database.connection, sql)).toEqual([{ ended: expected }]);
});

test.each([
  ['cloudwatch-logs://us-east-1/vpc/flow-logs?date=2026-11-02&pulled=x', '/vpc/flow-logs'],
  [
    'cloudwatch-logs://us-east-1/other/vpc/flow-logs?date=2026-11-02&pulled=x',
    '/other/vpc/flow-logs',
  ],
  ['cloudwatch-logs://123456789012@us-east-1/vpc?date=2026-11-02&pulled=x&part=1-2', '/vpc'],
  ['cloudwatch-logs://123456789012@us-east-1:vpc?date=2026-11-02&pulled=x', 'vpc'],
  ['cloudwatch-logs://us-gov-west-1:vpc?date=2026-11-02&pulled=x', 'vpc'],
  ['s3://example-logs/vpc/flow-logs?date=2026-11-02', null],
  ['file:vpc/flow-logs', null],
  [null, null],
])('log_group_of(%s) is %s', async (uri, group) => {
  const rows = await readRows(database.connection, 'select log_group_of($uri) as name', { uri });
  expect(rows).toEqual([{ name: group }]);
});

test.each([
  [[6, 443, 443, 'HTTPS'], 'tcp/443 HTTPS'],
  [[17, 5000, 5010, null], 'udp/5000-5010'],
  [[6, null, null, null], 'tcp/port unknown'],
  [[1, null, null, null], 'icmp'],
  [[58, null, null, null], 'icmpv6'],
  [[47, null, null, null], 'protocol 47'],
  [[null, null, null, null], 'protocol unknown'],
] as const)('service_text of %j is %s', async (values, text) => {
  const sql = values.map((value) => (typeof value === 'string' ? quoteText(value) : String(value)));
  const rows = await readRows(
    database.connection,
    `select service_text(${sql.join(', ')}) as text`,
  );
  expect(rows).toEqual([{ text }]);
});

test.each([
  ['interface', 'office', false, 'scope office'],
  ['several', null, true, 'in inventory, scope unclear'],
  ['several', null, false, 'in inventory, out of scope'],
  ['interface', null, false, 'in inventory, out of scope'],
  ['private', null, false, 'private, not in inventory'],
  ['link_local', null, false, 'link-local'],
  ['public', null, false, 'public'],
  [null, null, null, 'unknown'],
])('segment_text(%s, %s, %s) is %s', async (kind, scope, isUnclear, text) => {
  const literal = (value: string | null) => (value === null ? 'null' : quoteText(value));
  const rows = await readRows(
    database.connection,
    `select segment_text(${literal(kind)}, ${literal(scope)}, ${isUnclear}) as text`,
  );
  expect(rows).toEqual([{ text }]);
});
