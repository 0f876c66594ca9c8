import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CefEvent, cefStart, foldLabels, parseCef } from '../../../src/ingest/formats/cef.ts';

const HEADER = 'CEF:0|Trend Micro|Deep Security Agent|20.0.1.690|1000552|A rule|8|';

function parsed(line: string): CefEvent {
  const event = parseCef(line);
  if (typeof event === 'string') throw new Error(`${event}: ${line}`);
  return event;
}

const valuesOf = (extension: string): Record<string, string> =>
  Object.fromEntries(parsed(HEADER + extension).extension);

describe('header', () => {
  it('gives the seven fields and the syslog header', () => {
    expect(parsed(`<190>Jan 19 13:36:47 web-1 ${HEADER}src=198.51.100.7`)).toMatchObject({
      syslogHeader: '<190>Jan 19 13:36:47 web-1',
      cefVersion: '0',
      vendor: 'Trend Micro',
      product: 'Deep Security Agent',
      productVersion: '20.0.1.690',
      signatureId: '1000552',
      name: 'A rule',
      severity: '8',
    });
  });

  it.each([
    ['a blank after the colon', HEADER.replace('CEF:', 'CEF: ')],
    ['a byte order mark', `\ufeff${HEADER}`],
    ['a leading quote, and the quote that ends the cell', `"${HEADER}cn1=4"`],
    ['a minor version', HEADER.replace('CEF:0', 'CEF:1.2')],
    ['no pipe after the severity', HEADER.slice(0, -1)],
  ])('accepts %s', (_, line) => {
    expect(parsed(line)).toMatchObject({ vendor: 'Trend Micro', severity: '8', syslogHeader: '' });
  });

  it('takes the closing quote of a quoted line off the last value, and no other', () => {
    expect(parsed(`"${HEADER}cn1=4"`).extension.get('cn1')).toBe('4');
    expect(parsed(`${HEADER}cs1="CVE-0000-0000"`).extension.get('cs1')).toBe('"CVE-0000-0000"');
  });

  it('scans escapes from the left: the pipe after an escaped backslash separates', () => {
    const event = parsed('CEF:0|v\\\\|p\\|q|1|id|a \\\\\\| b|5|k=v');
    expect(event.vendor).toBe('v\\');
    expect(event.product).toBe('p|q');
    expect(event.name).toBe('a \\| b');
    expect(event.extension.get('k')).toBe('v');
  });

  it.each([
    ['', 'no "CEF:" and version number in the line'],
    ['<190>Jan 19 13:36:47 web-1 sshd: ok', 'no "CEF:" and version number in the line'],
    ['CEF:x|a|b|c|d|e|5|', 'no "CEF:" and version number in the line'],
    ['CEF:0|a|b|c', '4 header fields found, 7 expected'],
    ['CEF:0|a|b|c|d|e|5|just words', 'no key in the extension (value "just words")'],
  ])('says why %j is none', (line, reason) => {
    expect(parseCef(line)).toBe(reason);
  });

  it('finds where CEF starts', () => {
    expect(cefStart('host CEF: 0|a')).toBe(5);
    expect(cefStart('host LEEF:2.0|a')).toBe(-1);
  });
});

describe('extension', () => {
  it.each([
    ['an empty value before a label', 'cs3= cs3Label=Bits', { cs3: '', cs3Label: 'Bits' }],
    ['an empty last value', 'a=1 cs3=', { a: '1', cs3: '' }],
    ['blanks in values', 'msg=one two  three src=x', { msg: 'one two  three', src: 'x' }],
    ['escaped padding', 'd=R0VUIC8\\=', { d: 'R0VUIC8=' }],
    ['bare padding', 'd=R0VUIC8== spt=1', { d: 'R0VUIC8==', spt: '1' }],
    ['pipes in values', 'msg=a|b\\|c spt=1', { msg: 'a|b|c', spt: '1' }],
    [
      'equal signs in an address',
      'request=http://h/?a=1&b=2 spt=1',
      { request: 'http://h/?a=1&b=2', spt: '1' },
    ],
    ['line ends', 'msg=a\\nb\\rc', { msg: 'a\nb\rc' }],
    ['an escaped backslash before n', 'msg=a\\\\nb', { msg: 'a\\nb' }],
    ['other escapes, which stay', 'msg=a\\/b\\t', { msg: 'a\\/b\\t' }],
    ['dotted and indexed keys', 'ad.user=x list[0]=y', { 'ad.user': 'x', 'list[0]': 'y' }],
    ['trailing blanks', 'a=1   b=2  ', { a: '1', b: '2' }],
    ['tabs between keys', 'a=1\tb=2', { a: '1', b: '2' }],
    ['keys that objects have already', '__proto__=1 constructor=2', { constructor: '2' }],
  ])('reads %s', (_, extension, expected) => {
    expect(valuesOf(extension)).toMatchObject(expected);
  });

  it('keeps a key named __proto__', () => {
    expect(parsed(`${HEADER}__proto__=1`).extension.get('__proto__')).toBe('1');
  });

  it('keeps the first of equal keys, and the others apart', () => {
    const event = parsed(`${HEADER}act=IDS:Reset request=/ act=Block`);
    expect(event.extension.get('act')).toBe('IDS:Reset');
    expect(event.duplicates).toEqual([{ key: 'act', value: 'Block' }]);
  });

  it('keeps text that belongs to no key', () => {
    expect(parsed(`${HEADER}stray words a=1`).unkeyedText).toBe('stray words');
  });

  it.each([
    ['an unescaped path', 'C:\\temp\\new', 'C:\\temp\\new', undefined],
    ['an escaped path', 'C:\\\\temp\\\\new', 'C:\\temp\\new', 'C:\\\\temp\\\\new'],
    ['an unescaped share', '\\\\host\\new', '\\\\host\\new', undefined],
    ['an escaped share', '\\\\\\\\host\\\\new', '\\\\host\\new', '\\\\\\\\host\\\\new'],
    ['an equal sign in an unescaped path', 'C:\\n\\=x', 'C:\\n=x', 'C:\\n\\=x'],
    ['a path that is none of Windows', '/srv/a\\=b', '/srv/a=b', '/srv/a\\=b'],
  ])('reads %s', (_, text, value, raw) => {
    const event = parsed(`${HEADER}filePath=${text} fsize=1`);
    expect(event.extension.get('filePath')).toBe(value);
    expect(event.rawPaths.get('filePath')).toBe(raw);
  });
});

describe('labels', () => {
  it('puts values under their labels, without quotes, and passes over halves', () => {
    const event = parsed(
      `${HEADER}cn1=42 cn1Label=Host ID cs1="CVE-0000-0000" cs1Label=DPI Note cs3= cs3Label=Bits cn2=7 cs9Label=None Label=x`,
    );
    expect(Object.fromEntries(foldLabels(event.extension))).toEqual({
      'Host ID': '42',
      'DPI Note': 'CVE-0000-0000',
      Bits: '',
    });
  });

  it('takes off the suffix, not its letters', () => {
    const event = parsed(`${HEADER}babel=1 babelLabel=Tower`);
    expect(foldLabels(event.extension).get('Tower')).toBe('1');
  });

  it('keeps the first value of a label that stands twice', () => {
    const event = parsed(`${HEADER}cn1=42 cn1Label=Host ID cs1=7 cs1Label=Host ID`);
    expect(foldLabels(event.extension).get('Host ID')).toBe('42');
  });
});

const escapeHeader = (text: string): string => text.replace(/[\\|]/g, '\\$&');

const escapeValue = (text: string): string =>
  text.replace(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

/** Text as an agent writes it: any character, and often those that mean something to CEF. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(...'\\=| \n\r\tabn"[].0:C'), maxLength: 30 }),
);

/** Blanks at the end of a raw value cannot be told from those before the next key. */
const value = text.filter((one) => !/[ \t]$/.test(one));

const key = fc.stringMatching(/^[A-Za-z0-9_]{1,8}(\.[a-z]{1,4})?(\[[0-9]\])?$/);

const PATHS = ['filePath', 'fname', 'sproc', 'oldfilePath'];

describe('properties', () => {
  it('reads back any keys and values that were escaped', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (fields) => {
        const wanted = Object.entries(fields).filter(([name]) => !PATHS.includes(name));
        const extension = wanted.map(([name, one]) => `${name}=${escapeValue(one)}`).join(' ');
        const event = parsed(HEADER + extension);
        expect([...event.extension]).toEqual(wanted);
        expect(event.duplicates).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('reads back paths that were escaped', () => {
    // A path with a line end is none; escaped, it cannot be told from an unescaped path.
    const path = value.filter((one) => !/[\n\r]/.test(one));
    fc.assert(
      fc.property(
        fc.constantFrom(...PATHS),
        fc.constantFrom('', 'C:\\', '\\\\h\\'),
        path,
        (name, start, end) => {
          const event = parsed(`${HEADER}${name}=${escapeValue(start + end)} spt=1`);
          expect(event.extension.get(name)).toBe(start + end);
        },
      ),
      { numRuns: 500, examples: [['filePath', '', 'n:=\\']] },
    );
  });

  it('reads back any header fields that were escaped', () => {
    fc.assert(
      fc.property(fc.tuple(text, text, text, text, text, text), (fields) => {
        const event = parsed(`CEF:0|${fields.map(escapeHeader).join('|')}|src=x`);
        expect([
          event.vendor,
          event.product,
          event.productVersion,
          event.signatureId,
          event.name,
          event.severity,
        ]).toEqual(fields.map((field) => field.trim()));
        expect(event.extension.get('src')).toBe('x');
      }),
      { numRuns: 500 },
    );
  });

  it('never throws, and never lets a later key take the place of an earlier one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), text, (bytes, tail) => {
        const noise = Buffer.from(bytes).toString('utf8');
        parseCef(noise);
        parseCef(HEADER + noise);
        const event = parsed(`${HEADER}act=Log msg=${noise} ${tail} act=Block`);
        expect(event.extension.get('act')).toBe('Log');
      }),
      { numRuns: 500 },
    );
  });

  const HOSTILE: readonly [string, string][] = [
    ['backslashes', '\\'],
    ['equal signs', '='],
    ['pipes', '|'],
    ['escaped pipes', '\\|'],
    ['blanks', ' '],
    ['words', 'a'],
    ['dotted words', 'a.'],
    ['brackets', 'a[0'],
    ['short words', ' a'],
    ['keys', ' a='],
    ['labels', ' aLabel=a'],
    ['marks', 'CEF:'],
    ['marks with blanks', 'CEF:    '],
    ['priorities', '<1>'],
    ['quotes', '"'],
    ['blanks and a word', `${' '.repeat(500)}a`],
    ['tabs', '\t'],
  ];

  it.each(HOSTILE)('takes time in proportion to the length of a line of %s', (_, unit) => {
    const line = (length: number): string => unit.repeat(Math.ceil(length / unit.length));
    const shapes = (length: number): string[] => [
      line(length),
      `CEF:0|${line(length)}`,
      HEADER + line(length),
      `${HEADER}filePath=C:\\\\${line(length)}`,
    ];
    const seconds = (length: number): number => {
      let best = Number.POSITIVE_INFINITY;
      for (let run = 0; run < 5; run += 1) {
        const lines = shapes(length);
        // Of the processor, not of the clock: a machine that does other things beside makes no line slower.
        const before = process.cpuUsage();
        for (const one of lines) parseCef(one);
        const { user, system } = process.cpuUsage(before);
        best = Math.min(best, (user + system) / 1000);
      }
      return best;
    };
    seconds(100_000);
    // Ten times the length may take forty times as long; a quadratic step takes a hundred. The
    // millisecond keeps the timer's own noise out.
    expect(seconds(1_000_000)).toBeLessThan(40 * Math.max(seconds(100_000), 2));
  });
});
