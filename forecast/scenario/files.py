"""The files of a scenario: which there are, read as text, and the TOML among them as plain tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecast.inputs.validation import Place, list_folder, near, parse_toml, read_text
from forecast.timeline.codes import PARTS

FILES = (
    *("sources.toml", "premises.toml", "scenario.toml", "parties.toml"),
    *(f"{part}.toml" for part in PARTS),
    *("settlements.toml", "correlations.toml"),
)
OPTIONAL = ("base_rates.toml", "pool.toml", "groups.toml", "review.toml", "REVIEW.md")
"""Files that a scenario may lack."""

FOLDERS = {"evidence": (".toml", ".csv"), "reference": (".toml", ".csv"), "perspectives": (".toml",)}
"""The folders of a scenario, with what their files may be; the last may be left out."""

README = "README.md"


def read_folder(folder: Path) -> dict[str, str]:
    """Read every file of a scenario as text, by its path within the folder; hidden files are skipped."""
    root = Place(folder.name)
    here = list_folder(folder, root)
    if not here:
        raise root.error("the folder is empty", f"A scenario has the files {', '.join(FILES)}")
    allowed = (*FILES, *OPTIONAL, README, *FOLDERS)
    for name in here:
        if name not in allowed:
            what = f"a scenario has no such file or folder; expected {', '.join(allowed)}"
            raise Place(f"{folder.name}/{name}").error(what, near(name, allowed, "Move it elsewhere"))
    for name in (*FILES, *list(FOLDERS)[:-1]):
        if name not in here:
            raise Place(f"{folder.name}/{name}").error("it is missing; every scenario has it")
    names = [name for name in here if name not in FOLDERS]
    for sub, suffixes in FOLDERS.items():
        if sub not in here:
            continue
        inside = list_folder(folder / sub, Place(f"{folder.name}/{sub}"))
        for name in inside:
            if name != README and not name.endswith(suffixes):
                what = f"allowed here are files *{', *'.join(suffixes)} and {README}"
                raise Place(f"{folder.name}/{sub}/{name}").error(what, "Move it elsewhere")
        names += [f"{sub}/{name}" for name in inside]
    return {name: read_text(folder / name, Place(f"{folder.name}/{name}")) for name in names}


def parse_tables(
    texts: Mapping[str, str], label: str, elsewhere: Mapping[str, Path] | None = None
) -> dict[str, dict[str, Any]]:
    """Parse every TOML file, by its path within the scenario's folder.

    Args:
        texts: the files, by that path.
        label: name of the folder.
        elsewhere: the files among them that are from elsewhere, by that path.
    """
    labels = {name: f"{label}/{name}" for name in texts} | dict(elsewhere or {})
    return {name: parse_toml(text, Place(labels[name])) for name, text in texts.items() if name.endswith(".toml")}
