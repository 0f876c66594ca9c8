import { beforeAll, describe, expect, test } from 'vitest';
import { checksumsText } from '../../src/reports/manifest.ts';
import type { VerifyOptions } from '../../src/reports/signature-check.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import {
  ecSigner,
  type Files,
  knownSigner,
  memoryReader,
  problemsOf,
  remake,
  smallPack,
} from './custody.ts';

const withKey: VerifyOptions = { publicKeys: [knownSigner.publicKey] };

let signed: Files;
let unsigned: Files;

beforeAll(async () => {
  signed = await smallPack(knownSigner);
  unsigned = await smallPack();
});

function flipped(files: Files, name: string, place: number, bit: number): Files {
  const bytes = Buffer.from(files.get(name) ?? '');
  bytes[place] = (bytes[place] ?? 0) ^ bit;
  return new Map(files).set(name, bytes);
}

/** Every byte of a small file; of a larger one some at its ends and every so many between. */
function placesOf(bytes: Uint8Array): number[] {
  const step = Math.max(1, Math.floor(bytes.length / 120));
  return Array.from({ length: bytes.length }, (_, place) => place).filter(
    (place) => place % step === 0 || place < 20 || place >= bytes.length - 20,
  );
}

/** The files that problems name, for each flip; a flip that is not found names none. */
async function filesNamed(files: Files, name: string, options?: VerifyOptions) {
  const named = new Map<string, number[]>();
  const bits = [0x01, 0x20, 0x80];
  for (const [index, place] of placesOf(files.get(name) ?? Buffer.alloc(0)).entries()) {
    const harmed = flipped(files, name, place, bits[index % bits.length] ?? 1);
    const { problems } = await verifyPack(memoryReader(harmed), options);
    const key = [...new Set(problems.map(({ file }) => file))].join(' and ');
    named.set(key, [...(named.get(key) ?? []), place]);
  }
  return [...named.keys()];
}

const TEXTS = [
  'SHA256SUMS',
  'dictionary.csv',
  'flow_detail_by_resource.csv',
  'loss_interval.csv',
  'manifest.json',
  'ocsf.json',
  'oscal.json',
  'queries/flow_detail_by_resource.sql',
  'queries/loss_interval.sql',
  'report.html',
  'report.pdf',
  'report.xlsx',
  'rows.sha256',
];

describe('one changed byte is found, and only the file that has it is named', () => {
  test('the packs are sound, and no file is left out', async () => {
    expect(await problemsOf(signed, withKey)).toEqual([]);
    expect(await problemsOf(signed)).toEqual([]);
    expect(await problemsOf(unsigned)).toEqual([]);
    expect([...unsigned.keys()].sort()).toEqual(TEXTS);
    expect([...signed.keys()].sort()).toEqual([...TEXTS, 'manifest.dsse.json'].sort());
  });

  test.each([...TEXTS, 'manifest.dsse.json'])('%s of a signed pack, with its key', async (name) => {
    expect(await filesNamed(signed, name, withKey)).toEqual([name]);
  });

  test.each(TEXTS)('%s of a pack without a signature', async (name) => {
    expect(await filesNamed(unsigned, name)).toEqual([name]);
  });

  test('the signature, by whoever has no key: the checksums tell of every byte', async () => {
    expect(await filesNamed(signed, 'manifest.dsse.json')).toEqual(['manifest.dsse.json']);
  });

  test('a P-256 signature, with its key', async () => {
    const signer = ecSigner();
    const files = await smallPack(signer);
    const options = { publicKeys: [signer.publicKey] };
    expect(await problemsOf(files, options)).toEqual([]);
    // Nobody listed it anew: the signature alone must find the bytes of its own file.
    const bytes = files.get('manifest.dsse.json') ?? Buffer.alloc(0);
    for (const place of placesOf(bytes)) {
      const harmed = remakeSums(flipped(files, 'manifest.dsse.json', place, 0x01));
      expect([place, (await problemsOf(harmed, options)).length > 0]).toEqual([place, true]);
    }
  });
});

function remakeSums(files: Files): Files {
  const made = new Map(files);
  made.delete('SHA256SUMS');
  return made.set('SHA256SUMS', Buffer.from(checksumsText(made)));
}

describe('where it is', () => {
  test('the row and the column of every letter and digit of a CSV', async () => {
    const name = 'flow_detail_by_resource.csv';
    const text = Buffer.from(signed.get(name) ?? '').toString('latin1');
    const rows = text.split('\r\n');
    let start = 0;
    let count = 0;
    for (const [row, cells] of rows.entries()) {
      for (let at = 0; at < cells.length; at += 1) {
        if (!/[a-z0-9]/.test(cells[at] ?? '')) continue;
        const column = cells.slice(0, at).split(',').length;
        const [said = ''] = await problemsOf(flipped(signed, name, start + at, 0x01), withKey);
        const place = row === 0 ? 'the header' : `row ${row} (${row + 1} in a spreadsheet)`;
        expect(said).toContain(`; ${place}; column ${column} "`);
        count += 1;
      }
      start += cells.length + 2;
    }
    expect(count).toBeGreaterThan(1000);
  });

  test('a line end or a comma: the row, or the rows that became one', async () => {
    const name = 'flow_detail_by_resource.csv';
    const text = Buffer.from(signed.get(name) ?? '').toString('latin1');
    for (const match of text.matchAll(/[,\r\n]/g)) {
      const [said = ''] = await problemsOf(flipped(signed, name, match.index, 0x01), withKey);
      const row = text.slice(0, match.index).split('\n').length - 1;
      const alone = row === 0 ? 'the header' : `row ${row} `;
      const several = row === 0 ? 'the header to row 1' : `rows ${row} to ${row + 1} `;
      const single = row === rows(text) ? alone : several;
      expect([match.index, said.includes(match[0] === '\n' ? single : alone)]).toEqual([
        match.index,
        true,
      ]);
    }
  });

  test.each(['queries/loss_interval.sql', 'manifest.json'])('the line of %s', async (name) => {
    const text = Buffer.from(signed.get(name) ?? '').toString('latin1');
    for (const place of placesOf(Buffer.from(text)).filter((one) => text[one] !== '\n')) {
      const line = text.slice(0, place).split('\n').length;
      for (const [files, options] of [
        [signed, withKey],
        [unsigned, undefined],
      ] as const) {
        const own = Buffer.from(files.get(name) ?? '').toString('latin1');
        if (own !== text) continue;
        const said = await problemsOf(flipped(files, name, place, 0x01), options);
        expect(said.join('\n')).toMatch(new RegExp(`; line ${line}(\\n|$)`));
      }
    }
  });
});

/** The number of the last row. */
function rows(text: string): number {
  return text.split('\r\n').length - 2;
}

describe('more than a byte', () => {
  const pair = ['flow_detail_by_resource.csv', 'loss_interval.csv'] as const;

  function without(files: Files, name: string): Files {
    const left = new Map(files);
    left.delete(name);
    return left;
  }

  test.each(TEXTS.filter((name) => name !== 'SHA256SUMS'))('%s taken out', async (name) => {
    for (const [files, options] of [
      [signed, withKey],
      [signed, undefined],
      [unsigned, undefined],
    ] as const) {
      const said = await problemsOf(without(files, name), options);
      expect(said).toContain(`${name}: is missing`);
      expect(said.every((one) => one.startsWith(`${name}: `))).toBe(true);
    }
  });

  test('the signature taken out, and its line too', async () => {
    const left = without(signed, 'manifest.dsse.json');
    expect(await problemsOf(left)).toEqual(['manifest.dsse.json: is missing']);
    expect(await problemsOf(remakeSums(left))).toEqual([
      'manifest.dsse.json: is missing; manifest.json lists it',
    ]);
  });

  test('a file put in', async () => {
    const more = new Map(signed).set('more.csv', Buffer.from('x\r\n'));
    for (const options of [withKey, undefined]) {
      expect(await problemsOf(more, options)).toEqual([
        'more.csv: is not in SHA256SUMS',
        'more.csv: manifest.json does not list it',
      ]);
    }
    expect(await problemsOf(remakeSums(more), withKey)).toEqual([
      'more.csv: manifest.json does not list it',
    ]);
  });

  test('two files swapped: each is named with the other', async () => {
    const [one, other] = pair;
    const swapped = new Map(signed)
      .set(one, signed.get(other) ?? Buffer.alloc(0))
      .set(other, signed.get(one) ?? Buffer.alloc(0));
    expect(await problemsOf(swapped, withKey)).toEqual([
      expect.stringMatching(new RegExp(`^${one}: differs: .*; it holds what ${other} should$`)),
      expect.stringMatching(new RegExp(`^${other}: differs: .*; it holds what ${one} should$`)),
    ]);
  });

  test.each([...TEXTS, 'manifest.dsse.json'])('%s cut at any place', async (name) => {
    const bytes = signed.get(name) ?? Buffer.alloc(0);
    for (let part = 0; part < 40; part += 1) {
      const cut = new Map(signed).set(name, bytes.subarray(0, (bytes.length * part) / 40));
      const said = await problemsOf(cut, withKey);
      expect([part, said.length > 0]).toEqual([part, true]);
      expect(said.filter((one) => !one.startsWith(`${name}: `))).toEqual([]);
    }
  });

  test('a CSV that lost its last rows says which', async () => {
    const [name] = pair;
    const text = Buffer.from(signed.get(name) ?? '').toString();
    const cut = text.slice(0, text.lastIndexOf('\r\n', text.length - 3) + 2);
    const [said] = await problemsOf(new Map(signed).set(name, Buffer.from(cut)), withKey);
    expect(said).toMatch(/; missing: row 14 \(15 in a spreadsheet\)$/);
  });
});

describe('a pack that was made anew, with manifest, short hashes and checksums', () => {
  function forged(files: Files): Files {
    const name = 'flow_detail_by_resource.csv';
    const text = Buffer.from(files.get(name) ?? '').toString();
    return remake(new Map(files).set(name, Buffer.from(text.replace('not_evidenced', 'supports'))));
  }

  test('without a signature, nothing in it tells', async () => {
    expect(forged(unsigned).get('manifest.json')).not.toEqual(unsigned.get('manifest.json'));
    expect(await problemsOf(forged(unsigned))).toEqual([]);
  });

  test('the key tells, and names what was changed', async () => {
    const said = await problemsOf(forged(signed), withKey);
    expect(said.map((one) => one.split(': ')[0])).toEqual(
      expect.arrayContaining(['flow_detail_by_resource.csv', 'manifest.json', 'rows.sha256']),
    );
    expect(said[0]).toMatch(/^flow_detail_by_resource\.csv: differs: .* its signature says /);
  });

  test('without the key, the statement still does not fit', async () => {
    expect(await problemsOf(forged(signed))).toEqual([
      'manifest.dsse.json: was made for another flow_detail_by_resource.csv, or for none',
      'manifest.dsse.json: was made for another manifest.json',
    ]);
  });

  test('signed with another key, it is not signed', async () => {
    const other = await smallPack(ecSigner());
    expect(await problemsOf(other, withKey)).toEqual([
      expect.stringMatching(
        /^manifest\.dsse\.json: was signed with the key [0-9a-f]{64}, and not /,
      ),
    ]);
  });

  test('without its signature, though there should be one', async () => {
    expect(await problemsOf(unsigned, withKey)).toEqual([
      'manifest.dsse.json: is missing: the pack is not signed',
    ]);
  });

  test('of several keys, one must have signed it', async () => {
    const publicKeys = [ecSigner().publicKey, knownSigner.publicKey];
    expect((await verifyPack(memoryReader(signed), { publicKeys })).signature).toEqual({
      kind: 'good',
      keyId: knownSigner.keyId,
    });
  });
});
