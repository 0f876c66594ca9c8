/**
 * Credentials of an assumed role: how logs of other accounts are read ("AssumeRole", AWS STS API
 * Reference). The caller's own credentials come from the SDK's standard chain.
 */
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { FlowproofError, messageOf } from '../../errors.ts';

/**
 * A provider that assumes a role when a client first needs it, and again before its session ends.
 * The endpoint is that of STS in `region`, or AWS_ENDPOINT_URL_STS.
 *
 * The provider throws FlowproofError SOURCE_UNREACHABLE, naming the role and sts:AssumeRole.
 */
export function assumedRole(options: {
  roleArn: string;
  externalId?: string;
  region: string;
  sessionName?: string;
}): AwsCredentialIdentityProvider {
  const { roleArn, externalId, region, sessionName = 'flowproof' } = options;
  const assume = fromTemporaryCredentials({
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig: {
      region,
      requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    },
  });
  return async () => {
    try {
      return await assume();
    } catch (thrown) {
      const name = thrown instanceof Error ? thrown.name : 'Error';
      throw new FlowproofError('SOURCE_UNREACHABLE', {
        place: roleArn,
        problem: `AssumeRole failed with ${name}: ${messageOf(thrown)}`,
        remedy:
          'The identity that runs flowproof needs sts:AssumeRole on this role, and the trust policy ' +
          'of the role must name that identity, with the same `external_id` if it asks for one.',
        cause: thrown,
      });
    }
  };
}
