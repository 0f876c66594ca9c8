/** Amazon SNS ("Publish", Amazon SNS API Reference). Needs sns:Publish on the topic. */
import type { Message } from './message.ts';

export async function publishToTopic(message: Message, topicArn: string): Promise<void> {
  // Loaded where there is something to send, as it takes its time.
  const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
  const client = new SNSClient({
    region: topicArn.split(':')[3] ?? '',
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: 20_000 },
  });
  const isFifo = topicArn.endsWith('.fifo');
  try {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: message.subject,
        Message: message.text,
        MessageAttributes: {
          event: { DataType: 'String', StringValue: message.kind },
          id: { DataType: 'String', StringValue: message.id },
        },
        ...(isFifo ? { MessageGroupId: 'flowproof', MessageDeduplicationId: message.id } : {}),
      }),
    );
  } finally {
    client.destroy();
  }
}
