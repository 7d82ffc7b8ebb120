"""The file of a run's timelines: written while they are simulated, then read column by column."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.ensemble.pooling import part_of_pool
from forecast.store.manifest import TIMELINES
from forecast.store.parquet import StoredRows, StoredTable, TableWriter, plain

if TYPE_CHECKING:
    import pyarrow as pa


class TimelineFile:
    """Writes the timelines of a run's members; those of a pool have the column `perspective`.

    Use it as a context manager; the tables can be read after it.

    Args:
        folder: of the run.
        members: names of a pool's members, in their order; None for a run of one perspective.
        saving: a context in which the file is written, such as `Writer.saving`.
        in_turn: the members of a pool take turns, block by block. In the file the blocks of a member still follow each
            other, so each member has a file of its own until the end.
    """

    def __init__(
        self,
        folder: Path,
        members: Sequence[str] | None = None,
        saving: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
        *,
        in_turn: bool = False,
    ) -> None:
        self._path, self._members, self._saving = folder / TIMELINES, members, saving
        self._writer = TableWriter(self._path)
        self._rows: dict[str, tuple[int, int]] = {}
        self._parts: dict[str, BlockFile] = {}
        if in_turn and members is not None:
            self._parts = {name: BlockFile(folder / f"part_{number}.arrows") for number, name in enumerate(members)}

    def __enter__(self) -> "TimelineFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        with self._saving():  # the end of the file is written here
            try:
                for member, part in self._parts.items():
                    part.close()
                    if kind is None:
                        self._join(member, part)
            finally:
                self._writer.__exit__(kind, error, trace)

    def keep(self, member: str, block: pd.DataFrame) -> None:
        """Write the next timelines of a member. All blocks of a member follow each other, unless members take turns."""
        if part := self._parts.get(member):
            with self._saving():
                part.add(self._part_of_pool(member, block, 0))
            return
        first, whole = self._next(member)
        with self._saving():
            self._writer.add(self._part_of_pool(member, block, whole))
        self._rows[member] = first, whole + len(block)

    def read(self) -> tuple[StoredTable, dict[str, StoredRows]]:
        """The timelines of the run, and those of each member by its name."""
        table = StoredTable(self._path)
        return table, {member: table.rows(first, end) for member, (first, end) in self._rows.items()}

    def _next(self, member: str) -> tuple[int, int]:
        """The first row of a member, and the row that its next timelines begin with."""
        whole = max((end for _, end in self._rows.values()), default=0)
        return self._rows.get(member, (whole, whole))[0], whole

    def _part_of_pool(self, member: str, block: pd.DataFrame, first: int) -> pd.DataFrame:
        return block if self._members is None else part_of_pool(block, member, self._members, first)

    def _join(self, member: str, part: "BlockFile") -> None:
        """Move the blocks of a member to the file of all, and number their timelines."""
        import pyarrow as pa

        for block in part.blocks():
            first, whole = self._next(member)
            place = block.schema.get_field_index("timeline")
            numbers = pa.array(whole + np.arange(len(block)), block.schema.field(place).type)
            self._writer.add_plain(block.set_column(place, block.schema.field(place), numbers))
            self._rows[member] = first, whole + len(block)
        part.remove()


class BlockFile:
    """Blocks of a table on disk, for a time; they are read again one by one, as they were.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self._writer: Any = None
        self._schema: Any = None

    def add(self, table: pd.DataFrame) -> None:
        """Write the next block."""
        import pyarrow as pa

        block = plain(table)
        if self._writer is None:
            self._file = self._path.open("wb")
            self._schema = block.schema
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            self._writer = pa.ipc.new_stream(self._file, self._schema, options=options)
        self._writer.write_table(block.cast(self._schema))

    def close(self) -> None:
        """End the file."""
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            if self._file is not None:
                self._file.close()

    def blocks(self) -> Iterator["pa.Table"]:
        """Read the blocks in their order; the file is closed."""
        import pyarrow as pa

        with self._path.open("rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink()
