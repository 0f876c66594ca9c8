/** What a failed call to AWS says: that it may not be made, and what would allow it, or that nothing is known. */

import { type PermissionKey, type Statement, statementsFor, type Target } from '../permissions.ts';
import { type Failure, failureText } from './aws-probe.ts';
import type { Check } from './check.ts';

/** Stands for the identity that a call was made as, until that is known. */
export const ANYONE = 'whoever runs flowproof';

/** A check of a call that failed, with the statements that would allow it where it was denied. */
export function failedCall(
  about: Pick<Check, 'check' | 'subject'>,
  operation: string,
  failure: Failure,
  key: PermissionKey,
  target: Target,
): Check {
  const found = failureText(operation, failure);
  switch (failure.kind) {
    case 'denied': {
      const action = failure.deniedAction ?? about.check;
      const statements: Statement[] = statementsFor(key, [action], {
        ...target,
        ...(failure.keyArn === undefined ? {} : { keyArn: failure.keyArn }),
      });
      return {
        ...about,
        verdict: 'problem',
        found,
        fix: `Allow ${action} to ${ANYONE}`,
        ...(statements.length > 0 ? { statements } : {}),
      };
    }
    case 'throttled':
      return {
        ...about,
        verdict: 'warning',
        found: `${found}; tried three times, so the permission is not known`,
        fix: 'flowproof doctor, again later',
      };
    case 'unreachable':
      return { ...about, verdict: 'not_checked', found };
    case 'not_authenticated':
      return {
        ...about,
        verdict: 'problem',
        found,
        fix: 'Correct the credentials, or the clock if the check of it says so: aws sts get-caller-identity',
      };
    case 'wrong_region':
    case 'missing':
    case 'failed':
      return {
        ...about,
        verdict: 'problem',
        found,
        fix: 'Correct the entry of the configuration by what AWS says',
      };
  }
}
