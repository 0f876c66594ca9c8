/** Credentials of a lake in S3 as the AWS SDK finds them, for the engine to read it in place. */
import type { S3Client } from '@aws-sdk/client-s3';
import { FlowproofError, messageOf } from '../errors.ts';
import type { S3Credentials } from './httpfs.ts';
import { openClient } from './object-store.ts';
import type { RemotePlace } from './place.ts';

const clients = new Map<string, Promise<S3Client>>();

/**
 * Credentials that hold for so long at least, where those of the identity can. With a role they are narrowed to
 * reading objects below the prefix. Throws LAKE_UNUSABLE if there are none.
 */
export async function credentialsOf(
  place: RemotePlace,
  leastMilliseconds: number,
  now = Date.now(),
): Promise<S3Credentials> {
  const key = JSON.stringify([place.uri, place.region, place.roleArn]);
  const opening = clients.get(key) ?? openReader(place);
  clients.set(key, opening);
  const client = await opening;
  try {
    const { credentials } = client.config;
    let identity = await credentials();
    const endsAt = identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    if (endsAt < now + leastMilliseconds) identity = await credentials({ forceRefresh: true });
    return {
      keyId: identity.accessKeyId,
      secret: identity.secretAccessKey,
      ...(identity.sessionToken === undefined ? {} : { sessionToken: identity.sessionToken }),
      ...(identity.expiration === undefined ? {} : { expiresAt: identity.expiration.getTime() }),
    };
  } catch (thrown) {
    throw new FlowproofError('LAKE_UNUSABLE', {
      place: place.uri,
      problem: `there are no credentials to read it with (${messageOf(thrown).split('\n', 1)[0]})`,
      remedy: 'Ask who you are to AWS: aws sts get-caller-identity',
      cause: thrown,
    });
  }
}

async function openReader(place: RemotePlace): Promise<S3Client> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3');
  return await openClient(Client, place, readingPolicy(place));
}

/**
 * What a session of the role may do that the engine is given: whatever a statement is, it writes nothing. The
 * prefix of a lake that is read in place has no character that a policy takes for a pattern.
 */
export function readingPolicy({ bucket, prefix, roleArn }: RemotePlace): string {
  const partition = roleArn?.split(':')[1] ?? 'aws';
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: `arn:${partition}:s3:::${bucket}/${prefix}*`,
      },
      // Objects may be encrypted with a key of KMS that the role may use.
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' },
    ],
  });
}
