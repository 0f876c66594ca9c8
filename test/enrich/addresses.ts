/** Address arithmetic of the tests, by BigInt and without the SQL's texts. */

/** The address as a number of 128 bits; IPv4 in its IPv4-mapped place (RFC 4291, 2.5.5.2). */
export function toNumber(address: string): bigint {
  if (!address.includes(':')) return (0xffffn << 32n) | ipv4Number(address);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const low = dotted?.[2] === undefined ? undefined : ipv4Number(dotted[2]);
  const text =
    low === undefined
      ? address
      : `${dotted?.[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [before = '', after] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const head = groups(before);
  const tail = groups(after ?? '');
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].reduce(
    (sum, group) => (sum << 16n) | BigInt(`0x${group}`),
    0n,
  );
}

/** The address of a number, as the ingest spells it (RFC 5952). */
export function addressOf(number: bigint): string {
  if (number >> 32n === 0xffffn) {
    return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((number >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function ipv4Number(address: string): bigint {
  return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

/** First and last address of a range, whatever host bits its text has. */
export function rangeOf(cidr: string): { first: bigint; last: bigint } {
  const [address = '', bits = ''] = cidr.split('/');
  const width = address.includes(':') ? 128 : 32;
  const hostMask = (1n << BigInt(width - Number(bits))) - 1n;
  const number = toNumber(address);
  return { first: number & ~hostMask, last: number | hostMask };
}
