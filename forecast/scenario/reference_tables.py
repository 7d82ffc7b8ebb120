"""Reference classes: each a table of past cases, with its title and its source."""

import csv
import io
from collections.abc import Mapping

from forecast.scenario import toml_tables
from forecast.scenario.reader import Reader
from forecast.validation import as_table, spot_of


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
            what = f"found {table.file!r}; allowed is a CSV file beside reference.toml, named once"
            raise spot.at("file").error(what)
        taken[path] = name
    for path, text in texts.items():
        if not (path.startswith("reference/") and path.endswith(".csv")):
            continue
        place = reader.place(path)
        if path not in taken:
            raise place.error("reference.toml does not name this file", "Add a table there, or move the file")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = next(lines, [])
            if not header or "" in header or len(set(header)) < len(header):
                what = f"found the columns {', '.join(header) or 'none'}; allowed are names, each once"
                raise place.at("row 1").error(what)
            rows = reader.classes[taken[path]] = []
            for cells in lines:
                rows.append(dict(zip(header, cells, strict=False)))
                if len(cells) != len(header):
                    what = f"found {len(cells)} cells; allowed are {len(header)}, as in the header"
                    raise place.at(f"row {lines.line_num}").error(what)
        except csv.Error as error:
            raise place.at(f"row {lines.line_num}").error(f"it is not CSV: {error}") from error
        if not rows:
            raise place.error("it has no rows; at least one is needed")
