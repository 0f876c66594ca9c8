import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { FlowproofError } from '../../src/errors.ts';
import type { Statement } from '../../src/query/query-session.ts';
import { complete, runShell } from '../../src/query/shell.ts';
import { isBlank, statementEnd } from '../../src/query/statement-end.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowproof-shell-'));

mkdirSync(join(folder, 'lake'));

afterAll(() => rmSync(folder, { recursive: true }));

test.each<[string, number]>([
  ['select 1;', 9],
  ['select 1', -1],
  ["select ';' from a; b", 18],
  ["select 'it''s;'", -1],
  ['select "a;b";', 13],
  ['select 1 -- no; end\n;', 21],
  ['select 1 -- no end;', -1],
  ['select /* ; */ 1;', 17],
  ['select $$;$$;', 13],
  ['select $a$;$b$;$a$;', 19],
  ['select $port;', 13],
  ["select 'open;", -1],
])('%j ends at %i', (sql, end) => {
  expect(statementEnd(sql)).toBe(end);
});

test.each([
  ['', true],
  [' \n\t', true],
  ['-- only this', true],
  ['/* and */ -- this\n', true],
  ['- 1', false],
  ['x', false],
])('%j without a statement: %s', (text, blank) => {
  expect(isBlank(text)).toBe(blank);
});

type Asked = Pick<Statement, 'sql' | 'format'>;

/** Types lines into a shell whose session answers each statement with its number. */
async function type(
  lines: string,
  own: { isTerminal?: boolean; fail?: string } = {},
): Promise<{
  asked: Asked[];
  output: string;
  errors: string;
  problem: unknown;
  history: string[];
}> {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const said = { output: '', errors: '' };
  output.on('data', (text) => {
    said.output += text;
  });
  errors.on('data', (text) => {
    said.errors += text;
  });
  const asked: Asked[] = [];
  let history: readonly string[] = [];
  const running = runShell({
    session: {
      run: async ({ sql, format, sink }) => {
        asked.push({ sql: sql.trim(), format });
        if (own.fail && sql.includes(own.fail)) {
          const detail = { place: 'query', problem: 'it \u001b[31mfailed', remedy: 'Try again.' };
          throw new FlowproofError('QUERY_FAILED', detail);
        }
        await sink.write(`answer ${asked.length}\n`);
        return { rowCount: 1, milliseconds: 1 };
      },
      interrupt: () => {},
    },
    input,
    output,
    errors,
    isTerminal: own.isTerminal ?? false,
    onHistory: (lines) => {
      history = lines;
    },
    pager: '',
    lakeFolder: join(folder, 'lake'),
  });
  input.end(lines);
  const problem = await running;
  return { asked, ...said, problem, history: [...history] };
}

test('a script: several lines a statement, several statements a line, the last without an end', async () => {
  const { asked, output, problem } = await type('select\n  1;\nselect 2; select 3;\n\nselect 4');
  expect(asked.map(({ sql }) => sql)).toEqual([
    'select\n  1;',
    'select 2;',
    'select 3;',
    'select 4',
  ]);
  expect(output).toBe('answer 1\nanswer 2\nanswer 3\nanswer 4\n');
  expect(problem).toBeUndefined();
});

test('a script ends at its first error; a terminal goes on, and shows no escape of it', async () => {
  const script = await type('select 1;\nbad;\nselect 2;\n', { fail: 'bad' });
  expect(script.asked).toHaveLength(2);
  expect(script.problem).toMatchObject({ code: 'QUERY_FAILED' });
  const terminal = await type('bad;\nselect 2;\n', { fail: 'bad', isTerminal: true });
  expect(terminal.asked).toHaveLength(2);
  expect(terminal.problem).toBeUndefined();
  expect(terminal.errors).toContain('failed\n  Try again.\n');
  expect(terminal.errors).not.toContain('\u001b');
  expect(terminal.history).toEqual(['select 2;', 'bad;']);
});

test('commands of the shell: tables, columns with their meaning, formats, help, the end', async () => {
  const { output, asked } = await type(
    '\\d\n\\d flow\n\\format csv\nselect 1;\n\\?\n\\q\nselect 2;\n',
  );
  expect(output).toMatch(/^flow_enriched +One row a flow/m);
  expect(output).toMatch(/^srcaddr +varchar +\S+/m);
  expect(output).toContain('\\format NAME');
  expect(asked).toEqual([{ sql: 'select 1;', format: 'csv' }]);
});

test.each(['\\d nothing', '\\format arrow', '\\o', '\\x'])('%s is refused', async (line) => {
  expect((await type(`${line}\n`)).problem).toMatchObject({ code: 'USAGE' });
  const terminal = await type(`${line}\nselect 1;\n`, { isTerminal: true });
  expect([terminal.asked.length, terminal.errors === '']).toEqual([1, false]);
});

test('\\o writes the next result alone to a file, by its ending', async () => {
  const file = join(folder, 'result.jsonl');
  const { asked, output } = await type(`\\o ${file}\nselect 1;\nselect 2;\n`);
  expect(asked.map(({ format }) => format)).toEqual(['jsonl', 'table']);
  expect(readFileSync(file, 'utf8')).toBe('answer 1\n');
  expect(output).toBe(`1 row in ${file}\nanswer 2\n`);
});

test.each<[string, string[], string]>([
  ['select * from flow_en', ['flow_enriched'], 'flow_en'],
  ['\\d flow_l', ['flow_log', 'flow_log_format'], 'flow_l'],
  ['select srcad', ['srcaddr'], 'srcad'],
  ['selec', ['select'], 'selec'],
  ['select ', [], ''],
])('Tab after %j', (line, names, word) => {
  expect(complete(line)).toEqual([names, word]);
});
