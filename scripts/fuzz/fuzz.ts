/**
 * `npm run fuzz -- PARSER --seconds N`: mutates the inputs of `test/corpus/PARSER/` and keeps those that
 * reach code which none reached before. What breaks a parser is kept there too, and ends the run with
 * exit code 1: the suite replays the folder.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCoverage } from './coverage.ts';
import { mutate, randomOf } from './mutate.ts';
import { fuzzFolder, runTarget, TARGETS, type Target } from './targets.ts';

export const CORPUS = join(import.meta.dirname, '..', '..', 'test', 'corpus');

/** The inputs kept for a target, in order of name. */
export function readCorpus(target: string): { name: string; bytes: Buffer }[] {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

type Outcome = { executions: number; kept: number; places: number; failures: string[] };

async function fuzz(target: Target, seconds: number, seed: number): Promise<Outcome> {
  const random = randomOf(seed);
  const coverage = await openCoverage();
  const scratch = fuzzFolder();
  const folder = join(CORPUS, target.name);
  mkdirSync(folder, { recursive: true });
  const inputs: Uint8Array[] = readCorpus(target.name).map(({ bytes }) => bytes);
  if (inputs.length === 0) inputs.push(Buffer.alloc(0));
  const others = TARGETS.flatMap(({ name }) => readCorpus(name).slice(0, 3)).map(
    ({ bytes }) => bytes,
  );
  const seen = new Set<string>();
  const outcome: Outcome = { executions: 0, kept: 0, places: 0, failures: [] };
  const keep = (bytes: Uint8Array, kind: string): void => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    writeFileSync(join(folder, `${kind}-${hash}`), bytes);
  };
  /** Runs an input and tells whether it reached something new. */
  const execute = async (bytes: Uint8Array): Promise<boolean> => {
    outcome.executions += 1;
    try {
      await runTarget(target, bytes, scratch);
    } catch (thrown) {
      const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      const place = message.split('\n').slice(0, 3).join(' ');
      if (!outcome.failures.includes(place)) {
        outcome.failures.push(place);
        keep(bytes, 'broke');
      }
    }
    const before = seen.size;
    for (const place of await coverage.take()) seen.add(place);
    return seen.size > before;
  };
  for (const bytes of [...inputs]) await execute(bytes);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const chosen = inputs[Math.floor(random() * inputs.length)] ?? Buffer.alloc(0);
    const bytes = mutate(chosen, random() < 0.9 ? inputs : others, random);
    if (!(await execute(bytes))) continue;
    inputs.push(bytes);
    outcome.kept += 1;
    keep(bytes, 'new');
  }
  outcome.places = seen.size;
  await coverage.stop();
  rmSync(scratch, { recursive: true, force: true });
  return outcome;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const chosen = TARGETS.filter(({ name }) => positionals[0] === name || positionals[0] === 'all');
if (chosen.length === 0) {
  process.stderr.write(`Name a parser, or all: ${TARGETS.map(({ name }) => name).join(', ')}\n`);
  process.exitCode = 2;
}
for (const target of chosen) {
  const { executions, kept, places, failures } = await fuzz(
    target,
    Number(values.seconds),
    Number(values.seed),
  );
  process.stdout.write(
    `${target.name}: ${executions} executions, ${kept} inputs kept, ${places} places reached, ${failures.length} failures\n`,
  );
  for (const failure of failures) process.stdout.write(`  ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
}
