/**
 * Email, as plain text: by Amazon SES ("SendEmail", Amazon SES API v2 Reference; needs ses:SendEmail on
 * the identity of the sender), or by a mail server.
 */
import type { Notification } from '../notify-schema.ts';
import type { Message } from './message.ts';

type EmailConfig = NonNullable<Notification['email']>;

const TIMEOUT_MILLISECONDS = 20_000;

/** `password` is that of the mail server's user, where there is one. */
export async function sendEmail(
  message: Message,
  email: EmailConfig,
  password: string | undefined,
): Promise<void> {
  if (email.ses) return sendBySes(message, email, email.ses.region);
  if (email.smtp) return sendBySmtp(message, email, email.smtp, password);
  throw new Error('an email without a way to send it');
}

async function sendBySes(message: Message, email: EmailConfig, region: string): Promise<void> {
  const { SESv2Client, SendEmailCommand } = await import('@aws-sdk/client-sesv2');
  const client = new SESv2Client({
    region,
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: TIMEOUT_MILLISECONDS },
  });
  try {
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: email.from,
        Destination: { ToAddresses: email.to },
        Content: {
          Simple: {
            Subject: { Data: message.subject, Charset: 'UTF-8' },
            Body: { Text: { Data: message.text, Charset: 'UTF-8' } },
          },
        },
      }),
    );
  } finally {
    client.destroy();
  }
}

async function sendBySmtp(
  message: Message,
  email: EmailConfig,
  smtp: NonNullable<EmailConfig['smtp']>,
  password: string | undefined,
): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.tls === 'implicit',
    // Never in the clear because somebody on the way took the offer of TLS out.
    requireTLS: smtp.tls === 'starttls',
    ignoreTLS: smtp.tls === 'none',
    ...(smtp.user === undefined ? {} : { auth: { user: smtp.user, pass: password ?? '' } }),
    connectionTimeout: TIMEOUT_MILLISECONDS,
    greetingTimeout: TIMEOUT_MILLISECONDS,
    socketTimeout: TIMEOUT_MILLISECONDS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: email.from,
      to: email.to,
      subject: message.subject,
      text: message.text,
      date: new Date(message.at),
      messageId: `<${message.id}@flowproof.invalid>`,
      headers: { 'auto-submitted': 'auto-generated', 'x-flowproof-event': message.kind },
    });
  } finally {
    transport.close();
  }
}
