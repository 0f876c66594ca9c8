/** The roles of the task and its schedule: each may do what it must, and nothing else. */
import { ACCOUNT, arnOf, hole, type Node, PARTITION, ref, sub } from './cloudformation.ts';
import type { Statement } from './permissions.ts';

/** `FLOWPROOF_WEBHOOK_SECRET` as `SecretFLOWPROOFx5fWEBHOOKx5fSECRET`: letters and digits alone. */
export const secretParameter = (name: string): string => `Secret${name.replaceAll('_', 'x5f')}`;

const trust = (service: string, condition?: Node): Node => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      ...(condition === undefined ? {} : { Condition: condition }),
    },
  ],
});

const policy = (name: string, statements: readonly Node[]): Node => ({
  PolicyName: name,
  PolicyDocument: { Version: '2012-10-17', Statement: statements },
});

/** ARNs with the pseudo parameters of the template filled in; what else looks like one stays. */
function filledIn(statement: Statement): Node {
  const resources = statement.Resource.map((arn) => {
    const escaped = arn.replace(/\$\{(?!AWS::)/g, () => '$' + '{!');
    return escaped.includes('${') ? sub(escaped) : escaped;
  });
  return { ...statement, Resource: resources };
}

/** What flowproof itself may do: read its sources, and write to its folders. */
export function taskRole(statements: readonly Statement[], mountCount: number): Node {
  const fileSystem = `arn:${PARTITION}:elasticfilesystem:${hole('AWS::Region')}:${ACCOUNT}:file-system/${hole('FileSystemId')}`;
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') },
      }),
      Policies: [
        policy('flowproof', [
          ...statements.map(filledIn),
          {
            'Fn::If': [
              'HasSourceKeys',
              {
                Sid: 'DecryptSources',
                Effect: 'Allow',
                Action: ['kms:Decrypt'],
                Resource: ref('SourceKmsKeyArns'),
              },
              ref('AWS::NoValue'),
            ],
          },
        ]),
        policy('flowproof-files', [
          {
            Effect: 'Allow',
            Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
            Resource: sub(fileSystem),
            Condition: {
              StringEquals: {
                'elasticfilesystem:AccessPointArn': Array.from({ length: mountCount }, (_, index) =>
                  arnOf(`AccessPoint${index}`),
                ),
              },
            },
          },
        ]),
      ],
    },
  };
}

/** What starts the container: pulls the image, writes its log, and brings its secrets. */
export function executionRole(secrets: readonly string[]): Node {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
      ManagedPolicyArns: [
        sub(`arn:${PARTITION}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy`),
      ],
      ...(secrets.length === 0
        ? {}
        : {
            Policies: [
              policy('flowproof-secrets', [
                {
                  Effect: 'Allow',
                  Action: ['secretsmanager:GetSecretValue'],
                  Resource: secrets.map((name) => ref(secretParameter(name))),
                },
              ]),
            ],
          }),
    },
  };
}

/** What may start the task, by this schedule's account alone. */
export function schedulerRole(): Node {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trust('scheduler.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') },
      }),
      Policies: [
        policy('flowproof-start', [
          {
            Effect: 'Allow',
            Action: ['ecs:RunTask'],
            Resource: ref('TaskDefinition'),
            Condition: { ArnEquals: { 'ecs:cluster': ref('ClusterArn') } },
          },
          {
            Effect: 'Allow',
            Action: ['iam:PassRole'],
            Resource: [arnOf('TaskRole'), arnOf('ExecutionRole')],
            Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
          },
        ]),
      ],
    },
  };
}
