/** Writes `docs/licences.md`: the licence of each package that flowproof is installed with. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Licences that Apache-2.0 software may be handed out with; any other is for a person to decide on. */
export const ALLOWED_LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'MIT AND OFL-1.1',
]);

export const LICENCES_FILE = join(import.meta.dirname, '..', 'docs', 'licences.md');

export type LockedPackage = {
  version?: string;
  license?: string;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
};

export type Lock = { packages: Record<string, LockedPackage> };

export type LicensedPackage = { name: string; version: string; licence: string };

const PREFIX = 'node_modules/';

const nameOf = (path: string): string => path.slice(path.lastIndexOf(PREFIX) + PREFIX.length);

/**
 * Every package of production with its licence, by name and version. A binary of another platform, which
 * npm does not install here, has that of the package which chooses among the platforms.
 */
export function licensedPackages(
  lock: Lock,
  installedLicence: (path: string) => string | undefined,
): LicensedPackage[] {
  const entries = Object.entries(lock.packages).filter(
    ([path, { dev }]) => path !== '' && dev !== true,
  );
  const choosers = new Map<string, string>();
  for (const [path, { optionalDependencies }] of entries) {
    for (const name of Object.keys(optionalDependencies ?? {})) choosers.set(name, path);
  }
  const licenceOf = (path: string): string | undefined =>
    lock.packages[path]?.license ?? installedLicence(path);
  return entries
    .map(([path, { version = '' }]) => {
      const name = nameOf(path);
      const chooser = choosers.get(name);
      const licence = licenceOf(path) ?? (chooser ? licenceOf(chooser) : undefined) ?? 'UNKNOWN';
      return { name, version, licence };
    })
    .sort((one, other) =>
      `${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1,
    );
}

/** The page, of the lock file and what is installed. */
export function licencesText(): string {
  const root = join(import.meta.dirname, '..');
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const packages = licensedPackages(lock, (path) => {
    const file = join(root, path, 'package.json');
    if (path === '' || !existsSync(file)) return undefined;
    return (JSON.parse(readFileSync(file, 'utf8')) as { license?: string }).license;
  });
  const counts = new Map<string, number>();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const sums = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    '# Licences of the packages that flowproof is installed with',
    '',
    'Written by `npm run licences` from `package-lock.json`; a test holds that it is current, and that each',
    'licence is one that `scripts/licences.ts` allows. Packages for development are not among them. The',
    'binaries of DuckDB and of the Typst compiler hold libraries of others, which those projects list.',
    '',
    ...sums.map(([licence, count]) => `- ${licence}: ${count}`),
    '',
    '| Package | Version | Licence |',
    '|---|---|---|',
    ...packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`),
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(LICENCES_FILE, licencesText());
}
