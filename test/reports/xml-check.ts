/**
 * Whether a text is a well-formed XML document, by a reading of XML 1.0 that knows no more than what
 * flowproof writes: no document types, no comments, no CDATA. Whatever else is there is an error.
 */

/** Characters that XML 1.0 has at all. */
const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const TEXT = /^(?:[^<&>]|&(?:amp|lt|gt|quot|apos);)*$/;
const TAG =
  /^<(\/?)([A-Za-z][\w:]*)((?: [A-Za-z][\w:]*="(?:[^"<>&]|&(?:amp|lt|gt|quot|apos);)*")*)(\/?)>$/;

/** Names of the elements in their order. Throws an error that shows what is no XML. */
export function checkXml(xml: string): string[] {
  if (!CHARACTERS.test(xml)) throw new Error('a character that XML does not have');
  const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  if (!xml.startsWith(declaration)) throw new Error('no declaration');
  const open: string[] = [];
  const names: string[] = [];
  for (const piece of xml.slice(declaration.length).split(/(<[^>]*>)/)) {
    if (!piece.startsWith('<')) {
      if (!TEXT.test(piece)) throw new Error(`no text: ${piece.slice(0, 80)}`);
      if (open.length === 0 && piece !== '') throw new Error('text outside of the document');
      continue;
    }
    const match = TAG.exec(piece);
    if (!match?.[2]) throw new Error(`no tag: ${piece.slice(0, 80)}`);
    const [, closing, name, , empty] = match;
    if (closing) {
      if (open.pop() !== name) throw new Error(`${name} closes what it did not open`);
    } else {
      if (open.length === 0 && names.length > 0) throw new Error('two documents');
      names.push(name);
      if (!empty) open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`${open.join(', ')} left open`);
  return names;
}
