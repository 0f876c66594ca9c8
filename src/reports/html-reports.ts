/**
 * The reports of the HTML: a list of all, then a section each, with what it asks, what a row is, where
 * its limits are, and its rows.
 */
import { csvText } from './csv.ts';
import type { Anchors } from './html-anchors.ts';
import { html, join, type Markup, prose } from './html-markup.ts';
import { MAX_HTML_ROWS, rowsTable, widthClasses } from './html-rows.ts';
import { statusBadge } from './html-status.ts';
import { csvName, queryName, sha256Of } from './manifest.ts';
import type { PackContent, ReportResult } from './report.ts';
import { countStatuses, emptyText, grainText, ROW_KINDS } from './report-words.ts';

export function reportsSection(content: PackContent, anchors: Anchors): Markup {
  return html`<section id="reports" aria-labelledby="reports-title">
<h2 id="reports-title">Reports</h2>
<p class="lead">Each report is one SQL query; its rows follow the query’s order until you sort them. Of each, the first ${MAX_HTML_ROWS} rows are in this file, and all are in its CSV file.</p>
<div class="table-scroll card" role="group" aria-labelledby="reports-title" tabindex="0">
<table data-filter>
<caption class="unseen">All reports</caption>
<thead><tr><th scope="col" data-type="text">Report</th><th scope="col" data-type="number" class="number">Rows</th><th scope="col" data-type="text">What they say</th><th scope="col" data-type="text">CSV file</th></tr></thead>
${content.reports.map((report) => indexRow(report, anchors))}</table>
</div>
${content.reports.map((report) => reportSection(report, anchors))}</section>
`;
}

function indexRow(report: ReportResult, anchors: Anchors): Markup {
  const anchor = anchors.reports.get(report.name) ?? '';
  return html`<tbody><tr><th scope="row"><a href="#${anchor}">${prose(report.title)}</a></th><td class="number">${report.rows.length}</td><td>${statusCountLinks(report, anchor)}</td><td class="file">${csvName(report.name)}</td></tr></tbody>
`;
}

/**
 * Badges with the number of rows of each status; each leads to the rows, and the script filters them.
 * Words, where there is no status to count.
 */
export function statusCountLinks(report: ReportResult, anchor: string): Markup | string {
  const counts = countStatuses(report);
  if (counts.length === 0) {
    if (report.rows.length > 0) return 'not judged row by row';
    return report.hadData ? 'nothing to list' : 'no data to look at';
  }
  return html`<ul class="counts">${counts.map(
    ({ status, count }) =>
      html`<li><a href="#${anchor}" data-show-status="${status}">${statusBadge(status, `: ${count}`)}</a></li>`,
  )}</ul>`;
}

function reportSection(report: ReportResult, anchors: Anchors): Markup {
  const anchor = anchors.reports.get(report.name) ?? '';
  const bearsOn = report.requirements.map((id) => {
    const place = anchors.requirements.get(id);
    return place === undefined ? html`${id}` : html`<a href="#${place}">${id}</a>`;
  });
  const parameters = Object.entries(report.parameters).map(
    ([name, value]) => html`<div>${name} = ${value}</div>`,
  );
  return html`<section id="${anchor}" class="report card${widthClasses(report)}" aria-labelledby="${anchor}-title">
<h3 id="${anchor}-title">${prose(report.title)}</h3>
<p class="question">${prose(report.question)}</p>
<dl class="facts">
<div><dt>Bears on</dt><dd class="back">${bearsOn.length === 0 ? '–' : join(bearsOn, ' · ')}</dd></div>
<div><dt>Kind</dt><dd>${ROW_KINDS[report.rowKind]}</dd></div>
<div><dt>A row is</dt><dd>${prose(grainText(report.grain))}</dd></div>
<div><dt>Limits</dt><dd>${prose(report.limits)}</dd></div>
<div><dt>Rows</dt><dd>${rowsText(report)}</dd></div>
</dl>
<details><summary>Query, parameters and hashes</summary>
<dl class="facts hashes">
<div><dt>Query</dt><dd class="file">${queryName(report.name)}</dd></div>
<div><dt>SHA-256 of the query</dt><dd class="hash">${report.querySha256}</dd></div>
<div><dt>Parameters</dt><dd>${parameters.length === 0 ? 'none' : parameters}</dd></div>
<div><dt>CSV file</dt><dd class="file">${csvName(report.name)}</dd></div>
<div><dt>SHA-256 of the CSV file</dt><dd class="hash">${sha256Of(csvText(report))}</dd></div>
</dl>
</details>
${report.rows.length === 0 ? html`<p class="empty">${emptyText(report)}</p>\n` : rowsTable(report, anchor)}</section>
`;
}

function rowsText(report: ReportResult): Markup {
  const file = html`<span class="file">${csvName(report.name)}</span>`;
  return report.rows.length > MAX_HTML_ROWS
    ? html`The first ${MAX_HTML_ROWS} of ${report.rows.length} rows; all rows are in ${file}.`
    : html`${report.rows.length}, also in ${file}.`;
}
