/** Inputs made of others: bytes changed, pieces moved, repeated or taken from another, odd values put in. */

/** A generator of numbers from 0 to below 1 that a seed determines (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What parsers trip over. */
const ODD: readonly string[] = [
  ...['\n', '\r\n', '\0', '\ufeff', ' ', '\t', '|', '=', '\\', '"', "'", ',', ':', '-', '/', '../'],
  ...['{', '}', '[', ']', '{}', '[]', '""', 'null', 'true', '[[[[', '{"a":', '}{', '\\u0000'],
  ...['\\ud800', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '{"__proto__":{"a":1}}'],
  ...['0', '-1', '1e999', '9223372036854775808', '18446744073709551616', '253402300800', '0.1'],
  ...[
    '99999999999999999999999999',
    '2026-11-20T25:61:61Z',
    '0000-00-00',
    'NaN',
    '4111111111111111',
  ],
  ...['\x1b[2J', '\u202e', '\udfff', '=1+1', '*a', '&a [*a]', '- - - -', '<<: *a', '!!js/function'],
  ...['a'.repeat(300), '\n'.repeat(300), '['.repeat(300), ' '.repeat(300)],
];

const MAX_BYTES = 20_000;

const pick = <Item>(items: readonly Item[], random: () => number): Item | undefined =>
  items[Math.floor(random() * items.length)];

/** One to six changes to `bytes`; `others` are what pieces may come from. */
export function mutate(
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  random: () => number,
): Buffer {
  let made: Buffer = Buffer.from(bytes);
  const count = 1 + Math.floor(random() * 6);
  for (let index = 0; index < count; index += 1) made = change(made, others, random);
  return made.subarray(0, MAX_BYTES);
}

function change(bytes: Buffer, others: readonly Uint8Array[], random: () => number): Buffer {
  const at = Math.floor(random() * (bytes.length + 1));
  const end = Math.min(at + Math.floor(random() ** 3 * 200), bytes.length);
  const [before, piece, behind] = [
    bytes.subarray(0, at),
    bytes.subarray(at, end),
    bytes.subarray(end),
  ];
  const kind = Math.floor(random() * 8);
  if (kind === 0 && at < bytes.length) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return flipped;
  }
  if (kind === 1) return Buffer.concat([before, behind]);
  if (kind === 2) return Buffer.concat([before, piece, piece, behind]);
  if (kind === 3) return Buffer.concat([before, Buffer.from([Math.floor(random() * 256)]), behind]);
  if (kind === 4) {
    const other = Buffer.from(pick(others, random) ?? bytes);
    const from = Math.floor(random() * (other.length + 1));
    return Buffer.concat([
      before,
      other.subarray(from, from + 1 + Math.floor(random() * 400)),
      behind,
    ]);
  }
  if (kind === 5) return Buffer.concat([behind, before]);
  const odd = Buffer.from(pick(ODD, random) ?? '');
  return Buffer.concat([before, odd, kind === 6 ? bytes.subarray(at) : behind]);
}
