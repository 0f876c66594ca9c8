/**
 * A reader of the PDFs that flowproof makes, for tests that run without PDF tools: objects by the
 * cross-reference table, the text of each page by the fonts' ToUnicode tables, and embedded files.
 */
import { inflateSync } from 'node:zlib';

export type PdfFile = {
  /** The document catalog's dictionary, as it stands in the file. */
  catalog: string;
  /** The XMP metadata. */
  metadata: string;
  /** Text of each page: every run of glyphs in the order in which it is drawn, joined by blanks. */
  pages: string[];
  /** The lowest place of any text, in points above the lower edge of its page. */
  lowestPoint: number;
  /** Embedded files by name. */
  embedded: Map<string, Buffer>;
};

type Objects = ReadonlyMap<number, Buffer>;

export function readPdf(pdf: Buffer): PdfFile {
  const objects = readObjects(pdf);
  const all = [...objects.values()];
  const catalog = latin1(all.find((one) => latin1(one).includes('/Type /Catalog')));
  const metadata = streamOf(objectOf(objects, reference(catalog, 'Metadata'))).toString('utf8');
  const tables = new Map<string, Map<number, string>>();
  const dictionaries = all.map(latin1).filter((one) => /\/Type \/Page\s/.test(one));
  const pages = dictionaries.map((page) => pageText(objects, page, tables));
  const points = dictionaries.flatMap((page) =>
    // Each run of text stands in a frame of its own, whose origin is the text's.
    [...contentOf(objects, page).matchAll(/^1 0 0 -1 [-\d.]+ ([-\d.]+) cm$/gm)].map((match) =>
      Number(match[1]),
    ),
  );
  const embedded = new Map<string, Buffer>();
  for (const one of all) {
    const text = latin1(one);
    const name = /\/UF \(([^)]*)\)/.exec(text)?.[1];
    const content = /\/EF\s*<<[^>]*\/F (\d+) 0 R/.exec(text)?.[1];
    if (name && content) embedded.set(name, streamOf(objectOf(objects, Number(content))));
  }
  return { catalog, metadata, pages, lowestPoint: Math.min(...points), embedded };
}

function latin1(bytes: Buffer | undefined): string {
  const text = bytes?.toString('latin1') ?? '';
  const stream = text.indexOf('stream\n');
  return stream < 0 ? text : text.slice(0, stream);
}

function readObjects(pdf: Buffer): Objects {
  const text = pdf.toString('latin1');
  const start = Number(/startxref\n(\d+)\n%%EOF/.exec(text.slice(-100))?.[1]);
  const offsets = [...text.slice(start).matchAll(/(\d{10}) \d{5} n/g)]
    .map((match) => Number(match[1]))
    .sort((one, other) => one - other);
  const objects = new Map<number, Buffer>();
  for (const [index, offset] of offsets.entries()) {
    const bytes = pdf.subarray(offset, offsets[index + 1] ?? start);
    const number = /^(\d+) 0 obj/.exec(bytes.toString('latin1', 0, 20))?.[1];
    if (number === undefined) throw new Error(`no object at ${offset}`);
    objects.set(Number(number), bytes);
  }
  return objects;
}

function objectOf(objects: Objects, number: number): Buffer {
  const found = objects.get(number);
  if (!found) throw new Error(`no object ${number}`);
  return found;
}

function reference(dictionary: string, key: string): number {
  return Number(new RegExp(`/${key} (\\d+) 0 R`).exec(dictionary)?.[1]);
}

function streamOf(object: Buffer): Buffer {
  const dictionary = latin1(object);
  const start = dictionary.length + 'stream\n'.length;
  const length = Number(/\/Length (\d+)/.exec(dictionary)?.[1]);
  const bytes = object.subarray(start, start + length);
  return dictionary.includes('/FlateDecode') ? inflateSync(bytes) : bytes;
}

function contentOf(objects: Objects, page: string): string {
  return streamOf(objectOf(objects, reference(page, 'Contents'))).toString('latin1');
}

function pageText(
  objects: Objects,
  page: string,
  tables: Map<string, Map<number, string>>,
): string {
  const content = contentOf(objects, page);
  const runs: string[] = [];
  let table = new Map<number, string>();
  let run = '';
  for (let at = 0; at < content.length; ) {
    if (content[at] === '(') {
      const { bytes, end } = literal(content, at);
      run += decode(bytes, table);
      at = end;
      continue;
    }
    const font = /^\/(f\d+) [\d.]+ Tf/.exec(content.slice(at, at + 20))?.[1];
    if (font !== undefined) table = tableOf(objects, reference(page, font), tables);
    if (content.startsWith('] TJ', at) || content.startsWith(' Tj', at)) {
      runs.push(run);
      run = '';
    }
    at += 1;
  }
  return runs.join(' ');
}

function tableOf(
  objects: Objects,
  font: number,
  tables: Map<string, Map<number, string>>,
): Map<number, string> {
  const known = tables.get(String(font));
  if (known) return known;
  const table = new Map<number, string>();
  const cmap = streamOf(objectOf(objects, reference(latin1(objectOf(objects, font)), 'ToUnicode')));
  for (const [, glyph = '', text = ''] of cmap
    .toString('latin1')
    .matchAll(/^<([0-9A-F]{4})> <([0-9A-F]+)>$/gm)) {
    table.set(Number.parseInt(glyph, 16), Buffer.from(text, 'hex').swap16().toString('utf16le'));
  }
  tables.set(String(font), table);
  return table;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
};

/** A literal string from its opening parenthesis on: balanced ones inside need no escape. */
function literal(content: string, start: number): { bytes: string; end: number } {
  let bytes = '';
  let depth = 1;
  let at = start + 1;
  for (;;) {
    const letter = content[at];
    if (letter === undefined) throw new Error(`no end of the string at ${start}`);
    const octal = /^\\([0-7]{1,3})/.exec(content.slice(at, at + 4))?.[1];
    if (octal !== undefined) {
      bytes += String.fromCharCode(Number.parseInt(octal, 8));
      at += octal.length + 1;
    } else if (letter === '\\') {
      const escaped = content[at + 1] ?? '';
      bytes += ESCAPES[escaped] ?? escaped;
      at += 2;
    } else {
      if (letter === '(') depth += 1;
      if (letter === ')') depth -= 1;
      at += 1;
      if (depth === 0) return { bytes, end: at };
      bytes += letter;
    }
  }
}

/** Glyphs are numbered with two bytes each. */
function decode(bytes: string, table: ReadonlyMap<number, string>): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const glyph = bytes.charCodeAt(at) * 256 + bytes.charCodeAt(at + 1);
    text += table.get(glyph) ?? `<glyph ${glyph}>`;
  }
  return text;
}
