/**
 * How the HTML tells a status: by a symbol and a word, in the colours of that status. The symbols are
 * those of the PDF, drawn once and referred to.
 */
import { html, type Markup, trusted } from './html-markup.ts';
import { statusClass } from './html-palette.ts';
import { ROW_STATUSES, type RowStatus, STATUS_WORDS } from './report.ts';
import { columnTitle } from './report-words.ts';

const RING = '<circle class="thin" cx="8" cy="8" r="6.9"/>';

/** Drawings in a field of 16 by 16, in the status's ink; `cut` is what shows the paper through it. */
const SYMBOLS: Readonly<Record<RowStatus, string>> = {
  supports: '<circle cx="8" cy="8" r="8"/><path class="cut" d="m4.4 8.4 2.6 2.8 4.8-5.8"/>',
  contradicts: '<rect width="16" height="16" rx="2.5"/><path class="cut" d="m5 5 6 6m0-6-6 6"/>',
  partial: `${RING}<path d="M8 .2a7.8 7.8 0 0 0 0 15.6z"/>`,
  not_evidenced: `${RING}<path class="thick" d="M5 8h6"/>`,
  out_of_reach:
    '<circle class="thin dashed" cx="8" cy="8" r="6.9"/><path class="thick" d="m5.2 10.8 5.6-5.6"/>',
  manual_evidence_required:
    '<circle cx="8" cy="4" r="3.6"/><path d="M1.2 16c0-4.8 2.8-6.8 6.8-6.8s6.8 2 6.8 6.8z"/>',
  accepted: `${RING}<path class="thick" d="m4.9 8.3 2.2 2.4 4-4.8"/>`,
};

const OTHER_SYMBOL = '<path d="m8 .4 7.6 7.6-7.6 7.6-7.6-7.6z"/>';

/** The drawings, once, for `statusSymbol` to refer to. */
export function symbolSprite(): Markup {
  const symbols = [...Object.entries(SYMBOLS), ['other', OTHER_SYMBOL] as const].map(
    ([name, drawing]) =>
      html`<symbol id="symbol-${name}" viewBox="0 0 16 16">${trusted(drawing)}</symbol>`,
  );
  return html`<svg class="sprite" aria-hidden="true" focusable="false">${symbols}</svg>\n`;
}

export function statusSymbol(status: string): Markup {
  return html`<svg class="symbol" aria-hidden="true" focusable="false"><use href="#symbol-${statusClass(status)}"/></svg>`;
}

/** The word for a status; a value that is none of the known ones reads as it is. */
export function statusWord(status: string): string {
  const known = ROW_STATUSES.find((one) => one === status);
  return known ? STATUS_WORDS[known].label : columnTitle(status);
}

/** Symbol and word; `after` stands behind the word, such as a count. */
export function statusBadge(status: string, after: string | null = null): Markup {
  return html`<span class="status is-${statusClass(status)}">${statusSymbol(status)}${statusWord(status)}${after}</span>`;
}
