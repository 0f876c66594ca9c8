/** One exception in force, with rows that it accepts. */
import type { PackContent } from '../../src/reports/report.ts';

export const EXCEPTIONS: NonNullable<PackContent['exceptions']> = {
  sha256: 'ab'.repeat(32),
  uses: [
    {
      id: 'EX-7',
      report: 'loss_interval',
      what: 'What.',
      why: 'Why.',
      compensating_control: 'Control.',
      owner: 'network team',
      approved_by: 'head of security',
      expires: '2026-12-31',
      state: 'in_force',
      rowCount: 3,
    },
  ],
};
