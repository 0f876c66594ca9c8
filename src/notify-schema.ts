/**
 * The keys of the configuration that say who is told of what: `notifications`, and how often a run is
 * expected. No secret has a place here: the file names environment variables that hold them.
 */
import { z } from 'zod';

/** What somebody can be told of. */
export const EVENT_KINDS = ['contradicts', 'lost_data', 'failed_run', 'missed_schedule'] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

const variable = z
  .string()
  .regex(
    /^[A-Z_][A-Z0-9_]*$/,
    'must be the name of an environment variable, such as FLOWPROOF_WEBHOOK_SECRET',
  );

const ENV_PREFIX = 'env:';

/** The name of the environment variable that `env:NAME` stands for; undefined for anything else. */
export function variableOf(text: string): string | undefined {
  return text.startsWith(ENV_PREFIX) ? text.slice(ENV_PREFIX.length) : undefined;
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** True for a URL to post to: https, or http to this machine, without user and fragment. */
export function isWebhookUrl(text: string): boolean {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  const isSafe =
    url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
  return isSafe && url.username === '' && url.password === '' && url.hash === '';
}

const webhook = z
  .string()
  .refine((text) => {
    const name = variableOf(text);
    return name === undefined ? isWebhookUrl(text) : variable.safeParse(name).success;
  }, 'must be an https URL without user and password, or env:NAME where the URL itself is secret')
  .describe('URL to post JSON to, or env:NAME of the environment variable that holds it');

const sns = z
  .string()
  .regex(
    /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/,
    'must be the ARN of a topic, such as arn:aws:sns:us-east-1:123456789012:flowproof',
  )
  .describe('ARN of an Amazon SNS topic');

const address = z
  .string()
  .max(254)
  .regex(/^[\w.+=-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, 'must be an address such as a@example.com');

const email = z
  .strictObject({
    from: address.describe('Sender'),
    to: z.array(address).min(1).max(50).describe('Recipients'),
    ses: z
      .strictObject({
        region: z
          .string()
          .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS Region such as us-east-1'),
      })
      .optional()
      .describe('Send by Amazon SES of this Region'),
    smtp: z
      .strictObject({
        host: z
          .string()
          .regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or address')
          .describe('Host of the mail server'),
        port: z.number().int().min(1).max(65_535).default(587),
        tls: z
          .enum(['starttls', 'implicit', 'none'])
          .default('starttls')
          .describe(
            'implicit: TLS from the start (port 465); none: in the clear, without password',
          ),
        user: z.string().min(1).optional(),
        password_env: variable
          .optional()
          .describe('Environment variable that holds the password of the user'),
      })
      .optional()
      .describe('Send by a mail server'),
  })
  .superRefine((entry, context) => {
    if ((entry.ses === undefined) === (entry.smtp === undefined)) {
      const found = entry.ses ? 'both' : 'none of them';
      context.addIssue({
        code: 'custom',
        message: `needs exactly one of ses, smtp (found ${found})`,
      });
    }
    const { smtp } = entry;
    if (smtp && (smtp.user === undefined) !== (smtp.password_env === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['smtp'],
        message: 'needs both or none of user, password_env',
      });
    }
    if (smtp?.tls === 'none' && smtp.user !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['smtp', 'tls'],
        message: 'must not be none with a password, which would be sent in the clear',
      });
    }
  });

const KINDS = ['webhook', 'sns', 'email'] as const;

const notification = z
  .strictObject({
    webhook: webhook.optional(),
    secret_env: variable
      .optional()
      .describe('Environment variable with the secret that a webhook is signed with (HMAC-SHA256)'),
    sns: sns.optional(),
    email: email.optional(),
    on: z
      .array(z.enum(EVENT_KINDS))
      .min(1)
      .default([...EVENT_KINDS])
      .describe('What to tell; everything if absent'),
  })
  .superRefine((entry, context) => {
    const present = KINDS.filter((kind) => entry[kind] !== undefined);
    if (present.length !== 1) {
      const found = present.length === 0 ? 'none of them' : present.join(' and ');
      context.addIssue({
        code: 'custom',
        message: `needs exactly one of ${KINDS.join(', ')} (found ${found})`,
      });
    }
    if (entry.webhook !== undefined && entry.secret_env === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['secret_env'],
        message: 'is needed with webhook: the name of an environment variable',
      });
    }
    if (entry.webhook === undefined && entry.secret_env !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['secret_env'],
        message: 'only goes with webhook',
      });
    }
  });

export type Notification = z.infer<typeof notification>;

export const notifications = z
  .array(notification)
  .max(20)
  .default([])
  .describe('Who is told of new contradictions, lost data, failed runs and missed schedules');

export const expectedEveryHours = z
  .number()
  .positive()
  .max(8784)
  .optional()
  .describe(
    'How old the last successful run of a command may be: the next one says so if it is older',
  );

/** Environment variables that the entries name: what a scheduler must set. Sorted. */
export function secretVariables(entries: readonly Notification[]): string[] {
  const names = entries.flatMap((entry) => [
    entry.secret_env,
    entry.webhook === undefined ? undefined : variableOf(entry.webhook),
    entry.email?.smtp?.password_env,
  ]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
