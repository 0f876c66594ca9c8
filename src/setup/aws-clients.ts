/**
 * Clients that only look: no retries, ten seconds a call, and the `Date` header of each answer kept to
 * compare the clocks. Credentials are resolved once for all clients of one identity.
 */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import type { ClockReading } from './clock.ts';

export const CALL_MILLISECONDS = 10_000;

/** Who asks: the caller, or a role that it assumes. */
export type Identity = { roleArn: string; externalId?: string | undefined } | undefined;

export type AwsClientOptions = { now: () => Date; timeoutMilliseconds?: number };

export type AwsClients = {
  s3(region: string, identity: Identity): Promise<S3Client>;
  logs(region: string, identity: Identity): Promise<CloudWatchLogsClient>;
  ec2(region: string, identity: Identity): Promise<EC2Client>;
  kms(region: string | undefined): Promise<KMSClient>;
  sts(region: string): STSClient;
  /** Credentials of the caller. Rejects with the SDK's error, or TimeoutError. */
  ownCredentials: AwsCredentialIdentityProvider;
  /** Assumes the role, once for all who ask. Rejects with the SDK's error. */
  assume(identity: NonNullable<Identity>, region: string): Promise<AwsCredentialIdentity>;
  /** Of every answer so far. */
  clockReadings: readonly ClockReading[];
};

/** The shortest session that STS gives. */
const SESSION_SECONDS = 900;

export function createAwsClients(options: AwsClientOptions): AwsClients {
  const { now, timeoutMilliseconds = CALL_MILLISECONDS } = options;
  const clockReadings: ClockReading[] = [];
  const requestHandler = {
    connectionTimeout: timeoutMilliseconds,
    requestTimeout: timeoutMilliseconds,
    socketTimeout: timeoutMilliseconds,
    throwOnRequestTimeout: true,
  };
  const chain = fromNodeProviderChain({ clientConfig: { requestHandler, maxAttempts: 1 } });
  const ownCredentials = once(() => inTime(chain(), timeoutMilliseconds));
  const settings = { maxAttempts: 1, requestHandler };
  const listen = <Client extends Listenable>(client: Client): Client => {
    readClock(client, clockReadings, now);
    return client;
  };
  const sts = (region: string): STSClient =>
    listen(new STSClient({ ...settings, region, credentials: ownCredentials }));
  const sessions = new Map<string, () => Promise<AwsCredentialIdentity>>();
  const assume: AwsClients['assume'] = ({ roleArn, externalId }, region) => {
    const key = `${roleArn} ${externalId ?? ''}`;
    const session = sessions.get(key) ?? once(() => assumeRole(sts(region), roleArn, externalId));
    sessions.set(key, session);
    return session();
  };
  const credentialsOf = (identity: Identity, region: string): AwsCredentialIdentityProvider =>
    identity === undefined ? ownCredentials : () => assume(identity, region);
  return {
    ownCredentials,
    assume,
    clockReadings,
    sts,
    async s3(region, identity) {
      const { S3Client } = await import('@aws-sdk/client-s3');
      const hasEndpoint = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL);
      return listen(
        new S3Client({
          ...settings,
          region,
          credentials: credentialsOf(identity, region),
          responseChecksumValidation: 'WHEN_REQUIRED',
          forcePathStyle: hasEndpoint,
        }),
      );
    },
    async logs(region, identity) {
      const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs');
      const credentials = credentialsOf(identity, region);
      return listen(new CloudWatchLogsClient({ ...settings, region, credentials }));
    },
    async ec2(region, identity) {
      const { EC2Client } = await import('@aws-sdk/client-ec2');
      const credentials = credentialsOf(identity, region);
      return listen(new EC2Client({ ...settings, region, credentials }));
    },
    async kms(region) {
      const { KMSClient } = await import('@aws-sdk/client-kms');
      const where = region === undefined ? {} : { region };
      return listen(new KMSClient({ ...settings, ...where, credentials: ownCredentials }));
    },
  };
}

async function assumeRole(
  client: STSClient,
  roleArn: string,
  externalId: string | undefined,
): Promise<AwsCredentialIdentity> {
  const { Credentials } = await client.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: 'flowproof',
      DurationSeconds: SESSION_SECONDS,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    ...(Credentials?.SessionToken === undefined ? {} : { sessionToken: Credentials.SessionToken }),
  };
}

/** The same promise for all who ask. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function inTime<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `no credentials after ${milliseconds / 1000} seconds`;
      reject(Object.assign(new Error(message), { name: 'TimeoutError' }));
    }, milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What all clients have of what is needed here: the SDK types it by service. */
type Listenable = {
  middlewareStack: {
    add(
      middleware: (
        next: (args: never) => Promise<{ response: unknown }>,
      ) => (args: never) => Promise<{ response: unknown }>,
      options: { step: 'deserialize'; priority: 'low'; name: string },
    ): void;
  };
};

/** Keeps the time of each answer, of failed ones too: nearest to the wire, before the SDK reads it. */
function readClock(client: unknown, readings: ClockReading[], now: () => Date): void {
  (client as Listenable).middlewareStack.add(
    (next) => async (args) => {
      const sentAt = now().getTime();
      const result = await next(args);
      const headers = (result.response as { headers?: Record<string, string> }).headers ?? {};
      const date = Date.parse(headers.date ?? '');
      if (!Number.isNaN(date)) readings.push({ sentAt, receivedAt: now().getTime(), date });
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'readClock' },
  );
}
