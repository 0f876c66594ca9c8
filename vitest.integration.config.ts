import { defineConfig } from 'vitest/config';
import { countsReporter } from './test/counts-reporter.ts';
import { LongFirst } from './test/long-first.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of its configuration.
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongFirst },
    reporters: ['default', countsReporter],
    maxWorkers: 2,
  },
});
