/** Programs of Debian's packages for tests that need them, unpacked into a folder that git ignores. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setupError } from './python-environment.ts';

/** A package of Debian: its name, what people call it, and how else to have it. */
export type DebianPackage = { name: string; title: string; install: string };

/**
 * Downloads the package and those that it needs and this machine does not have, and unpacks them into
 * `root` of a folder. Needs no root and changes nothing outside the folder: apt keeps its lists and
 * packages there too. Throws a setup error.
 */
export function unpackPackage(folder: string, wantedPackage: DebianPackage): void {
  const packages = join(folder, 'packages');
  for (const name of ['lists/partial', 'cache/archives/partial', 'packages', 'root']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const apt = (...args: string[]): string =>
    runStep(
      'apt-get',
      [
        '-o',
        `Dir::State::Lists=${join(folder, 'lists')}`,
        '-o',
        `Dir::Cache=${join(folder, 'cache')}`,
        // Root would download as another user, who cannot write here.
        '-o',
        'APT::Sandbox::User=',
        ...args,
      ],
      packages,
      wantedPackage,
    );
  const { name: packageName, title } = wantedPackage;
  process.stdout.write(`integration: unpacking ${title} from the packages of Debian (once)\n`);
  apt('update');
  const plan = apt('install', '--simulate', '--no-install-recommends', packageName);
  const wanted = [...plan.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(
    ([, name, version]) => `${name}=${version}`,
  );
  apt('download', ...wanted);
  for (const file of readdirSync(packages)) {
    runStep(
      'dpkg-deb',
      ['--extract', join(packages, file), join(folder, 'root')],
      folder,
      wantedPackage,
    );
  }
  for (const name of ['lists', 'cache', 'packages']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function runStep(
  command: string,
  args: readonly string[],
  folder: string,
  { title, install }: DebianPackage,
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return stdout;
  const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`
    .trim()
    .split('\n')
    .slice(-12);
  throw setupError(
    `${title} is missing, and its package could not be had (${command}).\n${said.map((line) => `  | ${line}`).join('\n')}`,
    install,
  );
}
