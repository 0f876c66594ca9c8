/**
 * Inventory by the EC2 API: each pull of an account and region is an object of its own, a JSON document
 * with every answer, read by the same format as saved answers.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { ObjectHints } from '../format.ts';
import type { Source } from '../source.ts';
import {
  awsClientDefaults,
  failCall,
  fileNameOf,
  pause,
  type Sleep,
  withRetries,
} from './aws-call.ts';
import { assumedRole } from './aws-credentials.ts';
import { type KnownContents, writePull } from './ec2-pull.ts';
import { accountOfRole } from './role-arn.ts';

export type Ec2Options = {
  label: string;
  regions: readonly string[];
  /** Roles to assume, one an account; none for the caller's own account. */
  roleArns?: readonly string[];
  externalId?: string;
  /** The caller's own account, where the configuration says it. */
  accountId?: string;
  /** What the lake holds of a series, so that an unchanged list is not kept again. */
  knownContents: (series: string) => Promise<KnownContents>;
  createClient?: (region: string, roleArn: string | undefined) => EC2Client;
  /** The most that a page may have, where less than AWS allows. */
  pageSize?: number;
  now?: () => Date;
  sleep?: Sleep;
};

/**
 * A source with one object a role and region, `ec2://<account>/<region>/<time>`: listing again gives
 * new URIs. A period that has not begun has nothing.
 *
 * A call that fails leaves its reason in the document, which then is not complete for that type.
 * Fetching throws FlowproofError SOURCE_UNREACHABLE if every call fails; listing, if there are no
 * credentials.
 */
export function ec2Source(options: Ec2Options): Source {
  const { label, regions, roleArns = [], now = () => new Date(), sleep = pause } = options;
  const createClient = options.createClient ?? defaultClient(options.externalId);
  const roles = roleArns.length === 0 ? [undefined] : roleArns;
  return {
    label,
    place: `ec2://${roles.map((role) => accountOfRole(role) ?? options.accountId ?? '').join(',')}/${regions.join(',')}`,
    async *list(period) {
      if (period.start > now()) return;
      for (const role of roles) {
        let accountId = accountOfRole(role) ?? options.accountId;
        for (const region of regions) {
          const client = createClient(region, role);
          accountId ??= await findAccount(client, region, sleep);
          const pulledAt = now();
          const version = pulledAt.toISOString();
          const uri = `ec2://${accountId ?? 'unknown'}/${region}/${version}`;
          const hints: ObjectHints = {
            ...(accountId ? { accountId } : {}),
            region,
            takenAt: pulledAt,
          };
          yield {
            uri,
            version,
            modifiedAt: pulledAt,
            hints,
            async fetch(folder) {
              const path = join(folder, fileNameOf(uri, version));
              const known = await options.knownContents(`${accountId ?? ''}/${region}`);
              await writeFile(path, (file) =>
                writePull(file, {
                  client,
                  uri,
                  accountId,
                  region,
                  known,
                  sleep,
                  ...pageOf(options),
                }),
              );
              return path;
            },
          };
        }
      }
    },
  };
}

function pageOf({ pageSize }: Ec2Options): { pageSize?: number } {
  return pageSize === undefined ? {} : { pageSize };
}

function defaultClient(externalId: string | undefined) {
  return (region: string, roleArn: string | undefined): EC2Client =>
    new EC2Client({
      ...awsClientDefaults(region),
      ...(roleArn === undefined
        ? {}
        : {
            credentials: assumedRole({
              roleArn,
              region,
              ...(externalId === undefined ? {} : { externalId }),
            }),
          }),
    });
}

/**
 * The account of the client's credentials: as they state it, else the owner of the default security
 * groups, of which an account sees its own only. Undefined if neither tells.
 */
async function findAccount(
  client: EC2Client,
  region: string,
  sleep: Sleep,
): Promise<string | undefined> {
  const place = `ec2://${region}`;
  const identity = await client.config
    .credentials()
    .catch((thrown) =>
      failCall(thrown, { place, operation: 'The search for credentials', needs: 'credentials' }),
    );
  if (identity.accountId !== undefined) return identity.accountId;
  const command = new DescribeSecurityGroupsCommand({
    Filters: [{ Name: 'group-name', Values: ['default'] }],
    MaxResults: 5,
  });
  // Without this permission the pull itself says so, and the account stays unknown.
  const answer = await withRetries(() => client.send(command), sleep).catch(() => undefined);
  return answer?.SecurityGroups?.find((group) => group.OwnerId !== undefined)?.OwnerId;
}

/** Writes a file; what stands of it if that fails is removed. */
async function writeFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await write(file);
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
}
