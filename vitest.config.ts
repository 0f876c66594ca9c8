import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { countsReporter } from './test/counts-reporter.ts';
import { LongFirst } from './test/long-first.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of its configuration.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One more than there are cores: tests also wait, for processes, disks and pauses.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    reporters: ['default', countsReporter],
  },
});
