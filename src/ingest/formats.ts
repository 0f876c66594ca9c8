/** Every format, in the order in which they are asked whether they recognise an object. */
import type { Format } from './format.ts';
import { cloudWatchFlowLog } from './formats/cloudwatch-flow-log.ts';
import { deepSecurityCef } from './formats/deep-security-cef.ts';
import { deepSecurityComputers } from './formats/deep-security-computers.ts';
import { deepSecurityLeef } from './formats/deep-security-leef.ts';
import { deepSecuritySns } from './formats/deep-security-sns.ts';
import { describeJson } from './formats/describe-json.ts';
import { flowLogParquet } from './formats/flow-log-parquet.ts';
import { flowLogText } from './formats/flow-log-text.ts';
import { guardDutyFinding } from './formats/guardduty-finding.ts';
import { networkFirewall } from './formats/network-firewall.ts';
import { snortJson } from './formats/snort-json.ts';
import { suricataEve } from './formats/suricata-eve.ts';
import { wazuhAlert } from './formats/wazuh-alert.ts';

export const FORMATS: readonly Format[] = [
  flowLogParquet,
  cloudWatchFlowLog,
  flowLogText,
  deepSecurityCef,
  deepSecurityLeef,
  deepSecurityComputers,
  deepSecuritySns,
  suricataEve,
  networkFirewall,
  snortJson,
  wazuhAlert,
  guardDutyFinding,
  describeJson,
];
