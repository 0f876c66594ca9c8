"""Reads Parquet files with Arrow, validates every value, and prints figures of them as JSON."""

import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

table = pa.concat_tables([pq.ParquetFile(path).read() for path in sys.argv[1:]])
table.validate(full=True)
figures = {"rows": table.num_rows}
for name in table.schema.names:
    column = table[name]
    if pa.types.is_integer(column.type) or pa.types.is_timestamp(column.type):
        # Sums of 64 bit numbers need more than 64 bits.
        whole = column.cast(pa.int64()).cast(pa.decimal128(38, 0))
        figures[name] = [str(int(pc.sum(whole).as_py())), column.null_count]
    elif pa.types.is_string(column.type):
        figures[name] = [str(pc.sum(pc.binary_length(column)).as_py()), column.null_count]
json.dump(figures, sys.stdout)
