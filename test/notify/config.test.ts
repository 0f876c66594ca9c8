import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
import { secretVariables } from '../../src/notify-schema.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';

const parsed = (more: string) =>
  parseConfig(
    `lake: lake
output: evidence
sources: { flow_logs: [{ files: [logs/**] }] }
scope: [{ name: cde, match: { vpc: [vpc-0123456789abcdef0] } }]
period: { start: 2026-11-01, end: 2026-12-01 }
${more}`,
    'flowproof.yaml',
  );

const entry = (text: string) => `notifications: [${text}]`;

const problemOf = (more: string): string => {
  try {
    parsed(more);
  } catch (thrown) {
    return messageOf(thrown);
  }
  throw new Error('nothing was thrown');
};

const MAIL = 'from: a@example.com, to: [b@example.com]';

describe('the configuration of notifications', () => {
  test('is empty by default, and tells everything of an entry', () => {
    expect(parsed('').notifications).toEqual([]);
    const { notifications } = parsed(
      entry(`{ email: { ${MAIL}, smtp: { host: mail.example.com } } }`),
    );
    expect(notifications).toEqual([
      {
        email: {
          from: 'a@example.com',
          to: ['b@example.com'],
          smtp: { host: 'mail.example.com', port: 587, tls: 'starttls' },
        },
        on: ['contradicts', 'lost_data', 'failed_run', 'missed_schedule'],
      },
    ]);
  });

  test('is what the README shows', () => {
    const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
    const [, block = ''] = /```yaml\n(expected_every_hours:[\s\S]*?)```/.exec(readme) ?? [];
    const { expected_every_hours: hours, metrics, notifications } = parsed(block);
    expect(hours).toBe(2);
    expect(notifications.map(({ webhook, sns, email }) => webhook ?? sns ?? email?.from)).toEqual([
      'https://hooks.example.com/flowproof',
      'arn:aws:sns:us-east-1:123456789012:flowproof',
      'flowproof@example.com',
      'flowproof@example.com',
    ]);
    expect(metrics?.cloudwatch_emf).toBe('stdout');
  });

  test('names the variables that hold secrets', () => {
    const { notifications } = parsed(
      entry(
        `{ webhook: "env:HOOK_URL", secret_env: HOOK_SECRET }, { webhook: "http://127.0.0.1:8080/x", secret_env: HOOK_SECRET }, { email: { ${MAIL}, smtp: { host: x, user: u, password_env: MAIL_PASSWORD } } }`,
      ),
    );
    expect(secretVariables(notifications)).toEqual(['HOOK_SECRET', 'HOOK_URL', 'MAIL_PASSWORD']);
  });

  test.each([
    ['nothing', '{ on: [lost_data] }', 'needs exactly one of webhook, sns, email (found none'],
    [
      'two ways',
      '{ webhook: "https://example.com", secret_env: A, sns: "arn:aws:sns:us-east-1:123456789012:x" }',
      'found webhook and sns',
    ],
    ['a webhook without secret', '{ webhook: "https://example.com" }', 'is needed with webhook'],
    ['a webhook in the clear', '{ webhook: "http://example.com", secret_env: A }', 'an https URL'],
    ['a variable without a name', '{ webhook: "env:a-b", secret_env: A }', 'an https URL'],
    ['no topic', '{ sns: flowproof }', 'must be the ARN of a topic'],
    ['an unknown event', '{ sns: "arn:aws:sns:us-east-1:123456789012:x", on: [noise] }', 'on[0]'],
    ['no way to send', `{ email: { ${MAIL} } }`, 'needs exactly one of ses, smtp'],
    [
      'a header in an address',
      '{ email: { from: "a@example.com\\nBcc: c@example.com", to: [b@example.com], ses: { region: us-east-1 } } }',
      'must be an address',
    ],
    [
      'a user without password',
      `{ email: { ${MAIL}, smtp: { host: x, user: u } } }`,
      'both or none of user, password_env',
    ],
    [
      'a password in the clear',
      `{ email: { ${MAIL}, smtp: { host: x, tls: none, user: u, password_env: P } } }`,
      'sent in the clear',
    ],
  ])('%s is refused', (_, text, problem) => {
    expect(problemOf(entry(text))).toContain(problem);
  });

  test('a secret that stands where its variable should is not repeated', () => {
    const text = problemOf(
      entry('{ webhook: "https://u:hunter2@example.com", secret_env: "hunter2 secret" }'),
    );
    expect(text).toMatch(/secret_env: must be the name of an environment variable/);
    expect(text).not.toContain('hunter2');
  });
});

describe('the configuration of metrics', () => {
  test('has a namespace by default', () => {
    expect(parsed('metrics: { cloudwatch_emf: stdout }').metrics).toEqual({
      cloudwatch_emf: 'stdout',
      namespace: 'flowproof',
    });
  });

  test.each([
    ['{}', 'needs prometheus or cloudwatch_emf'],
    ['{ prometheus: metrics.txt }', 'must end in .prom'],
    ['{ cloudwatch_emf: stdout, namespace: AWS/EC2 }', 'must be a CloudWatch namespace'],
  ])('%s is refused', (text, problem) => {
    expect(problemOf(`metrics: ${text}`)).toContain(problem);
  });
});
