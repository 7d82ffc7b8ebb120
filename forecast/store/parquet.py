"""Tables as Parquet files, in plain types that other programs can read."""

from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 65_536
"""Most rows in a row group."""

CACHED_BYTES = 64_000_000
"""Most memory for columns that have been read and may be asked for again."""

SHORT_BYTES = CACHED_BYTES // 2
"""Size of a table's data, before compression, below which all columns are read together."""


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table; days become timestamps without a time zone, categories become dictionaries."""
    repeated = [str(name) for name in table if 2 * table[name].nunique() < len(table)]
    with TableWriter(path, repeated) as writer:
        writer.add(table)


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """The content of a file with a short table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(plain(table), sink, compression="zstd")
    return bytes(sink.getvalue())


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table that `write_parquet` wrote.

    Raises:
        InputError: it is missing or damaged.
    """
    return _frame(path, None)


class TableWriter:
    """Writes a table that comes in parts, which need not be in memory at once. Use it as a context manager.

    Args:
        path: the file.
        repeated: columns of numbers that have each value several times, as in the draws of several members.
    """

    def __init__(self, path: Path, repeated: Collection[str] = ()) -> None:
        self._path, self._repeated = path, repeated
        self._file: Any = None
        self._writer: Any = None

    def add(self, table: pd.DataFrame) -> None:
        """Write the next rows. All parts have the columns of the first."""
        self.add_plain(plain(table))

    def add_plain(self, part: "pa.Table") -> None:
        """Write the next rows, made plain by `plain`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._file = self._path.open("wb")  # a name that is not UTF-8 is refused by pyarrow
            # Bytes of equal weight lie together: random numbers take less space so.
            floating = [column.name for column in part.schema if pa.types.is_floating(column.type)]
            split = [name for name in floating if name not in self._repeated]
            self._writer = pq.ParquetWriter(
                self._file,
                part.schema,
                compression="zstd",
                compression_level=6,
                use_dictionary=[name for name in part.schema.names if name not in split],
                use_byte_stream_split=split,
            )
        self._writer.write_table(part.cast(self._writer.schema), row_group_size=ROW_GROUP)

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            if self._file is not None:
                self._file.close()


class StoredTable:
    """A table in a file, of which columns are read when they are asked for: a long table does not fit in memory.

    A short one is read whole, since many columns together are read faster than one by one.

    Args:
        path: a file that `TableWriter` wrote, of numbers, dates, categories and flags. It must stay as it is.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._path = path
        with path.open("rb") as file:
            opened = pq.ParquetFile(file)
            self._metadata = opened.metadata
            self.columns = pd.Index(opened.schema_arrow.names)
        self._read: OrderedDict[str, pd.Series] = OrderedDict()
        self._bytes: dict[str, int] = {}
        rows = [self._metadata.row_group(k) for k in range(self._metadata.num_row_groups)]
        self._short = sum(group.total_byte_size for group in rows) < SHORT_BYTES

    def __len__(self) -> int:
        return int(self._metadata.num_rows)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> pd.Series:
        if name in self._read:
            self._read.move_to_end(name)
            return self._read[name]
        table = _frame(self._path, None if self._short and not self._read else [name], self._metadata)
        for read in table.columns:
            column = table[read]
            if column.dtype == object:  # flags, with empty ones among them
                column = column.astype("boolean")
            self._read[read], self._bytes[read] = column, int(column.memory_usage())
        self._read.move_to_end(name)
        while len(self._read) > 1 and sum(self._bytes.values()) > CACHED_BYTES:
            dropped, _ = self._read.popitem(last=False)
            del self._bytes[dropped]
        return self._read[name]

    def rows(self, first: int, end: int) -> "StoredRows":
        """The part of the table from one row up to, but not including, another."""
        return StoredRows(self, first, end)


class StoredRows:
    """Contiguous rows of a stored table.

    Args:
        whole: the table.
        first: the first row.
        end: the first row after them.
    """

    def __init__(self, whole: StoredTable, first: int, end: int) -> None:
        self._whole, self._rows = whole, slice(first, end)
        self.columns = whole.columns

    def __len__(self) -> int:
        return int(self._rows.stop - self._rows.start)

    def __contains__(self, name: object) -> bool:
        return name in self._whole

    def __getitem__(self, name: str) -> pd.Series:
        return self._whole[name].iloc[self._rows]


def plain(table: pd.DataFrame) -> "pa.Table":
    """A table for Parquet."""
    import pyarrow as pa

    made = pa.Table.from_pandas(table, preserve_index=False)
    for k, column in enumerate(made.schema):
        if pa.types.is_timestamp(column.type):
            made = made.set_column(k, column.name, made.column(k).cast(pa.timestamp("ms")))
    return made.replace_schema_metadata(None)


def _frame(path: Path, columns: list[str] | None, metadata: Any = None) -> pd.DataFrame:
    """Some columns of a table in a file, or all; its metadata need not be read again where they are given.

    Raises:
        InputError: it is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            table: pd.DataFrame = pq.ParquetFile(file, metadata=metadata).read(columns).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            "cannot be read: it is missing or damaged", file=path, remedy="Run the forecast again"
        ) from error
    for name in table.columns:
        if table[name].dtype.kind == "M":
            table[name] = table[name].astype("datetime64[s]")
    return table
