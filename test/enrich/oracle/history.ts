/**
 * What can be said of the time between snapshots: a snapshot proves what was so at its own time.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Look, Span, Timeline, World } from './world.ts';

/** A run of looks that showed the same: when it held for certain, and when it may have held. */
export type Stretch<Value> = {
  value: Value;
  /** The look before, which showed something else; the first look, where none was before. */
  possibleFrom: number;
  certainFrom: number;
  lastSeen: number;
  certainUntil: number;
  /** The look that showed something else; the greatest age, where there is none yet. */
  possibleUntil: number;
  /** True if a later look showed something else. */
  isRemoved: boolean;
};

/**
 * What a look says of one thing. `unsure` is said by an incomplete look that does not show it; undefined
 * by one that proves its absence.
 */
export type Reading<Value> = (look: Look<unknown>) => Value | 'unsure' | undefined;

/** The stretches in which a thing was there, in their order. Values are compared by what they hold. */
export function stretchesOf<Value>(
  timeline: Timeline<unknown>,
  maxAge: number,
  reading: Reading<Value>,
): Stretch<Value>[] {
  const stretches: Stretch<Value>[] = [];
  let open: Stretch<Value> | undefined;
  let previousAt: number | undefined;
  for (const look of timeline) {
    const value = reading(look);
    if (value === 'unsure') continue;
    if (open && (value === undefined || !isDeepStrictEqual(open.value, value))) {
      stretches.push({
        ...open,
        certainUntil: open.lastSeen,
        possibleUntil: look.at,
        isRemoved: true,
      });
      open = undefined;
    }
    if (value !== undefined) {
      open = {
        value,
        possibleFrom: open?.possibleFrom ?? previousAt ?? look.at,
        certainFrom: open?.certainFrom ?? look.at,
        lastSeen: look.at,
        certainUntil: look.at + maxAge,
        possibleUntil: look.at + maxAge,
        isRemoved: false,
      };
    }
    previousAt = look.at;
  }
  if (open) stretches.push(open);
  return stretches;
}

/** Reads one resource of a timeline, or something of it; undefined where that is not so. */
export function readingOf<Seen, Value>(
  id: string,
  pick: (seen: Seen) => Value | undefined,
): Reading<Value> {
  return (look) => {
    const seen = look.shown.get(id) as Seen | undefined;
    if (seen !== undefined) return pick(seen);
    return look.isComplete ? undefined : 'unsure';
  };
}

/** Every id that a timeline ever shows. */
export function idsIn(timeline: Timeline<unknown>): Set<string> {
  return new Set(timeline.flatMap((look) => [...look.shown.keys()]));
}

/** It held from before the window began until after it had ended. */
export function isInForce(stretch: Stretch<unknown>, window: Span): boolean {
  return stretch.certainFrom <= window.from && window.to <= stretch.certainUntil;
}

/** It may have held at some moment of the window. */
export function mayHold(stretch: Stretch<unknown>, window: Span): boolean {
  return stretch.possibleFrom < window.to && window.from < stretch.possibleUntil;
}

/**
 * Two things that must both hold; nothing if they never did together. Which of them ends first says
 * whether the two were removed.
 */
export function both<Value>(one: Stretch<Value>, other: Stretch<unknown>): Stretch<Value>[] {
  const together = {
    value: one.value,
    possibleFrom: Math.max(one.possibleFrom, other.possibleFrom),
    certainFrom: Math.max(one.certainFrom, other.certainFrom),
    lastSeen: Math.min(one.lastSeen, other.lastSeen),
    certainUntil: Math.min(one.certainUntil, other.certainUntil),
    possibleUntil: Math.min(one.possibleUntil, other.possibleUntil),
    isRemoved: one.possibleUntil <= other.possibleUntil ? one.isRemoved : other.isRemoved,
  };
  return together.possibleFrom < together.possibleUntil ? [together] : [];
}

/** From when until when anything is known of a subject: from its first stretch to the end of its last. */
export function knownSpan(stretches: readonly Stretch<unknown>[]): Span | undefined {
  if (stretches.length === 0) return undefined;
  return {
    from: Math.min(...stretches.map(({ certainFrom }) => certainFrom)),
    to: Math.max(...stretches.map(({ possibleUntil }) => possibleUntil)),
  };
}

/** What is worked out of a world is worked out once: worlds do not change. */
export function remember<Result>(
  find: (world: World, ...keys: string[]) => Result,
): (world: World, ...keys: string[]) => Result {
  const found = new WeakMap<World, Map<string, Result>>();
  return (world, ...keys) => {
    const ofWorld = found.get(world) ?? new Map<string, Result>();
    found.set(world, ofWorld);
    const key = keys.join('\n');
    if (!ofWorld.has(key)) ofWorld.set(key, find(world, ...keys));
    return ofWorld.get(key) as Result;
  };
}
