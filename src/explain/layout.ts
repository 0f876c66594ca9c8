/** Text for a terminal of some width: headings, aligned labels, and lines that are broken between words. */
import { textWidth, visibleText } from '../text-table.ts';

export type Layout = {
  /** Columns of a line. Words that are longer stand on a line of their own, whole. */
  width: number;
  /** True to set headings apart by escape sequences; only for terminals. */
  isTerminal: boolean;
};

/** A label and what it says; lines of a list stand one below the other. */
export type Fact = readonly [label: string, value: string | readonly string[] | null];

export function heading(text: string, { isTerminal }: Layout): string {
  return isTerminal ? `\u001b[1m${text}\u001b[22m` : text;
}

/** The labels in one column and the values in another. Facts without a value are left out. */
export function factLines(facts: readonly Fact[], layout: Layout, indent = 2): string[] {
  const shown = facts.filter(([, value]) => value !== null && value.length > 0);
  const labelWidth = Math.max(...shown.map(([label]) => textWidth(visibleText(label))), 0) + 2;
  return shown.flatMap(([label, value]) => {
    const lines = (typeof value === 'string' ? [value] : (value ?? [])).flatMap((one) =>
      wrap(one, layout.width - indent - labelWidth),
    );
    const shownLabel = visibleText(label);
    return lines.map((line, index) => {
      const margin = index === 0 ? shownLabel : '';
      const blanks = ' '.repeat(labelWidth - textWidth(margin));
      return `${' '.repeat(indent)}${margin}${blanks}${line}`;
    });
  });
}

/** A text, each of its lines indented. */
export function indented(text: string, layout: Layout, indent: number): string[] {
  return wrap(text, layout.width - indent).map((line) => `${' '.repeat(indent)}${line}`);
}

/** Pairs of a label and a short value in two columns, where both fit; else one below the other. */
export function pairLines(facts: readonly Fact[], layout: Layout): string[] {
  const labelWidth = Math.max(...facts.map(([label]) => textWidth(visibleText(label))), 0) + 2;
  const half = Math.floor((layout.width - 2) / 2);
  const cells = facts.map(([label, value]) => {
    const name = visibleText(label);
    return `${name}${' '.repeat(labelWidth - textWidth(name))}${visibleText(String(value ?? '-'))}`;
  });
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += 1) {
    const [one = '', other] = [cells[at], cells[at + 1]];
    const fits = other !== undefined && textWidth(one) < half && textWidth(other) <= half;
    lines.push(`  ${one}${fits ? `${' '.repeat(half - textWidth(one))}${other}` : ''}`);
    if (fits) at += 1;
  }
  return lines;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of visibleText(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
