/**
 * DuckDB with its extension httpfs. Engine and extension must be of one version, and the newest extension that a
 * registry has is older than the engine of flowproof: so the suite shows reading in place with the engine before.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { setupError } from './python-environment.ts';

const ENGINE = '@duckdb/node-api@1.5.5-r.5';
const VERSION = '1.5.5';

/** Of the wheels of Linux and macOS. */
const REQUIREMENT = [
  `duckdb-extension-httpfs==${VERSION}`,
  '84913dbe172ccb54368de2c4a020c38ca8b0e76f99df548f7fac37934cc7826f',
  '567d17e398fc29f7ea4bc42ea277ea19643bd1ad1815f676cb6dd994b50399bb',
  'a6d9b245ac83834543354e826020b35b8dba16291bb876b2b00bd49f2c6aeb9d',
  '5dc6e48e7a6d4c775d88fcd9b6529b385559600c0cd17a2600addfdd34ae3060',
].join(' --hash=sha256:');

/** A folder with the engine as `node_modules` and the extension as `extensions`. Throws a setup error. */
export function ensureHttpfs(cacheFolder: string, interpreter: string): string {
  const folder = join(cacheFolder, `duckdb-${VERSION}`);
  const marker = join(folder, 'complete');
  if (existsSync(marker)) return folder;
  // What an interrupted run left is not to be trusted.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.stdout.write(`integration: installing DuckDB ${VERSION} and its httpfs (once)\n`);
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  runStep('npm', ['install', '--no-audit', '--no-fund', '--save-exact', ENGINE], folder);
  writeFileSync(join(folder, 'requirements.txt'), `${REQUIREMENT}\n`);
  const pip = ['-m', 'pip', 'download', '--disable-pip-version-check', '--quiet', '--no-deps'];
  const only = ['--only-binary', ':all:', '--require-hashes', '-r', 'requirements.txt'];
  runStep(interpreter, [...pip, ...only], folder);
  const [wheel = ''] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  runStep(interpreter, ['-m', 'zipfile', '-e', wheel, 'wheel'], folder);
  const platform = execFileSync(
    process.execPath,
    [
      ...['--input-type=module', '-e'],
      `import { DuckDBInstance } from '@duckdb/node-api';
       const connection = await (await DuckDBInstance.create()).connect();
       console.log((await connection.runAndReadAll('pragma platform')).getRows()[0][0]);`,
    ],
    { cwd: folder, encoding: 'utf8' },
  ).trim();
  const target = join(folder, 'extensions', `v${VERSION}`, platform);
  mkdirSync(target, { recursive: true });
  const name = 'httpfs.duckdb_extension';
  const unpacked = ['wheel', 'duckdb_extension_httpfs', 'extensions', `v${VERSION}`, name];
  cpSync(join(folder, ...unpacked), join(target, name));
  rmSync(join(folder, 'wheel'), { recursive: true });
  rmSync(join(folder, wheel));
  writeFileSync(marker, '');
  return folder;
}

/**
 * The built flowproof with that engine: its own files, beside the packages of this one but for the engine. A
 * process that flowproof starts finds the same. Returns the path of the command.
 */
export function packageWith(httpfs: string, folder: string): string {
  const { files } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  for (const name of ['package.json', ...files]) {
    cpSync(join(PACKAGE_ROOT, name), join(folder, name), { recursive: true });
  }
  const own = join(PACKAGE_ROOT, 'node_modules');
  const packages = join(folder, 'node_modules');
  mkdirSync(packages);
  for (const name of readdirSync(own)) {
    if (name === '@duckdb' || name.startsWith('.')) continue;
    symlinkSync(join(own, name), join(packages, name));
  }
  symlinkSync(join(httpfs, 'node_modules', '@duckdb'), join(packages, '@duckdb'));
  return join(folder, 'dist', 'cli.js');
}

function runStep(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`
    .trim()
    .split('\n')
    .slice(-12);
  throw setupError(
    `DuckDB ${VERSION} and its httpfs could not be had (${command}).\n${said.map((line) => `  | ${line}`).join('\n')}`,
    'They need the registry of npm and the Python package index: check network and proxy, then run again.',
  );
}
