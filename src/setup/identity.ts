/** Who asks AWS: the caller's credentials, and the roles that it may assume. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { accountOfRole } from '../ingest/sources/role-arn.ts';
import { type Statement, statementsFor } from '../permissions.ts';
import type { AwsClients, Identity } from './aws-clients.ts';
import { type Failure, failureText, probe, type Sleep } from './aws-probe.ts';
import type { Check } from './check.ts';
import { failedCall } from './failed-call.ts';

export type Caller = {
  check: Check;
  /** False without credentials: then no call is worth trying. */
  hasCredentials: boolean;
  accountId?: string;
  arn?: string;
  failure?: Failure;
};

/** Asks STS who the caller is, which needs no permission ("GetCallerIdentity", AWS STS API Reference). */
export async function checkCaller(
  clients: AwsClients,
  region: string,
  sleep: Sleep,
): Promise<Caller> {
  const about = { check: 'credentials', subject: '' };
  const credentials = await probe(clients.ownCredentials, sleep);
  if ('failure' in credentials) {
    const check: Check = {
      ...about,
      verdict: 'problem',
      found: `none found: ${credentials.failure.message}`,
      fix: 'aws configure sso, then: export AWS_PROFILE=NAME; on EC2, ECS or Lambda: give the machine a role',
    };
    return { check, hasCredentials: false };
  }
  const answer = await probe(
    () => clients.sts(region).send(new GetCallerIdentityCommand({})),
    sleep,
  );
  if ('failure' in answer) {
    const { failure } = answer;
    const found = failureText('GetCallerIdentity', failure);
    const isOffline = failure.kind === 'unreachable' || failure.kind === 'throttled';
    return {
      check: isOffline
        ? { ...about, verdict: 'not_checked', found }
        : {
            ...about,
            verdict: 'problem',
            found,
            fix: 'Sign in again (aws sso login), or correct the clock if the check of it says so',
          },
      hasCredentials: true,
      failure,
    };
  }
  const { Account: accountId, Arn: arn } = answer.value;
  return {
    check: { ...about, verdict: 'ok', found: `account ${accountId}, ${arn}` },
    hasCredentials: true,
    ...(accountId === undefined ? {} : { accountId }),
    ...(arn === undefined ? {} : { arn }),
  };
}

/** Tries to assume a role; what it may do is tried with its credentials afterwards. */
export async function checkRole(
  clients: AwsClients,
  identity: NonNullable<Identity>,
  { region, callerArn }: { region: string; callerArn: string | undefined },
  sleep: Sleep,
): Promise<{ check: Check; failure?: Failure }> {
  const { roleArn, externalId } = identity;
  const about = { check: 'sts:AssumeRole', subject: roleArn };
  const answer = await probe(() => clients.assume(identity, region), sleep);
  if (!('failure' in answer)) {
    return {
      check: { ...about, verdict: 'ok', found: `allowed; account ${accountOfRole(roleArn)}` },
    };
  }
  const { failure } = answer;
  const check = failedCall(about, 'AssumeRole', failure, 'role_arn', { region, roleArn });
  if (failure.kind !== 'denied') return { check, failure };
  const trust = `${externalId === undefined ? '' : `, with sts:ExternalId "${externalId}"`}`;
  const statements: Statement[] = statementsFor('role_arn', ['sts:AssumeRole'], {
    region,
    roleArn,
  });
  return {
    check: {
      ...check,
      fix:
        `Allow sts:AssumeRole to ${callerArn ?? 'whoever runs flowproof'}, and let the role's trust policy name it as ` +
        `{"Principal": {"AWS": "${trustedArn(callerArn)}"}}${trust}`,
      statements,
    },
    failure,
  };
}

/** What a trust policy names: the role, not the session of it that asks. */
function trustedArn(callerArn: string | undefined): string {
  const session = /^(arn:[a-z-]+):sts::(\d{12}):assumed-role\/([\w+=,.@-]+)\//.exec(
    callerArn ?? '',
  );
  if (session) return `${session[1]}:iam::${session[2]}:role/${session[3]}`;
  return callerArn ?? 'ARN';
}
