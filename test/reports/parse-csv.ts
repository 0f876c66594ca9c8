/**
 * A reader of CSV, written from the grammar of RFC 4180 and not from the writer: anything that the
 * grammar does not allow is an error.
 */
export type CsvField = { text: string; isQuoted: boolean };

export function parseCsv(csv: string): CsvField[][] {
  const records: CsvField[][] = [];
  let record: CsvField[] = [];
  let at = 0;
  while (at < csv.length) {
    const field = csv[at] === '"' ? quotedField(csv, at) : plainField(csv, at);
    record.push({ text: field.text, isQuoted: csv[at] === '"' });
    at = field.end;
    if (csv.startsWith('\r\n', at)) {
      records.push(record);
      record = [];
      at += 2;
    } else if (csv[at] === ',') {
      at += 1;
      // A comma at the end of a record is followed by one more field, which is empty.
      if (csv.startsWith('\r\n', at)) {
        records.push([...record, { text: '', isQuoted: false }]);
        record = [];
        at += 2;
      }
    } else {
      throw new Error(`neither a comma nor a line end at ${at} of ${JSON.stringify(csv)}`);
    }
  }
  if (record.length > 0) throw new Error('the last record has no line end');
  return records;
}

function quotedField(csv: string, start: number): { text: string; end: number } {
  let text = '';
  let at = start + 1;
  for (;;) {
    const quote = csv.indexOf('"', at);
    if (quote < 0) throw new Error(`no closing quote after ${start}`);
    text += csv.slice(at, quote);
    if (csv[quote + 1] !== '"') return { text, end: quote + 1 };
    text += '"';
    at = quote + 2;
  }
}

function plainField(csv: string, start: number): { text: string; end: number } {
  const length = csv.slice(start).search(/[",\r\n]/);
  if (length < 0) throw new Error('the last record has no line end');
  return { text: csv.slice(start, start + length), end: start + length };
}
