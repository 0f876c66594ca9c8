/** systemd-analyze for the test of the units: the one that is installed, else Debian's, unpacked. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from './debian-package.ts';
import { setupError } from './python-environment.ts';

export type SystemdAnalyze = { path: string; environment: Record<string, string> };

const INSTALL = 'Install it (Debian: apt-get install systemd).';

function runs({ path, environment }: SystemdAnalyze): boolean {
  const env = { ...process.env, ...environment };
  return spawnSync(path, ['--version'], { env, stdio: 'ignore' }).status === 0;
}

/** One that runs. Throws a setup error that says what is missing. */
export function ensureSystemdAnalyze(cacheFolder: string): SystemdAnalyze {
  const installed = { path: 'systemd-analyze', environment: {} };
  if (runs(installed)) return installed;
  const folder = join(cacheFolder, 'systemd');
  const marker = join(folder, 'complete');
  if (!existsSync(marker)) {
    rmSync(folder, { recursive: true, force: true });
    unpackPackage(folder, { name: 'systemd', title: 'systemd', install: INSTALL });
    if (!runs(unpacked(folder))) {
      throw setupError('The systemd of Debian was unpacked, and does not run.', INSTALL);
    }
    writeFileSync(marker, '');
  }
  return unpacked(folder);
}

function unpacked(folder: string): SystemdAnalyze {
  const root = join(folder, 'root');
  const architectures = ['x86_64', 'aarch64'].flatMap((name) => {
    const library = `${name}-linux-gnu`;
    return ['usr/lib', 'lib'].flatMap((place) => [
      join(root, place, library),
      join(root, place, library, 'systemd'),
    ]);
  });
  return {
    path: join(root, 'usr', 'bin', 'systemd-analyze'),
    environment: {
      LD_LIBRARY_PATH: architectures.filter((path) => existsSync(path)).join(':'),
      // Targets that every unit depends on, which a machine without systemd lacks.
      SYSTEMD_UNIT_PATH: [
        join(root, 'usr/lib/systemd/system'),
        join(root, 'lib/systemd/system'),
        '',
      ].join(':'),
    },
  };
}
