/**
 * Numbers that look random and are the same on every machine: mulberry32, a public-domain 32-bit
 * generator by Tommy Ettinger. Each output has a seed of its own, so that a change in one does not
 * move the others.
 */

export type Random = {
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** An item of a list that is not empty. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean;
  /** A number from 0 up to 1, which is not reached. */
  fraction(): number;
};

/** A generator that starts at `seed`, a 32-bit integer. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    between,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    chance: (probability) => next() < probability,
    fraction: next,
  };
}
