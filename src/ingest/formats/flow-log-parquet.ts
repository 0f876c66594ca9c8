/**
 * VPC flow logs as Parquet: columns are the fields with `_` for `-`; the engine reads them. Missing
 * texts may be "-", missing numbers null. A row with a value that does not fit its field's type is
 * rejected whole, as a text line would be; IPv6 addresses get the canonical spelling.
 */
import { canonicalAddress } from '../../address.ts';
import { messageOf } from '../../errors.ts';
import { type FlowLogField, findFlowLogField } from '../../flow-log-fields.ts';
import { quoteFile } from '../../lake.ts';
import { quoteName, quoteText } from '../../tables.ts';
import type { Format, LocalObject, ReadResult, Sink } from '../format.ts';

const SQL_TYPES: Readonly<Record<FlowLogField['type'], string>> = {
  text: 'varchar',
  address: 'varchar',
  integer: 'integer',
  bigint: 'bigint',
  seconds: 'bigint',
};

const EXPECTED: Readonly<Record<FlowLogField['type'], string>> = {
  text: 'OK, NODATA or SKIPDATA',
  address: 'an IP address',
  integer: 'a whole number',
  bigint: 'a whole number',
  seconds: 'a time in seconds since 1970',
};

const WHOLE = "'[0-9]{1,20}'";
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = `'${OCTET}(\\.${OCTET}){3}'`;

/** What an IPv6 address is made of; whether it is one is decided once for each distinct text. */
const IPV6_CHARACTERS = "'[0-9A-Fa-f.]{0,4}:[0-9A-Fa-f:.]{1,44}'";

type KnownColumn = { name: string; field: FlowLogField };

export const flowLogParquet: Format = {
  name: 'vpc_flow_log_parquet',
  kind: 'flow_logs',
  recognises: (head) => head.toString('latin1', 0, 4) === 'PAR1',
  async read(object, sink) {
    try {
      return await readParquet(object, sink);
    } catch (thrown) {
      return { lineCount: 0, damage: `Parquet: ${messageOf(thrown).split('\n', 1)[0]}` };
    }
  },
};

async function readParquet(object: LocalObject, sink: Sink): Promise<ReadResult> {
  // Only the columns of the file: the folders of a Hive-style path are no fields of the record.
  const file = `${quoteFile(object.path)}, hive_partitioning = false`;
  const described = await sink.query(`describe select * from read_parquet(${file})`);
  const names = described.map((row) => String(row.column_name));
  const known: KnownColumn[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const field = findFlowLogField(name);
    if (field) known.push({ name, field });
    else unknown.push(name);
  }
  if (known.length < 2) {
    return { lineCount: 0, damage: `no flow log: its columns are ${names.slice(0, 8).join(', ')}` };
  }
  const spelling = await readSpelling(file, known, sink);
  const typed = known.map(({ name, field }) => {
    const text = `nullif(cast(${quoteName(name)} as varchar), '-')`;
    return {
      field,
      value: typedValue(field, text, spelling),
      text,
      bad: `(${text} is not null and ${badValue(field, text, spelling)})`,
    };
  });
  const anyBad = typed.map((column) => column.bad).join(' or ');
  const source = `read_parquet(${file}, file_row_number = true)`;
  const status = known.some(({ field }) => field.name === 'log-status') ? '"log_status"' : 'null';
  const rows = `(select *, ${status} as record_status, file_row_number + 1 as record_number from ${source})`;
  const isQuiet = "record_status in ('NODATA', 'SKIPDATA')";

  const columns = typed.map(({ field, value }) => `${value} as ${quoteName(field.column)}`);
  if (unknown.length > 0) {
    const entries = unknown.map(
      (name) => `{key: ${quoteText(name)}, value: cast(${quoteName(name)} as varchar)}`,
    );
    columns.push(
      `map_from_entries(list_filter([${entries.join(', ')}], lambda entry: entry.value is not null and entry.value <> '-')) as extra`,
    );
  }
  await sink.insert(
    'flow',
    `select ${columns.join(', ')}, record_number as line_number from ${rows} where not (${anyBad}) and (${isQuiet}) is not true`,
  );
  const statusColumns = typed.filter(({ field }) =>
    ['account-id', 'interface-id', 'log-status', 'start', 'end'].includes(field.name),
  );
  if (statusColumns.some(({ field }) => field.name === 'log-status')) {
    await sink.insert(
      'flow_status',
      `select ${statusColumns.map(({ field, value }) => `${value} as ${quoteName(field.column)}`).join(', ')}, record_number as line_number from ${rows} where not (${anyBad}) and ${isQuiet}`,
      true,
    );
  }
  const [counts] = await sink.query(
    `select count(*) as total, count(*) filter (not (${anyBad}) and record_status = 'NODATA') as nodata,
      count(*) filter (not (${anyBad}) and record_status = 'SKIPDATA') as skipdata from ${rows}`,
  );
  sink.count('nodata', Number(counts?.nodata ?? 0));
  sink.count('skipdata', Number(counts?.skipdata ?? 0));
  const rejects = await sink.query(
    `select record_number, cast(to_json(parquet_row) as varchar) as record,
      list_filter([${typed.map(reasonOf).join(', ')}], lambda reason: reason is not null) as reasons
     from ${rows} parquet_row where ${anyBad} order by record_number`,
  );
  for (const reject of rejects) {
    sink.reject(
      Number(reject.record_number),
      (reject.reasons as string[]).join('; '),
      Buffer.from(String(reject.record)),
    );
  }
  return {
    lineCount: Number(counts?.total ?? 0),
    fields: names.map((name) => findFlowLogField(name)?.name ?? name),
  };
}

/** The reason for a reject, with the value found, where a column's value is bad; else null. */
function reasonOf(column: { field: FlowLogField; text: string; bad: string }): string {
  const problem = quoteText(`${column.field.name} is not ${EXPECTED[column.field.type]} (value `);
  return `case when ${column.bad} then ${problem} || to_json(substr(${column.text}, 1, 80)) || ')' end`;
}

/** Addresses with a colon that are not spelled canonically: their canonical spelling, or undefined. */
type Spelling = ReadonlyMap<string, string | undefined>;

async function readSpelling(
  file: string,
  known: readonly KnownColumn[],
  sink: Sink,
): Promise<Spelling> {
  const spelling = new Map<string, string | undefined>();
  for (const { name } of known.filter(({ field }) => field.type === 'address')) {
    const rows = await sink.query(
      `select distinct ${quoteName(name)} as address from read_parquet(${file}) where regexp_full_match(${quoteName(name)}, ${IPV6_CHARACTERS})`,
    );
    for (const row of rows) {
      const address = String(row.address);
      const canonical = canonicalAddress(address);
      if (canonical !== address) spelling.set(address, canonical);
    }
  }
  return spelling;
}

function typedValue(field: FlowLogField, text: string, spelling: Spelling): string {
  if (field.type === 'seconds') return `make_timestamp(try_cast(${text} as bigint) * 1000000)`;
  if (field.type === 'address' && spelling.size > 0) {
    const entries = [...spelling].flatMap(([raw, canonical]) =>
      canonical === undefined ? [] : [`${quoteText(raw)}: ${quoteText(canonical)}`],
    );
    if (entries.length > 0) return `coalesce(map {${entries.join(', ')}}[${text}], ${text})`;
  }
  return `try_cast(${text} as ${SQL_TYPES[field.type]})`;
}

function badValue(field: FlowLogField, text: string, spelling: Spelling): string {
  switch (field.type) {
    case 'text':
      return field.name === 'log-status' ? `${text} not in ('OK', 'NODATA', 'SKIPDATA')` : 'false';
    case 'address': {
      const wrong = [...spelling].flatMap(([raw, canonical]) =>
        canonical === undefined ? [quoteText(raw)] : [],
      );
      const isKnownWrong = wrong.length > 0 ? ` or ${text} in (${wrong.join(', ')})` : '';
      return `(not (regexp_full_match(${text}, ${IPV4}) or regexp_full_match(${text}, ${IPV6_CHARACTERS}))${isKnownWrong})`;
    }
    case 'seconds':
      return `(not regexp_full_match(${text}, ${WHOLE}) or coalesce(try_cast(${text} as bigint) > 253402300799, true))`;
    default:
      return `(not regexp_full_match(${text}, ${WHOLE}) or try_cast(${text} as ${SQL_TYPES[field.type]}) is null)`;
  }
}
