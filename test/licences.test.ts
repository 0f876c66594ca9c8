/** The licence of each package of production is listed, and one that may be handed out with flowproof. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  ALLOWED_LICENCES,
  LICENCES_FILE,
  licencesText,
  licensedPackages,
} from '../scripts/licences.ts';

const rows = readFileSync(LICENCES_FILE, 'utf8')
  .split('\n')
  .filter((line) => /^\| [^-P]/.test(line) || /^\| P(?!ackage)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the list is current', () => {
  expect(readFileSync(LICENCES_FILE, 'utf8')).toBe(licencesText());
});

test('every direct dependency is in it, and no licence is one that nobody decided on', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const names = rows.map(([, name = '']) => name);
  expect(Object.keys(manifest.dependencies).filter((name) => !names.includes(name))).toEqual([]);
  expect(names).not.toContain('vitest');
  expect(rows.filter(([, , , licence = '']) => !ALLOWED_LICENCES.has(licence))).toEqual([]);
});

test('binaries of other platforms have the licence of the package that chooses; what is not known says so', () => {
  const lock = {
    packages: {
      '': { version: '1.0.0', license: 'Apache-2.0' },
      'node_modules/a': {
        version: '1.0.0',
        license: 'MIT',
        optionalDependencies: { 'a-arm': '1' },
      },
      'node_modules/a-arm': { version: '1.0.0' },
      'node_modules/a/node_modules/@b/c': { version: '2.0.0' },
      'node_modules/d': { version: '3.0.0' },
      'node_modules/tool': { version: '3.0.0', license: 'GPL-3.0', dev: true },
    },
  };
  expect(licensedPackages(lock, (path) => (path.endsWith('/d') ? 'ISC' : undefined))).toEqual([
    { name: '@b/c', version: '2.0.0', licence: 'UNKNOWN' },
    { name: 'a', version: '1.0.0', licence: 'MIT' },
    { name: 'a-arm', version: '1.0.0', licence: 'MIT' },
    { name: 'd', version: '3.0.0', licence: 'ISC' },
  ]);
  expect(ALLOWED_LICENCES.has('UNKNOWN')).toBe(false);
});
