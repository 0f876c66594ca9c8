/** The exceptions of a pack in the HTML: what was accepted, by whom, until when, and what it matched. */
import type { Anchors } from './html-anchors.ts';
import { html, type Markup, prose } from './html-markup.ts';
import { exceptionState } from './overview-data.ts';
import type { PackContent } from './report.ts';

/** The section; without a file of exceptions there is none. */
export function exceptionsSection(content: PackContent, anchors: Anchors): Markup | null {
  if (content.exceptions === null) return null;
  const { sha256, uses } = content.exceptions;
  return html`<section id="exceptions" aria-labelledby="exceptions-title">
<h2 id="exceptions-title">Exceptions</h2>
<p class="lead">Findings that the entity has accepted. Their rows are listed in the reports with the status Accepted; those of an exception that has expired count as before.</p>
${uses.length === 0 ? html`<p class="empty">No exception concerns a report of this pack.</p>\n` : null}${uses.map(
  (one) => html`<article class="card requirement">
<h3>${prose(one.id)}</h3>
<dl class="facts">
<div><dt>State</dt><dd>${exceptionState(one)}, last day ${one.expires}</dd></div>
<div><dt>Rows</dt><dd>${one.rowCount} in <a href="#${anchors.reports.get(one.report) ?? ''}">${one.report}</a></dd></div>
<div><dt>What is accepted</dt><dd>${prose(one.what)}</dd></div>
<div><dt>Why</dt><dd>${prose(one.why)}</dd></div>
<div><dt>Compensating control</dt><dd>${prose(one.compensating_control)}</dd></div>
<div><dt>Owner</dt><dd>${prose(one.owner)}</dd></div>
<div><dt>Approved by</dt><dd>${prose(one.approved_by)}</dd></div>
</dl>
</article>
`,
)}<dl class="facts hashes">
<div><dt>SHA-256 of the file of exceptions</dt><dd class="hash">${sha256}</dd></div>
</dl>
</section>
`;
}
