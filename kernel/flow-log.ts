/**
 * The fast reader of flow log text: lines to row groups, as the columns of the tables `flow` and
 * `flow_status`. It takes the plain lines, which is nearly all of them: the right number of tokens, one
 * space between two, printable ASCII, every value as its field's type wants it. At any other line it
 * stops, and the exact reader (`src/ingest/formats/flow-log-text.ts`) decides what that line is: there is
 * one place only that says why a line is refused.
 *
 * Rows gather by day, as the tables are partitioned; a day is written out (`page.ts`) when it is full.
 */
import {
  Column,
  createColumn,
  entryAt,
  entryOf,
  fillColumn,
  freeColumn,
  GROUP_ROWS,
  INTEGER,
  INVALID,
  INVALID_NUMBER,
  isNodata,
  isNumber,
  isOk,
  NO_NUMBER,
  numberOf,
  resetColumn,
  TEXT,
} from './column';
import { writeLineNumberPage, writePage } from './page';

export {
  dataAt,
  dataRawSize,
  dataSize,
  dictionaryAt,
  dictionaryCount,
  dictionaryRawSize,
  dictionarySize,
  encoding,
  greatest,
  greatestText,
  greatestTextSize,
  least,
  leastText,
  leastTextSize,
  nullCount,
} from './page';

/** Why `parse` returned. */
const DONE: i32 = 0;
/** A line for the exact reader: from the position returned up to `lineEnd`. */
const IRREGULAR: i32 = 1;
/** The current day must be written out before its next row. */
const FULL: i32 = 2;
/** A day must be written out before another, that of the next row, can begin. */
const NO_DAY_FREE: i32 = 3;

const MAX_DAYS: i32 = 16;
const MAX_COLUMNS: i32 = 128;
const MAX_FIELDS: i32 = 128;
const STATUS_COLUMNS: i32 = 5;

/** A longer line is for the exact reader, which rejects it; as in `lines.ts`. */
const MAX_LINE_BYTES: usize = 1048576;

/** Room of a day that begins; it doubles up to GROUP_ROWS. */
const FIRST_ROWS: u32 = 3840;

const MICROSECONDS_A_DAY: i64 = 86400000000;

/** Distinct texts, in bytes, after which a day is written out before its rows are full. */
const MAX_TEXT_BYTES: u32 = 16777216;

// @ts-ignore: decorator
@unmanaged
class Table {
  rowCount: u32;
  /** Rows that its columns have room for. */
  capacity: u32;
  columnCount: i32;
  /** `u32` a column: its address. The last column is the object's id. */
  columns: usize;
  /** `u32` a row. */
  lineNumbers: usize;
}

// @ts-ignore: decorator
@unmanaged
class Day {
  /** Days since 1970. */
  number: i32;
  lastUse: u32;
  start: i64;
  end: i64;
  flow: Table;
  status: Table;
}

let flowColumnCount: i32 = 0;
const flowTypes: usize = memory.data(MAX_COLUMNS);
/** Columns of `flow` that give the columns of `flow_status`. */
const statusSources: usize = memory.data(STATUS_COLUMNS);

let fieldCount: i32 = 0;
/** Column of `flow` of each field of the layout. */
const fields: usize = memory.data(MAX_FIELDS);
/** Address of the column of each field in the current day. */
const fieldColumns: usize = memory.data(MAX_FIELDS * 4);
let statusField: i32 = -1;
let startField: i32 = -1;
let endField: i32 = -1;

const objectId: usize = memory.data(64);
let objectIdSize: u32 = 0;
let objectDay: i32 = 0;
let flowObjectEntry: u32 = 0;
let statusObjectEntry: u32 = 0;

const days: usize = memory.data(MAX_DAYS * 4);
let current: Day = changetype<Day>(0);
let uses: u32 = 0;

export let stop: i32 = 0;
export let lineEnd: usize = 0;
/** Number of the line read last; the caller adds the lines that it takes itself. */
export let lineNumber: u32 = 0;
export let rowCount: u32 = 0;
export let nodataCount: u32 = 0;
export let skipdataCount: u32 = 0;
/** Times of the rows of the object, in microseconds; `firstAt` above `lastAt` if none was met. */
export let firstAt: i64 = i64.MAX_VALUE;
export let lastAt: i64 = i64.MIN_VALUE;

export function allocate(size: u32): usize {
  return heap.alloc(size);
}

/** Declares the columns of `flow` by their types, and which five of them `flow_status` takes. */
export function setColumns(types: usize, count: i32, sources: usize): void {
  flowColumnCount = count;
  memory.copy(flowTypes, types, count);
  memory.copy(statusSources, sources, STATUS_COLUMNS);
}

/** Begins an object: its rows carry the id; a row without a time belongs to `day`. */
export function beginObject(id: usize, size: u32, day: i32): void {
  memory.copy(objectId, id, size);
  objectIdSize = size;
  objectDay = day;
  lineNumber = 0;
  rowCount = 0;
  nodataCount = 0;
  skipdataCount = 0;
  firstAt = i64.MAX_VALUE;
  lastAt = i64.MIN_VALUE;
  if (changetype<usize>(current) != 0) enterDay(current);
}

/** Takes the layout of the lines that follow: a column of `flow` for each field, or -1 for the three. */
export function setLayout(columns: usize, count: i32, status: i32, start: i32, end: i32): void {
  settle();
  fieldCount = count;
  memory.copy(fields, columns, count);
  statusField = status;
  startField = start;
  endField = end;
  if (changetype<usize>(current) != 0) enterDay(current);
}

/**
 * Reads the lines from `from` up to `to`, which stands behind a line end. Returns the position behind
 * the last line taken; `stop` says why there. 32 bytes behind `to` must be readable.
 */
export function parse(from: usize, to: usize): usize {
  let at = from;
  if (changetype<usize>(current) == 0 && !selectDay(objectDay)) return stopAt(NO_DAY_FREE, at);
  const low = i8x16.splat(0x21);
  while (at < to) {
    const flow = current.flow;
    const row = flow.rowCount;
    if (row == GROUP_ROWS || current.status.rowCount == GROUP_ROWS || textBytes(current) > MAX_TEXT_BYTES) {
      return stopAt(FULL, at);
    }
    if (row == flow.capacity || current.status.rowCount == current.status.capacity) growDay(current);
    let place = at;
    const lastField = fieldCount - 1;
    if (lastField < 0) return irregular(at);
    for (let field = 0; field <= lastField; field++) {
      // The first byte that is no printable ASCII ends the token; DEL and above 0x7f count as ends too.
      let end = place;
      let mask = i8x16.bitmask(i8x16.lt_s(v128.load(end), low));
      while (mask == 0) {
        end += 16;
        mask = i8x16.bitmask(i8x16.lt_s(v128.load(end), low));
      }
      end += ctz(mask);
      const size = <u32>(end - place);
      if (size == 0) return irregular(at);
      const column = fieldColumn(field);
      if (isNumber(column)) {
        const value = numberOf(column, place, size);
        if (value == INVALID_NUMBER) return irregular(at);
        store<i64>(column.rows + (<usize>row << 3), value);
      } else {
        const entry = entryOf(column, place, size);
        if (entry == INVALID) return irregular(at);
        store<u32>(column.rows + (<usize>row << 2), entry);
      }
      const delimiter = load<u8>(end);
      place = end + 1;
      if (field < lastField) {
        if (delimiter != 0x20) return irregular(at);
      } else if (delimiter != 0x0a) {
        if (delimiter != 0x0d || load<u8>(place) != 0x0a) return irregular(at);
        place += 1;
      }
    }
    if (place - at > MAX_LINE_BYTES) return irregular(at);
    const startAt = timeOf(startField, row);
    const endAt = timeOf(endField, row);
    const time = startAt != NO_NUMBER ? startAt : endAt;
    if (time == NO_NUMBER) {
      if (current.number != objectDay) {
        if (!selectDay(objectDay)) return stopAt(NO_DAY_FREE, at);
        continue;
      }
    } else if (time < current.start || time >= current.end) {
      if (!selectDay(<i32>(time / MICROSECONDS_A_DAY))) return stopAt(NO_DAY_FREE, at);
      continue;
    }
    lineNumber += 1;
    if (!isTraffic(row)) {
      addStatusRow(row);
    } else {
      store<u32>(lastColumn(flow).rows + (<usize>row << 2), flowObjectEntry);
      store<u32>(flow.lineNumbers + (<usize>row << 2), lineNumber);
      flow.rowCount = row + 1;
      rowCount += 1;
    }
    if (startAt != NO_NUMBER) see(startAt);
    if (endAt != NO_NUMBER) see(endAt);
    at = place;
  }
  stop = DONE;
  return at;
}

// @ts-ignore: decorator
@inline
function see(time: i64): void {
  if (time < firstAt) firstAt = time;
  if (time > lastAt) lastAt = time;
}

function stopAt(reason: i32, at: usize): usize {
  stop = reason;
  return at;
}

function irregular(at: usize): usize {
  let end = at;
  while (load<u8>(end) != 0x0a) end++;
  lineEnd = end;
  stop = IRREGULAR;
  lineNumber += 1;
  return at;
}

/** Microseconds of a time field of the row, or NO_NUMBER. */
// @ts-ignore: decorator
@inline
function timeOf(field: i32, row: u32): i64 {
  if (field < 0) return NO_NUMBER;
  return load<i64>(fieldColumn(field).rows + (<usize>row << 3));
}

// @ts-ignore: decorator
@inline
function fieldColumn(field: i32): Column {
  return changetype<Column>(load<u32>(fieldColumns + (<usize>field << 2)));
}

/** True if the row describes traffic: its status is OK or not there. */
// @ts-ignore: decorator
@inline
function isTraffic(row: u32): bool {
  if (statusField < 0) return true;
  const column = fieldColumn(statusField);
  const entry = load<u32>(column.rows + (<usize>row << 2));
  return entry == 0 || isOk(entryAt(column, entry).low);
}

/** Adds the NODATA or SKIPDATA record that was read into the place of the next row of `flow`. */
function addStatusRow(flowRow: u32): void {
  const status = current.status;
  const row = status.rowCount;
  for (let index = 0; index < STATUS_COLUMNS; index++) {
    const number = <i32>load<u8>(statusSources + index);
    const source = columnOf(current.flow, number);
    const target = columnOf(status, index);
    const isGiven = isInLayout(number);
    if (isNumber(source)) {
      const value = isGiven ? load<i64>(source.rows + (<usize>flowRow << 3)) : NO_NUMBER;
      store<i64>(target.rows + (<usize>row << 3), value);
      continue;
    }
    const given = isGiven ? load<u32>(source.rows + (<usize>flowRow << 2)) : 0;
    let entry: u32 = 0;
    if (given != 0) {
      const found = entryAt(source, given);
      entry = entryOf(target, found.token, found.tokenSize);
    }
    store<u32>(target.rows + (<usize>row << 2), entry);
  }
  store<u32>(lastColumn(status).rows + (<usize>row << 2), statusObjectEntry);
  store<u32>(status.lineNumbers + (<usize>row << 2), lineNumber);
  status.rowCount = row + 1;
  const column = fieldColumn(statusField);
  const entry = entryAt(column, load<u32>(column.rows + (<usize>flowRow << 2)));
  if (isNodata(entry.low)) nodataCount += 1;
  else skipdataCount += 1;
}

function isInLayout(number: i32): bool {
  for (let field = 0; field < fieldCount; field++) {
    if (<i32>load<u8>(fields + field) == number) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function columnOf(table: Table, index: i32): Column {
  return changetype<Column>(load<u32>(table.columns + (<usize>index << 2)));
}

// @ts-ignore: decorator
@inline
function lastColumn(table: Table): Column {
  return columnOf(table, table.columnCount - 1);
}

let textTotal: u32 = 0;
let textChecked: u32 = 0;

/** Bytes of the distinct texts of the day; counted anew once every 1,024 rows. */
// @ts-ignore: decorator
@inline
function textBytes(day: Day): u32 {
  textChecked += 1;
  if ((textChecked & 1023) == 0) textTotal = sumText(day);
  return textTotal;
}

function sumText(day: Day): u32 {
  let total: u32 = 0;
  for (let index = 0; index < day.flow.columnCount; index++) {
    total += columnOf(day.flow, index).textBytes;
  }
  return total;
}

function createTable(columnCount: i32): Table {
  const table = changetype<Table>(heap.alloc(offsetof<Table>()));
  memory.fill(changetype<usize>(table), 0, offsetof<Table>());
  table.columnCount = columnCount;
  table.columns = heap.alloc(<usize>columnCount << 2);
  table.capacity = FIRST_ROWS;
  table.lineNumbers = heap.alloc(<usize>FIRST_ROWS << 2);
  return table;
}

/** Doubles the room of what is full in the current day. */
function growDay(day: Day): void {
  settle();
  growTable(day.flow);
  growTable(day.status);
  enterDay(day);
}

function growTable(table: Table): void {
  if (table.rowCount < table.capacity) return;
  const capacity = min<u32>(table.capacity * 2, GROUP_ROWS);
  const lineNumbers = heap.alloc(<usize>capacity << 2);
  memory.copy(lineNumbers, table.lineNumbers, <usize>table.rowCount << 2);
  heap.free(table.lineNumbers);
  table.lineNumbers = lineNumbers;
  table.capacity = capacity;
}

function createDay(): Day {
  const day = changetype<Day>(heap.alloc(offsetof<Day>()));
  memory.fill(changetype<usize>(day), 0, offsetof<Day>());
  day.flow = createTable(flowColumnCount + 1);
  for (let index = 0; index < flowColumnCount; index++) {
    store<u32>(
      day.flow.columns + (<usize>index << 2),
      <u32>changetype<usize>(createColumn(<i32>load<u8>(flowTypes + index))),
    );
  }
  day.status = createTable(STATUS_COLUMNS + 1);
  for (let index = 0; index < STATUS_COLUMNS; index++) {
    const type = <i32>load<u8>(flowTypes + load<u8>(statusSources + index));
    store<u32>(
      day.status.columns + (<usize>index << 2),
      <u32>changetype<usize>(createColumn(type)),
    );
  }
  for (let index = 0; index < 2; index++) {
    const table = index == 0 ? day.flow : day.status;
    store<u32>(
      table.columns + (<usize>(table.columnCount - 1) << 2),
      <u32>changetype<usize>(createColumn(TEXT)),
    );
  }
  return day;
}

/** Makes the day current; false if all days are taken and another must be written out first. */
function selectDay(number: i32): bool {
  settle();
  let free = -1;
  for (let index = 0; index < MAX_DAYS; index++) {
    const day = dayAt(index);
    if (changetype<usize>(day) == 0) {
      free = index;
    } else if (day.number == number) {
      enterDay(day);
      return true;
    }
  }
  if (free < 0) return false;
  const day = createDay();
  store<u32>(days + (<usize>free << 2), <u32>changetype<usize>(day));
  day.number = number;
  day.start = <i64>number * MICROSECONDS_A_DAY;
  day.end = day.start + MICROSECONDS_A_DAY;
  enterDay(day);
  return true;
}

// @ts-ignore: decorator
@inline
function dayAt(index: i32): Day {
  return changetype<Day>(load<u32>(days + (<usize>index << 2)));
}

/** Notes how far the columns of the current day are filled, before something else is written to. */
function settle(): void {
  if (changetype<usize>(current) == 0) return;
  const rows = current.flow.rowCount;
  for (let field = 0; field < fieldCount; field++) {
    fieldColumn(field).filled = rows;
  }
  lastColumn(current.flow).filled = rows;
  const status = current.status;
  for (let index = 0; index < status.columnCount; index++) {
    columnOf(status, index).filled = status.rowCount;
  }
}

function enterDay(day: Day): void {
  current = day;
  uses += 1;
  day.lastUse = uses;
  textTotal = sumText(day);
  const rows = day.flow.rowCount;
  for (let field = 0; field < fieldCount; field++) {
    const column = columnOf(day.flow, <i32>load<u8>(fields + field));
    fillColumn(column, rows, day.flow.capacity);
    store<u32>(fieldColumns + (<usize>field << 2), <u32>changetype<usize>(column));
  }
  const flowObjects = lastColumn(day.flow);
  fillColumn(flowObjects, rows, day.flow.capacity);
  flowObjectEntry = entryOf(flowObjects, objectId, objectIdSize);
  const status = day.status;
  for (let index = 0; index < status.columnCount; index++) {
    fillColumn(columnOf(status, index), status.rowCount, status.capacity);
  }
  statusObjectEntry = entryOf(lastColumn(status), objectId, objectIdSize);
}

/** Slot of the open day that was used least lately, or -1 if none is open. */
export function oldestDay(): i32 {
  let oldest = -1;
  for (let index = 0; index < MAX_DAYS; index++) {
    const day = dayAt(index);
    if (changetype<usize>(day) == 0) continue;
    if (oldest < 0 || day.lastUse < dayAt(oldest).lastUse) oldest = index;
  }
  return oldest;
}

/** Slot of the current day. */
export function currentDay(): i32 {
  for (let index = 0; index < MAX_DAYS; index++) {
    if (dayAt(index) == current) return index;
  }
  return -1;
}

export function dayNumber(slot: i32): i32 {
  return dayAt(slot).number;
}

/** Rows that wait in a day: of `flow` (table 0) or `flow_status` (table 1). */
export function dayRows(slot: i32, table: i32): u32 {
  return tableOf(dayAt(slot), table).rowCount;
}

function tableOf(day: Day, table: i32): Table {
  return table == 0 ? day.flow : day.status;
}

/**
 * Makes the pages of a column of a day (see `page.ts`). Columns are numbered as declared, then the
 * object's id; returns false for one without any value.
 */
export function makePages(slot: i32, table: i32, index: i32): bool {
  const day = dayAt(slot);
  if (day == current) settle();
  const chosen = tableOf(day, table);
  const column = columnOf(chosen, index);
  return writePage(column, column.filled, chosen.rowCount);
}

/** Makes the data page of the line numbers of a day. */
export function makeLineNumberPage(slot: i32, table: i32): void {
  const chosen = tableOf(dayAt(slot), table);
  writeLineNumberPage(chosen.lineNumbers, chosen.rowCount);
}

/** Empties a day that was written out; with `isClosed` its memory and its place are free. */
export function resetDay(slot: i32, isClosed: bool): void {
  const day = dayAt(slot);
  if (isClosed) {
    freeTable(day.flow);
    freeTable(day.status);
    heap.free(changetype<usize>(day));
    store<u32>(days + (<usize>slot << 2), 0);
    if (day == current) current = changetype<Day>(0);
    return;
  }
  emptyTable(day.flow);
  emptyTable(day.status);
  if (day == current) enterDay(day);
}

function emptyTable(table: Table): void {
  table.rowCount = 0;
  for (let index = 0; index < table.columnCount; index++) resetColumn(columnOf(table, index));
}

function freeTable(table: Table): void {
  for (let index = 0; index < table.columnCount; index++) freeColumn(columnOf(table, index));
  heap.free(table.columns);
  heap.free(table.lineNumbers);
  heap.free(changetype<usize>(table));
}
