import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDocumentSplitter, MAX_DOCUMENT_BYTES } from '../../src/ingest/json-documents.ts';
import type { Line } from '../../src/ingest/line-splitter.ts';

type Found = Omit<Line, 'bytes'> & { text: string };

function split(content: Buffer | string, chunkSize = 1024, isCut = false): Found[] {
  const found: Found[] = [];
  const splitter = createDocumentSplitter(({ bytes, ...line }) => {
    found.push({ ...line, text: bytes.toString('utf8') });
  });
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += chunkSize) {
    // A chunk is only valid during the call.
    const chunk = Buffer.from(bytes.subarray(at, at + chunkSize));
    splitter.push(chunk);
    chunk.fill(0x7b);
  }
  splitter.finish(isCut);
  expect(splitter.lineCount()).toBe(found.length);
  expect(found.map(({ number }) => number)).toEqual(found.map((_, index) => index + 1));
  return found;
}

const textsOf = (content: string): string[] => split(content).map(({ text }) => text.trim());

describe('createDocumentSplitter', () => {
  it('gives back what JSON documents were joined, however they were joined and cut in chunks', () => {
    const documents = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), {
      maxLength: 6,
    });
    const between = fc.constantFrom('', '\n', '\r\n', ' \n\n\t');
    fc.assert(
      fc.property(
        documents,
        between,
        fc.constantFrom(undefined, 2),
        fc.integer({ min: 1, max: 40 }),
        (objects, gap, indent, chunkSize) => {
          const texts = objects.map((object) => JSON.stringify(object, null, indent));
          const found = split(texts.join(gap), chunkSize);
          expect(found.map(({ text }) => text.trim())).toEqual(texts);
          expect(found.every((one) => !one.isCut)).toBe(true);
        },
      ),
    );
  });

  it('takes what is no document for one, up to the next', () => {
    expect(textsOf('x y\n{"a":1}z{"b":2}\n[1]\n')).toEqual([
      'x y',
      '{"a":1}',
      'z',
      '{"b":2}',
      '[1]',
    ]);
    expect(textsOf('')).toEqual([]);
    expect(textsOf(' \n\n')).toEqual([]);
  });

  it.each([
    ['a brace is lost', '{"a":{"b":1}\n{"c":2}\n{"d":3}', ['{"a":{"b":1}', '{"c":2}', '{"d":3}']],
    ['a brace is lost without line ends', '{"a":{"b":1}{"c":2}', ['{"a":{"b":1}', '{"c":2}']],
    ['a quote is lost', '{"a:1}\n{"c":2}', ['{"a:1}', '{"c":2}']],
    ['a quote is added', '{"a":1"}\n{"c":2}', ['{"a":1"}', '{"c":2}']],
  ])('goes on with the next document where %s', (_, content, expected) => {
    expect(textsOf(content)).toEqual(expected);
  });

  it('says where the last one is not whole', () => {
    expect(split('{"a":1}{"b":')).toMatchObject([{ isCut: false }, { isCut: true, text: '{"b":' }]);
    expect(split('{"a":1}', 1024, true)).toMatchObject([{ isCut: false }]);
  });

  it('keeps no more of a document than its bound', () => {
    const [document] = split(`{"a":"${'x'.repeat(MAX_DOCUMENT_BYTES)}"}`, 1024 * 1024);
    expect(document?.text.length).toBe(MAX_DOCUMENT_BYTES);
    expect(document?.sizeBytes).toBe(MAX_DOCUMENT_BYTES + 8);
  });

  it('loses no byte but blanks, whatever comes', () => {
    const bytes = fc.array(fc.constantFrom(...'{}"\\\n x,'.split('')), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 9 }), (letters, chunkSize) => {
        const content = letters.join('');
        const found = split(content, chunkSize);
        const joined = found.map(({ text }) => text).join('');
        expect(joined.replaceAll(/[ \n]/g, '')).toBe(content.replaceAll(/[ \n]/g, ''));
        expect(split(content, 1)).toEqual(found);
      }),
    );
  });
});
