/** Every format, in the order in which they are asked whether they recognise an object. */
import type { Envelope } from './envelope.ts';
import { cloudWatchExport } from './envelopes/cloudwatch-export.ts';
import { cloudWatchPull } from './envelopes/cloudwatch-pull.ts';
import { cloudWatchSubscription } from './envelopes/cloudwatch-subscription.ts';
import { firehose } from './envelopes/firehose.ts';
import type { Format } from './format.ts';
import { awsConfig } from './formats/aws-config.ts';
import { cloudTrail } from './formats/cloudtrail.ts';
import { deepSecurityCef } from './formats/deep-security-cef.ts';
import { deepSecurityComputers } from './formats/deep-security-computers.ts';
import { deepSecurityLeef } from './formats/deep-security-leef.ts';
import { deepSecuritySns } from './formats/deep-security-sns.ts';
import { describeJson } from './formats/describe-json.ts';
import { envelopedFlowLog } from './formats/enveloped-flow-log.ts';
import { envelopedIpsEvents } from './formats/enveloped-ips-events.ts';
import { flowLogParquet } from './formats/flow-log-parquet.ts';
import { flowLogText } from './formats/flow-log-text.ts';
import { guardDutyFinding } from './formats/guardduty-finding.ts';
import { networkFirewall } from './formats/network-firewall.ts';
import { snortJson } from './formats/snort-json.ts';
import { suricataEve } from './formats/suricata-eve.ts';
import { wazuhAlert } from './formats/wazuh-alert.ts';

/** Formats of IPS events; each is read in every envelope as well. */
const IPS_FORMATS: readonly Format[] = [
  deepSecurityCef,
  deepSecurityLeef,
  deepSecurityComputers,
  deepSecuritySns,
  suricataEve,
  networkFirewall,
  snortJson,
  wazuhAlert,
  guardDutyFinding,
];

const ENVELOPES: readonly Envelope[] = [
  cloudWatchPull,
  cloudWatchExport,
  cloudWatchSubscription,
  firehose,
];

export const FORMATS: readonly Format[] = [
  flowLogParquet,
  ...ENVELOPES.map(envelopedFlowLog),
  flowLogText,
  ...ENVELOPES.map((envelope) => envelopedIpsEvents(envelope, IPS_FORMATS)),
  ...IPS_FORMATS,
  awsConfig,
  cloudTrail,
  describeJson,
];
