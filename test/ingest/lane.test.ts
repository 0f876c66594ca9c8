import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLane } from '../../src/ingest/lane.ts';

test('steps run one after the other, in order', async () => {
  const lane = createLane(10);
  const log: string[] = [];
  for (const [name, milliseconds] of [
    ['a', 20],
    ['b', 0],
    ['c', 5],
  ] as const) {
    await lane.add(async () => {
      log.push(`${name} begins`);
      await wait(milliseconds);
      log.push(`${name} ends`);
    });
  }
  expect(log).not.toContain('a ends');
  await lane.idle();
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('adding waits while more than the limit wait', async () => {
  const lane = createLane(2);
  let done = 0;
  const step = async (): Promise<void> => {
    await wait(5);
    done += 1;
  };
  await lane.add(step);
  await lane.add(step);
  expect(done).toBe(0);
  await lane.add(step);
  expect(done).toBe(1);
  await lane.idle();
  expect(done).toBe(3);
});

test('after a step that fails none runs, and whoever waits hears of it', async () => {
  const lane = createLane(1);
  let ran = 0;
  await lane.add(async () => {
    throw new Error('disk full');
  });
  await expect(
    (async () => {
      for (let index = 0; index < 3; index += 1) {
        await lane.add(async () => {
          ran += 1;
        });
      }
    })(),
  ).rejects.toThrow('disk full');
  await expect(lane.idle()).rejects.toThrow('disk full');
  expect(ran).toBe(0);
});
