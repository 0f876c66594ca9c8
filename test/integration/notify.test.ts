import { CreateEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { beforeAll, describe, expect, test } from 'vitest';
import { sendEmail } from '../../src/notify/email.ts';
import type { Message } from '../../src/notify/message.ts';
import { publishToTopic } from '../../src/notify/sns.ts';
import { REGION } from './aws.ts';

const MESSAGE: Message = {
  id: '0123456789abcdef0123456789abcdef',
  kind: 'lost_data',
  at: '2026-11-20T10:00:00.000Z',
  subject: 'flowproof: data was lost',
  text: 'flowproof: data was lost\n',
};
const FROM = 'flowproof@example.com';
const ENDPOINT = process.env.AWS_ENDPOINT_URL ?? '';

let topic = '';

beforeAll(async () => {
  const answer = await new SNSClient({ region: REGION }).send(
    new CreateTopicCommand({ Name: 'flowproof' }),
  );
  topic = answer.TopicArn ?? '';
  await new SESv2Client({ region: REGION }).send(
    new CreateEmailIdentityCommand({ EmailIdentity: FROM }),
  );
});

/** What the server keeps of a service, by name of a model. */
async function kept(service: string, model: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${ENDPOINT}/moto-api/data.json`);
  const data = (await answer.json()) as Record<string, Record<string, Record<string, unknown>[]>>;
  return data[service]?.[model] ?? [];
}

describe('notifications by AWS', () => {
  test('SNS takes them on a topic, and refuses one that is not there', async () => {
    await publishToTopic(MESSAGE, topic);
    await expect(publishToTopic(MESSAGE, `${topic}-other`)).rejects.toMatchObject({
      name: 'NotFoundException',
    });
    expect(await kept('sns', 'Topic')).toHaveLength(1);
  });

  test('SES takes them from a verified sender, and refuses another', async () => {
    const email = { from: FROM, to: ['audit@example.com'], ses: { region: REGION } };
    await sendEmail(MESSAGE, email, undefined);
    await expect(
      sendEmail(MESSAGE, { ...email, from: 'other@example.net' }, undefined),
    ).rejects.toThrow();
    const sent = await kept('ses', 'Message');
    expect(JSON.stringify(sent)).toContain('audit@example.com');
  });
});
