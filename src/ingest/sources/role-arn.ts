/** What the ARN of a role says, without the AWS SDK. */

/** The account that owns a role; undefined for what is no ARN of a role. */
export function accountOfRole(roleArn: string | undefined): string | undefined {
  return /^arn:[a-z-]+:iam::(\d{12}):role\//.exec(roleArn ?? '')?.[1];
}
