/** The soak, short; `FLOWPROOF_SOAK_HOURS=200 npx vitest run test/crash/soak.test.ts` runs more of it. */
import { expect, test } from 'vitest';
import { soak } from './soak.ts';

const HOURS = Number(process.env.FLOWPROOF_SOAK_HOURS ?? 32);

test('hourly runs, stopped and killed, end where one clean run does', async () => {
  const seed = Date.now() % 1_000_000;
  const tally = await soak({
    hours: HOURS,
    seed,
    kills: 14,
    stops: 14,
    waitHours: 4,
    isWhole: HOURS >= 200,
  });
  // Which of them a kill meets is up to the machine.
  expect([seed, tally.finished > HOURS / 2]).toEqual([seed, true]);
}, 900_000);
