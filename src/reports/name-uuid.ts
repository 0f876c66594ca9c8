/** UUIDs made from names (RFC 9562, version 5): the same name gives the same UUID everywhere. */
import { createHash } from 'node:crypto';

/** flowproof's own namespace, made once at random. */
const NAMESPACE = Buffer.from('6d1c0f6ce6d94b0f9a5c6a7f0f3f5b2e', 'hex');

/** The version 5 UUID of the parts, which are told apart wherever one ends. */
export function nameUuid(...parts: readonly string[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(JSON.stringify(parts)).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
