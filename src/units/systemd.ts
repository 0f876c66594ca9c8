/** A service and a timer of systemd (systemd.service(5), systemd.timer(5), systemd.exec(5)). */
import { secretVariables } from '../notify-schema.ts';
import type { Every } from './every.ts';
import { isWithin, readFolders, writtenFolders } from './places.ts';
import type { UnitFile, UnitInput } from './unit-file.ts';

export const ENVIRONMENT_FILE = '/etc/flowproof/environment';

/** A word of a unit file: in quotes, `%` doubled, as it would begin a specifier. */
export function unitWord(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** A word of a command line: `$` doubled too, as it would begin a variable. */
export function commandWord(text: string): string {
  return unitWord(text).replaceAll('$', '$$$$');
}

export function systemdFiles(input: UnitInput): UnitFile[] {
  return [
    { name: 'flowproof.service', text: serviceUnit(input) },
    { name: 'flowproof.timer', text: timerUnit(input.every) },
  ];
}

function serviceUnit({ config, program }: UnitInput): string {
  const written = writtenFolders(config);
  const secrets = secretVariables(config.notifications);
  const reached = [config.folder, ...written, ...readFolders(config)];
  // Private folders would hide what lies there.
  const isTmpOwn = !reached.some((folder) =>
    ['/tmp', '/var/tmp'].some((tmp) => isWithin(folder, tmp)),
  );
  const [executable = '', ...words] = [...program, 'run', '--config', config.path, '--quiet'];
  // Variables are not looked for in the path of the executable.
  const command = [unitWord(executable), ...words.map(commandWord)].join(' ');
  return `# Once, as root:
#   useradd --system --shell /usr/sbin/nologin flowproof
${written.map((folder) => `#   install -d -m 0700 -o flowproof -g flowproof ${shellWord(folder)}\n`).join('')}#   systemctl daemon-reload && systemctl enable --now flowproof.timer
# Exit codes that are no failure: 3, more was rejected than the configuration allows (the run did all of its
# work, and notifications tell of it); 5, another run has the lake; 143, it was stopped and goes on next time.
[Unit]
Description=flowproof: evidence from AWS network logs
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=flowproof
Group=flowproof
${secrets.length === 0 ? '' : `# Sets ${secrets.join(', ')}; mode 0600.\nEnvironmentFile=${ENVIRONMENT_FILE}\n`}ExecStart=${command}
SuccessExitStatus=3 5 143
TimeoutStartSec=infinity
TimeoutStopSec=90
KillSignal=SIGTERM
UMask=0077
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
${written.map((folder) => `ReadWritePaths=${unitWord(folder)}\n`).join('')}ProtectHome=read-only
${isTmpOwn ? 'PrivateTmp=true\n' : ''}PrivateDevices=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
RemoveIPC=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
`;
}

function timerUnit(every: Every): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const hour = every.kind === 'hourly' ? '*' : two(every.hour);
  return `[Unit]
Description=flowproof: ${every.kind}

[Timer]
OnCalendar=*-*-* ${hour}:${two(every.minute)}:00 UTC
RandomizedDelaySec=300
AccuracySec=1min
Persistent=true
Unit=flowproof.service

[Install]
WantedBy=timers.target
`;
}

/** A word of a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
