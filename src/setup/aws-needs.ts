/** What of AWS a configuration needs, one entry of it at a time. */
import type { Config } from '../config.ts';
import type { Kind } from '../ingest/format.ts';
import { accountOfRole } from '../ingest/sources/role-arn.ts';
import type { Identity } from './aws-clients.ts';

type Common = { source: string; region: string; identity: Identity };

export type Need =
  | (Common & { of: 's3'; kind: Kind; uri: string; isRequesterPays: boolean })
  | (Common & { of: 'log_group'; logGroup: string; needsFlowLogs: boolean })
  | (Common & { of: 'ec2' })
  | { of: 'key'; source: string; region: string; identity: undefined; key: string };

const KINDS = ['flow_logs', 'ips_events', 'inventory'] as const;

/** In the order of the configuration; none if it names local files only. */
export function awsNeedsOf(config: Pick<Config, 'sources' | 'signature'>): Need[] {
  const needs: Need[] = [];
  for (const kind of KINDS) {
    for (const [index, entry] of config.sources[kind].entries()) {
      const source = `${kind}[${index}]`;
      const region = entry.region ?? '';
      const roles = [entry.role_arn].flat();
      const [identity] = roles.map((role) => identityOf(role, entry.external_id));
      if (entry.s3 !== undefined) {
        const isRequesterPays = entry.requester_pays ?? false;
        needs.push({ of: 's3', kind, source, region, identity, uri: entry.s3, isRequesterPays });
      }
      if ('cloudwatch_logs' in entry && entry.cloudwatch_logs !== undefined) {
        const logGroup = entry.cloudwatch_logs;
        const needsFlowLogs = kind === 'flow_logs' && !('format' in entry && entry.format);
        needs.push({ of: 'log_group', source, region, identity, logGroup, needsFlowLogs });
      }
      if ('ec2' in entry && entry.ec2 !== undefined) {
        for (const role of roles) {
          for (const one of entry.ec2) {
            const asked = identityOf(role, entry.external_id);
            needs.push({ of: 'ec2', source, region: one, identity: asked });
          }
        }
      }
    }
  }
  const { signature } = config;
  if (signature?.kms_key !== undefined) {
    const region = /^arn:[a-z-]+:kms:([a-z0-9-]+):/.exec(signature.kms_key)?.[1];
    needs.push({
      of: 'key',
      source: 'signature',
      region: region ?? signature.region ?? '',
      identity: undefined,
      key: signature.kms_key,
    });
  }
  return needs;
}

function identityOf(roleArn: string | undefined, externalId: string | undefined): Identity {
  return roleArn === undefined ? undefined : { roleArn, externalId };
}

/** Each account and Region once, in order of name: where flow logs may be asked for. */
export type Place = { region: string; identity: Identity };

/** Places of flow logs and inventory: the Region of a bucket is where most of its flow logs are. */
export function placesOf(needs: readonly Need[]): Place[] {
  const places = new Map<string, Place>();
  for (const need of needs) {
    const isAbout =
      need.of === 'ec2' ||
      (need.of === 's3' && need.kind === 'flow_logs') ||
      (need.of === 'log_group' && need.source.startsWith('flow_logs'));
    if (!isAbout) continue;
    const { region, identity } = need;
    const key = `${identity?.roleArn ?? ''} ${region}`;
    if (!places.has(key)) places.set(key, { region, identity });
  }
  return [...places].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, place]) => place);
}

/** A place as messages name it. */
export function placeText({ region, identity }: Place, ownAccount: string | undefined): string {
  return `account ${accountOfRole(identity?.roleArn) ?? ownAccount ?? 'of the caller'}, ${region}`;
}
