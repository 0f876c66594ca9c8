/** The schema of a Parquet file: the one that the engine itself writes for the same table. */
import type { Column } from '../../tables.ts';
import type { ThriftStruct, ThriftValue } from './thrift.ts';

const REQUIRED = 0;
const OPTIONAL = 1;
const REPEATED = 2;

type Physical = { type: number; converted: number; logical: ThriftStruct };

/** Physical type, converted type and logical type, by the engine's name of the type. */
const PHYSICAL: Readonly<Record<string, Physical>> = {
  VARCHAR: { type: 6, converted: 0, logical: [[1, { struct: [] }]] },
  INTEGER: { type: 1, converted: 17, logical: integerType(32) },
  BIGINT: { type: 2, converted: 18, logical: integerType(64) },
  TIMESTAMP: {
    type: 2,
    converted: 10,
    logical: [
      [
        8,
        {
          struct: [
            [1, { boolean: false }],
            [2, { struct: [[2, { struct: [] }]] }],
          ],
        },
      ],
    ],
  },
};

function integerType(bits: number): ThriftStruct {
  return [
    [
      10,
      {
        struct: [
          [1, { byte: bits }],
          [2, { boolean: true }],
        ],
      },
    ],
  ];
}

/** What has pages of its own: a column, or the keys or values of a map. */
export type Leaf = {
  path: readonly string[];
  type: number;
  /** Bits of a definition level, and whether the leaf stands in a repeated group. */
  levelBits: number;
  isRepeated: boolean;
};

/** The leaves of a column. Throws for a type that ingest does not write this way. */
export function leavesOf(column: Column): Leaf[] {
  if (column.type.startsWith('MAP')) {
    return ['key', 'value'].map((name) => ({
      path: [column.name, 'key_value', name],
      type: 6,
      levelBits: 2,
      isRepeated: true,
    }));
  }
  return [{ path: [column.name], type: physicalOf(column).type, levelBits: 1, isRepeated: false }];
}

function physicalOf(column: Column): Physical {
  const physical = PHYSICAL[column.type];
  if (!physical) throw new Error(`no Parquet type for ${column.name} ${column.type}`);
  return physical;
}

/** The elements of the schema, the root first. */
export function schemaOf(columns: readonly Column[]): ThriftValue[] {
  const elements: ThriftStruct[] = [
    [
      [4, { binary: 'flowproof' }],
      [5, { i32: columns.length }],
    ],
  ];
  for (const column of columns) {
    if (column.type.startsWith('MAP')) {
      elements.push(
        [
          [3, { i32: OPTIONAL }],
          [4, { binary: column.name }],
          [5, { i32: 1 }],
          [6, { i32: 1 }],
          [10, { struct: [[2, { struct: [] }]] }],
        ],
        [
          [3, { i32: REPEATED }],
          [4, { binary: 'key_value' }],
          [5, { i32: 2 }],
        ],
        leafElement('key', REQUIRED, PHYSICAL.VARCHAR as Physical),
        leafElement('value', OPTIONAL, PHYSICAL.VARCHAR as Physical),
      );
    } else {
      elements.push(leafElement(column.name, OPTIONAL, physicalOf(column)));
    }
  }
  return elements.map((struct) => ({ struct }));
}

function leafElement(name: string, repetition: number, physical: Physical): ThriftStruct {
  return [
    [1, { i32: physical.type }],
    [3, { i32: repetition }],
    [4, { binary: name }],
    [6, { i32: physical.converted }],
    [10, { struct: physical.logical }],
  ];
}
