/**
 * Metrics: the figures of runs for monitoring systems. This folder owns what is shown, and how. It reads
 * the summary of a run and what runs remember, never the lake.
 */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { replaceFile } from '../atomic-file.ts';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Operations } from '../operations.ts';
import type { RunSummary } from '../run-summary-schema.ts';
import { emfLine } from './cloudwatch-emf.ts';
import { newestPacks, prometheusText } from './prometheus.ts';

export type MetricsOptions = {
  config: Pick<Config, 'metrics' | 'folder'>;
  summary: RunSummary;
  operations: Operations;
  statuses: readonly string[];
  /** Standard output. */
  write: (text: string) => void;
};

/** The collectors are other users, and must be able to read what is for them. */
const READABLE_BY_ALL = 0o644;

/** Writes what the configuration asks for. Never throws: gives what went wrong. */
export async function writeMetrics(options: MetricsOptions): Promise<string[]> {
  const { metrics, folder } = options.config;
  const { summary, operations, statuses } = options;
  const warnings: string[] = [];
  if (metrics?.prometheus !== undefined) {
    const waitingCount = summary.notifications.waiting_count;
    const text = prometheusText({ operations, waitingCount, statuses });
    await replaceFile(resolve(folder, metrics.prometheus), text, READABLE_BY_ALL).catch((thrown) =>
      warnings.push(`metrics.prometheus was not written: ${messageOf(thrown)}`),
    );
  }
  if (metrics?.cloudwatch_emf !== undefined) {
    const packs = newestPacks(operations);
    const line = emfLine({ summary, namespace: metrics.namespace, packs, statuses });
    if (metrics.cloudwatch_emf === 'stdout') options.write(line);
    else {
      const path = resolve(folder, metrics.cloudwatch_emf);
      await appendLine(path, line).catch((thrown) =>
        warnings.push(`metrics.cloudwatch_emf was not written: ${messageOf(thrown)}`),
      );
    }
  }
  return warnings;
}

async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    if ((await file.stat()).size === 0) await file.chmod(READABLE_BY_ALL);
    await file.writeFile(line);
  } finally {
    await file.close();
  }
}
