"""Tables as Parquet files, in plain types that other programs can read."""

from pathlib import Path

import pandas as pd

from forecast.errors import InputError


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table; days become timestamps without a time zone, categories become dictionaries."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = pa.Table.from_pandas(table, preserve_index=False)
    for k, column in enumerate(plain.schema):
        if pa.types.is_timestamp(column.type):
            plain = plain.set_column(k, column.name, plain.column(k).cast(pa.timestamp("ms")))
    with path.open("wb") as file:  # a name that is not UTF-8 is refused by pyarrow
        pq.write_table(plain.replace_schema_metadata(None), file, compression="zstd", row_group_size=65_536)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table that `write_parquet` wrote.

    Raises:
        InputError: it is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            table: pd.DataFrame = pq.read_table(file).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            "cannot be read: it is missing or damaged", file=path, remedy="Run the forecast again"
        ) from error
    for name in table.columns:
        if table[name].dtype.kind == "M":
            table[name] = table[name].astype("datetime64[s]")
    return table
