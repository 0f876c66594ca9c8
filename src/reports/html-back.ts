/**
 * The back of the HTML: the objects that the pack rests on, and how to check it without flowproof.
 */
import { breakable, html, type Markup, prose } from './html-markup.ts';
import { CHECKSUMS_NAME, MANIFEST_NAME } from './manifest.ts';
import type { PackContent } from './report.ts';

/** Source objects in the HTML; the manifest has all. */
const MAX_SOURCES = 100;

export function sourcesSection(content: PackContent): Markup {
  const { sources } = content;
  const count = sources.length;
  return html`<section id="sources" aria-labelledby="sources-title">
<h2 id="sources-title">Sources</h2>
<p class="lead">${
    count > MAX_SOURCES
      ? `The first ${MAX_SOURCES} of ${count} objects; all are in ${MANIFEST_NAME}.`
      : `${count} ${count === 1 ? 'object' : 'objects'}, also in ${MANIFEST_NAME}.`
  }</p>
${count === 0 ? null : sourcesTable(content)}</section>
`;
}

function sourcesTable(content: PackContent): Markup {
  return html`<div class="table-scroll card" role="group" aria-labelledby="sources-title" tabindex="0">
<table class="sources" data-filter>
<caption class="unseen">Source objects</caption>
<thead><tr><th scope="col" data-type="text">Object</th><th scope="col" data-type="text">SHA-256</th><th scope="col" data-type="text">Status</th><th scope="col" data-type="number" class="number">Lines</th><th scope="col" data-type="number" class="number">Rejected</th></tr></thead>
${content.sources.slice(0, MAX_SOURCES).map(
  (one) =>
    html`<tbody><tr><th scope="row" class="file">${breakable(one.uri)}</th><td class="hash">${one.sha256}</td><td>${breakable(prose(one.reason === null ? one.status : `${one.status}: ${one.reason}`))}</td><td class="number">${one.lineCount}</td><td class="number">${one.rejectedCount}</td></tr></tbody>
`,
)}</table>
</div>
`;
}

export function checkSection(content: PackContent): Markup {
  return html`<section id="check" aria-labelledby="check-title">
<h2 id="check-title">How to check this pack</h2>
<p class="lead">The pack is a folder. Nothing but standard tools is needed to check it:</p>
<ol class="card steps">
<li>In the folder, run <code>sha256sum -c ${CHECKSUMS_NAME}</code>. Every file must be reported as OK, this one included.</li>
<li><code>${MANIFEST_NAME}</code> names every source object with its SHA-256, every report with its parameters, row count and query, and every file.</li>
<li>A source object can be fetched again from its URI; <code>sha256sum</code> of it must give the value that the manifest lists.</li>
<li><code>rows.sha256</code> has a short hash of each row and column of each CSV file: it says where a file differs.</li>
<li>If the folder has <code>manifest.dsse.json</code>, the pack is signed: a DSSE envelope around an in-toto statement with the SHA-256 of each file. It is checked with <code>openssl</code> and the public key, which must come from the entity and not from the pack; the commands stand in flowproof’s README. <code>flowproof verify</code> does the same.</li>
<li>Whoever keeps the value of <code>sha256sum ${CHECKSUMS_NAME}</code> elsewhere can tell later that the pack was not replaced as a whole. <code>previous</code> in ${MANIFEST_NAME} names the pack before this one by its hash.</li>
</ol>
<dl class="facts hashes">
<div><dt>SHA-256 of the configuration</dt><dd class="hash">${content.configSha256}</dd></div>
</dl>
</section>
`;
}
