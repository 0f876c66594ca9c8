/**
 * Programs of Debian that tests need: the one that is named or installed, else that of its package,
 * unpacked with the libraries that this machine lacks into a folder that git ignores. That needs no
 * root and changes nothing outside the folder: apt keeps its lists and packages there too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setupError } from './python-environment.ts';

/** A program that can be started: where it is, and what it needs in its environment. */
export type Program = { path: string; environment: Record<string, string> };

type Wanted = {
  /** What messages call it. */
  title: string;
  package: string;
  /** Commands by which it may be installed. */
  commands: readonly string[];
  /** Where it lies in the unpacked package. */
  unpackedPath: readonly string[];
  /** Arguments with which it ends with 0 at once. */
  probe: readonly string[];
  /** The variable that names another program. */
  variable: string;
  /** What the unpacked one needs in its environment beside libraries. */
  environment?: (root: string) => Record<string, string>;
};

/** Small, without a window system. */
const CHROMIUM: Wanted = {
  title: 'Chromium',
  package: 'chromium-headless-shell',
  commands: ['chromium-headless-shell', 'chromium'],
  unpackedPath: ['usr', 'lib', 'chromium', 'chromium-headless-shell'],
  probe: ['--no-sandbox', '--version'],
  variable: 'CHROMIUM',
};

/** The tools of Poppler lie beside each other: `pdfinfo` stands for all. */
const PDFINFO: Wanted = {
  title: 'Poppler',
  package: 'poppler-utils',
  commands: ['pdfinfo'],
  unpackedPath: ['usr', 'bin', 'pdfinfo'],
  probe: ['-v'],
  variable: 'PDFINFO',
};

const SYSTEMD_ANALYZE: Wanted = {
  title: 'systemd',
  package: 'systemd',
  commands: ['systemd-analyze'],
  unpackedPath: ['usr', 'bin', 'systemd-analyze'],
  probe: ['--version'],
  variable: 'SYSTEMD_ANALYZE',
  // Targets that every unit depends on, which a machine without systemd lacks.
  environment: (root) => ({
    SYSTEMD_UNIT_PATH: [
      join(root, 'usr/lib/systemd/system'),
      join(root, 'lib/systemd/system'),
      '',
    ].join(':'),
  }),
};

/** A Chromium that runs. Throws a setup error that says what is missing. */
export function ensureChromium(cacheFolder: string, environment = process.env): Program {
  return ensureProgram(CHROMIUM, cacheFolder, environment);
}

/** Poppler's `pdfinfo`, with `pdftotext` and `pdfdetach` in its folder. Throws a setup error. */
export function ensurePdfinfo(cacheFolder: string, environment = process.env): Program {
  return ensureProgram(PDFINFO, cacheFolder, environment);
}

/** A systemd-analyze that runs. Throws a setup error that says what is missing. */
export function ensureSystemdAnalyze(cacheFolder: string, environment = process.env): Program {
  return ensureProgram(SYSTEMD_ANALYZE, cacheFolder, environment);
}

function runs(wanted: Wanted, program: Program): boolean {
  const { status } = spawnSync(program.path, wanted.probe, {
    env: { ...process.env, ...program.environment },
    stdio: 'ignore',
  });
  return status === 0;
}

function ensureProgram(
  wanted: Wanted,
  cacheFolder: string,
  environment: NodeJS.ProcessEnv,
): Program {
  const named = environment[wanted.variable];
  const install =
    `Install it (Debian: apt-get install ${wanted.package}), or name it: ` +
    `${wanted.variable}=/opt/${wanted.commands[0]} npm run test:integration`;
  for (const path of named ? [named] : wanted.commands) {
    const installed = { path: pathOf(path), environment: {} };
    if (runs(wanted, installed)) return installed;
  }
  if (named) throw setupError(`${wanted.variable}=${named} does not run.`, install);
  const folder = join(cacheFolder, wanted.package);
  const marker = join(folder, 'complete');
  if (!existsSync(marker)) {
    // What an interrupted run left is not to be trusted.
    rmSync(folder, { recursive: true, force: true });
    unpack(wanted, folder, install);
    if (!runs(wanted, unpacked(wanted, folder))) {
      throw setupError(`The ${wanted.title} of Debian was unpacked, and does not run.`, install);
    }
    writeFileSync(marker, '');
  }
  return unpacked(wanted, folder);
}

/** The full path of a command: puppeteer does not search for one. */
function pathOf(command: string): string {
  if (command.includes('/')) return command;
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, command)).find(existsSync) ?? command;
}

/** Downloads and unpacks the package and those that it needs and this machine does not have. */
function unpack(wanted: Wanted, folder: string, install: string): void {
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
      install,
    );
  process.stdout.write(
    `integration: unpacking ${wanted.title} from the packages of Debian (once)\n`,
  );
  apt('update');
  const plan = apt('install', '--simulate', '--no-install-recommends', wanted.package);
  const packagesNeeded = [...plan.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(
    ([, name, version]) => `${name}=${version}`,
  );
  apt('download', ...packagesNeeded);
  for (const file of readdirSync(packages)) {
    runStep('dpkg-deb', ['--extract', join(packages, file), join(folder, 'root')], folder, install);
  }
  for (const name of ['lists', 'cache', 'packages']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function runStep(
  command: string,
  args: readonly string[],
  folder: string,
  install: string,
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
    `A package of Debian could not be had (${command}).\n${said.map((line) => `  | ${line}`).join('\n')}`,
    install,
  );
}

function unpacked(wanted: Wanted, folder: string): Program {
  const root = join(folder, 'root');
  const libraries = [join(root, 'usr', 'lib'), join(root, 'lib')]
    .filter(existsSync)
    .flatMap((below) =>
      readdirSync(below)
        .filter((name) => name.endsWith('-linux-gnu'))
        .map((name) => join(below, name)),
    );
  const paths = libraries.flatMap((library) => [
    library,
    ...['pulseaudio', 'systemd'].map((name) => join(library, name)),
  ]);
  const own = process.env.LD_LIBRARY_PATH;
  return {
    path: join(root, ...wanted.unpackedPath),
    environment: {
      LD_LIBRARY_PATH: [...paths, ...(own ? [own] : [])].join(':'),
      ...wanted.environment?.(root),
    },
  };
}
