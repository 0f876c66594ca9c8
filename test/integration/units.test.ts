import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import type { Program } from './debian-program.ts';

const CONFIG = `lake: lake
output: evidence
sources:
  flow_logs:
    - files: [logs/**]
    - s3: s3://example-flow-logs/AWSLogs/
      region: us-east-1
    - cloudwatch_logs: /vpc/flow-logs
      region: us-east-1
      role_arn: arn:aws:iam::123456789012:role/flowproof
  inventory:
    - ec2: [us-east-1]
scope:
  - { name: cde, match: { vpc: [vpc-0123456789abcdef0] } }
period: { start: 2026-11-01, end: 2026-11-02 }
signature: { kms_key: alias/flowproof, region: us-east-1 }
notifications:
  - { webhook: "https://hooks.example.com/x", secret_env: HOOK_SECRET }
  - { sns: "arn:aws:sns:us-east-1:123456789012:flowproof" }
  - { email: { from: flowproof@example.com, to: [audit@example.com], ses: { region: us-east-1 } } }
`;

let folder = '';

beforeAll(() => {
  // A blank, and what begins a specifier of systemd.
  folder = mkdtempSync(join(tmpdir(), 'flow proof 100%-'));
  writeFileSync(join(folder, 'flowproof.yaml'), CONFIG);
});

function schedule(
  scheduler: string,
  ...more: string[]
): { status: number | null; names: string[] } {
  const cli = join(PACKAGE_ROOT, 'dist', 'cli.js');
  const config = join(folder, 'flowproof.yaml');
  const args = [cli, 'schedule', '--print', scheduler, '--config', config, '--output', folder];
  const { status, stdout } = spawnSync(process.execPath, [...args, ...more], { encoding: 'utf8' });
  return { status, names: stdout.trimEnd().split('\n') };
}

describe('the units that `flowproof schedule` writes', () => {
  test('systemd-analyze finds nothing wrong with those of systemd', () => {
    const analyze: Program = JSON.parse(process.env.FLOWPROOF_TEST_SYSTEMD_ANALYZE ?? '');
    const { status, names } = schedule('systemd');
    expect([status, names.length]).toEqual([0, 2]);
    const checked = spawnSync(analyze.path, ['verify', ...names], {
      encoding: 'utf8',
      env: { ...process.env, ...analyze.environment },
    });
    expect([checked.status, checked.stdout, checked.stderr]).toEqual([0, '', '']);
    writeFileSync(join(folder, 'bad.service'), '[Service]\nExecStart=relative\nNoSuchKey=1\n');
    const bad = spawnSync(analyze.path, ['verify', join(folder, 'bad.service')], {
      encoding: 'utf8',
      env: { ...process.env, ...analyze.environment },
    });
    expect(bad.status === 0 && bad.stderr === '').toBe(false);
  });

  test.each([['hourly'], ['daily at 02:30']])(
    'cfn-lint finds nothing wrong with the template: %s',
    (every) => {
      const { status, names } = schedule('eventbridge', '--every', every);
      expect([status, names.length]).toEqual([0, 1]);
      const lint = join(dirname(process.env.FLOWPROOF_TEST_PYTHON ?? ''), 'cfn-lint');
      const linted = spawnSync(lint, ['--format', 'parseable', '--', ...names], {
        encoding: 'utf8',
      });
      expect([linted.stdout, linted.stderr, linted.status]).toEqual(['', '', 0]);
    },
  );
});
