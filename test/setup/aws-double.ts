/** All of AWS that the doctor asks, at one address: each request goes to the double of its service. */
import type { Answering, DoubleAnswer, DoubleRequest } from '../http-double.ts';
import { ec2Fault, failingFirst, s3Fault, startHttpDouble } from '../http-double.ts';

export type AwsDouble = {
  s3?: Answering;
  logs?: Answering;
  ec2?: Answering;
  kms?: Answering;
  /** AssumeRole. */
  roles?: Answering;
  /** Of every answer: what the servers of AWS take the time to be. */
  date?: Date;
};

export const ACCOUNT = '123456789012';
export const CALLER = `arn:aws:iam::${ACCOUNT}:user/flowproof`;

const TEXT_XML = { 'content-type': 'text/xml' };

/** The service of a request, and what is asked of it: `ec2 DescribeVpcs`, `s3 GET`. */
export function callOf({ headers, body, method }: DoubleRequest): string {
  const target = String(headers['x-amz-target'] ?? '');
  if (target !== '') {
    return `${target.startsWith('Trent') ? 'kms' : 'logs'} ${target.split('.')[1]}`;
  }
  const action = new URLSearchParams(body).get('Action');
  if (action === null) return `s3 ${method}`;
  const isSts = ['GetCallerIdentity', 'AssumeRole'].includes(action);
  return `${isSts ? 'sts' : 'ec2'} ${action}`;
}

const callerIdentity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${CALLER}</Arn><UserId>AIDA</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

export function answerAws(aws: AwsDouble): Answering {
  return (request) => {
    const [service, action] = callOf(request).split(' ');
    const answer = ((): DoubleAnswer => {
      if (action === 'GetCallerIdentity') {
        return { status: 200, headers: TEXT_XML, body: callerIdentity };
      }
      const answering =
        service === 'sts' ? aws.roles : aws[service as 's3' | 'logs' | 'ec2' | 'kms'];
      if (!answering) throw new Error(`no answer to ${callOf(request)}`);
      return answering(request);
    })();
    return aws.date === undefined
      ? answer
      : { ...answer, headers: { ...answer.headers, date: aws.date.toUTCString() } };
  };
}

const SETTINGS = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
} as const;

/** Runs `use` with AWS at the double, by the settings of the environment that the SDK reads. */
export async function withAws<Value>(
  aws: Answering | undefined,
  use: (requests: readonly DoubleRequest[]) => Promise<Value>,
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<Value> {
  const double = await startHttpDouble(aws ?? (() => ({ status: 500 })));
  // Without AWS nobody listens at the address.
  if (!aws) await double.close();
  const before = { ...process.env };
  for (const [name, value] of Object.entries({
    ...SETTINGS,
    AWS_ENDPOINT_URL: double.endpoint,
    ...settings,
  })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    return await use(double.requests);
  } finally {
    process.env = before;
    if (aws) await double.close();
  }
}

/** Answers like `answering`, but gives the fault for the calls that are named. */
export function refusing(
  fault: DoubleAnswer,
  calls: readonly string[],
  answering: Answering,
): Answering {
  return (request) => (calls.includes(callOf(request)) ? fault : answering(request));
}

/** A fault for the first calls of a name. */
export function faultFirst(
  faults: readonly DoubleAnswer[],
  call: string,
  answering: Answering,
): Answering {
  return failingFirst(faults, answering, (request) => callOf(request) === call);
}

export const EC2_DENIED = ec2Fault(
  403,
  'UnauthorizedOperation',
  'You are not authorized to perform this operation.',
);
export const S3_DENIED = s3Fault(403, 'AccessDenied', 'Access Denied');

/** The inside of an item of DescribeFlowLogs. */
export function flowLogItem(of: Readonly<Record<string, string>>): string {
  return Object.entries({
    flowLogId: 'fl-0123456789abcdef0',
    flowLogStatus: 'ACTIVE',
    deliverLogsStatus: 'SUCCESS',
    logDestinationType: 's3',
    logDestination: 'arn:aws:s3:::example-flow-logs',
    trafficType: 'ALL',
    maxAggregationInterval: '60',
    resourceId: 'vpc-0a1b2c3d',
    ...of,
  })
    .map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`)
    .join('');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** An interface in the VPC. */
export function interfaceItem(
  id: string,
  vpc = 'vpc-0a1b2c3d',
  tags: readonly [string, string][] = [],
): string {
  const set = tags.map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`);
  return `<networkInterfaceId>${id}</networkInterfaceId><vpcId>${vpc}</vpcId><subnetId>subnet-0a1b2c3d</subnetId><ownerId>${ACCOUNT}</ownerId><privateIpAddress>10.0.0.5</privateIpAddress><tagSet>${set.join('')}</tagSet>`;
}

export function vpcItem(id = 'vpc-0a1b2c3d', name?: string): string {
  const tag =
    name === undefined ? '' : `<item><key>Name</key><value>${escapeXml(name)}</value></item>`;
  return `<vpcId>${id}</vpcId><ownerId>${ACCOUNT}</ownerId><tagSet>${tag}</tagSet>`;
}
