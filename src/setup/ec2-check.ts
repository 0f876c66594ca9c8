/** An account and Region of an `ec2:` entry, tried: each describe call once, with five results at most. */
import type { EC2Client } from '@aws-sdk/client-ec2';
import { EC2_CALLS, entriesCall } from '../ingest/sources/ec2-calls.ts';
import { statementsFor, type Target } from '../permissions.ts';
import { type Failure, failureText, probe, type Sleep } from './aws-probe.ts';
import type { Check } from './check.ts';
import { ANYONE, failedCall } from './failed-call.ts';

/** The least that most describe calls allow. */
const RESULTS = 5;

/** One check a place: what is allowed is counted, what is denied is named. */
export async function checkEc2Calls(
  client: EC2Client,
  { source, place, target }: { source: string; place: string; target: Target },
  sleep: Sleep,
): Promise<{ checks: Check[]; failures: Failure[] }> {
  const subject = `${source} ${place}`;
  const about = { check: 'ec2', subject };
  const tried: string[] = [];
  const failed: { action: string; operation: string; failure: Failure }[] = [];
  let prefixListId: string | undefined;
  const calls = [...EC2_CALLS];
  for (const call of calls) {
    const answer = await probe(() => call.send(client, { MaxResults: RESULTS }), sleep);
    const action = `ec2:${call.operation}`;
    if ('failure' in answer) {
      failed.push({ action, operation: call.operation, failure: answer.failure });
      // Without a network, or with a wrong key, the others would fail alike.
      if (['unreachable', 'not_authenticated'].includes(answer.failure.kind)) break;
      continue;
    }
    tried.push(action);
    if (call.key === 'PrefixLists' && prefixListId === undefined) {
      prefixListId = idOf(answer.value.items?.[0]);
      if (prefixListId !== undefined) calls.push(entriesCall(prefixListId));
    }
  }
  const checks: Check[] = [];
  const denied = failed.filter(({ failure }) => failure.kind === 'denied');
  if (denied.length > 0) {
    const actions = denied.map(({ action }) => action);
    checks.push({
      ...about,
      verdict: 'problem',
      found: `denied: ${actions.join(', ')} (${failureText(denied[0]?.operation ?? '', denied[0]?.failure as Failure)})`,
      fix: `Allow ${actions.join(', ')} to ${ANYONE}`,
      statements: statementsFor('ec2', actions, target),
    });
  }
  for (const { action, operation, failure } of failed) {
    if (failure.kind === 'denied') continue;
    checks.push(failedCall({ check: action, subject }, operation, failure, 'ec2', target));
  }
  if (tried.length > 0) {
    checks.push({
      ...about,
      verdict: 'ok',
      found:
        failed.length === 0
          ? `all ${tried.length} calls are allowed`
          : `allowed: ${tried.join(', ')}`,
    });
  }
  return { checks, failures: failed.map(({ failure }) => failure) };
}

function idOf(prefixList: unknown): string | undefined {
  const id = (prefixList as { PrefixListId?: unknown } | undefined)?.PrefixListId;
  return typeof id === 'string' ? id : undefined;
}
