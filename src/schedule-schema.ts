/** The key `schedule` of the configuration: which packs are made when, instead of one period. */
import { z } from 'zod';
import { day } from './time-schema.ts';

/** How long the periods of a pack are: of the UTC calendar; weeks begin on Mondays (ISO 8601). */
export const EVERY = ['day', 'week', 'month', 'quarter'] as const;

export type Every = (typeof EVERY)[number];

const scheduledPack = z.strictObject({
  pack: z.string().min(1).describe('Name of an evidence pack'),
  every: z
    .enum(EVERY)
    .describe(
      'The period of each: a day, week (from Monday), month or quarter of the UTC calendar',
    ),
});

export const schedule = z
  .strictObject({
    since: day.describe('First day of the first period, UTC'),
    packs: z
      .array(scheduledPack)
      .min(1)
      .refine(
        (packs) =>
          new Set(packs.map(({ pack, every }) => `${every} ${pack}`)).size === packs.length,
        'has an entry twice',
      )
      .describe('Which packs are made, and how often; one pack may be made by week and by month'),
    wait_hours: z
      .number()
      .int()
      .min(0)
      .max(31 * 24)
      .default(24)
      .describe('How long after its end a day is kept open for late data before packs are made'),
  })
  .describe('Packs that are made as their periods end, by runs that start again and again');

export type Schedule = z.infer<typeof schedule>;

type Keys = { period?: unknown; schedule?: unknown; pack?: unknown };

/** A rule on the keys of the file, said with all its other mistakes, and the key that it is said of. */
function rule(
  holds: (keys: Keys) => boolean,
  key: keyof Keys,
  error: string,
): [
  (keys: Keys) => boolean,
  { path: string[]; error: string; when: (payload: object) => boolean },
] {
  const isObject = ({ value }: { value?: unknown }): boolean =>
    typeof value === 'object' && value !== null;
  return [holds, { path: [key], error, when: isObject }];
}

/** A configuration has one period and its packs, or a schedule, which has both. */
export const PERIOD_KEYS = {
  isGiven: rule(
    ({ period, schedule }) => period !== undefined || schedule !== undefined,
    'period',
    'is needed, such as { start: 2026-11-01, end: 2026-12-01 }; or, in its place, a schedule',
  ),
  isOne: rule(
    ({ period, schedule }) => period === undefined || schedule === undefined,
    'period',
    'does not go with a schedule, which has its own periods: keep one of the two',
  ),
  hasOnePlaceForPacks: rule(
    ({ pack, schedule }) => pack === undefined || schedule === undefined,
    'pack',
    'does not go with a schedule, which names its packs',
  ),
} as const;
