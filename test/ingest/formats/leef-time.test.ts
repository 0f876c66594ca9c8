import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leefTime } from '../../../src/ingest/formats/leef-time.ts';

const RECEIVED = new Date('2026-11-20T12:00:00Z');

const read = (text: string, format?: string, offset = 0) => {
  const time = leefTime(text, format, RECEIVED, offset);
  return time && [new Date(Number(time.at / 1000n)).toISOString(), time.source];
};

describe('without a format', () => {
  it.each([
    ['1795068421123', '2026-11-19T06:07:01.123Z', 'record'],
    ['2026-11-19T06:07:01.5+02:00', '2026-11-19T04:07:01.500Z', 'record'],
    ['Nov 19 2026 06:07:01', '2026-11-19T06:07:01.000Z', 'record'],
    ['Nov 19 2026 06:07:01.123', '2026-11-19T06:07:01.123Z', 'record'],
    ['Nov 19 2026 06:07:01 GMT+02:00', '2026-11-19T04:07:01.000Z', 'record'],
    ['Nov 19 2026 06:07:01.123 UTC', '2026-11-19T06:07:01.123Z', 'record'],
    ['Nov 19 06:07:01', '2026-11-19T06:07:01.000Z', 'record_without_year'],
    ['Dec 31 23:59:59.250', '2025-12-31T23:59:59.250Z', 'record_without_year'],
  ])('reads %s', (text, iso, source) => {
    expect(read(text)).toEqual([iso, source]);
  });
});

describe('with a format', () => {
  it.each([
    ['2026-11-19 06:07:01', 'yyyy-MM-dd HH:mm:ss', '2026-11-19T06:07:01.000Z'],
    ['2026-11-19T06:07:01.120+0200', "yyyy-MM-dd'T'HH:mm:ss.SSSZ", '2026-11-19T04:07:01.120Z'],
    ['2026-11-19T06:07:01Z', "yyyy-MM-dd'T'HH:mm:ssXXX", '2026-11-19T06:07:01.000Z'],
    ['19/11/2026 6:07:01 PM', 'dd/MM/yyyy h:mm:ss a', '2026-11-19T18:07:01.000Z'],
    ['19/11/2026 12:07:01 AM', 'dd/MM/yyyy hh:mm:ss a', '2026-11-19T00:07:01.000Z'],
    ['Thu Nov 19 06:07:01 UTC 2026', 'EEE MMM dd HH:mm:ss zzz yyyy', '2026-11-19T06:07:01.000Z'],
    ['19 November 2026 06:07', 'd MMMM yyyy HH:mm', '2026-11-19T06:07:00.000Z'],
    ['06:07:01.5 19.11.2026', 'HH:mm:ss.S dd.MM.yyyy', '2026-11-19T06:07:01.005Z'],
  ])('reads %s as %s', (text, format, iso) => {
    expect(read(text, format)).toEqual([iso, 'record']);
  });

  it('takes the zone of its source where the format has none', () => {
    expect(read('2026-11-19 06:07:01', 'yyyy-MM-dd HH:mm:ss', 120)?.[0]).toBe(
      '2026-11-19T04:07:01.000Z',
    );
  });

  it.each([
    ['another time', '2026-11-19', 'yyyy-MM-dd HH:mm:ss'],
    ['no such day', '2026-02-30 00:00:00', 'yyyy-MM-dd HH:mm:ss'],
    ['no such month', '2026-13-01 00:00:00', 'yyyy-MM-dd HH:mm:ss'],
    ['a name that several zones have', 'Nov 19 2026 06:07:01 EST', 'MMM dd yyyy HH:mm:ss zzz'],
    ['half a year', '26-11-19', 'yy-MM-dd'],
    ['half a day that is not said', '2026-11-19 6:00', 'yyyy-MM-dd h:mm'],
    ['a letter that means nothing', '1', 'Q'],
    ['no day', '2026-11', 'yyyy-MM'],
    ['a letter twice', '11', 'dd-dd'],
    ['words', 'soon', undefined],
    ['nothing', '', undefined],
  ])('knows no %s', (_, text, format) => {
    expect(read(text, format)).toBeUndefined();
  });
});

it('never throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (text, format) => {
      leefTime(text, format, RECEIVED, 0);
    }),
  );
});
