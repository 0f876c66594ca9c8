/** A pack whose every text that a user, a log or a file name may hold is hostile. */
import type { PackContent, ReportCell, ReportResult } from '../../src/reports/report.ts';
import { HOSTILE_TEXTS, packContent } from './pack-content.ts';

/** What JSON, XML, Markdown and spreadsheets may trip over, beside the texts of the common fixture. */
export const MORE_HOSTILE_TEXTS: readonly string[] = [
  '+1+1',
  '-2+3',
  '\t=1+1',
  '<script>alert(1)</script>',
  ']]> --> </t></is></c></row></sheetData>',
  '&lt;&amp;&#65;&quot;',
  '_x0041_ and _x000D_',
  '\u202egnp.exe\u202c \u2066a\u2069',
  'lone \ud800 and \udc00 halves',
  '\u0000\u0001\u0008\u000b\u000c\u001f\u007f\u0085\ufffe\uffff',
  '[link](javascript:alert(1)) ![x](https://example.com/x.png) **b** `c` ~s~ ^u^ {{ insert: x }}',
  '# heading',
  '1. list',
  '- list',
  '\u2028\u2029\ufeff',
  '   ',
  '',
];

export const ALL_HOSTILE_TEXTS: readonly string[] = [...HOSTILE_TEXTS, ...MORE_HOSTILE_TEXTS];

/** The text of number `index`, without a slash or what no file system takes as a name. */
function nameOf(index: number): string {
  return `report ${index} =’[]:*?\\ <&> \u202e name`;
}

export function hostilePack(): { content: PackContent; queryTexts: ReadonlyMap<string, string> } {
  const content = packContent();
  const all = ALL_HOSTILE_TEXTS;
  const at = (index: number): string => all[index % all.length] ?? '';
  const reports = content.reports.map(
    (report, index): ReportResult => ({
      ...report,
      name: nameOf(index),
      title: at(index),
      question: at(index + 1),
      grain: at(index + 2),
      limits: at(index + 3),
      columns: [
        { name: at(index), type: 'text', meaning: at(index + 4) },
        { name: 'text', type: 'text' },
        { name: 'number', type: 'number' },
        { name: 'time', type: 'time' },
        { name: 'boolean', type: 'boolean' },
      ],
      rows: all.map((text): ReportCell[] => [text, text, text, text, text]),
      statusCounts: {},
    }),
  );
  return {
    content: {
      ...content,
      pack: { name: 'my "pack" \u202e', title: at(12), standard: at(16) },
      organization: at(18),
      scope: all.map((text) => ({ name: text, match: text, interfaceCount: 1, instanceCount: 0 })),
      figures: all.map((text) => ({ label: text, value: text })),
      reports,
      exceptions: {
        sha256: 'ab'.repeat(32),
        uses: all.map((text, index) => ({
          id: text,
          report: nameOf(index % reports.length),
          what: text,
          why: text,
          compensating_control: text,
          owner: text,
          approved_by: text,
          expires: '2026-12-31',
          state: 'in_force' as const,
          rowCount: index,
        })),
      },
      requirements: all.map((text, index) => ({
        id: `${index}(${text.slice(0, 20)})`,
        title: text,
        asks: text,
        status: content.requirements[index % content.requirements.length]?.status ?? 'partial',
        why: text,
        reports: [nameOf(index % reports.length), 'no_such_report'],
        limits: text,
        manual: [text, text],
      })),
    },
    queryTexts: new Map(reports.map((report) => [report.name, 'select 1'])),
  };
}

/** Characters that no text of a machine-readable file may hold as they are. */
export const HIDDEN =
  /[^\P{Cc}\n]|[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]|\p{Surrogate}/u;

/** Every text within a JSON value, keys included. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => [key, ...textsOf(part)]);
}
