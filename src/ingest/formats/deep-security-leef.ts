/**
 * Trend Micro Deep Security and Cloud One Workload Security as LEEF over syslog, one event a line. Only
 * managers write it, for their own events and for those of agents. Source: "Syslog message formats" of
 * the Deep Security manual.
 */
import type { Format } from '../format.ts';
import { isSyslogOf, readSyslogEvents } from './deep-security-syslog.ts';

export const deepSecurityLeef: Format = {
  name: 'deep_security_leef',
  kind: 'ips_events',
  recognises: (head) => isSyslogOf(head, 'LEEF'),
  read: readSyslogEvents,
};
