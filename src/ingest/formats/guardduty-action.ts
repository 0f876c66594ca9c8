/**
 * What a GuardDuty finding says of the traffic: its action (`NetworkConnectionAction`, `PortProbeAction`
 * and their like in the GuardDuty API Reference) and the interface that it came through.
 */
import { canonicalAddress } from '../../address.ts';
import { at, objectAt, objectsAt, textAt } from './guardduty-keys.ts';
import { MAX_PORT } from './json-events.ts';
import { type JsonObject, protocolOf, textOf, wholeNumber } from './payload-keys.ts';

/** One remote side of the traffic that a finding is about; everything may be unknown. */
export type Remote = {
  /** The action as the finding names it, with its `blocked` flag where it has one. */
  action?: string;
  isBlocked: boolean;
  /** True if the remote side sent to the resource; false if the resource did. */
  isSource: boolean;
  direction?: 'inbound' | 'outbound';
  protocol?: number;
  address?: string;
  port?: number;
  localAddress?: string;
  localPort?: number;
  /** Address of the host; unknown for calls to AWS, which do not go through it. */
  hostAddress?: string;
  userName?: string;
};

/** The remote sides of a finding, at least one, though it may be empty. */
export function findingRemotes(finding: JsonObject): Remote[] {
  const service = objectAt(finding, 'service');
  const actions = objectAt(service, 'action');
  const has = (key: string): boolean => Object.keys(objectAt(actions, key)).length > 0;
  const name = textAt(actions, 'actionType');
  const isTarget = textAt(service, 'resourceRole')?.toUpperCase() !== 'ACTOR';
  if (has('networkConnectionAction')) return [connection(finding, isTarget, name)];
  if (has('portProbeAction')) return probes(finding, name);
  if (has('dnsRequestAction')) {
    const action = objectAt(actions, 'dnsRequestAction');
    // Its `blocked` is about a port, and says nothing of the answer to the query.
    return [{ ...base(name), isSource: false, ...hostEnd(finding), ...protocolIn(action) }];
  }
  if (has('rdsLoginAttemptAction')) return logins(objectAt(actions, 'rdsLoginAttemptAction'), name);
  const call = ['awsApiCallAction', 'kubernetesApiCallAction'].find(has);
  if (call === undefined) return [{ ...base(name), isSource: isTarget }];
  const remote = remoteEnd(objectAt(actions, call));
  const [first] = [at(objectAt(actions, call), 'sourceIps')].flat();
  const address = remote.address ?? canonicalAddress(textOf(first) ?? '');
  return [{ ...base(name), isSource: true, ...(address === undefined ? {} : { address }) }];
}

/** The user that a finding names: of an access key, of Kubernetes, or of a process. */
export function userOfFinding(finding: JsonObject): string | undefined {
  const resource = objectAt(finding, 'resource');
  const kubernetes = objectAt(objectAt(resource, 'kubernetesDetails'), 'kubernetesUserDetails');
  const runtime = objectAt(objectAt(finding, 'service'), 'runtimeDetails');
  return (
    textAt(objectAt(resource, 'accessKeyDetails'), 'userName') ??
    textAt(kubernetes, 'username') ??
    textAt(objectAt(runtime, 'process'), 'user')
  );
}

function base(name: string | undefined): Pick<Remote, 'action' | 'isBlocked'> {
  return { ...(name === undefined ? {} : { action: name }), isBlocked: false };
}

/** With the flag of an action that has one: whether EC2 blocked it, such as with a group or an ACL. */
function blockable(
  name: string | undefined,
  action: JsonObject,
): Pick<Remote, 'action' | 'isBlocked'> {
  const blocked = at(action, 'blocked');
  if (typeof blocked !== 'boolean') return base(name);
  return { action: [name, `blocked: ${blocked}`].filter(Boolean).join(', '), isBlocked: blocked };
}

function connection(finding: JsonObject, isTarget: boolean, name: string | undefined): Remote {
  const action = objectAt(
    objectAt(objectAt(finding, 'service'), 'action'),
    'networkConnectionAction',
  );
  const word = textAt(action, 'connectionDirection')?.toUpperCase();
  const remote = remoteEnd(action);
  return {
    ...blockable(name, action),
    ...(word === 'INBOUND' ? { direction: 'inbound' as const } : {}),
    ...(word === 'OUTBOUND' ? { direction: 'outbound' as const } : {}),
    isSource: word === 'INBOUND' || (word !== 'OUTBOUND' && isTarget),
    ...protocolIn(action),
    ...remote,
    ...hostEnd(finding, action, remote.address, textAt(action, 'localNetworkInterface')),
  };
}

function probes(finding: JsonObject, name: string | undefined): Remote[] {
  const action = objectAt(objectAt(objectAt(finding, 'service'), 'action'), 'portProbeAction');
  const shared = { ...blockable(name, action), isSource: true, direction: 'inbound' as const };
  const details = objectsAt(action, 'portProbeDetails');
  if (details.length === 0) return [{ ...shared, ...hostEnd(finding) }];
  return details.map((detail) => {
    const remote = remoteEnd(detail);
    return { ...shared, ...remote, ...hostEnd(finding, detail, remote.address) };
  });
}

/** One for each user who tried, all from the same remote side. */
function logins(action: JsonObject, name: string | undefined): Remote[] {
  const shared = {
    ...base(name),
    isSource: true,
    direction: 'inbound' as const,
    ...remoteEnd(action),
  };
  const users = new Set(
    objectsAt(action, 'loginAttributes').map((attributes) => textAt(attributes, 'user')),
  );
  const named = [...users].filter((user) => user !== undefined);
  return named.length === 0 ? [shared] : named.map((userName) => ({ ...shared, userName }));
}

function remoteEnd(action: JsonObject): Pick<Remote, 'address' | 'port'> {
  const address = addressIn(objectAt(action, 'remoteIpDetails'));
  const port = portIn(objectAt(action, 'remotePortDetails'));
  return {
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
  };
}

/**
 * The resource's side: the address that the action names, else that of the interface, if only one can be
 * meant. An IPv6 peer talked to an IPv6 address.
 */
function hostEnd(
  finding: JsonObject,
  action: JsonObject = {},
  peer = '',
  interfaceId?: string,
): Pick<Remote, 'localAddress' | 'localPort' | 'hostAddress'> {
  const instance = objectAt(objectAt(finding, 'resource'), 'instanceDetails');
  const all = objectsAt(instance, 'networkInterfaces');
  const named = all.filter((one) => textAt(one, 'networkInterfaceId') === interfaceId);
  const [only, ...others] = named.length > 0 ? named : all;
  const isOne = only !== undefined && others.length === 0;
  const privateAddress = isOne
    ? canonicalAddress(textAt(only, 'privateIpAddress') ?? '')
    : undefined;
  const ipv6 = isOne ? [at(only, 'ipv6Addresses')].flat().map((one) => textOf(one)) : [];
  const own = peer.includes(':')
    ? canonicalAddress((ipv6.length === 1 ? ipv6[0] : undefined) ?? '')
    : privateAddress;
  const localAddress = addressIn(objectAt(action, 'localIpDetails')) ?? own;
  const localPort = portIn(objectAt(action, 'localPortDetails'));
  return {
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
    ...(privateAddress === undefined ? {} : { hostAddress: privateAddress }),
  };
}

function addressIn(details: JsonObject): string | undefined {
  return (
    canonicalAddress(textAt(details, 'ipAddressV4') ?? '') ??
    canonicalAddress(textAt(details, 'ipAddressV6') ?? '')
  );
}

function portIn(details: JsonObject): number | undefined {
  return wholeNumber(at(details, 'port'), MAX_PORT);
}

function protocolIn(action: JsonObject): Pick<Remote, 'protocol'> {
  const protocol = protocolOf(at(action, 'protocol'));
  return protocol === undefined ? {} : { protocol };
}
