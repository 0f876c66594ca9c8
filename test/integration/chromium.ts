/**
 * Chromium for the tests of the HTML: the one that is named or installed, else Debian's package,
 * unpacked with the libraries that this machine lacks into a folder that git ignores. That needs no
 * root and changes nothing outside the folder: apt keeps its lists and packages there too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setupError } from './python-environment.ts';

/** A browser as puppeteer starts it: its program, and what it needs in its environment. */
export type Chromium = { path: string; environment: Record<string, string> };

/** Small, without a window system. */
const PACKAGE = 'chromium-headless-shell';
const COMMANDS = [PACKAGE, 'chromium'];
const PROGRAM = ['usr', 'lib', 'chromium', PACKAGE];

const INSTALL =
  'Install it (Debian: apt-get install chromium-headless-shell), or name it: ' +
  'CHROMIUM=/opt/chromium/chromium npm run test:integration';

function runs(browser: Chromium): boolean {
  const { status } = spawnSync(browser.path, ['--no-sandbox', '--version'], {
    env: { ...process.env, ...browser.environment },
    stdio: 'ignore',
  });
  return status === 0;
}

/** A browser that runs. Throws a setup error that says what is missing. */
export function ensureChromium(
  cacheFolder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Chromium {
  const { CHROMIUM } = environment;
  for (const path of CHROMIUM ? [CHROMIUM] : COMMANDS) {
    const installed = { path: pathOf(path), environment: {} };
    if (runs(installed)) return installed;
  }
  if (CHROMIUM) throw setupError(`CHROMIUM=${CHROMIUM} does not run.`, INSTALL);
  const folder = join(cacheFolder, 'chromium');
  const marker = join(folder, 'complete');
  if (!existsSync(marker)) {
    // What an interrupted run left is not to be trusted.
    rmSync(folder, { recursive: true, force: true });
    unpack(folder);
    if (!runs(unpacked(folder))) {
      throw setupError('The Chromium of Debian was unpacked, and does not run.', INSTALL);
    }
    writeFileSync(marker, '');
  }
  return unpacked(folder);
}

/** The full path of a command: puppeteer does not search for one. */
function pathOf(command: string): string {
  if (command.includes('/')) return command;
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, command)).find(existsSync) ?? command;
}

/** Downloads and unpacks the package and those that it needs and this machine does not have. */
function unpack(folder: string): void {
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
    );
  process.stdout.write('integration: unpacking Chromium from the packages of Debian (once)\n');
  apt('update');
  const plan = apt('install', '--simulate', '--no-install-recommends', PACKAGE);
  const wanted = [...plan.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(
    ([, name, version]) => `${name}=${version}`,
  );
  apt('download', ...wanted);
  for (const file of readdirSync(packages)) {
    runStep('dpkg-deb', ['--extract', join(packages, file), join(folder, 'root')], folder);
  }
  for (const name of ['lists', 'cache', 'packages']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function runStep(command: string, args: readonly string[], folder: string): string {
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
    `Chromium is missing, and its package could not be had (${command}).\n${said.map((line) => `  | ${line}`).join('\n')}`,
    INSTALL,
  );
}

function unpacked(folder: string): Chromium {
  const root = join(folder, 'root');
  const below = join(root, 'usr', 'lib');
  const libraries = existsSync(below)
    ? readdirSync(below).filter((name) => name.endsWith('-linux-gnu'))
    : [];
  const paths = libraries.flatMap((name) => [join(below, name), join(below, name, 'pulseaudio')]);
  const own = process.env.LD_LIBRARY_PATH;
  return {
    path: join(root, ...PROGRAM),
    environment: { LD_LIBRARY_PATH: [...paths, ...(own ? [own] : [])].join(':') },
  };
}
