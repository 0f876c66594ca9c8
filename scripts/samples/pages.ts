/** The configuration and the page that go with the samples. */
import { CDE, FACTS, LEGACY, REPORTING } from './world.ts';

/** The text of `flowproof.yaml`. */
export function configuration(): string {
  return `# Runs flowproof over the samples. Paths are relative to this file.

# Folder of the lake: Parquet files, made new if it does not exist.
lake: ../out/lake

# Folder in which evidence packs are written.
output: ../out/evidence

# Who is assessed; shown on the cover of a pack.
organization: Example Shop

# Where the logs are.
sources:
  # VPC flow logs: gzip text and Parquet, as AWS delivers them to S3.
  flow_logs:
    - files:
        - logs/**/*.log.gz
        - logs/**/*.parquet
  # Events of IPS agents: Deep Security by syslog and by SNS, Suricata; and the list of its agents.
  ips_events:
    - files:
        - ips/**/*
  # CloudTrail: who changed security groups and flow logs.
  cloudtrail:
    - files:
        - cloudtrail/**/*.json
  # Saved output of \`aws ec2 describe-*\`; the folder's name says when it was taken.
  inventory:
    - files:
        - inventory/**/*.json

# What is assessed. An interface belongs to the first scope that matches.
scope:
  # The cardholder data environment: both VPCs, and the tag must agree.
  - name: cde
    match:
      vpc:
        - ${CDE}
        - ${LEGACY}
      tag:
        pci: "true"
  # Connected to it.
  - name: connected
    match:
      vpc:
        - ${REPORTING}

# Half open, UTC: two days.
period:
  start: 2026-11-02
  end: 2026-11-04

# Which evidence pack to make.
pack: pci-dss-4.0.1

# Findings that were accepted, why, and until when.
exceptions: exceptions.yaml

# Services that are allowed into and out of the scopes: what else was seen contradicts.
allowed_services:
  - scope: cde
    direction: inbound
    protocol: tcp
    ports: [443]
    justification: The shop
    approved_by: CHG-1001
  - scope: cde
    direction: inbound
    protocol: tcp
    ports: [22]
    peers:
      cidr: [203.0.113.0/25]
    justification: Administration, by the bastion
    approved_by: CHG-1002
  - scope: cde
    direction: inbound
    protocol: tcp
    ports: ["8443-8444"]
    peers:
      scope: [connected]
    justification: Reports for the back office
    approved_by: CHG-1003
  - direction: outbound
    protocol: tcp
    ports: [443]
    peers:
      cidr: [203.0.113.192/26]
    justification: Payment provider and updates
    approved_by: CHG-1004

# What a run may refuse and still exit with 0: the samples hold a corrupt line and a cut file.
allowance:
  rejected_lines: 10
  damaged_objects: 1
`;
}

/** The text of `exceptions.yaml`. */
export function exceptions(): string {
  return `# Findings that were accepted. A row that an exception matches is listed as accepted until its last day.
exceptions:
  - id: EX-1
    report: admin_ports_reachable
    match:
      network_interface_id: eni-0a000000000000150
      service: tcp/22 SSH
    what: SSH from the networks of a partner to the bastion
    why: The partner maintains the payment terminals and comes from its own public networks.
    compensating_control: Keys only; every session is recorded by log inspection.
    owner: network team
    approved_by: head of security
    expires: 2026-12-31
  # Its last day lies before the period: its rows count again.
  - id: EX-2
    report: admin_ports_reachable
    match:
      rule_id: ${FACTS.rdp_open.ruleIds[0]}
    what: RDP from anywhere to the web servers
    why: A migration in October.
    compensating_control: None; it was open for hours.
    owner: web team
    approved_by: head of security
    expires: 2026-10-31
`;
}

const WHERE: Readonly<Record<keyof typeof FACTS, string>> = {
  nodata: `${FACTS.nodata.recordCount} records of ${FACTS.nodata.interfaceId}, hours 00 to 05 of both days, less the silent ones`,
  skipdata: `${FACTS.skipdata.interfaceId}, ${FACTS.skipdata.from} to ${FACTS.skipdata.until}`,
  ipv6: `${FACTS.ipv6.clients} to ${FACTS.ipv6.serverAddress}, port 443`,
  nat_gateway: `${FACTS.nat_gateway.interfaceId}, ${FACTS.nat_gateway.address}`,
  load_balancer: `${FACTS.load_balancer.interfaceId}, ${FACTS.load_balancer.address}`,
  requester_managed: `${FACTS.requester_managed.interfaceId}, ${FACTS.requester_managed.address}`,
  instance_replaced: `${FACTS.instance_replaced.address}: ${FACTS.instance_replaced.oldInstanceId} until ${FACTS.instance_replaced.oldUntil}, ${FACTS.instance_replaced.newInstanceId} from ${FACTS.instance_replaced.newFrom}`,
  rdp_open: `${FACTS.rdp_open.ruleIds.join(', ')}, ${FACTS.rdp_open.from} to ${FACTS.rdp_open.until}; ${FACTS.rdp_open.sourceAddress} to ${FACTS.rdp_open.destinationAddress}, ${FACTS.rdp_open.acceptedFrom} to ${FACTS.rdp_open.acceptedUntil}`,
  silent_hours: `${FACTS.silent_hours.flowLogId}, ${FACTS.silent_hours.from} to ${FACTS.silent_hours.until}`,
  uncovered_interface: `${FACTS.uncovered_interface.interfaceId} in ${FACTS.uncovered_interface.vpcId}`,
  no_agent: FACTS.no_agent.instanceIds.join(', '),
  attack_detected: `\`ips/deep-security/agents.log\`, ${FACTS.attack_detected.at}: ${tuple(FACTS.attack_detected)}`,
  attack_blocked: `\`ips/deep-security/agents.log\`, ${FACTS.attack_blocked.at}: ${tuple(FACTS.attack_blocked)}`,
  unexplained_flow: `${FACTS.unexplained_flow.interfaceId}, ${FACTS.unexplained_flow.from} to ${FACTS.unexplained_flow.until}: ${tuple(FACTS.unexplained_flow)}`,
  corrupt_line: `line ${FACTS.corrupt_line.lineNumber} of \`${fileName(FACTS.corrupt_line.path)}\``,
  truncated_gzip: `\`${fileName(FACTS.truncated_gzip.path)}\``,
  user_session: `\`ips/deep-security/agents.log\`, ${FACTS.user_session.at}: ${tuple(FACTS.user_session)}`,
};

function tuple(fact: {
  sourceAddress: string;
  sourcePort: number;
  destinationAddress: string;
  destinationPort: number;
}): string {
  return `${fact.sourceAddress}:${fact.sourcePort} to ${fact.destinationAddress}:${fact.destinationPort}`;
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The text of `README.md`. */
export function readme(): string {
  const rows = Object.entries(FACTS).map(
    ([name, { says }]) => `| \`${name}\` | ${says} | ${WHERE[name as keyof typeof FACTS]} |`,
  );
  return `# Samples

Two days, 2026-11-02 and 2026-11-03 (UTC), of an invented web shop in one AWS account. Every address is
from a documentation or private range; nothing here exists.

| VPC | Holds | Flow log |
|---|---|---|
| \`cde\` 10.0.0.0/16 | load balancer, web-1, web-2, bastion-1, app-1, app-2, data-1, RDS, NAT gateway | default format, gzip text, every 600 s |
| \`reporting\` 10.1.0.0/16 | report-1, report-2 | custom format up to version 5, gzip text, every 60 s |
| \`tools\` 10.2.0.0/16 | tools-1 | fields up to version 5, Parquet, every 60 s |
| \`cde-legacy\` 10.3.0.0/16 | jump-1 | none |

- \`logs/\`: flow logs, laid out as AWS delivers them to S3
- \`ips/\`: Deep Security agents by syslog (\`deep-security\`) and by SNS (\`deep-security-sns\`), the list of its agents
  (\`deep-security-agents\`), Suricata on web-1
- \`inventory/\`: output of \`aws ec2 describe-*\`, saved before and after each change
- \`flowproof.yaml\`: a configuration for all of it
- \`exceptions.yaml\`: a finding that was accepted, and one whose exception has expired

## What is hidden in the data

| Fact | What is so | Where |
|---|---|---|
${rows.join('\n')}

Clients reach the shop through the load balancer; the flows into it, and every other accepted flow but
the unexplained one, are permitted by the security groups of their time.

Everything in this folder is made by \`npx tsx scripts/samples/generate.ts\`, with a fixed seed: change
the generator, not the files. The facts are \`FACTS\` in \`scripts/samples/world.ts\`.
`;
}
