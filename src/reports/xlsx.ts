/**
 * `report.xlsx`: the pack as a workbook. A summary of the requirements, what the pack is about, a list of
 * the reports, a sheet a report, and the data dictionary.
 *
 * It is written by hand rather than by a library for spreadsheets: of those that are kept up on npm, none
 * both leaves the archive's bytes the same and shows, rather than drops, characters that XML refuses.
 */
import { dataTime } from './data-time.ts';
import { DICTIONARY_NAME, dictionaryTable } from './dictionary.ts';
import { csvName } from './manifest.ts';
import {
  type PackContent,
  type ReportColumn,
  type ReportResult,
  ROW_STATUSES,
  STATUS_WORDS,
} from './report.ts';
import { visible } from './visible-text.ts';
import {
  contentTypesXml,
  corePropertiesXml,
  rootRelationsXml,
  sheetPath,
  stylesXml,
  workbookRelationsXml,
  workbookXml,
  zipParts,
} from './xlsx-package.ts';
import { type Sheet, sheetParts } from './xlsx-sheet.ts';

export const WORKBOOK_NAME = 'report.xlsx';

/** Characters of a sheet's name (Microsoft, "Rename a worksheet"). */
const MAX_NAME_CHARACTERS = 31;

/** The workbook's bytes; identical for identical content. */
export function writeWorkbook(content: PackContent): Buffer {
  const sheets = sheetsOf(content);
  const creator = `${content.tool.name} ${content.tool.version}`;
  return zipParts([
    ['[Content_Types].xml', [contentTypesXml(sheets)]],
    ['_rels/.rels', [rootRelationsXml()]],
    [
      'docProps/core.xml',
      [corePropertiesXml(visible(content.pack.title), visible(creator), dataTime(content))],
    ],
    ['xl/workbook.xml', [workbookXml(sheets)]],
    ['xl/_rels/workbook.xml.rels', [workbookRelationsXml(sheets)]],
    ['xl/styles.xml', [stylesXml()]],
    ...sheets.map((sheet, index): [string, Iterable<string>] => [
      `xl/${sheetPath(index)}`,
      sheetParts(sheet),
    ]),
  ]);
}

function textColumns(...names: string[]): ReportColumn[] {
  return names.map((name) => ({ name, type: 'text' }));
}

/** The sheets in their order. */
export function sheetsOf(content: PackContent): Sheet[] {
  const [summary = '', about = '', reports = '', exceptions = '', dictionary = '', ...names] =
    sheetNames([
      'Summary',
      'About',
      'Reports',
      'Exceptions',
      'Dictionary',
      ...content.reports.map((report) => report.name),
    ]);
  return [
    summarySheet(content, summary),
    aboutSheet(content, about),
    listSheet(content, reports, names),
    ...(content.exceptions === null ? [] : [exceptionSheet(content.exceptions, exceptions)]),
    ...content.reports.map((report, index) => reportSheet(report, names[index] ?? '')),
    { name: dictionary, ...dictionaryTable(content), wholeIn: csvName(DICTIONARY_NAME) },
  ];
}

function summarySheet(content: PackContent, name: string): Sheet {
  return {
    name,
    columns: textColumns(
      'requirement',
      'title',
      'status',
      'why',
      'reports',
      'limits',
      'manual_evidence',
    ),
    rows: content.requirements.map((one) => [
      one.id,
      one.title,
      one.status,
      one.why,
      one.reports.join(', '),
      one.limits,
      one.manual.join('\n'),
    ]),
  };
}

function aboutSheet(content: PackContent, name: string): Sheet {
  const { pack, period, tool } = content;
  return {
    name,
    columns: textColumns('what', 'value'),
    rows: [
      ['Pack', pack.title],
      ['Standard', pack.standard],
      ['Organization', content.organization ?? 'Not stated in the configuration'],
      ['Period', `${period.start} to ${period.end}, the end not included`],
      ['Data through', content.dataThrough ?? 'No records in the period'],
      ...content.scope.map((scope) => [
        `Scope: ${scope.name}`,
        `${scope.match} (${scope.interfaceCount} interfaces, ${scope.instanceCount} instances)`,
      ]),
      ...content.figures.map((figure) => [`Figure: ${figure.label}`, figure.value]),
      ['Tool', `${tool.name} ${tool.version}, engine ${tool.engine}`],
      ['SHA-256 of the configuration', content.configSha256],
      ['Decision', 'flowproof supplies evidence; the assessor decides.'],
      ['Times', 'All times are UTC.'],
      ...ROW_STATUSES.map((status) => [`Status: ${status}`, STATUS_WORDS[status].meaning]),
    ],
  };
}

function listSheet(content: PackContent, name: string, links: readonly string[]): Sheet {
  return {
    name,
    columns: [
      ...textColumns('report', 'title', 'question', 'requirements'),
      { name: 'row_count', type: 'number' },
      { name: 'had_data', type: 'boolean' },
      ...textColumns('a_row_is', 'limits', 'csv'),
    ],
    rows: content.reports.map((report) => [
      report.name,
      report.title,
      report.question,
      report.requirements.join(', '),
      report.rows.length,
      report.hadData,
      report.grain,
      report.limits,
      csvName(report.name),
    ]),
    links,
  };
}

function exceptionSheet(exceptions: NonNullable<PackContent['exceptions']>, name: string): Sheet {
  return {
    name,
    columns: [
      ...textColumns('exception', 'report', 'what', 'why', 'compensating_control'),
      ...textColumns('owner', 'approved_by', 'expires', 'state'),
      { name: 'row_count', type: 'number' },
    ],
    rows: exceptions.uses.map((one) => [
      one.id,
      one.report,
      one.what,
      one.why,
      one.compensating_control,
      one.owner,
      one.approved_by,
      one.expires,
      one.state,
      one.rowCount,
    ]),
    emptyNote: 'No rows: the file of exceptions has none for the reports of this pack.',
  };
}

function reportSheet(report: ReportResult, name: string): Sheet {
  return {
    name,
    columns: report.columns,
    rows: report.rows,
    wholeIn: csvName(report.name),
    emptyNote: report.hadData
      ? 'No rows: the data was looked at, and there was nothing to list.'
      : 'No rows: there was no data to look at, so that nothing follows from it.',
  };
}

/** Names that spreadsheets take: short, without reserved characters, and told apart without their case. */
function sheetNames(wanted: readonly string[]): string[] {
  const taken = new Set<string>();
  return wanted.map((text) => {
    const plain = visible(text)
      .replaceAll(/[[\]:*?/\\]/g, '_')
      .replaceAll(/^'|'$/g, '_');
    for (let number = 1; ; number += 1) {
      const ending = number === 1 ? '' : `~${number}`;
      const name = cutWhole(plain, MAX_NAME_CHARACTERS - ending.length) + ending;
      // A spreadsheet keeps this name for itself.
      if (name !== '' && !taken.has(name.toLowerCase()) && name.toLowerCase() !== 'history') {
        taken.add(name.toLowerCase());
        return name;
      }
    }
  });
}

/** The first characters of a text, no pair cut in halves. */
function cutWhole(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
