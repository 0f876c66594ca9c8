/**
 * The parts of a workbook beside its sheets (Open Packaging Conventions and SpreadsheetML, ECMA-376), and
 * the archive that holds them. The deflation is JavaScript's own, not that of the machine's zlib, whose
 * output differs between builds; times in the archive are fixed: the same parts give the same bytes.
 */
import { strToU8, Zip, ZipDeflate } from 'fflate';
import { STATUS_COLOURS } from './pdf-data.ts';
import { ROW_STATUSES } from './report.ts';
import { escapeXml, STYLES, type Style } from './xlsx-cells.ts';
import { quotedSheet, type Sheet, tableRange } from './xlsx-sheet.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const DOCUMENT_RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const PARTS = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** An archive of parts, each given as pieces of its text. */
export function zipParts(parts: Iterable<readonly [string, Iterable<string>]>): Buffer {
  const pieces: Uint8Array[] = [];
  // An archive holds local time: noon of the first day that it knows, wherever this runs.
  const time = new Date(1980, 0, 1, 12);
  const archive = new Zip((error, piece) => {
    if (error) throw error;
    pieces.push(piece);
  });
  for (const [name, texts] of parts) {
    const file = new ZipDeflate(name, { level: 3 });
    file.mtime = time;
    archive.add(file);
    for (const text of texts) file.push(strToU8(text));
    file.push(new Uint8Array(), true);
  }
  archive.end();
  return Buffer.concat(pieces);
}

export function sheetPath(index: number): string {
  return `worksheets/sheet${index + 1}.xml`;
}

export function contentTypesXml(sheets: readonly Sheet[]): string {
  const part = (path: string, type: string): string =>
    `<Override PartName="/${path}" ContentType="${type}+xml"/>`;
  return (
    `${HEAD}<Types xmlns="${PACKAGE}/content-types">` +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    '<Default Extension="xml" ContentType="application/xml"/>' +
    part('xl/workbook.xml', `${PARTS}.sheet.main`) +
    part('xl/styles.xml', `${PARTS}.styles`) +
    part('docProps/core.xml', 'application/vnd.openxmlformats-package.core-properties') +
    sheets.map((_, index) => part(`xl/${sheetPath(index)}`, `${PARTS}.worksheet`)).join('') +
    '</Types>'
  );
}

function relationsXml(relations: readonly (readonly [id: string, type: string, target: string])[]) {
  const entries = relations.map(
    ([id, type, target]) => `<Relationship Id="${id}" Type="${type}" Target="${target}"/>`,
  );
  return `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${entries.join('')}</Relationships>`;
}

export function rootRelationsXml(): string {
  return relationsXml([
    ['rId1', `${DOCUMENT_RELATIONS}/officeDocument`, 'xl/workbook.xml'],
    ['rId2', `${PACKAGE}/relationships/metadata/core-properties`, 'docProps/core.xml'],
  ]);
}

export function workbookRelationsXml(sheets: readonly Sheet[]): string {
  return relationsXml([
    ...sheets.map(
      (_, index) =>
        [`rId${index + 1}`, `${DOCUMENT_RELATIONS}/worksheet`, sheetPath(index)] as const,
    ),
    [`rId${sheets.length + 1}`, `${DOCUMENT_RELATIONS}/styles`, 'styles.xml'],
  ]);
}

export function workbookXml(sheets: readonly Sheet[]): string {
  const names = sheets.map(
    (sheet, index) =>
      `<sheet name="${escapeXml(sheet.name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  // What spreadsheets write beside a filter, and the header on every printed page.
  const defined = (name: string, rest: string, value: (sheet: Sheet) => string): string =>
    sheets
      .map(
        (sheet, index) =>
          `<definedName name="${name}" localSheetId="${index}"${rest}>` +
          `${escapeXml(`${quotedSheet(sheet.name)}!${value(sheet)}`)}</definedName>`,
      )
      .join('');
  return (
    `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${DOCUMENT_RELATIONS}">` +
    '<bookViews><workbookView activeTab="0"/></bookViews>' +
    `<sheets>${names.join('')}</sheets><definedNames>` +
    defined('_xlnm._FilterDatabase', ' hidden="1"', tableRange) +
    defined('_xlnm.Print_Titles', '', () => '$1:$1') +
    '</definedNames></workbook>'
  );
}

export function corePropertiesXml(title: string, creator: string, time: string): string {
  return (
    `${HEAD}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" ` +
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<dc:title>${escapeXml(title)}</dc:title><dc:creator>${escapeXml(creator)}</dc:creator>` +
    `<dcterms:created xsi:type="dcterms:W3CDTF">${escapeXml(time)}</dcterms:created>` +
    '</cp:coreProperties>'
  );
}

/** Fonts and fills of `styles.xml`: the first ones plain, then one pair a status. */
const FIRST_STATUS_FONT = 4;
const FIRST_STATUS_FILL = 3;

const TOP = '<alignment vertical="top"/>';
const WRAPPED = '<alignment vertical="top" wrapText="1"/>';

/** What each style adds to a plain cell. */
const FORMATS: Readonly<Partial<Record<Style, string>>> = {
  plain: '>',
  header:
    ' fontId="1" fillId="2" borderId="1" applyFont="1" applyFill="1"><alignment vertical="center"/>',
  text: ` applyAlignment="1">${WRAPPED}`,
  quoted: ` quotePrefix="1" applyAlignment="1">${WRAPPED}`,
  integer: ` numFmtId="1" applyNumberFormat="1">${TOP}`,
  decimal: ` applyAlignment="1">${TOP}`,
  time: ' numFmtId="164" applyNumberFormat="1"><alignment horizontal="left" vertical="top"/>',
  boolean: ' applyAlignment="1"><alignment horizontal="left" vertical="top"/>',
  note: ` fontId="2" applyFont="1">${TOP}`,
  link: ` fontId="3" applyFont="1">${TOP}`,
};

function formatXml(style: Style): string {
  const status = (ROW_STATUSES as readonly string[]).indexOf(style);
  const own =
    FORMATS[style] ??
    ` fontId="${FIRST_STATUS_FONT + status}" fillId="${FIRST_STATUS_FILL + status}" applyFont="1" applyFill="1">${TOP}`;
  const base = ['numFmtId', 'fontId', 'fillId', 'borderId']
    .filter((name) => !own.includes(`${name}=`))
    .map((name) => ` ${name}="0"`)
    .join('');
  return `<xf xfId="0"${base}${own}</xf>`;
}

function rgb(colour: string): string {
  return `FF${colour.slice(1).toUpperCase()}`;
}

export function stylesXml(): string {
  const font = (inside: string): string =>
    `<font>${inside}<name val="Calibri"/><family val="2"/></font>`;
  const fill = (colour: string): string =>
    `<fill><patternFill patternType="solid"><fgColor rgb="${colour}"/><bgColor indexed="64"/></patternFill></fill>`;
  const fonts = [
    font('<sz val="11"/>'),
    font('<b/><sz val="11"/><color rgb="FFFFFFFF"/>'),
    font('<i/><sz val="11"/>'),
    font('<u/><sz val="11"/><color rgb="FF17476B"/>'),
    ...ROW_STATUSES.map((status) =>
      font(`<b/><sz val="11"/><color rgb="${rgb(STATUS_COLOURS[status].ink)}"/>`),
    ),
  ];
  const fills = [
    '<fill><patternFill patternType="none"/></fill>',
    '<fill><patternFill patternType="gray125"/></fill>',
    fill('FF17476B'),
    ...ROW_STATUSES.map((status) => fill(rgb(STATUS_COLOURS[status].paper))),
  ];
  const none = '<left/><right/><top/><bottom/><diagonal/>';
  return (
    `${HEAD}<styleSheet xmlns="${MAIN}">` +
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>' +
    `<fonts count="${fonts.length}">${fonts.join('')}</fonts>` +
    `<fills count="${fills.length}">${fills.join('')}</fills>` +
    `<borders count="2"><border>${none}</border><border>${none}</border></borders>` +
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
    `<cellXfs count="${STYLES.length}">${STYLES.map(formatXml).join('')}</cellXfs>` +
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>' +
    '</styleSheet>'
  );
}
