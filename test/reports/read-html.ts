/**
 * A reader of the HTML that flowproof writes, for tests that run without a browser. It is strict: every
 * element is closed in order, every attribute quoted, and whatever else is in the file is an error.
 */

export type HtmlElement = {
  name: string;
  attributes: ReadonlyMap<string, string>;
  /** Text within it, of elements below it too. */
  text: string;
};

const VOID = new Set(['meta', 'input', 'wbr']);
const RAW = new Set(['style', 'script']);

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

export function unescapeHtml(text: string): string {
  const rest = text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '');
  if (/[<>&]/.test(rest)) throw new Error(`not escaped: ${rest.slice(0, 80)}`);
  return text.replaceAll(/&[^;]+;/g, (entity) => ENTITIES[entity] ?? entity);
}

/** Every element of a document or a fragment, in the order in which they open. */
export function readHtml(html: string): HtmlElement[] {
  const elements: HtmlElement[] = [];
  const open: HtmlElement[] = [];
  let at = html.startsWith('<!DOCTYPE html>\n') ? '<!DOCTYPE html>\n'.length : 0;
  while (at < html.length) {
    const rest = html.slice(at, at + 100_000);
    const text = /^[^<]+/.exec(rest)?.[0];
    const end = /^<\/([a-z0-9]+)>/.exec(rest);
    const start = /^<([a-z0-9]+)((?: [a-zA-Z-]+(?:="[^"<]*")?)*)(\/?)>/.exec(rest);
    if (text !== undefined) {
      for (const element of open) element.text += unescapeHtml(text);
      at += text.length;
    } else if (end) {
      const closed = open.pop();
      if (closed?.name !== end[1]) throw new Error(`</${end[1]}> closes <${closed?.name}>`);
      at += end[0].length;
    } else if (start) {
      const [whole, name = '', attributes = '', closes] = start;
      const element = { name, attributes: readAttributes(attributes), text: '' };
      elements.push(element);
      at += whole.length;
      if (RAW.has(name)) {
        element.text = html.slice(at, html.indexOf(`</${name}>`, at));
        at += element.text.length + `</${name}>`.length;
      } else if (!VOID.has(name) && closes === '') open.push(element);
    } else throw new Error(`no HTML: ${rest.slice(0, 80)}`);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  return elements;
}

function readAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/g)) {
    if (attributes.has(name)) throw new Error(`attribute ${name} stands twice`);
    attributes.set(name, unescapeHtml(value));
  }
  return attributes;
}
