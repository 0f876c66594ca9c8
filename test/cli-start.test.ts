/** What a call loads before it does anything: the engine, zod and the SDK of AWS take longer than all of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../src/query-file.ts';

const SOURCE_ROOT = join(PACKAGE_ROOT, 'src');

/** The packages that a file imports at once, by itself or by what it imports. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, isType, name = ''] of text.matchAll(
    /^(?:im|ex)port (type )?(?:[^'();=]*?from )?'([^'\s]+)';$/gm,
  )) {
    if (isType) continue;
    if (!name.startsWith('.')) packages.add(name);
    else for (const one of packagesOf(resolve(dirname(file), name), seen)) packages.add(one);
  }
  return new Set([...packages].filter((name) => !name.startsWith('node:')));
}

const packagesAt = (path: string): string[] => [...packagesOf(join(SOURCE_ROOT, path))].sort();

test('the program itself loads nothing but the parser of its arguments', () => {
  expect(packagesAt('cli.ts')).toEqual(['commander']);
});

test('commands that ask no engine load none', () => {
  expect(packagesAt('commands/job.ts')).toContain('@duckdb/node-api');
  for (const command of [
    ...['doctor', 'init', 'query', 'shell', 'serve', 'review', 'schedule', 'config-schema'],
  ]) {
    const loaded = packagesAt(`commands/${command}.ts`);
    expect([command, loaded.filter((name) => /duckdb|aws|arrow/.test(name))]).toEqual([
      command,
      [],
    ]);
  }
});

test('no command loads the SDK of AWS before a source needs it', () => {
  for (const file of readdirSync(join(SOURCE_ROOT, 'commands'))) {
    const loaded = packagesAt(`commands/${file}`);
    expect([file, loaded.filter((name) => name.startsWith('@aws-sdk/'))]).toEqual([file, []]);
  }
});
