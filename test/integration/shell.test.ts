/** `flowproof shell` on a real terminal: what keys do that only a terminal has. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { SAMPLES } from './flowproof.ts';

const folder = mkdtempSync(join(tmpdir(), 'shell-'));
const config = join(folder, 'flowproof.yaml');
writeFileSync(
  config,
  stringify({
    lake: 'lake',
    output: 'evidence',
    sources: { flow_logs: [{ files: [join(SAMPLES, 'logs/**/*.log.gz')] }] },
    scope: [{ name: 'cde', match: { vpc: ['vpc-0123456789abcdef0'] } }],
    period: { start: '2026-11-02', end: '2026-11-04' },
  }),
);

const [PROMPT, UP, INTERRUPT, END] = ['flowproof> ', '\x1b[A', '\x03', '\x04'];

type Step = { type: string; until: string | null };

/** Types into a shell; what it shows after each step, without the sequences that move the cursor. */
function typeInto(steps: readonly Step[], pager = 'cat'): { shown: string[]; exit: number | null } {
  const task = {
    command: [process.execPath, join(PACKAGE_ROOT, 'dist', 'cli.js'), 'shell', '--config', config],
    environment: { HOME: folder, XDG_STATE_HOME: folder, TERM: 'xterm-256color', PAGER: pager },
    rows: 24,
    columns: 100,
    steps: [{ type: '', until: PROMPT }, ...steps, { type: END, until: null }],
  };
  const { stdout, stderr } = spawnSync(
    process.env.FLOWPROOF_TEST_PYTHON ?? 'python3',
    [join(import.meta.dirname, 'terminal.py')],
    { input: JSON.stringify(task), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  expect(stderr).toBe('');
  const { shown, exit } = JSON.parse(stdout) as { shown: string[]; exit: number | null };
  return { shown: shown.slice(1, -1).map(stripVTControlCharacters), exit };
}

/** An answer begins on a line of its own, which what was typed does not. */
const line = (text: string): RegExp => new RegExp(`^ *${text}\\r?$`, 'm');

test('statements over several lines, completion by Tab, and the end of input', () => {
  const { shown, exit } = typeInto([
    { type: 'select\r', until: '-> ' },
    { type: '41 + 1 as answer;\r', until: PROMPT },
    { type: 'select count(*) as counted from flow_enr\t', until: 'flow_enriched' },
    { type: ';\r', until: PROMPT },
    { type: '\\d review\r', until: PROMPT },
  ]);
  expect(shown[1]).toMatch(line('42'));
  expect(shown[3]).toMatch(line('0'));
  expect(shown[4]).toContain('record_sha256');
  expect(exit).toBe(0);
});

test('what was typed in one session comes back in the next by the arrow key', () => {
  typeInto([{ type: 'select 4242 as kept;\r', until: PROMPT }]);
  const { shown } = typeInto([
    { type: UP, until: 'kept;' },
    { type: '\r', until: '1 row' },
  ]);
  expect(shown[0]).toContain('select 4242 as kept;');
  expect(shown[1]).toMatch(line('4242'));
});

test('an interrupt stops the statement and not the shell', () => {
  const { shown, exit } = typeInto([
    { type: 'select count(*) from range(100000000000) a, range(100000) b;\r', until: 'b;' },
    { type: INTERRUPT, until: PROMPT },
    { type: 'select 7 as next;\r', until: PROMPT },
  ]);
  expect(shown[1]).toContain('interrupted');
  expect(shown[2]).toMatch(line('7'));
  expect(exit).toBe(0);
});

test('what is longer than the screen goes to the pager, what fits does not', () => {
  const pager = "sed -e 's/^/paged /'";
  const { shown } = typeInto(
    [
      { type: 'select range as number from range(100);\r', until: PROMPT },
      { type: 'select 5 as number;\r', until: PROMPT },
    ],
    pager,
  );
  expect(shown[0]).toMatch(/^paged .*99/m);
  expect(shown[1]).not.toContain('paged');
  expect(shown[1]).toMatch(line('5'));
});
