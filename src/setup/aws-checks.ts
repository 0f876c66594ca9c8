/**
 * Each call that the configuration needs of AWS, tried once, a few entries side by side. Nothing here
 * changes anything: the calls list, describe, and read the first bytes of an object.
 */
import { LOG_TREES } from '../ingest/log-tree.ts';
import { accountOfRole } from '../ingest/sources/role-arn.ts';
import { createTurnstile } from '../ingest/sources/s3-download.ts';
import { partitionOf } from '../permissions.ts';
import type { AwsClients, Identity } from './aws-clients.ts';
import { type Need, placeText } from './aws-needs.ts';
import type { Failure, Sleep } from './aws-probe.ts';
import type { Check } from './check.ts';
import { checkClock } from './clock.ts';
import { checkEc2Calls } from './ec2-check.ts';
import { ANYONE } from './failed-call.ts';
import { type Caller, checkCaller, checkRole } from './identity.ts';
import { checkKmsKey } from './kms-check.ts';
import { checkGroupFlowLogs, checkLogGroup } from './logs-check.ts';
import { checkS3Entry } from './s3-check.ts';

/** Entries tried at once. */
const AT_ONCE = 4;

/** How the newest object of an entry of flow logs begins. */
export type ObjectHead = { source: string; uri: string; key: string; head: Buffer };

export type AwsOutcome = {
  checks: Check[];
  accountId: string | undefined;
  /** Why nothing can be asked as this identity; undefined if it can. */
  refusalOf(identity: Identity): string | undefined;
  heads: ObjectHead[];
};

type Tried = { checks: Check[]; failures: Failure[]; head?: ObjectHead };

export async function checkAws(
  needs: readonly Need[],
  clients: AwsClients,
  sleep: Sleep,
): Promise<AwsOutcome> {
  const caller = await checkCaller(clients, needs[0]?.region ?? '', sleep);
  const takeTurn = createTurnstile(AT_ONCE);
  const refusals = new Map<string, string>();
  const checks: Check[] = [caller.check];
  const failures: Failure[] = caller.failure ? [caller.failure] : [];
  if (caller.hasCredentials) {
    const roles = await Promise.all(
      rolesOf(needs).map(({ identity, region }) =>
        takeTurn(async () => ({
          ...(await checkRole(clients, identity, { region, callerArn: caller.arn }, sleep)),
          identity,
        })),
      ),
    );
    for (const { check, failure, identity } of roles) {
      checks.push(check);
      if (!failure) continue;
      failures.push(failure);
      refusals.set(keyOf(identity), `the role ${identity.roleArn} could not be assumed`);
    }
  }
  const refusalOf = (identity: Identity): string | undefined =>
    caller.hasCredentials ? refusals.get(keyOf(identity)) : 'there are no credentials';
  const tried = await Promise.all(
    needs.map((need) =>
      takeTurn(async (): Promise<Tried> => {
        const refusal = refusalOf(need.identity);
        return refusal === undefined
          ? named(await tryNeed(need, clients, caller, sleep), need.identity?.roleArn ?? caller.arn)
          : { checks: [untried(need, caller, refusal)], failures: [] };
      }),
    ),
  );
  checks.push(...tried.flatMap((one) => one.checks));
  failures.push(...tried.flatMap((one) => one.failures));
  const network = checkNetwork(clients, failures);
  const whyNoClock = 'no answer of AWS gave its time';
  return {
    checks: [checkClock(clients.clockReadings, whyNoClock), ...network, ...checks],
    accountId: caller.accountId,
    refusalOf,
    heads: tried.flatMap(({ head }) => (head ? [head] : [])),
  };
}

/** Whom to allow what was denied. */
function named(tried: Tried, arn: string | undefined): Tried {
  if (arn === undefined) return tried;
  const checks = tried.checks.map((check) =>
    check.fix === undefined ? check : { ...check, fix: check.fix.replace(ANYONE, () => arn) },
  );
  return { ...tried, checks };
}

/** One problem for all, where no endpoint answered: each call by itself says that it was not checked. */
function checkNetwork(clients: AwsClients, failures: readonly Failure[]): Check[] {
  const [first] = failures.filter(({ kind }) => kind === 'unreachable');
  if (first === undefined) return [];
  const about = { check: 'network', subject: 'AWS' };
  const why = `${first.name}: ${first.message}`;
  const fix =
    'Let this machine reach the endpoints of AWS over HTTPS, by HTTPS_PROXY or VPC endpoints; see: curl -sI https://sts.amazonaws.com';
  if (clients.clockReadings.length > 0) {
    return [{ ...about, verdict: 'warning', found: `some endpoints did not answer (${why})`, fix }];
  }
  return [{ ...about, verdict: 'problem', found: `no endpoint answered (${why})`, fix }];
}

const keyOf = (identity: Identity): string =>
  `${identity?.roleArn ?? ''} ${identity?.externalId ?? ''}`;

/** Each role once, with the Region that it is first assumed in. */
function rolesOf(needs: readonly Need[]): { identity: NonNullable<Identity>; region: string }[] {
  const roles = new Map<string, { identity: NonNullable<Identity>; region: string }>();
  for (const { identity, region } of needs) {
    if (identity && !roles.has(keyOf(identity))) roles.set(keyOf(identity), { identity, region });
  }
  return [...roles.values()];
}

function untried(need: Need, caller: Caller, why: string): Check {
  const subjects: Record<Need['of'], string> = {
    s3: need.of === 's3' ? need.uri : '',
    log_group: need.of === 'log_group' ? `${need.logGroup} in ${need.region}` : '',
    ec2: placeText(need, caller.accountId),
    key: need.of === 'key' ? need.key : '',
  };
  const checks = {
    s3: 's3:ListBucket',
    log_group: 'logs:FilterLogEvents',
    ec2: 'ec2',
    key: 'kms:GetPublicKey',
  };
  const subject = `${need.source} ${subjects[need.of]}`;
  return { check: checks[need.of], subject, verdict: 'not_checked', found: why };
}

async function tryNeed(
  need: Need,
  clients: AwsClients,
  caller: Caller,
  sleep: Sleep,
): Promise<Tried> {
  const { source, region, identity } = need;
  const accountId = accountOfRole(identity?.roleArn) ?? caller.accountId;
  switch (need.of) {
    case 's3': {
      const client = await clients.s3(region, identity);
      const { uri, isRequesterPays, kind } = need;
      const entry = { source, uri, region, accountId, isRequesterPays, tree: LOG_TREES[kind] };
      const { checks, newest, failures } = await checkS3Entry(client, entry, sleep);
      const head = newest && kind === 'flow_logs' ? { source, ...newest } : undefined;
      return { checks, failures, ...(head ? { head } : {}) };
    }
    case 'log_group': {
      const entry = { source, logGroup: need.logGroup, region, accountId };
      const answers = [
        await checkLogGroup(await clients.logs(region, identity), entry, sleep),
        ...(need.needsFlowLogs
          ? [await checkGroupFlowLogs(await clients.ec2(region, identity), entry, sleep)]
          : []),
      ];
      return {
        checks: answers.map(({ check }) => check),
        failures: answers.flatMap(({ failure }) => (failure ? [failure] : [])),
      };
    }
    case 'ec2': {
      const place = placeText(need, caller.accountId);
      const client = await clients.ec2(region, identity);
      return checkEc2Calls(client, { source, place, target: { region, accountId } }, sleep);
    }
    case 'key': {
      const { key } = need;
      const named = key.startsWith('alias/') ? { keyAlias: key } : arnOf(key, region, accountId);
      const client = await clients.kms(region);
      const target = { region, accountId, ...named };
      const { checks, failure } = await checkKmsKey(client, { key, target }, sleep);
      return { checks, failures: failure ? [failure] : [] };
    }
  }
}

/** What a policy names of a key: its ARN, or its alias. */
function arnOf(
  key: string,
  region: string,
  accountId: string | undefined,
): { keyArn?: string; keyAlias?: string } {
  const alias = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(alias\/.+)$/.exec(key)?.[1];
  if (alias !== undefined) return { keyAlias: alias };
  if (key.startsWith('arn:')) return { keyArn: key };
  return accountId === undefined
    ? {}
    : { keyArn: `arn:${partitionOf(region)}:kms:${region}:${accountId}:key/${key}` };
}
