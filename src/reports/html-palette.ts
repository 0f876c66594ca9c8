/**
 * Colours of the HTML in light and dark. The light ones are the PDF's. Every pair that is read together
 * has a contrast of 4.5 or more, and lines of controls 3 or more (WCAG 2.2 AA, 1.4.3 and 1.4.11).
 */
import { ACCENT, STATUS_COLOURS } from './pdf-data.ts';
import { ROW_STATUSES, type RowStatus } from './report.ts';

type Colours = {
  page: string;
  surface: string;
  /** Heads of tables, fields without rows. */
  sunken: string;
  ink: string;
  quiet: string;
  line: string;
  /** Edges of fields and buttons. */
  control: string;
  accent: string;
  cover: string;
  'cover-deep': string;
  'cover-ink': string;
  'cover-quiet': string;
  /** The row that a link led to. */
  target: string;
};

type StatusColours = { ink: string; paper: string };

/** A status that a row may have and this version has no colours for. */
const OTHER = 'other';

const LIGHT: Colours = {
  page: '#f4f6f8',
  surface: '#ffffff',
  sunken: '#eef2f6',
  ink: '#1c2530',
  quiet: '#55606b',
  line: '#d5dce3',
  control: '#7b8794',
  accent: ACCENT,
  cover: ACCENT,
  'cover-deep': '#0e2f4a',
  'cover-ink': '#ffffff',
  'cover-quiet': '#c5d8e8',
  target: '#fff5cf',
};

const DARK: Colours = {
  page: '#0e141a',
  surface: '#161e26',
  sunken: '#1d2731',
  ink: '#e3e9ef',
  quiet: '#a1b0be',
  line: '#2c3945',
  control: '#74828f',
  accent: '#8cc4ee',
  cover: '#123753',
  'cover-deep': '#0b2133',
  'cover-ink': '#ffffff',
  'cover-quiet': '#b4cde0',
  target: '#3a3314',
};

const DARK_STATUSES: Readonly<Record<RowStatus, StatusColours>> = {
  supports: { ink: '#84d7a8', paper: '#143323' },
  partial: { ink: '#efc46f', paper: '#372a0e' },
  contradicts: { ink: '#ffa29c', paper: '#431a1a' },
  not_evidenced: { ink: '#bcc6d0', paper: '#28323c' },
  out_of_reach: { ink: '#c5b6f4', paper: '#2c2448' },
  manual_evidence_required: { ink: '#8cc4ee', paper: '#14324a' },
  accepted: { ink: '#79d3de', paper: '#0f3439' },
};

const OTHERS: Readonly<Record<'light' | 'dark', StatusColours>> = {
  light: { ink: '#5b3a4e', paper: '#f5ebf1' },
  dark: { ink: '#e3b7cf', paper: '#3a2430' },
};

export type Theme = 'light' | 'dark';

/** The custom properties of a theme, by name without the leading hyphens. */
export function themeColours(theme: Theme): Map<string, string> {
  const colours = new Map<string, string>(Object.entries(theme === 'light' ? LIGHT : DARK));
  const statuses = theme === 'light' ? STATUS_COLOURS : DARK_STATUSES;
  for (const [name, own] of [...Object.entries(statuses), [OTHER, OTHERS[theme]] as const]) {
    colours.set(`${name}-ink`, own.ink);
    colours.set(`${name}-paper`, own.paper);
  }
  return colours;
}

/** The class and property name of a row's status: its own if it is known, else that of all others. */
export function statusClass(status: string): string {
  return ROW_STATUSES.find((known) => known === status) ?? OTHER;
}

function properties(theme: Theme): string {
  const own = [...themeColours(theme)].map(([name, value]) => `--${name}:${value}`);
  return [`color-scheme:${theme}`, ...own].join(';');
}

/**
 * The rules of the themes: that of the system unless the reader chose one. The choice is a radio button
 * that only CSS reads, so it works without script and without storage. Paper is always light.
 */
export function themeRules(): string {
  const light = properties('light');
  const dark = properties('dark');
  const statuses = [...ROW_STATUSES, OTHER].map(
    (name) => `.is-${name}{--status-ink:var(--${name}-ink);--status-paper:var(--${name}-paper)}`,
  );
  return [
    `:root{${light}}`,
    `@media (prefers-color-scheme:dark){:root{${dark}}}`,
    `:root:has(#theme-light:checked){${light}}`,
    `:root:has(#theme-dark:checked){${dark}}`,
    `@media print{:root:root:root:has(#main){${light}}}`,
    ...statuses,
    '',
  ].join('\n');
}
