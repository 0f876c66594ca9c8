/**
 * EventBridge Scheduler and a task of Amazon ECS on Fargate, as a CloudFormation template. Every path is
 * what it is on this machine; its folders lie on one file system of Amazon EFS. Functions of the template
 * are written in their long form, so that any reader of YAML takes it.
 */
import { FlowproofError } from '../errors.ts';
import { secretVariables } from '../notify-schema.ts';
import { ACCOUNT, arnOf, type Node, PARTITION, ref } from './cloudformation.ts';
import { executionRole, schedulerRole, secretParameter, taskRole } from './eventbridge-roles.ts';
import type { Every } from './every.ts';
import { permissionsOf } from './permissions.ts';
import { outermost, readFolders, writtenFolders } from './places.ts';
import type { UnitFile, UnitInput } from './unit-file.ts';
import { yamlText } from './yaml-text.ts';

const USER = 1000;

export function eventbridgeFiles(input: UnitInput): UnitFile[] {
  const { config, image } = input;
  const mounts = outermost([config.folder, ...writtenFolders(config), ...readFolders(config)]);
  if (mounts.includes('/')) {
    throw new FlowproofError('USAGE', {
      place: config.path,
      problem: 'it reads or writes the root folder itself, which cannot be a mounted file system',
      remedy: 'Put configuration, lake, output and logs into folders of their own.',
    });
  }
  const secrets = secretVariables(config.notifications);
  const { own, ofRoles } = permissionsOf(config, { partition: PARTITION, account: ACCOUNT });
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'flowproof: evidence from AWS network logs, as a scheduled task',
    ...(ofRoles.size === 0
      ? {}
      : { Metadata: { PermissionsOfAssumedRoles: Object.fromEntries([...ofRoles].sort()) } }),
    Parameters: parameters(image, secrets),
    Conditions: {
      HasSourceKeys: {
        'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', ref('SourceKmsKeyArns')] }, ''] }],
      },
    },
    Resources: {
      ...Object.fromEntries(mounts.map((_, index) => [`AccessPoint${index}`, accessPoint(index)])),
      LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 400 } },
      TaskRole: taskRole(own, mounts.length),
      ExecutionRole: executionRole(secrets),
      TaskDefinition: taskDefinition(input, mounts, secrets),
      SchedulerRole: schedulerRole(),
      Schedule: schedule(input.every),
    },
    Outputs: { TaskRoleArn: { Value: arnOf('TaskRole') } },
  };
  const head = `# flowproof by EventBridge Scheduler on ECS Fargate. Deploy with:
#   aws cloudformation deploy --stack-name flowproof --capabilities CAPABILITY_IAM --template-file flowproof.cloudformation.yaml \\
#     --parameter-overrides ClusterArn=... SubnetIds=... SecurityGroupIds=... FileSystemId=...
# The folders of the EFS file system, and where the task sees them:
${mounts.map((path, index) => `#   ${rootOf(index)}  ${path}`).join('\n')}
# Put the configuration into place there once. A run that starts while another is at work finds the
# lake's lock and stops.
`;
  return [{ name: 'flowproof.cloudformation.yaml', text: head + yamlText(template) }];
}

const rootOf = (index: number): string => `/flowproof/${index}`;

function parameters(image: string | undefined, secrets: readonly string[]): Node {
  return {
    ClusterArn: { Type: 'String', Description: 'ARN of the ECS cluster' },
    SubnetIds: { Type: 'List<AWS::EC2::Subnet::Id>' },
    SecurityGroupIds: { Type: 'List<AWS::EC2::SecurityGroup::Id>' },
    AssignPublicIp: { Type: 'String', AllowedValues: ['DISABLED', 'ENABLED'], Default: 'DISABLED' },
    FileSystemId: { Type: 'String', Description: 'EFS file system that the subnets reach' },
    Image: {
      Type: 'String',
      Description: 'Container image with flowproof on its path',
      ...(image === undefined ? {} : { Default: image }),
    },
    SourceKmsKeyArns: {
      Type: 'CommaDelimitedList',
      Description: 'KMS keys that encrypt the objects in S3, if any',
      Default: '',
    },
    ...Object.fromEntries(
      secrets.map((name) => [
        secretParameter(name),
        { Type: 'String', Description: `ARN of the Secrets Manager secret that holds ${name}` },
      ]),
    ),
  };
}

function accessPoint(index: number): Node {
  return {
    Type: 'AWS::EFS::AccessPoint',
    Properties: {
      FileSystemId: ref('FileSystemId'),
      PosixUser: { Uid: String(USER), Gid: String(USER) },
      RootDirectory: {
        Path: rootOf(index),
        CreationInfo: { OwnerUid: String(USER), OwnerGid: String(USER), Permissions: '0700' },
      },
    },
  };
}

function taskDefinition(
  { config }: UnitInput,
  mounts: readonly string[],
  secrets: readonly string[],
): Node {
  return {
    Type: 'AWS::ECS::TaskDefinition',
    Properties: {
      Family: 'flowproof',
      RequiresCompatibilities: ['FARGATE'],
      NetworkMode: 'awsvpc',
      Cpu: '1024',
      Memory: '4096',
      TaskRoleArn: arnOf('TaskRole'),
      ExecutionRoleArn: arnOf('ExecutionRole'),
      ContainerDefinitions: [
        {
          Name: 'flowproof',
          Image: ref('Image'),
          Essential: true,
          User: `${USER}:${USER}`,
          EntryPoint: ['flowproof'],
          Command: ['run', '--config', config.path, '--quiet'],
          ReadonlyRootFilesystem: true,
          StopTimeout: 90,
          LinuxParameters: { InitProcessEnabled: true, Capabilities: { Drop: ['ALL'] } },
          MountPoints: [
            ...mounts.map((path, index) => ({
              SourceVolume: `efs-${index}`,
              ContainerPath: path,
              ReadOnly: false,
            })),
          ],
          ...(secrets.length === 0
            ? {}
            : {
                Secrets: secrets.map((name) => ({
                  Name: name,
                  ValueFrom: ref(secretParameter(name)),
                })),
              }),
          LogConfiguration: {
            LogDriver: 'awslogs',
            Options: {
              'awslogs-group': ref('LogGroup'),
              'awslogs-region': ref('AWS::Region'),
              'awslogs-stream-prefix': 'flowproof',
            },
          },
        },
      ],
      Volumes: [
        ...mounts.map((_, index) => ({
          Name: `efs-${index}`,
          EFSVolumeConfiguration: {
            FilesystemId: ref('FileSystemId'),
            TransitEncryption: 'ENABLED',
            AuthorizationConfig: { AccessPointId: ref(`AccessPoint${index}`), IAM: 'ENABLED' },
          },
        })),
      ],
    },
  };
}

function schedule(every: Every): Node {
  const hours = every.kind === 'hourly' ? '*' : every.hour;
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Description: 'flowproof run',
      ScheduleExpression: `cron(${every.minute} ${hours} * * ? *)`,
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 },
      Target: {
        Arn: ref('ClusterArn'),
        RoleArn: arnOf('SchedulerRole'),
        RetryPolicy: { MaximumEventAgeInSeconds: 1800, MaximumRetryAttempts: 3 },
        EcsParameters: {
          TaskDefinitionArn: ref('TaskDefinition'),
          LaunchType: 'FARGATE',
          TaskCount: 1,
          NetworkConfiguration: {
            AwsvpcConfiguration: {
              Subnets: ref('SubnetIds'),
              SecurityGroups: ref('SecurityGroupIds'),
              AssignPublicIp: ref('AssignPublicIp'),
            },
          },
        },
      },
    },
  };
}
