/**
 * Notifications: who is told of what a run found. This folder owns the events, their text, the ways to
 * send it and what waits to be sent. It reads the summary of a run, never the run itself.
 *
 * A message that cannot be sent never fails the run: it is a warning, and the next run sends it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Notification } from '../notify-schema.ts';
import { type Channel, openChannels } from './channel.ts';
import type { NotifiedEvent } from './events.ts';
import { type Message, messageOfEvent } from './message.ts';
import { keepWaiting, MAX_WAITING, readWaiting, removeWaiting, type Waiting } from './outbox.ts';
import type { Sleep } from './webhook.ts';

export type NotifyOptions = {
  lake: string;
  notifications: readonly Notification[];
  events: readonly NotifiedEvent[];
  /** Whose lake it is, for the text. */
  owner: string;
  /**
   * True if another process has the lake: then what already waited is left to it, so that nothing is
   * sent twice.
   */
  isLakeBusy: boolean;
  /** True for a run that is to end within seconds: then what it found waits for the next one. */
  isStopped: boolean;
  /** Called once the new events are kept: what is then forgotten is only sent twice, never lost. */
  onKept: () => Promise<void>;
  redact: (text: string) => string;
  environment?: NodeJS.ProcessEnv;
  now?: () => Date;
  sleep?: Sleep;
};

export type NotifyResult = {
  sentCount: number;
  waitingCount: number;
  droppedCount: number;
  warnings: readonly string[];
};

/** Keeps the events, then sends everything that waits, oldest first. Never throws. */
export async function notify(options: NotifyOptions): Promise<NotifyResult> {
  const { lake, redact, environment = process.env, now = () => new Date() } = options;
  const sleep: Sleep = options.sleep ?? ((milliseconds) => wait(milliseconds));
  const channels = openChannels(options.notifications, { environment, now, sleep });
  const warnings: string[] = [];
  const fresh: Waiting[] = [];
  for (const event of options.events) {
    const wanted = channels.filter(({ on }) => on.includes(event.kind)).map(({ id }) => id);
    if (wanted.length === 0) continue;
    const message = redacted(messageOfEvent(event, options.owner), redact);
    const ids = [...new Set(wanted)];
    fresh.push(
      await keepWaiting(lake, message, ids).catch((thrown) => {
        // Without room for it, it is sent now or never.
        warnings.push(`a notification could not be kept: ${redact(messageOf(thrown))}`);
        return { file: '', message, channels: ids };
      }),
    );
  }
  await options
    .onKept()
    .catch((thrown) => warnings.push(`what was told is not remembered: ${messageOf(thrown)}`));
  const stored = options.isLakeBusy ? [] : await readWaiting(lake);
  const files = new Set(stored.map(({ file }) => file));
  const all = [...stored, ...fresh.filter(({ file }) => !files.has(file))];
  const dropped = all.slice(0, Math.max(0, all.length - MAX_WAITING));
  for (const { file } of dropped) await forget(file);
  if (dropped.length > 0) {
    warnings.push(`more than ${MAX_WAITING} notifications waited: ${dropped.length} were given up`);
  }
  const waiting = all.slice(dropped.length);
  const sent = options.isStopped
    ? { sentCount: 0, waitingCount: waiting.length, warnings: [] }
    : await sendAll(waiting, channels, lake, redact);
  return {
    sentCount: sent.sentCount,
    waitingCount: sent.waitingCount,
    droppedCount: dropped.length,
    warnings: [...warnings, ...sent.warnings],
  };
}

async function sendAll(
  waiting: readonly Waiting[],
  channels: readonly Channel[],
  lake: string,
  redact: (text: string) => string,
): Promise<{ sentCount: number; waitingCount: number; warnings: string[] }> {
  const problems = new Map<string, { problem: string; count: number }>();
  let sentCount = 0;
  let waitingCount = 0;
  for (const { file, message, channels: wanted } of waiting) {
    const left: string[] = [];
    for (const id of wanted) {
      const channel = channels.find((one) => one.id === id);
      // The configuration no longer has it.
      if (!channel) continue;
      const known = problems.get(channel.label);
      // One that failed is not tried with the next message: each try takes its time.
      const problem = known?.problem ?? (await trySend(channel, message));
      if (problem === undefined) {
        sentCount += 1;
      } else {
        left.push(id);
        problems.set(channel.label, { problem, count: (known?.count ?? 0) + 1 });
      }
    }
    if (left.length > 0) waitingCount += 1;
    if (left.length === 0) await forget(file);
    else if (left.length < wanted.length && file !== '') {
      await keepWaiting(lake, message, left).catch(() => {});
    }
  }
  return {
    sentCount,
    waitingCount,
    warnings: [...problems].map(
      ([label, { problem, count }]) =>
        `${label}: ${count} ${count === 1 ? 'notification' : 'notifications'} not sent, the next run tries again: ${redact(problem)}`,
    ),
  };
}

async function trySend(channel: Channel, message: Message): Promise<string | undefined> {
  try {
    await channel.send(message);
    return undefined;
  } catch (thrown) {
    const { name } = thrown as { name?: unknown };
    const kind = typeof name === 'string' && name !== 'Error' ? `${name}: ` : '';
    return `${kind}${messageOf(thrown)}`.slice(0, 500);
  }
}

async function forget(file: string): Promise<void> {
  if (file !== '') await removeWaiting(file).catch(() => {});
}

function redacted(message: Message, redact: (text: string) => string): Message {
  return { ...message, subject: redact(message.subject), text: redact(message.text) };
}
