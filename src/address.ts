/**
 * IP addresses in one spelling, so that text equality is address equality: dotted IPv4, and IPv6 as
 * RFC 5952 writes it (lower case, longest run of zeros shortened).
 */
import { isIP, SocketAddress } from 'node:net';

const CACHE_LIMIT = 100_000;
const cache = new Map<string, string | undefined>();

/** The address in its canonical spelling, or undefined if the text is not an address. */
export function canonicalAddress(text: string): string | undefined {
  const cached = cache.get(text);
  if (cached !== undefined) return cached;
  const family = isIP(text);
  if (family === 0) return undefined;
  const canonical =
    family === 4 ? text : new SocketAddress({ address: text, family: 'ipv6' }).address;
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(text, canonical);
  return canonical;
}
