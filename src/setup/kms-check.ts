/** The key of AWS KMS that signs: its public half is asked for, as a run does; nothing is signed. */
import type { KMSClient } from '@aws-sdk/client-kms';
import { FlowproofError } from '../errors.ts';
import type { Target } from '../permissions.ts';
import { kmsSigner } from '../reports/kms-signer.ts';
import { type Failure, probe, type Sleep } from './aws-probe.ts';
import { type Check, shellWord } from './check.ts';
import { failedCall } from './failed-call.ts';

export async function checkKmsKey(
  client: KMSClient,
  { key, target }: { key: string; target: Target },
  sleep: Sleep,
): Promise<{ checks: Check[]; failure?: Failure }> {
  const about = { check: 'kms:GetPublicKey', subject: key };
  const signing = { check: 'kms:Sign', subject: key };
  const answer = await probe(async () => {
    try {
      return await kmsSigner({ key, region: target.region, client });
    } catch (thrown) {
      if (!(thrown instanceof FlowproofError)) throw thrown;
      // Without a cause the call was answered, and the key is of another kind.
      if (thrown.cause === undefined) return thrown;
      throw thrown.cause;
    }
  }, sleep);
  if ('failure' in answer) {
    const { failure } = answer;
    const why = 'nothing is known of the key';
    return {
      checks: [
        failedCall(about, 'GetPublicKey', failure, 'signature.kms_key', target),
        { ...signing, verdict: 'not_checked', found: why },
      ],
      failure,
    };
  }
  if (answer.value instanceof FlowproofError) {
    const { problem, remedy } = answer.value;
    return { checks: [{ ...about, verdict: 'problem', found: problem, fix: remedy }] };
  }
  const { keyId } = answer.value;
  return {
    checks: [
      { ...about, verdict: 'ok', found: `allowed; a key that can sign packs, key id ${keyId}` },
      {
        ...signing,
        verdict: 'not_checked',
        found:
          'a signature is not made to try it; the command below answers DryRunOperationException if it would be',
        fix: `aws kms sign --dry-run --region ${target.region} --key-id ${shellWord(key)} --signing-algorithm ECDSA_SHA_256 --message Zmxvd3Byb29m`,
      },
    ],
  };
}
