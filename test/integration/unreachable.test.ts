import { join } from 'node:path';
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { filesAsObjects, makeBucket, putObjects, REGION, s3 } from './aws.ts';
import { createWorkspace, SAMPLES } from './flowproof.ts';

const localFiles = { files: [join(SAMPLES, 'logs/**/*_fl-0b00000000000000b_20261102T10*')] };

test('a bucket that does not exist: exit code 1, its name, and the other sources are read', async () => {
  const workspace = createWorkspace({
    flow_logs: [{ s3: 's3://amzn-s3-demo-mistyped/logs/', region: REGION }, localFiles],
  });
  const finished = await workspace.flowproof('ingest');
  expect(finished.exitCode).toBe(1);
  expect(finished.stdout).toContain('Missing   1 place could not be read');
  expect(finished.stdout).toContain(
    's3://amzn-s3-demo-mistyped/logs/: ListObjectsV2 failed with NoSuchBucket (HTTP 404)',
  );
  const objects = await workspace.query('select source, status from source_object');
  expect(objects).toEqual([{ source: 'flow_logs[1]', status: 'loaded' }]);
});

test('a log group that does not exist: exit code 1 and its name', async () => {
  const format = 'version account-id interface-id srcaddr dstaddr start end action log-status';
  const workspace = createWorkspace({
    flow_logs: [{ cloudwatch_logs: '/example/mistyped', region: REGION, format }],
  });
  const finished = await workspace.flowproof('ingest');
  expect(finished.exitCode).toBe(1);
  expect(finished.stdout).toContain(
    '/example/mistyped: FilterLogEvents failed with ResourceNotFoundException',
  );
});

test('no credentials: exit code 1, and the call that needed them', async () => {
  const workspace = createWorkspace({
    flow_logs: [{ s3: 's3://amzn-s3-demo-bucket/logs/', region: REGION }],
  });
  const finished = await workspace.flowproof('ingest', {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
  });
  expect(finished.exitCode).toBe(1);
  expect(finished.stdout).toContain('ListObjectsV2 failed with CredentialsProviderError');
});

test('an object that may not be read: exit code 1, the others stand, and it is read once it may', async () => {
  const bucket = 'amzn-s3-demo-denied';
  const objects = new Map(
    [...filesAsObjects(join(SAMPLES, 'logs'), '')].filter(([key]) =>
      key.includes('fl-0b00000000000000b_20261102T0'),
    ),
  );
  const [denied = ''] = objects.keys();
  await makeBucket(bucket);
  await putObjects(bucket, objects);
  const statement = {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${bucket}/${denied}`,
  };
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket: bucket,
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    }),
  );
  const workspace = createWorkspace({ flow_logs: [{ s3: `s3://${bucket}/`, region: REGION }] });

  const first = await workspace.flowproof('ingest');
  expect(first.exitCode).toBe(1);
  expect(first.stdout).toContain(`s3://${bucket}/${denied}: GetObject failed with`);
  expect(first.stdout).toContain('(HTTP 403)');

  await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
  const runs = await workspace.query('select object_count, exit_code from run order by started_at');
  expect(runs).toEqual([
    { object_count: BigInt(objects.size - 1), exit_code: 1 },
    { object_count: 1n, exit_code: 0 },
  ]);
});
