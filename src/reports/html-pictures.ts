/**
 * The pictures of the HTML: the six details as bars, the days of the period as a calendar, and what
 * scopes exchanged with other segments. Each says in words what it draws, for readers who cannot see it.
 *
 * Sizes are attributes of the drawings: the page's policy allows no styles in attributes.
 */
import type { Anchors } from './html-anchors.ts';
import { html, type Markup, prose } from './html-markup.ts';
import {
  COVERAGE_WORDS,
  DETAIL_STATE_WORDS,
  DETAIL_STATES,
  overviewData,
} from './overview-data.ts';
import type { PackContent } from './report.ts';
import { CELL_STATES, CELL_WORDS } from './segment-matrix.ts';

type Overview = ReturnType<typeof overviewData>;

/** More weeks than this are drawn without the number of each day. */
const MAX_NUMBERED_WEEKS = 12;
const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
/** Width of the names of weekdays, and height of the names of months. */
const MARGIN = 26;

export function pictures(content: PackContent, anchors: Anchors): Markup {
  const overview = overviewData(content);
  return html`<div class="pictures">
<div class="card picture"><h3>Details of 10.2.2 in the flows in scope</h3>
${detailBars(overview)}</div>
<div class="card picture"><h3>Days on which the interfaces in scope have flow records</h3>
${calendar(overview, content)}</div>
<div class="card picture"><h3 id="segments-title">Flows between each scope and the other side</h3>
${segmentTable(overview, anchors)}</div>
</div>
`;
}

const NOTHING = html`<p class="none">There are no flows in scope in the period.</p>
`;

function detailBars({ details }: Overview): Markup {
  if (details.length === 0) return NOTHING;
  return html`<dl class="bars">${details.map((one) => {
    let start = 0;
    const parts = one.parts.filter(({ share }) => share > 0);
    const bars = parts.map(({ state, share }) => {
      const width = Math.round(share * 10_000) / 10;
      const bar = html`<rect class="detail-${state}" x="${start}" y="0" width="${width}" height="10"/>`;
      start = Math.round((start + width) * 10) / 10;
      return bar;
    });
    const words = parts.map(({ state, text }) => `${text} ${state}`).join(', ');
    return html`<div><dt>${prose(one.label)}</dt><dd><svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">${bars}</svg><span class="bar-words">${words}</span></dd></div>
`;
  })}</dl>
${legend(DETAIL_STATES.map((state) => [`detail-${state}`, DETAIL_STATE_WORDS[state]]))}`;
}

function calendar({ days, daysText }: Overview, content: PackContent): Markup {
  const first = days[0]?.weekday ?? 0;
  const weeks = Math.ceil((first + days.length) / 7);
  const isNumbered = weeks <= MAX_NUMBERED_WEEKS;
  const step = isNumbered ? 24 : 14;
  const size = step - 3;
  const { days: counts } = content.overview;
  const cells = days.map((one, index) => {
    const x = MARGIN + Math.floor((first + index) / 7) * step;
    const y = MARGIN + one.weekday * step;
    const count = counts[index];
    const number = isNumbered
      ? html`<text class="on-step-${one.step}" x="${x + size / 2}" y="${y + size / 2 + 4}">${one.day.slice(8)}</text>`
      : null;
    return html`<rect class="step-${one.step}" x="${x}" y="${y}" width="${size}" height="${size}" rx="2.5"><title>${one.day}: ${count?.recordedCount ?? 0} of ${count?.interfaceCount ?? 0} interfaces</title></rect>${number}`;
  });
  const months = days.flatMap((one, index) => {
    const column = Math.floor((first + index) / 7);
    const isStart = index === 0 || one.day.endsWith('-01');
    // The name of a month that ends within its first week would stand in that of the next.
    const isCrowded = index === 0 && days.slice(1, 15).some(({ day }) => day.endsWith('-01'));
    if (!isStart || (isCrowded && days.length > 15)) return [];
    return [
      html`<text class="axis" x="${MARGIN + column * step}" y="16">${one.day.slice(0, 7)}</text>`,
    ];
  });
  const names = WEEKDAYS.map(
    (name, index) =>
      html`<text class="axis" x="0" y="${MARGIN + index * step + size / 2 + 4}">${name}</text>`,
  );
  const width = Math.max(MARGIN + weeks * step, 90);
  const height = MARGIN + 7 * step;
  return html`<div class="calendar-scroll" role="group" aria-label="Calendar" tabindex="0"><svg class="calendar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${daysText}">${months}${names}${cells}</svg></div>
${legend(COVERAGE_WORDS.map(([name, words]) => [`step-${name}`, words]))}<p>${daysText}.</p>
`;
}

function segmentTable({ segments }: Overview, anchors: Anchors): Markup {
  if (segments.rows.length === 0) return NOTHING;
  const report = anchors.reports.get('segment_matrix');
  return html`<div class="table-scroll" role="group" aria-labelledby="segments-title" tabindex="0">
<table class="segments">
<caption class="unseen">Flows between each scope and the other side</caption>
<thead><tr><td></td>${segments.peers.map((peer) => html`<th scope="col">${prose(peer)}</th>`)}</tr></thead>
<tbody>${segments.rows.map(
    (row) =>
      html`<tr><th scope="row">scope ${prose(row.scope)}</th>${row.cells.map(
        (cell) =>
          html`<td class="cell-${cell.state}">${
            cell.state === 'none' ? html`<span class="none">–</span>` : null
          }${
            cell.accepted !== ''
              ? html`<span class="flows"><b>${cell.accepted}</b> accepted</span>`
              : null
          }${
            cell.rejected !== ''
              ? html`<span class="flows"><b>${cell.rejected}</b> rejected</span>`
              : null
          }</td>`,
      )}</tr>
`,
  )}</tbody>
</table>
</div>
${legend(CELL_STATES.filter((state) => state !== 'none').map((state) => [`cell-${state}`, CELL_WORDS[state]]))}${
  segments.restText === '' && report === undefined
    ? null
    : html`<p>${segments.restText === '' ? null : `${segments.restText} `}${
        report === undefined
          ? null
          : html`Who opened them, by which services and since when: <a href="#${report}">Traffic between segments</a>.`
      }</p>
`
}`;
}

function legend(entries: readonly (readonly [string, string])[]): Markup {
  return html`<ul class="legend">${entries.map(
    ([name, words]) =>
      html`<li><svg class="swatch" width="12" height="12" aria-hidden="true" focusable="false"><rect class="${name}" x="0.5" y="0.5" width="11" height="11" rx="2"/></svg>${words}</li>`,
  )}</ul>
`;
}
