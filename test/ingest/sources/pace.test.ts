import { describe, expect, it } from 'vitest';
import { createPace } from '../../../src/ingest/sources/pace.ts';

describe('createPace', () => {
  it('waits for what is left of the gap, and not after a rest', async () => {
    const sleeps: number[] = [];
    let clock = 1000;
    const pace = createPace(
      5,
      async (milliseconds) => {
        sleeps.push(milliseconds);
        clock += milliseconds;
      },
      () => clock,
    );
    await pace();
    await pace();
    clock += 150;
    await pace();
    clock += 900;
    await pace();
    expect(sleeps).toEqual([200, 50]);
  });
});
