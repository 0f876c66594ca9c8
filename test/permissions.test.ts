import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EC2_CALLS, entriesCall } from '../src/ingest/sources/ec2-calls.ts';
import { PERMISSIONS, permissionTable, statementsFor } from '../src/permissions.ts';
import { PACKAGE_ROOT } from '../src/query-file.ts';

test('the table of the README is that of the program', () => {
  const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  expect(readme).toContain(`\n${permissionTable().join('\n')}\n`);
});

test('of ec2 they are the calls that the source makes, and no other', () => {
  const made = [...EC2_CALLS, entriesCall('pl-0a1b2c3d')].map(
    ({ operation }) => `ec2:${operation}`,
  );
  expect(PERMISSIONS.ec2.map(({ action }) => action).sort()).toEqual(made.sort());
});

test('nothing that is asked for can change anything, but for the lake, its tables, the signature and what is sent', () => {
  const actions = Object.values(PERMISSIONS)
    .flat()
    .map(({ action }) => action);
  const reading =
    /^((s3|athena|glue):(List|Get)|logs:Filter|ec2:(Describe|Get)|kms:(Decrypt|GetPublicKey)|sts:)/;
  expect(actions.filter((action) => !reading.test(action))).toEqual([
    ...['s3:PutObject', 's3:DeleteObject', 'kms:GenerateDataKey'],
    ...['athena:StartQueryExecution', 'athena:StopQueryExecution'],
    ...['glue:CreateDatabase', 'glue:DeleteDatabase'],
    ...['glue:CreateTable', 'glue:UpdateTable', 'glue:DeleteTable', 's3:PutObject'],
    'kms:Sign',
    'sns:Publish',
    'ses:SendEmail',
  ]);
});

test('a statement allows one bucket and prefix, where the prefix is no pattern', () => {
  const target = { region: 'eu-west-1', bucket: 'example', prefix: 'a*/$' };
  expect(statementsFor('s3', ['s3:ListBucket', 's3:GetObject'], target)).toEqual([
    {
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: ['arn:aws:s3:::example'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's own spelling of a plain character.
      Condition: { StringLike: { 's3:prefix': ['a${*}/${$}*'] } },
    },
    {
      Effect: 'Allow',
      Action: ['s3:GetObject'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's own spelling of a plain character.
      Resource: ['arn:aws:s3:::example/a${*}/${$}*'],
    },
  ]);
});

test('statements are of the partition of the Region, and of what is known of the target', () => {
  const [logs] = statementsFor('cloudwatch_logs', ['logs:FilterLogEvents'], {
    region: 'cn-north-1',
    accountId: '123456789012',
    logGroup: '/vpc/flow-logs',
  });
  expect(logs?.Resource).toEqual([
    'arn:aws-cn:logs:cn-north-1:123456789012:log-group:/vpc/flow-logs:*',
  ]);
  const [key] = statementsFor('signature.kms_key', ['kms:Sign'], {
    region: 'us-gov-west-1',
    accountId: '123456789012',
    keyAlias: 'alias/flowproof',
  });
  expect(key).toEqual({
    Effect: 'Allow',
    Action: ['kms:Sign'],
    Resource: ['arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/*'],
    Condition: { StringEquals: { 'kms:RequestAlias': ['alias/flowproof'] } },
  });
  const [decrypt] = statementsFor('s3', ['kms:Decrypt'], {
    region: 'us-east-1',
    keyArn: 'arn:aws:kms:us-east-1:123456789012:key/abc',
  });
  expect(decrypt).toMatchObject({
    Resource: ['arn:aws:kms:us-east-1:123456789012:key/abc'],
    Condition: { StringEquals: { 'kms:ViaService': ['s3.us-east-1.amazonaws.com'] } },
  });
});
