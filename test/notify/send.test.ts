import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sendEmail } from '../../src/notify/email.ts';
import type { Message } from '../../src/notify/message.ts';
import { publishToTopic } from '../../src/notify/sns.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { type Answering, type HttpDouble, startHttpDouble } from '../http-double.ts';
import { type MailDouble, sesAccount, snsAccount, startMailDouble } from '../mail-double.ts';

const MESSAGE: Message = {
  id: '0123456789abcdef0123456789abcdef',
  kind: 'contradicts',
  at: '2026-11-20T10:00:00.000Z',
  subject: 'flowproof: 1 requirement is newly contradicted',
  text: '.\n<b>1.2.5</b> é\nBcc: x@example.com\n',
};
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:flowproof';
const FROM = 'flowproof@example.com';
const TO = ['audit@example.com', 'team@example.com'];

let closers: (() => Promise<void>)[] = [];

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closers.map((close) => close()));
  closers = [];
});

async function aws(name: 'SNS' | 'SESV2', answering: Answering): Promise<HttpDouble> {
  const double = await startHttpDouble(answering);
  closers.push(double.close);
  vi.stubEnv(`AWS_ENDPOINT_URL_${name}`, double.endpoint);
  return double;
}

describe('SNS', () => {
  test('publishes subject and text in the Region of the topic', async () => {
    const double = await aws('SNS', snsAccount([TOPIC]));
    await publishToTopic(MESSAGE, TOPIC);
    const [request] = double.requests;
    const form = new URLSearchParams(request?.body);
    expect(form.get('Subject')).toBe(MESSAGE.subject);
    expect(form.get('Message')).toBe(MESSAGE.text);
    expect(form.get('MessageAttributes.entry.1.Value.StringValue')).toBe('contradicts');
    expect(form.has('MessageGroupId')).toBe(false);
    expect(request?.headers.authorization).toContain('/eu-west-1/sns/');
  });

  test('gives a FIFO topic what tells copies', async () => {
    const double = await aws('SNS', snsAccount([`${TOPIC}.fifo`]));
    await publishToTopic(MESSAGE, `${TOPIC}.fifo`);
    const form = new URLSearchParams(double.requests[0]?.body);
    expect(form.get('MessageDeduplicationId')).toBe(MESSAGE.id);
    expect(form.get('MessageGroupId')).toBe('flowproof');
  });

  test('rejects with what AWS says', async () => {
    await aws('SNS', snsAccount([]));
    await expect(publishToTopic(MESSAGE, TOPIC)).rejects.toThrow('Topic does not exist');
  });
});

describe('SES', () => {
  const email = { from: FROM, to: TO, ses: { region: 'eu-west-1' } };

  test('sends plain text to all recipients', async () => {
    const double = await aws('SESV2', sesAccount([FROM]));
    await sendEmail(MESSAGE, email, undefined);
    expect(JSON.parse(double.requests[0]?.body ?? '')).toEqual({
      FromEmailAddress: FROM,
      Destination: { ToAddresses: TO },
      Content: {
        Simple: {
          Subject: { Data: MESSAGE.subject, Charset: 'UTF-8' },
          Body: { Text: { Data: MESSAGE.text, Charset: 'UTF-8' } },
        },
      },
    });
    expect(double.requests[0]?.headers.authorization).toContain('/eu-west-1/ses/');
  });

  test('rejects with what AWS says', async () => {
    await aws('SESV2', sesAccount([]));
    await expect(sendEmail(MESSAGE, email, undefined)).rejects.toThrow('not verified');
  });
});

describe('a mail server', () => {
  async function mail(options: Parameters<typeof startMailDouble>[0] = {}): Promise<MailDouble> {
    const double = await startMailDouble(options);
    closers.push(double.close);
    return double;
  }

  const by = (port: number, tls: 'none' | 'starttls', user?: string) => ({
    from: FROM,
    to: TO,
    smtp: { host: '127.0.0.1', port, tls, ...(user === undefined ? {} : { user }) },
  });

  test('takes one message of plain text; its text adds no header and no end', async () => {
    const double = await mail();
    await sendEmail(MESSAGE, by(double.port, 'none'), undefined);
    expect(double.commands.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      `MAIL FROM:<${FROM}>`,
      ...TO.map((address) => `RCPT TO:<${address}>`),
    ]);
    const [head = '', ...body] = (double.messages[0] ?? '').split('\r\n\r\n');
    expect(double.messages).toHaveLength(1);
    expect(head).toMatch(/^Subject: flowproof: 1 requirement is newly contradicted$/m);
    expect(head).toMatch(/^Content-Type: text\/plain; charset=utf-8$/m);
    expect(head).toMatch(/^Date: Fri, 20 Nov 2026 10:00:00 \+0000$/m);
    expect(head).not.toMatch(/^bcc/im);
    expect(body.join('\n\n')).toContain('Bcc: x@example.com');
    expect(double.messages[0]).not.toMatch(/text\/html/);
  });

  test('that refuses is quoted', async () => {
    const double = await mail({ answers: { RCPT: '550 nobody here' } });
    await expect(sendEmail(MESSAGE, by(double.port, 'none'), undefined)).rejects.toThrow(
      /550 nobody here/,
    );
    expect(double.messages).toEqual([]);
  });

  test('without TLS gets neither password nor message where TLS is asked for', async () => {
    const double = await mail();
    const email = by(double.port, 'starttls', 'somebody');
    await expect(sendEmail(MESSAGE, email, 'the-password')).rejects.toThrow();
    expect(double.messages).toEqual([]);
    expect(double.commands.join('\n')).not.toMatch(/AUTH|MAIL/);
  });

  test('with a certificate that nobody vouches for gets nothing; with one that is, the password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flowproof-mail-'));
    try {
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
      const made = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
      ];
      const names = [
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      ];
      execFileSync('openssl', [...made, '-keyout', key, '-out', cert, ...names], { stdio: 'pipe' });
      const pem = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
      const double = await mail({ tls: pem });
      const email = by(double.port, 'starttls', 'somebody');
      await expect(sendEmail(MESSAGE, email, 'the-password')).rejects.toThrow(/self-signed/);
      expect(double.messages).toEqual([]);
      expect(double.commands.join('\n')).not.toMatch(/AUTH|MAIL/);
      // Node reads the authorities that it trusts once, when it starts.
      const child = await runChild(childScript(email), cert);
      expect(child).toEqual({ status: 0, stderr: '' });
      const plain = Buffer.from('\0somebody\0the-password').toString('base64');
      expect(double.commands).toContain(`AUTH PLAIN ${plain}`);
      expect(double.commands.indexOf(`AUTH PLAIN ${plain}`)).toBeGreaterThan(
        double.commands.lastIndexOf('[TLS]'),
      );
      expect(double.messages).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  function childScript(email: object): string {
    const module = join(PACKAGE_ROOT, 'src', 'notify', 'email.ts');
    return `import { sendEmail } from ${JSON.stringify(module)};
      await sendEmail(${JSON.stringify(MESSAGE)}, ${JSON.stringify(email)}, 'the-password');`;
  }

  /** Not `spawnSync`: the double must be able to answer meanwhile. */
  async function runChild(script: string, authorities: string) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: PACKAGE_ROOT, env: { ...env, NODE_EXTRA_CA_CERTS: authorities } },
    );
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const status = await new Promise((done) => child.on('exit', done));
    return { status, stderr };
  }
});
