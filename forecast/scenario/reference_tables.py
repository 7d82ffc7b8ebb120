"""Reference classes: each a table of past cases, with its title and its source."""

from collections.abc import Mapping, Sequence

from forecast.evidence.csv_rows import read_cells, row_place
from forecast.scenario import toml_tables
from forecast.scenario.reader import Reader
from forecast.validation import Place, as_table, spot_of


def read_reference(reader: Reader, texts: Mapping[str, str]) -> None:
    """Read the reference classes: each is a table with title and source, and no file is left over."""
    index = "reference/reference.toml"
    if index not in texts:
        raise reader.place(index).error("it is missing; every scenario has it")
    taken: dict[str, str] = {}
    for name, raw in reader.tables[index].items():
        spot = spot_of(reader.place(index), name)
        table = as_table(toml_tables.ReferenceTable, raw, spot)
        reader.check_source(table.source, spot.at("source"))
        path = f"reference/{table.file}"
        if path not in texts or path in taken or not path.endswith(".csv"):
            what = f"found {table.file!r}; expected a CSV file beside reference.toml, named once"
            raise spot.at("file").error(what)
        taken[path] = name
    for path, text in texts.items():
        if not (path.startswith("reference/") and path.endswith(".csv")):
            continue
        place = reader.place(path)
        if path not in taken:
            raise place.error("reference.toml does not name this file", "Add a table there, or move the file")
        rows = read_cells(text, place, _check_header)
        if not rows:
            raise place.error("it has no rows; at least one is needed")
        reader.classes[taken[path]] = [cells for _, cells in rows]


def _check_header(header: Sequence[str], place: Place) -> None:
    """Check that the columns have names, each once."""
    if not header or "" in header or len(set(header)) < len(header):
        what = f"found the columns {', '.join(header) or 'none'}; expected names, each once"
        raise row_place(place, 1).error(what)
