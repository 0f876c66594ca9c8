import { describe, expect, test } from 'vitest';
import { MAX_CELL_WIDTH, renderTable, textWidth, visibleText } from '../src/text-table.ts';

describe('visibleText', () => {
  test.each([
    ['plain, é and 日本', 'plain, é and 日本'],
    ['\u001b[31mred\u001b[0m', '␛[31mred␛[0m'],
    ['a\nb\r\n\tc\0', 'a␊b␍␊␉c␀'],
    ['\u007f\u009b31m', '␡<U+009B>31m'],
    ['\u202Egpj.exe', '<U+202E>gpj.exe'],
    ['\u200b\ufeff\u2028', '<U+200B><U+FEFF><U+2028>'],
    ['👩‍💻', '👩‍💻'],
  ])('%j', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });
});

describe('textWidth', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['ｱ', 1],
    ['Ａ', 2],
    ['😀', 2],
    ['👩‍💻', 2],
    ['␛', 1],
  ])('%j is %d wide', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

const base = { rowCount: 2, milliseconds: 12.4, isTerminal: false };

describe('renderTable', () => {
  test('aligns text to the left and numbers to the right', () => {
    const columns = [
      { name: 'name', isNumber: false },
      { name: 'bytes', isNumber: true },
      { name: 'note', isNumber: false },
    ];
    const rows = [
      ['日本', '5', null],
      ['web', '1234567', 'x'],
    ];
    expect(renderTable({ ...base, columns, rows })).toBe(
      [
        'name    bytes  note',
        '────  ───────  ────',
        '日本        5  null',
        'web   1234567  x',
        '',
        '2 rows in 12 ms',
        '',
      ].join('\n'),
    );
  });

  test('dims a null on a terminal only, and not the text null', () => {
    const columns = [{ name: 'n', isNumber: false }];
    const rows = [[null], ['null']];
    expect(renderTable({ ...base, columns, rows, isTerminal: true })).toContain(
      '\n\u001b[2mnull\u001b[22m\nnull\n',
    );
    expect(renderTable({ ...base, columns, rows })).not.toContain('\u001b');
  });

  test('lets no control character of names or cells through', () => {
    const columns = [{ name: 'a\u001b]0;x\u0007', isNumber: false }];
    const rows = [['\u001b[2J\n']];
    const text = renderTable({ ...base, columns, rows, rowCount: 1, isTerminal: true });
    expect(text).not.toContain('\u001b');
    expect(text).toContain('a␛]0;x␇');
    expect(text).toContain('␛[2J␊');
    expect(text).toContain('1 row in 12 ms');
  });

  test('cuts a cell that is too wide and counts it', () => {
    const columns = [{ name: 'c', isNumber: false }];
    const rows = [['x'.repeat(MAX_CELL_WIDTH)], ['日'.repeat(100_000)]];
    const lines = renderTable({ ...base, columns, rows }).split('\n');
    expect(lines[2]).toBe('x'.repeat(MAX_CELL_WIDTH));
    expect(lines[3]).toBe(`${'日'.repeat(39)}…`);
    expect(lines[5]).toBe('2 rows in 12 ms; 1 cell cut: use the csv or json format to see all');
  });

  test('shows the names where there are no rows', () => {
    const columns = [{ name: 'only', isNumber: true }];
    expect(renderTable({ ...base, columns, rows: [], rowCount: 0 })).toBe(
      'only\n────\n\n0 rows in 12 ms\n',
    );
  });
});
