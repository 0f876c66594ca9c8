/**
 * The computers of the Deep Security manager, as `GET /api/computers` answers: agents in prevent and in
 * detect mode, one whose module is off, one that is offline, and a host that a cloud connector found
 * without an agent. What is not in it has no agent.
 */
import { ACCOUNT_ID, INTERFACES, type Interface, ZONE } from './world.ts';

/** When the list was taken, as in the name of its folder. */
export const LISTED_AT = '2026-11-03T18:00:00Z';

type Computer = {
  item: Interface;
  id: number;
  mode?: 'prevent' | 'detect' | 'off';
  ruleCount?: number;
  lastContact?: string;
};

const { app1, app2New, bastion, report1, report2, tools1, web1, web2 } = INTERFACES;

const COMPUTERS: readonly Computer[] = [
  { item: web1, id: 41 },
  { item: web2, id: 42, mode: 'prevent', ruleCount: 58 },
  { item: app1, id: 43, mode: 'prevent', ruleCount: 31 },
  { item: bastion, id: 45, mode: 'off', ruleCount: 0 },
  { item: report1, id: 51, mode: 'detect', ruleCount: 22 },
  { item: report2, id: 52, mode: 'prevent', ruleCount: 22, lastContact: '2026-10-29T04:11:09Z' },
  { item: tools1, id: 53, mode: 'detect', ruleCount: 17 },
  { item: app2New, id: 57, mode: 'prevent', ruleCount: 31 },
];

const FIRST_RULE = 2013;

function computer({ item, id, mode, ruleCount = 0, lastContact }: Computer): object {
  const { name = '', id: instanceId = '' } = item.instance ?? {};
  const contact = lastContact ?? '2026-11-03T17:58:20Z';
  const isOnline = lastContact === undefined;
  return {
    ID: id,
    hostName: `${name}.example.com`,
    displayName: name,
    description: '',
    lastIPUsed: mode ? item.address : null,
    platform: 'Amazon Linux 2023 (64 bit)',
    groupID: 0,
    ...(mode ? { policyID: 9, agentFingerPrint: `02:00:00:00:00:${id}` } : {}),
    agentVersion: mode ? '20.0.1.690' : '0.0.0.0',
    computerStatus: mode
      ? {
          agentStatus: isOnline ? 'active' : 'error',
          agentStatusMessages: [isOnline ? 'Managed (Online)' : 'Offline'],
        }
      : { agentStatus: 'inactive', agentStatusMessages: ['Unmanaged (Unknown)'] },
    ...(mode
      ? {
          lastAgentCommunication: Date.parse(contact),
          lastSendPolicySuccess: Date.parse('2026-10-27T09:30:00Z'),
          securityUpdates: {
            updateStatus: { status: 'active', statusMessage: 'Up-To-Date' },
            lastChanged: Date.parse('2026-10-27T09:12:44Z'),
          },
        }
      : {}),
    intrusionPrevention: prevention(mode, ruleCount),
    firewall: { state: mode ? 'on' : 'off' },
    ec2VirtualMachineSummary: {
      cloudProvider: 'AWS',
      accountID: ACCOUNT_ID,
      privateIPAddress: item.address,
      availabilityZone: ZONE,
      instanceID: instanceId,
      state: 'running',
    },
  };
}

function prevention(mode: Computer['mode'], ruleCount: number): object {
  if (mode === undefined || mode === 'off') {
    const message = mode === 'off' ? 'Off, installed, no rules' : 'Not Activated';
    return {
      state: 'off',
      moduleStatus: { agentStatus: 'inactive', agentStatusMessage: message },
    };
  }
  const word = mode === 'prevent' ? 'Prevent' : 'Detect';
  return {
    state: mode,
    moduleStatus: { agentStatus: 'active', agentStatusMessage: `On, ${word}, ${ruleCount} rules` },
    ruleIDs: Array.from({ length: ruleCount }, (_, index) => FIRST_RULE + 7 * index),
  };
}

/** The text of `computers.json`. */
export function computersList(): string {
  return `${JSON.stringify({ computers: COMPUTERS.map(computer) }, null, 1)}\n`;
}
