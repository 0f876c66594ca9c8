/**
 * Which stretches of a log group were pulled, and when: read back from the URIs of the pulls in the
 * ledger, where each stands only once all that it brought is in the lake.
 */

/** Half open, in milliseconds since 1970. */
export type Stretch = { from: number; until: number };

export type Pull = Stretch & {
  pulledAt: number;
  /** Which of how many objects the pull gave, where the group holds several formats. */
  part?: { number: number; count: number };
};

const DAY = 86_400_000;

/** The URI of a pull's object: `<place>?date=2026-11-01&pulled=2026-11-02T08:00:00.000Z`. */
export function pullUri(place: string, pull: Pull): string {
  const date = new Date(pull.from).toISOString().slice(0, 10);
  const day = Date.parse(date);
  const until = Math.min(day + DAY, pull.pulledAt);
  return [
    `${place}?date=${date}`,
    ...(pull.from === day ? [] : [`from=${new Date(pull.from).toISOString()}`]),
    ...(pull.until === until ? [] : [`until=${new Date(pull.until).toISOString()}`]),
    `pulled=${new Date(pull.pulledAt).toISOString()}`,
    ...(pull.part ? [`part=${pull.part.number}-${pull.part.count}`] : []),
  ].join('&');
}

/** What the URI of a pull says; undefined for any other URI. */
export function readPullUri(uri: string): Pull | undefined {
  const query = new URLSearchParams(uri.slice(uri.indexOf('?') + 1));
  const time = (key: string): number | undefined => {
    const milliseconds = Date.parse(query.get(key) ?? '');
    return Number.isNaN(milliseconds) ? undefined : milliseconds;
  };
  const day = time('date');
  const pulledAt = time('pulled');
  if (day === undefined || pulledAt === undefined) return undefined;
  const part = /^(\d{1,4})-(\d{1,4})$/.exec(query.get('part') ?? '');
  return {
    from: time('from') ?? day,
    until: time('until') ?? Math.min(day + DAY, pulledAt),
    pulledAt,
    ...(part ? { part: { number: Number(part[1]), count: Number(part[2]) } } : {}),
  };
}

/**
 * What of a stretch is still to be pulled. A time is closed once it was pulled at least the look-back
 * after it: later than that no event of its time is expected any more.
 */
export function openStretches(
  stretch: Stretch,
  pulls: readonly Pull[],
  lookBack: number,
): Stretch[] {
  const closed = wholePulls(pulls)
    .map(({ from, until, pulledAt }) => ({ from, until: Math.min(until, pulledAt - lookBack) }))
    .filter(({ from, until }) => from < until)
    .sort((a, b) => a.from - b.from);
  const open: Stretch[] = [];
  let at = stretch.from;
  for (const { from, until } of closed) {
    if (from >= stretch.until) break;
    if (from > at) open.push({ from: at, until: from });
    at = Math.max(at, until);
  }
  if (at < stretch.until) open.push({ from: at, until: stretch.until });
  return open.filter(({ from, until }) => from < until);
}

/** Pulls of several objects count once all of them are in the ledger. */
function wholePulls(pulls: readonly Pull[]): Pull[] {
  const parts = new Map<string, Set<number>>();
  for (const { from, pulledAt, part } of pulls) {
    const key = `${from} ${pulledAt}`;
    parts.set(key, (parts.get(key) ?? new Set()).add(part?.number ?? 0));
  }
  return pulls.filter(
    ({ from, pulledAt, part }) => !part || parts.get(`${from} ${pulledAt}`)?.size === part.count,
  );
}
