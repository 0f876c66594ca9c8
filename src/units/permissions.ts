/**
 * The permissions that a run with a configuration needs, as statements of IAM policies: those that the
 * README names for each source, for its resources alone.
 */
import type { Config } from '../config.ts';
import { literal, PERMISSIONS } from '../permissions.ts';
import { type RemotePlace, remoteOf } from '../remote-lake/place.ts';

export type Statement = {
  Sid: string;
  Effect: 'Allow';
  Action: readonly string[];
  Resource: readonly string[];
  Condition?: Record<string, Record<string, string | readonly string[]>>;
};

export type Permissions = {
  /** Of whoever runs flowproof. */
  own: Statement[];
  /** Of each role that it assumes, by its ARN. */
  ofRoles: Map<string, Statement[]>;
};

const EC2_ACTIONS = PERMISSIONS.ec2.map(({ action }) => action).sort();

/** Where a statement's resources are: parts of an ARN. */
type Place = { partition: string; account: string };

/** `own` is the place of whoever runs it, such as the pseudo parameters of CloudFormation. */
export function permissionsOf(config: Config, own: Place): Permissions {
  const permissions: Permissions = { own: [], ofRoles: new Map() };
  const { flow_logs: flowLogs, ips_events: ipsEvents, inventory, cloudtrail } = config.sources;
  for (const [kind, sources] of Object.entries({ flowLogs, ipsEvents, inventory, cloudtrail })) {
    for (const [index, source] of sources.entries()) {
      const roles = [source.role_arn ?? []].flat();
      const sid = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}${index}`;
      const isFlowLog = kind === 'flowLogs';
      if (roles.length === 0) {
        permissions.own.push(...sourceStatements(source, { sid, isFlowLog, place: own }));
      }
      for (const role of roles) {
        const [, partition = '', , , account = ''] = role.split(':');
        const statements = sourceStatements(source, {
          sid,
          isFlowLog,
          place: { partition, account },
        });
        permissions.ofRoles.set(role, [...(permissions.ofRoles.get(role) ?? []), ...statements]);
      }
    }
  }
  const lake = remoteOf(config.lake);
  if (lake) {
    const role = lake.roleArn;
    const statements = lakeStatements(lake, role?.split(':')[1] ?? own.partition);
    if (role === undefined) permissions.own.push(...statements);
    else permissions.ofRoles.set(role, [...(permissions.ofRoles.get(role) ?? []), ...statements]);
  }
  if (config.athena && lake) {
    const role = config.athena.role_arn ?? lake.roleArn;
    const statements = athenaStatements(config.athena, lake, placeOfRole(role) ?? own);
    if (role === undefined) permissions.own.push(...statements);
    else permissions.ofRoles.set(role, [...(permissions.ofRoles.get(role) ?? []), ...statements]);
  }
  const roles = [...permissions.ofRoles.keys()].sort();
  if (roles.length > 0) permissions.own.push(allow('AssumeRoles', ['sts:AssumeRole'], roles));
  permissions.own.push(...signatureStatements(config, own), ...notifyStatements(config, own));
  return permissions;
}

type Source = {
  s3?: string | undefined;
  cloudwatch_logs?: string | undefined;
  ec2?: readonly string[] | undefined;
  region?: string | undefined;
  format?: string | undefined;
};

function sourceStatements(
  source: Source,
  { sid, isFlowLog, place }: { sid: string; isFlowLog: boolean; place: Place },
): Statement[] {
  const { partition, account } = place;
  if (source.s3 !== undefined) {
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(source.s3) ?? [];
    const arn = `arn:${partition}:s3:::${bucket}`;
    return [
      allow(`${sid}List`, ['s3:ListBucket'], [arn]),
      allow(`${sid}Get`, ['s3:GetObject'], [`${arn}/${literal(prefix)}*`]),
    ];
  }
  if (source.cloudwatch_logs !== undefined) {
    const arn = `arn:${partition}:logs:${source.region}:${account}:log-group:${literal(source.cloudwatch_logs)}`;
    return [
      allow(`${sid}Filter`, ['logs:FilterLogEvents'], [arn, `${arn}:*`]),
      ...(isFlowLog && source.format === undefined
        ? [inRegions(allow(`${sid}Format`, ['ec2:DescribeFlowLogs'], ['*']), [source.region ?? ''])]
        : []),
    ];
  }
  if (source.ec2 !== undefined) {
    return [inRegions(allow(`${sid}Describe`, EC2_ACTIONS, ['*']), source.ec2)];
  }
  return [];
}

function lakeStatements({ bucket, prefix }: RemotePlace, partition: string): Statement[] {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const actions = ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'];
  return [
    allow('LakeList', ['s3:ListBucket'], [arn]),
    allow('LakeObjects', actions, [`${arn}/${literal(prefix)}*`]),
  ];
}

function placeOfRole(role: string | undefined): Place | undefined {
  const [, partition = '', , , account = ''] = role?.split(':') ?? [];
  return role === undefined ? undefined : { partition, account };
}

function athenaStatements(
  athena: NonNullable<Config['athena']>,
  lake: RemotePlace,
  { partition, account }: Place,
): Statement[] {
  const { workgroup, database, output } = athena;
  const region = athena.region ?? lake.region;
  const glue = `arn:${partition}:glue:${region}:${account}`;
  const databases = [database, `${database}_work`];
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(output ?? '') ?? [];
  const actionsOn = (on: 'workgroup' | 'catalog'): string[] =>
    PERMISSIONS.athena
      .filter((one) => one.on === on)
      .map(({ action }) => action)
      .sort();
  return [
    allow('AthenaStatements', actionsOn('workgroup'), [
      `arn:${partition}:athena:${region}:${account}:workgroup/${workgroup}`,
    ]),
    allow('AthenaTables', actionsOn('catalog'), [
      `${glue}:catalog`,
      ...databases.flatMap((name) => [`${glue}:database/${name}`, `${glue}:table/${name}/*`]),
    ]),
    allow(
      'AthenaBuckets',
      ['s3:GetBucketLocation'],
      [...new Set([lake.bucket, bucket ?? lake.bucket])].map(
        (name) => `arn:${partition}:s3:::${name}`,
      ),
    ),
    // Without `output` the workgroup says where results go, which is not known here.
    ...(bucket === undefined
      ? []
      : [
          allow(
            'AthenaResults',
            ['s3:GetObject', 's3:PutObject'],
            [`arn:${partition}:s3:::${bucket}/${literal(prefix)}*`],
          ),
        ]),
  ];
}

function signatureStatements({ signature }: Config, own: Place): Statement[] {
  const key = signature?.kms_key;
  if (key === undefined) return [];
  const actions = ['kms:GetPublicKey', 'kms:Sign'];
  const { partition, account } = own;
  const [place, alias] = key.startsWith('arn:')
    ? [key.split(':').slice(0, 5).join(':'), /:(alias\/.*)$/.exec(key)?.[1]]
    : [
        `arn:${partition}:kms:${signature?.region}:${account}`,
        key.startsWith('alias/') ? key : undefined,
      ];
  if (alias === undefined) {
    return [allow('Sign', actions, [key.startsWith('arn:') ? key : `${place}:key/${key}`])];
  }
  // Permissions are of keys, never of aliases: the condition names the alias that it is asked for by.
  const statement = allow('Sign', actions, [`${place}:key/*`]);
  return [{ ...statement, Condition: { StringEquals: { 'kms:RequestAlias': alias } } }];
}

function notifyStatements({ notifications }: Config, own: Place): Statement[] {
  const topics = notifications.map(({ sns }) => sns).filter((arn) => arn !== undefined);
  const senders = notifications
    .map(({ email }) => email)
    .filter((email) => email?.ses !== undefined);
  const addresses = [...new Set(senders.map((email) => email?.from ?? ''))].sort();
  const regions = [...new Set(senders.map((email) => email?.ses?.region ?? ''))].sort();
  return [
    ...(topics.length === 0
      ? []
      : [allow('Publish', ['sns:Publish'], [...new Set(topics)].sort())]),
    ...(senders.length === 0
      ? []
      : [
          {
            ...allow(
              'SendEmail',
              ['ses:SendEmail'],
              regions.map(
                (region) => `arn:${own.partition}:ses:${region}:${own.account}:identity/*`,
              ),
            ),
            Condition: { StringEquals: { 'ses:FromAddress': addresses } },
          },
        ]),
  ];
}

function allow(sid: string, actions: readonly string[], resources: readonly string[]): Statement {
  return { Sid: sid, Effect: 'Allow', Action: actions, Resource: resources };
}

function inRegions(statement: Statement, regions: readonly string[]): Statement {
  const names = [...new Set(regions)].sort();
  return { ...statement, Condition: { StringEquals: { 'aws:RequestedRegion': names } } };
}
