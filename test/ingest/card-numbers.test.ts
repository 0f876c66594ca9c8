/** Card numbers in texts are masked, and other numbers are not. The numbers are those that brands give out for tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskCardNumbers, quotedStart } from '../../src/ingest/card-numbers.ts';
import { maskedCells } from '../../src/ingest/masked-row.ts';

const masked = (text: string): string => maskCardNumbers(text).text;

/** What a text becomes whose card number is replaced by its mask. */
const CARDS = [
  ['4111111111111111', '411111******1111'],
  ['4222222222222', '422222***2222'],
  ['5555555555554444', '555555******4444'],
  ['2223003122003222', '222300******3222'],
  ['378282246310005', '378282*****0005'],
  ['30569309025904', '305693****5904'],
  ['3530111333300000', '353011******0000'],
  ['6011111111111117', '601111******1117'],
  ['6200000000000005', '620000******0005'],
  ['4111 1111 1111 1111', '4111 11** **** 1111'],
  ['4111-1111-1111-1111', '4111-11**-****-1111'],
  ['3782 822463 10005', '3782 82**** *0005'],
  ['3056-930902-5904', '3056-93****-5904'],
  ['41111111 11111111', '411111** ****1111'],
] as const;

describe('masked', () => {
  test.each(CARDS)('%s', (card, mask) => {
    expect(maskCardNumbers(card)).toEqual({ text: mask, count: 1 });
    for (const [before, behind] of [
      ['card ', ' was declined'],
      ['https://example.com/pay?pan=', '&cvv=no'],
      ['pan:', '.'],
      ['"', '"'],
      ['card_', '_x'],
      ['numéro', 'é'],
      ['cardnumber', ''],
      ['\u0000', '\u0000'],
    ]) {
      expect(masked(`${before}${card}${behind}`)).toBe(`${before}${mask}${behind}`);
    }
  });

  test('among other groups of digits, and beside each other', () => {
    expect(maskCardNumbers('1234 4111 1111 1111 1111 123')).toEqual({
      text: '1234 4111 11** **** 1111 123',
      count: 1,
    });
    expect(maskCardNumbers('4111111111111111,5555555555554444 4111111111111111')).toEqual({
      text: '411111******1111,555555******4444 411111******1111',
      count: 3,
    });
  });

  test('any number that has brand, length and check digit', () => {
    const digits = fc.array(fc.nat(9), { minLength: 14, maxLength: 14 }).map((all) => all.join(''));
    fc.assert(
      fc.property(digits, fc.string(), (rest, around) => {
        const stem = `4${rest}`;
        const card = [...'0123456789']
          .map((digit) => stem + digit)
          .find((one) => masked(one) !== one);
        const beside = around.replaceAll(/[0-9A-Za-z.]/g, '');
        expect(card).toBeDefined();
        expect(masked(`${beside} ${card}${beside}`)).toBe(
          `${beside} ${card?.slice(0, 6)}******${card?.slice(-4)}${beside}`,
        );
      }),
    );
  });
});

describe('left as it is', () => {
  test.each([
    ['a wrong check digit', '4111111111111112'],
    ['no range of a brand', '1111111111111117'],
    ['a longer run of digits', '41111111111111110000'],
    ['the end of a longer run', '00004111111111111111'],
    ['an account', '123456789012'],
    ['an account with the range of a brand', '411111111111'],
    ['epoch microseconds', '1793620800000000'],
    ['epoch milliseconds', '1793620800000'],
    ['a date and time', '20261102101112'],
    ['a time of ISO 8601', '2026-11-02T10:11:12.123456Z'],
    ['an interface', 'eni-36000000000000009'],
    ['a hash', `sha256 4111111111111111${'abcdef0123456789'.repeat(3)}`],
    ['hexadecimal', '0x4111111111111111'],
    ['a decimal number', '0.4111111111111111'],
    ['a part of a decimal number', '4111111111111111.5'],
    ['a UUID', '41111111-1111-1111-8111-111111111111'],
    ['mixed separators in a row', '4111  1111 1111 1111'],
    ['addresses', '192.0.2.1 198.51.100.255 2001:db8::4111:1111:1111:1111'],
  ])('%s: %s', (_, text) => {
    expect(maskCardNumbers(text)).toEqual({ text, count: 0 });
  });

  test('the samples', () => {
    const folder = join(import.meta.dirname, '..', '..', 'samples');
    let size = 0;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      // Flow records have no free text: ingest does not look at them.
      if (!entry.isFile() || /flow/i.test(join(entry.parentPath, entry.name))) continue;
      const stored = readFileSync(join(entry.parentPath, entry.name));
      const text = (stored[0] === 0x1f ? gunzipSync(stored) : stored).toString('utf8');
      size += text.length;
      expect([entry.name, maskCardNumbers(text).count]).toEqual([entry.name, 0]);
    }
    expect(size).toBeGreaterThan(10_000);
  });

  test('all but one in thirty of other numbers of 16 digits', () => {
    let count = 0;
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const drawn = 20_000;
    for (let index = 0; index < drawn; index += 1) {
      const digits = Array.from({ length: 16 }, () => Math.floor(random() * 10)).join('');
      count += maskCardNumbers(digits).count;
    }
    expect(count / drawn).toBeLessThan(0.034);
    expect(count / drawn).toBeGreaterThan(0.02);
  });
});

test('the length never changes, and a second pass finds nothing', () => {
  const piece = fc.oneof(
    fc.constantFrom(...CARDS.map(([card]) => card)),
    fc.string(),
    fc.constantFrom(' ', '-', 'a', '1', '.'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      const once = masked(text);
      expect(once.length).toBe(text.length);
      expect(masked(once)).toBe(once);
      expect(once.replaceAll(/[0-9*]/g, '')).toBe(text.replaceAll(/[0-9*]/g, ''));
    }),
  );
});

test('a text of a million digits or groups is looked at in no time', () => {
  for (const text of [
    '4'.repeat(1_000_000),
    '4111 '.repeat(200_000),
    '4111111111111111 '.repeat(60_000),
  ]) {
    const began = performance.now();
    masked(text);
    expect(performance.now() - began).toBeLessThan(3_000);
  }
});

test('what is shown of a value has no part of a card number that is cut off', () => {
  const value = `${'x'.repeat(66)} 4111111111111111 and more`;
  expect(quotedStart(value)).toBe(`"${'x'.repeat(66)} 411111******1"`);
});

const PAN = '4111111111111111';
const MASK = '411111******1111';

describe('rows', () => {
  test('texts of an event, and of its original by their keys', () => {
    const original = JSON.stringify({
      msg: `paid with ${PAN}`,
      flow_id: 4111111111111111,
      flow_id_text: `x ${PAN}`,
      externalId: PAN,
      list: [PAN, { deep: `\n${PAN}` }],
      [`key ${PAN}`]: 1,
      ['__proto__']: PAN,
      sha256: PAN,
      paid: PAN,
    });
    const result = maskedCells('ips_event', {
      event_id: PAN,
      host_name: `host ${PAN}`,
      user_name: `":${PAN}`,
      event_count: 4111111111111111n,
      original,
    });
    expect(result?.count).toBe(9);
    expect(result?.cells.host_name).toBe(`host ${MASK}`);
    expect(result?.cells.user_name).toBe(`":${MASK}`);
    expect(Object.keys(result?.cells ?? {}).sort()).toEqual(['host_name', 'original', 'user_name']);
    const kept = JSON.parse(String(result?.cells.original)) as Record<string, unknown>;
    expect(kept).toMatchObject({
      flow_id: 4111111111111111,
      externalId: PAN,
      sha256: PAN,
      paid: MASK,
    });
    expect(Object.entries(kept)).toContainEqual(['__proto__', MASK]);
    expect(JSON.stringify(kept).split(PAN)).toHaveLength(4);
  });

  test('of a resource, what people wrote', () => {
    const result = maskedCells('inventory_item', {
      resource_id: PAN,
      configuration: JSON.stringify({
        VpcId: PAN,
        Description: PAN,
        Tags: [{ Key: PAN, Value: `card ${PAN}` }],
      }),
    });
    expect(result?.count).toBe(3);
    expect(JSON.parse(String(result?.cells.configuration))).toEqual({
      VpcId: PAN,
      Description: MASK,
      Tags: [{ Key: MASK, Value: `card ${MASK}` }],
    });
  });

  test('a document that is nested deeper than the stack reaches is masked as a text', () => {
    const deep = `${'['.repeat(100_000)}"${PAN}"${']'.repeat(100_000)}`;
    const result = maskedCells('ips_event', { original: deep });
    expect(result?.count).toBe(1);
    expect(result?.cells.original).not.toContain(PAN);
  });

  test('flow records are not looked at', () => {
    expect(maskedCells('flow', { interface_id: PAN })).toBeUndefined();
    expect(maskedCells('constructor', { host_name: PAN })).toBeUndefined();
  });
});
