import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lookAhead } from '../../src/ingest/look-ahead.ts';

async function* numbers(count: number, onMade = (_: number): void => {}): AsyncIterable<number> {
  for (let index = 0; index < count; index += 1) {
    onMade(index);
    yield index;
  }
}

function options(source: AsyncIterable<number>, limit: number) {
  const taken: number[] = [];
  const state = { ends: 0 };
  return {
    taken,
    state,
    items: lookAhead({
      source,
      limit,
      onTaken: (item) => taken.push(item),
      onEnd: () => {
        state.ends += 1;
      },
    }),
  };
}

async function collect(items: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('gives all items in order, whatever the limit', async () => {
  for (const limit of [1, 2, 7, 1_000, 5_000]) {
    const { items, taken, state } = options(numbers(2_500), limit);
    const expected = Array.from({ length: 2_500 }, (_, index) => index);
    expect(await collect(items)).toEqual(expected);
    expect(taken).toEqual(expected);
    expect(state.ends).toBe(1);
  }
});

test('takes ahead up to the limit, and sees the end of what is short', async () => {
  const long = options(numbers(100), 10);
  const iterator = long.items[Symbol.asyncIterator]();
  expect((await iterator.next()).value).toBe(0);
  await wait(5);
  expect(long.taken.length).toBeGreaterThanOrEqual(10);
  expect(long.taken.length).toBeLessThanOrEqual(12);
  expect(long.state.ends).toBe(0);
  await iterator.return?.();

  const short = options(numbers(5), 10);
  const first = short.items[Symbol.asyncIterator]();
  await first.next();
  await wait(5);
  expect([short.taken.length, short.state.ends]).toEqual([5, 1]);
});

test('an error comes behind the items before it', async () => {
  const { items, state } = options(
    numbers(5, (index) => {
      if (index === 3) throw new Error('no permission');
    }),
    10,
  );
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const item of items) seen.push(item);
    })(),
  ).rejects.toThrow('no permission');
  expect(seen).toEqual([0, 1, 2]);
  expect(state.ends).toBe(0);
});

test('the source is closed when the reader stops early', async () => {
  let isClosed = false;
  async function* endless(): AsyncIterable<number> {
    try {
      for (let index = 0; ; index += 1) yield index;
    } finally {
      isClosed = true;
    }
  }
  for await (const item of options(endless(), 4).items) if (item === 20) break;
  expect(isClosed).toBe(true);
});

test('waits for a slow source without taking the processor', async () => {
  async function* slow(): AsyncIterable<number> {
    for (let index = 0; index < 3; index += 1) {
      await wait(60);
      yield index;
    }
  }
  const before = process.cpuUsage();
  expect(await collect(options(slow(), 4).items)).toEqual([0, 1, 2]);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(120);
});
