/**
 * Chromium for the tests of the HTML: the one that is named or installed, else Debian's package,
 * unpacked with the libraries that this machine lacks into a folder that git ignores. That needs no
 * root and changes nothing outside the folder: apt keeps its lists and packages there too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from './debian-package.ts';
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
    unpackPackage(folder, { name: PACKAGE, title: 'Chromium', install: INSTALL });
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
