/** Clients and contents for the tests: the AWS SDK as it is, pointed at the suite's own server. */
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll } from 'vitest';
import { assumedRole } from '../../src/ingest/sources/aws-credentials.ts';
import { startMoto } from './moto.ts';

export const REGION = 'us-east-1';

const interpreter = process.env.FLOWPROOF_TEST_PYTHON;
if (!interpreter)
  throw new Error('FLOWPROOF_TEST_PYTHON is missing: use "npm run test:integration"');

// A server of its own for each file of tests: none sees what another made, and two can run at once.
const moto = await startMoto(
  interpreter,
  join(mkdtempSync(join(tmpdir(), 'flowproof-moto-')), 'moto.log'),
);
afterAll(() => moto.stop());
/** Address of the server that stands for AWS. */
export const ENDPOINT = moto.endpoint;
process.env.AWS_ENDPOINT_URL = ENDPOINT;

export const s3 = new S3Client({ region: REGION, forcePathStyle: true });
export const logs = new CloudWatchLogsClient({ region: REGION });
export const ec2 = new EC2Client({ region: REGION });

/** Clients with the credentials of a role, which are those of its account. */
export function clientsOfRole(roleArn: string): {
  s3: S3Client;
  logs: CloudWatchLogsClient;
  ec2: EC2Client;
} {
  const options = { region: REGION, credentials: assumedRole({ roleArn, region: REGION }) };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    logs: new CloudWatchLogsClient(options),
    ec2: new EC2Client(options),
  };
}

export async function makeBucket(name: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: name }));
}

const UPLOADS_AT_ONCE = 16;

/** Stores every object, several at a time. */
export async function putObjects(
  bucket: string,
  objects: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  const queue = [...objects];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [key, body] = next;
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }));
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, work));
}

/** The content of every file below a folder, by `prefix` and relative path. */
export function filesAsObjects(folder: string, prefix: string): Map<string, Uint8Array> {
  const objects = new Map<string, Uint8Array>();
  for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
    const path = join(folder, name);
    if (statSync(path).isFile()) objects.set(prefix + name, readFileSync(path));
  }
  return objects;
}
