import { expect, test } from 'vitest';
import { isNoInventory } from '../../src/ingest/inventory-path.ts';

const CONFIG = 's3://amzn-s3-demo-bucket/prefix/AWSLogs/123456789012/Config';
const name = (kind: string, rest: string) =>
  `${CONFIG}/us-east-1/2026/11/2/${kind}/123456789012_Config_us-east-1_${kind}_${rest}`;
const TIMES = '20261102T120000Z_20261102T180000Z_1.json.gz';

test.each([
  ['file:inventory/123456789012/us-east-1/2026-11-02T13-59-30Z/describe-vpcs.json', false],
  [name('ConfigSnapshot', '20261102T183939Z_16da64e4-cb65-4846-b061-e6c3ba43cb96.json.gz'), false],
  [name('ConfigHistory', `AWS::EC2::NetworkInterface_${TIMES}`), false],
  [name('ConfigHistory', `AWS::S3::Bucket_${TIMES}`), true],
  [name('ConfigHistory', `AWS::EC2::Volume_${TIMES}`), true],
  [
    `${CONFIG}/us-east-1/2026/11/2/OversizedChangeNotification/AWS::EC2::Instance/i-1/123456789012_Config_us-east-1_ChangeNotification_AWS::EC2::Instance_i-1_20261102T164616Z_1.json.gz`,
    false,
  ],
  [`${CONFIG}/ConfigWritabilityCheckFile`, true],
  ['s3://amzn-s3-demo-bucket/AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/02/a.json.gz', true],
  ['s3://amzn-s3-demo-bucket/AWSLogs/o-0a1b2c3d4e/123456789012/CloudTrail/a.json.gz', true],
  ['s3://amzn-s3-demo-bucket/AWSLogs/o-0a1b2c3d4e/123456789012/Config/us-east-1/a.json.gz', false],
])('%s holds no inventory: %s', (path, expected) => {
  expect(isNoInventory(path)).toBe(expected);
});
