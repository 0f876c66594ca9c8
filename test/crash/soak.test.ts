/** The soak, short: of the hours of `test/integration/soak.test.ts`, 13. FLOWPROOF_SOAK_SEED repeats one. */
import { expect, test } from 'vitest';
import { soak } from './soak.ts';

test('hourly runs, stopped and killed, end where one clean run does', async () => {
  const seed = Number(process.env.FLOWPROOF_SOAK_SEED ?? Date.now() % 1_000_000);
  const tally = await soak({
    hours: 27,
    firstHour: 15,
    seed,
    kills: 2,
    stops: 2,
    waitHours: 2,
    isWhole: false,
  });
  expect([seed, tally.finished > 4]).toEqual([seed, true]);
}, 300_000);
