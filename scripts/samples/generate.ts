/**
 * Writes the samples: `npx tsx scripts/samples/generate.ts [folder]`, by default into `samples`. The
 * same code writes the same files every time; files that it does not make are left alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trailFile } from './cloudtrail.ts';
import { agentsLog } from './deep-security.ts';
import { computersList, LISTED_AT } from './deep-security-computers.ts';
import { snsNotifications } from './deep-security-sns.ts';
import { cdeFiles, reportingFiles, type SampleFile, writeToolsFiles } from './flow-files.ts';
import { snapshot } from './inventory.ts';
import { configuration, exceptions, readme } from './pages.ts';
import { eveJson } from './suricata.ts';
import { SNAPSHOT_TIMES } from './world.ts';

/** Writes every file below the folder and returns their paths relative to it, sorted. */
export async function generateSamples(folder: string): Promise<string[]> {
  const prepare = (path: string): string => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    return target;
  };
  const files = [
    ...cdeFiles(),
    ...reportingFiles(),
    ...inventoryFiles(),
    textFile('ips/deep-security/agents.log', agentsLog()),
    textFile('ips/deep-security-sns/2026-11-02.json', snsNotifications('2026-11-02')),
    textFile('ips/deep-security-sns/2026-11-03.json', snsNotifications('2026-11-03')),
    textFile(
      `ips/deep-security-agents/${LISTED_AT.replaceAll(':', '-')}/computers.json`,
      computersList(),
    ),
    textFile('ips/suricata/web-1/eve.json', eveJson()),
    textFile(
      'cloudtrail/123456789012_CloudTrail_us-east-1_20261103T2005Z_sample.json',
      trailFile(),
    ),
    textFile('flowproof.yaml', configuration()),
    textFile('exceptions.yaml', exceptions()),
    textFile('README.md', readme()),
  ];
  for (const { path, bytes } of files) writeFileSync(prepare(path), bytes);
  const parquet = await writeToolsFiles(prepare);
  return [...files.map(({ path }) => path), ...parquet].sort();
}

function textFile(path: string, text: string): SampleFile {
  return { path, bytes: Buffer.from(text) };
}

function inventoryFiles(): SampleFile[] {
  return SNAPSHOT_TIMES.flatMap((time) =>
    [...snapshot(time)].map(([name, document]) =>
      textFile(
        `inventory/${time.replaceAll(':', '-')}/${name}`,
        `${JSON.stringify(document, null, 1)}\n`,
      ),
    ),
  );
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? 'samples';
  const paths = await generateSamples(folder);
  process.stdout.write(`${paths.length} files written to ${folder}\n`);
}
