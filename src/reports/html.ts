/**
 * The pack as one HTML file for a browser: it loads nothing, not even from the folder that it lies in,
 * and reads without script. The script adds filters and sorting; it is `page/script.js`, as it stands.
 *
 * A policy in the file forbids every load, form and script but this one, whose SHA-256 it names. So if
 * text of a log ever became markup in spite of `html-markup.ts`, it still could not run or send.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../query-file.ts';
import { type Anchors, anchorsOf } from './html-anchors.ts';
import { checkSection, sourcesSection } from './html-back.ts';
import { exceptionsSection } from './html-exceptions.ts';
import {
  basisSection,
  contents,
  cover,
  glanceSection,
  organizationText,
  type PageSection,
  summarySection,
} from './html-front.ts';
import { html, prose, trusted } from './html-markup.ts';
import { themeRules } from './html-palette.ts';
import { reportsSection } from './html-reports.ts';
import { requirementsSection } from './html-requirements.ts';
import { symbolSprite } from './html-status.ts';
import { periodText } from './pdf-data.ts';
import { type PackContent, ROW_STATUSES } from './report.ts';

/** Style and script stand beside this source, also when the compiled package runs from `dist/`. */
const PAGE_ROOT = join(PACKAGE_ROOT, 'src', 'reports', 'page');

/** Later sheets overrule earlier ones. */
const STYLE_SHEETS = ['base', 'frame', 'sections', 'pictures', 'tables', 'narrow', 'print'];

/** The HTML's bytes; identical for identical content. */
export function writeHtml(content: PackContent): Buffer {
  const sheets = STYLE_SHEETS.map((name) => readFileSync(join(PAGE_ROOT, `${name}.css`), 'utf8'));
  const style = `\n${themeRules()}${sheets.join('')}`;
  const script = `\n${readFileSync(join(PAGE_ROOT, 'script.js'), 'utf8')}`;
  const anchors = anchorsOf(content);
  const sections = sectionsOf(content, anchors);
  const title = `${prose(content.pack.title)} – ${organizationText(content)} – ${periodText(content.period)}`;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${symbolSprite()}${cover(content)}<div class="page">
${contents(content, anchors, sections)}<main id="main" tabindex="-1" data-statuses="${ROW_STATUSES.join(' ')}">
${sections.map((section) => section.markup)}</main>
</div>
<footer class="foot">${organizationText(content)} · ${prose(content.pack.title)} · ${periodText(content.period)}</footer>
<script>${trusted(script)}</script>
</body>
</html>
`;
  return Buffer.from(page.markup);
}

/** The sections of the page in their order; the contents list them. */
function sectionsOf(content: PackContent, anchors: Anchors): PageSection[] {
  const exceptions = exceptionsSection(content, anchors);
  return [
    { id: 'glance', title: 'At a glance', markup: glanceSection(content, anchors) },
    { id: 'summary', title: 'Summary', markup: summarySection(content, anchors) },
    { id: 'basis', title: 'Scope and basis', markup: basisSection(content) },
    { id: 'requirements', title: 'Requirements', markup: requirementsSection(content, anchors) },
    { id: 'reports', title: 'Reports', markup: reportsSection(content, anchors) },
    ...(exceptions === null ? [] : [{ id: 'exceptions', title: 'Exceptions', markup: exceptions }]),
    { id: 'sources', title: 'Sources', markup: sourcesSection(content) },
    { id: 'check', title: 'How to check', markup: checkSection(content) },
  ];
}

function policy(style: string, script: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashSource(script)}'`,
    `style-src '${hashSource(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** The text between the tags as a policy names it (Content Security Policy Level 3, "hash-source"). */
function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
