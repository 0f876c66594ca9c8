/** IANA protocol numbers by the names that security groups and IPS agents use. */
const NUMBERS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    icmp: 1,
    igmp: 2,
    ipip: 4,
    tcp: 6,
    egp: 8,
    udp: 17,
    'ipv6-icmp': 58,
    icmpv6: 58,
    'icmp-v6': 58,
    gre: 47,
    esp: 50,
    ah: 51,
    ospf: 89,
    pim: 103,
    sctp: 132,
  }),
);

/** The protocol's number, from its name in any case, its number as text, or `Other: nnn`. */
export function protocolNumber(name: string): number | undefined {
  const text = name.trim().toLowerCase();
  const known = NUMBERS.get(text);
  if (known !== undefined) return known;
  const digits = /^(?:other:\s*)?(\d{1,3})$/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  return number <= 255 ? number : undefined;
}

/** The first name of a protocol's number, such as `tcp`; the number as text if it has none here. */
export function protocolName(number: number): string {
  if (number === 58) return 'icmpv6';
  for (const [name, known] of NUMBERS) if (known === number) return name;
  return String(number);
}
