/**
 * The front of the HTML: cover, contents, the page at a glance, summary, and what the pack covers and rests on.
 */
import type { Anchors } from './html-anchors.ts';
import { breakable, html, type Markup, prose } from './html-markup.ts';
import { statusClass } from './html-palette.ts';
import { pictures } from './html-pictures.ts';
import { statusBadge, statusSymbol, statusWord } from './html-status.ts';
import { periodText } from './pdf-data.ts';
import { type PackContent, STATUS_WORDS, STATUSES } from './report.ts';

export type PageSection = { id: string; title: string; markup: Markup };

export function cover(content: PackContent): Markup {
  const { tool } = content;
  return html`<header class="cover">
<div class="cover-inner">
<fieldset class="theme"><legend>Colours</legend>
<label><input type="radio" name="theme" id="theme-system" checked><span>System</span></label><label><input type="radio" name="theme" id="theme-light"><span>Light</span></label><label><input type="radio" name="theme" id="theme-dark"><span>Dark</span></label>
</fieldset>
<p class="overline">Evidence pack for ${prose(content.pack.standard)}</p>
<h1>${prose(content.pack.title)}</h1>
<p class="organization">${organizationText(content)}</p>
<dl class="cover-facts">
<div><dt>Period</dt><dd>${periodText(content.period)}</dd></div>
<div><dt>Data through</dt><dd>${content.dataThrough ?? 'No records in the period'}</dd></div>
<div><dt>Pack</dt><dd>${prose(content.pack.name)}</dd></div>
<div><dt>Made by</dt><dd>${`${tool.name} ${tool.version}, engine ${tool.engine}`}</dd></div>
</dl>
</div>
${statusStrip(content)}</header>
`;
}

export function organizationText(content: Pick<PackContent, 'organization'>): string {
  const organization = prose(content.organization ?? '');
  return organization === '' ? 'Organization not stated in the configuration' : organization;
}

/** Requirements by status as a line of colours. The numbers stand in the summary, in words. */
function statusStrip(content: PackContent): Markup {
  let start = 0;
  const bars = countRequirements(content).map(({ status, count }) => {
    const bar = html`<rect class="is-${statusClass(status)}" x="${start}" y="0" width="${count}" height="1"/>`;
    start += count;
    return bar;
  });
  return html`<svg class="strip" viewBox="0 0 ${Math.max(start, 1)} 1" preserveAspectRatio="none" aria-hidden="true" focusable="false">${bars}</svg>
`;
}

function countRequirements(content: PackContent): { status: string; count: number }[] {
  return STATUSES.map((status) => ({
    status,
    count: content.requirements.filter((one) => one.status === status).length,
  })).filter(({ count }) => count > 0);
}

/** The way through the page; below its section, a link to each requirement and report. */
export function contents(
  content: PackContent,
  anchors: Anchors,
  sections: readonly PageSection[],
): Markup {
  const below: Readonly<Record<string, Markup>> = {
    requirements: html`<ol class="below">${content.requirements.map(
      (one) =>
        html`<li><a href="#${anchors.requirements.get(one.id) ?? ''}"><span class="is-${statusClass(one.status)}">${statusSymbol(one.status)}<span class="unseen">${statusWord(one.status)}: </span></span><b>${one.id}</b> <span class="name">${prose(one.title)}</span></a></li>\n`,
    )}</ol>`,
    reports: html`<ol class="below">${content.reports.map(
      (one) =>
        html`<li><a href="#${anchors.reports.get(one.name) ?? ''}"><span class="name">${prose(one.title)}</span></a></li>\n`,
    )}</ol>`,
  };
  return html`<nav class="contents" aria-label="Contents">
<ol>${sections.map(
    ({ id, title }) =>
      html`<li><a class="section-link" href="#${id}">${title}</a>${below[id] ?? null}</li>\n`,
  )}</ol>
</nav>
`;
}

/** The page that says it all: statuses, figures and pictures. */
export function glanceSection(content: PackContent, anchors: Anchors): Markup {
  return html`<section id="glance" aria-labelledby="glance-title">
<h2 id="glance-title">At a glance</h2>
<p class="lead">A status says what the <strong>evidence</strong> shows of a requirement, in the period and scope of this pack. It does not say whether the requirement is in place: the assessor decides.</p>
<ul class="tiles">${STATUSES.map((status) => {
    const count = content.requirements.filter((one) => one.status === status).length;
    return html`<li class="tile is-${status}${count === 0 ? ' empty-tile' : ''}"><span class="count">${count}</span> ${statusBadge(status)} <span class="meaning">${STATUS_WORDS[status].meaning}</span></li>
`;
  })}</ul>
${
  content.figures.length === 0
    ? null
    : html`<h3 class="plain">What was read</h3>
<dl class="figures">${content.figures.map((one) => html`<div><dt>${prose(one.label)}</dt><dd>${prose(one.value)}</dd></div>\n`)}</dl>
`
}${pictures(content, anchors)}</section>
`;
}

export function summarySection(content: PackContent, anchors: Anchors): Markup {
  return html`<section id="summary" aria-labelledby="summary-title">
<h2 id="summary-title">Summary</h2>
<div class="table-scroll card" role="group" aria-labelledby="summary-title" tabindex="0">
<table class="summary" data-filter>
<caption class="unseen">Requirements and their statuses</caption>
<thead><tr><th scope="col" data-type="text">No.</th><th scope="col" data-type="text">Requirement</th><th scope="col" data-type="status">Status</th><th scope="col" data-type="text">Why</th></tr></thead>
${content.requirements.map(
  (one) =>
    html`<tbody data-status="${one.status}"><tr><th scope="row"><a href="#${anchors.requirements.get(one.id) ?? ''}">${one.id}</a></th><td>${prose(one.title)}</td><td>${statusBadge(one.status)}</td><td>${prose(one.why)}</td></tr></tbody>
`,
)}</table>
</div>
</section>
`;
}

export function basisSection(content: PackContent): Markup {
  return html`<section id="basis" aria-labelledby="basis-title">
<h2 id="basis-title">Scope and basis</h2>
${scopeTable(content)}<div class="pair">
<div class="card"><h3>What this pack is</h3>
<p>Evidence drawn from network logs and from what AWS says of the resources, with every source, query and parameter named, so that each figure can be made again.</p></div>
<div class="card"><h3>What it is not</h3>
<p>A verdict. flowproof supplies evidence; the assessor decides. Where the logs cannot show what a requirement asks for, the pack says so, and names who can.</p></div>
</div>
<h3 class="plain">How to read the reports</h3>
<ul class="reading">
<li><strong>Findings</strong> list gaps: a report of findings without rows found none, if there was data to look at. <strong>Evidence</strong> lists facts. A <strong>summary</strong> has one row for each thing looked at.</li>
<li>Times are UTC. The period includes its start and excludes its end.</li>
<li>“–” in a cell means that there is no value. <strong>[U+202E]</strong> stands for a character that cannot be seen; the CSV file has the character itself.</li>
</ul>
</section>
`;
}

function scopeTable(content: PackContent): Markup {
  if (content.scope.length === 0) {
    return html`<p class="lead">The configuration names no scope: the reports cover every interface that the logs show.</p>
`;
  }
  return html`<div class="table-scroll card" role="group" aria-labelledby="basis-title" tabindex="0">
<table>
<caption class="unseen">Scope</caption>
<thead><tr><th scope="col">Name</th><th scope="col">What belongs to it</th><th scope="col" class="number">Interfaces</th><th scope="col" class="number">Instances</th></tr></thead>
${content.scope.map(
  (one) =>
    html`<tbody><tr><th scope="row">${breakable(prose(one.name))}</th><td>${breakable(prose(one.match))}</td><td class="number">${one.interfaceCount}</td><td class="number">${one.instanceCount}</td></tr></tbody>
`,
)}</table>
</div>
`;
}
