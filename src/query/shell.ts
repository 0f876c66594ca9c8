/**
 * The interactive shell: lines become statements, statements go to a session (`query-session.ts`), and
 * what begins with a backslash is for the shell itself. Without a terminal it reads a script, and stops at the
 * first error.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { FlowproofError, messageOf } from '../errors.ts';
import { TABLES } from '../tables.ts';
import { tableLines, visibleText } from '../text-table.ts';
import { QUERY_FORMATS, type QueryFormat } from './query-format.ts';
import type { QuerySession } from './query-session.ts';
import { fileSink, type Sink, streamSink } from './sink.ts';
import { isBlank, statementEnd } from './statement-end.ts';

export type ShellOptions = {
  session: Pick<QuerySession, 'run' | 'interrupt'>;
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  /** Where problems go. */
  errors: NodeJS.WritableStream;
  isTerminal: boolean;
  /** Lines of earlier sessions, the newest first. */
  history?: readonly string[];
  /** Told the lines whenever they change, the newest first. */
  onHistory?: (lines: readonly string[]) => void;
  /** Command that shows what is longer than the screen; empty for none. */
  pager?: string;
  /** The lake, in which no result may be written. */
  lakeFolder: string;
};

const PROMPT = 'flowproof> ';
const MORE = '        -> ';

const HELP = `\\d             tables
\\d TABLE       columns of a table, with what they mean
\\format NAME   how results are printed: ${QUERY_FORMATS.filter((name) => name !== 'parquet' && name !== 'arrow').join(', ')}
\\o FILE        write the next result to a file; its ending may be csv, json, jsonl, arrow or parquet
\\?             this
\\q             leave (also Ctrl-D)
A statement ends with a semicolon. Ctrl-C stops it, or clears what was typed. Tab completes names.
`;

/** Runs until the input ends. Returns the error that ended a script; undefined otherwise. */
export async function runShell(options: ShellOptions): Promise<unknown> {
  const { input, output, isTerminal } = options;
  const shell: Shell = { ...options, format: 'table', outputFile: undefined, isRunning: false };
  const lines = createInterface({
    input,
    ...(isTerminal ? { output } : {}),
    terminal: isTerminal,
    history: [...(options.history ?? [])],
    historySize: 1000,
    removeHistoryDuplicates: true,
    prompt: PROMPT,
    completer: complete,
  });
  lines.on('history', (history) => options.onHistory?.(history));
  let buffer = '';
  lines.on('SIGINT', () => {
    if (shell.isRunning) options.session.interrupt();
    else {
      buffer = '';
      output.write('\n');
      prompt(lines, isTerminal, buffer);
    }
  });
  if (isTerminal) output.write('\\? says what there is; a statement ends with a semicolon.\n');
  prompt(lines, isTerminal, buffer);
  try {
    for await (const line of lines) {
      if (buffer === '' && line.trimStart().startsWith('\\')) {
        if (await command(shell, line.trim())) return undefined;
      } else {
        buffer = await runWhole(shell, `${buffer}${line}\n`);
      }
      prompt(lines, isTerminal, buffer);
    }
    if (!isBlank(buffer)) await ask(shell, buffer);
    return undefined;
  } catch (thrown) {
    return thrown;
  } finally {
    lines.close();
    if (isTerminal) output.write('\n');
  }
}

type Shell = ShellOptions & {
  format: QueryFormat;
  outputFile: string | undefined;
  isRunning: boolean;
};

function prompt(lines: Interface, isTerminal: boolean, buffer: string): void {
  if (!isTerminal) return;
  lines.setPrompt(isBlank(buffer) ? PROMPT : MORE);
  lines.prompt();
}

/** Runs every statement that is whole; gives what is left. */
async function runWhole(shell: Shell, text: string): Promise<string> {
  let rest = text;
  for (let end = statementEnd(rest); end >= 0; end = statementEnd(rest)) {
    const statement = rest.slice(0, end);
    rest = rest.slice(end);
    if (!isBlank(statement.slice(0, -1))) await ask(shell, statement);
  }
  return isBlank(rest) ? '' : rest;
}

/** Asks one statement. On a terminal what is wrong is told; in a script it is thrown. */
async function ask(shell: Shell, sql: string): Promise<void> {
  shell.isRunning = true;
  try {
    await (shell.outputFile === undefined ? askToScreen(shell, sql) : askToFile(shell, sql));
  } catch (thrown) {
    if (!shell.isTerminal) throw thrown;
    tell(shell, thrown);
  } finally {
    shell.isRunning = false;
  }
}

function tell(shell: Shell, thrown: unknown): void {
  const text =
    thrown instanceof FlowproofError ? `${thrown.problem}\n  ${thrown.remedy}` : messageOf(thrown);
  shell.errors.write(`${text.split('\n').map(visibleText).join('\n')}\n`);
}

async function askToFile(shell: Shell, sql: string): Promise<void> {
  const file = shell.outputFile ?? '';
  shell.outputFile = undefined;
  const ending = /\.([a-z]+)$/.exec(file)?.[1];
  const format = QUERY_FORMATS.find((name) => name === ending) ?? shell.format;
  const sink = await fileSink(file, shell.lakeFolder);
  try {
    const { rowCount } = await shell.session.run({ sql, format, sink });
    await sink.finish();
    shell.output.write(`${rowCount} ${rowCount === 1 ? 'row' : 'rows'} in ${visibleText(file)}\n`);
  } catch (thrown) {
    await sink.abandon();
    throw thrown;
  }
}

async function askToScreen(shell: Shell, sql: string): Promise<void> {
  const isPaged = shell.isTerminal && shell.format === 'table' && (shell.pager ?? '') !== '';
  if (!isPaged) {
    const sink = streamSink(shell.output);
    try {
      await shell.session.run({ sql, format: shell.format, sink });
    } finally {
      await sink.finish();
    }
    return;
  }
  const parts: string[] = [];
  await shell.session.run({ sql, format: 'table', sink: textSink(parts) });
  await show(shell, parts.join(''));
}

/** Keeps a table, whose rows are few, as text. */
function textSink(parts: string[]): Sink {
  return {
    isTerminal: true,
    isOpen: () => true,
    write: async (data) => {
      parts.push(typeof data === 'string' ? data : Buffer.from(data).toString('utf8'));
      return true;
    },
    finish: async () => {},
    abandon: async () => {},
  };
}

/** Shows a text, by the pager if it is longer or wider than the screen. */
async function show(shell: Shell, text: string): Promise<void> {
  const { rows = 24, columns = 80 } = shell.output as NodeJS.WriteStream;
  const lines = text.split('\n');
  const isLarge = lines.length >= rows || lines.some((line) => line.length > columns);
  if (!isLarge || !shell.isTerminal || !shell.pager) {
    shell.output.write(text);
    return;
  }
  const pager = spawn('sh', ['-c', shell.pager], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, LESS: process.env.LESS ?? 'FSX' },
  });
  pager.stdin.on('error', () => {});
  pager.stdin.end(text);
  await once(pager, 'close');
}

/** A line for the shell itself. True if it ends the shell. */
async function command(shell: Shell, line: string): Promise<boolean> {
  const [word = '', ...rest] = line.split(/\s+/);
  const argument = rest.join(' ').replace(/;$/, '');
  try {
    switch (word) {
      case '\\q':
        return true;
      case '\\?':
        shell.output.write(HELP);
        return false;
      case '\\d':
        await show(shell, argument === '' ? tablesText() : columnsText(argument));
        return false;
      case '\\format':
        shell.format = formatOf(argument);
        return false;
      case '\\o':
        if (argument === '') throw usage(line, 'which file?', 'Name one: \\o result.csv');
        shell.outputFile = argument;
        return false;
      default:
        throw usage(line, 'the shell knows no such command', '\\? lists them.');
    }
  } catch (thrown) {
    if (!shell.isTerminal) throw thrown;
    tell(shell, thrown);
    return false;
  }
}

function usage(place: string, problem: string, remedy: string): FlowproofError {
  return new FlowproofError('USAGE', { place, problem, remedy });
}

function formatOf(name: string): QueryFormat {
  const format = QUERY_FORMATS.find((one) => one === name);
  if (format && format !== 'arrow' && format !== 'parquet') return format;
  throw usage(
    `\\format ${name}`,
    'is no format for a screen',
    'Use table, csv, json or jsonl; \\o FILE writes the others.',
  );
}

const asTable = (names: readonly string[], rows: string[][]): string =>
  tableLines({
    columns: names.map((name) => ({ name, isNumber: false })),
    rows,
    isTerminal: false,
  })
    .lines.map((line) => `${line}\n`)
    .join('');

function tablesText(): string {
  return asTable(
    ['table', 'description'],
    TABLES.map(({ name, description }) => [name, description]),
  );
}

function columnsText(name: string): string {
  const table = TABLES.find((one) => one.name === name.toLowerCase());
  if (!table) throw usage(`\\d ${name}`, 'there is no such table', '\\d lists them.');
  const columns = [...table.columns, ...(table.computed ?? [])];
  return `${table.description}\n\n${asTable(
    ['column', 'type', 'description'],
    columns.map((one) => [one.name, one.type.toLowerCase(), one.description]),
  )}`;
}

const KEYWORDS =
  'select from where group by order limit having join left inner on using as and or not in is null between like case when then else end distinct count sum min max avg cast interval union all with exists desc asc offset filter over partition describe show tables'.split(
    ' ',
  );

const COLUMNS = [...new Set(TABLES.flatMap(({ columns }) => columns.map(({ name }) => name)))];

/** Names that go on from the last word of a line. */
export function complete(line: string): [string[], string] {
  const word = lastWord(line);
  const before = line
    .slice(0, line.length - word.length)
    .trimEnd()
    .toLowerCase();
  const isTableWanted = before === '\\d' || TABLE_WORDS.some((one) => before.endsWith(one));
  const names = isTableWanted
    ? TABLES.map(({ name }) => name)
    : [...TABLES.map(({ name }) => name), ...COLUMNS, ...KEYWORDS];
  const start = word.toLowerCase();
  const found =
    start === '' && !isTableWanted ? [] : names.filter((name) => name.startsWith(start));
  return [[...new Set(found)].sort(), word];
}

/** What a table follows. */
const TABLE_WORDS = ['from', 'join'];

function lastWord(line: string): string {
  let start = line.length;
  while (start > 0 && /\w/.test(line[start - 1] ?? '')) start -= 1;
  return line.slice(start);
}
