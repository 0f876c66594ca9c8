import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assumedRole } from '../../../src/ingest/sources/aws-credentials.ts';
import { createS3Client, s3Source } from '../../../src/ingest/sources/s3.ts';
import { type HttpDouble, s3Bucket, startHttpDouble, stsRoles } from '../../http-double.ts';

const ROLE = 'arn:aws:iam::123456789012:role/flowproof-reader';
const GUARDED = 'arn:aws:iam::123456789012:role/guarded';

let servers: HttpDouble[];
let sts: HttpDouble;
const before = { ...process.env };

beforeEach(async () => {
  sts = await startHttpDouble(stsRoles({ [ROLE]: undefined, [GUARDED]: 'x-1' }));
  servers = [sts];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_STS: sts.endpoint,
    AWS_ACCESS_KEY_ID: 'AKIACALLER',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
});

afterEach(async () => {
  for (const server of servers) await server.close();
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

describe('assumedRole', () => {
  it("asks STS with the caller's credentials, and names the session", async () => {
    const credentials = await assumedRole({ roleArn: ROLE, region: 'eu-west-1' })();
    expect(credentials).toMatchObject({
      accessKeyId: 'ASIAROLE',
      sessionToken: `token of ${ROLE}`,
      expiration: new Date('2099-01-01T00:00:00Z'),
    });
    const form = new URLSearchParams(sts.requests[0]?.body);
    expect(form.get('RoleSessionName')).toBe('flowproof');
    expect(form.get('ExternalId')).toBeNull();
    expect(sts.requests[0]?.headers.authorization).toMatch(
      /Credential=AKIACALLER\/.*\/eu-west-1\//,
    );
  });

  it('gives the external id that a role asks for', async () => {
    const options = { roleArn: GUARDED, region: 'eu-west-1', sessionName: 'audit' };
    await assumedRole({ ...options, externalId: 'x-1' })();
    expect(new URLSearchParams(sts.requests[0]?.body).get('RoleSessionName')).toBe('audit');
    await expect(assumedRole(options)()).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: GUARDED,
      problem: expect.stringMatching(/^AssumeRole failed with AccessDenied: not authorized/),
      remedy: expect.stringMatching(/sts:AssumeRole on this role.*`external_id`/s),
    });
  });
});

describe('a source that assumes a role', () => {
  const list = async (roleArn: string): Promise<string[]> => {
    const object = { body: Buffer.from('x'), modifiedAt: new Date(0) };
    const bucket = await startHttpDouble(
      s3Bucket(
        'amzn-s3-demo-bucket',
        new Map([
          ['a', object],
          ['b', object],
        ]),
        1,
      ),
    );
    servers.push(bucket);
    process.env.AWS_ENDPOINT_URL_S3 = bucket.endpoint;
    const source = s3Source({
      label: 'flow_logs[0]',
      uri: 's3://amzn-s3-demo-bucket/',
      region: 'eu-west-1',
      hints: {},
      client: createS3Client('eu-west-1', assumedRole({ roleArn, region: 'eu-west-1' })),
      sleep: async () => {},
    });
    const uris: string[] = [];
    const period = { start: new Date('2026-02-01'), end: new Date('2026-03-01') };
    for await (const { uri } of source.list(period)) uris.push(uri);
    const tokens = bucket.requests.map(({ headers }) => headers['x-amz-security-token']);
    expect(new Set(tokens)).toEqual(new Set([`token of ${roleArn}`]));
    return uris;
  };

  it('assumes it once, for all its requests', async () => {
    expect(await list(ROLE)).toHaveLength(2);
    expect(sts.requests).toHaveLength(1);
  });

  it('says that the role, and not the bucket, was refused', async () => {
    await expect(list(GUARDED)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: GUARDED,
      problem: expect.stringContaining('AssumeRole failed with AccessDenied'),
    });
  });
});
