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
    // Also on two cores; by default one is left out.
    maxWorkers: '100%',
    sequence: { sequencer: LongFirst },
    reporters: ['default', countsReporter],
  },
});
