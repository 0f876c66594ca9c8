import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LeefEvent, leefStart, parseLeef } from '../../../src/ingest/formats/leef.ts';

const HEADER = 'LEEF:2.0|Trend Micro|Deep Security Manager|20.0.463|851|';

function parsed(line: string): LeefEvent {
  const event = parseLeef(line);
  if (typeof event === 'string') throw new Error(`${event}: ${line}`);
  return event;
}

const valuesOf = (line: string): Record<string, string> =>
  Object.fromEntries(parsed(line).attributes);

describe('header', () => {
  it('gives its fields and the syslog header', () => {
    expect(parsed(`<182>Jul 14 01:32:31 dsm.example.com ${HEADER}cat=System\tsev=6`)).toMatchObject(
      {
        syslogHeader: '<182>Jul 14 01:32:31 dsm.example.com',
        leefVersion: '2.0',
        vendor: 'Trend Micro',
        product: 'Deep Security Manager',
        productVersion: '20.0.463',
        eventId: '851',
        delimiter: '\t',
      },
    );
  });

  it.each([
    ['no delimiter', HEADER, '\t'],
    ['an empty delimiter', `${HEADER}|`, '\t'],
    ['a character', `${HEADER}^|`, '^'],
    ['its code', `${HEADER}x5E|`, '^'],
    ['its code as C writes it', `${HEADER}0x5e|`, '^'],
    ['the code of the tab', `${HEADER}x09|`, '\t'],
    ['the code of the tab, long', `${HEADER}0x0009|`, '\t'],
    ['version 1.0', HEADER.replace('2.0', '1.0'), '\t'],
  ])('separates attributes after %s', (_, header, delimiter) => {
    expect(valuesOf(`${header}cat=System${delimiter}name=a b|c=d${delimiter}sev=6`)).toEqual({
      cat: 'System',
      name: 'a b|c=d',
      sev: '6',
    });
  });

  it('takes no delimiter from version 1.0, nor from an attribute with a pipe', () => {
    expect(valuesOf(`${HEADER.replace('2.0', '1.0')}a=1\tb=2`)).toEqual({ a: '1', b: '2' });
    expect(valuesOf(`${HEADER}cat=a|b\tsev=6`)).toEqual({ cat: 'a|b', sev: '6' });
  });

  it.each([
    ['', 'no "LEEF:" and version number in the line'],
    ['LEEF:x|a', 'no "LEEF:" and version number in the line'],
    ['LEEF:2.0|a|b', '3 header fields found, 5 expected'],
    ['LEEF:2.0|a|b|c|d|just words', 'no key among the attributes (value "just words")'],
    ['LEEF:2.0|a|b|c|d|^|just words', 'no key among the attributes (value "just words")'],
  ])('says why %j is none', (line, reason) => {
    expect(parseLeef(line)).toBe(reason);
  });
});

describe('attributes', () => {
  it('keeps the first of equals, and text that is no attribute with the one before', () => {
    const event = parsed(`${HEADER}lost\tact=Log\tmsg=one\ttwo\tthree four=5\tact=Reset`);
    expect(Object.fromEntries(event.attributes)).toEqual({
      act: 'Log',
      msg: 'one\ttwo\tthree four=5',
    });
    expect(event.duplicates).toEqual([{ key: 'act', value: 'Reset' }]);
    expect(event.unkeyedText).toBe('lost');
  });

  it('unescapes values, and leaves paths that were not escaped', () => {
    const event = parsed(
      `${HEADER}desc=a\\nb\\=c\tfilePath=C:\\\\Windows\\\\virus.exe\tfname=C:\\new\\table.exe`,
    );
    expect(event.attributes.get('desc')).toBe('a\nb=c');
    expect(event.attributes.get('filePath')).toBe('C:\\Windows\\virus.exe');
    expect(event.attributes.get('fname')).toBe('C:\\new\\table.exe');
    expect(event.rawPaths.get('filePath')).toBe('C:\\\\Windows\\\\virus.exe');
  });

  it.each([
    ['a tab that rsyslog escaped', 'cat=System#011name=A #011 b#011sev=6', 'A #011 b'],
    ['tabs that became blanks', 'cat=System name=A rule sev=6', 'A rule'],
    ['empty values', 'cat=System\tname=\tsev=6', ''],
  ])('reads %s', (_, attributes, name) => {
    expect(valuesOf(HEADER + attributes)).toEqual({ cat: 'System', name, sev: '6' });
  });
});

const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/);
const value = fc.stringMatching(/^[A-Za-z0-9:/|=,.(){}"' -]{0,30}$/).map((text) => text.trim());

it('reads back what was written, with any delimiter', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(key, value), { minLength: 1, selector: ([name]) => name }),
      fc.constantFrom('\t', '^', '~', ';', '\u00a6'),
      (pairs, delimiter) => {
        const stated = delimiter === '\t' ? '' : `x${delimiter.charCodeAt(0).toString(16)}|`;
        // One attribute and no tab: the rules of CEF would see a key within the value.
        fc.pre(delimiter !== '\t' || pairs.length > 1);
        const text = pairs.map(([name, item]) => `${name}=${item}`).join(delimiter);
        expect(valuesOf(HEADER + stated + text)).toEqual(Object.fromEntries(pairs));
      },
    ),
  );
});

it('never throws, and finds its start', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const line = `x LEEF:2.0|Trend Micro|a|b|c|${text}`;
      expect(leefStart(line)).toBe(2);
      expect(['object', 'string']).toContain(typeof parseLeef(line));
      parseLeef(text);
    }),
  );
});

it('takes time in proportion to the line, whatever is in it', () => {
  const started = performance.now();
  for (const piece of ['a=', '\t', 'a=b\t', '\\', '|', 'LEEF:2.0|', '#011', ' a.b.c']) {
    parseLeef(`${HEADER}${piece.repeat(300_000)}`);
  }
  expect(performance.now() - started).toBeLessThan(20_000);
});
