/** What a run says of its schedule, in its summary and as warnings, and `flowproof status` of it. */
import { basename } from 'node:path';
import type { ScheduledPack, ScheduleOutcome } from './scheduled-packs.ts';

const MAX_LISTED = 5;

/** Lines of the summary of a run. */
export function scheduleLines(outcome: ScheduleOutcome): string[] {
  const made = outcome.packs.filter(({ state }) => state === 'made').length;
  return linesOf(outcome, `${plural(made, 'pack')} made, ${countThere(outcome)} there before`);
}

/** Lines of the status. */
export function scheduleStatusLines(outcome: ScheduleOutcome): string[] {
  return linesOf(outcome, `${plural(countThere(outcome), 'pack')} there`);
}

const countThere = ({ packs }: ScheduleOutcome): number =>
  packs.filter(({ state }) => state === 'there').length;

function linesOf(outcome: ScheduleOutcome, counts: string): string[] {
  const { packs } = outcome;
  const next = packs
    .filter(({ state }) => state === 'not_due')
    .sort((one, other) => (one.dueAt < other.dueAt ? -1 : 1))[0];
  const lines = [`Schedule  days before ${outcome.closedUntil.slice(0, 10)} are closed; ${counts}`];
  if (next) lines.push(`          next: ${nameOf(next)}, due ${minuteOf(next.dueAt)} UTC`);
  for (const [word, of] of findings(outcome)) {
    lines.push(`${word.padEnd(9)} ${of.text}`);
    for (const item of of.items.slice(0, MAX_LISTED)) lines.push(`          ${item}`);
    if (of.items.length > MAX_LISTED) {
      lines.push(`          and ${of.items.length - MAX_LISTED} more`);
    }
  }
  return lines;
}

/** What somebody should look into, one sentence each. */
export function scheduleWarnings(outcome: ScheduleOutcome): string[] {
  return findings(outcome).map(([, { text, items }]) => {
    const more = items.length > MAX_LISTED ? `, and ${items.length - MAX_LISTED} more` : '';
    return `${text} (${items.slice(0, MAX_LISTED).join('; ')}${more})`;
  });
}

type Finding = { text: string; items: string[] };

function findings({ packs }: ScheduleOutcome): [string, Finding][] {
  const found: [string, Finding][] = [];
  const add = (
    word: string,
    chosen: readonly ScheduledPack[],
    [one, many]: readonly [string, string],
    text: string,
    item: (pack: ScheduledPack) => string,
  ): void => {
    if (chosen.length === 0) return;
    const verb = chosen.length === 1 ? one : many;
    const remedy = 'to make again: flowproof run --remake';
    found.push([
      word,
      {
        text: `${plural(chosen.length, 'pack')} ${verb} ${text}; ${remedy}`,
        items: chosen.map(item),
      },
    ]);
  };
  add(
    'Late',
    packs.filter(({ late }) => late),
    ['lacks', 'lack'],
    'what arrived later',
    (pack) =>
      `${nameOf(pack)}: ${plural(pack.late?.objectCount ?? 0, 'object')} with ${plural(pack.late?.rowCount ?? 0, 'row')}`,
  );
  add(
    'Changed',
    packs.filter(({ hasOtherConfig }) => hasOtherConfig),
    ['was', 'were'],
    'made under another configuration',
    nameOf,
  );
  add(
    'Held',
    packs.filter(({ state }) => state === 'held'),
    ['is', 'are'],
    'due, but the chain goes on behind',
    nameOf,
  );
  const due = packs.filter(({ state }) => state === 'due');
  if (due.length > 0) {
    const text = `${plural(due.length, 'pack')} not made yet: the next run makes ${due.length === 1 ? 'it' : 'them'}`;
    found.push([
      'Due',
      { text, items: due.map((pack) => `${nameOf(pack)}, due ${minuteOf(pack.dueAt)} UTC`) },
    ]);
  }
  const postponed = packs.filter(({ state }) => state === 'postponed');
  if (postponed.length > 0) {
    const text = `${plural(postponed.length, 'pack')} due, but a source could not be reached: the next run makes them, a day later at most`;
    found.push(['Postponed', { text, items: postponed.map(nameOf) }]);
  }
  return found;
}

function nameOf(pack: ScheduledPack): string {
  return basename(pack.folder);
}

function minuteOf(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
