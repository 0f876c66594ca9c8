/** Ways to tell somebody: what each entry of `notifications` becomes. */
import { createHash } from 'node:crypto';
import type { EventKind, Notification } from '../notify-schema.ts';
import { variableOf } from '../notify-schema.ts';
import { sendEmail } from './email.ts';
import type { Message } from './message.ts';
import { publishToTopic } from './sns.ts';
import { postToWebhook, type Sleep } from './webhook.ts';

export type Channel = {
  /** Tells it from the others, and survives a restart; says nothing of the address. */
  id: string;
  /** For warnings: no path, query or user of a URL, which may be secret. */
  label: string;
  on: readonly EventKind[];
  /** Resolves once the other side has taken it; rejects with what went wrong, without secrets. */
  send(message: Message): Promise<void>;
};

export type ChannelOptions = { environment: NodeJS.ProcessEnv; sleep: Sleep; now: () => Date };

export function openChannels(
  entries: readonly Notification[],
  options: ChannelOptions,
): readonly Channel[] {
  return entries.map((entry, index) => {
    const { on, ...where } = entry;
    return {
      id: createHash('sha256').update(JSON.stringify(where)).digest('hex').slice(0, 16),
      label: `notifications[${index}] (${describe(entry)})`,
      on,
      send: (message) => send(entry, message, options),
    };
  });
}

function describe({ webhook, sns, email }: Notification): string {
  if (webhook !== undefined) {
    return variableOf(webhook) === undefined ? `webhook ${new URL(webhook).host}` : 'webhook';
  }
  if (sns !== undefined) return `SNS ${sns.slice(sns.lastIndexOf(':') + 1)}`;
  return email?.ses ? 'email by SES' : `email by ${email?.smtp?.host ?? 'SMTP'}`;
}

async function send(entry: Notification, message: Message, options: ChannelOptions): Promise<void> {
  const { environment, now, sleep } = options;
  if (entry.webhook !== undefined) {
    const name = variableOf(entry.webhook);
    return postToWebhook(message, {
      url: name === undefined ? entry.webhook : required(name, environment),
      secret: required(entry.secret_env, environment),
      now,
      sleep,
    });
  }
  if (entry.sns !== undefined) return publishToTopic(message, entry.sns);
  if (entry.email === undefined) throw new Error('an entry without a way to send');
  const passwordName = entry.email.smtp?.password_env;
  const password = passwordName === undefined ? undefined : required(passwordName, environment);
  return sendEmail(message, entry.email, password);
}

function required(name: string | undefined, environment: NodeJS.ProcessEnv): string {
  const value = name === undefined ? undefined : environment[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}
