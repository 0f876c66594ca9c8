/**
 * The fast reader's kernel (`kernel/`, compiled to WebAssembly) and what it needs of the host: one
 * instance holds the rows of one thread.
 */
import { readFileSync } from 'node:fs';
import { canonicalAddress } from '../../address.ts';
import { FLOW_LOG_FIELDS, type FlowLogField } from '../../flow-log-fields.ts';

/** Why `parse` returned; as in `kernel/flow-log.ts`. */
export const STOP = { done: 0, irregular: 1, full: 2, noDayFree: 3 } as const;

// What of the WebAssembly API is used here: Node's types name it without its values.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
};

type Global<Type> = { value: Type };

type Exports = {
  memory: { buffer: ArrayBuffer };
  allocate(size: number): number;
  setColumns(types: number, count: number, sources: number): void;
  beginObject(id: number, size: number, day: number): void;
  setLayout(columns: number, count: number, status: number, start: number, end: number): void;
  parse(from: number, to: number): number;
  oldestDay(): number;
  currentDay(): number;
  dayNumber(slot: number): number;
  dayRows(slot: number, table: number): number;
  makePages(slot: number, table: number, column: number): number;
  makeLineNumberPage(slot: number, table: number): void;
  resetDay(slot: number, isClosed: boolean): void;
} & Record<'firstAt' | 'lastAt' | 'least' | 'greatest', Global<bigint>> &
  Record<
    | 'stop'
    | 'lineEnd'
    | 'lineNumber'
    | 'rowCount'
    | 'nodataCount'
    | 'skipdataCount'
    | 'dataAt'
    | 'dataRawSize'
    | 'dataSize'
    | 'dictionaryAt'
    | 'dictionaryCount'
    | 'dictionaryRawSize'
    | 'dictionarySize'
    | 'encoding'
    | 'greatestText'
    | 'greatestTextSize'
    | 'leastText'
    | 'leastTextSize'
    | 'nullCount',
    Global<number>
  >;

export type Kernel = Exports & {
  /** The kernel's memory; to be asked for anew after each call that may grow it. */
  bytes(): Buffer;
};

/** As in `kernel/column.ts`. */
const TYPES = { text: 0, address: 1, integer: 3, bigint: 4, seconds: 5 } as const;
const LOG_STATUS = 2;

/** Columns of `flow` that `flow_status` takes, in its order. */
export const STATUS_SOURCES = ['account-id', 'interface-id', 'log-status', 'start', 'end'] as const;

export function typeCode(field: FlowLogField): number {
  return field.name === 'log-status' ? LOG_STATUS : TYPES[field.type];
}

export function indexOfField(name: string): number {
  return FLOW_LOG_FIELDS.findIndex((field) => field.name === name);
}

/** Made by the build; tests run the sources. */
const KERNEL_PATH = import.meta.url.endsWith('.ts')
  ? '../../../dist/ingest/bulk/kernel.wasm'
  : './kernel.wasm';

/** Compiles and prepares a kernel. Throws if the build has made none. */
export function createKernel(): Kernel {
  const path = new URL(KERNEL_PATH, import.meta.url);
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(path)));
  let kernel: Kernel;
  const instance = new WebAssembly.Instance(module, {
    host: {
      canonicalAddress(text: number, size: number, target: number): number {
        const memory = kernel.bytes();
        const canonical = canonicalAddress(memory.toString('latin1', text, text + size));
        return canonical === undefined ? 0 : memory.write(canonical, target, 'latin1');
      },
    },
  });
  const exports = instance.exports as unknown as Exports;
  let view = Buffer.from(exports.memory.buffer);
  kernel = {
    ...exports,
    bytes() {
      if (view.buffer !== exports.memory.buffer) view = Buffer.from(exports.memory.buffer);
      return view;
    },
  };
  const types = kernel.allocate(FLOW_LOG_FIELDS.length);
  const sources = kernel.allocate(STATUS_SOURCES.length);
  kernel.bytes().set(FLOW_LOG_FIELDS.map(typeCode), types);
  kernel.bytes().set(STATUS_SOURCES.map(indexOfField), sources);
  kernel.setColumns(types, FLOW_LOG_FIELDS.length, sources);
  return kernel;
}
