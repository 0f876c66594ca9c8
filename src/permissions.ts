/**
 * What flowproof may be asked to do in AWS, by key of the configuration: the one place for it. The
 * doctor tries these, the README's table is made of them, and the policies of the units are too.
 *
 * Which resources an action can be limited to: "Actions, resources, and condition keys", Service
 * Authorization Reference. The describe calls of EC2 can be limited to a Region only.
 */

/** What a permission is needed on. */
export type Scope =
  | 'bucket'
  | 'objects'
  | 'object_key'
  | 'log_group'
  | 'region'
  | 'key'
  | 'topic'
  | 'identity'
  | 'role'
  | 'workgroup'
  | 'catalog';

export type Permission = {
  /** As IAM names it. */
  action: string;
  on: Scope;
  /** When it is needed, where that is not always. */
  when?: string;
};

export type PermissionKey =
  | 's3'
  | 'lake'
  | 'athena'
  | 'cloudwatch_logs'
  | 'ec2'
  | 'signature.kms_key'
  | 'verify --sources'
  | 'init'
  | 'notifications'
  | 'role_arn';

const describing = (operations: readonly string[], when?: string): Permission[] =>
  operations.map((operation) => ({
    action: `ec2:${operation}`,
    on: 'region',
    ...(when === undefined ? {} : { when }),
  }));

const READING_S3: readonly Permission[] = [
  { action: 's3:ListBucket', on: 'bucket' },
  { action: 's3:GetObject', on: 'objects' },
  { action: 'kms:Decrypt', on: 'object_key', when: 'where they are encrypted with a KMS key' },
];

export const PERMISSIONS: Readonly<Record<PermissionKey, readonly Permission[]>> = {
  s3: READING_S3,
  lake: [
    { action: 's3:ListBucket', on: 'bucket', when: 'where the lake stands in S3' },
    { action: 's3:GetObject', on: 'objects', when: 'where the lake stands in S3' },
    { action: 's3:PutObject', on: 'objects', when: 'where the lake stands in S3' },
    { action: 's3:DeleteObject', on: 'objects', when: 'where the lake stands in S3' },
    { action: 'kms:Decrypt', on: 'object_key', when: 'where they are encrypted with a KMS key' },
    {
      action: 'kms:GenerateDataKey',
      on: 'object_key',
      when: 'where they are encrypted with a KMS key',
    },
  ],
  athena: [
    ...['StartQueryExecution', 'GetQueryExecution', 'GetQueryResults', 'StopQueryExecution'].map(
      (action): Permission => ({ action: `athena:${action}`, on: 'workgroup' }),
    ),
    ...['Database', 'Databases', 'Table', 'Tables', 'Partitions'].map(
      (what): Permission => ({ action: `glue:Get${what}`, on: 'catalog' }),
    ),
    ...['CreateDatabase', 'DeleteDatabase', 'CreateTable', 'UpdateTable', 'DeleteTable'].map(
      (action): Permission => ({ action: `glue:${action}`, on: 'catalog' }),
    ),
    { action: 's3:GetBucketLocation', on: 'bucket', when: 'of the lake, and of the results' },
    { action: 's3:GetObject', on: 'objects', when: 'of the results' },
    { action: 's3:PutObject', on: 'objects', when: 'of the results' },
  ],
  cloudwatch_logs: [
    { action: 'logs:FilterLogEvents', on: 'log_group' },
    {
      action: 'ec2:DescribeFlowLogs',
      on: 'region',
      when: 'for flow logs, unless `format:` is declared',
    },
  ],
  ec2: [
    ...describing([
      'DescribeInstances',
      'DescribeNetworkInterfaces',
      'DescribeSecurityGroups',
      'DescribeSecurityGroupRules',
      'DescribeSubnets',
      'DescribeVpcs',
      'DescribeNetworkAcls',
      'DescribeFlowLogs',
      'DescribeManagedPrefixLists',
      'GetManagedPrefixListEntries',
    ]),
    ...describing(
      ['DescribeTransitGateways', 'DescribeTransitGatewayAttachments'],
      'not for the inventory commands above',
    ),
  ],
  'signature.kms_key': [
    { action: 'kms:GetPublicKey', on: 'key' },
    { action: 'kms:Sign', on: 'key' },
  ],
  'verify --sources': [
    ...READING_S3,
    { action: 's3:GetObjectVersion', on: 'objects', when: 'where the bucket has versions' },
  ],
  init: describing(['DescribeFlowLogs', 'DescribeVpcs']),
  notifications: [
    { action: 'sns:Publish', on: 'topic', when: 'with `sns`' },
    { action: 'ses:SendEmail', on: 'identity', when: 'with `email` by SES' },
  ],
  role_arn: [{ action: 'sts:AssumeRole', on: 'role' }],
};

const ON: Readonly<Record<Scope, string>> = {
  bucket: 'the bucket',
  objects: 'its objects',
  object_key: 'the key of its objects',
  log_group: 'the log group',
  region: 'any, in the Region',
  key: 'the key',
  topic: 'the topic',
  identity: 'the identity of the sender',
  role: 'the role; the role itself needs those above',
  workgroup: 'the workgroup',
  catalog: 'the Glue catalog, the two databases and their tables',
};

/** The README's table, line by line: one row a key and what its permissions are needed on and when. */
export function permissionTable(): string[] {
  const rows = Object.entries(PERMISSIONS).flatMap(([key, permissions]) => {
    const groups = new Map<string, string[]>();
    for (const { action, on, when } of permissions) {
      const end = `${ON[on]} | ${when === undefined ? '' : `${when} `}|`;
      groups.set(end, [...(groups.get(end) ?? []), `\`${action}\``]);
    }
    const name = /^[a-z0-9_]+$/.test(key) && key !== 'init' ? `${key}:` : key;
    return [...groups].map(([end, actions]) => `| \`${name}\` | ${actions.join(', ')} | ${end}`);
  });
  return ['| For | Permission | On | When |', '|---|---|---|---|', ...rows];
}

/** An entry of an IAM policy. */
export type Statement = {
  Effect: 'Allow';
  Action: readonly string[];
  Resource: readonly string[];
  Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
};

/** What a call is about: whatever of it is known. */
export type Target = {
  region: string;
  accountId?: string | undefined;
  bucket?: string;
  /** Of the keys. */
  prefix?: string;
  logGroup?: string;
  roleArn?: string;
  keyArn?: string;
  /** Of a key that is asked for by it. */
  keyAlias?: string;
};

/** The least that allows the actions of one key of the configuration on a target. */
export function statementsFor(
  key: PermissionKey,
  actions: readonly string[],
  target: Target,
): Statement[] {
  const needed = PERMISSIONS[key].filter(({ action }) => actions.includes(action));
  const scopes = [...new Set(needed.map(({ on }) => on))];
  return scopes.map((on) => ({
    Effect: 'Allow',
    Action: needed.filter((one) => one.on === on).map(({ action }) => action),
    ...limitsOf(on, target),
  }));
}

type Limits = Pick<Statement, 'Resource' | 'Condition'>;

function limitsOf(on: Scope, target: Target): Limits {
  const { region, accountId = '*', bucket = '', prefix = '', logGroup = '' } = target;
  const arn = `arn:${partitionOf(region)}`;
  switch (on) {
    case 'topic':
      return { Resource: [`${arn}:sns:${region}:${accountId}:*`] };
    case 'identity':
      return { Resource: [`${arn}:ses:${region}:${accountId}:identity/*`] };
    case 'bucket':
      return {
        Resource: [`${arn}:s3:::${bucket}`],
        ...(prefix === ''
          ? {}
          : { Condition: { StringLike: { 's3:prefix': [`${literal(prefix)}*`] } } }),
      };
    case 'objects':
      return { Resource: [`${arn}:s3:::${bucket}/${literal(prefix)}*`] };
    case 'object_key':
      return {
        Resource: [target.keyArn ?? `${arn}:kms:${region}:${accountId}:key/*`],
        Condition: { StringEquals: { 'kms:ViaService': [`s3.${region}.${domainOf(region)}`] } },
      };
    case 'log_group':
      return { Resource: [`${arn}:logs:${region}:${accountId}:log-group:${literal(logGroup)}:*`] };
    case 'region':
      return { Resource: ['*'], Condition: { StringEquals: { 'aws:RequestedRegion': [region] } } };
    case 'key':
      return {
        Resource: [target.keyArn ?? `${arn}:kms:${region}:${accountId}:key/*`],
        ...(target.keyAlias === undefined
          ? {}
          : { Condition: { StringEquals: { 'kms:RequestAlias': [target.keyAlias] } } }),
      };
    case 'workgroup':
      return { Resource: [`${arn}:athena:${region}:${accountId}:workgroup/*`] };
    case 'catalog': {
      const glue = `${arn}:glue:${region}:${accountId}`;
      return { Resource: [`${glue}:catalog`, `${glue}:database/*`, `${glue}:table/*`] };
    }
    case 'role':
      return { Resource: [target.roleArn ?? '*'] };
  }
}

/** A text that IAM would otherwise read as a pattern or a variable ("Policy variables", IAM User Guide). */
export function literal(text: string): string {
  return text.replace(/[*?$]/g, (character) => `\${${character}}`);
}

/** The partition that a Region is of. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}
