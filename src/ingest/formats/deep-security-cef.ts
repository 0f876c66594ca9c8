/**
 * Trend Micro Deep Security and Cloud One Workload Security as CEF over syslog, one event a line.
 *
 * CEF has no time among its keys: the syslog header's is the only one. Source: "Syslog message formats"
 * of the Deep Security manual.
 */
import type { Format } from '../format.ts';
import { isSyslogOf, readSyslogEvents } from './deep-security-syslog.ts';

export const deepSecurityCef: Format = {
  name: 'deep_security_cef',
  kind: 'ips_events',
  recognises: (head) => isSyslogOf(head, 'CEF'),
  read: readSyslogEvents,
};
