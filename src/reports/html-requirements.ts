/**
 * The requirements of the HTML: for each what it asks, what the evidence says and why, what logs cannot
 * show, what only people can supply, and the reports that bear on it, with links to their rows.
 */
import { type Anchors, rowAnchor } from './html-anchors.ts';
import { html, join, type Markup, prose } from './html-markup.ts';
import { statusCountLinks } from './html-reports.ts';
import { MAX_HTML_ROWS } from './html-rows.ts';
import { statusBadge } from './html-status.ts';
import type { PackContent, ReportResult, RequirementResult } from './report.ts';

/** Rows of one requirement that are linked one by one; beyond it, the report's table is the better way. */
const MAX_LINKED_ROWS = 12;

export function requirementsSection(content: PackContent, anchors: Anchors): Markup {
  const reports = new Map(content.reports.map((one) => [one.name, one]));
  return html`<section id="requirements" aria-labelledby="requirements-title">
<h2 id="requirements-title">Requirements</h2>
<p class="lead">What each requirement asks is in flowproof’s own words; the text that counts is the standard’s.</p>
${content.requirements.map((one) => requirementArticle(one, reports, anchors))}</section>
`;
}

function requirementArticle(
  one: RequirementResult,
  reports: ReadonlyMap<string, ReportResult>,
  anchors: Anchors,
): Markup {
  const anchor = anchors.requirements.get(one.id) ?? '';
  return html`<article id="${anchor}" class="requirement card" data-status="${one.status}" aria-labelledby="${anchor}-title">
<h3 id="${anchor}-title"><span class="number-of">${one.id}</span> ${prose(one.title)}</h3>
<p class="verdict">${statusBadge(one.status)} <span class="why">${prose(one.why)}</span></p>
<dl class="facts">
<div><dt>What it asks</dt><dd>${prose(one.asks)}</dd></div>
<div><dt>What these logs cannot show</dt><dd>${prose(one.limits)}</dd></div>
<div><dt>What only people can supply</dt><dd>${
    one.manual.length === 0
      ? 'Nothing is listed.'
      : html`<ul>${one.manual.map((text) => html`<li>${prose(text)}</li>`)}</ul>`
  }</dd></div>
<div><dt>Reports and their rows</dt><dd>${
    one.reports.length === 0
      ? 'No report bears on it.'
      : html`<ul class="bearing">${one.reports.map((name) => bearingReport(name, one.id, reports, anchors))}</ul>`
  }</dd></div>
</dl>
</article>
`;
}

function bearingReport(
  name: string,
  requirement: string,
  reports: ReadonlyMap<string, ReportResult>,
  anchors: Anchors,
): Markup {
  const report = reports.get(name);
  const anchor = anchors.reports.get(name);
  if (!report || anchor === undefined) return html`<li>${name} (not part of this pack)</li>`;
  const count = report.rows.length;
  const own = ownRows(report, requirement);
  const links =
    own.length > 0
      ? html`<span class="own">Of this requirement: ${join(
          own.map((number) => html`<a href="#${rowAnchor(anchor, number)}">row ${number}</a>`),
          ', ',
        )}</span>`
      : statusCountLinks(report, anchor);
  const rows = `${count} ${count === 1 ? 'row' : 'rows'}`;
  return html`<li><a href="#${anchor}">${prose(report.title)}</a> <span class="quiet">${typeof links === 'string' ? `${rows}, ${links}` : rows}</span>
${typeof links === 'string' ? null : links}</li>
`;
}

/** Numbers of the rows that name this requirement, in a report with a row for each requirement. */
function ownRows(report: ReportResult, requirement: string): number[] {
  const index = report.columns.findIndex((column) => column.name === 'requirement_id');
  if (index < 0) return [];
  const numbers = report.rows
    .slice(0, MAX_HTML_ROWS)
    .flatMap((row, at) => (row[index] === requirement ? [at + 1] : []));
  return numbers.length <= MAX_LINKED_ROWS ? numbers : [];
}
