/**
 * A file of a trail: who opened RDP to the web servers and who closed it, and who stopped the trail for some minutes,
 * among calls that change nothing.
 */
import { RDP_OPEN } from './groups.ts';
import { GROUPS } from './topology.ts';

const ACCOUNT = '123456789012';

type Call = {
  number: number;
  at: string;
  name: string;
  /** The service; EC2 if absent. */
  source?: string;
  role: string;
  request: Record<string, unknown>;
  response?: Record<string, unknown>;
};

function record({
  number,
  at,
  name,
  source = 'ec2',
  role,
  request,
  response,
}: Call): Record<string, unknown> {
  return {
    eventVersion: '1.09',
    userIdentity: {
      type: 'AssumedRole',
      principalId: `AROA0000000000000000${number}:${role}-session`,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${role}-session`,
      accountId: ACCOUNT,
    },
    eventTime: at,
    eventSource: `${source}.amazonaws.com`,
    eventName: name,
    awsRegion: 'us-east-1',
    sourceIPAddress: '203.0.113.10',
    userAgent: 'aws-cli/2.15.0',
    requestParameters: request,
    responseElements: response ?? null,
    eventID: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    readOnly: name.startsWith('Describe'),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  };
}

/** Just before a time of the world, as a call is before its effect is seen. */
function before(time: string, seconds: number): string {
  return `${new Date(Date.parse(time) - seconds * 1000).toISOString().slice(0, 19)}Z`;
}

const RANGES = [
  { ruleId: 'sgr-0a000000000000205', range: { cidrIp: '0.0.0.0/0' } },
  { ruleId: 'sgr-0a000000000000206', range: { cidrIpv6: '::/0' } },
] as const;

/** The text of the file, as CloudTrail writes it. */
export function trailFile(): string {
  const change = (verb: 'Authorize' | 'Revoke', time: string, first: number): Call[] =>
    RANGES.map(({ ruleId, range }, index) => ({
      number: first + index,
      at: before(time, 3 - index),
      name: `${verb}SecurityGroupIngress`,
      role: verb === 'Authorize' ? 'web-deployer' : 'network-operator',
      request: {
        groupId: GROUPS.web,
        ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 3389, toPort: 3389, ...range }] },
      },
      response:
        verb === 'Authorize'
          ? {
              securityGroupRuleSet: {
                items: [{ groupId: GROUPS.web, securityGroupRuleId: ruleId }],
              },
            }
          : {
              _return: true,
              revokedSecurityGroupRuleSet: { items: [{ securityGroupRuleId: ruleId }] },
            },
    }));
  const look = (number: number, at: string): Call => ({
    ...{ number, at, name: 'DescribeSecurityGroups', role: 'auditor' },
    request: { securityGroupSet: {} },
  });
  const logging = (number: number, at: string, verb: 'Stop' | 'Start'): Call => ({
    ...{ number, at, name: `${verb}Logging`, source: 'cloudtrail', role: 'network-operator' },
    request: { name: `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/example-trail` },
  });
  const calls = [
    look(1, '2026-11-02T08:00:00Z'),
    ...change('Authorize', RDP_OPEN.from, 2),
    look(4, '2026-11-02T15:00:00Z'),
    ...change('Revoke', RDP_OPEN.until, 5),
    logging(8, '2026-11-03T18:30:00Z', 'Stop'),
    logging(9, '2026-11-03T18:34:30Z', 'Start'),
    look(7, '2026-11-03T20:00:00Z'),
  ];
  return `${JSON.stringify({ Records: calls.map(record) })}\n`;
}
