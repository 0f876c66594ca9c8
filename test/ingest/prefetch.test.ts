import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { prefetch } from '../../src/ingest/prefetch.ts';

async function* numbers(count: number, onEnd: () => void = () => {}): AsyncIterable<number> {
  try {
    for (let number = 0; number < count; number += 1) yield number;
  } finally {
    onEnd();
  }
}

async function collect<Item>(
  items: AsyncIterable<Item>,
): Promise<{ got: Item[]; thrown: unknown }> {
  const got: Item[] = [];
  try {
    for await (const item of items) got.push(item);
  } catch (thrown) {
    return { got, thrown };
  }
  return { got, thrown: undefined };
}

test('gives results in order, whichever is ready first', async () => {
  const slowFirst = prefetch(numbers(20), 4, async (number) => {
    await pause((20 - number) % 5);
    return number * 2;
  });
  expect((await collect(slowFirst)).got).toEqual(Array.from({ length: 20 }, (_, n) => n * 2));
});

test('runs as many steps at once as it may, and no more', async () => {
  let running = 0;
  let most = 0;
  const results = prefetch(numbers(30), 5, async (number) => {
    running += 1;
    most = Math.max(most, running);
    await pause(2);
    running -= 1;
    return number;
  });
  expect((await collect(results)).got).toHaveLength(30);
  expect(most).toBe(5);
});

test('throws the error of a step at its turn, after what stands before it', async () => {
  const { got, thrown } = await collect(
    prefetch(numbers(10), 4, async (number) => {
      if (number === 3) throw new Error('step 3');
      return number;
    }),
  );
  expect(got).toEqual([0, 1, 2]);
  expect(thrown).toEqual(new Error('step 3'));
});

test('throws the error of the items after the results of those before it', async () => {
  async function* broken(): AsyncIterable<number> {
    yield* numbers(3);
    throw new Error('listing');
  }
  const { got, thrown } = await collect(prefetch(broken(), 8, async (number) => number));
  expect(got).toEqual([0, 1, 2]);
  expect(thrown).toEqual(new Error('listing'));
});

test('ends the items and waits for its steps when its reader stops', async () => {
  let isEnded = false;
  let running = 0;
  const items = numbers(100, () => {
    isEnded = true;
  });
  for await (const number of prefetch(items, 4, async (item) => {
    running += 1;
    await pause(5);
    running -= 1;
    return item;
  })) {
    if (number === 2) break;
  }
  expect(isEnded).toBe(true);
  expect(running).toBe(0);
});
