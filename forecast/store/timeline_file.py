"""The file of a run's timelines: written while they are simulated, then read column by column."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from forecast.ensemble.pooling import part_of_pool
from forecast.store.manifest import TIMELINES
from forecast.store.parquet import StoredRows, StoredTable, TableWriter


class TimelineFile:
    """Writes the timelines of a run's members; those of a pool have the column `perspective`.

    Use it as a context manager; the tables can be read after it.

    Args:
        folder: of the run.
        members: names of a pool's members, in their order; None for a run of one perspective.
        saving: a context in which the file is written, such as `Writer.saving`.
    """

    def __init__(
        self,
        folder: Path,
        members: Sequence[str] | None = None,
        saving: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._path, self._members, self._saving = folder / TIMELINES, members, saving
        self._writer = TableWriter(self._path)
        self._rows: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> "TimelineFile":
        return self

    def __exit__(self, *error: object) -> None:
        with self._saving():  # the end of the file is written here
            self._writer.__exit__(*error)

    def keep(self, member: str, block: pd.DataFrame) -> None:
        """Write the next timelines of a member. All blocks of a member follow each other."""
        whole = max((end for _, end in self._rows.values()), default=0)
        first, _ = self._rows.get(member, (whole, whole))
        if self._members is not None:
            block = part_of_pool(block, member, self._members, whole)
        with self._saving():
            self._writer.add(block)
        self._rows[member] = first, whole + len(block)

    def read(self) -> tuple[StoredTable, dict[str, StoredRows]]:
        """The timelines of the run, and those of each member by its name."""
        table = StoredTable(self._path)
        return table, {member: table.rows(first, end) for member, (first, end) in self._rows.items()}
