/** The local page: the packs with their files, the tables of the lake, and a place for SQL. */
import type { Config } from '../config.ts';
import { breakable, html, type Markup, prose, trusted } from '../reports/html-markup.ts';
import { statusBadge, symbolSprite } from '../reports/html-status.ts';
import { periodText } from '../reports/pdf-data.ts';
import { STATUSES } from '../reports/report.ts';
import { TABLES } from '../tables.ts';
import type { ListedPack } from './packs.ts';

/** Rows of a result that the page shows; the CSV has all that the limits allow. */
export const SHOWN_ROWS = 1000;

const FIRST_QUESTION = `select
  rule_verdict,
  count(*) as flow_count
from
  flow_enriched
group by
  rule_verdict
order by
  flow_count desc`;

export function servePage(
  config: Pick<Config, 'lake' | 'organization'>,
  packs: readonly ListedPack[],
): string {
  const organization = prose(config.organization ?? '');
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flowproof${organization === '' ? '' : ` – ${organization}`}</title>
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
<body>
<a class="skip" href="#sql">Skip to the SQL</a>
${symbolSprite()}<header><h1>flowproof</h1><p>${organization === '' ? null : `${organization} · `}lake ${breakable(config.lake)}</p></header>
<main>
<section aria-labelledby="packs-title">
<h2 id="packs-title">Evidence packs</h2>
${packs.length === 0 ? html`<p class="none">There is no pack yet: run <code>flowproof run</code>.</p>` : packs.map(packCard)}
</section>
<section id="sql" aria-labelledby="sql-title">
<h2 id="sql-title">SQL</h2>
<div class="ask">
<div>
<form id="question">
<label for="statement">One SELECT. It changes nothing, has limits of time and memory, and is kept with your name.</label>
<textarea id="statement" rows="10" spellcheck="false" autocomplete="off">${trusted(FIRST_QUESTION)}</textarea>
<p class="buttons"><button type="submit" id="run">Run <kbd>Ctrl Enter</kbd></button> <button type="button" id="stop" disabled>Stop</button> <button type="button" id="download">Save as CSV</button></p>
</form>
<p id="state" role="status"></p>
<div id="result" role="group" aria-label="Result" tabindex="0" hidden data-rows="${SHOWN_ROWS}"></div>
</div>
<nav aria-label="Tables">
<h3>Tables</h3>
${TABLES.map(tableEntry)}</nav>
</div>
</section>
</main>
</body>
</html>
`.markup;
}

function packCard({ folder, manifest }: ListedPack): Markup {
  const at = (file: string): string => `packs/${encodeURIComponent(folder)}/${file}`;
  const counts = STATUSES.flatMap((status) => {
    const count = manifest.requirements.filter((one) => one.status === status).length;
    return count === 0 ? [] : [html`<li>${statusBadge(status, `: ${count}`)}</li>`];
  });
  const has = new Set(manifest.files.map(({ name }) => name));
  const main = [
    ['report.html', 'Report'],
    ['report.pdf', 'PDF'],
    ['report.xlsx', 'Workbook'],
  ].filter(([file]) => has.has(file ?? ''));
  return html`<article class="pack">
<h3>${prose(manifest.pack.title)}</h3>
<p>${periodText(manifest.period)}</p>
<ul class="counts">${counts}</ul>
<p class="links">${main.map(([file = '', words = '']) => html`<a href="${at(file)}" target="_blank" rel="noopener">${words}</a> `)}</p>
<details><summary>All files</summary><ul>${[...has]
    .sort()
    .map(
      (file) =>
        html`<li><a href="${at(file.split('/').map(encodeURIComponent).join('/'))}" target="_blank" rel="noopener">${file}</a></li>`,
    )}</ul></details>
</article>
`;
}

function tableEntry(table: (typeof TABLES)[number]): Markup {
  const columns = [...table.columns, ...(table.computed ?? [])];
  return html`<details class="table"><summary><code>${table.name}</code></summary>
<p>${prose(table.description)}</p>
<dl>${columns.map(({ name, type, description }) => html`<dt><button type="button" data-name="${name}"><code>${name}</code></button> <span>${type.toLowerCase()}</span></dt><dd>${prose(description)}</dd>`)}</dl>
</details>
`;
}
